"""Secrets to placeholders: a string of a transcript comes in, the same without its secrets goes out."""

from debrief.redaction.redactor import Redactor

__all__ = ["Redactor"]
