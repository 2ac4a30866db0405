"""What Amp keeps of a thread."""
