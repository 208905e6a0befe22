"""generate with several variants: the next one only if nothing came of the last."""

import json
from pathlib import Path

import pytest
from cli_gateway import KEY, Gateway, response
from cli_runs import Run, inside

BOTH = ("-m", "toapis/kling-v3", "-m", "toapis/kling-v2-6")
KITE = ("generate", "A red kite", *BOTH)

pytestmark = pytest.mark.usefixtures("soon")


def models(gateway: Gateway) -> list[str]:
    return [body["model"] for body in gateway.paid]


def refusing_once(gateway: Gateway) -> None:
    gateway.refused(402, "insufficient_quota")
    gateway.submits.append(gateway.accepted)


def test_the_next_one_makes_the_video(gateway: Gateway, tmp_path: Path) -> None:
    refusing_once(gateway)
    file = tmp_path / "kite.mp4"
    run = inside(*KITE, "-o", str(file), "--task", "kite", "--json")
    assert run.code == 0, run
    assert "Estimated cost: unknown (toapis/kling-v3)\n" in run.err
    assert "If nothing comes of that: unknown (toapis/kling-v2-6)\n" in run.err
    found = json.loads(run.out)
    assert (found["task"], found["variant"], found["file"]) == (
        "kite-2", "toapis/kling-v2-6", str(file),
    )  # fmt: skip
    (tried,) = found["tried"]
    assert (tried["variant"], tried["task"], tried["state"]) == (
        "toapis/kling-v3", "kite", "refused",
    )  # fmt: skip
    assert models(gateway) == ["kling-v3", "kling-v2-6"]
    shown = inside("show", "kite-2")
    assert "Before it: toapis/kling-v3 kite, refused: " in shown.out
    assert inside(*KITE, "-o", str(file), "--task", "kite", "--json").out == run.out
    assert len(gateway.paid) == 2


def test_after_a_time_out_the_same_command_goes_on(gateway: Gateway) -> None:
    gateway.polls = ["queued"]
    run = inside(*KITE, "--timeout", "0")
    assert run.code == 6, run
    assert run.err.splitlines()[-2].startswith("Resume it with: ")
    assert run.err.splitlines()[-1].startswith("Or give the same command again: ")
    gateway.polls = ["completed"]
    run = inside(*KITE)
    assert run.code == 0, run
    assert models(gateway) == ["kling-v3"]


def test_one_that_does_not_accept_the_request_is_named(gateway: Gateway) -> None:
    run = inside(*KITE, "--duration", "15")
    assert run.code == 0, run
    assert "toapis/kling-v2-6 does not accept this, and is not tried:" in run.err
    assert "--duration: 15 is not accepted" in run.err
    assert models(gateway) == ["kling-v3"]


def test_if_none_accepts_it_nothing_is_sent(gateway: Gateway) -> None:
    run = inside(*KITE, "--duration", "6", "--json")
    assert run.code == 4, run
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert [line["variant"] for line in lines] == ["toapis/kling-v3", "toapis/kling-v2-6"]
    assert run.err.count("does not accept this:") == 2
    assert gateway.paid == []


def test_a_dry_run_shows_each(gateway: Gateway) -> None:
    run = inside(*KITE, "--dry-run")
    assert run.code == 0, run
    for variant in ("kling-v3", "kling-v2-6"):
        assert f"toapis/{variant} accepts this" in run.out
    assert len(inside(*KITE, "--dry-run", "--json").out.splitlines()) == 2
    assert gateway.paid == []


def test_if_all_are_refused_the_error_names_all(gateway: Gateway) -> None:
    gateway.refused(402, "insufficient_quota")
    run = inside(*KITE, "--task", "kite")
    assert run.code == 4, run
    assert "besides it, toapis/kling-v3 (refused, task kite): " in run.err
    assert models(gateway) == ["kling-v3", "kling-v2-6"]


def test_what_is_wrong_with_a_later_one_is_found_first(gateway: Gateway) -> None:
    def refused(*models: str) -> Run:
        return inside("generate", "A red kite", "-m", "toapis/kling-v3", "-m", *models)

    assert "kling-v2-6" in refused("toapis/kling-v2-7").err
    assert refused("toapis/kling-v2-7").code == refused("toapis/kling-v3").code == 3
    keyless = refused("fal/kling-v3-pro")
    assert (keyless.code, "FAL_" in keyless.err) == (3, True)
    assert gateway.paid == []


def test_an_unknown_outcome_is_the_end(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """UniAll neither finds a task by our reference nor replays its submit."""
    monkeypatch.setenv("UNIALL_BASE_URL", gateway.url)
    monkeypatch.setenv("UNIALL_API_KEY", KEY)
    gateway.submits = [lambda _task: response(200, {"odd": True})]
    names = ("-m", "uniall/kling-v3-std-silent", "-m", "uniall/kling-v3-pro-silent")
    for _ in range(2):
        run = inside("generate", "A red kite", *names)
        assert run.code == 7, run
        assert "same command again" not in run.err  # it would go on with nothing
    assert models(gateway) == ["kling-v3-std-silent"]
