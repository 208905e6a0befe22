"""Local images that are not public addresses: inside the payload, or as the provider's handle."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from acme_declared import SHARED
from acme_driver import Maker
from acme_server import Server, answers
from acme_zoom import PAGE
from msgspec import Struct
from rushes import (
    Call,
    Image,
    LocalFile,
    NotSentError,
    Provider,
    PublicURL,
    Request,
    Steps,
    Text,
    To,
    Uploads,
    Variant,
    absent,
    hookimpl,
    pick,
    pick_text,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
CODED = base64.b64encode(PNG).decode()


class Inline(Struct, kw_only=True, forbid_unknown_fields=True):
    """An image as an object."""

    data: Text
    mime: Text


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """A body with an image as text, as an object, and in a list."""

    text: Text
    first: PublicURL = absent("")
    last: Inline = absent(Inline(data="", mime=""))
    pictures: list[PublicURL] = absent([])


def variant(role: str, target: str, uploads: Uploads, *hooks: Any) -> Variant:
    acme = Provider(**{**SHARED, "uploads": uploads, "hooks": hooks})
    fields = {"prompt": To("text"), f"images.{role}": To(target)}
    return acme.variant("zoom", payload=Payload, page=PAGE, fields=fields)


def uploads(**how: Any) -> Uploads:
    return Uploads(types=("image/png",), max_bytes=1024, **how)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "kite.png"
    path.write_bytes(PNG)
    return str(path)


OBJECT = {"data": "{base64}", "mime": "{type}"}
INLINE: list[tuple[str, str, Any, Any]] = [
    ("first_frame", "first", "{base64}", CODED),
    ("first_frame", "first", "data:{type};base64,{base64}", f"data:image/png;base64,{CODED}"),
    ("last_frame", "last", OBJECT, {"data": CODED, "mime": "image/png"}),
    ("reference", "pictures[]", "{base64}", [CODED]),
]


@pytest.mark.parametrize(("role", "target", "template", "sent"), INLINE)
def test_a_file_goes_into_the_payload(
    make: Maker, server: Server, picture: str, role: Any, target: str, template: Any, sent: Any
) -> None:
    driver = make(plugins=[variant(role, target, uploads(inline=template))])
    request = Request("k", images=[Image(picture, role)])
    report = driver.check("acme/zoom", request)
    assert report.valid
    assert CODED not in str(report.payload)
    task = driver.submit("acme/zoom", request, task="kite")
    assert server.lines == ["POST /v1/clips"]
    body = json.loads(server.seen[0][2])
    assert pick(body, target.removesuffix("[]")) == sent
    assert driver.submit("acme/zoom", request, task="kite").id == task.id
    assert server.posts() == 1


def test_an_address_is_still_one_where_both_are_accepted(make: Maker, server: Server) -> None:
    driver = make(plugins=[variant("first_frame", "first", uploads(inline="{base64}"))])
    url = "https://pictures.acme.example/1.png"
    driver.submit("acme/zoom", Request("k", images=[Image(url, "first_frame")]))
    assert json.loads(server.seen[0][2])["first"] == url


def test_types_and_sizes_are_checked_before_anything_is_sent(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver = make(plugins=[variant("first_frame", "first", uploads(inline="{base64}"))])
    large, odd = tmp_path / "large.png", tmp_path / "odd.png"
    large.write_bytes(PNG + bytes(1024))
    odd.write_bytes(b"GIF89a")
    for path, code in ((large, "file_size"), (odd, "file_type")):
        request = Request("k", images=[Image(str(path), "first_frame")])
        assert [p.code for p in driver.check("acme/zoom", request).problems] == [code]
    assert server.lines == []


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """Ask for a place, POST the file there with the fields that belong to it, use the handle."""
    answer = yield Call.post_json(variant.url("/v1/uploads"), {"name": file.name})
    place = answer.json()
    fields = pick(place, "fields")
    yield Call.post_file(pick_text(place, "to") or "", file, fields=fields)
    return pick_text(place, "handle")


@pytest.mark.parametrize("handle", ["acme://u/1", "other://u/1", "acme://u\n1", None])
def test_a_handle_takes_the_place_of_an_address(
    make: Maker, server: Server, storage: Server, picture: str, handle: str | None
) -> None:
    fields = {"policy": "p", 'odd"name': "v"}
    server.on("POST /v1/uploads", answers(
        200, {"to": f"{storage.url}/bucket", "fields": fields, "handle": handle}
    ))  # fmt: skip
    storage.on("POST /bucket", answers(204))
    driver = make(plugins=[variant("first_frame", "first", uploads(handle="acme://"), upload)])
    request = Request("k", images=[Image(picture, "first_frame")])
    if handle != "acme://u/1":
        with pytest.raises(NotSentError, match="no usable address"):
            driver.submit("acme/zoom", request)
        assert server.posts() == 0
        return
    driver.submit("acme/zoom", request)
    assert json.loads(server.seen[1][2])["first"] == handle
    line, headers, body = storage.seen[0]
    assert line == "POST /bucket"
    assert "authorization" not in headers
    boundary = headers["content-type"].partition("boundary=")[2]
    parts = body.split(f"--{boundary}".encode())
    assert [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:-1]] == [
        b"p", b"v", PNG,
    ]  # fmt: skip
    assert b'name="policy"' in parts[1]
    assert b'name="odd%22name"' in parts[2]
    assert b'name="file"; filename="kite.png"' in parts[3]
