"""A key goes to one origin and nowhere else, whatever the provider does with it."""

import asyncio
import base64
import logging
import os
import pickle
import signal
import socket
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_driver import KEY, REQUEST, Drivers, Maker
from acme_server import Behaviour, Handler, Server, answers, cuts, drops, stalls
from acme_zoom import Zoom
from bare_session import make_session
from key_leaking_hooks import (
    raises_with_answer,
    raising,
    returns_bytes,
    returns_lines,
    returns_list,
)
from rushes import (
    AsyncClient,
    BrokenPluginError,
    Call,
    Client,
    ConfigurationError,
    Image,
    NotSentError,
    OutcomeUnknownError,
    Polling,
    Receipt,
    Request,
    RushesError,
    Task,
    TaskEndedError,
    Timeouts,
)
from rushes._keys.redacting import Secret, redact, redacted, silence
from rushes._plugins.registry import Registry
from rushes.home import Environment, Keys

ECHO = f"your key {KEY} is odd"
PARTLY = "x" * 487 + KEY  # the quotation is cut off within the key

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
    """Yield an error and all its causes, suppressed or not, without this module's frames."""
    if shown is not None:
        shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
        yield shown
        yield from causes(shown.__cause__)
        yield from causes(shown.__context__)


@pytest.mark.parametrize("fault", [*FAULTS, *LASTING])
def test_the_key_shows_nowhere_even_if_the_provider_echoes_it(
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


@pytest.mark.parametrize(
    ("authorize", "words"),
    [
        (raising(ValueError), r"authorize raised ValueError: cannot send Bearer \[key\]"),
        (raising(SystemExit), r"authorize raised SystemExit: cannot send Bearer \[key\]"),
        (raising(ConfigurationError), r"^cannot send Bearer \[key\]"),
        (returns_list, "authorize raised TypeError: it returned list"),
        (
            returns_bytes,
            "authorize raised TypeError: it returned a header that is not printable ASCII",
        ),
        (
            returns_lines,
            "authorize raised TypeError: it returned a header that is not printable ASCII",
        ),
    ],
)
def test_a_plugin_error_that_contains_the_key_is_redacted(
    make: Maker, server: Server, authorize: Any, words: str
) -> None:
    plugin: Any = Zoom()
    plugin.authorize = authorize
    with pytest.raises(ConfigurationError, match=words) as caught:
        make(plugins=[plugin]).submit("acme/zoom", REQUEST)
    text = full_report(caught.value)
    assert KEY not in text
    assert base64.b64encode(f"Bearer {KEY}".encode()).decode() not in text
    assert server.lines == []


def test_ctrl_c_while_a_plugin_authorizes_shows_no_key(make: Maker, server: Server) -> None:
    plugin: Any = Zoom()
    plugin.authorize = raising(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt, match=r"cannot send Bearer \[key\]") as caught:
        make(plugins=[plugin]).submit("acme/zoom", REQUEST)
    assert KEY not in full_report(caught.value)
    assert server.lines == []


def request_with_picture(folder: Path) -> Request:
    """Return a request whose picture is uploaded first."""
    picture = folder / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    return Request("A red kite", images=[Image(str(picture), role="reference")])


def test_a_plugin_that_fails_on_an_answer_shows_no_key_echoed_in_it(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    plugin: Any = Zoom()
    plugin.parse_refusal = raises_with_answer
    server.on("POST /v1/pictures", answers(400, ECHO))
    request = request_with_picture(tmp_path)
    with pytest.raises(BrokenPluginError, match=r"what is 'your key \[key\] is odd'") as caught:
        make(plugins=[plugin]).submit("acme/zoom", request)
    text = full_report(caught.value)
    assert "in raises_with_answer" in text
    assert KEY not in text


def test_a_link_that_contains_the_key_is_recorded_without_it(
    make: Maker, server: Server, home: Path
) -> None:
    link = f"{server.url}/files/1.mp4?key={KEY}"
    server.on("GET /v1/clips", answers(200, {"clip": {"stage": "ready", "links": [link]}}))
    driver = make()
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    assert task.results[0].url == f"{server.url}/files/1.mp4?key=[key]"
    assert KEY not in everything(home).decode("latin-1")


def test_keys_cannot_be_pickled(tmp_path: Path) -> None:
    keys = Keys({"acme": KEY}, {}, tmp_path)
    found = keys.find("acme", "ACME_API_KEY")
    assert found
    for value in (keys, found[0]):
        assert KEY not in repr(value)
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(value)


class Stubborn(Exception):
    """An error whose message does not come from its arguments."""

    def __str__(self) -> str:
        return f"{KEY}, whatever you do"


@pytest.mark.parametrize("part", [slice(80), slice(1, -1), slice(None, None, 2), 0, -1])
def test_a_part_of_a_key_is_not_shown_either(part: Any) -> None:
    text = KEY * 20
    assert Secret(text)[part] == text[part]
    assert repr(Secret(text)[part]) == "[key]"


def test_a_report_that_shortens_locals_shows_no_long_key(server: Server, home: Path) -> None:
    """Reports that format their locals in colour show the beginning of a long text."""
    key = "".join(f"{number:04x}" for number in range(60))
    server.on("POST", drops)
    with (
        Client(
            plugins=[Zoom()], base_urls={"acme": server.url}, keys={"acme": key}, home=home
        ) as client,
        pytest.raises(OutcomeUnknownError) as caught,
    ):
        client.submit("acme/zoom", REQUEST)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [frame for frame in frames if "rushes" in frame.f_globals.get("__name__", "")]
    texts = [value for frame in ours for value in _texts(frame.f_locals)]
    assert any(isinstance(text, Secret) for text in texts)
    assert not [text for text in texts if key[:20] in repr(text[:80])]


def _texts(value: Any) -> Iterator[str]:
    """Return the texts in a value that a report would show."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, msgspec.Struct):
        yield from _texts({name: getattr(value, name) for name in value.__struct_fields__})


def test_the_key_is_removed_from_an_error_and_its_causes() -> None:
    def fail() -> None:
        try:
            try:
                raise KeyError({"the": [KEY, 1]})
            except KeyError as first:
                raise ExceptionGroup("both", [ValueError(KEY), TypeError(5)]) from first
        except ExceptionGroup as several:
            several.add_note(f"it was {KEY}")
            raise RushesError(f"not with {KEY}") from several

    with pytest.raises(RushesError) as caught:
        fail()
    trace = caught.value.__traceback__
    silence(caught.value, ["another-key"])
    assert str(caught.value) == f"not with {KEY}"
    silence(caught.value, ["another-key", KEY])
    assert str(caught.value) == "not with [key]"
    assert caught.value.__traceback__ is trace
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    for words in ("it was [key]", "ValueError: [key]", "KeyError: {'the': ['[key]', 1]}"):
        assert words in shown


def test_a_cause_that_cannot_be_redacted_is_removed() -> None:
    error = RushesError("the end")
    error.__cause__, error.__context__ = Stubborn(), ValueError("the context")
    silence(error, [KEY])
    assert repr((error.__cause__, error.__context__)) == "(None, ValueError('the context'))"
    error.__context__ = Stubborn()
    error.__context__.__context__ = error  # a chain of errors may be circular
    silence(error, [KEY])
    assert repr(error.__context__) == "None"


class Recording:
    """A value in a caller's frame that counts how often its repr is taken."""

    def __init__(self) -> None:
        self.written = 0

    def __repr__(self) -> str:
        self.written += 1
        return "much"


def test_redacting_never_formats_the_callers_values(make: Maker, server: Server) -> None:
    server.on("POST", answers(400, {"error": {"message": ECHO}}))
    much, driver = Recording(), make()

    def on_update(task: Task, held: Recording = much) -> None:
        if task.state == "refused":
            raise LookupError("a callback's frame counts, too")

    with pytest.raises(LookupError):
        driver.submit("acme/zoom", REQUEST, on_update=on_update)
    with pytest.raises(RushesError, match=r"your key \[key\] is odd"):
        driver.resume(driver.tasks()[0].id)
    assert much.written == 0


def full_report(error: BaseException) -> str:
    """Return everything that an error report could show, locals included, except the tests' own."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join("".join(part.format()) for part in causes(shown))


def test_ctrl_c_during_a_call_shows_no_key(server: Server, home: Path) -> None:
    """The traceback then includes frames that hold the request."""

    def interrupt(handler: Handler) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        stalls(handler)

    drivers = Drivers("sync", server, home)
    for route in ("POST", "GET /v1/clips"):
        server.on(route, interrupt)
        driver = drivers()
        with pytest.raises(KeyboardInterrupt) as caught:
            driver.generate("acme/zoom", REQUEST)
        text = full_report(caught.value)
        assert str(Path("rushes", "_network")) in text
        assert KEY not in text
    drivers.close()


@pytest.mark.parametrize("at", [("send", "sendall"), ("recv",)])
def test_ctrl_c_at_the_socket_shows_no_key(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[str, ...]
) -> None:
    def interrupt(*given: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    for name in at:
        monkeypatch.setattr(socket.socket, name, interrupt)
    drivers = Drivers("sync", server, home)
    with pytest.raises(KeyboardInterrupt) as caught:
        drivers().submit("acme/zoom", REQUEST)
    text = full_report(caught.value)
    assert str(Path("rushes", "_network")) in text
    assert KEY not in text
    drivers.close()


def test_cancellation_during_a_call_shows_no_key(server: Server, home: Path) -> None:
    async def cancelled(route: str) -> str:
        loop, started = asyncio.get_running_loop(), asyncio.Event()

        def start_and_stall(handler: Handler) -> None:
            loop.call_soon_threadsafe(started.set)
            stalls(handler)

        server.on(route, start_and_stall)
        settings: Any = {"plugins": [Zoom()], "base_urls": {"acme": server.url}, "home": home}
        polling = Polling(first=0, every=0.01)
        async with AsyncClient(keys={"acme": KEY}, polling=polling, **settings) as client:
            job = asyncio.ensure_future(client.generate("acme/zoom", REQUEST))
            await started.wait()
            job.cancel()
            try:
                await job
            except asyncio.CancelledError as error:
                return full_report(error)
        raise AssertionError("the job was not cancelled")

    for route in ("POST", "GET /v1/clips"):
        text = asyncio.run(cancelled(route))
        assert str(Path("rushes", "_network")) in text
        assert KEY not in text


@pytest.mark.parametrize("fault", [drops, stalls, cuts(b"{}", 1)], ids=["drops", "stalls", "cut"])
def test_a_call_that_fails_on_the_wire_shows_no_key(
    make: Maker, server: Server, fault: Behaviour
) -> None:
    server.on("POST", fault)
    driver = make(timeouts=Timeouts(read=0.2, submit=1))
    with pytest.raises(OutcomeUnknownError) as caught:
        driver.submit("acme/zoom", REQUEST)
    assert KEY not in full_report(caught.value)


def put_secrets_into_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put our key and somebody else's into the environment."""
    monkeypatch.setenv("ACME_API_KEY", f"{KEY}-of-the-environment")
    monkeypatch.setenv("SOMEBODY_ELSES_TOKEN", f"{KEY}-of-others")


INVALID_ARGUMENTS: dict[str, dict[str, Any]] = {
    "an unknown home": {"home": "~nobody-of-this-name/x"},
    "an invalid plugin": {"plugins": [object()]},
    "a wrong proxy": {"proxy": f"http://kite:{KEY}@[::1"},
    "a proxy with a path": {"proxy": f"http://kite:{KEY}/x@proxy.example"},
    "keys that are text": {"keys": KEY},
    "keys that are bytes": {"keys": {"acme": KEY.encode()}},
    "keys in a list": {"keys": [KEY]},
    "base URLs that are text": {"base_urls": f"https://{KEY}@acme.example"},
    "a wrong address for webhooks": {"webhook_url": f"https://kite:{KEY}@hooks.example"},
    "a wrong address of a journal": {"journal": f"mysql://kite:{KEY}@db.example/rushes"},
    "an invalid trust": {"trust": 5},
}


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("how", INVALID_ARGUMENTS)
def test_an_error_of_the_constructor_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, kind: Any, how: str
) -> None:
    put_secrets_into_environment(monkeypatch)
    given = {
        "keys": {"acme": KEY},
        "base_urls": {"acme": f"https://kite:{KEY}@acme.example"},
        "proxy": f"http://kite:{KEY}@proxy.example:8080",
        **INVALID_ARGUMENTS[how],
    }
    with pytest.raises((RushesError, TypeError, AttributeError)) as caught:
        kind(**given)
    text = full_report(caught.value)
    assert "configuration.py" in text
    assert KEY not in text
    assert isinstance(caught.value, ConfigurationError) or how == "an invalid trust"


def test_an_empty_key_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    given: Any = {"acme": None, "other": ""}
    client = Client(keys=given)
    assert client.keys.find("acme", "ACME_API_KEY") is None
    monkeypatch.setenv("ACME_API_KEY", KEY)
    assert client.keys.find("acme", "ACME_API_KEY") == (KEY, "ACME_API_KEY")


def test_the_environments_repr_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    put_secrets_into_environment(monkeypatch)
    environ = Environment()
    assert environ["ACME_API_KEY"] == f"{KEY}-of-the-environment"
    assert "SOMEBODY_ELSES_TOKEN" in list(environ)
    assert len(environ) == len(os.environ)
    assert KEY not in repr((environ, environ["ACME_API_KEY"], environ.get("ACME_API_KEY")))


@pytest.mark.parametrize("where", ["argument", "environment"])
@pytest.mark.parametrize(
    "url",
    [
        f"https://kite:{KEY}@acme.example", f"https://{KEY}@acme.example", f"https://a:{KEY}/x@b.c",
        f"kite:{KEY}@acme.example", f"https://kite:{KEY} x@acme.example",
    ],
)  # fmt: skip
def test_a_base_url_with_a_password_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, home: Path, url: str, where: str
) -> None:
    monkeypatch.setenv("ACME_BASE_URL", url)
    base_urls = {"acme": url} if where == "argument" else None
    client = Client(plugins=[Zoom()], base_urls=base_urls, home=home, keys={"acme": "k"})
    words = "contains a user name or password .* key variable, and a proxy has its own argument"
    for verb in (client.check, client.submit):
        with pytest.raises(ConfigurationError, match=words) as caught:
            verb("acme/zoom", REQUEST)
        assert "ACME_BASE_URL" in str(caught.value)
        assert KEY not in full_report(caught.value)
    assert not home.exists()


def test_a_failing_proxys_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path
) -> None:
    request = request_with_picture(tmp_path)
    settings: Any = {"plugins": [Zoom()], "home": home, "keys": {"acme": "k"}}
    for proxy in (f"http://kite:{KEY}@127.0.0.1:1", f"socks5://kite:{KEY}@127.0.0.1:1"):
        with (
            Client(**settings, proxy=proxy) as client,
            pytest.raises(NotSentError) as caught,
        ):
            client.submit("acme/zoom", request)
        assert KEY not in full_report(caught.value) + repr(vars(client))
    for proxy in (f"http://a:{KEY}#x@b", f"gopher://a:{KEY}@b", f"a:{KEY}@[b"):
        monkeypatch.setenv("https_proxy", proxy)
        with Client(**settings) as client, pytest.raises(NotSentError) as caught:
            client.submit("acme/zoom", request)
        assert KEY not in full_report(caught.value)


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
def test_the_key_goes_to_its_own_origin_only(
    tmp_path: Path, base: str, url: str, same: bool
) -> None:
    session = make_session(tmp_path, keys={"acme": KEY}, base_urls={"acme": base})
    loaded = session.registry.get("acme/zoom")
    effect: Any = session.send(loaded, Call.get(url), 1.0)
    assert (effect.call.headers.get("Authorization") == f"Bearer {KEY}") == same
    assert KEY not in repr((effect, effect.call, dict(effect.call.headers)))


@pytest.mark.parametrize("key", ["a b\n", "ключ", " x", "x\t", "x\x00y"])
def test_an_invalid_key_is_refused_without_being_shown(
    make: Maker, server: Server, key: str
) -> None:
    with pytest.raises(ConfigurationError, match="the argument `keys`") as caught:
        make(keys={"acme": key}).submit("acme/zoom", REQUEST)
    assert key.strip() not in str(caught.value).replace("characters", "").replace("exact", "")
    assert server.lines == []


def test_an_argument_beats_the_environment_and_that_beats_a_stored_key(tmp_path: Path) -> None:
    Keys({}, {}, tmp_path).store("acme", "stored")
    environ = {"ACME_API_KEY": "environment"}
    find = ("acme", "ACME_API_KEY")
    given = Keys({"acme": "given"}, environ, tmp_path)
    assert given.find(*find) == ("given", "the argument `keys`")
    assert Keys({}, environ, tmp_path).find(*find) == ("environment", "ACME_API_KEY")
    assert Keys({}, {}, tmp_path).find(*find) == ("stored", str(tmp_path / "keys.json"))
    assert Keys({}, {}, tmp_path / "none").find(*find) is None


def test_every_key_that_was_used_is_known(tmp_path: Path) -> None:
    environ = {"ACME_API_KEY": "first", "OTHER_API_KEY": "second"}
    keys = Keys({}, environ, tmp_path)
    assert keys.used() == keys.used("acme") == []
    for _ in range(2):
        keys.find("acme", "ACME_API_KEY")
    environ["ACME_API_KEY"] = "changed"
    keys.find("acme", "ACME_API_KEY")
    keys.find("other", "OTHER_API_KEY")
    assert keys.used("acme") == ["first", "changed"]
    assert keys.used() == ["first", "changed", "second"]
    assert {repr(key) for key in keys.used()} == {"[key]"}


def test_a_key_that_changed_is_redacted_still(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    driver = make(keys={})
    task = driver.submit("acme/zoom", REQUEST)
    monkeypatch.setenv("ACME_API_KEY", "another-key-of-today")
    server.on("GET", answers(200, {"clip": {"stage": "broken", "why": ECHO}}))
    with pytest.raises(TaskEndedError, match=r"your key \[key\] is odd"):
        driver.wait(task)


def test_a_task_that_shows_no_key_is_the_very_task(make: Maker, home: Path) -> None:
    session = make_session(home, keys={"acme": KEY})
    task = make().generate("acme/zoom", REQUEST)
    assert task.results
    assert session.keys.clean_task(task) is task
    receipt = Receipt("c-1", memo={"deep": [1, ("x", b"y")], "more": None})
    task = msgspec.structs.replace(task, error="expired", receipt=receipt)
    assert session.keys.clean_task(task) is task
    memo = {"deep": [{"key": f"is {KEY}"}, 1]}
    echoed = msgspec.structs.replace(task, receipt=Receipt("c-1", memo=memo))
    clean = session.keys.clean_task(echoed)
    assert clean.receipt == Receipt("c-1", memo={"deep": [{"key": "is [key]"}, 1]})
    assert msgspec.structs.replace(clean, receipt=receipt) == task


def test_redacting_leaves_what_shows_no_key_as_it_is() -> None:
    value = {"a": [1, ("x", b"y"), None], 5: {"deep": [2.5, True]}}
    same = redacted(value, "secret-key")
    assert same == value
    assert [type(item) for item in same["a"]] == [int, tuple, type(None)]


def test_redacting_removes_a_truncated_key_at_the_end() -> None:
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
def test_redacting_removes_an_escaped_key(text: str) -> None:
    assert redact(f"your {text} is odd", "sk/live+a b==") == "your [key] is odd"


def test_an_error_that_shows_an_escaped_key_is_redacted() -> None:
    error = RushesError(r"no: sk\/live")
    error.__cause__ = ValueError(r"sk\/live")
    silence(error, ["sk/live"])
    assert str(error) == "no: [key]"
    assert str(error.__cause__) == "[key]"


def test_the_declaration_contains_no_key() -> None:
    registry = Registry(plugins=[Zoom()], environ={"ACME_API_KEY": KEY})
    assert KEY not in repr(registry.get("acme/zoom").variant)
