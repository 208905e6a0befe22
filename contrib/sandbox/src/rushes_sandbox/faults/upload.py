"""Faults of handing over an image."""

from rushes_sandbox.faults.anywhere import answering

FAULTS = tuple(answering("upload", lambda what: f"upload-{what}", "The image is kept"))
