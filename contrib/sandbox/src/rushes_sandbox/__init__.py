"""A local stand-in for the gateways: their HTTP protocols, and real videos, for no money.

What is listed in `__all__` is public, with the pytest plugin and the commands `rushes sandbox` and
`rushes demo`; modules and folders with an underscore are private. A request passes them in this
order:

- `_http` accepts and records it,
- `_faults` makes it go wrong if a fault was injected,
- `_gateways` handles it as the gateway would: it asks `_validation` whether the gateway would
  accept the body, keeps the task in `_state`, and has its video rendered by `_rendering`.
"""

from typing import TYPE_CHECKING, Any

from rushes_sandbox._validation.request import MODELS, validate_request
from rushes_sandbox._validation.validation import Violation

if TYPE_CHECKING:
    from rushes_sandbox._faults.catalogue import FAULTS
    from rushes_sandbox._faults.fault import Fault
    from rushes_sandbox._faults.injection import InjectedFault
    from rushes_sandbox._http.exchange import Exchange
    from rushes_sandbox._rendering.lies import LIES, Lie, apply_lies
    from rushes_sandbox._rendering.render import render_video
    from rushes_sandbox._rendering.scene import Picture, Scene, Shot
    from rushes_sandbox._state.tasks import GatewayTask
    from rushes_sandbox.server import Sandbox

__all__ = [
    "FAULTS",
    "LIES",
    "MODELS",
    "Exchange",
    "Fault",
    "GatewayTask",
    "InjectedFault",
    "Lie",
    "Picture",
    "Sandbox",
    "Scene",
    "Shot",
    "Violation",
    "apply_lies",
    "render_video",
    "validate_request",
]

_LAZY = {
    "FAULTS": "_faults.catalogue",
    "LIES": "_rendering.lies",
    "Exchange": "_http.exchange",
    "Fault": "_faults.fault",
    "GatewayTask": "_state.tasks",
    "InjectedFault": "_faults.injection",
    "Lie": "_rendering.lies",
    "Picture": "_rendering.scene",
    "Sandbox": "server",
    "Scene": "_rendering.scene",
    "Shot": "_rendering.scene",
    "apply_lies": "_rendering.lies",
    "render_video": "_rendering.render",
}


def __getattr__(name: str) -> Any:
    """Load the server and the renderer only when needed: commands and test collection stay fast."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
