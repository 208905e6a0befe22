"""Fetching: a whole video at its final path, or nothing."""
