"""Many videos at once: jobs held from the first call to the video, on one machine or several."""

from rushes_batch._brake import Brake
from rushes_batch._holding import Holder, Outcome
from rushes_batch._jobs import Job, Limit

__all__ = ["Brake", "Holder", "Job", "Limit", "Outcome"]
