"""A download goes only to the public addresses that were checked, and nothing secret is logged."""

import ipaddress
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from acme_driver import KEY, REQUEST, Maker
from acme_server import Server, answers, bills_then, drops
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks import with_results
from made_up_hosts import PUBLIC_ADDRESS, Names, leading_here, resolving_with
from msgspec import Struct
from raw_server import RawServer, answering, silent
from rich.pretty import pretty_repr
from rushes import Answer, Call, Delivery, ResultError, RushesError, Timeouts, Token
from rushes._addresses import is_public
from rushes._client.verbs import _Fetch
from rushes._flow import Dispatch, Interrupted, NotSent, PrivateAddress, Send, Stream
from rushes.urls import without_secrets
from transport_runner import Body, Perform, settings

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1",
          "::ffff:8.8.8.8", "::8.8.8.8", "::ffff:0:8.8.8.8"]  # fmt: skip
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.1.2.3", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "203.0.113.9", "::1",
    "::", "fd00:ec2::254", "fc00::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "2001:db8::1", "100::1", "64:ff9b:1::808:808", "3fff::1", "5f00::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a00:1::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1",
    "::ffff:0:127.0.0.1", "2001:0:808:808::f5ff:fffe", "2001:0:a00:1::f7f7:f7f7",
]  # fmt: skip

pytestmark = pytest.mark.usefixtures("trusted")


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_that_embeds_another_counts_as_that_one(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for prefix in ("64:ff9b::", "::ffff:0:0", "::ffff:0:0:0"):
        outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number)
        assert is_public(outer) == is_public(inner)
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)
    assert is_public(sixtofour) == is_public(inner)
    teredo = (0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)
    assert is_public(ipaddress.IPv6Address(teredo)) == is_public(inner)


def stream(url: str, sink: Any = None, *, public_only: bool = True) -> Stream:
    call = Call.get(url)
    return Stream(call=call, total=20, sink=sink or Body(), public_only=public_only)


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"],
              ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]]
)  # fmt: skip
def test_a_name_that_resolves_to_a_private_address_is_never_contacted(
    perform: Perform, found: list[str]
) -> None:
    names = Names(found)
    with RawServer(silent) as server:
        with pytest.raises(PrivateAddress, match=r"cdn\.example, which is .*private network"):
            perform(settings(resolve=names), stream(f"https://cdn.example:{server.port}/x"))
        assert server.accepted == 0
    assert names.asked == ["cdn.example"]


def test_a_private_address_is_never_contacted(perform: Perform) -> None:
    with RawServer(silent) as server:
        with pytest.raises(PrivateAddress, match=r"leads to 127\.0\.0\.1; only"):
            perform(settings(), stream(f"https://127.0.0.1:{server.port}/x"))
        assert server.accepted == 0


def test_the_connection_goes_to_the_checked_address_and_tls_to_the_name(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, body = Names([PUBLIC_ADDRESS], ["10.0.0.1"]), Body()
    leading_here(monkeypatch)
    with RawServer(answering(), tls=True) as server:
        given = settings(resolve=names, timeouts=Timeouts(connect=5))
        answer = perform(given, stream(f"https://cdn.example:{server.port}/x", body))
        assert (answer.status, body.content) == (200, b"{}")
        assert names.asked == ["cdn.example"]
        assert f"host: cdn.example:{server.port}".encode() in server.heads[0].lower()
        # A connection is not reused for another download: the name is resolved again.
        with pytest.raises(PrivateAddress, match=r"10\.0\.0\.1"):
            perform(given, stream(f"https://cdn.example:{server.port}/x"))
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            perform(
                settings(resolve=Names([PUBLIC_ADDRESS])),
                stream(f"https://other.example:{server.port}/x"),
            )


def test_a_download_cannot_reuse_a_polls_connection_to_a_private_address(perform: Perform) -> None:
    names = Names(["127.0.0.1"])
    with RawServer(answering(), tls=True) as server:
        url = f"https://cdn.example:{server.port}/x"
        poll = Send(call=Call.get(url), total=20)
        with pytest.raises(PrivateAddress):
            perform(settings(resolve=names), poll, poll, stream(url))
        assert server.accepted == len(server.heads) - 1 == 1
        assert perform(settings(resolve=names), stream(url, public_only=False)).status == 200


def test_a_proxy_resolves_names_itself(perform: Perform) -> None:
    names = Names(["127.0.0.1"])
    with RawServer(answering(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as server:
        given = settings(resolve=names, proxy=f"http://localhost:{server.port}")
        with pytest.raises(NotSent, match="403"):
            perform(given, stream("https://cdn.example/x"))
    assert names.asked == ["localhost"]
    assert server.heads[0].startswith(b"CONNECT cdn.example:443 ")


def test_a_private_address_is_the_providers_fault_and_not_retried(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver, names = make(), Names(["10.0.0.7"])
    resolving_with(names, monkeypatch)
    with pytest.raises(ResultError, match=r"cdn\.example, which is 10\.0\.0\.7") as caught:
        driver.fetch(with_results("https://cdn.example/x.mp4?sig=abcdef"), tmp_path / "x.mp4")
    assert "abcdef" not in str(caught.value)
    assert names.asked == ["cdn.example"]
    assert list(tmp_path.glob("*.mp4")) == []


def test_each_redirect_is_checked(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver, names = make(), Names([PUBLIC_ADDRESS], ["169.254.169.254"])
    resolving_with(names, monkeypatch)
    leading_here(monkeypatch)
    moved = (
        b"HTTP/1.1 302 Found\r\nLocation: https://api.acme.example/x\r\nContent-Length: 0\r\n\r\n"
    )
    with RawServer(answering(moved + b"Content-Length: 0\r\n\r\n"), tls=True) as server:
        url = f"https://cdn.example:{server.port}/x.mp4"
        with pytest.raises(ResultError, match=r"api\.acme\.example, which is 169\.254"):
            driver.fetch(with_results(url), tmp_path / "x.mp4")
    assert names.asked == ["cdn.example", "api.acme.example"]


LINK = "/files/c-1.mp4?X-Signature=0123456789abcdef"


def test_no_library_logs_a_signed_link_or_a_key(
    make: Maker, server: Server, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    clip = {
        "ref": "c-1",
        "stage": "ready",
        "links": [f"{server.url}/files/first?X-Signature=01234"],
    }
    server.on("GET /v1/clips", answers(200, {"clip": clip}))
    server.on("GET /files/first", answers(302, location=LINK, x_echo=KEY), drops)
    make().generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    assert f"GET {LINK}" in server.lines
    texts = [record.getMessage() for record in caplog.records]
    assert any(record.name == "rushes" for record in caplog.records)
    assert not [text for text in texts if "0123" in text or "Signature" in text or KEY in text]
    assert {record.name.partition(".")[0] for record in caplog.records} <= {"rushes", "asyncio"}
    # Exchanges that are not ours are logged as usual.
    with httpx.Client() as client:
        client.get(f"{server.url}/files/theirs.mp4?a=b")
    names = {record.name for record in caplog.records}
    assert {"httpx", "httpcore.http11"} <= names


def test_our_own_log_shows_a_link_without_its_query(
    make: Maker, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    from rushes import _log as log

    caplog.set_level(logging.DEBUG)
    link = "https://user:pass@cdn.example/a/b.mp4?X-Signature=0123#t"
    log.warning("an event", reason=f"ReadError({link!r}) and {link}", number=3)
    try:
        raise ValueError(link)
    except ValueError:
        log.warning("another", exc_info=True)
    text = "".join(record.getMessage() for record in caplog.records)
    assert "https://cdn.example/a/b.mp4" in text
    assert "0123" not in text
    assert "pass" not in text


def test_a_link_is_shown_without_secrets() -> None:
    assert without_secrets("https://u:p@cdn.example/a.mp4?sig=1#x") == "https://cdn.example/a.mp4"
    assert without_secrets("https://cdn.example/a@b.mp4#?") == "https://cdn.example/a@b.mp4"
    assert len(without_secrets("https://cdn.example/" + "x" * 1000)) == 200
    call = Call(method="POST", url="https://a.example/x?sig=1", headers={"Authorization": KEY})
    for effect in (Send(call=call, total=1), Stream(call=call, total=1, sink=Body())):
        assert "POST https://a.example/x>" in repr(effect)
        assert KEY not in repr(effect)


LOCALS: dict[str, Any] = {
    "dropped": ("POST", bills_then(drops)),
    "HTML": ("POST", answers(200, "<html>")),
    "refused": ("POST", answers(400, {})),
    "expired": ("GET /files", answers(404)),
}


@pytest.mark.parametrize("fault", [*LOCALS, "unreachable"])
def test_a_traceback_that_shows_its_locals_shows_no_key(
    make: Maker, server: Server, fault: str, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {}
    if fault == "unreachable":
        with RawServer(silent) as closed:
            changes["base_urls"] = {"acme": f"http://127.0.0.1:{closed.port}"}
    else:
        route, behaviour = LOCALS[fault]
        server.on(route, *[behaviour] * 9)
    with pytest.raises(RushesError) as caught:
        make(**changes).generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(shown.format())
    assert KEY not in text


def with_the_key(url: str, **changes: Any) -> Send:
    call = Call(method="POST", url=url, headers={"Authorization": f"Bearer {KEY}"}, **changes)
    return Send(call=call, total=0.3, dispatch=Dispatch(lambda: None))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{}/x", "https://127.0.0.1:{}/x", "http://a:b/"]
)
def test_the_frames_of_an_exchange_hold_no_key(perform: Perform, address: str) -> None:
    with RawServer(silent) as server, pytest.raises((NotSent, Interrupted)) as caught:
        perform(settings(), with_the_key(address.format(server.port)))
    frames = list(every_frame(caught.value))
    assert any("effect" in names for names in frames)
    assert [text for names in frames for text in names.values() if KEY in text] == []


def every_frame(error: BaseException | None) -> Iterator[dict[str, str]]:
    """Yield the locals of every frame that an error keeps, even hidden, except those of tests."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if Path(__file__).parents[1] not in Path(frame.f_code.co_filename).parents:
                yield {name: repr(value) for name, value in frame.f_locals.items()}
        yield from every_frame(error.__cause__)
        error = error.__context__


SHOWN = [
    Send(call=Call.get(f"https://acme.example{LINK}"), total=1),
    Stream(call=Call.get(f"https://acme.example{LINK}"), total=1, sink=Body()),
    Call(method="POST", url="https://acme.example/", headers={"X": KEY}, body=KEY.encode()),
    Answer(200, {"x-echo": KEY}, KEY.encode()),
    Token(KEY, 1e10),
    Delivery({"x-signature": KEY}, KEY.encode()),
    _Fetch(KEY, KEY, KEY, None, None),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("value", SHOWN, ids=lambda value: type(value).__name__)
def test_who_asks_msgspec_is_told_no_more_than_the_repr(value: Struct) -> None:
    """rich does, in its tracebacks and elsewhere."""
    text = pretty_repr(value)
    assert text == repr(value)
    assert KEY not in text
    assert "0123456789" not in text
