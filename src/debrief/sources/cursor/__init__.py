"""What the formats of Cursor's agent share: its tools, their results, and what is put around a prompt."""
