"""Requests with videos and sounds to refer to, and with a finished task to continue."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from acme_declared import declared
from acme_driver import Maker
from acme_server import VIDEO, Server
from acme_zoom import PAGE
from msgspec import Meta, Struct
from rushes import (
    BrokenPluginError,
    Image,
    PublicURL,
    Report,
    Request,
    RequestError,
    Text,
    To,
    Uploads,
    Variant,
    Video,
    absent,
    capabilities,
    json_schema,
)
from rushes._check.checking import check
from rushes._plugins.loading import build
from rushes.testing._request_checks import PROBES
from rushes.vocabulary import needs, not_together

MP3 = b"ID3\x04" + bytes(500)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
URL = "https://files.example.com/one.mp4"


class Heard(Struct, kw_only=True, forbid_unknown_fields=True):
    """A sound, as this provider wants it."""

    audio_url: PublicURL


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a provider that takes everything."""

    text: Text
    pictures: list[PublicURL] = absent([])
    clips: Annotated[list[PublicURL], Meta(max_length=2)] = absent([])
    base: PublicURL = absent("")
    heard: list[Heard] = absent([])
    previous: Annotated[str, Meta(max_length=12)] = absent("")


UPLOADS = Uploads(types=("image/png", "video/mp4", "audio/mpeg"), max_bytes=10_000)


def variant(**changes: Any) -> Variant:
    known: dict[str, Any] = {
        "payload": Payload,
        "page": PAGE,
        "uploads": UPLOADS,
        "fields": {
            "prompt": To("text"),
            "images.reference": To("pictures[]"),
            "videos.reference": To("clips[]"),
            "videos.edit": To("base"),
            "sounds": To("heard[]", form=lambda url: {"audio_url": url}),
            "continues": To("previous"),
        },
        "rules": (not_together("base", "previous"), needs("clips", "heard")),
        "cost": None,
        "input_mode": None,
        **changes,
    }
    return msgspec.structs.replace(declared(), **known)


VARIANT = build(variant(), [], "it").variant


def checked(request: Any, **changes: Any) -> Report:
    return check(build(variant(**changes), [], "it"), request)


def sent(request: Any, **changes: Any) -> Any:
    report = checked(request, **changes)
    assert report.valid, report.problems
    return msgspec.to_builtins(report.complete_payload())


def test_each_goes_where_the_declaration_says() -> None:
    videos = [Video(URL, "reference"), Video(f"{URL}?2", "edit"), Video(f"{URL}?3", "reference")]
    request = Request("k", videos=videos, sounds=[f"{URL}?4", f"{URL}?5"])
    assert sent(request) == {
        "text": "k",
        "clips": [URL, f"{URL}?3"],
        "base": f"{URL}?2",
        "heard": [{"audio_url": f"{URL}?4"}, {"audio_url": f"{URL}?5"}],
    }
    assert sent(Request("k", continues="c-1")) == {"text": "k", "previous": "c-1"}
    assert sent({"prompt": "k", "videos": [], "sounds": [], "continues": ""}) == {"text": "k"}


def problems(request: Any, **changes: Any) -> list[tuple[str, str]]:
    return [(found.path, found.code) for found in checked(request, **changes).problems]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"videos": [{"url": URL, "role": "base"}]}, [("videos[0].role", "choice")]),
        ({"videos": [{"url": URL}]}, [("videos[0].role", "missing")]),
        ({"videos": [{"role": "edit"}]}, [("videos[0].url", "missing")]),
        ({"videos": "x"}, [("videos", "type")]),
        ({"videos": [{"url": "ftp://x/y", "role": "edit"}]}, [("videos[0].url", "public_url")]),
        ({"sounds": ["ftp://x/y"]}, [("sounds[0]", "public_url")]),
        ({"sounds": [URL, 7]}, [("sounds[1]", "type")]),
        ({"sounds": "x"}, [("sounds", "type")]),
        ({"sounds": [""]}, [("sounds[0]", "blank")]),
        ({"continues": 7}, [("continues", "type")]),
        ({"continues": "x" * 13}, [("continues", "length")]),
        (
            {"sounds": [URL], "videos": [{"url": URL, "role": "reference"}] * 3},
            [("videos", "length")],
        ),
        ({"videos": [{"url": URL, "role": "edit"}] * 2}, [("videos[1].url", "twice")]),
        (
            {"videos": [{"url": URL, "role": "edit"}], "continues": "c-1"},
            [("videos[0].url", "base_not_with_previous")],
        ),
        ({"videos": [{"url": URL, "role": "reference"}]}, [("videos", "clips_needs_heard")]),
        (
            {"videos": [{"url": "", "role": "x"}], "sounds": [None], "continues": []},
            [("videos[0].url", "missing"), ("videos[0].role", "choice"), ("sounds[0]", "null")],
        ),
    ],
)
def test_every_problem_is_at_the_field_that_the_caller_wrote(
    request_: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    of_rules = any(code in (rule.name for rule in VARIANT.rules) for _, code in expected)
    rules = VARIANT.rules if of_rules else ()
    assert problems({"prompt": "k", **request_}, rules=rules) == expected


def test_what_a_variant_does_not_take_is_a_problem_that_names_those_that_do(
    make: Maker,
) -> None:
    able = msgspec.structs.replace(variant(), id="acme/able")
    driver = make(plugins=[declared(), able])
    request = Request(
        "k",
        videos=[Video(URL, "edit")],
        sounds=[URL],
        continues="c-1",
        images=[Image(URL, "reference")],
    )
    found = {problem.path: problem for problem in driver.check("acme/zoom", request).problems}
    assert set(found) == {"videos", "sounds", "continues"}
    assert all(problem.code == "unsupported" for problem in found.values())
    assert "acme/able" in (found["sounds"].variants or ())
    only = {**variant().fields}
    del only["videos.edit"]
    missing = checked(request, fields=only, rules=()).problems
    assert [(one.path, one.code, one.accepted) for one in missing] == [
        ("videos[0].role", "unsupported", ["reference"])
    ]


def test_each_row_of_the_matrix_says_what_is_taken() -> None:
    able = capabilities(build(variant(), [], "it").variant)
    words = {name: (able[name].how, able[name].words, able[name].to) for name in able}
    assert words["videos.reference"] == ("carried", "up to 2", "clips")
    assert words["videos.edit"] == ("carried", "yes", "base")
    assert words["sounds"] == ("carried", "yes", "heard")
    assert words["continues"] == ("carried", "up to 12 characters", "previous")
    assert capabilities(declared())["sounds"].how == "no"
    assert json_schema(variant())["properties"]["clips"]["maxItems"] == 2


@pytest.mark.parametrize("row", ["videos", "videos.first_frame", "sounds.reference"])
def test_a_mistyped_target_does_not_load(row: str) -> None:
    with pytest.raises(BrokenPluginError, match="there is no such common field"):
        build(variant(fields={"prompt": To("text"), row: To("clips[]")}, rules=()), [], "it")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Make a local file of each kind."""
    made = {"a.mp4": VIDEO, "a.mp3": MP3, "a.png": PNG}
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    return {name: str(tmp_path / name) for name in made}


def test_local_files_are_uploaded_each_once(
    make: Maker, server: Server, files: dict[str, str]
) -> None:
    driver = make(plugins=[variant(rules=())])
    video = files["a.mp4"]
    request = Request(
        "k",
        images=[Image(files["a.png"], "reference")],
        videos=[Video(video, "reference"), Video(video, "edit")],
        sounds=[files["a.mp3"]],
    )
    task = driver.submit("acme/zoom", request)
    assert server.posts("/v1/pictures") == 3
    uploaded = [body for line, _, body in server.seen if line == "POST /v1/pictures"]
    for kind, content in (("video/mp4", VIDEO), ("audio/mpeg", MP3), ("image/png", PNG)):
        assert [body for body in uploaded if f"Content-Type: {kind}".encode() in body]
        assert any(content in body for body in uploaded)
    assert task.call
    place = "https://pictures.acme.example/1.png"
    assert task.call.json() == {
        "text": "k", "pictures": [place], "clips": [place], "base": place,
        "heard": [{"audio_url": place}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "name", "message"),
    [
        ("videos", "a.png", "'{}' is image/png; accepted: mp4"),
        ("videos", "a.mp3", "'{}' is audio/mpeg; accepted: mp4"),
        ("sounds", "a.mp4", "'{}' is video/mp4; accepted: mpeg"),
        ("images", "a.mp4", "'{}' is video/mp4; accepted: png"),
        ("sounds", "text", "'{}' is not a sound; accepted: mpeg"),
        ("videos", "large", "'{}' has 10,001 bytes; at most"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_content(
    make: Maker, files: dict[str, str], tmp_path: Path, field: str, name: str, message: str
) -> None:
    (tmp_path / "text").write_text("text")
    (tmp_path / "large").write_bytes((VIDEO + bytes(10_001))[:10_001])
    path = str(tmp_path / name)
    given: Any = {"videos": [{"url": path, "role": "edit"}], "sounds": [path],
                  "images": [{"url": path, "role": "reference"}]}[field]  # fmt: skip
    driver = make(plugins=[variant(rules=())])
    with pytest.raises(RequestError) as caught:
        driver.submit("acme/zoom", {"prompt": "k", field: given})
    (problem,) = caught.value.problems
    assert problem.path == ("sounds[0]" if field == "sounds" else f"{field}[0].url")
    assert problem.message.startswith(message.format(path))


def test_where_no_type_of_a_kind_is_accepted_an_address_is_asked_for() -> None:
    uploads = Uploads(types=("image/png",), max_bytes=1000)
    (problem,) = checked({"prompt": "k", "sounds": ["a.mp3"]}, uploads=uploads).problems
    assert (problem.path, problem.code) == ("sounds[0]", "no_upload")
    assert "takes no local sounds; give a public http(s) address" in problem.message


def test_inline_files_go_into_the_payload(
    make: Maker, server: Server, files: dict[str, str]
) -> None:
    inline = msgspec.structs.replace(UPLOADS, inline="data:{type};base64,{base64}")
    driver = make(plugins=[variant(uploads=inline, rules=())])
    task = driver.submit("acme/zoom", Request("k", sounds=[files["a.mp3"]]))
    assert task.call
    assert task.call.json()["heard"][0]["audio_url"].startswith("data:audio/mpeg;base64,SUQz")
    assert server.posts("/v1/pictures") == 0


def test_a_common_and_a_native_field_for_the_same_are_a_problem() -> None:
    for field, native in (("sounds", "heard"), ("continues", "previous"), ("videos", "base")):
        value = {"videos": PROBES["videos"][2]}.get(field, PROBES[field][0])
        found = checked(Request(**{"prompt": "k", field: value}, extra={native: "x"}), rules=())
        assert [one.code for one in found.problems] == ["twice"], found.problems
