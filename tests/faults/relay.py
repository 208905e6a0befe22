"""A TLS proxy in front of the sandbox, as if the provider were on the internet.

Its host names are those of a certificate that the tests trust; one of them replaces the sandbox's
own address in answers.
"""

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from made_up_hosts import CERTIFICATE

from faults.providers import PROVIDERS
from faults.secrecy import KEY

_OURS = frozenset(("connection", "transfer-encoding", "content-length", "date", "server"))


class _Handler(BaseHTTPRequestHandler):
    server: "Relay"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Forward a request, and return the answer."""
        self.forward()

    def do_PUT(self) -> None:
        """Forward a request, and return the answer."""
        self.forward()

    def do_POST(self) -> None:
        """Forward a request, and return the answer."""
        self.forward()

    def forward(self) -> None:
        """Send the request to the sandbox and the answer to the client."""
        self.close_connection = True
        host = self.headers["host"].partition(":")[0]
        keyed = any(KEY in value for value in self.headers.values())
        self.server.received.append((host, keyed))
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        line = http.client.HTTPConnection(self.server.sandbox, timeout=30)
        line.request(self.command, self.path, body, dict(self.headers))
        answer = line.getresponse()
        content = self.server.published(answer.read())
        line.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OURS:
                self.send_header(name, self.server.published(value.encode()).decode())
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        """Log nothing."""


class Relay(ThreadingHTTPServer):
    """Proxies a sandbox for as long as a `with` block lasts.

    `received` has the host name of each request, and whether it had the key.
    """

    daemon_threads = True

    def __init__(self, sandbox_url: str, storage_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.sandbox = urlsplit(sandbox_url).netloc
        cdn = f"https://cdn.example:{self.server_port}"
        api = {f"{sandbox_url}/{name}/": f"{self.url}/{name}/" for name in PROVIDERS}
        files = {sandbox_url: cdn, storage_url: cdn}
        self._public = [(a.encode(), b.encode()) for a, b in {**api, **files}.items()]
        self.received: list[tuple[str, bool]] = []

    def published(self, text: bytes) -> bytes:
        """Replace the sandbox's own addresses with those that a provider would have."""
        for private, public in self._public:
            text = text.replace(private, public)
        return text

    @property
    def url(self) -> str:
        """The provider's address, with a host name."""
        return f"https://api.acme.example:{self.server_port}"

    @property
    def address(self) -> str:
        """The same address with an IP, which the certificate does not cover."""
        return f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, *_args: Any) -> None:
        """Ignore clients that disconnect."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_args: object) -> None:
        self.shutdown()
        self.server_close()
