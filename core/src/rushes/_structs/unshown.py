"""Structs with contents that nobody should see."""

from msgspec import Struct


class Unshown(Struct, frozen=True):
    """A struct of which nothing is shown but what its `__repr__` says.

    msgspec tells rich of every field, and with it each traceback of rich that shows locals.
    """

    def __rich_repr__(self) -> None:  # type: ignore[override]
        """Name no field, so that rich shows the `repr`."""
