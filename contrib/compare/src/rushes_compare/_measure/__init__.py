"""Measure what is really in a video file, with FFmpeg's decoders and filters."""

from rushes_compare._measure.measure import measure
from rushes_compare._measure.open_media import MeasuringError
from rushes_compare._measure.poster import write_poster
from rushes_compare._measure.repeatability import repeatability

__all__ = ["MeasuringError", "measure", "repeatability", "write_poster"]
