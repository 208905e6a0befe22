"""Plugins: found, loaded, called, and blamed by name where they break."""
