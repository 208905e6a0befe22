"""Kling at fal for rushes."""
