"""Databases of sessions taken apart into documents: one file per agent that keeps one."""
