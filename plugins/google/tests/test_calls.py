"""Google's calls: addresses, the key, inline images, operations, and that the models have ended."""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import (
    Answer,
    Call,
    Client,
    Image,
    Polling,
    RefusedError,
    Request,
    RequestError,
    StillRunningError,
    TaskEndedError,
)
from rushes.plugins import Registry
from rushes.testing import Clock, Network, check

KEY = "AIza_of_nobody"
ROOT = "https://generativelanguage.googleapis.com/v1beta"
MODELS = {
    "google/veo-3.1": "veo-3.1-generate-preview",
    "google/veo-3.1-fast": "veo-3.1-fast-generate-preview",
    "google/veo-3.1-lite": "veo-3.1-lite-generate-preview",
}
VEO, FAST, LITE = MODELS
NAME = "models/veo-3.1-generate-preview/operations/abc123"
OTHER = "models/veo-3.1-generate-preview/operations/other"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
KITE = Request("A red kite")
SAMPLE = {"video": {"uri": f"{ROOT}/files/a936dm:download?alt=media"}}
DONE = {
    "name": NAME,
    "done": True,
    "response": {"generateVideoResponse": {"generatedSamples": [SAMPLE]}},
}
FILM = b"".join(
    (8 + len(inside)).to_bytes(4, "big") + kind + inside
    for kind, inside in ((b"ftyp", b"mp42" + bytes(12)), (b"moov", bytes(8)), (b"mdat", bytes(8)))
)
REGISTRY = Registry()


def before_the_end() -> Clock:
    """Return a clock of 2026-10-01, when the models still were there."""
    clock = Clock()
    clock.advance(1_790_812_800 - clock.now())
    return clock


@pytest.fixture
def network() -> Network:
    network = Network()
    for model in MODELS.values():
        network.on("POST", f"/v1beta/models/{model}:predictLongRunning", {"name": NAME})
    return network


def opened(home: Path, network: Network, clock: Clock) -> Client:
    return Client(
        keys={"google": KEY},
        home=home,
        transport=network,
        clock=clock,
        polling=Polling(first=15, every=60, at_most=600),
    )


@pytest.fixture
def client(network: Network, tmp_path: Path) -> Any:
    with opened(tmp_path / "home", network, before_the_end()) as one:
        yield one


def body(call: Call) -> Any:
    return json.loads(call.body or b"")


@pytest.mark.parametrize(("variant", "model"), MODELS.items())
def test_a_submit_is_one_post(variant: str, model: str, network: Network, client: Client) -> None:
    client.submit(variant, Request("Caf\u00e9", duration=4))
    (call,) = network.calls
    assert (call.method, call.url) == ("POST", f"{ROOT}/models/{model}:predictLongRunning")
    assert call.headers["x-goog-api-key"] == KEY
    assert "authorization" not in call.headers
    assert call.body == (
        b'{"instances":[{"prompt":"Caf\xc3\xa9"}],"parameters":{"durationSeconds":4}}'
    )


def test_an_operation_is_polled_by_its_name(network: Network, client: Client) -> None:
    network.on("GET", f"/v1beta/{NAME}", {"name": NAME}, {"name": NAME, "done": False}, DONE)
    task = client.wait(client.submit(VEO, KITE))
    assert task.state == "completed"
    polls = network.calls[1:]
    assert [call.url for call in polls] == [f"{ROOT}/{NAME}"] * 3
    assert all(call.headers["x-goog-api-key"] == KEY for call in polls)


def test_the_key_fetches_the_video_but_goes_to_no_other_host(
    network: Network, client: Client, tmp_path: Path
) -> None:
    network.on("GET", f"/v1beta/{NAME}", DONE)
    moved = Answer(302, {"location": "https://videos.example.org/a.mp4"}, b"")
    network.on("GET", "/v1beta/files/a936dm:download", moved)
    network.on("GET", "/a.mp4", FILM)
    task = client.wait(client.submit(VEO, KITE))
    client.fetch(task, output=tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == FILM
    ours, theirs = network.calls[-2:]
    assert ours.url == f"{ROOT}/files/a936dm:download?alt=media"
    assert ours.headers["x-goog-api-key"] == KEY
    assert KEY not in str(theirs.headers)


def test_a_video_without_the_right_host_gets_no_key(
    network: Network, client: Client, tmp_path: Path
) -> None:
    sample = {"video": {"uri": "https://files.example.org/a.mp4"}}
    response = {"generateVideoResponse": {"generatedSamples": [sample]}}
    network.on("GET", f"/v1beta/{NAME}", {**DONE, "response": response})
    network.on("GET", "/a.mp4", FILM)
    task = client.wait(client.submit(VEO, KITE))
    client.fetch(task, output=tmp_path / "a.mp4")
    assert KEY not in str(network.calls[-1].headers)


def test_another_operations_answer_is_not_believed(network: Network, client: Client) -> None:
    network.on("GET", f"/v1beta/{NAME}", {**DONE, "name": OTHER})
    task = client.submit(VEO, KITE)
    with pytest.raises(StillRunningError):
        client.wait(task, timeout=300)
    assert not client.task(task.id).ended


def test_filtered_content_fails_with_googles_reason(network: Network, client: Client) -> None:
    made = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["It shows a celebrity."]}
    network.on("GET", f"/v1beta/{NAME}", {**DONE, "response": {"generateVideoResponse": made}})
    with pytest.raises(TaskEndedError, match="celebrity"):
        client.wait(client.submit(VEO, KITE))


ODD: list[Any] = [
    {"name": NAME, "done": "true"},
    {"name": NAME, "done": 1},
    {"done": False},
    {"name": NAME, "done": True},
    {"name": NAME, "done": True, "response": {}},
    {"name": NAME, "done": True, "response": {"generateVideoResponse": []}},
    {},
    [],
    None,
]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_not_understood_ends_nothing(odd: Any, network: Network, client: Client) -> None:
    network.on("GET", f"/v1beta/{NAME}", odd)
    task = client.submit(VEO, KITE)
    with pytest.raises(StillRunningError):
        client.wait(task, timeout=130)
    assert not client.task(task.id).ended


def test_local_images_travel_within_the_body(
    network: Network, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "lamp.png"
    file.write_bytes(PNG)
    images = [Image(str(file), "first_frame"), Image(str(file), "last_frame")]
    client.submit(LITE, Request("A lamp", images=images))
    inline = {"bytesBase64Encoded": base64.b64encode(PNG).decode(), "mimeType": "image/png"}
    (call,) = network.calls
    assert body(call)["instances"] == [{"prompt": "A lamp", "image": inline, "lastFrame": inline}]
    client.submit(VEO, Request("A lamp", images=[Image(str(file), "reference")] * 2))
    assert body(network.calls[-1])["instances"] == [
        {
            "prompt": "A lamp",
            "referenceImages": [{"image": inline, "referenceType": "asset"}] * 2,
        }
    ]


def test_an_image_at_an_address_is_fetched_and_sent_inline(
    network: Network, tmp_path: Path
) -> None:
    network.on("GET", "/a.png", PNG)
    image = Image("https://pictures.example.com/a.png", "first_frame")
    with opened(tmp_path, network, before_the_end()) as client:
        task = client.submit(VEO, Request("A lamp", images=[image]))
    assert task.call
    sent = task.call.json()["instances"][0]["image"]
    assert sent == {"bytesBase64Encoded": base64.b64encode(PNG).decode(), "mimeType": "image/png"}
    assert "x-goog-api-key" not in network.calls[0].headers


@pytest.mark.parametrize("variant", MODELS)
def test_the_models_have_ended(variant: str, network: Network, tmp_path: Path) -> None:
    with opened(tmp_path, network, Clock()) as client:
        (problem,) = client.check(variant, KITE).problems
        assert problem.code == "gone"
        assert "2026-10-22" in problem.message
        with pytest.raises(RequestError, match="is gone"):
            client.submit(variant, KITE)
    assert not network.calls


def test_tasks_from_before_the_end_are_followed(network: Network, tmp_path: Path) -> None:
    network.on("GET", f"/v1beta/{NAME}", DONE)
    with opened(tmp_path, network, before_the_end()) as client:
        task = client.submit(VEO, KITE)
    with opened(tmp_path, network, Clock()) as client:
        assert client.wait(task.id).state == "completed"


def error(code: int, status: str, message: str, *details: Any) -> Answer:
    found = {"code": code, "message": message, "status": status, "details": list(details)}
    return Answer(code, {}, json.dumps({"error": found}).encode())


def test_a_wrong_key_is_called_one(network: Network, client: Client) -> None:
    invalid = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    network.on(
        "POST",
        f"/v1beta/models/{MODELS[VEO]}:predictLongRunning",
        error(400, "INVALID_ARGUMENT", "API key not valid.", invalid),
    )
    with pytest.raises(RefusedError, match="API key not valid") as caught:
        client.submit(VEO, KITE)
    assert "key" in str(caught.value)


LOADED = REGISTRY.get(VEO)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("34s", 34.0),
        ("1.5s", 1.5),
        ("0s", 0.0),
        ("34", None),
        ("s", None),
        ("-3s", None),
        ("1e9s", None),
        ("infs", None),
        ("nans", None),
        ("\u0663s", None),
        ("1" * 12 + "s", None),
        (34, None),
        (None, None),
    ],
)
def test_the_wait_stands_in_the_body(delay: Any, seconds: float | None) -> None:
    quota = {"violations": [{"quotaId": "PerDay"}]}
    answer = error(429, "RESOURCE_EXHAUSTED", "Quota.", quota, {"retryDelay": delay})
    refusal = LOADED.call("parse_refusal", answer=answer)
    assert refusal.kind == "wait"
    assert refusal.retry_after == seconds


def test_the_header_counts_before_the_body() -> None:
    answer = error(429, "RESOURCE_EXHAUSTED", "Quota.", {"retryDelay": "34s"})
    both = msgspec.structs.replace(answer, headers={"retry-after": "7"})
    assert LOADED.call("parse_refusal", answer=both).retry_after == 7


def test_limits_of_images_are_the_documented_ones() -> None:
    uploads = LOADED.variant.uploads
    assert uploads is not None
    assert sorted(uploads.types) == ["image/jpeg", "image/png"]
    assert not uploads.addresses
    assert uploads.max_bytes in (20_000_000, 20 * 1024 * 1024)


@pytest.mark.parametrize(
    ("variant", "fields", "cost"),
    [
        (VEO, {}, 3.20),
        (VEO, {"duration": 4}, 1.60),
        (VEO, {"resolution": "1080p"}, 3.20),
        (VEO, {"resolution": "4k"}, 4.80),
        (FAST, {}, 0.80),
        (FAST, {"duration": 6}, 0.60),
        (FAST, {"resolution": "1080p"}, 0.96),
        (FAST, {"resolution": "4k"}, 2.40),
        (LITE, {}, 0.40),
        (LITE, {"duration": 4}, 0.20),
        (LITE, {"resolution": "1080p"}, 0.64),
    ],
)
def test_costs(variant: str, fields: dict[str, Any], cost: float) -> None:
    assert check(REGISTRY.get(variant), Request("Kites", **fields)).cost == cost


@pytest.mark.parametrize(
    ("variant", "fields", "path"),
    [
        (VEO, {"duration": 5}, "duration"),
        (VEO, {"duration": 4, "resolution": "1080p"}, "duration"),
        (LITE, {"resolution": "4k"}, "resolution"),
        (LITE, {"duration": 6, "resolution": "1080p"}, "duration"),
        (VEO, {"aspect_ratio": "1:1"}, "aspect_ratio"),
        (VEO, {"audio": False}, "audio"),
        (VEO, {"prompt": ""}, "prompt"),
        (VEO, {"seed": 4294967296}, "seed"),
    ],
)
def test_what_is_refused_is_blamed_on_the_request(
    variant: str, fields: dict[str, Any], path: str
) -> None:
    report = check(REGISTRY.get(variant), Request(**{"prompt": "Kites", **fields}))
    assert {problem.path for problem in report.problems} == {path}


def local(folder: Path, *roles: Any) -> list[Image]:
    file = folder / "lamp.png"
    file.write_bytes(PNG)
    return [Image(str(file), role) for role in roles]


@pytest.mark.parametrize(
    ("variant", "roles", "more", "path"),
    [
        (VEO, ("last_frame",), {}, "images[0].url"),
        (LITE, ("last_frame",), {}, "images[0].url"),
        (LITE, ("reference",), {}, "images[0].role"),
        (VEO, ("first_frame", "reference"), {}, "images"),
        (VEO, ("reference",), {"duration": 4}, "duration"),
        (VEO, ("reference",) * 4, {}, "images"),
    ],
)
def test_rules_about_images(
    variant: str, roles: tuple[str, ...], more: dict[str, Any], path: str, tmp_path: Path
) -> None:
    request = Request("Kites", images=local(tmp_path, *roles), **more)
    found = {problem.path for problem in check(REGISTRY.get(variant), request).problems}
    assert found == {path}


@pytest.mark.parametrize(
    ("roles", "mode"),
    [
        ((), "text"),
        (("first_frame",), "frame control"),
        (("first_frame", "last_frame"), "frame control"),
        (("reference",), "reference"),
    ],
)
def test_input_modes(roles: tuple[str, ...], mode: str, tmp_path: Path) -> None:
    report = check(REGISTRY.get(VEO), Request("Kites", images=local(tmp_path, *roles)))
    assert report.input_mode == mode
