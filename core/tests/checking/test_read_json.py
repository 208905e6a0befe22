"""Public structs as JSON, also by the standard library; how problems and bounds read there."""

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from acme_driver import REQUEST, Maker
from acme_server import Server
from acme_zoom import Zoom
from msgspec import Meta
from rushes import Client, Image, Note, Problem, Request, Result, Shot, Source, Status, Task
from rushes import capabilities as capabilities_of
from rushes._payload.constraints import described, spans
from rushes.problems import show_size

WRONG = Request("x", duration=11, seed=1, images=[Image("http://10.0.0.1/", "reference")])


def plain(value: Any) -> Any:
    """Convert a value through the standard library's JSON, as a web framework does."""
    return json.loads(json.dumps(msgspec.to_builtins(value), allow_nan=False))


def test_every_public_struct_converts_to_json_by_the_standard_library(tmp_path: Path) -> None:
    with Client(plugins=[Zoom()], home=tmp_path) as client:
        wrong = client.check("acme/zoom", WRONG)
        extra = {"zoom": 3, "ticket": "t-1", "options": {"mood": "calm"}}
        right = client.check("acme/zoom", Request("x", shots=[Shot("a")], extra=extra))
        table = capabilities_of(client.registry.get("acme/zoom").variant)
    assert right.valid
    status = Status(state="completed", results=(Result(url="https://a.example/1.mp4"),))
    for value in (wrong, right, WRONG, status, table, *wrong.problems, *right.notes):
        assert plain(value) == json.loads(msgspec.json.encode(value))
    assert plain(right)["payload"]["parts"] == [{"prompt": "a"}]
    assert plain(right)["transport"] == {"ticket": "t-1"}
    for problem, record in zip(wrong.problems, plain(wrong)["problems"], strict=True):
        assert msgspec.convert(record, Problem) == problem
    for note, record in zip(right.notes, plain(right)["notes"], strict=True):
        assert msgspec.convert(record, Note) == note


def test_a_task_round_trips_through_json(make: Maker, server: Server) -> None:
    driver = make(journal=None)
    task = driver.submit("acme/zoom", REQUEST)
    kept = msgspec.convert(plain(task), Task)
    assert kept == task
    assert driver.resume(kept).file


def test_a_problem_always_has_the_same_json_fields() -> None:
    bare = Problem(path="x", code="y", message="z")
    assert bare.variants == []
    always = {"path": "x", "code": "y", "message": "z", "accepted": None, "source": None}
    assert plain(bare) == always
    page = Source("Page", "https://a.example")
    can = Problem(path="x", code="y", message="z", accepted=[5], source=page, variants=["a/b"])
    source = {"title": "Page", "url": "https://a.example"}
    named = Problem(path="x", code="y", message="z when w is given", names=["w"])
    assert plain(named) == {**always, "message": "z when w is given", "names": ["w"]}
    assert plain(can) == {**always, "accepted": [5], "source": source, "variants": ["a/b"]}


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Annotated[int, Meta(ge=0, le=2**32 - 1)], "0 to 4294967295"),
        (Annotated[int, Meta(ge=-(2**62))], "-4611686018427387904 or more"),
        (Annotated[int, Meta(le=1_000_000)], "1000000 or less"),
        (Annotated[float, Meta(ge=0, le=1)], "0 to 1"),
        (Annotated[float, Meta(ge=0.5, le=1e6)], "0.5 to 1000000"),
        (Annotated[float, Meta(ge=1e-7, le=1e300)], "1e-07 to 1e+300"),
        (str, ""),
    ],
)
def test_bounds_are_written_in_full(hint: Any, words: str) -> None:
    assert spans(described(hint)) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (10_000_000, "10 MB"),
        (10 * 1024**2, "10 MiB"),
        (500_000, "500 kB"),
        (1024, "1 KiB"),
        (1_234_567, "1,234,567 bytes"),
        (0, "0 bytes"),
    ],
)
def test_a_size_is_exact(count: int, words: str) -> None:
    assert show_size(count) == words
