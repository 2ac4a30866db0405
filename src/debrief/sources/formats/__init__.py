"""One file per transcript format; what several formats share stands one level up."""
