"""The verbs: each file is one step, committed whole. The pipeline alone knows the stations."""
