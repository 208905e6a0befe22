"""Faults: what can go wrong with a request, and the middleware that makes it happen."""
