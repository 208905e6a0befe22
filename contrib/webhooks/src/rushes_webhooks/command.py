"""The command `rushes webhooks`: an endpoint of its own."""

import asyncio
import json
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import click

__all__ = ["webhooks"]


class _NotStarted(click.ClickException):
    exit_code = 3


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on, for a reverse proxy.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8770,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print where it listens as JSON.")
def webhooks(host: str, port: int, as_json: bool) -> None:
    """Take what providers send when a task changes, and wake whoever waits for it.

    The journal is that of the other commands: RUSHES_HOME, or RUSHES_JOURNAL for a database.
    Providers are told the address with RUSHES_WEBHOOK_URL where videos are ordered. It has to be
    public, with https: let a reverse proxy lead it here.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("rushes.webhooks").setLevel(logging.INFO)
    try:
        asyncio.run(_serve(host, port, as_json=as_json))
    except OSError as error:
        why = error.strerror or error
        raise _NotStarted(f"It cannot listen on {host}, port {port}: {why}.") from None


async def _serve(host: str, port: int, *, as_json: bool) -> None:

    import rushes
    import uvicorn

    from rushes_webhooks.app import Endpoint

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # ours are below: what ends this command is no error

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        async with rushes.AsyncClient() as client:
            await client.tasks(limit=1)  # what is wrong with the journal is said now
            config = uvicorn.Config(
                Endpoint(client),
                http="h11",  # it limits the size of headers
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=200,
                timeout_keep_alive=30,  # of a reverse proxy
                timeout_graceful_shutdown=20,  # whatever is under way ends within
            )
            server = Server(config)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, setattr, server, "should_exit", True)
            listener.listen()  # whoever reads where it is may connect at once
            _announce(*listener.getsockname()[:2], as_json=as_json)
            await server.serve(sockets=[listener])


def _announce(host: str, port: int, *, as_json: bool) -> None:
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        click.echo(json.dumps({"url": url}))
    click.echo(f"Deliveries are taken at {url}/PROVIDER; {url}/health says how it is.", err=True)
