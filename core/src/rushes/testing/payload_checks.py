"""What the kit checks of requests and payloads."""

import copy
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.check import check
from rushes.fields import extra, shape, unwrap
from rushes.problems import Problem
from rushes.request import FIELDS, Image, Request, Shot
from rushes.request import Subject as Someone
from rushes.testing.barred import barred
from rushes.testing.sites import Site, sites
from rushes.testing.subject import LOOPBACK, PUBLIC, Subject, as_request
from rushes.testing.values import URL, bad, good, json_values, payloads
from rushes.variant import Always, To

QUIET = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
PROBES: dict[str, list[Any]] = {
    "negative_prompt": ["blur"],
    "duration": [5],
    "aspect_ratio": ["9:16"],
    "resolution": ["720p", "1080p", "4k"],
    "images": [[Image(URL, role)] for role in ("first_frame", "last_frame", "reference")],
    "shots": [[Shot("k", 3), Shot("l", 2)], [Shot("k"), Shot("l")]],
    "subjects": [[Someone("kite", "red", [URL, URL])]],
    "audio": [True, False],
    "watermark": [True, False],
    "guidance": [0.25],
    "seed": [7],
}


class PayloadChecks(Subject):
    """Requests and payloads: total, tight, nothing dropped, pure, agreed upon."""

    @QUIET
    @given(body=json_values())
    def test_check_is_total_for_native_payloads(self, body: Any) -> None:
        """Any JSON at all gives a report, never an exception."""
        fields = [field.wire for field in shape(self.variant.payload)]
        for example in (dict.fromkeys(fields, body), {fields[1]: body}, {"odd": body}):
            report = self.check(example)
            assert report.valid == (report.payload is not None)

    @QUIET
    @given(given_=st.dictionaries(st.sampled_from([*FIELDS, "extra", "odd"]), json_values()))
    def test_check_is_total_for_requests(self, given_: dict[str, Any]) -> None:
        """Any mapping at all, taken as a request, gives a report, never an exception."""
        report = check(self.loaded(), given_)
        assert report.valid == (report.payload is not None)

    def test_the_examples_are_accepted(self) -> None:
        """Each accepted example passes, at the declared address and on loopback."""
        for example in self.accepted:
            for base_url in (PUBLIC, LOOPBACK):
                report = self.check(example, base_url)
                assert not report.problems, f"{example}:\n" + "\n".join(map(str, report.problems))

    def test_every_bound_is_tight(self) -> None:
        """A value on a bound passes it; one step beyond is refused on that very path."""
        body = self.native()
        for site in sites(self.variant.payload):
            for value in good(site.hint):
                found = self._at(site, site.put(body, value))
                assert not found, f"{site.path} = {value!r} is refused: {found[0]}"
            for value in bad(site.hint):
                found = self._at(site, site.put(body, value))
                assert found, f"{site.path} = {value!r} is not refused"
            if site.required:
                assert self._at(site, site.without(body)), f"{site.path} may be left out"

    def test_unknown_fields_are_refused_or_passed_on(self) -> None:
        """A closed object refuses a field it does not know; an open one keeps it, with a note."""
        body = self.native()
        assert self.check({**body, "odd_field": 1}).problems
        for site in sites(self.variant.payload):
            base, metas = unwrap(site.hint)
            report = self.check(site.put(body, {"odd_field": 1}))
            if extra(metas, "known"):
                assert not self.own_problems(report)
                if report.valid:
                    assert b'"odd_field":1' in msgspec.json.encode(report.payload)
                    assert any(note.path == f"{site.path}.odd_field" for note in report.notes)
            elif isinstance(base, type) and issubclass(base, msgspec.Struct):
                assert any(p.path == f"{site.path}.odd_field" for p in report.problems)

    def _at(self, site: Site, body: dict[str, Any]) -> list[Problem]:
        return [p for p in self.own_problems(self.check(body)) if p.path.startswith(site.path)]

    def test_every_rule_has_an_example_of_its_own(self) -> None:
        """Each rule alone rejects its example, or notes it; no rule goes without one."""
        rules = {rule.name for rule in self.variant.rules}
        untold = rules - set(self.rejected) - set(self.noted)
        assert not untold, f"no example tells these rules apart: {sorted(untold)}"
        assert not (set(self.rejected) | set(self.noted)) - rules, "examples of no rule"
        for name, example in self.rejected.items():
            found = {problem.code for problem in self.check(example).problems}
            assert found == {name}, f"{name}: its example is rejected by {sorted(found)}"
        for name, example in self.noted.items():
            report = self.check(example)
            assert report.valid, f"{name}: {report.problems}"
            assert any(note.code == name for note in report.notes), name

    @QUIET
    @given(data=st.data())
    def test_what_is_accepted_can_be_sent(self, data: st.DataObject) -> None:
        """An accepted payload encodes to JSON, reads back as itself, and holds declared fields."""
        struct = self.variant.payload
        report = self.check(data.draw(payloads(struct)))
        if not report.valid:
            return
        wire = msgspec.json.encode(report.payload)
        assert msgspec.json.decode(wire, type=struct) == report.payload
        assert set(msgspec.json.decode(wire)) <= {field.wire for field in shape(struct)}

    def test_nothing_is_dropped(self) -> None:
        """Each common field set alone is carried, already so, a problem, or a note."""
        plain = self.check(Request("k"))
        for field, values in PROBES.items():
            for value in values:
                report = self.check(Request("k", **{field: value}))
                places = [self.variant.fields.get(f) for f in self._rows(field, value)]
                same_as_always = any(
                    isinstance(place, Always) and place.value == value for place in places
                )
                paths = [problem.path for problem in report.problems]
                paths += [note.path for note in report.notes]
                told = any(path.startswith(field) for path in paths)
                carried = report.valid and report.payload != plain.payload
                assert same_as_always or told or carried, f"{field} = {value!r} is dropped"

    def _rows(self, field: str, value: Any) -> list[str]:
        return [f"images.{image.role}" for image in value] if field == "images" else [field]

    def test_a_field_said_twice_is_a_problem(self) -> None:
        """A common field and the native field for the same thing collide visibly."""
        for field, place in self.variant.fields.items():
            if not isinstance(place, To) or "." in field or place.path.endswith("[]"):
                continue
            value = next(iter(place.values)) if place.values else PROBES.get(field, ["k"])[0]
            native: Any = place.values[value] if place.values else value
            for name in reversed(place.path.split(".")):
                native = {name: native}
            report = self.check(Request(**{"prompt": "k", field: value}, extra=native))
            assert any(problem.code == "twice" for problem in report.problems), field

    def test_building_is_pure(self) -> None:
        """The same request gives the same bytes, nothing given is changed, no hook does I/O."""
        loaded = self.loaded()
        for example in self.accepted:
            request = as_request(example)
            before = copy.deepcopy(request)
            with barred():
                reports = [check(loaded, request) for _ in range(2)]
                calls = [self.call(report) for report in reports]
            assert request == before
            assert calls[0] == calls[1]

    def test_problems_can_be_acted_on(self) -> None:
        """Each problem has a path, a code, a sentence and a source; codes are unique."""
        names = [rule.name for rule in self.variant.rules]
        assert len(names) == len(set(names)), "two rules share a name"
        body = self.native()
        broken = [site.put(body, value) for site in sites(self.variant.payload)
                  for value in bad(site.hint)]  # fmt: skip
        for example in (*self.rejected.values(), *broken):
            for problem in self.check(example).problems:
                assert problem.path
                assert problem.code.isidentifier()
                assert problem.source
                assert problem.source.url.startswith("https://")
                assert len(problem.message.split()) > 1
                assert problem.accepted is None or problem.accepted

    @QUIET
    @given(data=st.data(), loopback=st.booleans())
    def test_the_sandbox_agrees(self, data: st.DataObject, loopback: bool) -> None:
        """What the check accepts the sandbox accepts, and the reverse."""
        judge = self.judge()
        struct = self.variant.payload
        body = data.draw(payloads(struct))
        site = data.draw(st.sampled_from(sites(struct)))
        if data.draw(st.booleans()):
            body = site.put(body, data.draw(st.sampled_from([*good(site.hint), *bad(site.hint)])))
        try:
            msgspec.json.decode(msgspec.json.encode(body))
        except (ValueError, msgspec.MsgspecError):
            return
        report = self.check(body, LOOPBACK if loopback else PUBLIC)
        provider, _, _ = self.variant.id.partition("/")
        refusals = judge(provider, self.variant.model, body, loopback=loopback)
        assert report.valid == (not refusals), f"{body}: {report.problems} / {refusals}"
