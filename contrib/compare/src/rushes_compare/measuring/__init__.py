"""What is really in a video file, measured with FFmpeg's decoders and filters; never believed."""

from rushes_compare.measuring.film import measure
from rushes_compare.measuring.opening import MeasuringError
from rushes_compare.measuring.posters import poster

__all__ = ["MeasuringError", "measure", "poster"]
