"""The list of models: the snapshot, variants of any list, and the command that writes a newer."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Client, Image, Request, capabilities
from rushes.plugins import Registry
from rushes.testing import check
from rushes_openrouter.__main__ import main
from rushes_openrouter.listing import Model, read, snapshot, written
from rushes_openrouter.variants import variants

SNAPSHOT = files("rushes_openrouter").joinpath("models.json").read_text(encoding="utf-8")
FLUX: dict[str, Any] = {
    "id": "black-forest-labs/flux-3-video",
    "name": "FLUX.3 Video",
    "created": 1785000000,
    "supported_durations": [10, 5],
    "supported_resolutions": ["720p", "1080p"],
    "supported_aspect_ratios": None,
    "supported_sizes": None,
    "supported_frame_images": None,
    "generate_audio": None,
    "seed": None,
    "allowed_passthrough_parameters": ["safety_tolerance"],
    "pricing_skus": {"cents_per_second_output": "17"},
}
LISTED = {"data": [FLUX, *json.loads(SNAPSHOT)["data"]]}


def test_every_model_of_the_snapshot_has_an_entry_point() -> None:
    names = {entry.name for entry in entry_points(group="rushes")}
    ids = {f"openrouter.{model.id.rpartition('/')[2]}" for model in snapshot().data}
    assert {name for name in names if name.startswith("openrouter.")} == ids
    registry = Registry()
    for model in snapshot().data:
        variant = registry.get(f"openrouter/{model.id.rpartition('/')[2]}").variant
        assert variant.model == model.id
        assert snapshot().listed in variant.facts[0]


def test_the_snapshot_says_when_it_was_taken() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", snapshot().listed)
    assert written(snapshot()) == SNAPSHOT


def test_a_variant_accepts_what_the_list_says_and_nothing_else(tmp_path: Path) -> None:
    with Client(plugins=variants(read(json.dumps(LISTED))), home=tmp_path) as client:
        accepted = Request("k", duration=10, resolution="1080p")
        report = client.check("openrouter/flux-3-video", accepted)
        assert report.problems == ()
        assert report.cost is None  # its price has a name that is not understood
        for refused in (
            {"duration": 6},
            {"resolution": "4k"},
            {"aspect_ratio": "16:9"},
            {"seed": 1},
            {"audio": True},
            {"audio": False},
            {"images": [Image("https://a.example.com/a.png", "first_frame")]},
        ):
            assert client.check("openrouter/flux-3-video", Request("k", **refused)).problems
    veo = Registry().get("openrouter/veo-3.1").variant
    assert capabilities(veo)["duration"].accepted == [4, 6, 8]


def test_a_model_without_sound_makes_none() -> None:
    (silent,) = variants(read(json.dumps({"data": [{**FLUX, "generate_audio": False}]})))
    loaded = Registry(plugins=[silent]).get(silent.id)
    assert check(loaded, Request("k", audio=False)).problems == ()
    (problem,) = check(loaded, Request("k", audio=True)).problems
    assert (problem.path, problem.accepted) == ("audio", [False])


def test_a_model_that_uses_references_may_have_no_frames() -> None:
    (wan,) = variants(read(json.dumps({"data": [{"id": "alibaba/wan-2.7"}]})))
    loaded = Registry(plugins=[wan]).get(wan.id)
    url = "https://a.example.com/a.png"
    report = check(loaded, Request("k", images=[Image(url, "reference")]))
    assert (report.problems, report.notes) == ((), ())
    (problem,) = check(loaded, Request("k", images=[Image(url, "first_frame")])).problems
    assert problem.path == "images[0].role"


def test_frames_alone_have_no_note_about_references() -> None:
    seedance = Registry().get("openrouter/seedance-2.0-fast")
    first, other = (Image("https://a.example.com/a.png", role)
                    for role in ("first_frame", "reference"))  # fmt: skip
    assert check(seedance, Request("k", images=[first], audio=True)).notes == ()
    (note,) = check(seedance, Request("k", images=[first, other], audio=True)).notes
    assert note.code == "frames_come_before_references"


def test_models_whose_ids_end_alike_are_told_apart() -> None:
    listing = read(json.dumps({"data": [{"id": "a/film"}, {"id": "b/film"}, {"id": "b/kite"}]}))
    made = {variant.id: variant.model for variant in variants(listing)}
    assert made == {
        "openrouter/a-film": "a/film",
        "openrouter/b-film": "b/film",
        "openrouter/kite": "b/kite",
    }


VALUES = {
    "supported_durations": st.lists(st.integers(1, 60), unique=True),
    "supported_resolutions": st.lists(
        st.sampled_from(["480p", "720p", "768p", "1K", "2K", "4K"]), unique=True
    ),
    "supported_aspect_ratios": st.lists(st.sampled_from(["16:9", "9:21", "3:2"]), unique=True),
    "supported_sizes": st.lists(
        st.sampled_from(["854x480", "5040x2160", "2160x3840"]), unique=True
    ),
    "supported_frame_images": st.lists(st.sampled_from(["first_frame", "last_frame"]), unique=True),
    "generate_audio": st.booleans(),
    "seed": st.booleans(),
    "pricing_skus": st.dictionaries(
        st.sampled_from(["duration_seconds", "video_tokens", "cents_per_second_output"]),
        st.sampled_from(["0.1", "17", "free", "-1", "1e999"]),
    ),
}


@given(st.fixed_dictionaries({}, optional={name: st.none() | one for name, one in VALUES.items()}))
def test_any_model_of_a_list_becomes_a_variant(said: dict[str, Any]) -> None:
    (variant,) = variants(read(json.dumps({"data": [{"id": "maker/model-1:free", **said}]})))
    loaded = Registry(plugins=[variant]).get("openrouter/model-1-free")
    assert check(loaded, Request("k")).problems == ()
    for seconds in said.get("supported_durations") or ():
        report = check(loaded, Request("k", duration=seconds))
        assert report.problems == ()
        assert report.cost is None or report.cost > 0


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer on this machine; yield the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert (self.path, self.headers["authorization"]) == ("/api/v1/videos/models", None)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/v1/"
        finally:
            server.shutdown()
            thread.join()


def test_the_command_writes_a_snapshot_of_the_live_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(200, json.dumps(LISTED).encode()) as base_url:
        monkeypatch.setenv("OPENROUTER_BASE_URL", base_url)
        assert main([]) == 0
        newer = read(capsys.readouterr().out)
        assert main(["black-forest-labs/flux-3-video", "google/veo-3.1"]) == 0
        two = read(capsys.readouterr().out)
        assert main(["--all"]) == 0
        every = read(capsys.readouterr().out)
    assert newer.data == snapshot().data
    assert newer.listed > snapshot().listed
    assert [model.id for model in two.data] == ["black-forest-labs/flux-3-video", "google/veo-3.1"]
    assert [model.id for model in every.data] == sorted(model["id"] for model in LISTED["data"])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"data": [{"id": 3}]}'),
        (200, b'{"data": []}'),
    ],
)
def test_what_is_no_list_writes_no_snapshot(
    status: int,
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(status, body) as base_url:
        monkeypatch.setenv("OPENROUTER_BASE_URL", base_url)
        assert main([]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("no snapshot: ")


def test_a_list_in_a_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.json").write_text(json.dumps(LISTED), encoding="utf-8")
    assert main(["google/veo-3.1", "--list", str(tmp_path / "list.json")]) == 0
    assert [model.id for model in read(capsys.readouterr().out).data] == ["google/veo-3.1"]
    assert main(["--list", str(tmp_path / "missing.json")]) == 1


def test_an_address_of_another_kind_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENROUTER_BASE_URL", "file:///etc")
    assert main([]) == 1
    assert "not an http(s) address" in capsys.readouterr().err


def test_what_a_list_leaves_out_is_none() -> None:
    assert read('{"data": [{"id": "a/b"}]}').data == [Model(id="a/b")]
