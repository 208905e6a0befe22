"""The gateways as one ASGI application, with the files that their responses link to."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rushes_sandbox._gateways.gateway import UPLOAD_PATH
from rushes_sandbox._gateways.handlers import GatewayHandlers
from rushes_sandbox._gateways.registry import GATEWAYS
from rushes_sandbox._http.responses import GatewayError, json_response
from rushes_sandbox._rendering.queue import RenderQueue
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.tasks import TaskStore
from rushes_sandbox._state.uploads import UploadStore

_Handler = Callable[[Request], Awaitable[Response]]


def build_app(state: GatewayState, queue: RenderQueue, folder: Path, origin: str) -> ASGIApp:
    """Build the application; it stores uploads in `folder`, and its URLs begin with `origin`."""
    uploads = UploadStore(folder)
    routes: list[Route] = []
    for gateway in GATEWAYS.values():
        routes += _gateway_routes(GatewayHandlers(gateway, state, queue, uploads, origin))
    routes += [
        Route("/results/{name}", _serve_video(state.tasks)),
        Route("/uploads/{name}", _serve_upload(uploads, state.settings.clock)),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            GatewayError: _gateway_error,
            HTTPException: _http_error,
            Exception: _internal_error,
        },
    )
    app.router.redirect_slashes = False
    return app


def _gateway_routes(handlers: GatewayHandlers) -> list[Route]:
    gateway = handlers.gateway
    routes = [
        Route(f"/{gateway.id}{gateway.submit_path}", handlers.submit, methods=["POST"]),
        # A client's own name for a task may contain slashes.
        Route(
            f"/{gateway.id}{gateway.status_path}/{{name:path}}", handlers.status, methods=["GET"]
        ),
    ]
    if gateway.uploads is not None:
        routes.append(Route(f"/{gateway.id}{UPLOAD_PATH}", handlers.upload, methods=["POST"]))
    if gateway.id == "apimart":
        routes.append(Route(f"/{gateway.id}/v1/balance", handlers.balance, methods=["GET"]))
    return routes


def _serve_video(tasks: TaskStore) -> _Handler:
    async def video(request: Request) -> Response:
        """Serve a video; anyone who knows its URL may fetch it until it expires."""
        token = request.path_params["name"].removesuffix(".mp4")
        task = tasks.by_token(token)
        if task is None:
            raise GatewayError(404, "there is no such video")
        if not tasks.is_served(task, token):
            raise GatewayError(403, "the address of this video has expired")
        # Derived from what the video shows, so it is the same in the next run.
        tag = {"etag": f'"{task.video.scene.key[:32]}"'}
        return FileResponse(task.video.path, headers=tag, media_type="video/mp4")

    return video


def _serve_upload(uploads: UploadStore, clock: Callable[[], float]) -> _Handler:
    async def image(request: Request) -> Response:
        """Serve an uploaded image."""
        upload = uploads.get(request.path_params["name"])
        if upload is None:
            raise GatewayError(404, "there is no such image")
        if clock() >= upload.expires:
            raise GatewayError(403, "the address of this image has expired")
        headers = {"etag": f'"{upload.digest[:32]}"', "x-content-type-options": "nosniff"}
        return FileResponse(upload.path, headers=headers, media_type=upload.type)

    return image


def _error_response(
    request: Request, status: int, message: str, param: str, headers: dict[str, str]
) -> Response:
    prefix = request.url.path.split("/", 2)[1]
    gateway = GATEWAYS.get(prefix, GATEWAYS["uniall"])
    return json_response(gateway.error_response(status, message, param), status, headers)


async def _gateway_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, GatewayError):
        raise error
    return _error_response(request, error.status, error.message, error.param, error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    return _error_response(request, error.status_code, str(error.detail), "", headers)


async def _internal_error(request: Request, error: Exception) -> Response:
    message = f"the sandbox failed: {type(error).__name__}"
    return _error_response(request, 500, message, "", {})
