"""Submitting: a job is recorded and sent once, and its outcome is found out, never guessed."""
