"""Serves the installed protocols."""
