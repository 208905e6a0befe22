"""Errors in words: what went wrong, what to do next; a bug goes into a log file."""
