"""What a check returns."""

from typing import Any

import msgspec
from msgspec import Struct

from rushes._payload.body import PlannedUpload
from rushes.problems import Note, Problem

__all__ = ["Report"]


class Report(Struct, frozen=True, kw_only=True):
    """What a check found.

    `payload` is what would be sent, None if there are problems; `transport` has the fields that
    concern the delivery; `cost` is an estimate in USD, None if unknown; `uploads` are the local
    files whose addresses are placeholders until they are uploaded.
    """

    variant: str
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    payload: Any = None
    transport: dict[str, Any] = {}
    input_mode: str | None = None
    cost: float | None = None
    uploads: tuple[PlannedUpload, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the request can be sent."""
        return not self.problems

    def complete_payload(self) -> Any:
        """Return the payload of a valid report, including the fields that concern the delivery."""
        if not self.transport:
            return self.payload
        fields = msgspec.structs.fields(type(self.payload))
        names = {field.encode_name: field.name for field in fields}
        given = {names[wire]: value for wire, value in self.transport.items()}
        return msgspec.structs.replace(self.payload, **given)

    def as_line(self) -> dict[str, Any]:
        """Return the report as one JSON-able line of a bulk check."""
        return {
            "valid": self.valid,
            "problems": self.problems,
            "notes": self.notes,
            "payload": self.payload,
        }

    def _repr_html_(self) -> str:
        from rushes._html.cards import report_card  # only a notebook needs it

        return report_card(self)
