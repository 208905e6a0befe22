"""The mark of a value that is not valid: it may be carried along, but nobody can look into it."""

from typing import Any


class Invalid:
    """Stands where a value has a problem of its own, which is told already.

    Comparing, testing or formatting it raises TypeError, and it has no other attributes: a rule
    or a hook that needs the value stops there, and nothing is concluded from it.
    """

    def __repr__(self) -> str:
        return "INVALID"

    def __reduce__(self) -> str:
        return "INVALID"  # a copy would not be known again

    def _say_nothing(self, *_: Any) -> Any:
        raise TypeError("the value here is not valid; nothing can be concluded from it")

    __bool__ = __eq__ = __ne__ = __str__ = _say_nothing
    __hash__ = None  # type: ignore[assignment]


INVALID: Any = Invalid()
