"""Errors raised before anything is sent, or when results cannot be read or written."""

from collections.abc import Iterable

__all__ = ["BudgetError", "FolderError", "PlanError", "VotesError"]


class PlanError(ValueError):
    """The plan is not valid; the message says why and what to do, a line for each reason.

    `uninstalled` are the lines about variants that are not installed, `reasons` all others.
    """

    def __init__(self, *reasons: str, uninstalled: Iterable[str] = ()) -> None:
        self.reasons, self.uninstalled = reasons, tuple(uninstalled)
        super().__init__("\n".join((*reasons, *self.uninstalled)))


class BudgetError(ValueError):
    """A limit would be exceeded, or cannot be guaranteed; nothing was sent."""


class FolderError(ValueError):
    """The folder cannot be used; the message says why and what to do."""


class VotesError(ValueError):
    """Exported votes cannot be used; the message has a line for each reason, with its place."""
