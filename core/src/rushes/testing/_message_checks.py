"""What the kit checks of messages: rules, problems, and the declaration itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rushes._payload.body import top
from rushes._payload.constraints import distance, finite
from rushes._payload.fields import shape
from rushes._payload.request_fields import FIELDS
from rushes.problems import Note, Problem
from rushes.report import Report
from rushes.request import Request
from rushes.testing._request_checks import PROBES
from rushes.testing._sites import sites
from rushes.testing._under_test import VariantUnderTest
from rushes.testing._values import bad

ODD_TEXTS = ("\x1b[31mk", "k\u2028k", "k" * 9000)
LONGEST = 600
"""Characters that a message stays below."""
UNLISTED = frozenset(("null", "not_json"))
"""Codes of problems that need not list accepted values."""


class MessageChecks(VariantUnderTest):
    """Problems: which rule, where, what is accepted, and according to which page."""

    def test_every_rule_has_an_example_of_its_own(self) -> None:
        """Each rule alone rejects its example, or notes it; every rule has one."""
        rules = {rule.name for rule in self.variant.rules}
        told = set(self.rejected) | set(self.noted)
        assert not rules - told, f"no example for these rules: {sorted(rules - told)}"
        assert not told - rules, f"examples without a rule: {sorted(told - rules)}"
        wrong = []
        for name, example in self.rejected.items():
            found = {problem.code for problem in self.check(example).problems}
            if found != {name}:
                wrong.append(f"{name}: its example is rejected by {sorted(found)}")
        for name, example in self.noted.items():
            report = self.check(example)
            assert report.valid, f"{name}: its example is rejected: {report.problems}"
            found = {note.code for note in report.notes} & rules
            if found != {name}:
                wrong.append(f"{name}: its example is noted by {sorted(found)}")
        assert not wrong, "no example tells these rules apart:\n" + "\n".join(wrong)

    def test_problems_can_be_acted_on(self) -> None:
        """Each problem has a path, a code, a sentence, a source, and what would be accepted."""
        for example in self.rejected.values():
            self._acted_on(self.check(example).problems)
        for field, values in {**PROBES, "duration": [5, 10**6, 0.5, -1]}.items():
            for value in values:
                self._acted_on(self.check(Request("k", **{field: value})).problems)
        body = self.native()
        for site in sites(self.variant.payload):
            for value in bad(site.hint):
                problems = self.own_problems(self.check(site.put(body, value)))
                self._acted_on(problems)
                at = [p for p in problems if p.path == site.path and p.code not in UNLISTED]
                wanted = finite(site.hint, near=value)
                for problem in at if wanted else ():
                    self._nearest_first(problem, value, wanted)
                    nearest = (problem.accepted or [None])[0]
                    again = self.own_problems(self.check(site.put(body, nearest)))
                    refused = any(found.path == site.path for found in again)
                    assert not refused, (
                        f"{site.path}: {nearest!r} is listed as accepted, but refused"
                    )

    def test_messages_are_short_and_printable(self) -> None:
        """The message of a problem or a note is one short, printable line, whatever it quotes."""
        for report in self._reports_on_odd_texts():
            findings: list[Problem | Note] = [*report.problems, *report.notes]
            for found in findings:
                where = f"{found.path} ({found.code})"
                told = found.message
                assert told.isprintable(), f"{where}: not printable: {told!r}"
                assert len(told) < LONGEST, f"{where}: too long to read: {told[:LONGEST]!r}"

    def _reports_on_odd_texts(self) -> Iterator[Report]:
        """Check odd texts in every field, and in every text of the examples."""
        body = self.native()
        for site in sites(self.variant.payload):
            for text in ODD_TEXTS:
                yield self.check(site.put(body, text))
        probes = [
            Request("k", **{field: value}) for field, values in PROBES.items() for value in values
        ]
        for example in (*self.accepted, *self.rejected.values(), *self.noted.values(), *probes):
            for odd in _with_odd_texts(example):
                yield self.check(odd)

    def _acted_on(self, problems: Iterable[Problem]) -> None:
        fields = {field.wire for field in shape(self.variant.payload)}
        for problem in problems:
            where = f"{problem.path} ({problem.code})"
            assert problem.path, f"a problem without a path: {problem}"
            assert top(problem.path) in {*fields, *FIELDS, "extra"}, f"{where}: no such field"
            assert problem.code.isidentifier(), f"{where}: the code is not an identifier"
            assert problem.source, f"{where}: no source"
            assert problem.source.url.startswith("https://"), f"{where}: the source is not a page"
            assert len(problem.message.split()) > 1, f"{where}: not a sentence: {problem.message!r}"
            assert problem.accepted != [], f"{where}: nothing is accepted; leave `accepted` out"

    def _nearest_first(self, problem: Problem, value: Any, wanted: list[Any] | None) -> None:
        where = f"{problem.path} = {value!r} ({problem.code})"
        assert problem.accepted is not None, (
            f"{where}: the accepted values are not listed: {wanted}"
        )
        unknown = [one for one in problem.accepted if one not in (wanted or ())]
        assert not unknown, f"{where}: lists values that are not accepted: {unknown}"
        near_first = sorted(problem.accepted, key=distance(value))
        assert problem.accepted == near_first, f"{where}: the nearest value is not listed first"

    def test_the_declaration_is_sound(self) -> None:
        """Names are identifiers, sentences are sentences; that paths exist is checked at load."""
        variant = self.variant
        for rule in variant.rules:
            assert rule.name.isidentifier(), f"{rule.name!r} is not an identifier"
            assert len(rule.text.split()) > 1, f"{rule.name}: its text is not a sentence"
            assert rule.fields, f"{rule.name}: it does not name a field"
        assert re.fullmatch(r"[a-z0-9-]+/\S+", variant.id), (
            f"{variant.id!r} is not a valid variant id"
        )
        assert variant.page.url.startswith("https://"), "the page has no https address"
        assert "{" in variant.status_path, "status_path has no {id}"


def _with_odd_texts(value: Any) -> Iterator[Any]:
    """Yield copies of a request or payload, each with one of its texts made odd."""
    if isinstance(value, str):
        middle = len(value) // 2
        yield from ODD_TEXTS
        yield value[:middle] + ODD_TEXTS[0] + value[middle:]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for odd in _with_odd_texts(item):
                yield [*value[:index], odd, *value[index + 1 :]]
    elif isinstance(value, msgspec.Struct):
        for fields in _with_odd_texts(msgspec.structs.asdict(value)):
            yield type(value)(**fields)
    elif isinstance(value, Mapping):
        for name in value:
            yield from ({**value, name: odd} for odd in _with_odd_texts(value[name]))
