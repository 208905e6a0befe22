"""Faults of the upload of an image."""

import pytest
from rushes_sandbox import Sandbox
from sandbox_http import RawResponse, upload


def test_an_upload_fails_once_and_then_works(rushes_sandbox: Sandbox) -> None:
    responses = {}
    for name in ("500", "drop", "reset", "html", "cut-json", "empty"):
        rushes_sandbox.inject(f"upload-{name}")
        responses[name] = upload(rushes_sandbox)
        assert upload(rushes_sandbox).json["success"] is True
    assert responses["500"].status == 500
    assert responses["drop"] == RawResponse(b"", was_reset=False)
    assert responses["reset"] == RawResponse(b"", was_reset=True)
    assert responses["html"].body.startswith(b"<!doctype html>")
    assert (responses["empty"].status, responses["empty"].body) == (200, b"")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        _ = responses["cut-json"].json
