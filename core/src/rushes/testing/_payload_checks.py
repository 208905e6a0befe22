"""What the kit checks of payloads."""

from functools import cached_property
from typing import Any, get_args, get_origin

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rushes._check.native_fields import takes
from rushes._payload.body import top
from rushes._payload.fields import extra, is_struct, shape, unwrap
from rushes._payload.request_fields import FIELDS
from rushes.problems import Problem, listing, show
from rushes.report import Report
from rushes.request import Request
from rushes.testing._request_checks import PROBES
from rushes.testing._sites import Site, sites
from rushes.testing._under_test import HIDDEN, LOOPBACK, PUBLIC, VariantUnderTest
from rushes.testing._values import bad, good, json_values, payloads, plausible

QUIET = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    # Explaining a failure traces every line, for most of a minute; the kit's messages explain it.
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
"""The author's own Hypothesis profile decides how many examples are drawn, and which."""
__tracebackhide__ = HIDDEN
ABSENT = "(absent)"


class PayloadChecks(VariantUnderTest):
    """Payloads: always checked, with tight bounds, sendable, in agreement with the sandbox."""

    @QUIET
    @given(body=json_values())
    def test_check_is_total_for_native_payloads(self, body: Any) -> None:
        """Any JSON results in a report, never in an exception."""
        fields = [field.wire for field in shape(self.variant.payload)]
        valid = self.native()
        alone = [{**valid, name: body} for name in fields]
        for example in (dict.fromkeys(fields, body), *alone, {"odd": body}):
            before = repr(example)
            self._assert_complete(self.check(example))
            assert repr(example) == before, self.says(
                f"the payload is changed by checking it: {before}"
            )

    @QUIET
    @given(
        odd=st.dictionaries(st.sampled_from([*FIELDS, "extra", "odd"]), json_values()),
        worded=st.fixed_dictionaries(
            {}, optional={field: st.sampled_from(values) for field, values in PROBES.items()}
        ),
    )
    def test_check_is_total_for_requests(self, odd: dict[str, Any], worded: dict[str, Any]) -> None:
        """Any mapping, taken as a request, results in a report, never in an exception."""
        for request in (odd, {"prompt": "k", **worded, **odd}, Request("k", **worded)):
            self._assert_complete(self.check_request(request))

    def _assert_complete(self, report: Report) -> None:
        """Check what holds for every report: a payload or problems, and a line of JSON to print."""
        assert report.valid == (report.payload is not None), self.says(
            f"a check found no problem, but made no payload: {report}"
        )
        msgspec.json.encode(report.as_line())

    def test_the_examples_are_accepted(self) -> None:
        """Each accepted example passes, at the declared address and on loopback."""
        for example in self.accepted:
            for base_url in (PUBLIC, LOOPBACK):
                report = self.check(example, base_url)
                assert not report.problems, self.says(
                    f"an example in `accepted` is refused: {listing(map(str, report.problems))}; "
                    f"at {base_url}, in {example}"
                )

    def test_every_bound_is_tight(self) -> None:
        """A value on a bound passes; one step beyond it is refused at exactly that path."""
        body = self.native()
        for site in sites(self.variant.payload):
            for value in good(site.hint):
                found = self._at(site, site.put(body, value))
                assert not found, self.says(
                    f"{show(value)} was refused for `{site.path}`, which is declared as: "
                    f"{takes(site.hint)}: {found[0].message}"
                )
            for value in bad(site.hint):
                found = self._at(site, site.put(body, value))
                assert found, self.says(
                    f"{show(value)} was accepted for `{site.path}`, which is declared as: "
                    f"{takes(site.hint)}"
                )
            if site.required:
                less = site.without(body)
                found = self._at(site, less) if less else self.own_problems(self.check(less))
                assert found, self.says(
                    f"a payload without `{site.path}` was accepted, which the declaration requires"
                )

    def test_unknown_fields_are_refused_or_passed_on(self) -> None:
        """A closed object refuses an unknown field; an open one keeps it, with a note."""
        body = self.native()
        self._refused({**body, "odd_field": 1}, "odd_field")
        for site in sites(self.variant.payload):
            base, metas = unwrap(site.hint)
            item = get_args(base)[0] if get_origin(base) is list else None
            if extra(metas, "known"):
                report = self.check(site.put(body, {"odd_field": 1}))
                found = self.own_problems(report)
                assert not found, self.says(
                    f"`{site.path}` is open, but another field in it was refused: {found[0]}"
                )
                if report.valid:
                    sent = msgspec.json.encode(report.payload)
                    assert b'"odd_field":1' in sent, self.says(
                        f"`{site.path}` is open, but its field odd_field is dropped"
                    )
                    noted = [note.path for note in report.notes]
                    assert f"{site.path}.odd_field" in noted, self.says(
                        f"`{site.path}` passes odd_field on, but no note says so"
                    )
            elif is_struct(base):
                made = {**plausible(base), "odd_field": 1}
                self._refused(site.put(body, made), f"{site.path}.odd_field")
            elif is_struct(item):
                made = {**plausible(item), "odd_field": 1}
                self._refused(site.put(body, [made]), f"{site.path}[0].odd_field")

    def _refused(self, body: dict[str, Any], path: str) -> None:
        paths = [problem.path for problem in self.check(body).problems]
        assert path in paths, self.says(
            f"`{path}` was accepted, which is not declared; the provider would ignore it"
        )

    def _at(self, site: Site, body: dict[str, Any]) -> list[Problem]:
        return [p for p in self.own_problems(self.check(body)) if _within(p.path, site.path)]

    @QUIET
    @given(data=st.data())
    def test_what_is_accepted_can_be_sent(self, data: st.DataObject) -> None:
        """An accepted payload is sent as it was given, unless a note says that it was changed.

        It encodes to JSON, decodes to itself, and has only declared fields.
        """
        struct = self.variant.payload
        body = data.draw(payloads(struct))
        report = self.check(body)
        if not report.valid:
            return
        payload = report.complete_payload()
        wire = msgspec.json.encode(payload)
        assert msgspec.json.decode(wire, type=struct) == payload, self.says(
            f"the payload is not the same when it is read back from its JSON: {payload}"
        )
        sent = msgspec.json.decode(wire)
        odd = set(sent) - {field.wire for field in shape(struct)}
        assert not odd, self.says(f"undeclared fields are sent: {listing(sorted(odd))}")
        noted = {top(note.path) for note in report.notes}
        for name in {*sent, *body} - noted:
            before, after = body.get(name, ABSENT), sent.get(name, ABSENT)
            assert _canonical(after) == _canonical(before), self.says(
                f"`{name}` = {before!r} is sent as {after!r}, and no note says so"
            )

    @cached_property
    def _validate(self) -> Any:
        return self.validator()

    @QUIET
    @given(data=st.data(), loopback=st.booleans())
    def test_the_sandbox_agrees(self, data: st.DataObject, loopback: bool) -> None:
        """The check and the sandbox accept the same payloads, compared as they would be sent.

        An image within a payload is left out: a check refuses it, as the transport puts it there.
        """
        validate = self._validate
        struct = self.variant.payload
        body = data.draw(payloads(struct) | st.sampled_from(self.accepted_bodies))
        site = data.draw(st.sampled_from(sites(struct)))
        if data.draw(st.booleans()):
            body = site.put(body, data.draw(st.sampled_from([*good(site.hint), *bad(site.hint)])))
        try:
            wire = msgspec.json.encode(body)
            if b'"data:' in wire or msgspec.json.decode(wire) != body:
                return
        except (ValueError, msgspec.MsgspecError):
            return
        report = self.check(body, LOOPBACK if loopback else PUBLIC)
        if report.valid:
            body = msgspec.json.decode(self.call(report).body or b"")
        provider, _, _ = self.variant.id.partition("/")
        violations = validate(provider, self.variant.model, body, loopback=loopback)
        assert report.valid == (not violations), self.says(
            f"the check {'accepts' if report.valid else 'refuses'} what the sandbox "
            f"{'refuses' if report.valid else 'accepts'}: {body}: "
            f"{listing(map(str, report.problems or violations))}"
        )


def _canonical(value: Any) -> bytes:
    """Return JSON that tells apart what a wire tells apart: true and 1, 1 and 1.0."""
    return msgspec.json.encode(value, order="deterministic")


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))
