"""try: a file that is not installed is checked, sent and resumed as if it were."""

import json
from pathlib import Path

import pytest
from cli_gateway import KEY, Gateway, response
from cli_runs import inside

FILE = """\
from typing import Annotated, Literal
from msgspec import Meta, Struct
from rushes import Answers, Provider, Request, Source, Text, To, absent, hookimpl

acme = Provider(
    spec=2, id="acme", base_url="https://api.acme.example",
    submit_path="/v1/videos/generations", status_path="/v1/videos/generations/{id}",
    answers=Answers(
        task_id=("id",), own_id=("id",), status="status", videos=("video_url",),
        words={"queued": "queued", "in_progress": "in_progress", "completed": "completed"},
    ),
)


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    model: Literal["zoom-1"]
    prompt: Text
    seconds: Annotated[int, Meta(ge=2, le=12)] = absent(4)


zoom = acme.variant(
    "zoom-1",
    page=Source("Acme, Create a video", "https://docs.acme.example/videos"),
    payload=Payload,
    fields={"prompt": To("prompt"), "duration": To("seconds")},
    cost=lambda payload: 0.05 * payload.seconds,
)
"""
RAISING = """

@hookimpl
def submit(variant, payload):
    return {}["call"]


zoom = acme.variant(
    "zoom-1", page=zoom.page, payload=Payload, fields=zoom.fields, hooks=(submit,)
)
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a file with a variant beside which nothing is installed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.py").write_text(FILE)
    return "acme.py"


@pytest.fixture
def reached(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Run a gateway that speaks as the file says, configured for it."""
    monkeypatch.setenv("ACME_BASE_URL", gateway.url)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    return gateway


def test_without_a_command_it_shows_what_would_be_sent(acme: str) -> None:
    run = inside("try", acme)
    assert run.code == 0, run
    assert "acme/zoom-1 is loaded, and each of its hooks answers" in run.out
    assert '"prompt": "A red kite"' in run.out
    assert "Would be sent to: https://api.acme.example/v1/videos/generations" in run.out
    assert "Ready to send: " in run.out
    assert "ACME_API_KEY" in run.out
    (row,) = json.loads(inside("try", acme, "--json").out)
    assert (row["variant"], row["valid"]) == ("acme/zoom-1", True)
    assert row["payload"] == {"model": "zoom-1", "prompt": "A red kite"}
    assert "ACME_API_KEY" in row["not_ready"]


def test_requests_are_checked_without_naming_the_variant(acme: str) -> None:
    run = inside("try", acme, "check", "A red kite", "--duration", "13")
    assert (run.code, "--duration: 13 is not accepted by acme/zoom-1" in run.out) == (4, True), run
    assert inside("try", acme, "check", "A red kite", "--json").code == 0
    assert inside("try", acme, "variants", "acme/zoom-1").code == 0
    assert json.loads(inside("try", acme, "schema", "acme/zoom-1").out)["properties"]["seconds"]
    assert inside("check", "A red kite", "-m", "acme/zoom-1").code == 3


@pytest.mark.usefixtures("soon")
def test_a_video_is_bought_at_its_base_url_with_its_key(
    acme: str, reached: Gateway, tmp_path: Path
) -> None:
    run = inside("try", acme, "generate", "A red kite", "-o", "kite.mp4")
    assert (run.code, run.out) == (0, f"{tmp_path / 'kite.mp4'}\n"), run
    assert reached.paid == [{"model": "zoom-1", "prompt": "A red kite"}]
    assert reached.keys == [f"Bearer {KEY}"]
    assert "acme/zoom-1" in inside("tasks").out


@pytest.mark.usefixtures("soon")
def test_what_was_not_finished_is_resumed_through_the_file(acme: str, reached: Gateway) -> None:
    reached.polls = ["in_progress"]
    run = inside("try", acme, "generate", "A red kite", "-o", "kite.mp4", "--timeout", "0")
    assert run.code == 6, run
    assert "Resume it with: rushes try acme.py resume " in run.err
    assert inside("resume").code == 3  # it is not installed
    reached.polls = ["completed"]
    assert inside("try", acme, "resume").code == 0
    assert len(reached.paid) == 1


def test_keys_are_stored_for_its_provider(acme: str) -> None:
    assert inside("keys", "set", "acme", stdin="k-1\n").code == 2
    assert inside("try", acme, "keys", "set", "acme", stdin="k-1\n").code == 0
    assert inside("try", acme).out.count("Ready to send: yes") == 1


def test_a_file_takes_the_place_of_an_installed_variant(
    acme: str, tmp_path: Path, gateway: Gateway
) -> None:
    text = FILE.replace('id="acme"', 'id="toapis"').replace("zoom-1", "kling-v3")
    (tmp_path / acme).write_text(text.replace('"/v1/videos/generations"', '"/v1/films"'))
    (row,) = json.loads(inside("try", acme, "--json").out)
    assert (row["variant"], row["not_ready"]) == ("toapis/kling-v3", None)
    assert row["url"] == f"{gateway.url}/v1/films"


def test_of_several_variants_one_is_named(acme: str, tmp_path: Path) -> None:
    (tmp_path / acme).write_text(FILE + FILE[FILE.index("zoom = ") :].replace("zoom", "pan", 1)
                                 .replace('"zoom-1"', '"zoom-1", name="pan"'))  # fmt: skip
    assert [row["variant"] for row in json.loads(inside("try", acme, "--json").out)] == [
        "acme/zoom-1", "acme/pan",
    ]  # fmt: skip
    run = inside("try", acme, "check", "A red kite")
    assert (run.code, run.err.split()[-2:]) == (2, ["acme/zoom-1", "acme/pan"]), run
    assert inside("try", acme, "check", "A red kite", "-m", "acme/pan").code == 0


@pytest.mark.parametrize("words", [[], ["generate", "A red kite"]], ids=["looking", "buying"])
def test_what_a_hook_raises_is_reported_with_its_line(
    acme: str, tmp_path: Path, reached: Gateway, words: list[str]
) -> None:
    (tmp_path / acme).write_text(FILE + RAISING)
    line = 1 + (FILE + RAISING).splitlines().index('    return {}["call"]')
    run = inside("try", acme, *words)
    assert run.code == 3, run
    assert f"acme.py, line {line}: acme/zoom-1: the hook submit raised KeyError: 'call'" in run.err
    assert "Traceback" not in run.err
    assert reached.paid == []


def test_the_kit_is_run_with_the_cheapest_request(
    acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its tests is enough here."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k 'read_as_listed or snapshot'")
    run = inside("try", acme, "kit")
    assert run.code == 3, run
    assert " tests pass, 1 fail, 0 do not apply\n" in run.out
    assert "test_words_are_read_as_listed: acme/zoom-1: no status word means failed" in run.out
    (tmp_path / acme).write_text(
        FILE.replace('"completed": "completed"', '"completed": "completed", "failed": "failed"')
    )
    run = inside("try", acme, "kit", "--json")
    assert run.code == 0, run
    assert {each["outcome"] for each in json.loads(run.out)} == {"passed"}
    assert not [*tmp_path.glob("**/snapshots")]


def test_wrong_usage_is_named(acme: str, tmp_path: Path) -> None:
    assert inside("try", "nothing.py").code == 2
    run = inside("try", acme, "compare", "A red kite")
    assert (run.code, "these are: kit, check, generate" in run.err) == (2, True), run
    run = inside("try", acme, "check", "--no-such-option")
    assert (run.code, "try acme.py check [OPTIONS]" in run.err) == (2, True), run
    (tmp_path / acme).write_text(FILE + "\nzoom = acme.variant(")
    run = inside("try", acme)
    line = FILE.count("\n") + 2
    assert (run.code, f"acme.py, line {line}: '(' was never closed" in run.err) == (3, True), run


def test_a_refusal_of_the_provider_is_told_as_usual(acme: str, reached: Gateway) -> None:
    reached.submits = [lambda _task: response(400, {"error": {"message": "no kites"}})]
    run = inside("try", acme, "generate", "A red kite")
    assert (run.code, "no kites" in run.err) == (4, True), run
