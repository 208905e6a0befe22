"""Rendering: a scene goes in, an MP4 file comes out."""
