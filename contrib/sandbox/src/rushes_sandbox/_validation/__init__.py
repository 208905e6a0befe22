"""Collects what a body has wrong. Nothing here knows HTTP."""
