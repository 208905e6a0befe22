"""Answers similar to the documented ones: the listed bodies, changed where the plugin reads."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from rushes.calls import Answer
from rushes.testing._answers import json_answer
from rushes.testing._under_test import VariantUnderTest
from rushes.testing._values import json_values

ODD_VALUES: tuple[Any, ...] = (
    None, 0, 7.5, -3, True, "", " ", "50%", "1e999", "k", [], {}, [[]], [{}], [None], ["k"], 10**30,
)  # fmt: skip
ODD: st.SearchStrategy[Any] = st.sampled_from(ODD_VALUES)


class Heard(dict[str, Any]):
    """An object that records the names it was asked for."""

    def __init__(self, value: dict[str, Any], names: set[str]) -> None:
        super().__init__({key: listened(item, names) for key, item in value.items()})
        self.names = names

    def get(self, name: Any, default: Any = None) -> Any:
        """Return the value, and record the name."""
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name: Any) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: Any) -> bool:
        self.names.add(name)
        return super().__contains__(name)


class Listening(Answer, frozen=True):
    """An answer that records the names its reader asks for."""

    names: Any = None

    def json(self) -> Any:
        """Return the body decoded as JSON, with objects that record names."""
        return listened(Answer.json(self), self.names)


def listened(value: Any, names: set[str]) -> Any:
    """Return decoded JSON whose objects record the names they are asked for."""
    if isinstance(value, dict):
        return Heard(value, names)
    return [listened(item, names) for item in value] if isinstance(value, list) else value


def documented(subject: VariantUnderTest) -> list[Any]:
    """List the bodies that the subject lists, as an answer to any call; a word for each state."""
    words = {state: word for word, state in subject.states().items()}
    bodies = [body for body, _ in subject.named()]
    bodies += [subject.worded(word) for word in words.values()]
    bodies += [body for body, *_ in subject.statuses]
    return [*bodies, *(body for _, body, _ in subject.refusals)]


def names_read(subject: VariantUnderTest) -> list[str]:
    """List the names that the plugin's readers look for, recorded while they read answers.

    Nested names are asked for only if the outer ones exist, so these are filled in and read again.
    """
    names: set[str] = set()
    bodies = documented(subject)
    fillers: list[Any] = [None, {}, [{}], {}, [{}]]
    for filler in fillers:
        for body in bodies:
            full = filled(body, names, filler) if filler is not None else body
            answer = json_answer(full)
            for hook in ("parse_submit", "parse_status", "parse_refusal"):
                try:
                    subject.ask(
                        hook, answer=Listening(200, answer.headers, answer.body, names=names)
                    )
                except Exception:  # noqa: BLE001, S112 - only names count; raising is tested elsewhere
                    continue
    return sorted(name for name in names if isinstance(name, str))


def filled(value: Any, names: set[str], filler: Any, depth: int = 0) -> Any:
    """Return a body whose objects have all these names, with a filler for missing ones."""
    if isinstance(value, list):
        return [filled(item, names, filler, depth + 1) for item in value]
    if not isinstance(value, dict) or depth > 3:
        return value
    missing = {name: copy.deepcopy(filler) for name in names if name not in value}
    full = {key: filled(item, names, filler, depth + 1) for key, item in value.items()}
    return {**full, **{k: filled(v, names, filler, depth + 2) for k, v in missing.items()}}


@st.composite
def near(draw: st.DrawFn, bodies: list[Any], names: list[str]) -> Any:
    """Draw a listed body, changed in one to three places."""
    body = copy.deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(body, names))
        if places:
            holder, key = draw(st.sampled_from(places))
            holder[key] = copy.deepcopy(draw(ODD | json_values()))
    return body


def changed(bodies: list[Any], names: list[str]) -> Iterator[Any]:
    """Yield every listed body with each odd value in each place, one at a time.

    The bodies share their unchanged parts.
    """
    for body in bodies:
        yield from _changed(body, names)


def _changed(value: Any, names: list[str]) -> Iterator[Any]:
    if isinstance(value, dict):
        places = dict.fromkeys((*value, *names))
        yield from ({**value, name: odd} for name in places for odd in ODD_VALUES)
        for name, item in value.items():
            yield from ({**value, name: made} for made in _changed(item, names))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for made in (*ODD_VALUES, *_changed(item, names)):
                yield [*value[:index], made, *value[index + 1 :]]


def _places(value: Any, names: list[str]) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from ((value, name) for name in sorted({*value, *names}))
        for item in value.values():
            yield from _places(item, names)
    elif isinstance(value, list):
        yield from ((value, index) for index in range(len(value)))
        for item in value:
            yield from _places(item, names)


def replaced(body: Any, old: Any, new: Any) -> Any:
    """Return a body with every occurrence of one value replaced by another."""
    if isinstance(body, dict):
        return {key: replaced(item, old, new) for key, item in body.items()}
    if isinstance(body, list):
        return [replaced(item, old, new) for item in body]
    return new if body == old and type(body) is type(old) else body
