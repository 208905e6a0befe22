"""smoke: the cheapest job, only with consent; its recording has no secret, and is read again."""

import json
from pathlib import Path

import pytest
from cli_gateway import KEY, Gateway, Reply, response
from cli_runs import inside
from rushes.plugins import Registry
from rushes.recordings import reads_of, recordings_in
from rushes_cli._request.cheapest import cheapest_request
from rushes_cli._runtime import clients

pytestmark = pytest.mark.usefixtures("soon")
NAME = "toapis-kling-v2-6.json"


def test_without_consent_nothing_is_sent(gateway: Gateway, tmp_path: Path) -> None:
    run = inside("smoke", "toapis", "--record", str(tmp_path))
    assert run.code == 0
    assert '"duration": 5' in run.err
    assert "Nothing was sent. With --spend it is, and costs money." in run.err
    run = inside("smoke", "toapis", "--spend", "--record", str(tmp_path), stdin="n\n")
    assert run.code == 2
    assert "give --yes to send it" in run.err
    assert gateway.paid == []
    assert list(tmp_path.glob("*.json")) == []


def test_what_was_answered_is_recorded_and_read_again(gateway: Gateway, tmp_path: Path) -> None:
    gateway.polls = ["queued", "queued", "in_progress", "completed"]
    run = inside("smoke", "toapis", "--spend", "--yes", "--record", str(tmp_path))
    assert run.code == 0, run
    assert len(gateway.paid) == 1
    assert f"Recorded: {tmp_path / NAME}" in run.err
    text = (tmp_path / NAME).read_text()
    assert KEY not in text
    assert gateway.url not in text
    (recording,) = recordings_in(tmp_path)
    assert recording.source == "a sandbox on this machine"
    states = [answer.read.get("status", {}).get("state") for answer in recording.answers]
    assert states == [None, "queued", "in_progress", "completed"]
    loaded = Registry().get(recording.variant)
    with clients.make_client() as client:
        payload = client.check_payload(recording.variant, recording.payload).complete_payload()
    again = reads_of(loaded, payload, recording.answers)
    assert again == [answer.read for answer in recording.answers]


def test_a_refusal_is_recorded_too(gateway: Gateway, tmp_path: Path) -> None:
    body = {"error": {"code": "content_policy_violation", "message": f"never with {KEY}"}}
    gateway.submits = [lambda _task: response(422, body)]
    run = inside("smoke", "toapis", "--spend", "--yes", "--record", str(tmp_path))
    assert run.code == 4
    text = (tmp_path / NAME).read_text()
    assert KEY not in text
    kinds = [
        next(iter(answer.get("read") or {"none": 0})) for answer in json.loads(text)["answers"]
    ]
    assert "refusal" in kinds


def test_the_cheapest_variant_is_taken() -> None:
    with clients.make_client() as client:
        names = [name for name in client.registry.ids() if name.startswith("uniall/")]
        report = cheapest_request(client, names)
        assert report
        assert report.variant == "uniall/kling-v3-std-silent"
        assert report.payload.duration == 3


def test_unknown_providers_and_variants_are_named() -> None:
    assert inside("smoke", "nobody").code == 2
    ended = inside("smoke", "google")
    assert ended.code == 2
    assert "its provider ended it on 2026-10-22" in ended.err
    run = inside("smoke", "toapis", "-m", "apimart/kling-v3")
    assert run.code == 2
    assert "is not an installed variant of toapis" in run.err


def test_nothing_is_bought_that_could_not_be_recorded(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = inside("smoke", "toapis", "--spend", "--yes", "--record", str(tmp_path / "file" / "a"))
    assert run.code == 3, run
    assert "Name another folder with --record" in run.err
    assert gateway.paid == []


def test_a_recording_that_fails_hides_nothing_that_was_bought(
    gateway: Gateway, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"

    def vanish(task: str) -> Reply:
        folder.rmdir()
        folder.touch()
        return gateway.accepted(task)

    gateway.submits = [vanish]
    run = inside("smoke", "toapis", "--spend", "--yes", "--record", str(folder))
    assert run.code == 0, run
    assert "Not recorded: " in run.err
    assert run.out.endswith(".mp4\n")
