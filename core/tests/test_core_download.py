"""Fetching: a file at its final path is whole, and the key goes nowhere it should not."""

from pathlib import Path
from typing import Any

import pytest
from acme_driver import KEY, REQUEST, Driver, Maker
from acme_server import VIDEO, Behaviour, Handler, Server, answers, cuts, drops, film
from rushes import Answer, Call, DiskError, Result, ResultError, Task
from rushes.download import PartFile, _refuse_address
from rushes.flow import Interrupted


def completed(driver: Driver) -> Task:
    """Return a task whose video is ready."""
    return driver.wait(driver.submit("acme/zoom", REQUEST))


def nothing_partial(folder: Path) -> None:
    """Make sure that no temporary file is left."""
    assert [path.name for path in folder.rglob("*") if path.name.endswith(".part")] == []


@pytest.mark.parametrize("keep", [0, 1, 100, len(VIDEO) - 1])
def test_a_short_body_is_continued_by_range(
    make: Maker, server: Server, tmp_path: Path, keep: int
) -> None:
    server.on("GET /files", cuts(VIDEO, keep, ETag='"v1"'))
    driver = make()
    task = driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO
    files = [headers for line, headers, _ in server.seen if "/files/" in line]
    assert len(files) == 2
    if keep > 1:
        assert files[1]["range"].startswith("bytes=")
        assert files[1]["if-range"] == '"v1"'
    assert all("authorization" not in headers for headers in files)
    assert driver.task(task.id).file == str(tmp_path / "x.mp4")
    nothing_partial(tmp_path)


def other_rest(handler: Handler) -> None:
    handler.answer(206, VIDEO[5:], {"Content-Range": f"bytes 5-{len(VIDEO) - 1}/{len(VIDEO)}"})


@pytest.mark.parametrize(
    "second", [other_rest, film, drops, answers(416), answers(500), answers(206, VIDEO)]
)
def test_a_rest_that_is_another_starts_again(
    make: Maker, server: Server, second: Behaviour, tmp_path: Path
) -> None:
    server.on("GET /files", cuts(VIDEO, 100, ETag='"v1"'), second)
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO


def test_a_part_that_calls_itself_one_is_continued(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    part = {"content_range": f"bytes 0-99/{len(VIDEO)}", "etag": '"v1"'}
    server.on("GET /files", answers(206, VIDEO[:100], **part))
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO
    assert server.seen[-1][1]["range"] == "bytes=100-"


@pytest.mark.parametrize(
    "told", ["", "bytes 5-9/10", "bytes */10", "bytes 0-9/*", "bytes 3-x/10", "items 3-9/10"]
)
def test_a_rest_must_say_that_it_is_the_one_asked_for(tmp_path: Path, told: str) -> None:
    part = PartFile(tmp_path / "x.mp4", "t")
    part.begin(Answer(200, {"content-length": "10", "etag": '"v1"'}))
    part.write(b"abc")
    assert part.headers() == {"Range": "bytes=3-", "If-Range": '"v1"'}
    with pytest.raises(Interrupted):
        part.begin(Answer(206, {"content-range": told}))
    assert part.headers() == {}
    part.discard()


def test_another_video_under_the_link_is_taken_whole(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    server.on("GET /files", cuts(b"\0" * 3000, 100, ETag='"v0"'))
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO


BAD: dict[str, list[Behaviour]] = {
    "HTML labelled video/mp4": [answers(200, "<html>Sorry</html>", content_type="video/mp4")],
    "JSON": [answers(200, {"error": "gone"})],
    "nothing": [answers(200)],
    "cut without a length": [answers(200, VIDEO[:-3])],
    "gzip": [answers(200, VIDEO, content_encoding="gzip")],
    "too large": [answers(200, VIDEO, content_length=str(5 * 1024**4), connection="close")],
    "always 500": [answers(500)] * 9,
    "always cut": [cuts(VIDEO, 50)] * 9,
    "always dropped": [drops] * 9,
    "always expired": [answers(403)] * 9,
    "redirects for ever": [answers(302, location="/files/again")] * 9,
    "redirects nowhere": [answers(302, location="http://[::1")] * 9,
    "redirects to a file": [answers(302, location="file:///etc/passwd")],
    "redirects without a place": [answers(302)] * 9,
}


@pytest.mark.parametrize("fault", BAD)
def test_what_is_no_video_never_reaches_the_final_path(
    make: Maker, server: Server, tmp_path: Path, fault: str
) -> None:
    server.on("GET /files", *BAD[fault])
    target = tmp_path / "out" / "x.mp4"
    target.parent.mkdir()
    target.write_bytes(b"older")
    driver = make()
    with pytest.raises(ResultError) as caught:
        driver.generate("acme/zoom", REQUEST, output=target)
    assert target.read_bytes() == b"older"
    nothing_partial(tmp_path)
    task = caught.value.task
    assert task is not None
    assert driver.tasks(unfinished=True) == [task]
    server.script.clear()
    assert driver.resume(task.id).file == str(target)
    assert target.read_bytes() == VIDEO
    assert server.posts() == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_expired_link_is_refreshed_by_one_more_look(
    make: Maker, server: Server, status: int
) -> None:
    server.on("GET /files", answers(status))
    driver = make()
    task = completed(driver)
    looks = server.lines.count("GET /v1/clips/c-1")
    assert driver.fetch(task).file
    assert server.lines.count("GET /v1/clips/c-1") == looks + 1
    assert server.posts() == 1


def test_a_status_that_went_back_does_not_undo_a_completed_task(
    make: Maker, server: Server
) -> None:
    driver = make()
    task = completed(driver)
    server.on("GET /files", *[answers(403)] * 9)
    server.on("GET /v1/clips", answers(200, {"clip": {"ref": "c-1", "stage": "rendering"}}))
    with pytest.raises(ResultError, match="expired"):
        driver.fetch(task)
    assert driver.task(task.id).state == "completed"


def test_a_video_behind_the_key_is_fetched_with_it_from_its_own_origin_only(
    make: Maker, server: Server
) -> None:
    server.stages = [{"stage": "ready", "kept": f"{server.url}/files/kept.mp4"}]
    elsewhere = server.url.replace("127.0.0.1", "localhost") + "/files/cdn.mp4"
    server.on("GET /files/kept", answers(302, location=elsewhere))
    driver = make()
    assert driver.generate("acme/zoom", REQUEST).file
    by_path = {line: headers for line, headers, _ in server.seen}
    assert by_path["GET /files/kept.mp4"]["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in by_path["GET /files/cdn.mp4"]


def on(base_url: str) -> Task:
    return Task(
        id="t",
        variant="acme/zoom",
        base_url=base_url,
        client_id="t",
        call=None,
        created_at=0,
        updated_at=0,
        results=(Result(call=Call.get("x")),),
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data", "https://10.0.0.1/x", "https://127.0.0.1/x",
        "https://[::1]/x", "https://2130706433/x", "https://0x7f.1/x", "https://localhost/x",
        "http://cdn.example/x", "file:///etc/passwd", "ftp://cdn.example/x", "https://[::1/x",
        "", "x", "//cdn.example/x", "https://cdn.example:99999/x",
    ],
)  # fmt: skip
def test_an_address_of_a_private_network_is_refused(url: str) -> None:
    with pytest.raises(ResultError, match="the link to the video"):
        _refuse_address(url, on("https://api.acme.example"))


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://cdn.example/x.mp4?sig=1", "https://api.acme.example"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:9000"),
        ("http://localhost/x", "http://localhost:9000/v1"),
    ],
)
def test_an_address_that_is_public_or_as_private_as_the_provider_will_do(
    url: str, base: str
) -> None:
    _refuse_address(url, on(base))


def test_a_folder_that_cannot_be_written_keeps_the_task(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    driver = make()
    with pytest.raises(DiskError, match="the task is kept") as caught:
        driver.generate("acme/zoom", REQUEST, output=tmp_path / "file" / "x.mp4")
    assert caught.value.task is not None
    assert driver.resume(caught.value.task.id, output=tmp_path / "x.mp4").file
    assert server.posts() == 1


def test_a_disk_that_fills_up_keeps_the_task(
    make: Maker, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    driver = make()
    with monkeypatch.context() as patch:
        patch.setattr("rushes.download.PartFile.write", full)
        with pytest.raises(DiskError, match="No space left") as caught:
            driver.generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    nothing_partial(tmp_path)
    assert caught.value.task is not None
    assert driver.resume(caught.value.task.id).file


def test_the_default_place_is_in_the_home(make: Maker, server: Server, home: Path) -> None:
    task = make().generate("acme/zoom", REQUEST)
    assert task.file == str(home / "videos" / f"{task.id}.mp4")


def test_a_finished_job_is_not_fetched_again(make: Maker, server: Server, tmp_path: Path) -> None:
    driver = make()
    one = driver.generate("acme/zoom", REQUEST, task="job-1", output=tmp_path / "x.mp4")
    asked = len(server.lines)
    assert driver.generate("acme/zoom", REQUEST, task="job-1", output=tmp_path / "x.mp4") == one
    assert driver.resume("job-1") == one
    assert len(server.lines) == asked
    (tmp_path / "x.mp4").unlink()
    driver.generate("acme/zoom", REQUEST, task="job-1", output=tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").exists()
    assert server.posts() == 1
