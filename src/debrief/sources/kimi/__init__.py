"""What Kimi's two wire formats have in common with its format."""
