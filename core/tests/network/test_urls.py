"""URLs judged by their text alone."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes._addresses import literal_address
from rushes._urls import _USUAL_ORIGIN, join, origin, public_url_objection
from rushes.urls import has_scheme, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x.png", "HTTPS://A.Example", "http://a.example:8080/?q#f",
        "https://user@a.example/", "https://8.8.8.8/x", "https://[2606:4700::1111]/x",
        "https://a.example./x", "https://bücher.example/x", "https://a.example/%20ü",
        "https://a.example?a=1", "https://xn--bcher-kva.example/x", "https://9.255.255.255/a",
        "https://11.0.0.1/a", "https://172.15.255.255/a", "https://172.32.0.1/a",
        "https://192.167.255.255/a", "https://192.169.0.1/a", "https://126.255.255.255/a",
        "https://128.0.0.1/a", "https://10.a.example/a", "https://127.0.0.1.a.example/a",
    ],
)  # fmt: skip
def test_public_urls(url: str) -> None:
    if "[" not in url:
        assert public_url_objection(url, loopback=False) is None
    assert not is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "/tmp/x.png", "C:\\x.png", "a.example/x", "//a.example/x", "data:image/png,x",
        "file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)", "https://", "https:///x",
        "https://localhost/x", "https://host/x", "https://a..b/", "https://.b/", "https://a.b /",
        "https://a.b/\n", " https://a.b/", "https://a.b/\x00", "https://[::1/", "https://a.b:x/",
        "https://a.b:99999/", "http:", "https:a.b/x", "https://?a=1.2", "https://localhost./x",
        "https://./x", "https://@/x", "https://user.name@host/x", "https://a.b/x y",
        "https://a\t.b/x", "https://a.b/\u3000", "https://a.b/\u00a0",
        "iVBORw0KGgo=", "s3://a.b/x", "blob:https://a.b/1",
    ],
)  # fmt: skip
def test_urls_that_are_not_public(url: str) -> None:
    for loopback in (True, False):
        assert public_url_objection(url, loopback=loopback)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0",
        "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "[::ffff:10.0.0.1]", "10.255.255.255", "172.31.255.255", "127.0.1", "10.1", "192.168.257",
        "0x7F.1", "012.0.0.1", "0xa.0.0.1", "0xC0.0xA8.0.1", "0300.0250.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_only_for_a_provider_on_this_machine(host: str) -> None:
    objection = public_url_objection(f"https://{host}/x", loopback=False)
    assert objection is not None
    assert literal_address(host) is not None
    assert public_url_objection(f"https://{host}/x", loopback=True) is None


@pytest.mark.parametrize(
    "host",
    [
        "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127%2e0%2e0%2e1",
        "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127.0.0.\u00b9", "2130706433", "0x7f000001",
        "017700000001", "[::1]", "[::]", "[fc00::1]", "[fe80::1]", "[::ffff:7f00:1]",
    ],
)  # fmt: skip
def test_a_private_address_in_disguise_is_not_public(host: str) -> None:
    for url in (f"https://{host}/x", f"https://user:word@{host}:8080/x"):
        assert public_url_objection(url, loopback=False)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000", True), ("http://localhost/v1", True), ("http://[::1]:9/", True),
        ("http://127.9.9.9", True), ("http://LOCALHOST.", True), ("http://10.0.0.1", False),
        ("http://localhost.example", False), ("http://[::1", False), (None, False), ("", False),
    ],
)  # fmt: skip
def test_loopback(url: str | None, loopback: bool) -> None:
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("text", "scheme"),
    [("https://a", True), ("data:x", True), ("C:\\x", False), ("C:/x", False), ("a/b:c", False),
     ("./x", False), ("file:x", True), (":x", False)],
)  # fmt: skip
def test_scheme(text: str, scheme: bool) -> None:
    assert has_scheme(text) is scheme


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://a.b", "/v1/x", "https://a.b/v1/x"),
        ("https://a.b/", "/v1/x", "https://a.b/v1/x"),
        ("https://a.b/v1", "/v1/x", "https://a.b/v1/x"),
        ("https://a.b/v1/", "/v1/x", "https://a.b/v1/x"),
        ("https://a.b/api/v1", "/v1/x", "https://a.b/api/v1/x"),
        ("https://a.b/v2", "/v1/x", "https://a.b/v2/v1/x"),
        ("https://a.b/api", "/x", "https://a.b/api/x"),
        ("https://v1.b/xv1", "/v1/x", "https://v1.b/xv1/v1/x"),
    ],
)
def test_join(base: str, path: str, url: str) -> None:
    assert join(base, path) == url


@given(st.from_regex(_USUAL_ORIGIN, fullmatch=True), st.sampled_from(["", "/x", "?a=b@c", "#x"]))
def test_a_usual_origin_is_what_the_standard_library_finds(start: str, end: str) -> None:
    parts = urlsplit(start + end)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    assert origin(start + end) == (parts.scheme, parts.hostname, port)


@pytest.mark.parametrize(
    "url",
    ["https://user:word@a.example/", "https://a.example:x/", "HTTPS://a.example", "https://a.example."],
)  # fmt: skip
def test_other_origins_are_left_to_the_standard_library(url: str) -> None:
    assert _USUAL_ORIGIN.match(url) is None
