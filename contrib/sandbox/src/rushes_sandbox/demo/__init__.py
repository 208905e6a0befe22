"""The demo: one request, sent to every variant at once, against the sandbox.

Alone in this package it uses `rushes` itself; the sandbox proper knows nothing of it.
"""
