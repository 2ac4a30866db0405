"""What lies beside a Grok session's history, and the shapes of its rows."""
