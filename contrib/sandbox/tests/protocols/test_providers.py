"""The protocols that providers' distributions bring, over real sockets."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from rushes_sandbox import FAULTS, Sandbox, Status, protocols
from sandbox_http import PNG

Body = dict[str, Any]


@dataclass(frozen=True)
class Provider:
    """How one provider is asked for a video."""

    submit: str
    body: Body
    status: str
    #: Where the answer to a submit has the id, and where an answer about a task has the address.
    id: tuple[Any, ...]
    url: tuple[Any, ...]
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": "Bearer {key}"})
    result: str = ""
    wrong: Body = field(default_factory=dict)


VERSION = {"Authorization": "Bearer {key}", "X-Runway-Version": "2024-11-06"}
CONTENT = [{"type": "text", "text": "a lantern"}]
PROVIDERS = {
    "runway": Provider(
        "/v1/text_to_video",
        {"model": "gen4.5", "promptText": "a lantern", "ratio": "1280:720", "duration": 2},
        "/v1/tasks/{id}",
        ("id",),
        ("output", 0),
        VERSION,
        wrong={"duration": 11},
    ),
    "fal": Provider(
        "/fal-ai/kling-video/v3/standard/text-to-video",
        {"prompt": "a lantern", "duration": "3"},
        "/fal-ai/kling-video/requests/{id}/status",
        ("request_id",),
        ("video", "url"),
        {"Authorization": "Key {key}"},
        result="/fal-ai/kling-video/requests/{id}",
        wrong={"duration": 3},
    ),
    "kling": Provider(
        "/v1/videos/text2video",
        {"model_name": "kling-v3", "prompt": "a lantern", "duration": "3"},
        "/v1/videos/text2video/{id}",
        ("data", "task_id"),
        ("data", "task_result", "videos", 0, "url"),
        wrong={"duration": 3},
    ),
    "google": Provider(
        "/models/veo-3.1-fast-generate-preview:predictLongRunning",
        {"instances": [{"prompt": "a lantern"}], "parameters": {"durationSeconds": 4}},
        "/{id}",
        ("name",),
        ("response", "generateVideoResponse", "generatedSamples", 0, "video", "uri"),
        {"x-goog-api-key": "{key}"},
        wrong={"parameters": {"durationSeconds": "4"}},
    ),
    "openrouter": Provider(
        "/videos",
        {"model": "kwaivgi/kling-v3.0-std", "prompt": "a lantern", "duration": 3},
        "/videos/{id}",
        ("id",),
        ("unsigned_urls", 0),
        wrong={"duration": 2},
    ),
    "byteplus": Provider(
        "/contents/generations/tasks",
        {"model": "seedance-1-5-pro-251215", "content": CONTENT, "duration": 4},
        "/contents/generations/tasks/{id}",
        ("id",),
        ("content", "video_url"),
        wrong={"duration": 3},
    ),
}


@dataclass
class Client:
    """An HTTP client of one provider of a sandbox."""

    sandbox: Sandbox
    name: str
    http: httpx.Client

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.name]

    def submit(self, **changes: Any) -> httpx.Response:
        return self.http.post(
            self.base + self.provider.submit, json={**self.provider.body, **changes}
        )

    @property
    def base(self) -> str:
        return self.sandbox.base_urls[self.name]

    def created(self) -> str:
        answer = self.submit()
        assert answer.status_code in (200, 202), answer.text
        return str(at(answer.json(), self.provider.id))

    def ask(self, task: str, path: str = "") -> httpx.Response:
        return self.http.get(self.base + (path or self.provider.status).format(id=task))

    def completed(self, task: str) -> Any:
        """Return the answer that has the video's address."""
        assert self.sandbox.created[-1].video.finished.wait(300)
        self.ask(task)
        return self.ask(task, self.provider.result).json()


def at(body: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        body = body[part]
    return body


def connected(sandbox: Sandbox, name: str) -> Client:
    headers = {key: value.format(key=sandbox.key) for key, value in PROVIDERS[name].headers.items()}
    return Client(sandbox, name, httpx.Client(headers=headers, verify=False, timeout=120))


@pytest.fixture
def client(request: pytest.FixtureRequest, rushes_sandbox: Sandbox) -> Iterator[Client]:
    made = connected(rushes_sandbox, request.param)
    with made.http:
        yield made


EACH = pytest.mark.parametrize("client", sorted(PROVIDERS), indirect=True)


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [name], indirect=True)


def test_all_installed_protocols_work() -> None:
    assert protocols().broken == {}
    assert set(protocols().by_id) == {*PROVIDERS, "toapis", "apimart", "uniall"}
    sceneries = [protocol.scenery for protocol in protocols().by_id.values()]
    assert len(set(sceneries)) == len(sceneries)


@EACH
def test_a_request_becomes_a_video(client: Client) -> None:
    task = client.created()
    assert client.sandbox.created[0].id == task
    assert client.sandbox.created[0].cost > 0
    url = at(client.completed(task), client.provider.url)
    film = client.http.get(url, follow_redirects=True)
    assert film.headers["content-type"] == "video/mp4"
    assert film.content == client.sandbox.created[0].video.path.read_bytes()


@EACH
def test_the_key_is_needed(client: Client) -> None:
    answer = httpx.post(client.base + client.provider.submit, json=client.provider.body)
    assert answer.status_code in (400, 401)
    client.http.headers["authorization"] = client.http.headers["x-goog-api-key"] = "Bearer wrong"
    assert client.submit().status_code in (400, 401)
    assert client.sandbox.created == []


@EACH
def test_what_the_page_refuses_is_refused(client: Client) -> None:
    for changes in (client.provider.wrong, {"colour": "red"}):
        answer = client.submit(**changes)
        assert 400 <= answer.status_code < 500
        assert any(word in answer.text for word in ("duration", "durationSeconds", "colour"))
    assert client.ask("nothing-like-it").status_code == 404
    assert client.sandbox.created == []


ANSWERED = sorted(
    name
    for name, fault in FAULTS.items()
    if fault.step in ("submit", "status", "result")
    and not any(word in name for word in ("drop", "reset", "stall", "drip", "endless", "bomb"))
)


@EACH
def test_every_fault_hits_what_it_is_for(client: Client) -> None:
    for name in ANSWERED:
        hit(client, name)


def hit(client: Client, name: str) -> None:
    """Have one fault hit one request, and look at the answer."""
    fault = FAULTS[name]
    if not fault.applies_to(protocols().by_id[client.name]):
        with pytest.raises(ValueError, match="has no such answers"):
            client.sandbox.inject(name, gateway=client.name)
        return
    task = "" if fault.step == "submit" else client.created()
    injected = client.sandbox.inject(name, gateway=client.name)
    path = client.provider.result if fault.step == "result" else ""
    if fault.step == "result":
        assert client.sandbox.created[-1].video.finished.wait(300)
    answer = client.submit() if fault.step == "submit" else client.ask(task, path)
    assert injected.hits == 1
    assert "the sandbox failed" not in answer.text
    if name.endswith("-naming-the-task"):
        assert at(answer.json(), client.provider.id) == client.sandbox.created[-1].id
    if name.startswith("link-"):
        assert at(answer.json(), client.provider.url).startswith(("file:", "ftp:", "http:"))


@EACH
def test_a_status_fault_never_shows_an_address_of_a_failed_task(client: Client) -> None:
    task = client.created()
    client.completed(task)
    client.sandbox.inject("status-failed", gateway=client.name)
    answer = client.ask(task)
    assert "content policy does not allow" in answer.text
    assert "/results/" not in answer.text


# What is special to each.


@of("runway")
def test_runway_needs_its_version(client: Client) -> None:
    del client.http.headers["x-runway-version"]
    answer = client.submit()
    assert (answer.status_code, "X-Runway-Version" in answer.text) == (400, True)


@of("runway")
def test_runway_deletes_what_has_ended(client: Client) -> None:
    task = client.created()
    url = at(client.completed(task), client.provider.url)
    assert client.http.delete(f"{client.base}/v1/tasks/{task}").status_code == 204
    assert client.ask(task).status_code == 404
    assert client.http.get(url).status_code == 404
    assert len(client.sandbox.created) == 1


@of("runway")
def test_runway_takes_a_file_at_its_storage_without_the_key(client: Client) -> None:
    body = {"filename": "a.png", "type": "ephemeral"}
    made = client.http.post(f"{client.base}/v1/uploads", json=body).json()
    assert not made["uploadUrl"].startswith(client.sandbox.url)
    files = {"file": ("a.png", PNG)}
    with_key = client.http.post(made["uploadUrl"], data=made["fields"], files=files)
    assert with_key.status_code == 400
    with httpx.Client(verify=False) as bare:
        assert bare.post(made["uploadUrl"], files=files).status_code == 403
        stored = bare.post(made["uploadUrl"], data=made["fields"], files=files)
    assert (stored.status_code, stored.content) == (204, b"")
    image = {**client.provider.body, "promptImage": made["runwayUri"], "duration": 2}
    assert client.http.post(f"{client.base}/v1/image_to_video", json=image).status_code == 200
    first = client.sandbox.created[-1].video.scene.first
    assert first is not None
    assert first.path is not None
    assert first.path.read_bytes() == PNG


@of("fal")
def test_fal_says_where_to_ask_and_where_the_file_goes(client: Client) -> None:
    made = client.submit().json()
    assert "/v3/" not in made["status_url"]
    assert client.http.get(made["status_url"]).status_code in (200, 202)
    assert client.sandbox.created[-1].video.finished.wait(300)
    assert client.http.get(made["response_url"]).json()["video"]["content_type"] == "video/mp4"
    assert client.http.put(made["cancel_url"]).json() == {"status": "ALREADY_COMPLETED"}
    initiate = f"{client.base}/storage/upload/initiate?storage_type=fal-cdn-v3"
    place = client.http.post(initiate, json={"content_type": "image/png", "file_name": "a.png"})
    with httpx.Client(verify=False) as bare:
        assert bare.put(place.json()["upload_url"], content=PNG).status_code == 200
        assert bare.get(place.json()["file_url"]).content == PNG


@pytest.mark.rushes_sandbox(queue_seconds=3600)
@of("fal")
def test_fal_cancels(client: Client) -> None:
    made = client.submit().json()
    assert client.http.get(made["response_url"]).status_code == 400
    assert client.http.put(made["cancel_url"]).status_code == 202
    assert client.http.get(made["status_url"]).json()["error_type"] == "client_cancelled"
    assert client.http.get(made["response_url"]).status_code == 422


@of("byteplus")
def test_byteplus_makes_a_video_from_a_draft(client: Client) -> None:
    draft = client.submit(draft=True, ratio="9:16", generate_audio=False).json()["id"]
    part = {"type": "draft_task", "draft_task": {"id": draft}}
    assert client.submit(content=[part]).status_code == 400  # it is not finished
    shown = client.completed(draft)
    assert (shown["resolution"], shown["ratio"]) == ("480p", "9:16")
    final = client.submit(content=[part], ratio="1:1", resolution="1080p").json()["id"]
    shown = client.completed(final)
    assert (shown["resolution"], shown["ratio"]) == ("1080p", "9:16")
    assert shown["generate_audio"] is False
    assert client.sandbox.created[-1].video.scene.prompt == "a lantern"
    again = {"type": "draft_task", "draft_task": {"id": final}}
    assert client.submit(content=[again]).status_code == 400  # it is no draft


@of("byteplus")
def test_byteplus_lists_tasks_by_their_ids(client: Client) -> None:
    ids = [client.created() for _ in range(3)]
    url = f"{client.base}/contents/generations/tasks"
    asked = {"filter.task_ids": [ids[2], "unknown", ids[0]], "page_size": "500"}
    page = client.http.get(url, params=asked).json()
    assert [item["id"] for item in page["items"]] == [ids[2], ids[0]]
    assert page["total"] == 2
    assert page["items"][0].keys() == client.ask(ids[2]).json().keys()
    assert client.http.get(url, params={"page_size": "0"}).status_code == 400
    assert client.http.get(url).json() == {"items": [], "total": 0}


def token(sandbox: Sandbox, secret: str, now: float) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    access = sandbox.secrets["kling"]["access_key"]
    claims = {"iss": access, "exp": int(now) + 1800, "nbf": int(now) - 5}
    message = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    signature = hmac.digest(secret.encode(), message.encode(), hashlib.sha256)
    return f"{message}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@of("kling")
def test_kling_takes_signed_tokens_for_the_old_calls_only(client: Client) -> None:
    secret = client.sandbox.secrets["kling"]["secret_key"]
    now = time.time()
    for given, status in (
        (token(client.sandbox, secret, now), 200),
        (token(client.sandbox, "another", now), 401),
        (token(client.sandbox, secret, now - 7200), 401),
        (token(client.sandbox, secret, now)[:-2], 401),
        ("a.b.c", 401),
    ):
        client.http.headers["authorization"] = f"Bearer {given}"
        assert client.submit().status_code == status
    client.http.headers["authorization"] = f"Bearer {token(client.sandbox, secret, now)}"
    new = client.http.post(f"{client.base}/text-to-video/kling-3.0", json={"prompt": "a lantern"})
    assert (new.status_code, new.json()["code"]) == (401, 1002)


@of("kling")
def test_kling_lists_the_tasks_of_the_new_calls(client: Client) -> None:
    body = {"prompt": "a lantern", "settings": {"duration": 3}}
    ids = []
    for name in ("mine", "other"):
        options = {"external_task_id": name}
        url = f"{client.base}/text-to-video/kling-3.0"
        made = client.http.post(url, json={**body, "options": options}).json()
        assert (made["code"], made["data"]["status"]) == (0, "submitted")
        ids.append(made["data"]["id"])
    tasks = f"{client.base}/tasks"
    both = client.http.get(tasks, params={"task_ids": ",".join(ids)}).json()["data"]
    assert [each["id"] for each in both] == ids
    mine = client.http.get(tasks, params={"external_task_ids": "mine"}).json()["data"]
    assert [each["external_id"] for each in mine] == ["mine"]
    assert client.http.get(tasks, params={"task_ids": "1"}).json()["data"] == []
    assert client.http.get(tasks).status_code == 400
    assert client.sandbox.created[-1].video.finished.wait(300)
    (done,) = client.http.get(tasks, params={"task_ids": ids[1]}).json()["data"]
    assert client.http.get(done["outputs"][0]["url"]).headers["content-type"] == "video/mp4"


@of("kling")
def test_kling_finds_a_task_only_where_it_was_made(client: Client) -> None:
    answer = client.submit(external_task_id="mine").json()
    task = answer["data"]["task_id"]
    assert client.ask("mine").json()["data"]["task_id"] == task
    assert client.ask(task, "/v1/videos/image2video/{id}").status_code == 404
    assert client.submit(external_task_id="mine").json()["data"]["task_id"] != task


@of("google")
def test_google_sends_the_video_from_another_host(client: Client) -> None:
    task = client.created()
    assert task.count("/") == 3
    url = at(client.completed(task), client.provider.url)
    assert url.startswith(f"{client.base}/files/")
    assert httpx.get(url).status_code == 400
    lead = client.http.get(url)
    assert lead.status_code == 302
    assert not lead.headers["location"].startswith(client.sandbox.url)


@of("google")
def test_google_takes_images_inline_only(client: Client) -> None:
    image = {"bytesBase64Encoded": base64.b64encode(PNG).decode(), "mimeType": "image/png"}
    instance = {"prompt": "a lantern", "image": image, "lastFrame": image}
    assert client.submit(instances=[instance]).status_code == 200
    first = client.sandbox.created[-1].video.scene.first
    assert first is not None
    assert first.path is not None
    at_an_address = {**instance, "image": "https://a.example.com/b.png"}
    assert client.submit(instances=[at_an_address]).status_code == 400


@of("openrouter")
def test_openrouter_sends_the_video_behind_the_key(client: Client) -> None:
    task = client.created()
    url = at(client.completed(task), client.provider.url)
    assert httpx.get(url).status_code == 401
    part = client.http.get(url, headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    client.sandbox.inject("download-500", gateway="openrouter")
    assert client.http.get(url).status_code == 500
    assert client.http.get(f"{client.base}/videos/models").json()["data"]


@pytest.mark.rushes_sandbox(queue_seconds=3600)
@of("byteplus")
def test_byteplus_cancels_what_is_queued(client: Client) -> None:
    task = client.created()
    url = f"{client.base}/contents/generations/tasks/{task}"
    assert client.http.delete(url).json() == {}
    assert client.ask(task).json()["status"] == "cancelled"
    assert client.http.delete(url).status_code == 400


@of("byteplus")
def test_byteplus_erases_what_has_ended(client: Client) -> None:
    task = client.created()
    assert client.completed(task)["usage"]["completion_tokens"] == 87_300
    url = f"{client.base}/contents/generations/tasks/{task}"
    assert client.http.delete(url).json() == {}
    assert client.ask(task).status_code == 404


def test_every_question_is_told_apart_from_a_result() -> None:
    for protocol in protocols().by_id.values():
        shown = [
            step for each in protocol.endpoints if isinstance(each, Status) for step in each.shows
        ]
        assert {"status", "result"} == set(shown), protocol.id
