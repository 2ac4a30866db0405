"""The HTTP door: the store in, JSON for programs (`api`) and pages for people (`dash`) out."""
