"""Checking is total: any JSON-like value gets a report, and both code paths agree."""

import copy
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from acme_declared import declared
from acme_zoom import Payload, Zoom
from hypothesis import given
from hypothesis import strategies as st
from rushes import Client, Problem, Report, Request
from rushes._check.checking import check, judge
from rushes._payload.compiled import reading
from rushes._payload.field_checks import Examiner
from rushes._plugins.registry import Registry
from rushes._urls import join, origin, public_url_objection
from rushes.urls import is_loopback

ZOOM = Registry(plugins=[Zoom()]).get("acme/zoom")
CLIENT = Client(plugins=[Zoom()], home=Path("/nonexistent"))

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**64, 5, 10, 15, 24])
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.sampled_from(["zoom", "low", "high", "warm", "https://a.b/c", "16:9", "720p", "\ud800"])
)
anything = st.recursive(
    scalars | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=12,
)


def objects(fields: tuple[str, ...], values: dict[str, st.SearchStrategy[Any]]) -> Any:
    """Make objects of known fields with valid or any values, and sometimes an unknown field."""
    right = {name: values.get(name, anything) | anything for name in fields}
    return st.builds(
        lambda known, more: {**known, **more},
        st.fixed_dictionaries({}, optional=right),
        st.just({}) | st.dictionaries(st.text(max_size=5) | st.integers(), anything, max_size=1),
    )


urls = st.sampled_from(["https://a.b/c", "http://a.b", "data:x", "http://127.0.0.1/", ""])
parts = objects(("prompt", "length"), {"prompt": st.text(), "length": st.integers(0, 13)})
looks = objects(("tint", "strength"), {"tint": st.sampled_from(["warm", "x"])})
payloads = objects(
    tuple(field.encode_name for field in msgspec.structs.fields(Payload)),
    {
        "model": st.just("zoom"),
        "text": st.text(max_size=101),
        "quality": st.sampled_from(["low", "high"]),
        "seconds": st.sampled_from([5, 10, 15]),
        "fps": st.integers(0, 241),
        "zoom": st.floats(0, 5),
        "loud": st.booleans(),
        "pictures": st.lists(urls, max_size=4),
        "parts": st.lists(parts, max_size=3),
        "look": looks,
    },
)
images = objects(("url", "role"), {"url": urls, "role": st.sampled_from(["reference", "x"])})
requests = objects(
    Request.__struct_fields__,
    {
        "prompt": st.text(),
        "duration": st.sampled_from([5, 10, 15, 7, 5.0]),
        "resolution": st.sampled_from(["720p", "1080p", "4k"]),
        "images": st.lists(images, max_size=3),
        "shots": st.lists(objects(("prompt", "duration"), {"prompt": st.text()}), max_size=3),
        "aspect_ratio": st.sampled_from(["16:9", "1:1"]),
        "extra": payloads,
    },
)


def assert_consistent(report: Report) -> None:
    """Assert what holds for every report."""
    assert report.valid == (report.payload is not None) == (not report.problems)
    line = msgspec.json.encode(report.as_line())
    assert msgspec.json.decode(line)["valid"] == report.valid
    for problem in report.problems:
        assert problem.code
        assert problem.message.isprintable()
        assert str(problem).encode()


def same(one: Any, other: Any) -> bool:
    """Compare values that may contain NaN, which does not equal itself."""
    return repr(one) == repr(other)


@given(payloads | anything)
def test_any_payload_gets_a_report_and_is_left_unchanged(payload: Any) -> None:
    before = copy.deepcopy(payload)
    report = CLIENT.check_payload("acme/zoom", payload)
    assert_consistent(report)
    assert same(payload, before)
    if report.valid:
        body = msgspec.json.encode(report.payload)
        assert msgspec.json.decode(body, type=Payload) == report.payload
        assert msgspec.json.encode(CLIENT.check_payload("acme/zoom", payload).payload) == body


@given(requests | anything)
def test_any_request_gets_a_report_and_is_left_unchanged(request: Any) -> None:
    before = copy.deepcopy(request)
    assert_consistent(check(ZOOM, request))
    assert same(request, before)


@given(payloads)
def test_the_fast_path_and_the_full_check_agree(body: dict[str, Any]) -> None:
    payload, found = judge(ZOOM, body)
    examiner = Examiner("acme/zoom", loopback=False)
    partial = examiner.struct(Payload, body, "")
    wrong = [item for item in found if isinstance(item, Problem)]
    of_fields = [problem for problem in wrong if problem.code not in RULES]
    assert [(p.path, p.code) for p in of_fields] == [(p.path, p.code) for p in examiner.problems]
    if examiner.problems:
        assert payload is None
        return
    try:
        converted = msgspec.convert(body, Payload)
    except msgspec.ValidationError:
        assert any(value == [] for value in body.values())
        return
    assert partial == converted
    read = reading(converted)
    broken = [
        i for rule in ZOOM.variant.rules for i in rule.judge(read, read) if isinstance(i, Problem)
    ]
    assert (payload == converted) == (not broken)


RULES = ("loud_needs_high", "too_long")

near_urls = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                "http",
                "https",
                ":",
                "//",
                "/",
                "a.b",
                "127.0.0.1",
                "localhost",
                "[::1]",
                "[",
                "]",
                "@",
                "?",
                "#",
                "%",
                ":443",
                ":0",
                ":99999",
                ":x",
                ".",
                "\\",
                "é",
                "0x7f.1",
                "",
            ]
        )
        | st.text(max_size=3),
        max_size=8,
    ),
)


@given(near_urls, st.booleans())
def test_any_text_gets_a_verdict_as_a_url(text: str, loopback: bool) -> None:
    objection = public_url_objection(text, loopback=loopback)
    assert objection is None or objection
    assert is_loopback(text) in (True, False)
    if objection is None:
        assert origin(text)[0] in ("http", "https")
        assert loopback or not is_loopback(text)


parts = st.lists(st.sampled_from([".", "..", "a", "/", "\\", "%2e", "%2F", "?", "é"]), max_size=6)


@given(parts.map("".join), st.sampled_from(["/v1/{part}/clips", "/v1/{+part}/clips"]))
def test_no_value_leads_out_of_its_path(value: str, path: str) -> None:
    """Not even where a server decodes an address before it looks where it leads."""
    variant = declared()
    try:
        url = variant.url(path, part=value)
    except ValueError:
        assert "." in unquote(value)
        return
    while (decoded := unquote(url).replace("\\", "/")) != url:
        url = decoded
    assert not {".", ".."} & {*url.split("/")}


@given(st.text())
def test_dots_in_a_query_lead_nowhere(value: str) -> None:
    value = f"../{value.encode('utf-8', 'ignore').decode()}"
    url = declared().url("/v1/clips?of={part}", part=value)
    assert url == f"https://api.acme.example/v1/clips?of={quote(value, safe='')}"


@given(st.sampled_from(["", "/", "/v1", "/v1/", "/api/v1", "/v1//", "/x"]), st.sampled_from("12"))
def test_the_version_is_never_repeated_in_a_url(tail: str, version: str) -> None:
    url = join("https://a.example" + tail.replace("1", version), f"/v{version}/clips")
    assert f"/v{version}/v{version}" not in url
    assert url.endswith(f"/v{version}/clips")
