"""Aider's chat history: how its markdown is taken apart, and what its own lines mean."""
