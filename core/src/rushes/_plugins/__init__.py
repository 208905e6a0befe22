"""Plugins: found, loaded, called, and named in the error when they break."""
