"""Local images: checked by content and uploaded before the submit; otherwise nothing is bought."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from acme_driver import KEY, Maker
from acme_server import Behaviour, Handler, Server, answers, cuts, drops, stalls
from acme_zoom import Zoom
from journal_memory import Memory, MemoryJournal
from rushes import (
    Call,
    Image,
    LocalFile,
    NotSentError,
    RefusedError,
    Request,
    RequestError,
    RushesError,
    Steps,
    StillRunningError,
    Task,
    Timeouts,
    Variant,
    hookimpl,
    pick_text,
)
from rushes._submit.files import media_type, read
from rushes.testing import Clock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def request_with(path: Path) -> Request:
    return Request("x", images=[Image(str(path), "reference")])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / 'my "kite".jpg'  # despite its name it is a PNG
    path.write_bytes(PNG)
    return path


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x1cftypheic", "image/heic"),
        (b"II*\0", "image/tiff"),
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"RIFF\0\0\0\0AVI ", None),
        (b"\0\0\0\x1cftypisom", "video/mp4"),
        (b"\0\0\0\x1cftypmp42", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x1cftypM4A ", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xf3\x90", "audio/mpeg"),
        (b"\xff\xf1\x50", None),  # AAC
        (b"\xff", None),
        (b"<html>", None),
        (b"\x89PN", None),
        (b"", None),
    ],
)
def test_a_type_is_detected_from_content(head: bytes, kind: str | None) -> None:
    assert media_type(head) == kind


def test_a_picture_is_uploaded_and_its_address_is_sent(
    make: Maker, server: Server, picture: Path
) -> None:
    driver = make()
    report = driver.check("acme/zoom", request_with(picture))
    assert report.valid
    assert server.lines == []
    task = driver.generate("acme/zoom", request_with(picture))
    assert server.lines[:2] == ["POST /v1/pictures", "POST /v1/clips"]
    assert b"https://pictures.acme.example/1.png" in server.seen[1][2]
    assert b"upload.invalid" not in server.seen[1][2]
    _, headers, body = server.seen[0]
    assert PNG in body
    assert b"Content-Type: image/png" in body
    assert b'filename="my%20%22kite%22.jpg"' in body
    assert headers["authorization"] == f"Bearer {KEY}"
    assert task.file


def test_a_picture_named_twice_is_uploaded_once(make: Maker, server: Server, picture: Path) -> None:
    twice = [Image(str(picture), "reference")] * 2
    make().submit("acme/zoom", Request("x", images=twice))
    assert server.lines == ["POST /v1/pictures", "POST /v1/clips"]
    assert server.seen[1][2].count(b"https://pictures.acme.example/1.png") == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xd8\xff" + bytes(50), "file_type"), (b"", "file_type"), (b"text", "file_type"),
     (PNG + bytes(1024 * 1024), "file_size"), (None, "unreadable")],
)  # fmt: skip
def test_an_image_that_the_provider_does_not_take_is_a_problem(
    make: Maker, server: Server, picture: Path, content: bytes | None, code: str
) -> None:
    picture.unlink()
    if content is not None:
        picture.write_bytes(content)
    with pytest.raises(RequestError) as caught:
        make().submit("acme/zoom", request_with(picture))
    assert [(p.path, p.code) for p in caught.value.problems] == [("images[0].url", code)]
    if code == "file_size":
        assert "1,048,684 bytes; at most 1 MiB are accepted" in str(caught.value)
    assert server.lines == []


def test_a_folder_and_a_missing_file_are_problems(make: Maker, tmp_path: Path) -> None:
    driver = make()
    for name in (str(tmp_path), "a\0b", "x" * 5000):
        report = driver.check("acme/zoom", Request("x", images=[Image(name, "reference")]))
        assert [p.code for p in report.problems] == ["unreadable"]


@pytest.fixture
def irregular(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Make files that are not regular; reading some of them would never end."""
    with socket.socket(socket.AF_UNIX) as listening:
        names = {name: tmp_path / name for name in ("pipe", "link", "socket")}
        os.mkfifo(names["pipe"])
        names["link"].symlink_to(names["pipe"])
        listening.bind(str(names["socket"]))
        yield {**names, "zeros": Path("/dev/zero")}


@pytest.mark.parametrize("kind", ["pipe", "link", "socket", "zeros"])
def test_an_image_that_is_not_a_regular_file_is_a_problem(
    make: Maker, irregular: dict[str, Path], kind: str
) -> None:
    report = make().check("acme/zoom", request_with(irregular[kind]))
    assert [(p.path, p.code) for p in report.problems] == [("images[0].url", "unreadable")]
    assert "cannot be read: it is not a regular file" in report.problems[0].message


def test_a_pipe_swapped_in_for_a_picture_is_not_read(
    make: Maker, server: Server, irregular: dict[str, Path], picture: Path
) -> None:
    with pytest.raises(NotSentError, match="it is not a regular file; nothing was bought"):
        read(str(irregular["pipe"]))
    seen = picture.stat()
    with pytest.MonkeyPatch.context() as patch:  # as if it had been swapped in just now
        patch.setattr(Path, "stat", lambda path: seen)
        with pytest.raises(NotSentError, match="it is not a regular file; nothing was bought"):
            read(str(irregular["pipe"]))
    assert server.lines == []


FAULTS: dict[str, tuple[Behaviour, type[RushesError]]] = {
    "400": (answers(400, {"error": {"message": f"odd {KEY}"}}), RefusedError),
    "401": (answers(401), RefusedError),
    "413": (answers(413), RefusedError),
    "500": (answers(500), RefusedError),
    "dropped": (drops, NotSentError),
    "cut": (cuts(b'{"at": "https://a.b/c"}', 5), NotSentError),
    "redirected": (answers(302, location="https://elsewhere.example"), NotSentError),
    "no address": (answers(200, {}), NotSentError),
    "HTML": (answers(200, "<html>"), NotSentError),
    "a number": (answers(200, {"at": 7}), NotSentError),
    "a path": (answers(200, {"at": "/etc/passwd"}), NotSentError),
    "inline": (answers(200, {"at": "data:image/png;base64,"}), NotSentError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upload_that_fails_buys_nothing(
    make: Maker, server: Server, picture: Path, fault: str
) -> None:
    behaviour, kind = FAULTS[fault]
    server.on("POST /v1/pictures", behaviour)
    driver = make()
    with pytest.raises(kind) as caught:
        driver.submit("acme/zoom", request_with(picture))
    assert (server.posts(), driver.tasks()) == (0, [])
    assert KEY not in repr(caught.value) + repr(caught.value.__dict__)


def test_an_upload_ends_with_the_first_refused_step(
    make: Maker, server: Server, picture: Path
) -> None:
    class TwoSteps(Zoom):
        @hookimpl
        def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
            reserved = yield Call.post_json(variant.url("/v1/pictures"), {"bytes": 3})
            place = pick_text(reserved.json(), "put") or variant.url("/v1/places/1")
            yield Call(method="PUT", url=place, body=file.content)
            return "https://pictures.acme.example/1.png"

    server.on("POST /v1/pictures", answers(402, {"message": "no credit"}))
    driver = make(plugins=[TwoSteps()])
    with pytest.raises(RefusedError, match=r"refused the upload of .*HTTP 402\): no credit"):
        driver.submit("acme/zoom", request_with(picture))
    assert server.lines == ["POST /v1/pictures"]


def test_an_upload_that_nobody_accepts_buys_nothing(make: Maker, picture: Path) -> None:
    driver = make(base_urls={"acme": "http://127.0.0.1:9"})
    with pytest.raises(NotSentError, match="could not be uploaded"):
        driver.submit("acme/zoom", request_with(picture))
    assert driver.tasks() == []


def test_a_picture_that_vanishes_after_the_check_buys_nothing(
    make: Maker, server: Server, picture: Path
) -> None:
    class Removing(MemoryJournal):
        """A journal that removes the picture when it is first asked, which is after the check."""

        def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
            picture.unlink()
            return super().take_up(variant, fingerprint, claim)

    with pytest.raises(NotSentError, match="cannot be read"):
        make(journal=Removing(Memory())).submit("acme/zoom", request_with(picture))
    assert server.lines == []


def test_uploads_declared_without_a_hook_are_the_plugins_fault(
    make: Maker, server: Server, picture: Path
) -> None:
    class Half(Zoom):
        upload = None  # type: ignore[assignment]

    with pytest.raises(RushesError, match="declares uploads"):
        make(plugins=[Half()]).submit("acme/zoom", request_with(picture))
    assert server.lines == []


FOREVER = Timeouts(upload=3600, submit=3600)


def test_the_time_of_a_verb_bounds_an_upload(make: Maker, server: Server, picture: Path) -> None:
    server.on("POST /v1/pictures", stalls)
    with pytest.raises(NotSentError, match=r"could not be uploaded .* nothing was bought"):
        make(timeouts=FOREVER).generate("acme/zoom", request_with(picture), timeout=0.5)
    assert "POST /v1/clips" not in server.lines


def test_no_upload_begins_once_the_time_is_over(
    make: Maker, server: Server, picture: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(PNG + b"another")
    clock = Clock()

    def slowly(handler: Handler) -> None:
        clock.advance(60)
        handler.answer(200, {"at": "https://pictures.acme.example/1.png"})

    server.on("POST /v1/pictures", slowly)
    two = [Image(str(path), "reference") for path in (picture, other)]
    with pytest.raises(NotSentError, match="the time for it is over"):
        make(clock=clock).generate("acme/zoom", Request("x", images=two), timeout=30)
    assert server.lines == ["POST /v1/pictures"]


def test_with_a_timeout_of_zero_an_upload_has_its_own_time(
    make: Maker, server: Server, picture: Path
) -> None:
    with pytest.raises(StillRunningError):
        make().generate("acme/zoom", request_with(picture), timeout=0)
    assert server.lines[:2] == ["POST /v1/pictures", "POST /v1/clips"]
