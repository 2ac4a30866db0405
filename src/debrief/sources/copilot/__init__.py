"""What the formats of GitHub Copilot's agents share: its tools, its results, and its count of tokens."""
