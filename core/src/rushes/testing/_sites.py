"""The sites of a payload struct: every place with a constraint, including nested ones."""

import copy
from collections.abc import Iterator
from typing import Any, get_args

from msgspec import Struct

from rushes._payload.fields import extra, is_struct, shape, unwrap
from rushes.testing._values import bad, good, plausible


class Site(Struct, frozen=True, kw_only=True):
    """One place: its path as problems name it, the steps to it, its type."""

    path: str
    steps: tuple[str | int, ...]
    hint: Any
    required: bool
    owner: Any
    open: bool
    """Whether the object that contains it accepts other keys, too."""

    def put(self, body: dict[str, Any], value: Any) -> dict[str, Any]:
        """Return a copy of a body with `value` at this site, and the path to it filled in."""
        made = copy.deepcopy(body)
        target: Any = made
        for step, hint in zip(self.steps[:-1], self.trail(), strict=True):
            if isinstance(step, int):
                while len(target) <= step:
                    target.append(plausible(hint))
            elif not target.get(step):
                target[step] = plausible(hint)
            target = target[step]
        target[self.steps[-1]] = value
        return made

    def without(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of a body with the path to this site filled in, but without the site."""
        made = self.put(body, None)
        target: Any = made
        for step in self.steps[:-1]:
            target = target[step]
        del target[self.steps[-1]]
        return made

    def trail(self) -> Iterator[Any]:
        """Yield the hint of each step on the path, from the first to the last but one."""
        hint: Any = self.owner
        for step in self.steps[:-1]:
            hint = _within(hint, step)
            yield hint


def _within(hint: Any, step: str | int) -> Any:
    base, metas = unwrap(hint)
    if isinstance(step, int):
        return get_args(base)[0]
    inner = extra(metas, "known") or base
    return next(field.hint for field in shape(inner) if field.wire == step)


def sites(struct: type[Struct]) -> list[Site]:
    """List every site of a payload struct."""
    return list(_sites(struct, struct, (), "", open_=False))


def edge_payloads(struct: type[Struct], body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return copies of a payload, each changed in one place, nested ones included.

    A changed place has a value at one of its bounds, one step beyond it, or of another type, or it
    is an empty list, or left out. `struct` is the payload's type; see `Variant.payload`.
    """
    made = []
    for site in sites(struct):
        values = (*good(site.hint), *bad(site.hint), [])
        made += [site.put(body, value) for value in values]
        made.append(site.without(body))
    return made


def _sites(
    top: type[Struct], struct: Any, steps: tuple[str | int, ...], prefix: str, *, open_: bool
) -> Iterator[Site]:
    for field in shape(struct):
        path = f"{prefix}{field.wire}"
        here = (*steps, field.wire)
        yield Site(
            path=path, steps=here, hint=field.hint, required=field.required, owner=top, open=open_
        )
        base, metas = unwrap(field.hint)
        if known := extra(metas, "known"):
            yield from _sites(top, known, here, f"{path}.", open_=True)
        elif is_struct(base):
            yield from _sites(top, base, here, f"{path}.", open_=False)
        elif base not in (str, int, float, bool, Any) and getattr(base, "__origin__", None) is list:
            item = get_args(base)[0]
            inside = (*here, 0)
            if is_struct(unwrap(item)[0]):
                yield from _sites(top, unwrap(item)[0], inside, f"{path}[0].", open_=False)
            elif item is not Any:
                yield Site(
                    path=f"{path}[0]", steps=inside, hint=item, required=False, owner=top,
                    open=False,
                )  # fmt: skip
