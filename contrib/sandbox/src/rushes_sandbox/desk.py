"""The desk of one gateway: what happens with a submit, a look, an upload."""

import hmac
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rushes_sandbox.answers import RefusedError, answer, parse
from rushes_sandbox.gateways import Gateway
from rushes_sandbox.gateways.shape import MEGABYTE
from rushes_sandbox.judging import judge
from rushes_sandbox.ledger import Ledger, price, same_json
from rushes_sandbox.lies import told
from rushes_sandbox.record import Exchange
from rushes_sandbox.staging import stage
from rushes_sandbox.studio.lab import Lab
from rushes_sandbox.studio.scene import Picture
from rushes_sandbox.tasks import Task
from rushes_sandbox.uploads import Shelf, image_type

LARGEST_JSON = 10 * MEGABYTE

#: Bodies from this size on, in bytes, are judged in a thread; the loop goes on meanwhile.
LARGE_JSON = 100_000


class Desk:
    """Serves one gateway; every handler answers in its shapes."""

    def __init__(
        self, gateway: Gateway, ledger: Ledger, lab: Lab, shelf: Shelf, origin: str
    ) -> None:
        self.gateway, self.ledger, self.lab, self.shelf = gateway, ledger, lab, shelf
        self.settings = ledger.settings
        # Not the Host header: whoever sends a request does not decide where answers point.
        self._results, self._uploads = f"{origin}/results", f"{origin}/uploads/"

    def authorize(self, request: Request) -> None:
        """Refuse every request without the key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        expected = self.settings.key.encode()
        given = key.strip().encode("utf-8", "replace")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
            raise RefusedError(401, "the API key is missing or wrong")

    async def submit(self, request: Request) -> Response:
        """Create a task, or give back the one that the caller's key already has."""
        self.authorize(request)
        wait = self.ledger.wait_before_submit(self.gateway.id)
        if wait:
            raise RefusedError(429, "too many requests", headers={"Retry-After": str(wait)})
        exchange = _exchange(request)
        if exchange.too_large:
            raise RefusedError(413, f"the body is larger than {LARGEST_JSON} bytes")
        body = parse(exchange.body, LARGEST_JSON)
        client_id = self._client_id(exchange, body)
        task = self._replayed(client_id, body)
        if task is None:
            await self._check(exchange, body)
            # Again, as another request with the same key may have come during the check. From
            # here on nothing is awaited, so that of two at once one creates and one replays.
            task = self._replayed(client_id, body) or self._create(body, client_id)
        return answer(self.gateway.submitted(task), headers=self._patience())

    async def look(self, request: Request) -> Response:
        """Tell how far a task is."""
        self.authorize(request)
        task = self.ledger.named(self.gateway, request.path_params["name"])
        if task is None:
            raise RefusedError(404, "there is no such task")
        view = self.ledger.view(task, self._results)
        done = view.state in {"completed", "failed"}
        return answer(self.gateway.status(view), headers={} if done else self._patience())

    async def upload(self, request: Request) -> Response:
        """Take an image."""
        self.authorize(request)
        uploading = self.gateway.uploading
        if uploading is None:
            raise RefusedError(404, "this gateway takes no uploads")
        too_large = f"the file is larger than {uploading.largest} bytes"
        if _exchange(request).too_large:
            raise RefusedError(413, too_large, param="file")
        name, content = await _file(request)
        if len(content) > uploading.largest:
            raise RefusedError(413, too_large, param="file")
        kind = image_type(content)
        if kind is None:
            raise RefusedError(400, "the file is no JPEG, PNG, WebP or GIF image", param="file")
        kept = await run_in_threadpool(
            self.shelf.put, content, kind, self.settings.clock(), uploading.lifetime
        )
        address = f"{self._uploads}{kept.name}"
        return answer(uploading.answer(kept, address, name))

    async def balance(self, request: Request) -> Response:
        """Tell what is left of the balance, in USD; null for no limit."""
        self.authorize(request)
        total = self.settings.balance
        left = None if total is None else round(total - self.ledger.spent, 4)
        data = {"balance": left, "used": round(self.ledger.spent, 4), "currency": "USD"}
        return answer({"code": 200, "data": data})

    async def _check(self, exchange: Exchange, body: dict[str, Any]) -> None:
        arguments = self.gateway.id, body.get("model"), body
        if len(exchange.body) < LARGE_JSON:
            refusals = judge(*arguments, loopback=True)
        else:
            refusals = await run_in_threadpool(judge, *arguments, loopback=True)
        if refusals:
            message = "; ".join(map(str, refusals[:20]))
            raise RefusedError(400, message, param=refusals[0].path)

    def _client_id(self, exchange: Exchange, body: dict[str, Any]) -> str | None:
        kind = self.gateway.keyed_by
        if kind == "nothing":
            return None
        given = (
            body.get(kind) if kind == "client_business_id" else exchange.headers.get(kind.lower())
        )
        return given if isinstance(given, str) and given else None

    def _replayed(self, client_id: str | None, body: dict[str, Any]) -> Task | None:
        if client_id is None:
            return None
        task = self.ledger.by_client_id(self.gateway.id, client_id)
        by_header = self.gateway.keyed_by == "Idempotency-Key"
        if task is not None and by_header and not same_json(task.body, body):
            raise RefusedError(409, "this Idempotency-Key was used with another body")
        return task

    def _create(self, body: dict[str, Any], client_id: str | None) -> Task:
        scene = stage(self.gateway.id, body, self._picture)
        mode = {720: "std", 1080: "pro", 2160: "4k"}[min(scene.width, scene.height)]
        cost = price(mode, round(scene.seconds), sound=scene.sound)
        if not self.ledger.can_pay(cost):
            raise RefusedError(402, f"the balance does not cover this task, which costs {cost} USD")
        # The price is that of what was asked for, and so are all answers.
        film = self.lab.order(told(scene, self.settings.lies))
        return self.ledger.create(self.gateway.id, body, client_id, scene, film, cost)

    def _picture(self, address: str, label: str) -> Picture:
        return self.shelf.picture(address, label, self._uploads, self.settings.clock())

    def _patience(self) -> dict[str, str]:
        after = self.settings.poll_after
        return {} if after is None else {"Retry-After": str(after)}


def _exchange(request: Request) -> Exchange:
    exchange = request.scope["exchange"]
    assert isinstance(exchange, Exchange)  # noqa: S101 - put there by the recorder
    return exchange


async def _file(request: Request) -> tuple[str, bytes]:
    """Read the multipart field `file`."""
    try:
        async with request.form(max_files=8, max_fields=32) as form:
            file = form.get("file")
            if isinstance(file, UploadFile):
                return file.filename or "", await file.read()
    except HTTPException as error:
        raise RefusedError(400, f"the body is no multipart form: {error.detail}") from None
    raise RefusedError(400, "the multipart field file is missing", param="file")
