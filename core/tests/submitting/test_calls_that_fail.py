"""Faults of the creating call: nothing is bought twice; an unclear outcome is called unknown."""

import datetime
import email.utils
import threading
from typing import Any
from urllib.parse import quote

import pytest
from acme_driver import KEY, REQUEST, Driver, Maker
from acme_server import Behaviour, Handler, Server, answers, bills_then, cuts, drops, stalls
from acme_zoom import Zoom
from rushes import (
    Answer,
    Call,
    ConfigurationError,
    NotSentError,
    OutcomeUnknownError,
    Receipt,
    RefusedError,
    Request,
    RushesError,
    Steps,
    Task,
    TaskEndedError,
    Timeouts,
    Variant,
    hookimpl,
    pick,
)

GOOD = b'{"clip": {"ref": "c-1", "stage": "waiting"}}'


def only_task(driver: Driver, error: RushesError) -> Task:
    """Return the error's task, which must be the only one in the journal."""
    assert error.task is not None
    assert driver.tasks() == [error.task]
    return error.task


@pytest.mark.parametrize("status", [400, 402, 404, 413, 422])
def test_a_refusal_is_one_post_and_quotes_the_provider(
    make: Maker, server: Server, status: int
) -> None:
    server.on("POST", answers(status, {"error": {"message": "no such tint", "code": "E7"}}))
    driver = make()
    with pytest.raises(RefusedError, match=f"HTTP {status}.*no such tint") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert (server.posts(), server.clips) == (1, {})
    assert only_task(driver, caught.value).state == "refused"
    assert caught.value.refusal.code == "E7"
    assert driver.tasks(unfinished=True) == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_by_its_source(make: Maker, server: Server, status: int) -> None:
    server.on("POST", answers(status, {"error": {"message": f"bad key {KEY}", "code": KEY}}))
    driver = make()
    with pytest.raises(RefusedError, match="the argument `keys`") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert caught.value.refusal.kind == "key"
    assert KEY not in str(caught.value) + repr(caught.value.refusal) + repr(caught.value.task)


def cuts_the_head(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 20")
    handler.hang_up()


UNKNOWN: dict[str, Behaviour] = {
    **{str(status): bills_then(answers(status)) for status in (408, 409, 425, 500, 502, 503, 504)},
    "dropped before the answer": bills_then(drops),
    "cut in the head": bills_then(cuts_the_head),
    "200 with HTML": bills_then(answers(200, "<html>Welcome</html>")),
    "200 with cut JSON": bills_then(answers(200, GOOD[:20])),
    "200, the body cut": bills_then(cuts(GOOD, 20)),
    "200, empty": bills_then(answers(200)),
    "200 without an id": bills_then(answers(200, {"clip": {}})),
    "200, the id a number": bills_then(answers(200, {"clip": {"ref": 7}})),
    "200, the id null": bills_then(answers(200, {"clip": {"ref": None}})),
    "200, the id blank": bills_then(answers(200, {"clip": {"ref": " "}})),
    "200 with a list": bills_then(answers(200, [])),
    "204": bills_then(answers(204)),
}


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_submit_of_unknown_outcome_is_sent_once_and_kept(
    make: Maker, server: Server, fault: str
) -> None:
    server.on("POST", UNKNOWN[fault])
    driver = make()
    with pytest.raises(OutcomeUnknownError) as caught:
        driver.generate("acme/zoom", REQUEST)
    task = only_task(driver, caught.value)
    assert (task.state, task.remote_id) == ("unknown", None)
    assert task.error
    assert task.id in str(caught.value)
    assert (server.posts(), len(server.clips)) == (1, 1)
    with pytest.raises(OutcomeUnknownError):
        driver.resume(task.id)
    assert server.posts() == 1
    resolved = driver.resolve(task.id, remote_id="c-1")
    assert driver.resume(resolved).file
    assert server.posts() == 1


def test_a_stalled_answer_ends_at_the_submit_timeout(make: Maker, server: Server) -> None:
    billed = threading.Event()

    def stalls_when_billed(handler: Handler) -> None:
        billed.set()
        stalls(handler)

    server.on("POST", bills_then(stalls_when_billed))
    driver = make(timeouts=Timeouts(submit=1))
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST)
    assert billed.wait(30)
    assert (server.posts(), len(server.clips)) == (1, 1)


def test_an_answer_that_is_not_understood_is_recorded_without_the_key(
    make: Maker, server: Server
) -> None:
    server.on("POST", answers(200, f"<html>hello {KEY}</html>"))
    driver = make()
    with pytest.raises(OutcomeUnknownError, match="<html>hello") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert "<html>hello [key]" in (only_task(driver, caught.value).error or "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(make: Maker, server: Server, status: int) -> None:
    target = server.url.replace("127.0.0.1", "localhost") + f"/elsewhere?k={KEY}"
    server.on("POST", answers(status, location=target))
    driver = make()
    with pytest.raises(ConfigurationError, match="localhost") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert server.lines == ["POST /v1/clips"]
    assert only_task(driver, caught.value).state == "refused"
    assert KEY not in str(caught.value)


def retry_in_a_minute() -> dict[str, str]:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    return {"retry_after": email.utils.format_datetime(then, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry_after": "7"}, 7, 8),
        (None, 30, 67),
        ({}, 5, 6),
        ({"retry_after": "0"}, 0.9, 2),
        ({"retry_after": "soon"}, 5, 6),
    ],
)
def test_retry_after_is_waited_for_in_full(
    make: Maker, server: Server, headers: dict[str, str] | None, least: float, most: float
) -> None:
    server.on("POST", answers(429, **(retry_in_a_minute() if headers is None else headers)))
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    assert (server.posts(), len(server.clips), task.state) == (2, 1, "queued")
    assert least <= sum(driver.slept) <= most
    assert server.seen[0][2] == server.seen[1][2]


@pytest.mark.parametrize("after", ["3600", "999999999999999999999"])
def test_a_retry_after_of_an_hour_is_a_refusal(make: Maker, server: Server, after: str) -> None:
    server.on("POST", answers(429, retry_after=after))
    driver = make()
    with pytest.raises(RefusedError, match="try again in") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert caught.value.refusal.kind == "wait"
    assert (server.posts(), server.clips, driver.slept) == (1, {}, [])
    assert only_task(driver, caught.value).state == "refused"


def test_a_provider_that_always_says_retry_now_is_given_up(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._submit.sending.PATIENCE", 5.0)
    server.on("POST", *[answers(429, retry_after="0")] * 50)
    with pytest.raises(RefusedError):
        make().submit("acme/zoom", REQUEST)
    assert server.posts() == 6


def test_a_call_that_nobody_accepts_was_not_sent(make: Maker, server: Server) -> None:
    driver = make(base_urls={"acme": "http://127.0.0.1:9"})
    with pytest.raises(NotSentError, match="nothing was bought") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert only_task(driver, caught.value).state == "refused"
    assert len(driver.slept) == 2
    assert driver.tasks(unfinished=True) == []


def test_a_connection_that_succeeds_at_the_third_attempt_is_used(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rushes._flow import NotSent
    from rushes._network import requests

    tries: list[int] = []
    original = requests.request_of

    def refuse_twice(*args: Any, **named: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise NotSent("refused")
        return original(*args, **named)

    for module in ("transport", "async_transport"):
        monkeypatch.setattr(f"rushes._network.{module}.request_of", refuse_twice)
    assert make().submit("acme/zoom", REQUEST).state == "queued"
    assert (server.posts(), len(tries)) == (1, 3)


def test_a_429_with_an_id_is_an_accepted_task(make: Maker, server: Server) -> None:
    server.on("POST", bills_then(answers(429, GOOD)))
    assert make().submit("acme/zoom", REQUEST).remote_id == "c-1"
    assert server.posts() == 1


def test_no_call_was_made_before_on_the_connection_of_a_creating_call(
    make: Maker, server: Server
) -> None:
    """One is kept open for the polls that follow; a download's is closed."""
    driver = make(connections=3)
    for _ in range(3):
        driver.generate("acme/zoom", REQUEST)
    calls = list(zip(server.lines, server.nths, strict=True))
    for kind, alone in (("POST /v1/clips", True), ("GET /files/", True), ("GET /v1/clips", False)):
        nths = [nth for line, nth in calls if line.startswith(kind)]
        assert len(nths) >= 3
        assert (max(nths) == 0) is alone
    closed = [line for line, headers, _ in server.seen if headers["connection"] == "close"]
    assert closed == [line for line in server.lines if line.startswith("GET /files/")]


@pytest.mark.parametrize(
    "ref",
    [".", "..", "....", "../x", "a/../b", "a/..", "a\\..\\b", "%2e%2E", "%2e%2e%2fx", "a%2F..",
     "x" * 600, "x" * 1_000_000, "a\nb", "a\x00"],
)  # fmt: skip
def test_an_impossible_id_is_not_understood(make: Maker, server: Server, ref: str) -> None:
    server.on("POST", bills_then(answers(201, {"clip": {"ref": ref}})))
    driver = make()
    with pytest.raises(OutcomeUnknownError, match="its id") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert len(str(caught.value)) < 2000
    assert server.lines == ["POST /v1/clips"]
    with pytest.raises(ConfigurationError, match=r"the remote id"):
        driver.resolve(only_task(driver, caught.value), remote_id=ref)


class Regional(Zoom):
    """Stores in its receipts the region that polls go to."""

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        clip = pick(answer.json(), "clip")
        return Receipt(clip["ref"], memo={"region": "eu"}) if clip else None

    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        region = receipt.memo["region"]
        return (yield Call.get(variant.url("/v1/clips/{id}?from={region}", id=receipt.remote_id,
                                           region=region)))  # fmt: skip


def test_resolve_asks_for_a_memo_where_receipts_need_one(make: Maker, server: Server) -> None:
    server.on("POST", bills_then(drops))
    driver = make(plugins=[Regional()])
    with pytest.raises(OutcomeUnknownError) as caught:
        driver.submit("acme/zoom", REQUEST)
    task = only_task(driver, caught.value)
    with pytest.raises(ConfigurationError, match=r"'c-1', which has no memo.*give the right one"):
        driver.resolve(task, remote_id="c-1")
    server.on("POST", answers(201, {"clip": {"ref": "c-2"}}))
    driver.submit("acme/zoom", Request("Another clip"))
    with pytest.raises(ConfigurationError, match=r'another task\'s is {"region":"eu"}'):
        driver.resolve(task, remote_id="c-1", memo={"reign": "eu"})
    with pytest.raises(ConfigurationError, match="the memo is not JSON"):
        driver.resolve(task, remote_id="c-1", memo=object())
    alone = make(plugins=[Regional()], journal=None)
    with pytest.raises(ConfigurationError, match="'c-1', which has no memo"):
        alone.resolve(task, remote_id="c-1")
    assert driver.task(task.id).state == "unknown"
    resolved = driver.resolve(task, remote_id="c-1", memo={"region": "us"})
    assert resolved.receipt == Receipt("c-1", memo={"region": "us"})
    server.on("GET", answers(200, {"clip": {"ref": "c-1", "stage": "broken"}}))
    with pytest.raises(TaskEndedError):
        driver.wait(resolved)
    assert "GET /v1/clips/c-1?from=us" in server.lines


@pytest.mark.parametrize("ref", ["a/b", "/a", "a..b", "50%", "a%2Fb", "a?b#c", "a;b", "ä", ". ."])
def test_an_id_stays_one_segment_of_the_path(make: Maker, server: Server, ref: str) -> None:
    server.on("POST", bills_then(answers(201, {"clip": {"ref": ref}})))
    server.on("GET", answers(404), answers(200, {"clip": {"ref": ref, "stage": "broken"}}))
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    with pytest.raises(TaskEndedError):
        driver.wait(task)
    assert server.lines[1:] == [f"GET /v1/clips/{quote(ref, safe='')}"] * 2
