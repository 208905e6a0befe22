"""Providers with several secrets, with tokens made from them, and with further origins."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from acme_declared import declared
from acme_driver import REQUEST, Drivers, Maker, StoppedClock
from acme_server import Server, answers, running
from rushes import (
    Call,
    Client,
    ConfigurationError,
    Image,
    LocalFile,
    MissingKeyError,
    OutcomeUnknownError,
    RefusedError,
    Request,
    Steps,
    Token,
    Variant,
    hookimpl,
)
from rushes.home import Environment, Keys

ACCESS, SECRET, PLAIN = "access-8d41c7", "secret-55e0fa", "plain-key-77d2"
PAIR = {"acme.access_key": ACCESS, "acme.secret_key": SECRET}
EITHER = (("api_key",), ("access_key", "secret_key"))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@hookimpl
def authorize(call: Call, secrets: Mapping[str, str], now: float) -> Mapping[str, str]:
    """Sign the bytes of the call with the second half of the key."""
    if "api_key" in secrets:
        return {"Authorization": f"Key {secrets['api_key']}"}
    signed = f"{call.method} {call.url} {now:.0f}".encode() + (call.body or b"")
    sign = hmac.new(secrets["secret_key"].encode(), signed, hashlib.sha256).hexdigest()
    return {"X-Access": secrets["access_key"], "X-Sign": sign}


def signing(**changes: Any) -> Variant:
    return declared(secrets=EITHER, hooks=(authorize,), **changes)


@pytest.fixture
def other() -> Iterator[Server]:
    with running() as server:
        yield server


def sent(server: Server, header: str) -> list[str | None]:
    return [headers.get(header) for line, headers, _ in server.seen if "/files/" not in line]


def test_both_halves_are_found_and_the_bytes_are_signed(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SECRET_KEY", SECRET)
    driver = make(plugins=[signing()], keys={"acme.access_key": ACCESS}, clock=StoppedClock())
    driver.generate("acme/zoom", REQUEST)
    assert set(sent(server, "x-access")) == {ACCESS}
    signed = f"POST {server.url}/v1/clips 1000000".encode() + server.seen[0][2]
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert server.seen[0][1]["x-sign"] == expected
    assert all(SECRET not in str(headers) for _, headers, _ in server.seen)


def test_the_first_complete_set_is_used(make: Maker, server: Server) -> None:
    keys = {"acme": PLAIN, **PAIR}
    make(plugins=[signing()], keys=keys).submit("acme/zoom", REQUEST)
    assert sent(server, "authorization") == [f"Key {PLAIN}"]


@pytest.mark.parametrize("keys", [{}, {"acme.access_key": ACCESS}])
def test_what_is_missing_is_named(make: Maker, keys: dict[str, str]) -> None:
    with pytest.raises(MissingKeyError) as caught:
        make(plugins=[signing()], keys=keys).submit("acme/zoom", REQUEST)
    assert "set ACME_API_KEY, or ACME_ACCESS_KEY and ACME_SECRET_KEY" in str(caught.value)
    assert "rushes keys set acme" in str(caught.value)
    with pytest.raises(MissingKeyError, match=r"keys set acme\.a; rushes keys set acme\.b"):
        make(plugins=[declared(secrets=(("a", "b"),))], keys=keys).submit("acme/zoom", REQUEST)
    further = signing(variables={"access_key": "ACMEML_ACCESS", "api_key": "ACMEML_KEY"})
    assert further.key_variables == (
        ("ACME_API_KEY",),
        ("ACME_ACCESS_KEY", "ACME_SECRET_KEY"),
        ("ACMEML_KEY",),
        ("ACMEML_ACCESS", "ACME_SECRET_KEY"),
    )
    with pytest.raises(MissingKeyError, match="or ACMEML_KEY, or ACMEML_ACCESS and ACME_SECRET"):
        make(plugins=[further], keys=keys).submit("acme/zoom", REQUEST)


def test_an_ecosystems_own_variable_is_read_too(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = declared(variables={"api_key": "ACMEML_API_SECRET"})
    monkeypatch.setenv("ACMEML_API_SECRET", PLAIN)
    driver = make(plugins=[plugin], keys={})
    driver.submit("acme/zoom", REQUEST)
    monkeypatch.setenv("ACME_API_KEY", ACCESS)
    driver.submit("acme/zoom", REQUEST)
    assert sent(server, "authorization") == [f"Bearer {PLAIN}", f"Bearer {ACCESS}"]


@pytest.mark.parametrize("name", ["acme.access_key", "acme.secret_key"])
def test_an_odd_half_is_named(make: Maker, name: str) -> None:
    keys = {**PAIR, name: "two\nlines"}
    with pytest.raises(ConfigurationError, match=name.partition(".")[2].replace("_", " ")):
        make(plugins=[signing()], keys=keys).submit("acme/zoom", REQUEST)


def test_each_half_is_kept_out_of_output(make: Maker, server: Server, home: Path) -> None:
    echo = {"error": {"message": f"bad signature by {SECRET} of {ACCESS}"}}
    server.on("POST /v1/clips", answers(422, echo))
    with pytest.raises(RefusedError) as caught:
        make(plugins=[signing()], keys=PAIR).submit("acme/zoom", REQUEST)
    assert "bad signature by [key] of [key]" in str(caught.value)
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert not [half for half in (SECRET, ACCESS) if half.encode() in written]


def test_halves_are_stored_by_name(home: Path) -> None:
    for name, key in PAIR.items():
        Keys({}, Environment({}), home).store(name, key)
    kept = Keys({}, Environment({}), home)
    assert kept.stored() == PAIR
    found = kept.find("acme.secret_key", "ACME_SECRET_KEY")
    assert found is not None
    assert found[0] == SECRET
    assert kept.used("acme") == [SECRET]


def test_a_task_is_looked_up_under_the_same_pair_only(make: Maker, server: Server) -> None:
    plugin = signing(idempotency="replay")
    server.on("POST /v1/clips", *[lambda handler: handler.hang_up()] * 9)
    driver = make(plugins=[plugin], keys=PAIR)
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST, task="kite")
    before = len(server.seen)
    other = {**PAIR, "acme.secret_key": "another-secret"}
    with pytest.raises(OutcomeUnknownError, match="sent with another key"):
        make(plugins=[plugin], keys=other).resume("kite")
    assert len(server.seen) == before


class Tokens:
    """Makes a token from both halves, and counts them."""

    def __init__(self, lifetime: float) -> None:
        self.made: list[float] = []
        self.lifetime = lifetime

    @property
    def hook(self) -> Any:
        @hookimpl
        def token(secrets: Mapping[str, str], now: float) -> Token:
            self.made.append(now)
            text = hashlib.sha256(f"{sorted(secrets.items())} {now}".encode()).hexdigest()
            return Token(text, now + self.lifetime)

        return token


def test_a_token_is_kept_until_it_expires(make: Maker, server: Server) -> None:
    tokens, clock = Tokens(1800), StoppedClock()
    plugin = declared(secrets=(("access_key", "secret_key"),), hooks=(tokens.hook,))
    driver = make(plugins=[plugin], keys=PAIR, clock=clock)
    for _ in range(3):
        driver.submit("acme/zoom", REQUEST)
    assert len(tokens.made) == 1
    clock.sleep(1700)
    driver.submit("acme/zoom", REQUEST)
    assert len(tokens.made) == 1
    clock.sleep(60)
    driver.submit("acme/zoom", REQUEST)
    assert len(tokens.made) == 2
    carried = sent(server, "authorization")
    assert len(set(carried)) == 2
    assert all(text and text.startswith("Bearer ") for text in carried)


def test_a_token_is_kept_out_of_output(make: Maker, server: Server) -> None:
    tokens = Tokens(1800)
    plugin = declared(secrets=(("access_key", "secret_key"),), hooks=(tokens.hook,))
    server.on("POST /v1/clips", lambda handler: handler.answer(
        422, {"error": {"message": f"odd {handler.headers['Authorization']}"}}
    ))  # fmt: skip
    with pytest.raises(RefusedError, match=r"odd Bearer \[key\]"):
        make(plugins=[plugin], keys=PAIR).submit("acme/zoom", REQUEST)


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """Ask the storage for an address, then PUT the bytes there, without a key."""
    answer = yield Call.post_json(variant.url("/storage", "rest"), {"name": file.name})
    addresses = answer.json()
    yield Call(method="POST", url=addresses["put"], body=file.content)
    url: str = addresses["get"]
    return url


def stored(driver: Any, tmp_path: Path) -> None:
    picture = tmp_path / "kite.png"
    picture.write_bytes(PNG)
    driver.submit("acme/zoom", Request("k", images=[Image(str(picture), "reference")]))


def test_a_further_origin_gets_the_key_and_others_do_not(
    server: Server, other: Server, home: Path, tmp_path: Path
) -> None:
    with running() as third:
        plugin = declared(base_url=server.url, origins={"rest": other.url}, hooks=(upload,))
        addresses = {"put": f"{third.url}/bucket", "get": "https://pictures.acme.example/1.png"}
        other.on("POST /storage", answers(200, addresses))
        third.on("POST /bucket", answers(200))
        with Client(plugins=[plugin], keys={"acme": PLAIN}, home=home) as client:
            stored(client, tmp_path)
    assert sent(server, "authorization") == sent(other, "authorization") == [f"Bearer {PLAIN}"]
    assert sent(third, "authorization") == [None]
    assert third.seen[0][2] == PNG


def test_a_configured_base_url_stands_for_every_origin(
    make: Drivers, server: Server, other: Server, tmp_path: Path
) -> None:
    """The key was configured for that address: the declared ones must not get it."""
    plugin = declared(origins={"rest": other.url}, hooks=(upload,))
    addresses = {"put": f"{server.url}/bucket", "get": "https://pictures.acme.example/1.png"}
    server.on("POST /storage", answers(200, addresses))
    server.on("POST /bucket", answers(200))
    stored(make(plugins=[plugin]), tmp_path)
    assert other.seen == []
    assert server.lines == ["POST /storage", "POST /bucket", "POST /v1/clips"]


@pytest.mark.parametrize(
    ("template", "header", "value"),
    [
        ("Authorization: Key {key}", "authorization", f"Key {PLAIN}"),
        ("x-goog-api-key: {key}", "x-goog-api-key", PLAIN),
    ],
)
def test_the_header_of_the_key_is_declared(
    make: Maker, server: Server, template: str, header: str, value: str
) -> None:
    make(plugins=[declared(authorization=template)], keys={"acme": PLAIN}).submit(
        "acme/zoom", REQUEST
    )
    assert sent(server, header) == [value]
