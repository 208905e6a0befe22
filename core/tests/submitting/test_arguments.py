"""Arguments of a wrong type: refused before anything is recorded, sent or paid."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from acme_driver import REQUEST, Maker
from acme_server import Server
from rushes import Client, ConfigurationError, Polling, Task, Timeouts

ZOOM = "acme/zoom"
NO_PATHS: list[Any] = [3, b"/x.mp4", ["x.mp4"], True]
NO_BOOLS: list[Any] = [0, 1, "no", math.nan]
NO_SECONDS: list[Any] = ["1", Decimal(1), math.nan, 10**400, True, [1]]
NO_TEXT: list[Any] = [b"kite", Path("kite"), 3, ["kite"], 1.5]
NO_TASKS: list[Any] = [None, 3, b"kite", {"id": "kite"}, Path("kite")]
NO_VARIANTS: list[Any] = [None, b"acme/zoom", Path(ZOOM), 3, math.nan, {ZOOM}, [b"acme/zoom"]]
BUYING: dict[str, list[Any]] = {
    "task": NO_TEXT,
    "output": NO_PATHS,
    "overwrite": NO_BOOLS,
    "on_update": ["no", 3],
}


def cases(**table: list[Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def refused(name: str, call: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be .+, not "):
        call()


@pytest.mark.parametrize(("name", "value"), cases(**BUYING), ids=repr)
def test_a_submit_with_a_wrong_argument_buys_nothing(
    make: Maker, server: Server, name: str, value: Any
) -> None:
    driver: Any = make()
    refused(name, lambda: driver.submit(ZOOM, REQUEST, **{name: value}))
    refused(name, lambda: driver.generate(ZOOM, REQUEST, **{name: value}))
    refused(name, lambda: driver.generate([ZOOM, ZOOM], REQUEST, **{name: value}))
    assert (server.lines, driver.tasks()) == ([], [])


@pytest.mark.parametrize(("name", "value"), cases(timeout=NO_SECONDS, watch=NO_BOOLS), ids=repr)
def test_a_job_with_a_wrong_argument_buys_nothing(
    make: Maker, server: Server, name: str, value: Any
) -> None:
    driver: Any = make()
    refused(name, lambda: driver.generate(ZOOM, REQUEST, **{name: value}))
    assert (server.lines, driver.tasks()) == ([], [])


@pytest.mark.parametrize("variant", NO_VARIANTS, ids=repr)
def test_what_names_no_variant_buys_nothing(make: Maker, server: Server, variant: Any) -> None:
    driver: Any = make()
    refused("variant", lambda: driver.generate(variant, REQUEST))
    refused("variant", lambda: driver.submit(variant, REQUEST))
    assert (server.lines, driver.tasks()) == ([], [])


FOLLOWING = {"on_update": BUYING["on_update"]}
VERBS: dict[str, dict[str, list[Any]]] = {
    "wait": {"timeout": NO_SECONDS, **FOLLOWING},
    "fetch": {"output": NO_PATHS, "overwrite": NO_BOOLS, **FOLLOWING},
    "resume": {
        "output": NO_PATHS,
        "overwrite": NO_BOOLS,
        "timeout": NO_SECONDS,
        "watch": NO_BOOLS,
        **FOLLOWING,
    },
    "refresh": FOLLOWING,
    "cancel": FOLLOWING,
    "resolve": {"remote_id": [b"v", 5], "lost": NO_BOOLS, **FOLLOWING},
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_task_stays_as_it_is_where_an_argument_is_wrong(
    make: Maker, server: Server, verb: str
) -> None:
    driver: Any = make()
    before = driver.submit(ZOOM, REQUEST, task="kite")
    for name, value in cases(**VERBS[verb]):
        refused(name, lambda: getattr(driver, verb)("kite", **{name: value}))  # noqa: B023
    for value in NO_TASKS:
        refused("task", lambda: getattr(driver, verb)(value))  # noqa: B023
    assert driver.history("kite")[-1] == before
    assert len(server.lines) == 1


WRONG: list[tuple[str, Callable[[Any], object]]] = [
    ("reference", lambda driver: driver.task(b"kite")),
    ("reference", lambda driver: driver.history(3)),
    ("reference", lambda driver: driver.task(None)),
    ("reference", lambda driver: driver.raw_record(["kite"])),
    ("record", lambda driver: driver.discard({})),
    ("older_than", lambda driver: driver.purge("30")),
    ("older_than", lambda driver: driver.purge(math.nan)),
    ("older_than", lambda driver: driver.purge(None)),
    ("limit", lambda driver: driver.tasks(limit="3")),
    ("limit", lambda driver: driver.tasks(limit=-1)),
    ("after", lambda driver: driver.tasks(after="kite")),
    ("since", lambda driver: driver.tasks(since="2026")),
    ("variant", lambda driver: driver.tasks(variant=["a"])),
    ("unfinished", lambda driver: driver.unreadable(unfinished="no")),
    ("headers", lambda driver: driver.receive("acme", [("a", "b")], b"")),
    ("body", lambda driver: driver.receive("acme", {}, "text")),
    ("provider", lambda driver: driver.receive(3, {}, b"")),
]


@pytest.mark.parametrize(("name", "call"), WRONG)
def test_wrong_questions_are_refused(make: Maker, name: str, call: Callable[[Any], object]) -> None:
    driver = make()
    refused(name, lambda: call(driver))


@pytest.mark.parametrize("timeout", [900, 900.5, Fraction(1801, 2), math.inf, None])
def test_any_real_number_of_seconds_will_do(make: Maker, timeout: Any) -> None:
    assert make().generate(ZOOM, REQUEST, timeout=timeout).state == "completed"


SETTINGS: list[tuple[str, Any, str]] = [
    ("home", b"/tmp/x", "home must be a path"),
    ("home", 3, "home must be a path"),
    ("polling", 3, "polling must be a Polling"),
    ("polling", Polling(first="1"), "polling: first must be"),  # type: ignore[arg-type]
    ("polling", Polling(every=math.nan), "polling: every must be"),
    ("polling", Polling(every=-1), "polling: every must be"),
    ("polling", Polling(every=0), "polling: a poll every 0 s"),
    ("polling", Polling(floor="1"), "polling: floor must be"),  # type: ignore[arg-type]
    ("timeouts", 5, "timeouts must be a Timeouts"),
    ("timeouts", Timeouts(poll="3"), "timeouts: poll must be"),  # type: ignore[arg-type]
    ("journal", Path("x.db"), r"journal must be a Journal \(for a file SQLiteJournal"),
    ("journal", 3, "journal must be a Journal"),
    ("clock", 3, "clock must be a SystemClock"),
    ("trust", "x", "trust must be a mapping"),
]


@pytest.mark.parametrize(("name", "value", "words"), SETTINGS)
def test_a_client_is_not_made_with_settings_that_would_fail_later(
    name: str, value: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {"home": tmp_path / "home", name: value}
    with pytest.raises(ConfigurationError, match=f"^{words}"):
        Client(**given)
    assert list(tmp_path.iterdir()) == []


def test_a_task_that_was_submitted_can_be_read(make: Maker) -> None:
    driver = make()
    task: Task = driver.submit(ZOOM, REQUEST, output="kite.mp4", overwrite=False)
    assert driver.task(task.id) == task
