"""The installed protocols as one ASGI application, with the files that their answers link to."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rushes_sandbox._http.exchange import Exchange
from rushes_sandbox._http.json_bodies import encode_json
from rushes_sandbox._protocols.backend import Backend
from rushes_sandbox._protocols.incoming import FormFile, Incoming, Refused, Reply
from rushes_sandbox._protocols.router import Match, Router
from rushes_sandbox._rendering.queue import RenderQueue
from rushes_sandbox._serving.handlers import Handlers
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.uploads import UploadStore
from rushes_sandbox._webhooks.delivering import Deliveries

log = logging.getLogger("rushes.sandbox")


def build_handlers(
    router: Router,
    state: GatewayState,
    queue: RenderQueue,
    folder: Path,
    origins: tuple[str, str],
    deliveries: Deliveries,
) -> tuple[dict[str, Handlers], UploadStore]:
    """Make what handles the requests to each protocol; uploads are stored in `folder`."""
    uploads = UploadStore(folder)
    handlers = {
        name: Handlers(
            protocol,
            Backend(name, protocol.link, state, uploads, origins),
            state,
            queue,
            deliveries,
        )
        for name, protocol in router.protocols.items()
    }
    return handlers, uploads


def build_app(
    router: Router, handlers: Mapping[str, Handlers], uploads: UploadStore, state: GatewayState
) -> ASGIApp:
    """Build the application."""
    files: dict[str, Callable[[str], Response]] = {
        "results": lambda name: _video(state, name),
        "uploads": lambda name: _upload(uploads, state, name),
    }

    async def respond(request: Request) -> Response:
        # As it was decoded: `request.url` encodes it again.
        path: str = request.scope["path"]
        first, _, name = path.removeprefix("/").partition("/")
        if first in files and request.method in ("GET", "HEAD"):
            return files[first](name)
        match = router.match(request.method, path)
        if match is None:
            known = router.has_path(path)
            raise Refused(405, "another method is needed") if known else Refused(404, "Not Found")
        incoming = await _incoming(request, match)
        return _response(await handlers[match.protocol.id].handle(match, incoming))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await respond(request)
        except Refused as error:
            response = _error(router, handlers, scope["path"], error)
        # A protocol's function may raise anything; its client gets an answer all the same.
        except Exception as error:
            log.exception("the sandbox failed at %s %s", scope["method"], scope["path"])
            refused = Refused(500, f"the sandbox failed: {type(error).__name__}: {error}")
            response = _error(router, handlers, scope["path"], refused)
        await response(scope, receive, send)

    return app


async def _incoming(request: Request, match: Match) -> Incoming:
    exchange = request.scope["exchange"]
    assert isinstance(exchange, Exchange)  # noqa: S101 - put there by the recording middleware
    if exchange.too_large:
        raise Refused(413, "the body is too large", "file" if match.steps == ("upload",) else "")
    fields: dict[str, str] = {}
    files: dict[str, FormFile] = {}
    if exchange.headers.get("content-type", "").startswith("multipart/form-data"):
        fields, files = await _form(request)
    return Incoming(
        method=request.method,
        path=match.path,
        parameters=match.parameters,
        query_string=exchange.query,
        headers=exchange.headers,
        body=exchange.body,
        fields=fields,
        files=files,
    )


async def _form(request: Request) -> tuple[dict[str, str], dict[str, FormFile]]:
    fields: dict[str, str] = {}
    files: dict[str, FormFile] = {}
    try:
        async with request.form(max_files=8, max_fields=32) as form:
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    files[name] = FormFile(value.filename or "", await value.read())
                else:
                    fields[name] = value
    except MultiPartException as error:
        raise Refused(400, f"the body is not a multipart form: {error.message}") from None
    return fields, files


def _video(state: GatewayState, name: str) -> Response:
    """Serve a video; anyone who knows its URL may fetch it until it expires."""
    token = name.removesuffix(".mp4")
    task = state.tasks.by_token(token)
    if task is None:
        raise Refused(404, "there is no such video")
    if not state.tasks.is_served(task, token):
        raise Refused(403, "the address of this video has expired")
    # Derived from what the video shows, so it is the same in the next run.
    tag = {"etag": f'"{task.video.scene.key[:32]}"'}
    return FileResponse(task.video.path, headers=tag, media_type="video/mp4")


def _upload(uploads: UploadStore, state: GatewayState, name: str) -> Response:
    """Serve an uploaded file."""
    upload = uploads.get(name)
    if upload is None:
        raise Refused(404, "there is no such file")
    if state.settings.clock() >= upload.expires:
        raise Refused(403, "the address of this file has expired")
    headers = {"etag": f'"{upload.digest[:32]}"', "x-content-type-options": "nosniff"}
    return FileResponse(upload.path, headers=headers, media_type=upload.type)


def _error(
    router: Router, handlers: Mapping[str, Handlers], path: str, refused: Refused
) -> Response:
    protocol = router.protocol(path)
    if protocol is None:
        body = {"error": {"message": refused.message}}
        return _response(Reply(body, refused.status, refused.headers))
    return _response(handlers[protocol.id].error(refused))


def _response(reply: Reply) -> Response:
    headers = dict(reply.headers)
    if reply.file is not None:
        kind = headers.pop("content-type", None)
        return FileResponse(reply.file, reply.status, headers, media_type=kind)
    if isinstance(reply.body, bytes):
        return Response(reply.body, reply.status, headers)
    if reply.body is None:
        return Response(b"", reply.status, headers)
    return Response(encode_json(reply.body), reply.status, headers, media_type="application/json")
