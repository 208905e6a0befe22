"""How large files may be: by kind, and all together inside one payload."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import pytest
from acme_declared import SHARED
from acme_driver import Maker
from acme_server import Server
from acme_zoom import PAGE
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from rushes import (
    BrokenPluginError,
    Client,
    Image,
    Provider,
    PublicURL,
    Request,
    RequestError,
    Text,
    To,
    Uploads,
    Variant,
    absent,
)
from rushes._plugins.loading import build

PNG = b"\x89PNG\r\n\x1a\n"
WAV = b"RIFF\x04\x00\x00\x00WAVE"
BODY = 1000


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Text
    pictures: list[PublicURL] = absent([])
    heard: list[PublicURL] = absent([])


def variant(**limits: Any) -> Variant:
    known = {"types": ("image/png", "audio/wav"), "inline": "{base64}", "max_bytes": BODY, **limits}
    acme = Provider(**{**SHARED, "uploads": Uploads(**known), "hooks": ()})
    fields = {
        "prompt": To("text"),
        "images.reference": To("pictures[]"),
        "sounds": To("heard[]"),
    }
    return acme.variant("zoom", payload=Payload, page=PAGE, fields=fields)


def with_files(*images: Path | str, sounds: tuple[Path, ...] = ()) -> Request:
    pictures = [Image(str(path), "reference") for path in images]
    return Request("k", images=pictures, sounds=[*map(str, sounds)])


def written(path: Path, size: int, head: bytes = PNG) -> Path:
    path.write_bytes(head + bytes(size - len(head)))
    return path


def test_each_kind_has_its_own_limit(make: Maker, tmp_path: Path) -> None:
    driver = make(plugins=[variant(max_bytes={"image": 100, "sound": 200})])
    picture, sound = written(tmp_path / "p", 150), written(tmp_path / "s", 150, WAV)
    report = driver.check("acme/zoom", with_files(picture, sounds=(sound,)))
    ((path, code, message),) = [(p.path, p.code, p.message) for p in report.problems]
    assert (path, code) == ("images[0].url", "file_size")
    assert message.endswith("has 150 bytes; at most 100 bytes are accepted")
    written(picture, 100)
    written(sound, 201, WAV)
    report = driver.check("acme/zoom", with_files(picture, sounds=(sound,)))
    assert [(p.path, p.code) for p in report.problems] == [("sounds[0]", "file_size")]


@given(sizes=st.lists(st.integers(8, 900), min_size=1, max_size=4), twice=st.booleans())
def test_together_they_fit_into_the_payload(sizes: list[int], twice: bool) -> None:
    plugin = variant(max_body=BODY)
    with tempfile.TemporaryDirectory() as folder:
        files = [written(Path(folder, str(place)), size) for place, size in enumerate(sizes)]
        named = [*files, *files[:twice]]
        with Client(plugins=[plugin], home=folder) as client:
            report = client.check("acme/zoom", with_files(*named))
    coded = [len(base64.b64encode(bytes(size))) for size in (*sizes, *sizes[:twice])]
    if sum(coded) <= BODY:
        assert report.valid
        return
    assert {problem.code for problem in report.problems} == {"body_size"}
    assert sorted(p.path for p in report.problems) == [
        f"images[{place}].url" for place in range(len(named))
    ]
    assert f"{sum(coded):,} bytes in the payload" in report.problems[0].message


def test_what_is_fetched_counts_too(
    make: Maker, server: Server, storage: Server, tmp_path: Path
) -> None:
    content = PNG + bytes(400)
    storage.on("GET /", *[lambda handler: handler.answer(200, content, {})] * 4)
    driver = make(plugins=[variant(max_body=BODY, addresses=False)])
    local, remote = written(tmp_path / "p", 450), f"{storage.url}/1.png"
    driver.submit("acme/zoom", with_files(local))
    with pytest.raises(RequestError) as caught:
        driver.submit("acme/zoom", with_files(local, remote))
    assert [(p.path, p.code) for p in caught.value.problems] == [
        ("images[0].url", "body_size"),
        ("images[1].url", "body_size"),
    ]
    assert server.posts() == 1


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_bytes": {"image": 1}}, "max_bytes has limits for image; types are of image, sound"),
        (
            {"max_bytes": {"image": 1, "audio": 2}},
            "limits for image, audio; types are of image, so",
        ),
        ({"max_body": 9, "inline": None}, "max_body limits a payload with files inside it, but"),
    ],
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(BrokenPluginError) as caught:
        build(variant(**limits), [], "acme/zoom")
    assert message in str(caught.value)


def test_the_limits_in_words() -> None:
    def words(**limits: Any) -> str:
        uploads = variant(**limits).uploads
        assert uploads
        return uploads.limits

    assert words(max_bytes=5_000_000) == "up to 5 MB"
    kinds = {"image": 30_000_000, "sound": 15_000_000}
    assert words(max_bytes=kinds, max_body=64_000_000) == (
        "up to 30 MB an image, 15 MB a sound, 64 MB in all"
    )
    assert words(max_bytes=5_000_000, max_body=5_000_000) == "up to 5 MB in all"
