"""Collects everything that is wrong with a body in one walk over its fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Violation:
    """One thing that the gateway rejects, and the path of the field it is about."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


#: Checks one value (never null) at one path, and adds what is wrong with it.
Check = Callable[[Any, str, "Validation"], None]


@dataclass
class Validation:
    """The violations found so far, and whether the gateway runs on this machine."""

    loopback: bool
    violations: list[Violation] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        """Add a violation."""
        self.violations.append(Violation(path, message))

    def valid(self, *paths: str) -> bool:
        """Whether these fields have no violations, so that rules across them make sense."""
        return not any(
            violation.path == path or violation.path.startswith((f"{path}.", f"{path}["))
            for violation in self.violations
            for path in paths
        )

    def check_fields(
        self,
        value: Mapping[str, Any],
        path: str,
        declared: Mapping[str, Check],
        *,
        required: Sequence[str] = (),
        open_to_others: bool = False,
    ) -> None:
        """Check the fields of an object."""
        prefix = f"{path}." if path else ""
        for name in required:
            if name not in value:
                self.add(prefix + name, "is required")
        for name, item in value.items():
            check = declared.get(name)
            if check is None:
                if not open_to_others:
                    self._unknown(prefix, name, declared)
            elif item is None:
                self.add(prefix + name, "must not be null; leave the field out")
            else:
                check(item, prefix + name, self)

    def _unknown(self, prefix: str, name: str, declared: Mapping[str, Check]) -> None:
        # Shortened: a name may be megabytes long, and the response repeats it.
        short = name if len(name) <= 60 else f"{name[:60]}…"
        # Not for bodies with many unknown fields: comparing names is slow.
        near = get_close_matches(short, declared, 1, 0.6) if len(self.violations) < 20 else []
        hint = f"; did you mean {near[0]}?" if near else ""
        self.add(prefix + short, f"is not a field of this request{hint}")
