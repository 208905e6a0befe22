"""Recordings: without anything secret, and read again by the kit as they were read."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from kit_toy import Toy, ToyKit, failures, kit
from rushes import Answer, Receipt, Status, hookimpl
from rushes.recordings import RecordedAnswer, Recorder, Recording, reads_of, recordings_in

TEST = "test_recordings_are_read_as_recorded"
KEY = "toy-secret-key-2f9c"
BASE = "http://127.0.0.1:9/toy"


def recorded(folder: Path, *answers: RecordedAnswer, **changes: Any) -> None:
    toy = ToyKit()
    payload = toy.check({**toy.native()}).complete_payload()
    made = Recording(
        variant=toy.variant.id,
        date="2026-01-02",
        source="nowhere",
        payload=msgspec.to_builtins(payload),
        answers=answers,
    )
    folder.mkdir(exist_ok=True)
    path = folder / f"{len([*folder.iterdir()])}.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(made, **changes)))


def read(kit: Any, *answers: RecordedAnswer) -> list[RecordedAnswer]:
    payload = kit.check(kit.native()).complete_payload()
    reads = reads_of(kit.loaded(), payload, answers)
    return [msgspec.structs.replace(a, read=r) for a, r in zip(answers, reads, strict=True)]


ACCEPTED = RecordedAnswer(hook="parse_submit", status=200, body={"clip": {"id": "c-1"}})
WAITING = RecordedAnswer(hook="parse_status", status=200, body={"phase": "waiting"})
REFUSED = RecordedAnswer(hook="parse_refusal", status=500, body="<html>")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    place = tmp_path / "recordings"
    monkeypatch.setattr(ToyKit, "recordings_path", lambda self: place)
    return place


def test_what_is_read_as_it_was_passes(folder: Path, tmp_path: Path) -> None:
    assert failures(kit(tmp_path), TEST) == {}  # there is none
    recorded(folder, *read(ToyKit(), ACCEPTED, WAITING, REFUSED))
    recorded(folder, variant="acme/another", payload={"nonsense": 1})
    assert failures(kit(tmp_path), TEST) == {}


def test_what_is_read_otherwise_fails(folder: Path, tmp_path: Path) -> None:
    answers = read(ToyKit(), ACCEPTED, REFUSED)
    recorded(folder, msgspec.structs.replace(answers[0], read={"receipt": {"remote_id": "c-2"}}))
    message = failures(kit(tmp_path), TEST)[TEST]
    assert "parse_submit reads" in message
    assert "from an answer recorded on 2026-01-02 from nowhere" in message


def test_a_payload_that_is_refused_now_fails(folder: Path, tmp_path: Path) -> None:
    recorded(folder, payload={"kite": True})
    message = failures(kit(tmp_path), TEST)[TEST]
    assert "the payload that was recorded on 2026-01-02 is refused now" in message


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('{"variant": 1}')
    with pytest.raises(ValueError, match=r"odd\.json is not a recording: "):
        list(recordings_in(tmp_path))
    assert list(recordings_in(tmp_path / "nowhere")) == []


def hear(recorder: Recorder, hook: str, answer: Answer) -> None:
    """Let a recorder see an answer, as pluggy would."""
    steps = getattr(recorder, hook)(answer)
    next(steps)
    with pytest.raises(StopIteration):
        steps.send(None)


def test_nothing_of_the_account_is_kept() -> None:
    toy, recorder = ToyKit(), Recorder()
    loaded = toy.loaded(BASE)
    body = {
        "clip": {"id": "c-1"},
        "echo": f"Bearer {KEY}",
        "film": "https://cdn.elsewhere.example/u-123/film.mp4?X-Signature=abc",
        "again": ["https://cdn.elsewhere.example/u-123/film.mp4?X-Signature=abc"],
        "still": "see https://cdn.elsewhere.example/u-123/still please",
        "poll": f"{BASE}/v2/clips/c-1?token=abc",
    }
    headers = {"content-type": "application/json", "x-account": "u-123", "retry-after": "3"}
    hear(recorder, "parse_submit", Answer(200, headers, msgspec.json.encode(body)))
    for _ in range(3):
        hear(recorder, "parse_refusal", Answer(502, {}, f"<html>{KEY} \xff".encode("latin-1")))
    payload = toy.check(toy.native()).complete_payload()
    made = recorder.recording(loaded, payload, date="2026-01-02", source="here", secrets=[KEY])
    text = msgspec.json.encode(made).decode()
    for secret in (KEY, "X-Signature", "u-123", "127.0.0.1", "token=", "elsewhere"):
        assert secret not in text, secret
    submit, refusal = made.answers
    assert submit.headers == {"content-type": "application/json", "retry-after": "3"}
    assert submit.body["film"] == submit.body["again"][0] == "https://files.example.com/1.mp4"
    assert submit.body["still"] == "see https://files.example.com/2 please"
    assert submit.body["poll"] == "https://gateway.example.com/v2/clips/c-1"
    assert submit.read["receipt"]["remote_id"] == "c-1"
    assert refusal.read["refusal"]["kind"] == "unknown"
    assert refusal.answer().body.startswith(b"<html>")


def test_a_status_is_read_with_the_receipt_before_it() -> None:
    class Counts(Toy):
        @hookimpl
        def parse_status(  # type: ignore[override]
            self, answer: Answer, receipt: Receipt
        ) -> Status | None:
            return Status(state="queued", remote_id=receipt.remote_id)

    (_, status) = read(kit(Path("nowhere"), Counts()), ACCEPTED, WAITING)
    assert status.read["status"]["remote_id"] == "c-1"
