"""Faults of the download of a video."""

from urllib.parse import urlsplit

from rushes_sandbox import Sandbox
from sandbox_http import RawResponse, request, video_path


def test_half_a_video_can_be_continued(rushes_sandbox: Sandbox) -> None:
    path = video_path(rushes_sandbox)
    whole = request(rushes_sandbox, "GET", path)
    injected = rushes_sandbox.inject("download-short", times=2)
    half = request(rushes_sandbox, "GET", path)
    assert half.headers["content-length"] == whole.headers["content-length"]
    middle = len(whole.body) // 2
    assert half == RawResponse(half.raw, was_reset=False)
    assert half.body == whole.body[:middle]
    rest_of_it = f"bytes={middle - 10}-"
    tag = half.headers["etag"]
    again = request(rushes_sandbox, "GET", path, Range=rest_of_it, If_Range=tag)
    assert (again.status, again.body) == (206, whole.body[middle - 10 : middle])
    rest = request(rushes_sandbox, "GET", path, Range=rest_of_it, If_Range=tag)
    assert (rest.status, rest.body) == (206, whole.body[middle - 10 :])
    assert injected.hits == 2


def test_a_download_is_reset_by_its_middle(rushes_sandbox: Sandbox) -> None:
    path = video_path(rushes_sandbox)
    whole = request(rushes_sandbox, "GET", path)
    rushes_sandbox.inject("download-reset")
    half = request(rushes_sandbox, "GET", path)
    assert half.was_reset
    assert half.headers["content-length"] == whole.headers["content-length"]
    assert half.body
    assert whole.body[: len(whole.body) // 2].startswith(half.body)
    assert request(rushes_sandbox, "GET", path) == whole


def test_half_a_video_may_look_complete(rushes_sandbox: Sandbox) -> None:
    path = video_path(rushes_sandbox)
    whole = request(rushes_sandbox, "GET", path).body
    rushes_sandbox.inject("download-cut-silently")
    response = request(rushes_sandbox, "GET", path)
    assert "content-length" not in response.headers
    assert (response.status, response.body, response.was_reset) == (
        200,
        whole[: len(whole) // 2],
        False,
    )


def test_the_response_is_not_a_video(rushes_sandbox: Sandbox) -> None:
    path = video_path(rushes_sandbox)
    responses = {}
    for name in ("html", "json", "empty", "html-as-video", "500"):
        rushes_sandbox.inject(f"download-{name}")
        responses[name] = request(rushes_sandbox, "GET", path)
    assert responses["500"].status == 500
    assert responses["html"].headers["content-type"].startswith("text/html")
    assert responses["html-as-video"].headers["content-type"] == "video/mp4"
    assert responses["html-as-video"].body.startswith(b"<!doctype html>")
    assert responses["json"].json
    assert responses["empty"].body == b""


def test_a_url_expires_and_the_next_status_has_another(rushes_sandbox: Sandbox) -> None:
    old = video_path(rushes_sandbox)
    rushes_sandbox.inject("download-expired")
    assert [request(rushes_sandbox, "GET", old).status for _ in range(2)] == [403, 403]
    new = video_path(rushes_sandbox)
    assert new != old
    assert request(rushes_sandbox, "GET", new).status == 200
    rushes_sandbox.inject("download-expired", times=None)
    for _ in range(2):
        assert request(rushes_sandbox, "GET", video_path(rushes_sandbox)).status == 403
    assert len(rushes_sandbox.created) == 1


def test_a_download_is_redirected(rushes_sandbox: Sandbox) -> None:
    path = video_path(rushes_sandbox)
    places = {}
    for what in ("file", "ftp", "private", "metadata", "loop"):
        rushes_sandbox.inject(f"download-redirect-{what}")
        response = request(rushes_sandbox, "GET", path)
        assert response.status == 302
        places[what] = response.headers["location"]
    assert places["loop"] == path
    assert places["file"].startswith("file:///")
    assert places["ftp"].startswith("ftp://")
    assert urlsplit(places["private"]).hostname == "10.0.0.1"
    assert urlsplit(places["metadata"]).hostname == "169.254.169.254"
