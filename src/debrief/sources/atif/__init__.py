"""The Agent Trajectory Interchange Format, 1.0 to 1.8: metrics, steps, and what refers to what."""
