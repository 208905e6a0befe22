"""One request for an AI video: checked, sent once, followed to its end, downloaded whole.

Names are loaded when they are first used: importing `rushes` imports no HTTP library, no plugin
and no database.
"""

from typing import TYPE_CHECKING

from rushes._lazy import lazily

__version__ = "0.1.0"

# Each name appears here exactly twice: as an import, which is all that type checkers read (so that
# they report a misspelt name), and under the module that it is loaded from.
if TYPE_CHECKING:
    from rushes._check.matrix import Capability as Capability
    from rushes._check.matrix import capabilities as capabilities
    from rushes._check.native_fields import NativeField as NativeField
    from rushes._check.native_fields import native_fields as native_fields
    from rushes._check.schema import json_schema as json_schema
    from rushes._journal.postgres.journal import PostgresJournal as PostgresJournal
    from rushes._journal.sqlite import SQLiteJournal as SQLiteJournal
    from rushes._network.settings import Timeouts as Timeouts
    from rushes._payload.fields import PublicURL as PublicURL
    from rushes._payload.fields import Text as Text
    from rushes._payload.fields import TransportText as TransportText
    from rushes._payload.fields import TransportURL as TransportURL
    from rushes._payload.fields import absent as absent
    from rushes._payload.fields import max_bytes as max_bytes
    from rushes._payload.fields import max_utf16 as max_utf16
    from rushes._payload.fields import steps_of as steps_of
    from rushes._plugins.refusals import refusal_by_status as refusal_by_status
    from rushes._session.session import OnUpdate as OnUpdate
    from rushes.answers import Answers as Answers
    from rushes.answers import Codes as Codes
    from rushes.async_client import AsyncClient as AsyncClient
    from rushes.calls import Answer as Answer
    from rushes.calls import Call as Call
    from rushes.calls import LocalFile as LocalFile
    from rushes.calls import Steps as Steps
    from rushes.calls import Token as Token
    from rushes.calls import pick as pick
    from rushes.calls import pick_number as pick_number
    from rushes.calls import pick_percent as pick_percent
    from rushes.calls import pick_text as pick_text
    from rushes.client import Client as Client
    from rushes.draft import Draft as Draft
    from rushes.errors import BrokenPluginError as BrokenPluginError
    from rushes.errors import ConfigurationError as ConfigurationError
    from rushes.errors import DeliveryError as DeliveryError
    from rushes.errors import DiskError as DiskError
    from rushes.errors import JournalError as JournalError
    from rushes.errors import MissingKeyError as MissingKeyError
    from rushes.errors import NotOfferedError as NotOfferedError
    from rushes.errors import NotSentError as NotSentError
    from rushes.errors import OutcomeUnknownError as OutcomeUnknownError
    from rushes.errors import OwnedElsewhereError as OwnedElsewhereError
    from rushes.errors import RefusedError as RefusedError
    from rushes.errors import RequestError as RequestError
    from rushes.errors import ResultError as ResultError
    from rushes.errors import RushesError as RushesError
    from rushes.errors import StillRunningError as StillRunningError
    from rushes.errors import TaskEndedError as TaskEndedError
    from rushes.errors import UnknownTaskError as UnknownTaskError
    from rushes.errors import UnknownVariantError as UnknownVariantError
    from rushes.hookspecs import hookimpl as hookimpl
    from rushes.journal import ClaimLost as ClaimLost
    from rushes.journal import Journal as Journal
    from rushes.problems import Note as Note
    from rushes.problems import Problem as Problem
    from rushes.problems import Source as Source
    from rushes.provider import Provider as Provider
    from rushes.report import Report as Report
    from rushes.request import Image as Image
    from rushes.request import Request as Request
    from rushes.request import Shot as Shot
    from rushes.request import Subject as Subject
    from rushes.request import Video as Video
    from rushes.rules import Finding as Finding
    from rushes.rules import rule as rule
    from rushes.task import Receipt as Receipt
    from rushes.task import Refusal as Refusal
    from rushes.task import Result as Result
    from rushes.task import State as State
    from rushes.task import Status as Status
    from rushes.task import Task as Task
    from rushes.task import Tried as Tried
    from rushes.task import VideoFile as VideoFile
    from rushes.variant import SPEC as SPEC
    from rushes.variant import Always as Always
    from rushes.variant import Built as Built
    from rushes.variant import Cancel as Cancel
    from rushes.variant import Polling as Polling
    from rushes.variant import Shots as Shots
    from rushes.variant import To as To
    from rushes.variant import Together as Together
    from rushes.variant import Uploads as Uploads
    from rushes.variant import Variant as Variant
    from rushes.webhooks import Delivery as Delivery
    from rushes.webhooks import Event as Event
    from rushes.webhooks import is_recent as is_recent
    from rushes.webhooks import is_signed as is_signed
else:
    __all__, __getattr__, __dir__ = lazily(
        __name__,
        {
            "rushes.answers": "Answers Codes",
            "rushes.async_client": "AsyncClient",
            "rushes.calls": (
                "Answer Call LocalFile Steps Token pick pick_number pick_percent pick_text"
            ),
            "rushes.client": "Client",
            "rushes._plugins.refusals": "refusal_by_status",
            "rushes.draft": "Draft",
            "rushes.errors": (
                "BrokenPluginError ConfigurationError DeliveryError DiskError JournalError "
                "MissingKeyError NotOfferedError NotSentError OutcomeUnknownError "
                "OwnedElsewhereError RefusedError RequestError ResultError RushesError "
                "StillRunningError TaskEndedError UnknownTaskError UnknownVariantError"
            ),
            "rushes._payload.fields": (
                "PublicURL Text TransportText TransportURL absent max_bytes max_utf16 steps_of"
            ),
            "rushes.hookspecs": "hookimpl",
            "rushes.journal": "ClaimLost Journal",
            "rushes._check.matrix": "Capability capabilities",
            "rushes._check.native_fields": "NativeField native_fields",
            "rushes._network.settings": "Timeouts",
            "rushes.problems": "Note Problem Source",
            "rushes.provider": "Provider",
            "rushes.report": "Report",
            "rushes.request": "Image Request Shot Subject Video",
            "rushes.rules": "Finding rule",
            "rushes._check.schema": "json_schema",
            "rushes._session.session": "OnUpdate",
            "rushes._journal.postgres.journal": "PostgresJournal",
            "rushes._journal.sqlite": "SQLiteJournal",
            "rushes.task": "Receipt Refusal Result State Status Task Tried VideoFile",
            "rushes.variant": (
                "SPEC Always Built Cancel Polling Shots To Together Uploads Variant"
            ),
            "rushes.webhooks": "Delivery Event is_recent is_signed",
        },
    )
