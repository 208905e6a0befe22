"""What the kit checks of messages: rules, problems, and the declaration itself."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

import msgspec

from rushes._check.matrix import capabilities
from rushes._payload.body import top
from rushes._payload.constraints import distance, finite
from rushes._payload.fields import shape
from rushes._payload.request_fields import FIELDS
from rushes.problems import Note, Problem, listing, show
from rushes.report import Report
from rushes.request import Request
from rushes.rules import Rule
from rushes.testing._answers import put_at
from rushes.testing._breaking import without
from rushes.testing._request_checks import PROBES, probes
from rushes.testing._sites import sites
from rushes.testing._under_test import HIDDEN, Example, VariantUnderTest
from rushes.testing._values import bad

__tracebackhide__ = HIDDEN
ODD_TEXTS = ("\x1b[31mk", "k\u2028k", "k" * 9000)
MAX_LENGTH = 600
"""Characters that a message stays below."""
UNLISTED = frozenset(("null", "not_json"))
"""Codes of problems that need not list accepted values."""


class MessageChecks(VariantUnderTest):
    """Problems: which rule, where, what is accepted, and according to which page."""

    def test_every_rule_has_an_example_of_its_own(self) -> None:
        """Each rule alone rejects its examples, or notes them, where its shape says; it has some.

        The kit makes them for rules of the vocabulary, from `accepted`; those for a `@rule` are
        listed.
        """
        rules = {rule.name: rule for rule in self.variant.rules}
        for name, examples in self.mapping_examples.items():
            for example in examples:
                codes = {problem.code for problem in self.check(example).problems}
                assert codes == {name}, self.says(
                    f"no rule is called {name!r}, and `build_payload` finds "
                    f"{listing(sorted(codes)) or 'no problem'} in its example: {example}"
                )
        for name, rule in rules.items():
            assert self.rule_examples[name], self.says(self._no_example(rule))
        for name, examples in self.rule_examples.items():
            attempts = self.attempts(rules[name])
            for example in examples:
                self._broken_alone(rules[name], example)
                for finding in self.findings(example, name):
                    blamed = [path for attempt in attempts for path in attempt.blamed]
                    assert not attempts or any(one.blames(finding.path) for one in attempts), (
                        self.says(
                            f"the rule {name!r} blames {finding.path}, but is about "
                            f"{listing(blamed)}, in {example}"
                        )
                    )

    def _no_example(self, rule: Rule) -> str:
        table = "noted" if rule.notes else "rejected"
        alone = f"that only the rule {rule.name!r} {'notes' if rule.notes else 'rejects'}"
        if self.attempts(rule):
            return (
                f"the kit cannot make a payload {alone} ({rule.text}): list one in `{table}`; if "
                "there is none, other rules say the same"
            )
        return f"the rule {rule.name!r} needs an example: list a request {alone} in `{table}`"

    def _broken_alone(self, rule: Rule, example: Example) -> None:
        """Check that a rule finds something in its example, and that no other does."""
        report, name = self.check(example), rule.name
        notes = name in self.noted or rule.notes
        assert not (notes and report.problems), self.says(
            f"the example of the rule {name!r}, which only notes, is rejected: {report.problems}"
        )
        found = self.found_by_rules(report)
        assert found == {name}, self.says(
            f"the example of the rule {name!r} is {'noted' if notes else 'rejected'} by "
            f"{listing(sorted(found)) or 'no rule'}; list one that it alone finds: {example}"
        )

    def test_problems_can_be_acted_on(self) -> None:
        """Each problem has a path, a code, a sentence, a source, and what would be accepted.

        Each accepted value, put in place of the bad one, removes the problem.
        """
        for examples in self.rule_examples.values():
            for example in examples:
                self._acted_on(example)
        for field, values in {**PROBES, "duration": [5, 10**6, 0.5, -1]}.items():
            for value in values:
                self._acted_on(Request("k", **{field: value}))
        for one, other in combinations(PROBES, 2):
            for value, second in product(PROBES[one][:3], PROBES[other][:3]):
                self._acted_on(Request("k", **{one: value, other: second}))
        self._single_fields()

    def _single_fields(self) -> None:
        """Check the problems of single fields: all accepted values are listed, if they are few."""
        body = self.native()
        for site in sites(self.variant.payload):
            for value in bad(site.hint):
                made = site.put(body, value)
                self._acted_on(made)
                problems = self.own_problems(self.check(made))
                at = [p for p in problems if p.path == site.path and p.code not in UNLISTED]
                wanted = finite(site.hint, near=value)
                for problem in at if wanted else ():
                    self._nearest_first(problem, value, wanted)

    def test_what_the_matrix_lists_is_accepted(self) -> None:
        """Each value that the matrix lists for a common field is accepted in some request."""
        for row, capability in capabilities(self.variant).items():
            for value in capability.accepted or ():
                problems = self._refused_everywhere(row, value)
                assert not problems, self.says(
                    f"the matrix lists {show(value)} for `{row}`, but every request is refused: "
                    f"{listing([*dict.fromkeys(map(str, problems))])}"
                )

    def _refused_everywhere(self, field: str, value: Any) -> list[Problem]:
        """Return the problems of the requests with a value, if none of them is accepted."""
        problems: list[Problem] = []
        for request in self._requests_with(field, value):
            report = self.check(request)
            if report.valid:
                return []
            problems += report.problems[:1]
        return problems

    def _requests_with(self, field: str, value: Any) -> Iterator[Request]:
        """Compose requests with a value: alone, in each accepted example, beside another field."""
        yield Request("k", **{field: value})
        place = capabilities(self.variant)[field].to or ""
        for example in self.accepted:
            if isinstance(example, Request):
                yield msgspec.structs.replace(example, **{field: value})
            else:
                *_, less = [{}, *without(place)(example)]
                yield Request(**{field: value}, extra=less)
        for other, values in PROBES.items():
            if other != field:
                yield from (Request("k", **{field: value, other: second}) for second in values)

    def test_messages_are_short_and_printable(self) -> None:
        """The message of a problem or a note is one short, printable line, whatever it quotes."""
        for report in self._reports_on_odd_texts():
            findings: list[Problem | Note] = [*report.problems, *report.notes]
            for found in findings:
                where = self.says(f"the message of {found.code!r} at {found.path!r}")
                message = found.message
                assert message.isprintable(), f"{where} is not printable: {message!r}"
                assert len(message) < MAX_LENGTH, (
                    f"{where} is too long to read: {message[:MAX_LENGTH]!r}"
                )

    def _reports_on_odd_texts(self) -> Iterator[Report]:
        """Check odd texts in every field, and in every text of the examples."""
        body = self.native()
        for site in sites(self.variant.payload):
            for text in ODD_TEXTS:
                yield self.check(site.put(body, text))
        broken = [example for found in self.rule_examples.values() for example in found]
        for example in (*self.accepted, *broken, *probes()):
            for odd in _with_odd_texts(example):
                yield self.check(odd)

    def _acted_on(self, example: Example) -> None:
        fields = {field.wire for field in shape(self.variant.payload)}
        for problem in self.check(example).problems:
            where = self.says(f"the problem {problem.code!r} at {problem.path!r}")
            assert problem.path, self.says(f"a problem has no path: {problem}")
            assert top(problem.path) in {*fields, *FIELDS, "extra"}, f"{where}: no such field"
            assert problem.code.isidentifier(), f"{where}: the code is not an identifier"
            assert problem.source, f"{where} has no source"
            assert problem.source.url.startswith("https://"), f"{where}: the source is not a page"
            assert len(problem.message.split()) > 1, f"{where}: not a sentence: {problem.message!r}"
            assert problem.accepted != [], f"{where}: nothing is accepted; leave `accepted` out"
            for value in problem.accepted or ():
                self._removes(problem, value, example)

    def _removes(self, problem: Problem, value: Any, example: Example) -> None:
        """Check that a value that a problem lists as accepted removes it."""
        given = msgspec.to_builtins(example)
        if isinstance(example, Request):
            report = self.check_request(put_at(given, problem.path, value))
        else:
            report = self.check(put_at(given, problem.path, value))
        same = (problem.path, problem.code)
        again = [one for one in report.problems if (one.path, one.code) == same]
        assert not again, self.says(
            f"{value!r} is listed as accepted for `{problem.path}`, but refused: "
            f"{again[0].message}; in {example}"
        )

    def _nearest_first(self, problem: Problem, value: Any, wanted: list[Any] | None) -> None:
        where = self.says(f"the problem {problem.code!r} of {value!r} at {problem.path!r}")
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
            where = self.says(f"the rule {rule.name!r}")
            assert rule.name.isidentifier(), f"{where}: its name is not an identifier"
            assert len(rule.text.split()) > 1, f"{where}: its text is not a sentence"
            assert rule.fields, f"{where} does not name a field"
        assert re.fullmatch(r"[a-z0-9-]+/\S+", variant.id), self.says(
            "its id is not of the form provider/model"
        )
        assert variant.page.url.startswith("https://"), self.says("the page has no https address")
        assert "{" in variant.status_path, self.says("status_path has no {id}")


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
