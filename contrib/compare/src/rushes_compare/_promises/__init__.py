"""Whether a video is what was asked for."""
