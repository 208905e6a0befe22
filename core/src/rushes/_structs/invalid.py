"""The mark of an invalid value: it may be passed along, but not inspected."""

from typing import Any


class Invalid:
    """Stands for a value that has a problem, which is already reported.

    Comparing, testing or formatting it raises TypeError, and it has no other attributes: a rule
    or a hook that needs the value stops there, and nothing is concluded from it.
    """

    def __repr__(self) -> str:
        return "INVALID"

    def __reduce__(self) -> str:
        return "INVALID"  # a copy would not be recognised

    def _refuse(self, *_: Any) -> Any:
        raise TypeError("this value is not valid, so nothing can be concluded from it")

    __bool__ = __eq__ = __ne__ = __str__ = _refuse
    __hash__ = None  # type: ignore[assignment]


INVALID: Any = Invalid()
