"""A key goes to one origin and nowhere else, whatever the provider does with it."""

import logging
import pickle
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_driver import KEY, REQUEST, Maker
from acme_server import Server, answers
from acme_zoom import Zoom
from rushes import BrokenPluginError, Call, ConfigurationError, RushesError, hookimpl
from rushes.home import Keys
from rushes.redacting import redact, silence
from rushes.registry import Registry
from rushes.variant import configured

ECHO = f"your key {KEY} is odd"
PARTLY = "x" * 487 + KEY  # a quotation is cut in the middle of the key

FAULTS: dict[str, tuple[str, Any]] = {
    "refused": ("POST", answers(400, {"error": {"message": ECHO, "code": KEY}})),
    "key refused": ("POST", answers(401, {"message": ECHO})),
    "later": ("POST", answers(429, {"error": ECHO}, retry_after="9999")),
    "unknown": ("POST", answers(500, {"error": {"message": ECHO}})),
    "HTML": ("POST", answers(200, f"<html>{ECHO}")),
    "a cut quotation": ("POST", answers(200, PARTLY)),
    "redirect": ("POST", answers(302, location=f"https://elsewhere.example/?key={KEY}")),
    "poll refused": ("GET /v1/clips", answers(401, ECHO)),
    "poll redirect": ("GET /v1/clips", answers(302, location=f"https://e.example/?key={KEY}")),
    "failed": ("GET /v1/clips", answers(200, {"clip": {"stage": "broken", "why": ECHO}})),
    "expired": ("GET /files", answers(404, ECHO)),
}
LASTING: dict[str, tuple[str, Any]] = {
    "polls": ("GET /v1/clips", answers(500, ECHO)),
    "cut polls": ("GET /v1/clips", answers(200, PARTLY)),
    "files": ("GET /files", answers(500, ECHO)),
}


def everything(folder: Path) -> bytes:
    """Return every byte under a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def causes(shown: traceback.TracebackException | None) -> Iterator[traceback.TracebackException]:
    """Yield an error and whatever it came of, suppressed or not, without the frame of the test."""
    if shown is not None:
        shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
        yield shown
        yield from causes(shown.__cause__)
        yield from causes(shown.__context__)


@pytest.mark.parametrize("fault", [*FAULTS, *LASTING])
def test_the_key_is_nowhere_even_where_the_provider_echoes_it(
    make: Maker, server: Server, home: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    route, behaviour = {**FAULTS, **LASTING}[fault]
    server.on(route, *[behaviour] * (1000 if fault in LASTING else 1))
    caplog.set_level(logging.DEBUG)
    driver = make()
    report = driver.check("acme/zoom", REQUEST)
    texts = [repr(driver.client), repr(driver.client.keys), repr(report)]
    try:
        task = driver.generate("acme/zoom", REQUEST, timeout=0.1)
        texts += [repr(task), repr(pickle.dumps(task))]
    except RushesError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        texts += ["".join(part.format()) for part in causes(shown)]
        texts += [repr(error.__dict__), repr(pickle.dumps(error))]
    texts += [repr(driver.tasks()), repr(msgspec.json.encode(driver.tasks()))]
    texts += [repr(record.__dict__) for record in caplog.records if record.name == "rushes"]
    if "redirect" not in fault:  # httpcore itself logs the headers of answers
        texts += [record.getMessage() for record in caplog.records]
    texts.append(everything(home).decode("latin-1"))
    assert "rushes" in {record.name for record in caplog.records}
    for text in texts:
        assert KEY not in text
        assert KEY[:12] not in text
    assert all(
        headers.get("authorization") == (f"Bearer {KEY}" if "/files" not in line else None)
        for line, headers, _ in server.seen
    )


class Clumsy(Zoom):
    """A plugin that raises with the key in its words, and in what it knows."""

    @hookimpl
    def authorize(self, key: str) -> Mapping[str, str]:
        """Raise."""
        header = f"Bearer {key}"
        raise ValueError(f"cannot send {header}")


def test_a_plugin_that_raises_with_the_key_does_not_show_it(make: Maker, server: Server) -> None:
    with pytest.raises(BrokenPluginError, match=r"cannot send Bearer \[key\]") as caught:
        make(plugins=[Clumsy()]).submit("acme/zoom", REQUEST)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert KEY not in "".join("".join(part.format()) for part in causes(shown))
    assert server.lines == []


def test_an_address_that_shows_the_key_is_not_written_down(
    make: Maker, server: Server, home: Path
) -> None:
    link = f"{server.url}/files/1.mp4?key={KEY}"
    server.on("GET /v1/clips", answers(200, {"clip": {"stage": "ready", "links": [link]}}))
    driver = make()
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    assert task.results[0].url == f"{server.url}/files/1.mp4?key=[key]"
    assert KEY not in everything(home).decode("latin-1")


def test_neither_keys_nor_one_key_is_pickled(tmp_path: Path) -> None:
    keys = Keys({"acme": KEY}, {}, tmp_path)
    found = keys.find("acme", "ACME_API_KEY")
    assert found
    for value in (keys, found[0]):
        assert KEY not in repr(value)
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(value)


def test_an_error_that_shows_no_key_keeps_its_causes() -> None:
    def fail() -> None:
        try:
            raise ValueError("the cause")
        except ValueError as cause:
            raise RushesError("the end") from cause

    with pytest.raises(RushesError) as caught:
        fail()
    trace = caught.value.__traceback__
    silence(caught.value, ["another-key"])
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__traceback__ is trace
    silence(caught.value, ["the cause"])
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("base", "url", "same"),
    [
        ("https://api.acme.example", "https://api.acme.example/v1/clips", True),
        ("https://api.acme.example", "https://API.ACME.example:443/v1", True),
        ("https://api.acme.example/v1/", "https://api.acme.example./x", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/x", True),
        ("https://api.acme.example", "http://api.acme.example/v1", False),
        ("https://api.acme.example", "https://api.acme.example:8443/v1", False),
        ("https://api.acme.example", "https://api.acme.example:0/v1", False),
        ("https://api.acme.example", "https://acme.example/v1", False),
        ("https://api.acme.example", "https://api.acme.example.evil.example/v1", False),
        ("https://api.acme.example", "https://api.acme.example@evil.example/v1", False),
        ("https://api.acme.example", "https://evil.example/?https://api.acme.example", False),
        ("https://api.acme.example", "https://evil.example#@api.acme.example", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8001/x", False),
        ("http://127.0.0.1:8000", "http://localhost:8000/x", False),
    ],
)
def test_the_key_goes_to_its_own_origin_only(make: Maker, base: str, url: str, same: bool) -> None:
    session = make().client._session
    loaded = session.registry.get("acme/zoom")
    loaded = loaded.with_variant(configured(loaded.variant, base))
    effect: Any = session.send(loaded, Call.get(url), 1.0)
    assert (effect.call.headers.get("Authorization") == f"Bearer {KEY}") == same
    assert KEY not in str(effect.call.url)
    assert same or KEY not in repr(effect)


@pytest.mark.parametrize("key", ["a b\n", "ключ", " x", "x\t", "x\x00y"])
def test_a_key_that_is_none_is_said_without_its_value(
    make: Maker, server: Server, key: str
) -> None:
    with pytest.raises(ConfigurationError, match="the argument `keys`") as caught:
        make(keys={"acme": key}).submit("acme/zoom", REQUEST)
    assert key.strip() not in str(caught.value).replace("characters", "").replace("exact", "")
    assert server.lines == []


def test_an_argument_beats_the_environment_which_beats_what_is_stored(tmp_path: Path) -> None:
    Keys({}, {}, tmp_path).store("acme", "stored")
    environ = {"ACME_API_KEY": "environment"}
    find = ("acme", "ACME_API_KEY")
    assert Keys({"acme": "given"}, environ, tmp_path).find(*find) == (
        "given",
        "the argument `keys`",
    )
    assert Keys({}, environ, tmp_path).find(*find) == ("environment", "ACME_API_KEY")
    assert Keys({}, {}, tmp_path).find(*find) == ("stored", str(tmp_path / "keys.json"))
    assert Keys({}, {}, tmp_path / "none").find(*find) is None
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    (tmp_path / "keys.json").write_text("{")
    assert Keys({"acme": "given"}, environ, tmp_path).find(*find)
    with pytest.raises(ConfigurationError, match=r"keys\.json"):
        Keys({}, {}, tmp_path).find(*find)


def test_redacting_takes_out_what_a_cut_left_at_the_end() -> None:
    assert redact("a secret-key b", "secret-key") == "a [key] b"
    assert redact("a secret-k", "secret-key") == "a [key]"
    assert redact("a secret", "secret-key") == "a [key]"
    assert redact("a secr", "secret-key") == "a secr"
    assert redact("text", None) == "text"


@pytest.mark.parametrize(
    "text",
    [
        r"sk\/live+a b==",
        r"sk\/live\u002Ba\u0020b\u003d=",
        r"sk\\/live\\u002ba b==",
        "sk%2flive%2ba%20b%3D%3d",
        "sk/live%2Ba+b==",
        "sk&#47;live&#43;a&#x20;b&#x3D;&#061;",
    ],
)
def test_redacting_takes_out_a_key_that_was_escaped(text: str) -> None:
    assert redact(f"your {text} is odd", "sk/live+a b==") == "your [key] is odd"


def test_an_error_is_silenced_where_it_shows_an_escaped_key() -> None:
    error = RushesError(r"no: sk\/live")
    error.__cause__ = ValueError(r"sk\/live")
    silence(error, ["sk/live"])
    assert str(error) == "no: [key]"
    assert error.__cause__ is None


def test_the_declaration_holds_no_key() -> None:
    assert "Bearer" not in repr(Registry(plugins=[Zoom()]).get("acme/zoom").variant)
