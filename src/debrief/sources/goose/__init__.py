"""What Goose keeps of a session: exports with their ledger, and the older files of lines."""
