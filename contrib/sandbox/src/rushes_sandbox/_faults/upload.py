"""Faults of the upload of an image."""

from rushes_sandbox._faults.json_responses import json_faults

FAULTS = tuple(json_faults("upload", lambda what: f"upload-{what}", "The image is stored"))
