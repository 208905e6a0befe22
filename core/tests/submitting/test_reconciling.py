"""A submit of unknown outcome: found again, replayed, or left to the caller."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import msgspec
import pytest
from acme_driver import KEY, REQUEST, AsyncDriver, Driver, Maker, journal_of
from acme_kinds import Both, Findable, Rejecting, RejectingFindable, Replaying
from acme_server import (
    Behaviour,
    Handler,
    Server,
    answers,
    bills_then,
    created,
    cuts,
    drops,
    stalls,
)
from acme_zoom import Zoom
from rushes import (
    AsyncClient,
    NotSentError,
    OutcomeUnknownError,
    Task,
    Timeouts,
)
from rushes.testing import Clock

UNCLEAR: dict[str, Behaviour] = {
    "dropped": drops,
    "stalled": stalls,
    "500": answers(500),
    "503 HTML": answers(503, "<html>"),
    "408": answers(408),
    "409": answers(409),
    "425": answers(425),
    "HTML": answers(200, "<html>"),
    "cut JSON": answers(200, '{"clip": {"re'),
    "cut body": cuts(b'{"clip": {"ref": "c-1"}}', 9),
    "empty": answers(200),
    "no id": answers(200, {"clip": {}}),
    "an id of the wrong type": answers(200, {"clip": {"ref": 7}}),
}


@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
@pytest.mark.parametrize("plugin", [Replaying, Findable, Both])
def test_a_provider_that_can_find_or_replay_is_asked(
    make: Maker, server: Server, plugin: type[Zoom], fault: Behaviour
) -> None:
    server.replays = plugin is not Findable
    server.on("POST", bills_then(fault))
    driver = make(plugins=[plugin()], timeouts=Timeouts(read=1 if fault is stalls else 60))
    task = driver.generate("acme/zoom", REQUEST)
    assert (task.remote_id, len(server.clips), bool(task.file)) == ("c-1", 1, True)
    assert server.posts() == (2 if plugin is Replaying else 1)


@pytest.mark.parametrize("plugin", [Replaying, Both])
def test_a_replay_creates_what_was_never_created(
    make: Maker, server: Server, plugin: type[Zoom]
) -> None:
    server.replays = True
    server.on("POST", drops)
    driver = make(plugins=[plugin()])
    assert driver.submit("acme/zoom", REQUEST).remote_id == "c-1"
    one, other = [(headers["x-job"], body) for line, headers, body in server.seen if "POST" in line]
    assert one == other


def test_without_a_find_or_a_replay_the_outcome_stays_unknown(make: Maker, server: Server) -> None:
    server.on("POST", drops)
    driver = make(plugins=[Findable()])
    with pytest.raises(OutcomeUnknownError, match="finds no task"):
        driver.submit("acme/zoom", REQUEST)
    assert (server.posts(), len(server.clips)) == (1, 0)
    assert sum(line.startswith("GET /v1/jobs") for line in server.lines) > 2


LOOK_UPS: dict[str, tuple[Behaviour, str]] = {
    "none": (answers(200, {"refs": []}), "the provider finds no task with its client id yet"),
    "no answer": (drops, "the look-up failed: "),
    "HTML": (
        answers(503, "<html>"),
        r"the provider's answer to the look-up \(HTTP 503\) is not understood",
    ),
}


@pytest.mark.parametrize(("answer", "words"), LOOK_UPS.values(), ids=LOOK_UPS)
def test_no_such_task_and_no_usable_answer_are_told_apart(
    make: Maker, server: Server, answer: Behaviour, words: str
) -> None:
    server.on("POST", bills_then(drops))
    server.on("GET /v1/jobs", *[answer] * 20)
    driver = make(plugins=[Findable()])
    with pytest.raises(OutcomeUnknownError, match=words):
        driver.submit("acme/zoom", REQUEST)
    assert (driver.tasks()[0].state, server.posts()) == ("unknown", 1)


def test_a_look_up_may_lag(make: Maker, server: Server) -> None:
    server.found_after = 2
    server.on("POST", bills_then(drops))
    assert make(plugins=[Findable()]).submit("acme/zoom", REQUEST).remote_id == "c-1"
    assert server.posts() == 1


def test_two_matches_are_ambiguous(make: Maker, server: Server) -> None:
    def twice(handler: Any) -> None:
        server.create(handler.headers["X-Job"])
        server.create(handler.headers["X-Job"])
        handler.hang_up()

    server.on("POST", twice)
    driver = make(plugins=[Findable()])
    with pytest.raises(OutcomeUnknownError, match="several tasks have its client id: c-1, c-2"):
        driver.submit("acme/zoom", REQUEST)
    assert driver.tasks()[0].state == "unknown"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_a_refused_replay_proves_nothing_about_the_first_call(
    make: Maker, server: Server, status: int
) -> None:
    server.replays = True
    server.on("POST", bills_then(drops), answers(status, {"message": f"no, not with {KEY}"}))
    driver = make(plugins=[Replaying()])
    with pytest.raises(OutcomeUnknownError, match=r"no, not with \[key\]") as caught:
        driver.submit("acme/zoom", REQUEST)
    assert KEY not in repr(caught.value)
    assert (driver.tasks()[0].state, server.posts()) == ("unknown", 2)
    assert driver.resume(driver.tasks()[0].id).file
    assert len(server.clips) == 1


def test_a_key_rejected_as_known_triggers_another_look_up(make: Maker, server: Server) -> None:
    server.found_after = 2
    server.on("POST", bills_then(drops), *[answers(400, {"message": "seen before"})] * 9)
    driver = make(plugins=[RejectingFindable()])
    assert driver.submit("acme/zoom", REQUEST).remote_id == "c-1"
    assert len(server.clips) == 1


def test_a_key_rejected_as_known_stays_unknown_without_a_look_up(
    make: Maker, server: Server
) -> None:
    server.on("POST", bills_then(drops), *[answers(400, {"message": "seen before"})] * 9)
    with pytest.raises(OutcomeUnknownError, match="seen before"):
        make(plugins=[Rejecting()]).submit("acme/zoom", REQUEST)
    assert len(server.clips) == 1


@pytest.mark.parametrize("plugin", [Replaying, Rejecting])
def test_a_conflict_of_keys_does_not_invite_to_another_jobs_video(
    make: Maker, server: Server, plugin: type[Zoom]
) -> None:
    """A 409 says neither that the task was created nor that the key is another job's."""
    conflict = answers(409, {"error": {"message": "this key was used with another body"}})
    server.on("POST", *[conflict] * 20)
    driver = make(plugins=[plugin()])
    for _ in ("submitted", "given again"):
        with pytest.raises(OutcomeUnknownError, match="used with another body") as caught:
            driver.submit("acme/zoom", REQUEST, task="mine")
        assert "'mine' may have been used before, for another job" in str(caught.value)
        assert "do not resolve this one with its id" in str(caught.value)
    task = driver.task("mine")
    assert (task.state, "not this one's" in (task.error or "")) == ("unknown", True)


@pytest.mark.parametrize("fault", [drops, answers(503)])
def test_what_is_no_conflict_is_not_called_one(
    make: Maker, server: Server, fault: Behaviour
) -> None:
    server.on("POST", *[fault] * 20)
    with pytest.raises(OutcomeUnknownError) as caught:
        make(plugins=[Replaying()]).submit("acme/zoom", REQUEST, task="mine")
    assert "another job" not in str(caught.value)


def test_a_conflict_without_a_key_is_none(make: Maker, server: Server) -> None:
    server.on("POST", answers(409))
    with pytest.raises(OutcomeUnknownError) as caught:
        make().submit("acme/zoom", REQUEST, task="mine")
    assert "another job" not in str(caught.value)


def test_a_lasting_fault_ends_as_unknown_within_the_timeout(make: Maker, server: Server) -> None:
    server.replays = True
    server.on("POST", *[bills_then(drops)] * 50)
    driver = make(plugins=[Replaying()])
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST)
    assert 1 < server.posts() < 10
    assert sum(driver.slept) < Timeouts().submit
    server.script.clear()
    assert driver.resume(driver.tasks()[0].id).remote_id == "c-1"
    assert len(server.clips) == 1


@pytest.mark.parametrize(("timeout", "posts"), [(0, 2), (4, 4)])
def test_the_time_of_a_verb_bounds_the_search_for_a_task(
    make: Maker, server: Server, timeout: float, posts: int
) -> None:
    """With no time at all it still asks once."""
    server.on("POST", bills_then(drops), *[answers(500)] * 9)
    driver = make(plugins=[Replaying()], clock=Clock())
    with pytest.raises(OutcomeUnknownError):
        driver.generate("acme/zoom", REQUEST, timeout=timeout)
    assert server.posts() == posts
    assert sum(driver.slept) <= timeout


@pytest.mark.parametrize("hours", [25, -24])
def test_nothing_is_replayed_after_the_replay_window_or_from_the_future(
    make: Maker, server: Server, hours: int
) -> None:
    server.on("POST", bills_then(drops), *[answers(500)] * 9)
    driver = make(plugins=[Replaying()])
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST)
    posts = server.posts()
    driver.clock.advance(hours * 3600)
    with pytest.raises(OutcomeUnknownError):
        driver.resume(driver.tasks()[0].id)
    assert server.posts() == posts


@pytest.mark.parametrize("plugin", [Zoom, Replaying, Findable])
def test_a_task_that_was_being_sent_by_a_killed_process(
    make: Maker, server: Server, plugin: type[Zoom]
) -> None:
    """It leaves behind a record in state sending, and a bill."""
    server.replays = plugin is Replaying
    server.on("POST", bills_then(drops))
    driver = make(plugins=[Zoom()])
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST)
    with closing(journal_of(driver)) as journal:
        journal.save(msgspec.structs.replace(driver.tasks()[0], state="sending"))
    other = make(plugins=[plugin()])
    reference = other.tasks(unfinished=True)[0].id
    if plugin is Zoom:
        with pytest.raises(OutcomeUnknownError):
            other.resume(reference)
    else:
        assert other.resume(reference).file
    assert len(server.clips) == 1


def test_repeating_a_job_first_finds_out_what_became_of_it(make: Maker, server: Server) -> None:
    server.on("POST", bills_then(drops))
    driver = make(plugins=[Zoom()])
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST, task="job-1")
    found = make(plugins=[Findable()]).generate("acme/zoom", REQUEST, task="job-1")
    assert (found.remote_id, server.posts()) == ("c-1", 1)


def call_concurrently(
    one: Driver, other: Driver, verb: str, *given: Any, **named: Any
) -> list[Task]:
    """Make the same call with two clients at the same time."""
    verbs = [getattr(driver.client, verb) for driver in (one, other)]
    if isinstance(one.client, AsyncClient):

        async def run() -> list[Task]:
            return list(await asyncio.gather(*(do(*given, **named) for do in verbs)))

        runner: asyncio.Runner = vars(one)["runner"]
        return runner.run(run())
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda do: do(*given, **named), verbs))


@pytest.mark.parametrize("state", ["recorded", "sending", "queued"])
@pytest.mark.parametrize("times", range(3))
def test_two_resumes_at_once_make_one_post_and_one_download(
    make: Maker, server: Server, state: str, times: int
) -> None:
    server.replays = True

    def leave(task: Task) -> None:
        if task.state == state:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(plugins=[Replaying()]).generate("acme/zoom", REQUEST, task="job", on_update=leave)
    one, other = make(plugins=[Replaying()]), make(plugins=[Replaying()])
    done = call_concurrently(one, other, "resume", "job")
    assert [task.state for task in done] == ["completed"] * 2
    assert (server.posts(), len(server.clips)) == (1, 1)
    assert sum(line.startswith("GET /files") for line in server.lines) == 1


@pytest.mark.parametrize("times", range(3))
def test_the_same_job_submitted_twice_at_once_is_one(
    make: Maker, server: Server, times: int
) -> None:
    done = call_concurrently(make(), make(), "generate", "acme/zoom", REQUEST, task="job")
    assert done[0] == done[1]
    assert (server.posts(), len(server.clips)) == (1, 1)
    assert sum(line.startswith("GET /files") for line in server.lines) == 1


def test_a_successful_submit_is_not_looked_up(make: Maker, server: Server) -> None:
    server.on("POST", created)
    make(plugins=[Both()]).submit("acme/zoom", REQUEST)
    assert server.lines == ["POST /v1/clips"]


TAKEN = Timeouts(connect=0.1, submit=3600, read=3600)


def test_a_connection_is_waited_for_within_the_time_of_the_verb(
    make: Maker, server: Server
) -> None:
    """The only one is taken by a submit that gets no answer."""
    held = threading.Event()

    def hold(handler: Handler) -> None:
        held.set()
        stalls(handler)

    async def both(client: AsyncClient) -> None:
        first = asyncio.ensure_future(client.submit("acme/zoom", REQUEST))
        await asyncio.to_thread(held.wait)
        with pytest.raises(NotSentError, match="no connection became free"):
            await client.generate("acme/zoom", REQUEST, timeout=0.2)
        server.release.set()
        await asyncio.gather(first, return_exceptions=True)

    server.on("POST", hold)
    driver: Any = make(connections=1, timeouts=TAKEN)
    if isinstance(driver, AsyncDriver):
        driver.runner.run(both(driver.client))
    else:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(driver.submit, "acme/zoom", REQUEST)
            held.wait()
            with pytest.raises(NotSentError, match="no connection became free"):
                driver.generate("acme/zoom", REQUEST, timeout=0.2)
            server.release.set()
            first.exception()
    assert server.posts() == 1
