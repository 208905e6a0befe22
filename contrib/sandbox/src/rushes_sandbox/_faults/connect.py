"""Faults before HTTP: the base URLs lead nowhere."""

from rushes_sandbox._faults.fault import Fault

FAULTS = (
    Fault("connection-refused", "connect", "The base URLs lead to a port where nobody listens."),
    Fault("unknown-host", "connect", "The base URLs name a host that does not resolve."),
    Fault("no-tls", "connect", "The base URLs say https, but the server does not speak TLS."),
)


def misleading_url(fault: Fault, url: str) -> str:
    """Return where a base URL leads instead of to the server at `url`."""
    if fault.name == "connection-refused":
        # The port of tcpmux, which nobody runs.
        return "http://127.0.0.1:1"
    if fault.name == "unknown-host":
        # RFC 6761: `.invalid` never resolves.
        return "http://gateway.invalid"
    return f"https{url.removeprefix('http')}"
