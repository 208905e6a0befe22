"""The kit on plugins that drop, repeat or change fields or do I/O: each fails the test for it."""

import datetime
import itertools
import random
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from kit_toy import Toy, failures, kit
from msgspec import Struct
from rushes import (
    Answer,
    Built,
    Call,
    Draft,
    LocalFile,
    Receipt,
    Refusal,
    Request,
    Status,
    Steps,
    Variant,
    hookimpl,
    refusal_by_status,
)


class Mapped(Toy):
    """A toy whose draft is changed by a function."""

    def __init__(self, change: Callable[[Draft, Request], Any], **parts: Any) -> None:
        super().__init__(**parts)
        self.change = change

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = super().build_payload(variant, request)
        self.change(draft, request)
        return draft


def _no_second_shot(draft: Draft, request: Request) -> None:
    for scene in draft.body.get("scenes", ()) if request.shots else ():
        scene.pop("seconds", None)


def _one_resolution(draft: Draft, request: Request) -> None:
    if request.resolution == "1080p":
        draft.body["quality"] = "fast"


def _drops_native(draft: Draft, request: Request) -> None:
    if draft.native:
        draft.body.pop("start", None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda draft, request: draft.take("seed"), "takes seed and drops it"),
        (lambda draft, request: draft.body.pop("options", None) if not draft.native else None,
         "`negative_prompt` = 'blur' is dropped"),
        (_no_second_shot, "make the same payload"),
        (_one_resolution, "`resolution` = '720p' and '1080p' make the same payload"),
        (_drops_native, "`start` = 'https://pictures.example.com/a.png' is dropped"),
    ],
)  # fmt: skip
def test_a_dropped_field_is_detected(
    tmp_path: Path, change: Callable[[Draft, Request], Any], says: str
) -> None:
    found = failures(kit(tmp_path, Mapped(change)), "test_nothing_is_dropped")
    assert says in found.get("test_nothing_is_dropped", "NOTHING FAILED")


def test_a_field_set_twice_without_a_problem_is_detected(tmp_path: Path) -> None:
    def overrule(draft: Draft, request: Request) -> None:
        if request.duration is not None and "seconds" in request.extra:
            draft.body["seconds"] = request.extra["seconds"]
            draft._extra = {k: v for k, v in request.extra.items() if k != "seconds"}

    def overrule_shots(draft: Draft, request: Request) -> None:
        if request.shots and "scenes" in request.extra:
            draft._extra = {}

    for change, says in (
        (overrule, "`duration` and `extra.seconds`"),
        (overrule_shots, "`shots` and"),
    ):
        found = failures(kit(tmp_path, Mapped(change)), "test_a_field_said_twice_is_a_problem")
        assert says in found.get("test_a_field_said_twice_is_a_problem", "NOTHING FAILED")


def _changes_the_request(draft: Draft, request: Request) -> None:
    if isinstance(draft.body.get("options"), dict):
        draft.body["options"]["seen"] = True


def test_a_build_that_changes_its_request_is_detected(tmp_path: Path) -> None:
    found = failures(kit(tmp_path, Mapped(_changes_the_request)), "test_building_is_pure")
    assert "the request is changed" in found["test_building_is_pure"]


def test_a_build_that_differs_between_two_calls_is_detected(tmp_path: Path) -> None:
    numbers = itertools.count()

    def count(draft: Draft, request: Request) -> None:
        draft.body["prompt"] = f"k{next(numbers)}"

    found = failures(kit(tmp_path, Mapped(count)), "test_building_is_pure")
    assert "two checks of" in found["test_building_is_pure"]


def test_a_submit_that_changes_the_payload_or_differs_is_detected(tmp_path: Path) -> None:
    numbers = itertools.count()

    class Changing(Toy):
        @hookimpl
        def submit(self, variant: Variant, payload: Struct, client_id: str) -> Call:
            if isinstance(options := getattr(payload, "options", None), dict):
                options["sent"] = True
            return super().submit(variant, payload, client_id)

    class Numbering(Toy):
        @hookimpl
        def submit(self, variant: Variant, payload: Struct, client_id: str) -> Call:
            return super().submit(variant, payload, f"{client_id}-{next(numbers)}")

    for plugin, says in ((Changing(), "the payload is changed"), (Numbering(), "two calls for")):
        found = failures(kit(tmp_path, plugin), "test_building_is_pure")
        assert says in found.get("test_building_is_pure", "NOTHING FAILED")


def _caught() -> None:
    try:
        time.time()
    except Exception:  # noqa: BLE001 - this is what must not help
        return


IMPURE: dict[str, Callable[[], Any]] = {
    "open": lambda: Path("/etc/hostname").read_text(),
    "stat": lambda: Path("/etc/hostname").exists(),
    "socket": lambda: socket.socket().close(),
    "look-up": lambda: socket.getaddrinfo("localhost", 80),
    "time.time": lambda: time.time(),
    "monotonic": lambda: monotonic(),
    "now": lambda: datetime.datetime.now(datetime.UTC),
    "today": lambda: datetime.date.today(),
    "gmtime": lambda: time.gmtime(),
    "random": lambda: random.choice("ab"),
    "sleep": lambda: time.sleep(0),
    "print": lambda: print("looking"),  # noqa: T201
    "caught": _caught,
}


@pytest.mark.parametrize("look", IMPURE.values(), ids=IMPURE)
def test_an_impure_hook_is_detected(tmp_path: Path, look: Callable[[], Any]) -> None:
    plugin = Mapped(lambda draft, request: look())
    found = failures(kit(tmp_path, plugin), "test_no_hook_does_io")
    assert "a hook " in found.get("test_no_hook_does_io", "NOTHING FAILED")


class Looking(Toy):
    """Reads the clock in one hook."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def look(self, hook: str) -> None:
        if hook == self.where:
            time.time()

    @hookimpl
    def submit(self, variant: Variant, payload: Struct, client_id: str) -> Call:
        self.look("submit")
        return super().submit(variant, payload, client_id)

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | Refusal | None:
        self.look("parse_submit")
        return super().parse_submit(answer)

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        status = super().parse_status(answer)
        if status and status.state == "completed":
            self.look("parse_status")
        return status

    @hookimpl
    def parse_refusal(self, answer: Answer) -> Refusal:
        self.look("parse_refusal")
        return refusal_by_status(answer.status, answer)

    @hookimpl
    def authorize(self, key: str, now: float) -> Mapping[str, str]:
        self.look("authorize")
        day = time.strftime("%Y%m%d", time.gmtime(now))
        return {"X-Auth": f"{day}:{key}"}

    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        answer = yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))
        self.look("poll")
        return answer

    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        self.look("upload")
        return (yield from super().upload(variant, file))

    @hookimpl
    def cancel(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        self.look("cancel")
        return (yield from super().cancel(variant, receipt))


@pytest.mark.parametrize(
    "hook",
    [
        "submit",
        "parse_submit",
        "parse_status",
        "parse_refusal",
        "authorize",
        "poll",
        "upload",
        "cancel",
    ],
)
def test_every_hook_is_barred_from_io(tmp_path: Path, hook: str) -> None:
    found = failures(kit(tmp_path, Looking(hook)), "test_no_hook_does_io")
    assert "time.time" in found.get("test_no_hook_does_io", "NOTHING FAILED")


def test_a_given_time_may_be_formatted(tmp_path: Path) -> None:
    assert not failures(kit(tmp_path, Looking("nowhere")), "test_no_hook_does_io")


def test_a_declared_path_is_enough_to_collide(tmp_path: Path) -> None:
    assert isinstance(Toy().declaration.fields["shots"], Built)
    assert not failures(kit(tmp_path), "test_a_field_said_twice_is_a_problem")
