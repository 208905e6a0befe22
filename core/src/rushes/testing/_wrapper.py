"""The conformance kit for wrappers, which are called around the hooks of any variant."""

import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from types import FrameType
from typing import Any, ClassVar, TypeVar

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rushes import hookspecs
from rushes._keys.redacting import Secret
from rushes._payload.request_fields import FIELDS
from rushes._plugins.calling import GIVES
from rushes._plugins.loading import check_hooks
from rushes.calls import Answer, Call
from rushes.errors import BrokenPluginError, RushesError
from rushes.hookspecs import hookimpl
from rushes.problems import Problem
from rushes.report import Report
from rushes.request import Request
from rushes.task import Receipt, Refusal, Status, Task
from rushes.testing._answers import json_answer
from rushes.testing._barred import barred
from rushes.testing._payload_checks import QUIET
from rushes.testing._request_checks import PROBES
from rushes.testing._small import JOBS, SMALL, Outcome, run, run_alone
from rushes.testing._under_test import HIDDEN, NOW, Example, VariantUnderTest, as_request
from rushes.testing._values import json_values
from rushes.testing._wire_checks import PICTURE
from rushes.variant import Variant

__tracebackhide__ = HIDDEN
T = TypeVar("T")
GENERATORS = frozenset(("poll", "look_up", "cancel", "upload"))
SECRET = ("token", "authorize", "parse_webhook")
"""Hooks that are given a key or a secret."""
ANSWER_NOTHING = ("validate", "approve")
"""Hooks whose answers are collected, so that a wrapper may have them without wrapping."""
REFUSED = "refused"
"""In place of a call, where a wrapper refuses to submit, which it may."""
ODD = "the kit's plugin raises on purpose"
MOST_CALLS = 300
"""How many function calls a wrapper may add to a check, and to the reading of an answer."""


class WrapperConformance:
    """What every wrapper must leave as it is, tested around a few variants.

        class TestCap(WrapperConformance):
            wrapper = rushes_acme.cap

    A wrapper may refuse a job in `approve` or `submit`, add problems and notes, and change what a
    call carries. It must not send it elsewhere, make another, answer in a variant's place, soften
    what a provider said, or see a key.
    """

    wrapper: ClassVar[Any]
    """The wrapper, as its entry point names it."""
    around: ClassVar[Sequence[Any]] = (SMALL,)
    """The variants that it is tried around, as their entry points name them."""
    requests: ClassVar[Sequence[Example]] = (Request("A red kite"),)
    """Requests that are valid for some of these variants: dicts are native payloads."""

    def test_it_wraps_and_answers_nothing(self) -> None:
        """It has hooks, and each is a wrapper: another would answer where a variant has no hook."""
        try:
            check_hooks(self.wrapper, self._name)
        except BrokenPluginError as error:
            raise AssertionError(str(error)) from None
        for hook in self._hooks():
            made = getattr(self.wrapper, hook).rushes_impl
            wraps = made["wrapper"] or made["hookwrapper"]
            assert wraps or hook in ANSWER_NOTHING, self.says(
                f"its hook {hook} wraps nothing; mark it @hookimpl(wrapper=True)"
            )
            assert hook != "variant", self.says(
                "it wraps the hook variant, which is called without it"
            )

    def test_it_sees_no_key(self) -> None:
        """It wraps no hook that is given a key: a key is for its provider alone."""
        for hook in self._hooks():
            assert hook not in SECRET, self.says(
                f"it wraps the hook {hook}, which is given a key; what a call carries can be "
                "changed in submit, poll and the other hooks that describe calls"
            )

    @QUIET
    @given(
        odd=st.dictionaries(st.sampled_from([*FIELDS, "extra", "odd"]), json_values()),
        common=st.fixed_dictionaries(
            {}, optional={field: st.sampled_from(values) for field, values in PROBES.items()}
        ),
    )
    def test_a_check_never_raises(self, odd: dict[str, Any], common: dict[str, Any]) -> None:
        """Any mapping, taken as a request, results in a report."""
        if not {"build_payload", "validate"} & {*self._hooks()}:
            return  # it takes no part in checks
        for _, wrapped in self._subjects:
            for request in (odd, {"prompt": "k", **common, **odd}, Request("k", **common)):
                self._checked(wrapped, request)

    def test_results_are_passed_on(self) -> None:
        """Each hook gives what it gives without the wrapper: of the same type, and None as None.

        A status has the same state, a refusal the same kind, a receipt the same id.
        """
        for bare, wrapped in self._subjects:
            before, after = self._outcomes(bare), self._outcomes(wrapped)
            for what, outcome in before.items():
                if what not in after or after[what] == REFUSED:
                    continue
                wrapped_outcome = after[what]
                assert _kind(wrapped_outcome) == _kind(outcome), self.says(
                    f"{what} gives {_kind(outcome)}, but {_kind(wrapped_outcome)} with it", bare
                )

    def test_no_call_is_added_or_diverted(self) -> None:
        """No hook makes a call with it that it does not make without it: nothing is paid twice."""
        for bare, wrapped in self._subjects:
            before, after = self._calls(bare), self._calls(wrapped)
            for what, calls in after.items():
                left = [(call.method, call.url) for call in before.get(what, ())]
                for call in calls:
                    made = (call.method, call.url)
                    assert made in left, self.says(
                        f"{what} makes a further call with it: {call.method} {call.url}", bare
                    )
                    left.remove(made)

    def test_it_is_pure(self) -> None:
        """The same arguments give the same results, and files, sockets and clocks are barred."""
        for bare, wrapped in self._subjects:
            wrapped.loaded()  # before files are barred
            with barred():
                before = self._outcomes(wrapped)
            after = self._outcomes(wrapped)
            for what, outcome in before.items():
                assert after.get(what) == outcome, self.says(
                    f"{what} differs the second time", bare
                )

    def test_what_a_hook_raises_is_not_swallowed(self) -> None:
        """If a hook raises, so does the wrapped one: a broken plugin must not seem to work."""
        parts = {"plugin": SMALL, "accepted": (Request("A red kite"),)}
        small: _Around = type("Small", (_Around,), parts)()
        for hook in (hook for hook in self._hooks() if hook in GIVES):
            for late in (False, True) if hook in GENERATORS else (False,):
                broken = self._wrapped(_raising(hook, late=late), small)
                assert self._raises(broken, hook, small), self.says(
                    f"what the hook {hook} raises is swallowed"
                )

    def test_the_same_job_gets_the_same_approval(self) -> None:
        """A job that is attempted again is asked for again, and is not counted twice.

        It refuses with problems, which say who refuses and why; and takes any job, even one whose
        price is unknown.
        """
        if "approve" not in self._hooks():
            return
        for _, wrapped in self._subjects:
            task = wrapped.task()
            for estimate in (None, 0.0, 0.35, 1e9):
                job = msgspec.structs.replace(task, id=f"job-{estimate}", estimate=estimate)
                first, again = self._approval(wrapped, job), self._approval(wrapped, job)
                for problem in first:
                    assert problem.code, self.says(f"a problem has no code: {problem}", wrapped)
                    assert problem.message, self.says("a problem has no message", wrapped)
                codes = [[problem.code for problem in found] for found in (first, again)]
                assert codes[0] == codes[1], self.says(
                    f"the same job, asked for twice, is answered {codes[0]}, then {codes[1]}",
                    wrapped,
                )

    def test_jobs_go_the_same_way_with_both_clients(self) -> None:
        """Whole jobs make the same calls and end as they do without it, unless it refuses them.

        What it refuses was never sent, and both clients say so with the same error.
        """
        for job in JOBS:
            refusals = []
            for asynchronous in (False, True):
                before = run_alone(job, asynchronous=asynchronous)
                after = run(job, asynchronous=asynchronous, wrappers=[self.wrapper])
                client = "AsyncClient" if asynchronous else "Client"
                if after.error and not after.calls:
                    refusals.append(after.ended)
                    continue
                assert after.paid == before.paid, self.says(
                    f"{job} makes {after.paid} creating calls with it, {before.paid} without "
                    f"({client})"
                )
                assert _alike(after, before), self.says(
                    f"{job} ends as {after.ended} with it, as {before.ended} without ({client})"
                )
            assert len(refusals) in (0, 2), self.says(f"{job} is refused by one client only")
            assert len({*refusals}) < 2, self.says(f"{job} is refused as {refusals}")

    def test_it_is_fast(self) -> None:
        """It adds few function calls to a check and to reading an answer; no clock is read."""
        for bare, wrapped in self._subjects:
            counts = [self._counts(subject) for subject in (bare, wrapped)]
            for what, without in counts[0].items():
                added = counts[1][what] - without
                assert added <= MOST_CALLS, self.says(
                    f"{what} takes {added} more function calls with it; at most {MOST_CALLS} are "
                    "accepted, since every job pays for them",
                    bare,
                )

    def says(self, sentence: str, around: VariantUnderTest | None = None) -> str:
        """Return what is wrong, as a failure begins."""
        return f"{self._name}{f' around {around.variant.id}' if around else ''}: {sentence}"

    @property
    def _name(self) -> str:
        return getattr(self.wrapper, "__name__", type(self.wrapper).__name__)

    def _hooks(self) -> list[str]:
        hooks = [name for name in hookspecs.__all__ if name != "hookimpl"]
        return [h for h in hooks if hasattr(getattr(self.wrapper, h, None), "rushes_impl")]

    @cached_property
    def _subjects(self) -> list[tuple["_Around", "_Around"]]:
        """Each variant twice: without the wrapper, and with it."""
        bare = [self._bare(plugin) for plugin in self.around]
        wrapped = map(self._wrapped, self.around, bare)
        return list(zip(bare, wrapped, strict=True))

    def _bare(self, plugin: Any) -> "_Around":
        bare: _Around = type("Bare", (_Around,), {"plugin": plugin, "accepted": self.requests})()
        valid = [example for example in self.requests if bare.check(example).valid]
        assert valid, self.says(f"list a valid request for {bare.variant.id} in `requests`")
        bare.accepted = valid  # type: ignore[misc]
        return bare

    def _wrapped(self, plugin: Any, bare: "_Around") -> "_Around":
        parts = {"plugin": plugin, "wrappers": [self.wrapper], "bare": bare, "name": self.says("")}
        made: _Around = type("Wrapped", (_Around,), {**parts, "accepted": bare.accepted})()
        return made

    def _approval(self, subject: VariantUnderTest, task: Task) -> tuple[Problem, ...]:
        try:
            return subject.blamed(subject.loaded().objections, task, NOW)
        except RushesError as error:
            raise AssertionError(
                self.says(f"approve raises {type(error).__name__}: {error}", subject)
            ) from None

    def _counts(self, subject: "_Around") -> dict[str, int]:
        """Return how many function calls a check takes, and the reading of an answer."""
        example, answer = as_request(subject.accepted[0]), json_answer(self._bodies(subject)[-1])
        return {
            "a check": _calls(lambda: self._checked(subject, example)),
            "reading an answer": _calls(lambda: subject.ask("parse_status", answer=answer)),
        }

    def _checked(self, subject: VariantUnderTest, request: Any) -> Report:
        try:
            return subject.check_request(request)
        except RushesError as error:
            raise AssertionError(
                self.says(f"a check raises {type(error).__name__}: {error}", subject)
            ) from None

    def _outcomes(self, subject: VariantUnderTest) -> dict[str, Any]:
        """Return what each hook gives in each of several situations, under a name for each."""
        found: dict[str, Any] = {}
        for number, example in enumerate(subject.accepted):
            report = self._checked(subject, as_request(example))
            if report.valid:
                found[f"submit of request {number}"] = self._submitted(subject, report)
        for body in self._bodies(subject):
            for status in (200, 404, 500):
                answer = json_answer(body, status)
                for hook in ("parse_submit", "parse_status", "parse_refusal"):
                    found[f"{hook} of HTTP {status} {body}"] = subject.ask(hook, answer=answer)
                for hook, arguments in self._arguments(subject).items():
                    what = f"{hook} answered with HTTP {status} {body}"
                    found[what] = self._run(subject, hook, answer, arguments)
        secrets = subject.secrets()
        call = Call.post_json(f"{subject.variant.base_url}/v1", {"k": 1})
        found["token"] = subject.ask("token", secrets=secrets, now=NOW)
        found["authorize"] = subject.ask(
            "authorize", call=call, key=Secret("kit-key"), secrets=secrets, now=NOW
        )
        return found

    def _run(
        self, subject: VariantUnderTest, hook: str, answer: Answer, arguments: dict[str, Any]
    ) -> Any:
        if subject.ask(hook, **arguments) is None:
            return None
        return subject.exchange(hook, answer, **arguments)

    def _calls(self, subject: VariantUnderTest) -> dict[str, list[Call]]:
        """Return the calls that are made in each situation."""
        made = {}
        for what, outcome in self._outcomes(subject).items():
            if isinstance(outcome, tuple):
                made[what] = outcome[1]
            elif isinstance(outcome, Call):
                made[what] = [outcome]
        return made

    def _submitted(self, subject: VariantUnderTest, report: Report) -> Any:
        try:
            return subject.call(report)
        except BrokenPluginError:
            raise
        except RushesError:
            return REFUSED

    def _bodies(self, subject: VariantUnderTest) -> list[Any]:
        if subject.variant.answers is None:
            return [{}]
        bodies = [body for body, _ in subject.named()]
        return [{}, *bodies, *(subject.worded(word) for word in subject.states())]

    def _arguments(self, subject: VariantUnderTest) -> dict[str, dict[str, Any]]:
        receipt = subject.receipt("r-1") if subject.variant.answers else None
        there = {"receipt": receipt} if receipt else {}
        hooks: dict[str, dict[str, Any]] = {
            "look_up": {"client_id": "job-1", "task": subject.task()},
            "upload": {"file": PICTURE},
        }
        return {**hooks, **({"poll": there, "cancel": there} if there else {})}

    def _raises(self, broken: VariantUnderTest, hook: str, bare: VariantUnderTest) -> bool:
        """Whether a hook that raises is still seen to raise."""
        try:
            if hook in ("build_payload", "validate"):
                broken.check(broken.accepted[0])
            elif hook == "submit":
                broken.ask("submit", payload=_payload(bare), client_id="job-1")
            elif hook in GENERATORS:
                broken.exchange(hook, json_answer({}), **self._arguments(bare)[hook])
            elif hook == "approve":
                broken.ask("approve", task=bare.task(), now=NOW)
            elif hook in ("token", "authorize"):
                self._outcomes(broken)
            else:
                broken.ask(hook, answer=json_answer({}))
        except (AssertionError, RushesError) as error:
            return ODD in str(error)
        return False


class _Around(VariantUnderTest):
    """A variant under test, as it is, or with the wrapper around it."""

    bare: ClassVar[VariantUnderTest | None] = None
    name: ClassVar[str] = ""

    def task(self, receipt: Receipt | None = None) -> Task:
        """Return the record of a job: without the wrapper, which may refuse to submit one."""
        return self.bare.task(receipt) if self.bare else super().task(receipt)

    def blamed(self, function: Callable[..., T], *given: Any, **named: Any) -> T:
        """Call what calls the plugin; name the wrapper, too, if that raises."""
        try:
            return super().blamed(function, *given, **named)
        except AssertionError as error:
            raise AssertionError(f"{self.name}{error}") from None


def _calls(work: Callable[[], Any]) -> int:
    """Return how many function calls some work takes, once everything is loaded."""
    made = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    work()
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return made


def _payload(subject: VariantUnderTest) -> Any:
    return subject.check(subject.accepted[0]).complete_payload()


def _raising(hook: str, *, late: bool) -> Any:
    """Return a plugin one of whose hooks raises, at once or `late`, after its first call."""

    @hookimpl
    def declared() -> Variant:
        return SMALL

    @hookimpl
    def at_once() -> Any:
        raise ValueError(ODD)

    @hookimpl
    def later() -> Any:
        yield Call.get(f"{SMALL.base_url}/v1/videos/r-1")
        raise ValueError(ODD)

    hooks = {"variant": declared, hook: later if late else at_once}
    return type("Raising", (), {name: staticmethod(made) for name, made in hooks.items()})()


def _kind(value: Any) -> str:
    """Name the type of an outcome, and what decides what happens next.

    A generator's is that of its result.
    """
    value = value[0] if isinstance(value, tuple) else value
    decides: str | None = None
    if isinstance(value, Status):
        decides = value.state
    elif isinstance(value, Refusal):
        decides = value.kind
    elif isinstance(value, Receipt):
        decides = value.remote_id
    name = type(value).__name__ if value is not None else "None"
    return name if decides is None else f"{name} {decides}"


def _alike(one: Outcome, other: Outcome) -> bool:
    """Whether two jobs made the same calls and ended in the same way."""
    return (one.ended, one.calls) == (other.ended, other.calls)
