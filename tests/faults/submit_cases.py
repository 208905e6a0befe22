"""Faults of the creating call."""

import re

from faults.case import (
    FOUND_LATER,
    NOT_SENT,
    NOTHING_THERE,
    REDIRECTED,
    REFUSED,
    UNKNOWN,
    VIDEO,
    Case,
    fault_case,
)
from faults.fault_run import FaultRun
from faults.providers import PROVIDERS

STEP = "submit"
UNCLEAR = {name: VIDEO if each.takes_up else UNKNOWN for name, each in PROVIDERS.items()}
"""Where the task is found by our client id, or the submit is replayed by key, nothing is lost."""
ALWAYS_UNCLEAR = {
    name: VIDEO if "look-up" in each.takes_up else FOUND_LATER if each.takes_up else UNKNOWN
    for name, each in PROVIDERS.items()
}
NEVER_CREATED = {
    name: VIDEO if "replay" in each.takes_up else NOTHING_THERE for name, each in PROVIDERS.items()
}
NAMED = {name: VIDEO if each.named_in_errors else UNKNOWN for name, each in PROVIDERS.items()}
BRIEF = {"submit": 1.5}


def waited(run: FaultRun) -> None:
    assert run.pauses[0] >= 1
    refused, accepted = (exchange.status for exchange in run.posts)
    assert (refused, accepted in (200, 202)) == (429, True)


def waited_for_the_date(run: FaultRun) -> None:
    # Dates have whole seconds: two from the server's time are more than one from ours.
    waited(run)


def did_not_wait(run: FaultRun) -> None:
    assert run.pauses == []
    assert len(run.posts) == 1


def posted_once(run: FaultRun) -> None:
    assert len(run.posts) == 1


def retried_the_connection(run: FaultRun) -> None:
    assert len(run.pauses) == 2
    assert sum(run.pauses) < 5
    assert run.posts == []


def named_the_key_without_its_value(run: FaultRun) -> None:
    posted_once(run)
    about_the_key = run.facts.forbids_keys or "HTTP 403" not in str(run.error)
    assert ("the argument `keys`" in str(run.error)) == about_the_key


def followed_no_redirect(run: FaultRun) -> None:
    posted_once(run)
    assert "http://localhost:" in str(run.error)


def kept_the_answer(run: FaultRun) -> None:
    """If the answer decides the outcome, the journal quotes it."""
    if run.error:
        assert run.task
        assert re.search("HTTP 20[02]", run.task.error or "")


def polled_only_the_status_address(run: FaultRun) -> None:
    """Polls go to the address of a task's status, and nowhere above it."""
    for each in run.exchanges:
        if each.method == "GET" and run.facts.path(each.path):
            assert run.facts.is_for(f"{run.facts.asks}|{run.facts.fetches}", each.path)
            assert len(each.path) < 200
            assert ".." not in f"{each.path}?{each.query}"


_AFTER = ("drop", "reset", "endless", "500", "502", "503", "504", "408", "409", "425")
_ODD = ("bomb", "html", "cut-json", "empty", "no-id", "null-id", "wrong-id")
_ODD_ID = ("dots-id", "slash-id", "percent-id", "long-id")

SUBMIT: tuple[Case, ...] = (
    Case(STEP, "Nothing goes wrong", expected=dict.fromkeys(PROVIDERS, VIDEO), verify=posted_once),
    *(fault_case(STEP, f"{what}-after-create", UNCLEAR) for what in _AFTER),
    *(fault_case(STEP, f"{what}-after-create", UNCLEAR, verify=kept_the_answer) for what in _ODD),
    *(
        fault_case(STEP, f"{what}-after-create", UNCLEAR, verify=polled_only_the_status_address)
        for what in _ODD_ID
    ),
    *(
        fault_case(STEP, f"{http}-naming-the-task", NAMED, verify=posted_once)
        for http in (400, 409, 429, 500)
    ),
    *(
        fault_case(STEP, f"{what}-after-create", UNCLEAR, limits=BRIEF)
        for what in ("stall", "drip")
    ),
    *(
        fault_case(STEP, f"{what}-after-create", ALWAYS_UNCLEAR, times=None)
        for what in ("drop", "500", "html")
    ),
    fault_case(STEP, "reset-before-reading", NEVER_CREATED),
    fault_case(STEP, "stall-before-create", NEVER_CREATED, limits=BRIEF),
    fault_case(STEP, "rate-limit-seconds", VIDEO, verify=waited),
    fault_case(STEP, "rate-limit-date", VIDEO, verify=waited_for_the_date),
    fault_case(STEP, "rate-limit-hour", REFUSED, verify=did_not_wait, message="try again in"),
    *(
        fault_case(
            STEP, f"refuse-{http}", REFUSED, verify=posted_once, message=words
        )
        for http, words in (
            (400, "the request is invalid"), (402, "the balance is too low"),
            (404, "there is no such model"), (413, "the request is too large"),
            (422, "the prompt violates the content policy"),
        )
    ),
    *(
        fault_case(STEP, fault, REFUSED, verify=named_the_key_without_its_value, message=words)
        for fault, words in (
            ("refuse-401", "the API key is wrong"),
            ("refuse-403", "the API key may not do this"),
            ("refuse-echoing-key", r"the API key \[key\] is wrong"),
        )
    ),
    *(
        fault_case(STEP, f"redirect-{http}", REDIRECTED, verify=followed_no_redirect)
        for http in (301, 302, 307, 308)
    ),
    *(
        fault_case("connect", fault, NOT_SENT, verify=retried_the_connection, message=words)
        for fault, words in (
            ("connection-refused", "nothing was bought"),
            ("unknown-host", "gateway.invalid cannot be resolved"),
            ("no-tls", "nothing was bought"),
        )
    ),
    Case(
        "connect",
        "The base URLs lead to a server with another host's certificate",
        wrong_certificate=True,
        expected=dict.fromkeys(PROVIDERS, NOT_SENT),
        verify=retried_the_connection,
        message="CERTIFICATE_VERIFY_FAILED",
    ),
)  # fmt: skip
