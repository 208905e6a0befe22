"""Faults of the call that is paid for."""

from faults.bench import Bench
from faults.case import (
    FOUND_LATER,
    NOT_SENT,
    NOTHING_THERE,
    PROVIDERS,
    REDIRECTED,
    REFUSED,
    UNKNOWN,
    VIDEO,
    Case,
    struck,
)

STEP = "submit"
UNCLEAR = {"toapis": VIDEO, "apimart": VIDEO, "uniall": UNKNOWN}
"""toapis is asked for the task by our name, apimart replays by key; uniall does neither."""
UNCLEAR_FOR_EVER = {"toapis": VIDEO, "apimart": FOUND_LATER, "uniall": UNKNOWN}
NEVER_CREATED = {"toapis": VIDEO, "apimart": VIDEO, "uniall": NOTHING_THERE}
BRIEF = {"submit": 1.5}


def waited(bench: Bench) -> None:
    assert bench.pauses[0] >= 1
    assert [exchange.status for exchange in bench.posts] == [429, 200]


def waited_for_the_date(bench: Bench) -> None:
    # Dates have whole seconds: two from the server's now are more than one from ours.
    waited(bench)


def waited_for_nothing(bench: Bench) -> None:
    assert bench.pauses == []
    assert len(bench.posts) == 1


def asked_once(bench: Bench) -> None:
    assert len(bench.posts) == 1


def tried_a_few_times(bench: Bench) -> None:
    assert len(bench.pauses) == 2
    assert sum(bench.pauses) < 5
    assert bench.posts == []


def named_the_key_without_its_value(bench: Bench) -> None:
    asked_once(bench)
    assert "the argument `keys`" in str(bench.error)


def went_nowhere_else(bench: Bench) -> None:
    asked_once(bench)
    assert "http://localhost:" in str(bench.error)


def kept_the_answer(bench: Bench) -> None:
    """What nobody understood is quoted in the journal, where it decides."""
    if bench.error:
        assert bench.task
        assert "HTTP 200" in (bench.task.error or "")


def went_to_no_other(bench: Bench) -> None:
    """Looks go to the address of a task's status, and nowhere above it."""
    status = {"apimart": "/apimart/v1/tasks/", "uniall": "/uniall/v1/videos/"}
    above = status.get(bench.provider, "/toapis/v1/videos/generations/")
    assert all(len(each.path) in range(len(above) + 1, 200) for each in bench.looks)
    assert all(each.path.startswith(above) and ".." not in each.path for each in bench.looks)


_AFTER = ("drop", "reset", "endless", "500", "502", "503", "504", "408", "409", "425")
_ODD = ("bomb", "html", "cut-json", "empty", "no-id", "null-id", "wrong-id")
_ODD_ID = ("dots-id", "long-id")

SUBMIT: tuple[Case, ...] = (
    Case(STEP, "Nothing goes wrong", ends=dict.fromkeys(PROVIDERS, VIDEO), also=asked_once),
    *(struck(STEP, f"{what}-after-create", UNCLEAR) for what in _AFTER),
    *(struck(STEP, f"{what}-after-create", UNCLEAR, also=kept_the_answer) for what in _ODD),
    *(struck(STEP, f"{what}-after-create", UNCLEAR, also=went_to_no_other) for what in _ODD_ID),
    *(
        struck(STEP, f"{http}-naming-the-task", VIDEO, also=asked_once)
        for http in (400, 409, 429, 500)
    ),
    *(struck(STEP, f"{what}-after-create", UNCLEAR, limits=BRIEF) for what in ("stall", "drip")),
    *(
        struck(STEP, f"{what}-after-create", UNCLEAR_FOR_EVER, times=None)
        for what in ("drop", "500", "html")
    ),
    struck(STEP, "reset-before-reading", NEVER_CREATED),
    struck(STEP, "stall-before-create", NEVER_CREATED, limits=BRIEF),
    struck(STEP, "rate-limit-seconds", VIDEO, also=waited),
    struck(STEP, "rate-limit-date", VIDEO, also=waited_for_the_date),
    struck(STEP, "rate-limit-hour", REFUSED, also=waited_for_nothing, says="come back in"),
    *(
        struck(STEP, f"refuse-{http}", REFUSED, also=asked_once, says=f"HTTP {http}: {words}")
        for http, words in (
            (400, "the request is invalid"), (402, "the balance is too low"),
            (404, "there is no such model"), (413, "the request is too large"),
            (422, "the prompt violates the content policy"),
        )
    ),
    *(
        struck(STEP, fault, REFUSED, also=named_the_key_without_its_value, says=words)
        for fault, words in (
            ("refuse-401", "HTTP 401: the API key is wrong"),
            ("refuse-403", "HTTP 403: the API key may not do this"),
            ("refuse-echoing-key", r"HTTP 401: the API key \[key\] is wrong"),
        )
    ),
    *(
        struck(STEP, f"redirect-{http}", REDIRECTED, also=went_nowhere_else)
        for http in (301, 302, 307, 308)
    ),
    *(
        struck("connect", fault, NOT_SENT, also=tried_a_few_times, says=words)
        for fault, words in (
            ("connection-refused", "nothing was bought"),
            ("unknown-host", "gateway.invalid cannot be resolved"),
            ("no-tls", "nothing was bought"),
        )
    ),
    Case(
        "connect",
        "The base URLs lead to a server with another host's certificate",
        strange=True,
        ends=dict.fromkeys(PROVIDERS, NOT_SENT),
        also=tried_a_few_times,
        says="CERTIFICATE_VERIFY_FAILED",
    ),
)  # fmt: skip
