"""What a gateway does with a submit, a status request, an upload and a balance request."""

import hmac
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rushes_sandbox._gateways.gateway import MEGABYTE, Gateway
from rushes_sandbox._gateways.scenes import scene_from_body
from rushes_sandbox._http.exchange import Exchange
from rushes_sandbox._http.responses import GatewayError, json_response, parse_object
from rushes_sandbox._rendering.lies import apply_lies
from rushes_sandbox._rendering.queue import RenderQueue
from rushes_sandbox._rendering.scene import Picture
from rushes_sandbox._state.billing import price
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.tasks import GatewayTask
from rushes_sandbox._state.uploads import UploadStore, image_type
from rushes_sandbox._validation.request import validate_request

MAX_JSON = 10 * MEGABYTE

#: Bodies of at least this many bytes are validated in a thread, to keep the event loop free.
LARGE_JSON = 100_000


class GatewayHandlers:
    """The request handlers of one gateway; all of them need the API key."""

    def __init__(
        self,
        gateway: Gateway,
        state: GatewayState,
        queue: RenderQueue,
        uploads: UploadStore,
        origin: str,
    ) -> None:
        self.gateway = gateway
        self._settings, self._state = state.settings, state
        self._queue, self._uploads = queue, uploads
        # Not from the Host header: a client does not decide where the URLs in responses lead.
        self._results_url, self._uploads_url = f"{origin}/results", f"{origin}/uploads/"

    async def submit(self, request: Request) -> Response:
        """Create a task, or return the one that the client's own id already names."""
        self._authorize(request)
        wait = self._state.rate_limiter.seconds_to_wait(self.gateway.id)
        if wait:
            raise GatewayError(429, "too many requests", headers={"Retry-After": str(wait)})
        exchange = _exchange(request)
        if exchange.too_large:
            raise GatewayError(413, f"the body is larger than {MAX_JSON} bytes")
        body = parse_object(exchange.body, MAX_JSON)
        client_id = self._client_id(exchange, body)
        task = self._existing_task(client_id, body)
        if task is None:
            await self._validate(exchange, body)
            # Again, because a request with the same id may have come during the validation.
            # Nothing is awaited from here on, so of two at once one creates and one replays.
            task = self._existing_task(client_id, body) or self._create(body, client_id)
        return json_response(self.gateway.submit_response(task), headers=self._retry_after())

    async def status(self, request: Request) -> Response:
        """Report how far along a task is."""
        self._authorize(request)
        task = self.gateway.find_task(self._state.tasks, request.path_params["name"])
        if task is None:
            raise GatewayError(404, "there is no such task")
        view = self._state.tasks.view(task, self._results_url)
        ended = view.state in {"completed", "failed"}
        headers = {} if ended else self._retry_after()
        return json_response(self.gateway.status_response(view), headers=headers)

    async def upload(self, request: Request) -> Response:
        """Store an image."""
        self._authorize(request)
        uploads = self.gateway.uploads
        if uploads is None:
            raise GatewayError(404, "this gateway does not accept uploads")
        too_large = f"the file is larger than {uploads.max_bytes} bytes"
        if _exchange(request).too_large:
            raise GatewayError(413, too_large, param="file")
        name, content = await _uploaded_file(request)
        if len(content) > uploads.max_bytes:
            raise GatewayError(413, too_large, param="file")
        kind = image_type(content)
        if kind is None:
            raise GatewayError(400, "the file is not a JPEG, PNG, WebP or GIF image", param="file")
        upload = await run_in_threadpool(
            self._uploads.add, content, kind, self._settings.clock(), uploads.lifetime
        )
        return json_response(uploads.response(upload, f"{self._uploads_url}{upload.name}", name))

    async def balance(self, request: Request) -> Response:
        """Report what is left of the balance, in USD; null for no limit."""
        self._authorize(request)
        balance = self._state.balance
        left = None if balance.remaining is None else round(balance.remaining, 4)
        data = {"balance": left, "used": round(balance.spent, 4), "currency": "USD"}
        return json_response({"code": 200, "data": data})

    def _authorize(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        expected = self._settings.key.encode()
        given = key.strip().encode("utf-8", "replace")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
            raise GatewayError(401, "the API key is missing or wrong")

    async def _validate(self, exchange: Exchange, body: dict[str, Any]) -> None:
        arguments = self.gateway.id, body.get("model"), body
        if len(exchange.body) < LARGE_JSON:
            violations = validate_request(*arguments, loopback=True)
        else:
            violations = await run_in_threadpool(validate_request, *arguments, loopback=True)
        if violations:
            message = "; ".join(map(str, violations[:20]))
            raise GatewayError(400, message, param=violations[0].path)

    def _client_id(self, exchange: Exchange, body: dict[str, Any]) -> str | None:
        place = self.gateway.client_id_in
        if place is None:
            return None
        in_body = place == "client_business_id"
        given = body.get(place) if in_body else exchange.headers.get(place.lower())
        return given if isinstance(given, str) and given else None

    def _existing_task(self, client_id: str | None, body: dict[str, Any]) -> GatewayTask | None:
        if client_id is None:
            return None
        task = self._state.tasks.by_client_id(self.gateway.id, client_id)
        by_header = self.gateway.client_id_in == "Idempotency-Key"
        if task is not None and by_header and not _same_json(task.body, body):
            raise GatewayError(409, "this Idempotency-Key was used with another body")
        return task

    def _create(self, body: dict[str, Any], client_id: str | None) -> GatewayTask:
        requested = scene_from_body(self.gateway.id, body, self._picture)
        mode = {720: "std", 1080: "pro", 2160: "4k"}[min(requested.width, requested.height)]
        cost = price(mode, round(requested.seconds), sound=requested.sound)
        if not self._state.balance.covers(cost):
            raise GatewayError(402, f"the balance does not cover this task, which costs {cost} USD")
        # The price and all responses are those of the requested video, whatever is rendered.
        video = self._queue.submit(apply_lies(requested, self._settings.lies))
        self._state.balance.charge(cost)
        return self._state.tasks.create(self.gateway.id, body, client_id, requested, video, cost)

    def _picture(self, url: str, label: str) -> Picture:
        return self._uploads.picture(url, label, self._uploads_url, self._settings.clock())

    def _retry_after(self) -> dict[str, str]:
        seconds = self._settings.poll_after
        return {} if seconds is None else {"Retry-After": str(seconds)}


def _exchange(request: Request) -> Exchange:
    exchange = request.scope["exchange"]
    assert isinstance(exchange, Exchange)  # noqa: S101 - put there by the recording middleware
    return exchange


def _same_json(one: Any, other: Any) -> bool:
    """Whether two parsed bodies are the same JSON; 1, 1.0 and true differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


async def _uploaded_file(request: Request) -> tuple[str, bytes]:
    """Read the multipart field `file`."""
    try:
        async with request.form(max_files=8, max_fields=32) as form:
            file = form.get("file")
            if isinstance(file, UploadFile):
                return file.filename or "", await file.read()
    except HTTPException as error:
        raise GatewayError(400, f"the body is not a multipart form: {error.detail}") from None
    raise GatewayError(400, "the multipart field file is missing", param="file")
