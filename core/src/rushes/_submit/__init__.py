"""Submitting: a job is recorded, sent once, and its outcome found out, never guessed."""
