"""Every fault, struck over a real socket: what the wire shows, and what was created."""

import http.client
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from rushes_sandbox import FAULTS, Sandbox

#: What goes wrong for a client, and the faults that let it.
ROWS = {
    "nobody is there": ["connection-refused", "unknown-host", "no-tls"],
    "created, then no answer": ["drop-after-create", "reset-after-create", "stall-after-create"],
    "created, then an error": [f"{n}-after-create" for n in (500, 502, 503, 504, 408, 409, 425)],
    "created, then an answer that says nothing": [
        "html-after-create", "cut-json-after-create", "empty-after-create",
        "no-id-after-create", "null-id-after-create", "wrong-id-after-create",
        "dots-id-after-create", "long-id-after-create",
    ],
    "created, then an error that names it": [
        f"{n}-naming-the-task" for n in (400, 409, 429, 500)
    ],
    "told to wait": ["rate-limit-seconds", "rate-limit-date", "rate-limit-hour"],
    "reset before the request was read": ["reset-before-reading"],
    "held up before creating": ["stall-before-create"],
    "an answer without an end": [
        "drip-after-create", "endless-after-create", "bomb-after-create",
        "status-drip", "status-endless", "status-bomb", "status-stall",
        "download-drip", "download-endless", "download-bomb", "download-stall",
        "upload-drip", "upload-endless", "upload-bomb", "upload-stall",
    ],
    "refused": [*[f"refuse-{n}" for n in (400, 401, 402, 403, 404, 413, 422)],
                "refuse-echoing-key"],
    "sent elsewhere": [f"redirect-{n}" for n in (301, 302, 307, 308)],
    "a look that fails": ["status-500", "status-drop", "status-reset", "status-429",
                          "status-html", "status-cut-json", "status-empty"],
    "a word that means nothing": ["status-unknown-word"],
    "an end": ["status-cancelled", "status-expired", "status-failed"],
    "odd progress": ["progress-percent", "progress-null", "progress-150", "progress-nan",
                     "progress-word", "progress-negative"],
    "not there yet": ["status-404"],
    "no address": ["no-link"],
    "the key is refused while polling": ["status-401"],
    "not to be believed": ["status-backwards", "status-other-task"],
    "half a video": ["download-short", "download-reset", "download-cut-silently"],
    "no video": ["download-html", "download-json", "download-empty", "download-html-as-video",
                 "download-500"],
    "an expired address": ["download-expired"],
    "an address that nobody is to follow": [
        *[f"{how}-{what}" for how in ("link", "download-redirect")
          for what in ("file", "ftp", "private", "metadata")],
        "download-redirect-loop",
    ],
    "an upload that fails": ["upload-500", "upload-drop", "upload-reset", "upload-html",
                             "upload-cut-json", "upload-empty"],
}  # fmt: skip

SUBMIT: dict[str, tuple[str, dict[str, Any]]] = {
    "toapis": ("/toapis/v1/videos/generations", {"model": "kling-v3", "prompt": "a lantern"}),
    "apimart": ("/apimart/v1/videos/generations", {"model": "kling-v3", "prompt": "a lantern"}),
    "uniall": (
        "/uniall/v1/video/generations",
        {"model": "kling-v3-std-silent", "prompt": "a lantern", "duration": 3},
    ),
}
STATUS = {
    "toapis": "/toapis/v1/videos/generations/",
    "apimart": "/apimart/v1/tasks/",
    "uniall": "/uniall/v1/videos/",
}
GATEWAYS = sorted(SUBMIT)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class Told:
    """What came over the wire, and whether a reset ended it."""

    raw: bytes
    was_reset: bool

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def asked(
    sandbox: Sandbox, method: str, path: str, body: bytes = b"", **headers: str
) -> Iterator[socket.socket]:
    """Send a request over a connection of its own, and give the connection."""
    parts = urlsplit(sandbox.url)
    assert parts.hostname
    given = {
        "Host": parts.netloc,
        "Authorization": f"Bearer {sandbox.key}",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=30) as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        yield line


def heard(line: socket.socket) -> Told:
    """Read until the connection ends."""
    parts = []
    try:
        while part := line.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        return Told(b"".join(parts), was_reset=True)
    return Told(b"".join(parts), was_reset=False)


def ask(sandbox: Sandbox, method: str, path: str, body: bytes = b"", **headers: str) -> Told:
    with asked(sandbox, method, path, body, **headers) as line:
        return heard(line)


def submit(sandbox: Sandbox, gateway: str = "uniall", **more: Any) -> Told:
    path, body = SUBMIT[gateway]
    return ask(sandbox, "POST", path, json.dumps({**body, **more}).encode())


def look(sandbox: Sandbox, gateway: str = "uniall") -> Told:
    """Look at the last task; create one if there is none."""
    if not sandbox.created:
        submit(sandbox, gateway)
    return ask(sandbox, "GET", STATUS[gateway] + sandbox.created[-1].id)


def upload(sandbox: Sandbox) -> Told:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        + PNG
        + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    return ask(sandbox, "POST", "/toapis/v1/uploads/images", body, Content_Type=kind)


def video(sandbox: Sandbox) -> str:
    """Have a film made; return the path of its address."""
    if not sandbox.created:
        submit(sandbox)
    assert sandbox.created[-1].film.finished.wait(300)
    return urlsplit(str(look(sandbox).json["video_url"])).path


def task_of(gateway: str, told: Told) -> Any:
    """Return the part of a status answer that is about the task."""
    return told.json["data"] if gateway == "apimart" else told.json


def test_every_row_has_its_faults_and_every_fault_its_row() -> None:
    assert sorted(name for names in ROWS.values() for name in names) == sorted(FAULTS)


# Submit ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(("how", "was_reset"), [("drop", False), ("reset", True)])
def test_a_task_is_created_and_no_answer_comes(
    rushes_sandbox: Sandbox, gateway: str, how: str, *, was_reset: bool
) -> None:
    order = rushes_sandbox.order(f"{how}-after-create", gateway=gateway)
    assert submit(rushes_sandbox, gateway) == Told(b"", was_reset)
    assert order.wait(0)
    assert len(rushes_sandbox.created) == 1
    assert rushes_sandbox.exchanges[0].status is None
    assert submit(rushes_sandbox, gateway).status == 200
    assert (len(rushes_sandbox.created), order.struck) == (2, 1)


def test_a_large_request_is_reset_before_it_was_read(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.order("reset-before-reading")
    with asked(rushes_sandbox, "POST", SUBMIT["toapis"][0], Content_Length="9") as line:
        # The body never comes, and is not waited for.
        assert heard(line) == Told(b"", was_reset=True)
    assert rushes_sandbox.created == []
    assert rushes_sandbox.exchanges == []
    assert submit(rushes_sandbox, "toapis").status == 200


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409, 425])
def test_a_task_is_created_and_an_error_comes(
    rushes_sandbox: Sandbox, gateway: str, status: int
) -> None:
    rushes_sandbox.order(f"{status}-after-create")
    told = submit(rushes_sandbox, gateway)
    assert told.status == status
    assert set(told.json["error"]) == {"code", "message", "type"}
    assert len(rushes_sandbox.created) == 1
    assert rushes_sandbox.exchanges[0].status == status


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_task_is_created_and_the_answer_says_nothing(
    rushes_sandbox: Sandbox, gateway: str
) -> None:
    told = {}
    for name in ROWS["created, then an answer that says nothing"]:
        rushes_sandbox.order(name)
        told[name.removesuffix("-after-create")] = submit(rushes_sandbox, gateway)
    assert len(rushes_sandbox.created) == len(told)
    assert {answer.status for answer in told.values()} == {200}
    assert told["html"].headers["content-type"].startswith("text/html")
    assert rushes_sandbox.key.encode() in told["html"].body
    assert told["empty"].body == b""
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        _ = told["cut-json"].json
    holders = {
        name: told[name].json["data"][0] if gateway == "apimart" else told[name].json
        for name in ("no-id", "null-id", "wrong-id", "dots-id", "long-id")
    }
    key = "task_id" if gateway == "apimart" else "id"
    assert key not in holders["no-id"]
    assert holders["null-id"][key] is None
    assert holders["wrong-id"][key] == 7
    assert holders["dots-id"][key] == ".."
    assert len(holders["long-id"][key]) == 2**20


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [400, 409, 429, 500])
def test_an_error_that_names_what_it_created(
    rushes_sandbox: Sandbox, gateway: str, status: int
) -> None:
    rushes_sandbox.order(f"{status}-naming-the-task")
    told = submit(rushes_sandbox, gateway)
    (created,) = rushes_sandbox.created
    assert told.status == status
    assert told.json["error"]["message"] == "this was not expected"
    holder = told.json["data"][0] if gateway == "apimart" else told.json
    assert holder["task_id" if gateway == "apimart" else "id"] == created.id


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_a_refusal_creates_nothing(rushes_sandbox: Sandbox, gateway: str, status: int) -> None:
    rushes_sandbox.order(f"refuse-{status}")
    told = submit(rushes_sandbox, gateway)
    assert told.status == status
    assert told.json["error"]["message"]
    assert rushes_sandbox.key.encode() not in told.body
    assert rushes_sandbox.created == []


def test_a_refusal_may_echo_the_key(rushes_sandbox: Sandbox) -> None:
    rushes_sandbox.order("refuse-echoing-key")
    told = submit(rushes_sandbox)
    assert told.status == 401
    assert rushes_sandbox.key in told.json["error"]["message"]
    assert rushes_sandbox.created == []


@pytest.mark.rushes_sandbox(clock=lambda: 1_800_000_000.5)
def test_told_to_wait_nothing_is_created(rushes_sandbox: Sandbox) -> None:
    after = {}
    for what in ("seconds", "date", "hour"):
        rushes_sandbox.order(f"rate-limit-{what}")
        told = submit(rushes_sandbox)
        assert told.status == 429
        after[what] = told.headers["retry-after"]
    assert (after["seconds"], after["hour"]) == ("1", "3600")
    assert parsedate_to_datetime(after["date"]).timestamp() == 1_800_000_002
    assert rushes_sandbox.created == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_to_another_origin_that_creates(
    rushes_sandbox: Sandbox, status: int
) -> None:
    rushes_sandbox.order(f"redirect-{status}")
    told = submit(rushes_sandbox, "apimart")
    assert told.status == status
    assert rushes_sandbox.created == []
    there, here = urlsplit(told.headers["location"]), urlsplit(rushes_sandbox.url)
    assert (there.hostname, there.port) == ("localhost", here.port)
    # Who follows with body and key pays.
    line = http.client.HTTPConnection(there.netloc, timeout=30)
    headers = {"Authorization": f"Bearer {rushes_sandbox.key}"}
    line.request("POST", there.path, json.dumps(SUBMIT["apimart"][1]), headers)
    assert line.getresponse().status == 200
    line.close()
    assert len(rushes_sandbox.created) == 1


# Holding up --------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
def test_a_submit_is_held_up_until_it_is_released(
    rushes_sandbox: Sandbox, when: str, created: int
) -> None:
    order = rushes_sandbox.order(f"stall-{when}-create", times=None)
    path, body = SUBMIT["toapis"]
    with asked(rushes_sandbox, "POST", path, json.dumps(body).encode()) as line:
        assert order.wait(120)
        assert len(rushes_sandbox.created) == created
        # Others are served meanwhile.
        assert ask(rushes_sandbox, "GET", "/").status == 404
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.recv(1)
        line.settimeout(30)
        order.release()
        assert heard(line).json["id"] == rushes_sandbox.created[0].id
    assert submit(rushes_sandbox, "toapis").status == 200
    assert (len(rushes_sandbox.created), order.struck) == (2, 2)


def test_a_client_that_is_gone_creates_nothing_when_released(rushes_sandbox: Sandbox) -> None:
    order = rushes_sandbox.order("stall-before-create")
    path, body = SUBMIT["toapis"]
    with asked(rushes_sandbox, "POST", path, json.dumps(body).encode()):
        assert order.wait(120)
    # Answered, so that the server has long seen the other leave.
    assert ask(rushes_sandbox, "GET", "/").status == 404
    order.release()
    assert submit(rushes_sandbox).status == 200
    assert [task.gateway for task in rushes_sandbox.created] == ["uniall"]


def test_one_client_that_leaves_does_not_release_another(rushes_sandbox: Sandbox) -> None:
    order = rushes_sandbox.order("stall-after-create", times=2)
    path, body = SUBMIT["toapis"]
    content = json.dumps(body).encode()
    with asked(rushes_sandbox, "POST", path, content) as stays:
        with asked(rushes_sandbox, "POST", path, content):
            assert order.wait(120, times=2)
        assert ask(rushes_sandbox, "GET", "/").status == 404
        stays.setblocking(False)
        with pytest.raises(BlockingIOError):
            stays.recv(1)
        stays.settimeout(30)
        order.release()
        assert heard(stays).status == 200


def test_a_look_and_an_upload_are_held_up_until_they_are_released(rushes_sandbox: Sandbox) -> None:
    submit(rushes_sandbox)
    for name, call in (("status-stall", look), ("upload-stall", upload)):
        order = rushes_sandbox.order(name)
        told: list[Told] = []
        thread = threading.Thread(target=lambda t=told, c=call: t.append(c(rushes_sandbox)))
        thread.start()
        assert order.wait(120)
        order.release()
        thread.join(30)
        assert told[0].status == 200
        assert told[0].json


def test_a_download_stops_at_its_middle_until_it_is_released(rushes_sandbox: Sandbox) -> None:
    path = video(rushes_sandbox)
    whole = ask(rushes_sandbox, "GET", path).body
    order = rushes_sandbox.order("download-stall")
    with asked(rushes_sandbox, "GET", path) as line:
        came = b""
        while len(came.partition(b"\r\n\r\n")[2]) < len(whole) // 2:
            came += line.recv(65536)
        assert came.partition(b"\r\n\r\n")[2] == whole[: len(whole) // 2]
        order.release()
        assert Told(came + heard(line).raw, was_reset=False).body == whole


STEPS = {"submit": submit, "status": look, "upload": upload}
PATIENT = ["drip", "endless", "bomb", "stall"]


def patient(what: str) -> list[str]:
    return [name for name in FAULTS if what in name.split("-") and "before" not in name]


@pytest.mark.parametrize("name", [name for what in PATIENT for name in patient(what)])
def test_closing_ends_what_is_held_up(name: str, caplog: Any, rushes_sandbox: Sandbox) -> None:
    step = FAULTS[name].step
    path = video(rushes_sandbox) if step == "download" else ""
    if step == "status":
        submit(rushes_sandbox)
    order = rushes_sandbox.order(name)
    if step == "download":
        thread = threading.Thread(target=ask, args=(rushes_sandbox, "GET", path))
    else:
        thread = threading.Thread(target=STEPS[step], args=(rushes_sandbox,))
    thread.start()
    assert order.wait(120)
    rushes_sandbox.close()
    thread.join(30)
    assert not thread.is_alive()
    assert caplog.records == []


def begun(sandbox: Sandbox, step: str) -> Any:
    """Open the request of a step, whose answer is then read by hand."""
    if step == "submit":
        path, body = SUBMIT["uniall"]
        return asked(sandbox, "POST", path, json.dumps(body).encode())
    return asked(sandbox, "GET", video(sandbox))


@pytest.mark.parametrize(
    ("name", "step"), [("drip-after-create", "submit"), ("download-drip", "download")]
)
def test_an_answer_drips_from_its_first_byte(rushes_sandbox: Sandbox, name: str, step: str) -> None:
    order = rushes_sandbox.order(name)
    with begun(rushes_sandbox, step) as line:
        parts: list[bytes] = []
        while len(b"".join(parts)) < 13:
            parts.append(line.recv(65536))
        assert b"".join(parts).startswith(b"HTTP/1.1 200 ")
        # Several at once only if this process was not looking for a while.
        assert len(parts) > 3
    assert order.struck == 1
    assert ask(rushes_sandbox, "GET", "/").status == 404


@pytest.mark.parametrize(
    ("name", "step"), [("endless-after-create", "submit"), ("download-endless", "download")]
)
def test_an_answer_never_ends(rushes_sandbox: Sandbox, name: str, step: str) -> None:
    rushes_sandbox.order(name)
    with begun(rushes_sandbox, step) as line:
        size = 0
        while size < 8_000_000:
            part = line.recv(65536)
            assert part
            size += len(part)
    assert ask(rushes_sandbox, "GET", "/").status == 404


@pytest.mark.parametrize(
    ("name", "step"), [("bomb-after-create", "submit"), ("download-bomb", "download")]
)
def test_a_bomb_is_small_until_it_is_unpacked(
    rushes_sandbox: Sandbox, name: str, step: str
) -> None:
    rushes_sandbox.order(name)
    with begun(rushes_sandbox, step) as line:
        told = heard(line)
    assert told.headers["content-encoding"] == "gzip"
    assert int(told.headers["content-length"]) == len(told.body) < 4_000_000
    unpacker, size, end, rest = zlib.decompressobj(31), 0, b"", told.body
    while rest:
        part = unpacker.decompress(rest, 1 << 20)
        size, end, rest = size + len(part), (end + part)[-1000:], unpacker.unconsumed_tail
    assert unpacker.eof
    assert size > 256 * 2**20
    if step == "submit":
        assert json.loads(end)["id"] == rushes_sandbox.created[0].id
    else:
        assert end.strip(b"\0") == b""


# Status ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_look_fails_once_and_then_is_well(rushes_sandbox: Sandbox, gateway: str) -> None:
    told = {}
    look(rushes_sandbox, gateway)
    for name in [*ROWS["a look that fails"], "status-401", "status-404"]:
        rushes_sandbox.order(name)
        told[name.removeprefix("status-")] = look(rushes_sandbox, gateway)
        assert look(rushes_sandbox, gateway).status == 200
    for status in (500, 429, 401, 404):
        assert told[str(status)].status == status
        assert told[str(status)].json["error"]["message"]
    assert told["429"].headers["retry-after"] == "1"
    assert told["drop"] == Told(b"", was_reset=False)
    assert told["reset"] == Told(b"", was_reset=True)
    assert told["html"].body.startswith(b"<!doctype html>")
    assert (told["empty"].status, told["empty"].body) == (200, b"")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        _ = told["cut-json"].json


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_task_is_said_to_have_ended(rushes_sandbox: Sandbox, gateway: str) -> None:
    look(rushes_sandbox, gateway)
    for word in ("cancelled", "expired", "failed"):
        rushes_sandbox.order(f"status-{word}")
        task = task_of(gateway, look(rushes_sandbox, gateway))
        assert task["status"] == word
        assert task["error"]["message"]
        assert task["id"] == rushes_sandbox.created[0].id
    rushes_sandbox.order("status-unknown-word")
    task = task_of(gateway, look(rushes_sandbox, gateway))
    assert (task["status"], task.get("error")) == ("simmering", None)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_progress_is_odd(rushes_sandbox: Sandbox, gateway: str) -> None:
    seen = []
    look(rushes_sandbox, gateway)
    for name in ROWS["odd progress"]:
        rushes_sandbox.order(name)
        task = task_of(gateway, look(rushes_sandbox, gateway))
        assert task["status"] in {"in_progress", "processing"}
        seen.append(repr(task["progress"]))
    assert seen == ["'50%'", "None", "150", "nan", "'abc'", "-3"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_status_is_not_to_be_believed(rushes_sandbox: Sandbox, gateway: str) -> None:
    look(rushes_sandbox, gateway)
    rushes_sandbox.order("status-backwards", times=2)
    turns = [task_of(gateway, look(rushes_sandbox, gateway)) for _ in range(2)]
    assert [turn["progress"] for turn in turns] == [90, 0]
    assert [turn["status"] for turn in turns] in (
        ["in_progress", "queued"],
        ["processing", "pending"],
    )
    rushes_sandbox.order("status-other-task")
    other = task_of(gateway, look(rushes_sandbox, gateway))
    assert other["id"] != rushes_sandbox.created[0].id
    assert other["status"] == "failed"


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_finished_task_leads_nowhere(rushes_sandbox: Sandbox, gateway: str) -> None:
    look(rushes_sandbox, gateway)
    rushes_sandbox.order("no-link")
    told = look(rushes_sandbox, gateway)
    assert task_of(gateway, told)["status"] == "completed"
    assert b"http" not in told.body
    for what, start in (
        ("file", b"file:///"),
        ("ftp", b"ftp://"),
        ("private", b"http://10.0.0.1/"),
        ("metadata", b"http://169.254.169.254/"),
    ):
        rushes_sandbox.order(f"link-{what}")
        told = look(rushes_sandbox, gateway)
        assert task_of(gateway, told)["status"] == "completed"
        assert start in told.body


# Download ----------------------------------------------------------------------------------


def test_half_a_video_can_be_continued(rushes_sandbox: Sandbox) -> None:
    path = video(rushes_sandbox)
    whole = ask(rushes_sandbox, "GET", path)
    order = rushes_sandbox.order("download-short", times=2)
    half = ask(rushes_sandbox, "GET", path)
    assert half.headers["content-length"] == whole.headers["content-length"]
    middle = len(whole.body) // 2
    assert half == Told(half.raw, was_reset=False)
    assert half.body == whole.body[:middle]
    rest_of_it = f"bytes={middle - 10}-"
    tag = half.headers["etag"]
    again = ask(rushes_sandbox, "GET", path, Range=rest_of_it, If_Range=tag)
    assert (again.status, again.body) == (206, whole.body[middle - 10 : middle])
    rest = ask(rushes_sandbox, "GET", path, Range=rest_of_it, If_Range=tag)
    assert (rest.status, rest.body) == (206, whole.body[middle - 10 :])
    assert order.struck == 2


def test_a_video_is_reset_by_its_middle(rushes_sandbox: Sandbox) -> None:
    path = video(rushes_sandbox)
    whole = ask(rushes_sandbox, "GET", path)
    rushes_sandbox.order("download-reset")
    half = ask(rushes_sandbox, "GET", path)
    assert half.was_reset
    assert half.headers["content-length"] == whole.headers["content-length"]
    assert half.body
    assert whole.body[: len(whole.body) // 2].startswith(half.body)
    assert ask(rushes_sandbox, "GET", path) == whole


def test_half_a_video_may_look_whole(rushes_sandbox: Sandbox) -> None:
    path = video(rushes_sandbox)
    whole = ask(rushes_sandbox, "GET", path).body
    rushes_sandbox.order("download-cut-silently")
    told = ask(rushes_sandbox, "GET", path)
    assert "content-length" not in told.headers
    assert (told.status, told.body, told.was_reset) == (200, whole[: len(whole) // 2], False)


def test_what_comes_is_no_video(rushes_sandbox: Sandbox) -> None:
    path = video(rushes_sandbox)
    told = {}
    for name in ROWS["no video"]:
        rushes_sandbox.order(name)
        told[name.removeprefix("download-")] = ask(rushes_sandbox, "GET", path)
    assert told["500"].status == 500
    assert told["html"].headers["content-type"].startswith("text/html")
    assert told["html-as-video"].headers["content-type"] == "video/mp4"
    assert told["html-as-video"].body.startswith(b"<!doctype html>")
    assert told["json"].json
    assert told["empty"].body == b""


def test_an_address_expires_and_the_next_look_tells_another(rushes_sandbox: Sandbox) -> None:
    old = video(rushes_sandbox)
    rushes_sandbox.order("download-expired")
    assert [ask(rushes_sandbox, "GET", old).status for _ in range(2)] == [403, 403]
    new = video(rushes_sandbox)
    assert new != old
    assert ask(rushes_sandbox, "GET", new).status == 200
    rushes_sandbox.order("download-expired", times=None)
    for _ in range(2):
        assert ask(rushes_sandbox, "GET", video(rushes_sandbox)).status == 403
    assert len(rushes_sandbox.created) == 1


def test_a_download_is_redirected(rushes_sandbox: Sandbox) -> None:
    path = video(rushes_sandbox)
    places = {}
    for what in ("file", "ftp", "private", "metadata", "loop"):
        rushes_sandbox.order(f"download-redirect-{what}")
        told = ask(rushes_sandbox, "GET", path)
        assert told.status == 302
        places[what] = told.headers["location"]
    assert places["loop"] == path
    assert places["file"].startswith("file:///")
    assert places["ftp"].startswith("ftp://")
    assert urlsplit(places["private"]).hostname == "10.0.0.1"
    assert urlsplit(places["metadata"]).hostname == "169.254.169.254"


# Upload ------------------------------------------------------------------------------------


def test_an_upload_fails_once_and_then_is_well(rushes_sandbox: Sandbox) -> None:
    told = {}
    for name in ROWS["an upload that fails"]:
        rushes_sandbox.order(name)
        told[name.removeprefix("upload-")] = upload(rushes_sandbox)
        assert upload(rushes_sandbox).json["success"] is True
    assert told["500"].status == 500
    assert told["drop"] == Told(b"", was_reset=False)
    assert told["reset"] == Told(b"", was_reset=True)
    assert told["html"].body.startswith(b"<!doctype html>")
    assert (told["empty"].status, told["empty"].body) == (200, b"")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        _ = told["cut-json"].json
