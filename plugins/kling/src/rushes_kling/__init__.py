"""Kling's own API for rushes, both generations of it."""
