"""Collects what is wrong with a body: one walk over its fields, every finding kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """One thing the gateway does not accept, and the path of the field it is about."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


#: Looks at one value (never null) at one path.
Check = Callable[[Any, str, "Inspection"], None]


@dataclass
class Inspection:
    """The findings so far, and what is known about the gateway's surroundings."""

    loopback: bool
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, path: str, message: str) -> None:
        """Note a finding."""
        self.refusals.append(Refusal(path, message))

    def sound(self, *paths: str) -> bool:
        """Whether nothing was found in these fields, so that rules across them make sense."""
        return not any(
            refusal.path == path or refusal.path.startswith((f"{path}.", f"{path}["))
            for refusal in self.refusals
            for path in paths
        )

    def fields(
        self,
        value: Mapping[str, Any],
        path: str,
        declared: Mapping[str, Check],
        *,
        required: Sequence[str] = (),
        open_to_others: bool = False,
    ) -> None:
        """Walk over an object's fields."""
        prefix = f"{path}." if path else ""
        for name in required:
            if name not in value:
                self.refuse(prefix + name, "is required")
        for name, item in value.items():
            check = declared.get(name)
            if check is None:
                if not open_to_others:
                    self._unknown(prefix, name, declared)
            elif item is None:
                self.refuse(prefix + name, "must not be null; leave the field out")
            else:
                check(item, prefix + name, self)

    def _unknown(self, prefix: str, name: str, declared: Mapping[str, Check]) -> None:
        # Cut, as a name may be megabytes long and the answer repeats it.
        short = name if len(name) <= 60 else f"{name[:60]}…"
        # Not for endless bodies of nonsense: comparing names is slow.
        near = get_close_matches(short, declared, 1, 0.6) if len(self.refusals) < 20 else []
        hint = f"; did you mean {near[0]}?" if near else ""
        self.refuse(prefix + short, f"is not a field of this request{hint}")
