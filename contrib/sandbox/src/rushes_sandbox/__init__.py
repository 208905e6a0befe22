"""Local stand-ins for providers: their HTTP protocols, and real videos, free of charge.

What is listed in `__all__` is public, with the module `checks`, the pytest plugin and the commands
`rushes sandbox` and `rushes demo`; modules and folders with an underscore are private. A request
passes them in this order:

- `_http` accepts and records it,
- `_faults` makes it go wrong if a fault was injected,
- `_serving` handles it as its protocol (`_protocols`) says: it validates the body (`_validation`),
  keeps the task in `_state`, and has its video rendered by `_rendering`,
- `_webhooks` calls the endpoint that it names when the task changes.

Names are loaded when they are first used: commands and test collection stay fast.
"""

from typing import TYPE_CHECKING

# Type checkers only read these imports, so that they report a misspelt name.
if TYPE_CHECKING:
    from rushes_sandbox._faults.catalogue import FAULTS as FAULTS
    from rushes_sandbox._faults.fault import Fault as Fault
    from rushes_sandbox._faults.injection import InjectedFault as InjectedFault
    from rushes_sandbox._http.exchange import Exchange as Exchange
    from rushes_sandbox._protocols.backend import Backend as Backend
    from rushes_sandbox._protocols.incoming import FormFile as FormFile
    from rushes_sandbox._protocols.incoming import Incoming as Incoming
    from rushes_sandbox._protocols.incoming import Refused as Refused
    from rushes_sandbox._protocols.incoming import Reply as Reply
    from rushes_sandbox._protocols.installed import Protocols as Protocols
    from rushes_sandbox._protocols.installed import protocols as protocols
    from rushes_sandbox._protocols.protocol import KeyHeader as KeyHeader
    from rushes_sandbox._protocols.protocol import Protocol as Protocol
    from rushes_sandbox._protocols.protocol import Route as Route
    from rushes_sandbox._protocols.protocol import Status as Status
    from rushes_sandbox._protocols.protocol import Submit as Submit
    from rushes_sandbox._protocols.protocol import by_id as by_id
    from rushes_sandbox._protocols.validating import validate_request as validate_request
    from rushes_sandbox._protocols.validating import validator_for as validator_for
    from rushes_sandbox._rendering.lies import LIES as LIES
    from rushes_sandbox._rendering.lies import Lie as Lie
    from rushes_sandbox._rendering.lies import apply_lies as apply_lies
    from rushes_sandbox._rendering.render import render_video as render_video
    from rushes_sandbox._rendering.scene import Picture as Picture
    from rushes_sandbox._rendering.scene import Scene as Scene
    from rushes_sandbox._rendering.scene import Shot as Shot
    from rushes_sandbox._state.tasks import GatewayTask as GatewayTask
    from rushes_sandbox._state.tasks import TaskView as TaskView
    from rushes_sandbox._state.uploads import Upload as Upload
    from rushes_sandbox._validation.validation import Check as Check
    from rushes_sandbox._validation.validation import Validation as Validation
    from rushes_sandbox._validation.validation import Violation as Violation
    from rushes_sandbox._webhooks.delivering import Notification as Notification
    from rushes_sandbox.server import Sandbox as Sandbox
else:
    _HOMES = {
        "rushes_sandbox._faults.catalogue": "FAULTS",
        "rushes_sandbox._faults.fault": "Fault",
        "rushes_sandbox._faults.injection": "InjectedFault",
        "rushes_sandbox._http.exchange": "Exchange",
        "rushes_sandbox._protocols.backend": "Backend",
        "rushes_sandbox._protocols.incoming": "FormFile Incoming Refused Reply",
        "rushes_sandbox._protocols.installed": "Protocols protocols",
        "rushes_sandbox._protocols.protocol": "KeyHeader Protocol Route Status Submit by_id",
        "rushes_sandbox._protocols.validating": "validate_request validator_for",
        "rushes_sandbox._rendering.lies": "LIES Lie apply_lies",
        "rushes_sandbox._rendering.render": "render_video",
        "rushes_sandbox._rendering.scene": "Picture Scene Shot",
        "rushes_sandbox._state.tasks": "GatewayTask TaskView",
        "rushes_sandbox._state.uploads": "Upload",
        "rushes_sandbox._validation.validation": "Check Validation Violation",
        "rushes_sandbox._webhooks.delivering": "Notification",
        "rushes_sandbox.server": "Sandbox",
    }
    _HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
    __all__ = sorted(_HOME)

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOME})
