"""Commands and other plugins from installed distributions."""
