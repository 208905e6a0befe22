"""What the kit checks of portable requests: nothing dropped, nothing given twice, pure."""

import copy
from collections.abc import Iterable
from itertools import chain, combinations
from typing import Any

import msgspec
from msgspec import UNSET

from rushes._payload.body import top
from rushes._payload.fields import shape
from rushes._payload.paths import steps_to
from rushes.calls import pick
from rushes.problems import Note, Problem
from rushes.report import Report
from rushes.request import Image, Request, Shot, Subject, Video
from rushes.testing._under_test import HIDDEN, VariantUnderTest, as_request
from rushes.testing._values import URL, good
from rushes.variant import Always, Together

__tracebackhide__ = HIDDEN
URLS = [URL, URL.replace("/a.", "/b."), URL.replace("/a.", "/c.")]
PROBES: dict[str, list[Any]] = {
    "negative_prompt": ["blur", "haze"],
    "duration": [5, 10],
    "aspect_ratio": ["9:16", "1:1"],
    "resolution": ["720p", "1080p", "4k"],
    "images": [
        *([Image(url, role)] for role in ("first_frame", "last_frame", "reference")
          for url in URLS[:2]),
        [Image(url, "reference") for url in URLS[:2]],
        [Image(URLS[0], "first_frame"), Image(URLS[1], "last_frame")],
        [Image(URLS[0], "first_frame"), Image(URLS[2], "last_frame")],
        [Image(URLS[1], "first_frame"), Image(URLS[0], "last_frame")],
    ],
    "videos": [
        *([Video(url, role)] for role in ("reference", "edit") for url in URLS[:2]),
        [Video(url, "reference") for url in URLS[:2]],
    ],
    "sounds": [URLS[:1], URLS[1:2], URLS[:2]],
    "shots": [
        [Shot("k", 3), Shot("l", 2)],
        [Shot("k"), Shot("l")],
        [Shot("k", 2), Shot("l", 3)],
        [Shot("k", 3), Shot("m", 2)],
        [Shot("m", 3), Shot("l", 2)],
    ],
    "subjects": [
        [Subject("kite", "red", URLS[:2])],
        [Subject("kite", "blue", URLS[:2])],
        [Subject("bird", "red", URLS[:2])],
        [Subject("kite", "red", URLS[1:])],
        [Subject("kite", "red", URLS[:2]), Subject("bird", "red", URLS[:2])],
    ],
    "audio": [True, False],
    "watermark": [True, False],
    "guidance": [0.25, 0.75],
    "seed": [7, 8],
    "continues": ["task-7", "task-8"],
}  # fmt: skip
"""Values of each common field; every two of them must make a difference."""


def probes() -> list[Request]:
    """Return a request for each of these values, with nothing else but a prompt."""
    return [Request("k", **{field: value}) for field, values in PROBES.items() for value in values]


class RequestChecks(VariantUnderTest):
    """Portable requests: nothing dropped, nothing given twice, building is pure."""

    def test_nothing_is_dropped(self) -> None:
        """Each common field set alone is sent, already the default, a problem, or a note.

        If two values silently make the same payload, one of them is dropped.
        """
        reports: list[tuple[Any, Report]] = [(None, self.check(Request("k")))]
        self._tell_apart("prompt", [*reports, ("l", self.check(Request("l")))])
        for field, values in PROBES.items():
            given = [(value, self.check(Request("k", **{field: value}))) for value in values]
            self._tell_apart(field, [*reports, *given])
        self._native_fields_are_carried()

    def _tell_apart(self, field: str, reports: Iterable[tuple[Any, Report]]) -> None:
        place = self.variant.fields.get(field)
        for (one, before), (other, report) in combinations(reports, 2):
            if isinstance(place, Always) and place.value in (one, other):
                continue
            found = [*_findings(report), *_findings(before)]
            reported = any(field in _named(item) for item in found)
            carried = report.valid and report.payload != before.payload
            assert reported or carried, self.says(
                f"`{field}` = {other!r} is dropped, and nothing says so"
                if one is None
                else f"`{field}` = {one!r} and {other!r} make the same payload, and nothing says so"
            )

    def _native_fields_are_carried(self) -> None:
        for example in [self.native(), *self.accepted]:
            given = as_request(example).extra
            for portable in (False, True):
                report = self.check(Request("k", extra=given) if portable else given)
                if not report.valid:
                    continue
                wire = msgspec.json.decode(msgspec.json.encode(report.complete_payload()))
                found = {top(item.path) for item in _findings(report)}
                for name, value in given.items():
                    kept = pick(wire, name) == msgspec.to_builtins(value)
                    assert kept or name in found, self.says(
                        f"`{name}` = {value!r} is dropped or changed, and nothing says so"
                    )
        for field in shape(self.variant.payload):
            report = self.check(Request("k", extra={field.wire: good(field.hint)[0]}))
            if report.valid:
                kept = getattr(report.complete_payload(), field.name) is not UNSET
                assert kept or _findings(report), self.says(
                    f"`extra.{field.wire}` is dropped, and nothing says so"
                )

    def test_a_field_said_twice_is_a_problem(self) -> None:
        """A common field and the native field for the same thing are reported as a conflict."""
        for row, place in self.variant.fields.items():
            field, _, role = row.partition(".")
            if isinstance(place, Always) or field == "prompt":
                continue
            translated: Any = getattr(place, "values", None)
            if isinstance(place, Together):
                at = place.fields.index(field)
                translated = {pair[at]: wire for pair, wire in place.values.items()}
            values = list(translated) if translated else PROBES[field]
            if role:
                values = [value for value in values if {image.role for image in value} == {role}]
            for value in values:
                if not self.check(Request(**{"prompt": "k", field: value})).valid:
                    continue
                native: Any = translated[value] if translated else value
                if place.path.endswith("[]"):
                    native = [URL]
                for name in reversed(steps_to(place.path.removesuffix("[]"))):
                    native = {name: native} if isinstance(name, str) else [native]
                report = self.check(Request(**{"prompt": "k", field: value}, extra=native))
                reported = any(problem.code == "twice" for problem in report.problems)
                assert reported, self.says(
                    f"`{field}` and `extra.{place.path}` set the same, and no problem is reported"
                )

    def test_building_is_pure(self) -> None:
        """The same request makes the same report and the same bytes; arguments are not changed."""
        for example in [*self.accepted, *chain(*self.rule_examples.values())]:
            request = as_request(example)
            before = copy.deepcopy(request)
            reports = [self.check_request(request) for _ in range(2)]
            assert request == before, self.says(f"the request is changed by checking it: {before}")
            assert reports[0] == reports[1], self.says(
                f"two checks of one request differ: {example}"
            )
            if not reports[0].valid:
                continue
            payload = copy.deepcopy(reports[0].complete_payload())
            calls = [self.call(report) for report in reports]
            assert calls[0] == calls[1], self.says(f"two calls for one request differ: {example}")
            assert reports[0].complete_payload() == payload, self.says(
                "the payload is changed by the hook submit"
            )


def _named(item: Problem | Note) -> list[str]:
    """Return the fields that a finding names."""
    return [top(item.path), *(item.names if isinstance(item, Problem) else ())]


def _findings(report: Report) -> list[Problem | Note]:
    return [*report.problems, *report.notes]
