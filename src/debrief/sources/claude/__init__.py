"""What the two Claude Code formats share: messages, typed text, queues, endings, files, totals."""
