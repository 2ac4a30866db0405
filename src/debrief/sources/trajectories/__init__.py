"""What transcripts share that are one document of steps: reading several, naming tools, judging outcomes."""
