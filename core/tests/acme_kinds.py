"""Providers that differ in how a submit without an answer can be investigated."""

from typing import Any

import msgspec
from acme_zoom import Zoom
from rushes import Call, Receipt, Steps, Variant, hookimpl


def replaced(**changes: Any) -> Variant:
    return msgspec.structs.replace(Zoom.declaration, **changes)


class Replaying(Zoom):
    """A provider that replays by key."""

    declaration = replaced(idempotency="replay")


class Rejecting(Zoom):
    """A provider that refuses a key it has seen."""

    declaration = replaced(idempotency="reject")


class Findable(Zoom):
    """A provider that finds the clips of a job."""

    declaration = replaced(look_up="by_client_id")

    @hookimpl
    def look_up(self, variant: Variant, client_id: str) -> Steps[list[Receipt] | None]:
        """GET the clips of a job."""
        answer = yield Call.get(variant.url("/v1/jobs/{id}", id=client_id))
        found = answer.json()
        return [Receipt(ref) for ref in found["refs"]] if isinstance(found, dict) else None


class Both(Findable):
    """A provider that finds the clips of a job, and replays by key."""

    declaration = replaced(idempotency="replay", look_up="by_client_id")


class RejectingFindable(Findable):
    """A provider that finds the clips of a job, and refuses a key it has seen."""

    declaration = replaced(idempotency="reject", look_up="by_client_id")
