"""Files at an address, for a provider that fetches nothing: the core does, before it pays."""

import base64
import json
from typing import Any

import pytest
from acme_declared import SHARED
from acme_driver import KEY, Maker
from acme_server import Behaviour, Handler, Server
from acme_zoom import PAGE
from made_up_hosts import Names, resolving_with
from msgspec import Struct
from rushes import (
    Call,
    Image,
    LocalFile,
    NotSentError,
    Provider,
    PublicURL,
    Request,
    RequestError,
    Steps,
    Text,
    To,
    Uploads,
    Variant,
    absent,
    hookimpl,
    pick_text,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
CODED = base64.b64encode(PNG).decode()
MOST = 1024


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """A body with images."""

    text: Text
    first: PublicURL = absent("")
    pictures: list[PublicURL] = absent([])


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """POST the file; its address is in the answer."""
    answer = yield Call.post_file(variant.url("/v1/pictures"), file)
    return pick_text(answer.json(), "at")


def variant(inline: str | None = "{base64}", **changes: Any) -> Variant:
    uploads = Uploads(types=("image/png",), max_bytes=MOST, inline=inline, addresses=False)
    hooks = () if inline else (upload,)
    acme = Provider(**{**SHARED, "uploads": uploads, "hooks": hooks, **changes})
    fields = {
        "prompt": To("text"),
        "images.first_frame": To("first"),
        "images.reference": To("pictures[]"),
    }
    return acme.variant("zoom", payload=Payload, page=PAGE, fields=fields)


def picture(content: bytes = PNG, **headers: str) -> Behaviour:
    return lambda handler: handler.answer(200, content, headers)


def at(url: str) -> Request:
    return Request("k", images=[Image(url, "first_frame")])


def test_it_goes_into_the_payload_and_the_key_stays_at_home(
    make: Maker, server: Server, storage: Server
) -> None:
    storage.on("GET /1.png", picture())
    driver = make(plugins=[variant()])
    request = at(f"{storage.url}/1.png?sign=s3cret")
    report = driver.check("acme/zoom", request)
    assert report.valid
    assert storage.lines == []
    driver.submit("acme/zoom", request)
    assert json.loads(server.seen[0][2])["first"] == CODED
    ((_, headers, _),) = storage.seen
    assert KEY not in str(headers)


def test_it_is_uploaded_where_there_is_an_endpoint(
    make: Maker, server: Server, storage: Server
) -> None:
    storage.on("GET /", picture())
    driver = make(plugins=[variant(inline=None)])
    driver.submit("acme/zoom", at(f"{storage.url}/of%20mine/kite.png"))
    assert server.lines == ["POST /v1/pictures", "POST /v1/clips"]
    assert PNG in server.seen[0][2]
    assert b'filename="kite.png"' in server.seen[0][2]
    assert json.loads(server.seen[1][2])["first"] == "https://pictures.acme.example/1.png"


def test_it_is_fetched_once_however_often_it_is_named(
    make: Maker, server: Server, storage: Server
) -> None:
    storage.on("GET /1.png", picture())
    storage.on("GET /2.png", picture(PNG + b"2"))
    driver = make(plugins=[variant()])
    one, two = (Image(f"{storage.url}/{n}.png", "reference") for n in (1, 2))
    driver.submit("acme/zoom", Request("k", images=[one, two, one]))
    sent = json.loads(server.seen[0][2])["pictures"]
    assert sent == [CODED, base64.b64encode(PNG + b"2").decode(), CODED]
    assert storage.lines == ["GET /1.png", "GET /2.png"]


def test_the_same_job_again_is_neither_fetched_nor_paid_for(
    make: Maker, server: Server, storage: Server
) -> None:
    storage.on("GET /", picture())
    driver = make(plugins=[variant()])
    task = driver.submit("acme/zoom", at(f"{storage.url}/1.png"), task="kite")
    assert driver.submit("acme/zoom", at(f"{storage.url}/1.png"), task="kite").id == task.id
    assert (len(storage.seen), server.posts()) == (1, 1)
    with pytest.raises(RequestError):
        driver.submit("acme/zoom", at(f"{storage.url}/2.png"), task="kite")


def test_redirects_are_followed(make: Maker, server: Server, storage: Server) -> None:
    storage.on("GET /1.png", lambda h: h.answer(302, b"", {"Location": "/there.png"}))
    storage.on("GET /there.png", picture())
    make(plugins=[variant()]).submit("acme/zoom", at(f"{storage.url}/1.png"))
    assert json.loads(server.seen[0][2])["first"] == CODED


def without_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(PNG)
    handler.hang_up()


def cut_off(handler: Handler) -> None:
    handler.answer(200, PNG, {"Content-Length": str(len(PNG) + 1)})
    handler.hang_up()


UNUSABLE: list[tuple[Behaviour, str]] = [
    (lambda h: h.answer(404, b"nothing"), "HTTP 404"),
    (lambda h: h.answer(302, b"", {"Location": "ftp://a.example/1"}), "begins with ftp:"),
    (lambda h: h.answer(200, PNG, {"Content-Encoding": "gzip"}), "content encoding 'gzip'"),
    (without_length, "does not say how long it is"),
    (cut_off, ""),
    (Handler.hang_up, ""),
]


@pytest.mark.parametrize(("behaviour", "reason"), UNUSABLE)
def test_nothing_is_bought_if_it_cannot_be_had(
    make: Maker, server: Server, storage: Server, behaviour: Behaviour, reason: str
) -> None:
    storage.on("GET /", behaviour)
    driver = make(plugins=[variant()])
    with pytest.raises(NotSentError, match="could not be fetched") as caught:
        driver.submit("acme/zoom", at(f"{storage.url}/1.png?sign=s3cret"))
    assert reason in str(caught.value)
    assert str(caught.value).endswith("; nothing was bought")
    assert "s3cret" not in str(caught.value)
    assert server.lines == []
    assert driver.tasks() == []


def test_endless_redirects_end(make: Maker, server: Server, storage: Server) -> None:
    storage.on("GET /", *[lambda h: h.answer(307, b"", {"Location": "/again"})] * 9)
    with pytest.raises(NotSentError, match="redirects more than 5 times"):
        make(plugins=[variant()]).submit("acme/zoom", at(f"{storage.url}/1.png"))
    assert server.lines == []


UNACCEPTED = [
    (PNG + bytes(MOST), "file_size", "is larger than 1 KiB, the most that is accepted"),
    (b"GIF89a", "file_type", "is image/gif; accepted: png"),
    (b"<html>log in</html>", "file_type", "is not an image; accepted: png"),
    (b"", "file_type", "is not an image; accepted: png"),
]


@pytest.mark.parametrize(("content", "code", "message"), UNACCEPTED)
def test_what_the_provider_does_not_accept_is_a_problem_of_the_request(
    make: Maker, server: Server, storage: Server, content: bytes, code: str, message: str
) -> None:
    storage.on("GET /", picture(content))
    with pytest.raises(RequestError) as caught:
        make(plugins=[variant()]).submit("acme/zoom", at(f"{storage.url}/1.png"))
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("images[0].url", code)
    assert message in problem.message
    assert server.lines == []


WRONG = [
    ("gs://bucket/1.png", "it begins with gs:"),
    ("https://127.0.0.1/1.png", "which only a private network can reach"),
    ("https://intranet/1.png", "has no public host name"),
]


@pytest.mark.parametrize(("url", "message"), WRONG)
def test_an_address_that_is_not_public_is_a_problem_at_once(
    make: Maker, url: str, message: str
) -> None:
    driver = make(plugins=[variant(base_url="https://api.acme.example")], base_urls={})
    (problem,) = driver.check("acme/zoom", at(url)).problems
    assert (problem.path, problem.code) == ("images[0].url", "url")
    assert message in problem.message


def test_a_public_name_of_a_private_machine_is_not_read_from(
    make: Maker, storage: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving_with(Names(["127.0.0.1"]), monkeypatch)
    driver = make(plugins=[variant(base_url="https://api.acme.example")], base_urls={})
    with pytest.raises(NotSentError, match="could not be fetched"):
        driver.submit("acme/zoom", at(storage.url.replace("127.0.0.1", "pictures.example")))
    assert storage.lines == []


def test_a_kind_of_file_that_cannot_be_sent_stays_an_address(make: Maker) -> None:
    uploads = Uploads(types=("video/mp4",), max_bytes=MOST, inline="{base64}", addresses=False)
    url = "https://pictures.example/1.png"
    report = make(plugins=[variant(uploads=uploads)]).check("acme/zoom", at(url))
    assert report.payload.first == url
