"""The kit for wrappers: a good wrapper passes, and each bad one fails the test meant for it."""

import itertools
import time
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from kit_toy import Toy
from msgspec import Struct, structs
from rushes import (
    Answer,
    Call,
    ConfigurationError,
    Draft,
    Note,
    Problem,
    Receipt,
    Refusal,
    Status,
    Steps,
    Task,
    Variant,
    hookimpl,
)
from rushes.testing import WrapperConformance
from rushes.testing._small import SMALL

TESTS = sorted(name for name in dir(WrapperConformance) if name.startswith("test_"))


class Cap:
    """Caps the length, and refuses to submit what is longer; traces calls."""

    @hookimpl
    def validate(self, payload: Struct) -> Iterator[Note]:
        if getattr(payload, "seconds", 0) == 12:
            yield Note(path="duration", code="long", message="is as long as it may be")

    @hookimpl(wrapper=True)
    def submit(self, payload: Struct) -> Generator[None, Call, Call]:
        call = yield
        if getattr(payload, "seconds", 0) == 11:
            raise ConfigurationError("the cap is reached")
        return structs.replace(call, headers={**call.headers, "X-Trace": "1"})

    @hookimpl(wrapper=True)
    def poll(self) -> Generator[None, Steps[Answer], Steps[Answer]]:
        steps = yield
        return self.passed_on(steps)

    def passed_on(self, steps: Steps[Answer]) -> Steps[Answer]:
        return (yield from steps)

    @hookimpl(wrapper=True)
    def parse_status(self) -> Generator[None, Status | None, Status | None]:
        status = yield
        return status and structs.replace(status, reason="traced")

    @hookimpl(wrapper=True)
    def cancel(self) -> Generator[None, Any, Any]:
        return (yield)


class RefusesLate(Cap):
    """Refuses what it is asked to approve; it knows each job again."""

    @hookimpl
    def approve(self, task: Task) -> list[Problem]:
        if task.estimate is None:
            return [Problem(path="", code="price_unknown", message="the price is unknown")]
        return [] if task.estimate < 1 else [Problem(path="", code="cap", message="too much")]


class RefusesAll(Cap):
    @hookimpl(wrapper=True)
    def submit(self, payload: Struct) -> Generator[None, Call, Call]:
        yield
        raise ConfigurationError(f"nothing may be bought: {payload}")


class Answers:
    @hookimpl
    def look_up(self) -> Any:
        return None


class RaisesInChecks:
    @hookimpl(wrapper=True)
    def build_payload(self, request: Any) -> Generator[None, Draft, Draft]:
        draft = yield
        if request.seed:
            raise ConfigurationError("no seeds")
        return draft


class Refuses:
    @hookimpl(wrapper=True)
    def build_payload(self) -> Generator[None, Draft, Draft]:
        yield
        raise ValueError("not today")


class Twice:
    @hookimpl(wrapper=True)
    def submit(self) -> Generator[None, Call, Any]:
        call = yield
        return [call, call]


class PaysAgain:
    @hookimpl(wrapper=True)
    def poll(self, variant: Variant) -> Generator[None, Steps[Answer], Steps[Answer]]:
        steps = yield
        return self.paid(steps, variant)

    def paid(self, steps: Steps[Answer], variant: Variant) -> Steps[Answer]:
        yield Call.post_json(variant.url(variant.submit_path), {})
        return (yield from steps)


class Diverts:
    @hookimpl(wrapper=True)
    def submit(self) -> Generator[None, Call, Call]:
        call = yield
        return structs.replace(call, url="https://evil.example/v1/videos")


class Invents:
    @hookimpl(wrapper=True)
    def parse_status(self) -> Generator[None, Status | None, Status]:
        status = yield
        return status or Status(state="failed")


class ForgetsTasks:
    @hookimpl(wrapper=True)
    def look_up(self) -> Generator[None, Any, Any]:
        yield
        return None


class Words:
    @hookimpl(wrapper=True)
    def parse_submit(self) -> Generator[None, Any, Any]:
        found = yield
        return found.remote_id if isinstance(found, Receipt) else found


class Clocked:
    @hookimpl(wrapper=True)
    def submit(self) -> Generator[None, Call, Call]:
        call = yield
        return structs.replace(call, headers={**call.headers, "X-Time": str(time.time())})


class SeesKeys:
    @hookimpl(wrapper=True)
    def authorize(self) -> Generator[None, Any, Any]:
        return (yield)


class Softens:
    """Makes a refusal something to try again: each attempt may be billed."""

    @hookimpl(wrapper=True)
    def parse_refusal(self) -> Generator[None, Refusal, Refusal]:
        refusal = yield
        if refusal.kind in ("refused", "balance"):
            return structs.replace(refusal, kind="wait", retry_after=0.0)
        return refusal


class GivesUp:
    @hookimpl(wrapper=True)
    def parse_status(self) -> Generator[None, Status | None, Status | None]:
        status = yield
        return status and structs.replace(status, state="failed")


class Renames:
    @hookimpl(wrapper=True)
    def parse_submit(self) -> Generator[None, Any, Any]:
        found = yield
        return structs.replace(found, remote_id="mine") if isinstance(found, Receipt) else found


class CountsTwice:
    def __init__(self) -> None:
        self.asked: set[str] = set()

    @hookimpl
    def approve(self, task: Task) -> list[Problem]:
        if task.id in self.asked:
            return [Problem(path="", code="cap", message="the cap is reached")]
        self.asked.add(task.id)
        return []


class WantsPrices:
    @hookimpl
    def approve(self, task: Task) -> list[Problem]:
        assert task.estimate is not None
        return []


class Mute:
    @hookimpl
    def approve(self) -> list[Problem]:
        return [Problem(path="", code="", message="")]


class Approves:
    @hookimpl
    def approve(self) -> bool:
        return True


class Unmarked:
    def approve(self) -> list[Problem]:
        return [Problem(path="", code="cap", message="no")]


class RefusesOnce:
    """Refuses every other job, so that only one of the clients gets through."""

    def __init__(self) -> None:
        self.seen: dict[float, bool] = {}

    @hookimpl
    def approve(self, task: Task) -> list[Problem]:
        if self.seen.setdefault(task.created_at, len(self.seen) % 2 == 0):
            return [Problem(path="", code="cap", message="the cap is reached")]
        return []


class Slow:
    @hookimpl(wrapper=True)
    def parse_status(self) -> Generator[None, Status | None, Status | None]:
        status = yield
        for number in range(400):
            str(number).strip()
        return status


class Counts:
    def __init__(self) -> None:
        self.numbers = itertools.count()

    @hookimpl(wrapper=True)
    def submit(self) -> Generator[None, Call, Call]:
        call = yield
        return structs.replace(call, headers={"X-Number": str(next(self.numbers))})


class Swallows:
    @hookimpl(wrapper=True)
    def parse_status(self) -> Generator[None, Status | None, Status | None]:
        try:
            return (yield)
        except ValueError:
            return None


class SwallowsLate:
    @hookimpl(wrapper=True)
    def poll(self) -> Generator[None, Steps[Answer], Steps[Answer]]:
        steps = yield
        return self.passed_on(steps)

    def passed_on(self, steps: Steps[Answer]) -> Steps[Answer]:
        try:
            return (yield from steps)
        except ValueError:
            return Answer(200)


APPROVAL = "test_the_same_job_gets_the_same_approval"
JOBS = "test_jobs_go_the_same_way_with_both_clients"


def failures(wrapper: Any, *tests: str, **parts: Any) -> dict[str, str]:
    kit = type("Kit", (WrapperConformance,), {"wrapper": wrapper, "__test__": False, **parts})()
    found = {}
    for name in tests or TESTS:
        try:
            getattr(kit, name)()
        except AssertionError as error:
            found[name] = str(error)
    return found


def test_a_class_is_no_wrapper() -> None:
    found = failures(Cap, "test_it_wraps_and_answers_nothing")
    assert "Cap: it is the class Cap, whose hooks are methods" in str(found)


@pytest.mark.parametrize("wrapper", [Cap(), RefusesAll(), RefusesLate()], ids=type)
def test_a_good_wrapper_passes(wrapper: Any) -> None:
    requests = [{"model": "toy", "prompt": "k"}, {"model": "small", "prompt": "k"}]
    assert failures(wrapper, around=[SMALL, Toy()], requests=requests) == {}


@pytest.mark.parametrize(
    ("wrapper", "test", "sentence"),
    [
        (Answers(), "test_it_wraps_and_answers_nothing", "Answers: its hook look_up wraps nothing"),
        (RaisesInChecks(), "test_a_check_never_raises", "a check raises ConfigurationError"),
        (Refuses(), "test_a_check_never_raises", "test_wrappers.Refuses raised ValueError"),
        (
            Twice(),
            "test_results_are_passed_on",
            "test_wrappers.Twice raised TypeError: it returned l",
        ),
        (PaysAgain(), "test_no_call_is_added_or_diverted", "a further call with it: POST"),
        (Diverts(), "test_no_call_is_added_or_diverted", "POST https://evil.example/v1/videos"),
        (Invents(), "test_results_are_passed_on", "gives None, but Status failed with it"),
        (ForgetsTasks(), "test_results_are_passed_on", "but None with it"),
        (Words(), "test_results_are_passed_on", "test_wrappers.Words raised TypeError"),
        (Clocked(), "test_it_is_pure", "a hook read a clock: time.time"),
        (Counts(), "test_it_is_pure", "submit of request 0 differs the second time"),
        (SeesKeys(), "test_it_sees_no_key", "it wraps the hook authorize, which is given a key"),
        (Softens(), "test_results_are_passed_on", "gives Refusal refused, but Refusal wait"),
        (Softens(), JOBS, "a job that the provider refuses makes"),
        (GivesUp(), "test_results_are_passed_on", "but Status failed with it"),
        (GivesUp(), JOBS, "a job that succeeds ends as TaskEndedError with it, as completed r-1"),
        (Renames(), "test_results_are_passed_on", "but Receipt mine with it"),
        (PaysAgain(), JOBS, "a job that succeeds makes 3 creating calls with it, 1 without"),
        (CountsTwice(), APPROVAL, "asked for twice, is answered [], then ['cap']"),
        (WantsPrices(), APPROVAL, "test_wrappers.WantsPrices raised AssertionError"),
        (Mute(), APPROVAL, "a problem has no code"),
        (Approves(), APPROVAL, "test_wrappers.Approves raised TypeError: it returned bool"),
        (Unmarked(), "test_it_wraps_and_answers_nothing", "its approve is not marked as a hook"),
        (RefusesOnce(), JOBS, "is refused by one client only"),
        (Slow(), "test_it_is_fast", "reading an answer takes 4"),
        (Swallows(), "test_what_a_hook_raises_is_not_swallowed", "the hook parse_status raises is"),
        (SwallowsLate(), "test_what_a_hook_raises_is_not_swallowed", "what the hook poll raises"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_a_bad_wrapper_is_detected(wrapper: Any, test: str, sentence: str) -> None:
    found = failures(wrapper, test)
    assert sentence in found.get(test, "NOTHING FAILED")
    assert found[test].startswith(type(wrapper).__name__)
