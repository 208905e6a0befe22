"""The whole server as one ASGI application: three gateways, and the files they point to."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rushes_sandbox.answers import RefusedError, answer
from rushes_sandbox.desk import Desk
from rushes_sandbox.faults.layer import Layer
from rushes_sandbox.faults.orders import Orders
from rushes_sandbox.gateways import GATEWAYS
from rushes_sandbox.ledger import Ledger
from rushes_sandbox.record import Exchange, Recorder
from rushes_sandbox.studio.lab import Lab
from rushes_sandbox.uploads import Shelf

_Handler = Callable[[Request], Awaitable[Response]]


def build(
    ledger: Ledger,
    lab: Lab,
    folder: Path,
    origin: str,
    exchanges: list[Exchange],
    orders: Orders,
    closing: asyncio.Event,
) -> ASGIApp:
    """Put the application together; `origin` is the address it will be reached at.

    Faults that hold a request up end when `closing` is set.
    """
    shelf = Shelf(folder / "uploads")
    routes: list[Route] = []
    for gateway in GATEWAYS.values():
        routes += _routes(Desk(gateway, ledger, lab, shelf, origin))
    routes += [
        Route("/results/{name}", _results(ledger)),
        Route("/uploads/{name}", _uploads(ledger, shelf)),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={RefusedError: _refused, HTTPException: _no_route, Exception: _broken},
    )
    app.router.redirect_slashes = False
    struck = Layer(app, orders, ledger, closing, outer=False)
    recorder = Recorder(struck, exchanges, record=ledger.settings.record)
    return Layer(recorder, orders, ledger, closing, outer=True)


def _routes(desk: Desk) -> list[Route]:
    gateway = desk.gateway
    routes = [
        Route(f"/{gateway.id}{gateway.submit_path}", desk.submit, methods=["POST"]),
        # A caller's own name for a task may hold slashes.
        Route(f"/{gateway.id}{gateway.status_path}/{{name:path}}", desk.look, methods=["GET"]),
    ]
    if gateway.uploading is not None:
        routes.append(Route(f"/{gateway.id}/v1/uploads/images", desk.upload, methods=["POST"]))
    if gateway.id == "apimart":
        routes.append(Route(f"/{gateway.id}/v1/balance", desk.balance, methods=["GET"]))
    return routes


def _results(ledger: Ledger) -> _Handler:
    async def result(request: Request) -> Response:
        """Serve a video; its address is the permission, for as long as it lasts."""
        token = request.path_params["name"].removesuffix(".mp4")
        task = ledger.by_token(token)
        if task is None:
            raise RefusedError(404, "there is no such video")
        if not ledger.is_served(task, token):
            raise RefusedError(403, "the address of this video has expired")
        # Made of what the film shows, so it is the same in the next run too.
        tag = {"etag": f'"{task.film.scene.key[:32]}"'}
        return FileResponse(task.film.path, headers=tag, media_type="video/mp4")

    return result


def _uploads(ledger: Ledger, shelf: Shelf) -> _Handler:
    async def image(request: Request) -> Response:
        """Serve an uploaded image."""
        upload = shelf.get(request.path_params["name"])
        if upload is None:
            raise RefusedError(404, "there is no such image")
        if ledger.settings.clock() >= upload.expires:
            raise RefusedError(403, "the address of this image has expired")
        headers = {"etag": f'"{upload.digest[:32]}"', "x-content-type-options": "nosniff"}
        return FileResponse(upload.path, headers=headers, media_type=upload.type)

    return image


def _error(
    request: Request, http: int, message: str, param: str, headers: dict[str, str]
) -> Response:
    prefix = request.url.path.split("/", 2)[1]
    gateway = GATEWAYS.get(prefix, GATEWAYS["uniall"])
    return answer(gateway.error(http, message, param), http, headers)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return _error(request, error.http, error.message, error.param, error.headers)


async def _no_route(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    return _error(request, error.status_code, str(error.detail), "", headers)


async def _broken(request: Request, error: Exception) -> Response:
    return _error(request, 500, f"the sandbox failed: {type(error).__name__}", "", {})
