"""An outside author's plugin: its kit, and whole jobs through a client."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oddity
import pytest
from acme_server import VIDEO
from rushes import (
    Answer,
    Call,
    Client,
    ConfigurationError,
    Image,
    NotOfferedError,
    OutcomeUnknownError,
    RefusedError,
    Request,
    Result,
    Status,
    StillRunningError,
    capabilities,
)
from rushes.testing import DROPPED, Clock, Network, VariantConformance

LOOK = {"at": "https://pictures.example/look.png"}
OPENING = "https://pictures.example/a.png"
FILM: dict[str, Any] = {"link": "https://films.oddity.example/1.mp4", "until": 1.8e9}
MADE = {"clip": "c-1", "phase": "made", "done": 1, "film": FILM}
STORED = {"put": "https://store.oddity.example/f-1?sig=x", "handle": "oddity://f-1"}
ORBIT = {"move": "orbit", "turns": 2}
DRIFT = {"model": "drift-2", "text": "A red kite"}
TURBO = {"text": "A red kite"}
EXCHANGES = {
    "poll": [{"code": 0, "data": {"phase": "made"}}, {"code": 0, "data": {"film": FILM}}],
    "upload": [{"code": 0, "data": STORED}, {}],
}
TOO_QUICK = {"turns_take_time": {"text": "A red kite", "frames": 89, "camera": ORBIT}}
TOO_QUICK_DRIFT = {"turns_take_time": {**DRIFT, "frames": 89, "camera": ORBIT}}


class Oddity(VariantConformance):
    """What both models have in common; subclasses name the model."""

    __test__ = False
    statuses = (
        (
            {"code": 0, "data": MADE},
            Status(
                state="completed",
                progress=100,
                results=(Result(url=FILM["link"], expires_at=1.8e9),),
                remote_id="c-1",
            ),
        ),
        (
            {"code": 0, "data": {"clip": "c-1", "phase": "spoilt", "done": 0.5, "why": "Ink"}},
            Status(state="failed", progress=50, reason="Ink", remote_id="c-1"),
        ),
    )
    exchanges = EXCHANGES
    refusals = (
        (200, {"code": 4001, "note": "The text is too long."}, "refused"),
        (200, {"code": 4003, "note": "Not this."}, "content"),
        (200, {"code": 4020, "note": "No credits."}, "balance"),
        (200, {"code": 4010, "note": "Wrong signature."}, "key"),
        (200, {"code": 4290, "note": "Too fast."}, "wait"),
        (200, {"code": 4999, "note": "Something else."}, "refused"),
    )


class TestDrift(Oddity):
    """The large model."""

    __test__ = True
    plugin = oddity.drift
    accepted = (
        DRIFT,
        {**DRIFT, "frames": 241, "camera": {"move": "orbit", "turns": 4}},
        {**DRIFT, "frames": 97, "camera": ORBIT},
        {**DRIFT, "frames": 121, "size": "1920x1080"},
        Request("k", duration=3, images=[Image(OPENING, "first_frame")]),
    )
    rejected = TOO_QUICK_DRIFT


class TestTurbo(Oddity):
    """The small model, which no field of the payload names."""

    __test__ = True
    plugin = oddity.turbo
    accepted = (
        TURBO,
        {**TURBO, "frames": 97, "camera": ORBIT},
        {**TURBO, "frames": 121, "size": "1920x1080", "looks": [LOOK]},
        Request("k", duration=3, images=[Image(OPENING, "first_frame")]),
    )
    rejected = TOO_QUICK


CLIP = {"clip": "c-1", "region": "eu-7"}
CLIPS = "/v3/eu-7/clips/c-1"
SECRETS = {"oddity.access_key": "half-one", "oddity.secret_key": "half-two"}
KITE = Request("A red kite", duration=3)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def good(**data: Any) -> dict[str, Any]:
    return {"code": 0, "data": data}


@pytest.fixture
def network() -> Network:
    """Return a provider that makes every clip at the second poll."""
    network = Network()
    network.on("POST", "/v3/clips", good(**CLIP))
    network.on("POST", "/v3/turbo/clips", good(**CLIP))
    made = good(clip="c-1", phase="made", done=1)
    network.on("GET", CLIPS, good(clip="c-1", phase="drawing", done=0.5), made)
    network.on("GET", f"{CLIPS}/film", good(film={"link": FILM["link"]}))
    network.on("GET", "/1.mp4", VIDEO)
    return network


def opened(network: Network, home: Path) -> Client:
    plugins = [oddity.drift, oddity.turbo]
    return Client(plugins=plugins, home=home, keys=SECRETS, transport=network, clock=Clock())


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Iterator[Client]:
    with opened(network, tmp_path / "home") as client:
        yield client


def lines(network: Network) -> list[str]:
    """List the calls that were sent, without the origin of the provider."""
    return [f"{call.method} {call.url.removeprefix(oddity.BASE)}" for call in network.calls]


def assert_signed(call: Call) -> None:
    """Check the signature as the provider would."""
    time, path = call.headers["x-odd-time"], call.url.removeprefix(oddity.BASE)
    signed = f"{call.method}\n{path}\n{time}\n".encode() + (call.body or b"")
    wanted = hmac.new(b"half-two", signed, hashlib.sha256).hexdigest()
    assert call.headers["x-odd-sign"] == f"half-one:{wanted}"


@pytest.mark.parametrize("model", ["drift-2", "drift-2-turbo"])
def test_a_job_is_followed_in_its_region_and_fetched(
    model: str, network: Network, client: Client, tmp_path: Path
) -> None:
    video = tmp_path / "kite.mp4"
    task = client.generate(f"oddity/{model}", KITE, output=video)
    assert task.state == "completed"
    assert video.read_bytes() == VIDEO
    assert lines(network) == [
        "POST /v3/clips" if model == "drift-2" else "POST /v3/turbo/clips",
        f"GET {CLIPS}",
        f"GET {CLIPS}",
        f"GET {CLIPS}/film",
        f"GET {FILM['link']}",
    ]
    for call in network.calls[:-1]:
        assert_signed(call)
    assert not {"x-odd-sign", "x-odd-time"} & set(network.calls[-1].headers)
    body = network.calls[0].json()
    assert body["frames"] == 73
    assert body.get("model") == ("drift-2" if model == "drift-2" else None)


def test_a_local_image_is_sent_as_its_handle(
    network: Network, client: Client, tmp_path: Path
) -> None:
    network.on("POST", "/v3/files", good(**STORED))
    network.on("PUT", "/f-1", b"")
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    client.submit("oddity/drift-2", Request("k", images=[Image(str(picture), "first_frame")]))
    begun, stored, sent = network.calls
    assert begun.json() == {"type": "image/png", "bytes": len(PNG)}
    assert_signed(begun)
    assert (stored.url, stored.body) == (STORED["put"], PNG)
    assert "x-odd-sign" not in stored.headers
    assert sent.json()["opening"] == STORED["handle"]


@pytest.mark.parametrize(
    ("begun", "stored", "said"),
    [
        ({"code": 4020, "note": "No room."}, Answer(200), r"No room\."),
        (good(**STORED), Answer(403), "403"),
    ],
)
def test_a_file_that_is_not_stored_is_not_submitted(
    begun: Any, stored: Answer, said: str, network: Network, client: Client, tmp_path: Path
) -> None:
    network.on("POST", "/v3/files", begun)
    network.on("PUT", "/f-1", stored)
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    request = Request("k", images=[Image(str(picture), "first_frame")])
    with pytest.raises(RefusedError, match=said):
        client.submit("oddity/drift-2", request)
    assert "POST /v3/clips" not in lines(network)


def test_an_error_inside_http_200_is_a_refusal(network: Network, client: Client) -> None:
    network.on("POST", "/v3/clips", {"code": 4003, "note": "No kites."})
    with pytest.raises(RefusedError, match=r"No kites\.") as caught:
        client.submit("oddity/drift-2", KITE)
    assert caught.value.refusal is not None
    assert (caught.value.refusal.kind, caught.value.refusal.code) == ("content", "4003")


def test_a_film_that_has_to_wait_is_asked_for_again(network: Network, client: Client) -> None:
    network.on("GET", f"{CLIPS}/film", {"code": 4290, "note": "Busy."}, good(film=FILM))
    task = client.wait(client.submit("oddity/drift-2", KITE))
    assert task.state == "completed"
    assert lines(network).count(f"GET {CLIPS}/film") == 2


def test_a_poll_that_is_refused_ends_the_wait(network: Network, client: Client) -> None:
    task = client.submit("oddity/drift-2", KITE)
    network.on("GET", CLIPS, {"code": 4010, "note": "Wrong signature."})
    with pytest.raises(StillRunningError, match="refused the key"):
        client.wait(task)
    assert client.task(task.id).state == "queued"


def test_a_clip_is_cancelled_only_while_it_waits(network: Network, client: Client) -> None:
    task = client.submit("oddity/drift-2", KITE)
    network.on("POST", f"{CLIPS}/stop", good())
    with pytest.raises(NotOfferedError):
        client.cancel(task)  # it is being drawn
    assert f"POST {CLIPS}/stop" not in lines(network)
    waiting, stopped = (good(clip="c-1", phase=phase) for phase in ("waiting", "stopped"))
    network.on("GET", CLIPS, waiting, stopped)
    assert client.cancel(task).state == "cancelled"
    assert_signed(network.calls[-2])


def test_a_refused_cancel_is_told(network: Network, client: Client) -> None:
    task = client.submit("oddity/drift-2", KITE)
    network.on("GET", CLIPS, good(clip="c-1", phase="waiting"))
    network.on("POST", f"{CLIPS}/stop", {"code": 4091, "note": "Too late."})
    with pytest.raises(StillRunningError, match=r"Too late\."):
        client.cancel(task)
    assert client.task(task.id).state == "queued"


def test_another_process_resumes_where_the_first_left_it(network: Network, tmp_path: Path) -> None:
    with opened(network, tmp_path / "home") as first:
        sent = first.submit("oddity/drift-2", KITE)
    with opened(network, tmp_path / "home") as second:
        task = second.resume(sent.id, output=tmp_path / "kite.mp4")
    assert task.state == "completed"
    assert (tmp_path / "kite.mp4").read_bytes() == VIDEO
    assert lines(network).count("POST /v3/clips") == 1


def test_a_lost_answer_is_resolved_with_the_region(network: Network, client: Client) -> None:
    network.on("POST", "/v3/clips", DROPPED)
    with pytest.raises(OutcomeUnknownError) as caught:
        client.submit("oddity/drift-2", KITE)
    assert caught.value.task is not None
    with pytest.raises(ConfigurationError, match="an object with region"):
        client.resolve(caught.value.task, remote_id="c-1")
    client.resolve(caught.value.task, remote_id="c-1", memo={"region": "eu-7"})
    assert client.wait(caught.value.task.id).state == "completed"


def test_no_half_of_the_key_is_shown(network: Network, client: Client) -> None:
    network.on("POST", "/v3/clips", {"code": 4010, "note": "half-one, half-two: unknown"})
    with pytest.raises((RefusedError, ConfigurationError)) as caught:
        client.submit("oddity/drift-2", KITE)
    output = str(caught.value) + json.dumps([str(task) for task in client.tasks()])
    assert "half-" not in output


def test_limits_in_frames_are_told_in_seconds(client: Client) -> None:
    problem = client.check("oddity/drift-2", Request("k", duration=6, resolution="1080p")).problems[
        0
    ]
    assert problem.path == "duration"
    assert problem.message.startswith("6 is not accepted when ")
    assert "accepted: 1, 2, 3, 4, 5)" in problem.message
    assert problem.accepted == [5, 4, 3, 2, 1]


def test_what_a_declaration_says_is_known_before_it_is_loaded() -> None:
    (_, condition) = capabilities(oddity.drift)["duration"].conditions
    assert condition.startswith("duration accepts only 1, 2, 3, 4 and 5 when ")
