"""A local stand-in for the gateways: their wire protocols, and real videos, for no money."""

from typing import TYPE_CHECKING, Any

from rushes_sandbox.judging import MODELS, Refusal, judge

if TYPE_CHECKING:
    from rushes_sandbox.faults import FAULTS, Fault
    from rushes_sandbox.faults.orders import Order
    from rushes_sandbox.lies import LIES, Lie
    from rushes_sandbox.record import Exchange
    from rushes_sandbox.server import Sandbox
    from rushes_sandbox.tasks import Task

__all__ = [
    "FAULTS",
    "LIES",
    "MODELS",
    "Exchange",
    "Fault",
    "Lie",
    "Order",
    "Refusal",
    "Sandbox",
    "Task",
    "judge",
]

_LAZY = {
    "FAULTS": "faults",
    "LIES": "lies",
    "Exchange": "record",
    "Fault": "faults",
    "Lie": "lies",
    "Order": "faults.orders",
    "Sandbox": "server",
    "Task": "tasks",
}


def __getattr__(name: str) -> Any:
    """Load the server when it is asked for: listing commands and collecting tests stay quick."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
