"""Runway's API for rushes."""
