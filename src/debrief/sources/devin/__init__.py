"""Devin, in the cloud (its API) and on a machine (its command line): what is known of both, and of each."""
