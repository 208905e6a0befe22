"""Fetching: a file at its final path is complete, and the key goes only where it belongs."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from acme_driver import KEY, REQUEST, Driver, Drivers, Maker, SteppingClock
from acme_server import VIDEO, Behaviour, Handler, Server, answers, box, cuts, drops, film
from bare_session import make_session
from journal_tasks import make_task, with_results
from rushes import (
    Answer,
    Call,
    DiskError,
    Result,
    ResultError,
    StillRunningError,
    Task,
    Timeouts,
)
from rushes._fetch import target
from rushes._fetch.download import fetch
from rushes._fetch.part_file import PartFile
from rushes._fetch.redirects import objection
from rushes._flow import Do, Interrupted, Stream, drive
from rushes.testing import Clock
from rushes.urls import is_loopback


def assert_writable(output: Path) -> None:
    """Check an output path for a client with an unrelated home."""
    target.writable(make_session(Path("/nowhere")), output)


def completed(driver: Driver) -> Task:
    """Return a task whose video is ready."""
    return driver.wait(driver.submit("acme/zoom", REQUEST))


def assert_no_part_files(folder: Path) -> None:
    """Assert that no temporary file is left."""
    assert [path.name for path in folder.rglob("*") if path.name.endswith(".part")] == []


@pytest.mark.parametrize("keep", [0, 1, 100, len(VIDEO) - 1])
def test_a_cut_body_is_continued_with_a_range_request(
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
    assert_no_part_files(tmp_path)


def wrong_range(handler: Handler) -> None:
    handler.answer(206, VIDEO[5:], {"Content-Range": f"bytes 5-{len(VIDEO) - 1}/{len(VIDEO)}"})


@pytest.mark.parametrize(
    "second", [wrong_range, film, drops, answers(416), answers(500), answers(206, VIDEO)]
)
def test_an_unusable_second_answer_restarts_the_download(
    make: Maker, server: Server, second: Behaviour, tmp_path: Path
) -> None:
    server.on("GET /files", cuts(VIDEO, 100, ETag='"v1"'), second)
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO


def test_a_first_answer_of_206_is_continued(make: Maker, server: Server, tmp_path: Path) -> None:
    part = {"content_range": f"bytes 0-99/{len(VIDEO)}", "etag": '"v1"'}
    server.on("GET /files", answers(206, VIDEO[:100], **part))
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO
    assert server.seen[-1][1]["range"] == "bytes=100-"


@pytest.mark.parametrize(
    "content_range",
    ["", "bytes 5-9/10", "bytes */10", "bytes 0-9/*", "bytes 3-x/10", "items 3-9/10"],
)
def test_a_206_must_carry_the_requested_range(tmp_path: Path, content_range: str) -> None:
    part = PartFile(tmp_path / "x.mp4", "t")
    part.begin(Answer(200, {"content-length": "10", "etag": '"v1"'}))
    part.write(b"abc")
    assert part.headers() == {"Range": "bytes=3-", "If-Range": '"v1"'}
    with pytest.raises(Interrupted):
        part.begin(Answer(206, {"content-range": content_range}))
    assert part.headers() == {}
    part.discard()


@pytest.mark.parametrize(
    "headers", [{"etag": '"v2"'}, {"etag": 'W/"v1"'}, {"content-range": "bytes 3-8/9"}, {}]
)
def test_a_206_of_a_different_video_is_rejected(tmp_path: Path, headers: dict[str, str]) -> None:
    part = PartFile(tmp_path / "x.mp4", "t")
    part.begin(Answer(200, {"content-length": "10", "etag": '"v1"'}))
    part.write(b"abc")
    rest = Answer(206, {"content-range": "bytes 3-9/10", **headers})
    if headers:
        with pytest.raises(Interrupted):
            part.begin(rest)
        assert part.headers() == {}
    else:  # a 206 may omit the validators; the earlier ones still hold
        part.begin(rest)
        assert part.headers() == {"Range": "bytes=3-", "If-Range": '"v1"'}
    part.discard()


@pytest.mark.parametrize(("last_modified", "same"), [("Mon", True), ("Tue", False), (None, True)])
def test_without_a_strong_etag_last_modified_decides(
    tmp_path: Path, last_modified: str | None, same: bool
) -> None:
    part = PartFile(tmp_path / "x.mp4", "t")
    part.begin(Answer(200, {"etag": 'W/"v1"', "last-modified": "Mon"}))
    part.write(b"abc")
    rest = {"content-range": "bytes 3-9/10", "etag": 'W/"v2"'}
    if last_modified:
        rest["last-modified"] = last_modified
    if same:
        part.begin(Answer(206, rest))
    else:
        with pytest.raises(Interrupted):
            part.begin(Answer(206, rest))
    assert bool(part.headers()) is same
    part.discard()


def test_an_unrequested_206_is_rejected(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "x.mp4", "t")
    part.begin(Answer(200, {"content-length": "10"}))
    part.write(b"abc")
    with pytest.raises(Interrupted):
        part.begin(Answer(206, {"content-range": "bytes 3-9/10"}))
    part.discard()


@pytest.mark.parametrize("head", [{}, {"content-length": "x"}, {"transfer-encoding": "Chunked"}])
def test_a_last_box_of_open_length_is_complete_if_the_body_was_chunked(
    tmp_path: Path, head: dict[str, str]
) -> None:
    part = PartFile(tmp_path / "x.mp4", "t")
    part.begin(Answer(200, head))
    part.write(box(b"ftyp") + box(b"moov") + bytes(4) + b"mdat" + VIDEO)
    if "transfer-encoding" in head:
        part.check()
        part.finish(overwrite=False)
    else:
        with pytest.raises(ResultError, match="nothing says where it ends"):
            part.check()
    assert (tmp_path / "x.mp4").exists() == ("transfer-encoding" in head)
    part.discard()


OTHER = VIDEO.replace(bytes(range(200)), bytes(200))


def different_film(handler: Handler) -> None:
    """Send the rest of a different video and ignore If-Range."""
    if "Range" not in handler.headers:
        return handler.answer(200, OTHER, {"ETag": '"v2"'})
    start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    content_range = f"bytes {start}-{len(OTHER) - 1}/{len(OTHER)}"
    return handler.answer(206, OTHER[start:], {"ETag": '"v2"', "Content-Range": content_range})


def test_two_different_videos_are_never_spliced(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    server.on("GET /files", cuts(VIDEO, 1000, ETag='"v1"'), different_film, different_film)
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == OTHER
    assert [
        bool(headers.get("range")) for line, headers, _ in server.seen if "/files/" in line
    ] == [
        False,
        True,
        False,
    ]


def test_a_fresh_link_restarts_the_download(make: Maker, server: Server, tmp_path: Path) -> None:
    links = [[f"{server.url}/files/{name}"] for name in ("old", "fresh")]
    server.stages = [{"stage": "ready", "links": link} for link in links]
    server.last = server.stages[1]
    server.on("GET /files/old", cuts(VIDEO, 1000, ETag='"v1"'), answers(403))
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    (fresh,) = [headers for line, headers, _ in server.seen if line == "GET /files/fresh"]
    assert "range" not in fresh
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO


@pytest.mark.parametrize(
    ("size", "received"), [(3000, 100), (9000, 8000)], ids=["less", "more than the video"]
)
def test_a_video_that_was_replaced_is_downloaded_from_the_start(
    make: Maker, server: Server, tmp_path: Path, size: int, received: int
) -> None:
    server.on("GET /files", cuts(bytes(size), received, ETag='"v0"'))
    driver = make()
    driver.fetch(completed(driver), tmp_path / "x.mp4")
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO


def of_open_length(handler: Handler) -> None:
    """Send a video whose last box has no length, over a connection that just closes."""
    handler.close_connection = True
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(box(b"ftyp") + box(b"moov") + bytes(4) + b"mdat" + VIDEO)


BAD: dict[str, list[Behaviour]] = {
    "HTML labelled video/mp4": [answers(200, "<html>Sorry</html>", content_type="video/mp4")],
    "JSON": [answers(200, {"error": "gone"})],
    "nothing": [answers(200)],
    "cut without a length": [answers(200, VIDEO[:-3])],
    "gzip": [answers(200, VIDEO, content_encoding="gzip")],
    "too large": [answers(200, VIDEO, content_length=str(5 * 1024**4), connection="close")],
    "cut in a box without a length": [of_open_length],
    "always 500": [answers(500)] * 9,
    "always cut": [cuts(VIDEO, 50)] * 9,
    "always dropped": [drops] * 9,
    "always expired": [answers(403)] * 9,
    "redirects endlessly": [answers(302, location="/files/again")] * 9,
    "redirects nowhere": [answers(302, location="http://[::1")] * 9,
    "redirects to a file": [answers(302, location="file:///etc/passwd")],
    "redirects without a place": [answers(302)] * 9,
}


@pytest.mark.parametrize("fault", BAD)
def test_only_a_video_reaches_the_final_path(
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
    assert_no_part_files(tmp_path)
    task = caught.value.task
    assert task is not None
    assert driver.tasks(unfinished=True) == [task]
    server.script.clear()
    assert driver.resume(task.id).file == str(target)
    assert target.read_bytes() == VIDEO
    assert server.posts() == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_expired_link_is_refreshed_by_one_more_poll(
    make: Maker, server: Server, status: int
) -> None:
    server.on("GET /files", answers(status))
    driver = make()
    task = completed(driver)
    polls = server.lines.count("GET /v1/clips/c-1")
    assert driver.fetch(task).file
    assert server.lines.count("GET /v1/clips/c-1") == polls + 1
    assert server.posts() == 1


def test_a_status_that_goes_back_does_not_undo_a_completed_task(
    make: Maker, server: Server
) -> None:
    driver = make()
    task = completed(driver)
    server.on("GET /files", *[answers(403)] * 9)
    server.on("GET /v1/clips", answers(200, {"clip": {"ref": "c-1", "stage": "rendering"}}))
    with pytest.raises(ResultError, match="expired"):
        driver.fetch(task)
    assert driver.task(task.id).state == "completed"


def test_a_result_behind_the_key_sends_it_to_its_own_origin_only(
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


def task_at(base_url: str) -> Task:
    return make_task(base_url=base_url, results=(Result(call=Call.get("x")),))


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data", "https://10.0.0.1/x", "https://127.0.0.1/x",
        "https://[::1]/x", "https://2130706433/x", "https://0x7f.1/x", "https://localhost/x",
        "http://cdn.example/x", "file:///etc/passwd", "ftp://cdn.example/x", "https://[::1/x",
        "", "x", "//cdn.example/x", "https://cdn.example:99999/x",
    ],
)  # fmt: skip
def test_a_link_into_a_private_network_is_refused(url: str) -> None:
    assert objection(url, loopback=False)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://cdn.example/x.mp4?sig=1", "https://api.acme.example"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:9000"),
        ("http://localhost/x", "http://localhost:9000/v1"),
    ],
)
def test_a_link_may_be_public_or_as_local_as_the_provider(url: str, base: str) -> None:
    assert objection(url, loopback=is_loopback(base)) is None


def test_an_unwritable_folder_keeps_the_task(make: Maker, server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    driver = make()
    with pytest.raises(DiskError, match="the task is kept") as caught:
        driver.fetch(completed(driver), tmp_path / "file" / "x.mp4")
    assert caught.value.task is not None
    assert driver.fetch(caught.value.task, tmp_path / "x.mp4").file
    assert server.posts() == 1


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Have the system refuse writes beyond a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_keeps_the_task(make: Maker, server: Server, tmp_path: Path) -> None:
    server.video = box(b"ftyp", b"isom") + box(b"mdat", bytes(9_000_000)) + box(b"moov", b"m")
    driver, target = make(), tmp_path / "x.mp4"
    task = completed(driver)
    target.write_bytes(b"older")
    with file_size_limit(8_000_000), pytest.raises(DiskError, match="too large") as caught:
        driver.fetch(task, target)
    assert_no_part_files(tmp_path)
    assert target.read_bytes() == b"older"
    assert caught.value.task is not None
    assert driver.fetch(caught.value.task, target).file
    assert target.read_bytes() == server.video


def test_an_output_path_is_probed_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "else")
    before = sorted(tmp_path.iterdir())
    for good in ("x.mp4", "file", "new/deep/x.mp4"):
        assert_writable(tmp_path / good)
    for bad in ("", ".", "file/x.mp4", "dangling/x.mp4", "n" * 300, f"new/{'n' * 300}/x", "a\0b"):
        with pytest.raises(DiskError, match=r"cannot be written|is a folder"):
            assert_writable(tmp_path / bad)
    with file_size_limit(1000), pytest.raises(DiskError, match="too large"):
        assert_writable(tmp_path / "x.mp4")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "name", [f"{'n' * 300}.mp4", f"new/{'n' * 300}/", f"new/{'é' * 150}/x.mp4", "p/" * 3000, "a\0b"]
)
def test_nothing_is_recorded_for_a_name_that_no_file_can_have(
    make: Maker, server: Server, tmp_path: Path, name: str
) -> None:
    driver, bad = make(), f"{tmp_path}/{name}"
    for verb in (driver.submit, driver.generate):
        with pytest.raises(DiskError, match=r"cannot be written: .*; choose another place"):
            verb("acme/zoom", REQUEST, output=bad)
    assert (driver.tasks(), server.lines) == ([], [])
    task = completed(driver)
    before = len(server.lines)
    for again in (driver.fetch, driver.resume):
        with pytest.raises(DiskError, match="choose another place"):
            again(task.id, output=bad)
    assert (driver.task(task.id).output, len(server.lines)) == (None, before)
    assert driver.fetch(task, tmp_path / f"{'n' * 251}.mp4").file


def test_only_a_regular_file_is_replaced(make: Maker, server: Server, tmp_path: Path) -> None:
    pipe, link, other = tmp_path / "pipe", tmp_path / "link", tmp_path / "other"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    other.write_bytes(b"mine")
    (tmp_path / "to-file").symlink_to(other)
    (tmp_path / "to-nothing").symlink_to(tmp_path / "nothing")
    driver = make()
    task = completed(driver)
    before = len(server.lines)
    for bad in (pipe, link, Path("/dev/null")):
        with pytest.raises(DiskError, match="not a regular file"):
            assert_writable(bad)
        with pytest.raises(DiskError, match="not a regular file"):
            driver.fetch(task, bad)
    assert (pipe.is_fifo(), link.is_symlink(), len(server.lines)) == (True, True, before)
    with pytest.raises(DiskError, match="is a folder"):
        assert_writable(tmp_path)
    assert driver.fetch(task, tmp_path).file == str(tmp_path / f"{task.id}.mp4")
    for good in ("to-file", "to-nothing"):
        assert_writable(tmp_path / good)
        driver.fetch(task, tmp_path / good)
        assert not (tmp_path / good).is_symlink()
        assert (tmp_path / good).read_bytes() == VIDEO
    assert (other.read_bytes(), (tmp_path / "nothing").exists()) == (b"mine", False)
    assert_no_part_files(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_detected(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DiskError, match="Permission denied"):
            assert_writable(tmp_path / "new" / "x.mp4")
    finally:
        tmp_path.chmod(0o700)


def test_whatever_is_in_the_way_of_the_part_file_is_not_touched(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    part = PartFile(tmp_path / "x.mp4", "kite")
    part.path.symlink_to(precious)
    with pytest.raises(FileExistsError):
        part.begin(Answer(200))
    part.discard()
    assert part.path.is_symlink()
    assert precious.read_text() == "mine"


def test_stale_part_files_are_removed_and_live_ones_stay(tmp_path: Path) -> None:
    target = tmp_path / "x.mp4"
    (tmp_path / "precious").write_text("mine")
    others = [".other.00000000.part", ".kite.more.00000000.part", ".kite.0000.part", "kite.part"]
    for name in others:
        (tmp_path / name).write_text("not ours")
    (tmp_path / ".kite.11111111.part").symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / ".kite.22222222.part")
    (tmp_path / ".kite.33333333.part").write_text("left")
    code = (
        "import os, sys; from pathlib import Path; from rushes._fetch.part_file import PartFile;"
        "from rushes import Answer; part = PartFile(Path(sys.argv[1]), 'kite');"
        "part.begin(Answer(200)); part.write(b'half'); part._file.flush(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(target)], check=False, timeout=60)
    assert len(list(tmp_path.glob(".kite.????????.part"))) == 4
    running = PartFile(target, "kite")
    running.begin(Answer(200))
    running.write(VIDEO)
    PartFile(target, "kite").prepare()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*others, "precious", ".kite.11111111.part", running.path.name}
    running.finish(overwrite=False)
    assert target.read_bytes() == VIDEO
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_download_killed_halfway_is_resumed_without_paying_again(
    server: Server, tmp_path: Path
) -> None:
    def half(handler: Handler) -> None:
        handler.answer(200, VIDEO[:1000], {"Content-Length": str(len(VIDEO))})
        handler.server.release.wait(30)

    server.on("GET /files", half)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import asyncio; from acme_driver import *; from pathlib import Path;"
        "client = Client(plugins=[Zoom()], base_urls={'acme': sys.argv[2]}, keys={'acme': KEY},"
        "    home=sys.argv[3], polling=Polling(first=0, every=0.01));"
        "client.generate('acme/zoom', REQUEST, task='kite', output=sys.argv[3] + '/x.mp4')"
    )
    home = tmp_path / "home"
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", code, tests, server.url, str(home)]
    with subprocess.Popen(command) as process:
        while not list(home.glob(".kite.*.part")):
            assert process.poll() is None
            server.release.wait(0.01)
        process.kill()
    drivers = Drivers("sync", server, home)
    driver = drivers()
    assert driver.resume("kite").file == str(home / "x.mp4")
    drivers.close()
    assert (home / "x.mp4").read_bytes() == VIDEO
    assert_no_part_files(home)
    assert server.posts() == 1


def two_links(server: Server) -> None:
    links = [f"{server.url}/files/first", f"{server.url}/files/second"]
    server.stages = [{"stage": "ready", "links": links}]


@pytest.mark.parametrize(
    "first",
    [
        [answers(200, "<html>")],
        [answers(200, VIDEO[:-3], etag='"v0"')],
        [answers(200, VIDEO, content_encoding="gzip")],
        [answers(302, location="file:///x")],
        [answers(500)] * 5,
        [answers(404)] * 2,
    ],
)
def test_if_the_first_result_is_not_a_video_the_second_is_used(
    make: Maker, server: Server, tmp_path: Path, first: list[Behaviour]
) -> None:
    two_links(server)
    server.last = server.stages[0]
    server.on("GET /files/first", *first)
    task = make().generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    assert task.file
    assert (tmp_path / "x.mp4").read_bytes() == VIDEO
    second = [headers for line, headers, _ in server.seen if line == "GET /files/second"]
    assert len(second) == 1
    assert "range" not in second[0]


def test_if_no_result_is_a_video_the_error_describes_the_first(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    two_links(server)
    server.on("GET /files/first", answers(200, "<html>"))
    server.on("GET /files/second", answers(200, {"error": "gone"}))
    with pytest.raises(ResultError, match="an HTML page"):
        make().generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    assert_no_part_files(tmp_path)


def drips(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.release.wait(0.01):
        handler.wfile.write(b"x")


@pytest.mark.parametrize("behaviour", [drips, answers(500), cuts(VIDEO, 10, ETag='"v1"')])
def test_all_attempts_of_a_fetch_share_one_deadline(
    make: Maker, server: Server, tmp_path: Path, behaviour: Behaviour
) -> None:
    task = completed(make())
    # Dripping takes its time; of the other attempts each takes half of the time available.
    clock = Clock(longest=0.01) if behaviour is drips else SteppingClock(0.05)
    driver = make(timeouts=Timeouts(download=0.3), clock=clock)
    server.on("GET /files", *[behaviour] * 99)
    with pytest.raises(StillRunningError, match=r"could not be downloaded within 0\.3 seconds"):
        driver.fetch(task, tmp_path / "x.mp4")
    assert sum("/files/" in line for line in server.lines) <= 3
    assert_no_part_files(tmp_path)


def test_each_attempt_gets_the_time_that_is_left(tmp_path: Path) -> None:
    session = make_session(tmp_path, timeouts=Timeouts(download=12), clock=SteppingClock(1))
    task = with_results("https://cdn.example/x.mp4")
    flow = fetch(
        session, session.registry.get("acme/zoom"), task, tmp_path / "x.mp4", None, overwrite=True
    )
    totals: list[float] = []

    def perform(effect: Any) -> Any:
        if isinstance(effect, Stream):
            totals.append(effect.total)
            raise Interrupted("cut")
        return effect.work() if isinstance(effect, Do) else None

    with pytest.raises(StillRunningError, match="within 12 seconds"):
        drive(flow, perform, lambda error: None)
    assert totals == sorted(set(totals), reverse=True)
    assert 1 < len(totals) < 5
    assert all(0 < total < 12 for total in totals)


def test_a_redirected_download_carries_no_key_even_to_the_same_origin(
    make: Maker, server: Server
) -> None:
    server.stages = [{"stage": "ready", "kept": f"{server.url}/files/kept.mp4"}]
    server.on("GET /files/kept", answers(302, location="/files/moved.mp4"))
    assert make().generate("acme/zoom", REQUEST).file
    by_path = {line: headers for line, headers, _ in server.seen}
    assert by_path["GET /files/kept.mp4"]["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in by_path["GET /files/moved.mp4"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_memory_stays_flat(server: Server, tmp_path: Path, kind: str) -> None:
    size = 160 * 1024 * 1024

    def long(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        for _ in range(size // 65536):
            handler.wfile.write(bytes(65536))

    server.on("GET /files", long)
    code = (
        "import asyncio, resource, sys; sys.path.insert(0, sys.argv[1]);"
        "from transport_runner import *; from pathlib import Path; from rushes import Call;"
        "from rushes._flow import Send, Stream; from rushes._fetch.part_file import PartFile;"
        "part = PartFile(Path(sys.argv[3]), 'kite'); given = settings(); url = sys.argv[2];"
        "perform = run_in_thread(sys.argv[4]); peak = lambda:"
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "perform(given, Send(call=Call.get(url + '/x'), total=60));"
        "effect = Stream(call=Call.get(url + '/files/x'), total=600, sink=part, public_only=False);"
        "before = peak(); perform(given, effect); between = peak(); part.discard();"
        "body = bytes(20 << 20); before_body = peak();"
        "call = Call(method='POST', url=url + '/x', body=body);"
        "perform(given, Send(call=call, total=600)); print(part.size, between - before,"
        " peak() - before_body)"
    )
    tests = str(Path(__file__).parents[1])
    target = str(tmp_path / "x.mp4")
    command = [sys.executable, "-c", code, tests, server.url, target, kind]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    came, download, upload = map(int, run.stdout.split())
    assert came == size
    assert download < 16 * 1024  # kilobytes; on macOS bytes, which is stricter
    assert upload < 16 * 1024


def test_the_default_output_is_in_the_home(make: Maker, server: Server, home: Path) -> None:
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


def test_download_progress_is_reported_but_not_recorded(
    make: Maker, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._fetch.part_file.REPORTED_EVERY", 0.0)
    server.video = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(400_000)) + box(b"moov")
    driver = make()
    seen: list[Task] = []
    task = driver.generate("acme/zoom", REQUEST, output=tmp_path / "x", on_update=seen.append)
    shares = [seen_.fetched for seen_ in seen if seen_.fetched is not None]
    assert shares == sorted(shares)
    assert (len(shares) > 1, shares[-1]) == (True, 100.0)
    assert (task.fetched, driver.task(task.id).fetched) == (None, None)
    assert all(was.fetched is None for was in driver.history(task.id))


def test_a_callback_that_raises_during_a_download_leaves_it_resumable(
    make: Maker, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._fetch.part_file.REPORTED_EVERY", 0.0)
    driver = make()

    def leave(task: Task) -> None:
        if task.fetched is not None:
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        driver.generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4", on_update=leave)
    assert list(tmp_path.glob("*.mp4")) == []
    assert_no_part_files(tmp_path)
    (task,) = driver.tasks(unfinished=True)
    assert driver.resume(task.id).file == str(tmp_path / "x.mp4")


def test_an_unusable_output_path_is_found_before_paying(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    driver = make()
    with pytest.raises(DiskError, match="nothing was sent") as caught:
        driver.generate("acme/zoom", REQUEST, output=tmp_path / "file" / "x.mp4")
    assert caught.value.task
    assert (caught.value.task.state, server.lines) == ("recorded", [])
    with pytest.raises(DiskError):
        driver.resume(caught.value.task.id)
    assert server.lines == []
    task = driver.resume(caught.value.task.id, output=tmp_path / "other" / "x.mp4")
    assert (task.file, server.posts()) == (str(tmp_path / "other" / "x.mp4"), 1)
