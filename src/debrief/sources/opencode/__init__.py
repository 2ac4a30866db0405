"""What OpenCode and its forks keep of a session: exports, trees of files, two generations of messages."""
