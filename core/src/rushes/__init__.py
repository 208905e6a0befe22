"""One request for an AI video: checked, sent once, followed to its end, downloaded whole.

Names are loaded when they are first used: importing `rushes` imports no HTTP library, no plugin
and no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.async_client import AsyncClient
    from rushes.calls import (
        Answer,
        Call,
        LocalFile,
        Steps,
        pick,
        pick_number,
        pick_percent,
        pick_text,
    )
    from rushes.client import Client
    from rushes.defaults import refusal_by_status
    from rushes.draft import Draft
    from rushes.errors import (
        BrokenPluginError,
        ConfigurationError,
        DiskError,
        JournalError,
        MissingKeyError,
        NotOfferedError,
        NotSentError,
        OutcomeUnknownError,
        RefusedError,
        RequestError,
        ResultError,
        RushesError,
        StillRunningError,
        TaskEndedError,
        UnknownVariantError,
    )
    from rushes.fields import PublicURL, Text, TransportText, TransportURL, absent
    from rushes.hookspecs import hookimpl
    from rushes.journal import ClaimLost, Journal
    from rushes.matrix import Capability, capabilities
    from rushes.network import Timeouts
    from rushes.problems import Note, Problem, Source
    from rushes.report import Report
    from rushes.request import Image, Request, Shot, Subject
    from rushes.rules import rule
    from rushes.schema import json_schema
    from rushes.sqlite import SQLiteJournal
    from rushes.task import Receipt, Refusal, Result, Status, Task
    from rushes.variant import SPEC, Always, Built, Polling, To, Uploads, Variant

_HOMES = {
    "rushes.async_client": ("AsyncClient",),
    "rushes.calls": (
        "Answer",
        "Call",
        "LocalFile",
        "Steps",
        "pick",
        "pick_number",
        "pick_percent",
        "pick_text",
    ),
    "rushes.matrix": ("Capability", "capabilities"),
    "rushes.report": ("Report",),
    "rushes.client": ("Client",),
    "rushes.defaults": ("refusal_by_status",),
    "rushes.draft": ("Draft",),
    "rushes.errors": (
        "BrokenPluginError",
        "ConfigurationError",
        "DiskError",
        "JournalError",
        "MissingKeyError",
        "NotOfferedError",
        "NotSentError",
        "OutcomeUnknownError",
        "RefusedError",
        "RequestError",
        "ResultError",
        "RushesError",
        "StillRunningError",
        "TaskEndedError",
        "UnknownVariantError",
    ),
    "rushes.fields": ("PublicURL", "Text", "TransportText", "TransportURL", "absent"),
    "rushes.hookspecs": ("hookimpl",),
    "rushes.journal": ("ClaimLost", "Journal"),
    "rushes.network": ("Timeouts",),
    "rushes.problems": ("Note", "Problem", "Source"),
    "rushes.request": ("Image", "Request", "Shot", "Subject"),
    "rushes.rules": ("rule",),
    "rushes.schema": ("json_schema",),
    "rushes.sqlite": ("SQLiteJournal",),
    "rushes.task": ("Receipt", "Refusal", "Result", "Status", "Task"),
    "rushes.variant": ("SPEC", "Always", "Built", "Polling", "To", "Uploads", "Variant"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "SPEC",
    "Always",
    "Answer",
    "AsyncClient",
    "BrokenPluginError",
    "Built",
    "Call",
    "Capability",
    "ClaimLost",
    "Client",
    "ConfigurationError",
    "DiskError",
    "Draft",
    "Image",
    "Journal",
    "JournalError",
    "LocalFile",
    "MissingKeyError",
    "NotOfferedError",
    "NotSentError",
    "Note",
    "OutcomeUnknownError",
    "Polling",
    "Problem",
    "PublicURL",
    "Receipt",
    "Refusal",
    "RefusedError",
    "Report",
    "Request",
    "RequestError",
    "Result",
    "ResultError",
    "RushesError",
    "SQLiteJournal",
    "Shot",
    "Source",
    "Status",
    "Steps",
    "StillRunningError",
    "Subject",
    "Task",
    "TaskEndedError",
    "Text",
    "Timeouts",
    "To",
    "TransportText",
    "TransportURL",
    "UnknownVariantError",
    "Uploads",
    "Variant",
    "absent",
    "capabilities",
    "hookimpl",
    "json_schema",
    "pick",
    "pick_number",
    "pick_percent",
    "pick_text",
    "refusal_by_status",
    "rule",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rushes' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
