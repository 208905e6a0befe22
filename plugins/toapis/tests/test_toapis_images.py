"""Images in native ToAPIs payloads: addresses, roles, and the input mode they make."""

from functools import cache
from itertools import product
from typing import Any

import msgspec
import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

V3, OMNI, V2_6 = "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6"
IMAGE = "https://cdn.example.org/lamp.png"
FIRST = {"url": IMAGE, "role": "first_frame"}
LAST = {"url": IMAGE, "role": "last_frame"}
REFERENCE = {"url": IMAGE, "role": "reference_image"}

PUBLIC = [
    "http://example.org/a.png", "HTTPS://example.org/a.png", "hTTp://EXAMPLE.org/A.PNG",
    "https://example.org", "https://example.org?a=1", "https://example.org:8443/a.png",
    "https://a.b.c.example.org/%20x.png?sig=a%2Bb&n=1#top", "https://example.org./a.png",
    "https://x.io/noextension", "https://8.8.8.8/a.png", "https://b\u00fccher.example.org/a.png",
    "https://xn--bcher-kva.example.org/\u7d75.png", "https://9.255.255.255/a", "https://11.0.0.1/a",
    "https://172.15.255.255/a", "https://172.32.0.1/a", "https://192.167.255.255/a",
    "https://192.169.0.1/a", "https://126.255.255.255/a", "https://128.0.0.1/a",
    "https://10.example.org/a", "https://127.0.0.1.example.org/a",
]  # fmt: skip
NOT_PUBLIC = [
    "", " ", "lamp.png", "./lamp.png", "/srv/lamp.png", "C:\\lamp.png", "example.org/lamp.png",
    "//example.org/lamp.png", "file:///srv/lamp.png", "ftp://example.org/lamp.png",
    "data:image/png;base64,iVBORw0KGgo=", "DATA:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo=",
    "s3://bucket.example/lamp.png", "javascript:alert(1)", "blob:https://example.org/1",
    "http:", "http://", "https:///lamp.png", "https:example.org/lamp.png", "https://?a=1.2",
    "https://localhost/a.png", "https://localhost./a.png", "https://intranet/a.b.png",
    "https://./a.png", "https://.../a.png", "https://@/a.png", "https://user.name@host/a.png",
    " https://example.org/a.png", "https://example.org/a.png ", "https://example.org/a b.png",
    "https://example.org/a\n.png", "https://exam\tple.org/a.png", "https://example.org/a\u3000.png",
    "https://example.org/a\u00a0.png", "https://example.org/\ud800.png", "https://[::1/a.png",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "0.0.0.0", "127.0.0.1.", "127.1", "127.0.1", "10.1",
    "192.168.257", "0177.0.0.1", "0x7f.0.0.1", "0x7F.1", "012.0.0.1", "0xa.0.0.1",
    "0xC0.0xA8.0.1", "0300.0250.0.1",
]  # fmt: skip
NOT_EVEN_A_DOT = [
    "2130706433", "0x7f000001", "017700000001", "[::1]", "[::]", "[fc00::1]", "[fd12:3456::1]",
    "[fe80::1]", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:192.168.0.1]",
]  # fmt: skip
# As a browser or resolver reads them after its normalization, these are 127.0.0.1.
IN_DISGUISE = [
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127%2e0%2e0%2e1",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127.0.0.\u00b9",
]  # fmt: skip


@cache
def registry(base_url: str | None) -> Registry:
    return Registry(base_urls={"toapis": base_url} if base_url else None)


def native(variant: str, base_url: str | None = None, **fields: Any) -> Report:
    """Check a payload that is valid but for the given fields."""
    prompt = "<<<image_1>>> is lit" if fields.get("image_urls") else "A lamp is lit"
    payload = {"model": variant.partition("/")[2], "prompt": prompt} | fields
    return check(registry(base_url).get(variant), Request(extra=payload))


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the one problem of a report, which lies at `path` and names its page."""
    assert [problem.path for problem in report.problems] == [path]
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    msgspec.json.encode(problem)
    return problem


def places(url: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Return every place an address can stand in: variant, path, fields."""
    roles = [{"url": url, "role": "first_frame"}]
    return [
        (V3, "reference_images[0]", {"reference_images": [url]}),
        (V2_6, "reference_images[1]", {"reference_images": [IMAGE, url]}),
        (V3, "image_with_roles[1].url", {"image_with_roles": [REFERENCE, *roles]}),
        (V2_6, "image_with_roles[0].url", {"image_with_roles": roles}),
        (OMNI, "image_urls[0]", {"image_urls": [url]}),
    ]


@pytest.mark.parametrize("url", PUBLIC)
def test_public_addresses_are_sent_as_they_are(url: str) -> None:
    for variant, _, fields in places(url):
        report = native(variant, **fields)
        assert report.problems == ()
        sent = msgspec.json.decode(msgspec.json.encode(report.payload))
        assert {name: sent[name] for name in fields} == fields


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_anything_else_is_refused_before_it_is_sent(url: str) -> None:
    for variant, path, fields in places(url):
        refused(native(variant, **fields), path)
        refused(native(variant, "http://127.0.0.1:9", **fields), path)


@pytest.mark.parametrize("host", [*PRIVATE, *NOT_EVEN_A_DOT, *IN_DISGUISE])
@pytest.mark.parametrize("rest", ["/a.png", ":8080/a.png", ""])
def test_private_addresses_are_refused_in_any_spelling(host: str, rest: str) -> None:
    for variant, path, fields in places(f"http://{host}{rest}"):
        refused(native(variant, **fields), path)
        refused(native(variant, "https://10.0.0.5/v1", **fields), path)
    for variant, path, fields in places(f"http://user:word@{host}{rest}"):
        refused(native(variant, **fields), path)


@pytest.mark.parametrize("host", [host for host in PRIVATE if host[0] in "12"])
@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:9/toapis", "http://localhost:9", "http://[::1]:9/v1", "http://127.8.8.8"],
)
def test_private_addresses_will_do_for_a_gateway_on_this_machine(host: str, base_url: str) -> None:
    for variant, _, fields in places(f"http://{host}:8000/a.png"):
        assert native(variant, base_url, **fields).problems == ()


@pytest.mark.parametrize("value", [5, 1.5, True, None, [], [IMAGE], {}, {"url": IMAGE}])
def test_an_address_is_text(value: Any) -> None:
    for variant, path, fields in places(value):
        refused(native(variant, **fields), path)


@pytest.mark.parametrize("value", [IMAGE, "", 5, True, None, {}, {"0": IMAGE}])
@pytest.mark.parametrize(
    ("variant", "field"),
    [
        *product((V3, V2_6), ("reference_images", "image_with_roles")),
        (OMNI, "image_urls"),
    ],
)
def test_images_are_a_list(variant: str, field: str, value: Any) -> None:
    report = native(variant, prompt="A lamp is lit", **{field: value})
    refused(report, field)


def test_every_bad_address_is_named() -> None:
    report = native(V3, reference_images=[IMAGE, "a", IMAGE, "b"], image_with_roles=[FIRST, 5])
    assert {problem.path for problem in report.problems} == {
        "reference_images[1]", "reference_images[3]", "image_with_roles[1]",
    }  # fmt: skip


@pytest.mark.parametrize("variant", [V3, V2_6])
class TestRoles:
    @pytest.mark.parametrize(
        ("role", "nearest"),
        [
            ("reference", "reference_image"),
            ("first_frames", "first_frame"),
            ("LAST_FRAME", "last_frame"),
            ("last", "last_frame"),
            ("tail", None),
            ("", None),
        ],
    )
    def test_are_three(self, variant: str, role: str, nearest: str | None) -> None:
        report = native(variant, image_with_roles=[{"url": IMAGE, "role": role}])
        problem = refused(report, "image_with_roles[0].role", "first_frame", "reference_image")
        assert problem.accepted is not None
        assert sorted(problem.accepted) == ["first_frame", "last_frame", "reference_image"]
        assert nearest in (None, problem.accepted[0])

    @pytest.mark.parametrize("role", [5, None, True, [], ["first_frame"], {}])
    def test_are_text(self, variant: str, role: Any) -> None:
        report = native(variant, image_with_roles=[{"url": IMAGE, "role": role}])
        refused(report, "image_with_roles[0].role")

    @pytest.mark.parametrize("missing", ["url", "role"])
    def test_need_both_fields(self, variant: str, missing: str) -> None:
        one = {name: value for name, value in FIRST.items() if name != missing}
        report = native(variant, image_with_roles=[REFERENCE, one])
        refused(report, f"image_with_roles[1].{missing}", "required")

    @pytest.mark.parametrize(("name", "nearest"), [("rol", "role"), ("URL", "url"), ("weight", "")])
    def test_have_nothing_else(self, variant: str, name: str, nearest: str) -> None:
        report = native(variant, image_with_roles=[FIRST | {name: "x"}])
        problem = refused(report, f"image_with_roles[0].{name}")
        assert nearest in problem.message

    @pytest.mark.parametrize("item", [IMAGE, 5, None, [], [IMAGE, "first_frame"], True])
    def test_stand_in_objects(self, variant: str, item: Any) -> None:
        refused(native(variant, image_with_roles=[FIRST, item]), "image_with_roles[1]")

    @pytest.mark.parametrize("role", ["first_frame", "last_frame"])
    def test_have_at_most_one_of_each_frame(self, variant: str, role: str) -> None:
        images = [FIRST, REFERENCE, LAST, {"url": IMAGE + "?2", "role": role}]
        (problem,) = native(variant, image_with_roles=images).problems
        assert problem.path.startswith("image_with_roles[3]")
        assert role in problem.message

    @pytest.mark.parametrize("others", [[], [REFERENCE], [REFERENCE, REFERENCE]])
    def test_have_no_last_frame_without_a_first(self, variant: str, others: list[Any]) -> None:
        mores: list[dict[str, Any]] = [{}, {"reference_images": [IMAGE]}]
        for more in mores:
            fields = {"image_with_roles": [*others, LAST], **more}
            (problem,) = native(variant, **fields).problems
            assert problem.path.startswith("image_with_roles")
            assert "first" in problem.message

    @pytest.mark.parametrize(
        ("references", "roles", "mode"),
        [
            (None, None, "text"),
            ([], [], "text"),
            ([IMAGE], None, "reference"),
            ([IMAGE, IMAGE], [], "reference"),
            (None, [REFERENCE], "reference"),
            ([], [REFERENCE, REFERENCE], "reference"),
            (None, [FIRST], "frame control"),
            ([], [FIRST, LAST], "frame control"),
            (None, [LAST, FIRST], "frame control"),
            ([IMAGE], [FIRST], "mixed"),
            ([IMAGE], [FIRST, LAST], "mixed"),
            ([IMAGE], [REFERENCE], "mixed"),
            (None, [FIRST, REFERENCE], "mixed"),
            ([], [REFERENCE, FIRST, LAST], "mixed"),
        ],
    )
    def test_make_the_input_mode(
        self, variant: str, references: Any, roles: Any, mode: str
    ) -> None:
        given = {"reference_images": references, "image_with_roles": roles}
        fields = {name: value for name, value in given.items() if value is not None}
        report = native(variant, **fields)
        assert report.problems == ()
        assert report.input_mode == mode
        sent = msgspec.json.decode(msgspec.json.encode(report.payload))
        assert {name: sent[name] for name in fields} == fields
