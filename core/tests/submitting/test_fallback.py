"""Several variants in order: the next one only after a verified end at the last."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from acme_driver import KEY, REQUEST, Driver, Maker, SyncDriver, journal_of
from acme_kinds import replaced
from acme_server import VIDEO, Behaviour, Server, answers, bills_then, drops
from acme_zoom import Payload, Zoom
from rushes import (
    ConfigurationError,
    DiskError,
    MissingKeyError,
    NotSentError,
    OutcomeUnknownError,
    Polling,
    Problem,
    RefusedError,
    Request,
    RequestError,
    ResultError,
    StillRunningError,
    Task,
    TaskEndedError,
    Tried,
    UnknownVariantError,
    Variant,
    hookimpl,
)
from rushes._client import fallback
from rushes._flow import Do, Flow
from rushes._session.session import Session


class Pan(Zoom):
    """Another model of the provider; its clips are 5 seconds long."""

    class Short(Payload, kw_only=True, forbid_unknown_fields=True):
        seconds: Literal[5]

    declaration = replaced(id="acme/pan", payload=Short)


class Rival(Zoom):
    """The same model at another provider, which has no key here."""

    declaration = replaced(id="rival/zoom")


BOTH = ["acme/zoom", "acme/pan"]
CLIP = Request("A red kite over dunes", duration=5)
REFUSES = answers(400, {"error": {"message": "not today"}})


@pytest.fixture
def driver(make: Maker) -> Driver:
    return new(make)


def new(make: Maker, **changes: Any) -> Driver:
    """Make a client, as another process would."""
    return make(plugins=[Zoom(), Pan(), Rival()], **changes)


def jobs(server: Server) -> list[str]:
    """Return the client id of each creating call."""
    return [seen["x-job"] for line, seen, _ in server.seen if line == "POST /v1/clips"]


def stage(word: str, **more: Any) -> Behaviour:
    """Answer a poll of the first clip."""
    return answers(200, {"clip": {"ref": "c-1", "stage": word, **more}})


def test_the_next_one_follows_a_refusal(driver: Driver, server: Server, tmp_path: Path) -> None:
    server.on("POST", REFUSES)
    seen: list[Task] = []
    output = tmp_path / "kite.mp4"
    task = driver.generate(BOTH, CLIP, task="kite", output=output, on_update=seen.append)
    assert (task.id, task.variant, task.state) == ("kite-2", "acme/pan", "completed")
    assert output.read_bytes() == VIDEO
    first = driver.task("kite")
    assert task.tried == (
        Tried(variant="acme/zoom", task="kite", state="refused", error=first.error),
    )
    assert (first.state, first.tried, first.plan) == ("refused", (), task.plan)
    assert jobs(server) == ["kite", "kite-2"]
    assert [task.id for task in seen if task.state == "recorded"] == ["kite", "kite-2"]
    assert driver.task("kite-2") == task


@pytest.mark.parametrize(("word", "state"), [("broken", "failed"), ("gone", "expired")])
def test_it_follows_an_end_without_a_video(
    driver: Driver, server: Server, word: str, state: str
) -> None:
    server.on("GET /v1/clips/c-1", stage(word, why="no luck"))
    task = driver.generate(BOTH, CLIP)
    assert [(one.state, one.error) for one in task.tried] == [(state, "no luck")]
    first, second = jobs(server)
    assert (second, task.id, task.tried[0].task) == (f"{first}-2", second, first)


def test_it_follows_a_call_that_was_never_sent(make: Maker, server: Server) -> None:
    driver = new(make, base_urls={"acme": server.url, "rival": "http://127.0.0.1:9"}, keys=KEYS)
    task = driver.generate(["rival/zoom", "acme/pan"], CLIP)
    assert task.tried[0].state == "refused"
    assert "never sent" in (task.tried[0].error or "")
    assert server.posts() == 1


def test_it_follows_an_upload_that_failed(driver: Driver, server: Server, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    server.on("POST /v1/pictures", answers(400, {"message": "no"}))
    request = {**msgspec.to_builtins(CLIP), "images": [{"url": str(picture), "role": "reference"}]}
    task = driver.generate(BOTH, request, task="kite")
    assert [(one.task, one.state) for one in task.tried] == [(None, "refused")]
    assert jobs(server) == ["kite-2"]


KEYS = {"acme": KEY, "rival": KEY}
LIVE: dict[str, tuple[list[tuple[str, Behaviour]], type[Exception]]] = {
    "no answer": ([("POST", bills_then(drops))], OutcomeUnknownError),
    "an answer that is not understood": ([("POST", answers(200, {}))], OutcomeUnknownError),
    "a refusal that may name a task": (
        [("POST", bills_then(answers(400, {"clip": {"id": "c-1"}})))],
        OutcomeUnknownError,
    ),
    "cancelled": ([("GET /v1/clips/c-1", stage("stopped"))], TaskEndedError),
    "no video": ([("GET /v1/clips/c-1", stage("ready", links=[]))] * 9, ResultError),
    "a key that is refused by a poll": (
        [("GET /v1/clips/c-1", answers(401, {}))],
        StillRunningError,
    ),
}


@pytest.mark.parametrize("what", LIVE)
def test_it_never_follows_what_may_live(make: Maker, server: Server, what: str) -> None:
    """Neither at once, nor when the call is repeated."""
    script, kind = LIVE[what]
    for route, behaviour in script:
        server.on(route, behaviour)
    with pytest.raises(kind):
        new(make).generate(BOTH, CLIP, task="kite")
    assert jobs(server) == ["kite"]
    if kind is not StillRunningError:
        with pytest.raises(kind):
            new(make).generate(BOTH, CLIP, task="kite")
    else:
        assert new(make).generate(BOTH, CLIP, task="kite").id == "kite"
    assert jobs(server) == ["kite"]


def test_it_never_follows_a_time_out(make: Maker, server: Server) -> None:
    server.stages = [{"stage": "waiting"}] * 3
    with pytest.raises(StillRunningError):
        new(make).generate(BOTH, CLIP, task="kite", timeout=0)
    task = new(make).generate(BOTH, CLIP, task="kite")
    assert (task.id, task.tried, jobs(server)) == ("kite", (), ["kite"])


def test_it_never_follows_trouble_of_our_own(
    driver: Driver, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "kite.mp4").write_bytes(b"older")
    with pytest.raises(DiskError):
        driver.generate(BOTH, CLIP, task="kite", output=tmp_path / "kite.mp4", overwrite=False)
    assert server.posts() == 0
    assert [task.state for task in driver.tasks()] == ["recorded"]


def test_it_never_follows_what_was_given_up(make: Maker, server: Server) -> None:
    server.on("POST", drops)
    with pytest.raises(OutcomeUnknownError):
        new(make).generate(BOTH, CLIP, task="kite")
    new(make).resolve("kite", lost=True)
    with pytest.raises(ConfigurationError, match="given up as lost"):
        new(make).generate(BOTH, CLIP, task="kite")
    assert jobs(server) == ["kite"]


def test_it_never_follows_a_job_that_was_cancelled_under_another_reference(
    make: Maker, server: Server
) -> None:
    named = msgspec.structs.replace(CLIP, extra={"ticket": "t-1"})
    server.on("GET /v1/clips/c-1", stage("stopped"))
    driver = new(make, base_urls={"acme": server.url, "rival": server.url}, keys=KEYS)
    for reference in ("kite", "kestrel"):
        with pytest.raises(TaskEndedError) as caught:
            driver.generate(["acme/zoom", "rival/zoom"], named, task=reference)
        assert caught.value.task
        assert (caught.value.task.id, caught.value.task.state) == ("kite", "cancelled")
    assert server.posts() == 1


class Cap:
    """A wrapper that lets nobody send anything with one model."""

    @hookimpl
    def approve(self, variant: Variant) -> list[Problem]:
        refused = Problem(path="", code="cap", message="the cap is reached")
        return [refused] if variant.id == "acme/zoom" else []


@pytest.mark.parametrize("options", [{}, {"journal": None}], ids=["journal", "none"])
def test_it_follows_a_wrapper_that_refuses(
    make: Maker, server: Server, options: dict[str, Any]
) -> None:
    task = new(make, wrappers=[Cap()], **options).generate(BOTH, CLIP, task="kite")
    assert [(one.task, one.state, one.error) for one in task.tried] == [
        ("kite", "refused", "the cap is reached")
    ]
    assert jobs(server) == ["kite-2"]


def test_what_does_not_accept_the_request_is_ruled_out(driver: Driver, server: Server) -> None:
    request = Request("A red kite over dunes", duration=10)
    task = driver.generate(["acme/pan", "acme/zoom"], request, task="kite")
    (ruled_out,) = task.tried
    assert (ruled_out.variant, ruled_out.task, ruled_out.state) == ("acme/pan", None, "refused")
    assert "10" in (ruled_out.error or "")
    assert (task.id, jobs(server)) == ("kite-2", ["kite-2"])
    assert new_again(driver, request) == task  # there is no task `kite` that could be bought


def new_again(driver: Driver, request: Request) -> Task:
    return driver.generate(["acme/pan", "acme/zoom"], request, task="kite")


def test_all_are_checked_first(driver: Driver, server: Server) -> None:
    with pytest.raises(RequestError) as caught:
        driver.generate(BOTH, Request("", duration=10))
    found = [(problem.path, problem.message) for problem in caught.value.problems]
    assert [path for path, _ in found] == ["prompt", "prompt", "duration"]
    assert [message.rpartition(" ")[2] for _, message in found] == [
        "(acme/zoom)", "(acme/pan)", "(acme/pan)",
    ]  # fmt: skip
    wrong: list[tuple[list[str], type[Exception], str]] = [
        (["acme/zoom", "acme/pam"], UnknownVariantError, "acme/pan"),
        (["acme/zoom", "rival/zoom"], MissingKeyError, "rival"),
        (["acme/zoom", "acme/zoom"], ConfigurationError, "twice"),
        ([], ConfigurationError, "empty"),
    ]
    for variants, kind, words in wrong:
        with pytest.raises(kind, match=words):
            driver.generate(variants, CLIP)
    with pytest.raises(RequestError, match="not a valid task reference"):
        driver.generate(BOTH, CLIP, task="k" * 99)
    assert (server.lines, driver.tasks()) == ([], [])


def test_the_last_error_names_the_others(driver: Driver, server: Server) -> None:
    server.on("POST", REFUSES)
    server.on("GET /v1/clips/c-1", stage("broken", why="no luck"))
    with pytest.raises(TaskEndedError) as caught:
        driver.generate(BOTH, CLIP, task="kite")
    assert caught.value.task == driver.task("kite-2")
    first, other = str(caught.value).split("\n")
    assert "kite-2 failed at acme: no luck" in first
    assert other.startswith("besides it, acme/zoom (refused, task kite): ")
    assert "not today" in other


def test_it_goes_on_where_it_was_left(make: Maker, server: Server) -> None:
    """The first failed, and the process ended before the second was recorded."""
    server.on("GET /v1/clips/c-1", stage("broken", why="no luck"))
    with pytest.raises(TaskEndedError):
        new(make).generate(["acme/zoom"], CLIP, task="kite")
    task = new(make).generate(BOTH, CLIP, task="kite")
    assert (task.id, task.tried[0].error, jobs(server)) == ("kite-2", "no luck", ["kite", "kite-2"])
    assert new(make).generate(BOTH, CLIP, task="kite") == task
    assert server.posts() == 2


def test_what_was_refused_is_not_sent_again_while_another_lives(
    make: Maker, server: Server
) -> None:
    server.on("POST", REFUSES)
    server.stages = [{"stage": "waiting"}] * 3
    with pytest.raises(StillRunningError):
        new(make).generate(BOTH, CLIP, task="kite", timeout=0)
    assert new(make).generate(BOTH, CLIP, task="kite").id == "kite-2"
    assert jobs(server) == ["kite", "kite-2"]


def test_if_all_were_refused_the_last_is_sent_again(make: Maker, server: Server) -> None:
    server.on("POST", REFUSES, REFUSES)
    with pytest.raises(RefusedError, match="besides it, acme/zoom"):
        new(make).generate(BOTH, CLIP, task="kite")
    assert new(make).generate(BOTH, CLIP, task="kite").id == "kite-2"
    assert jobs(server) == ["kite", "kite-2", "kite-2"]


@pytest.mark.parametrize("used", ["kite", "kite-2"])
def test_a_reference_that_was_used_for_another_job_is_refused(
    driver: Driver, server: Server, used: str
) -> None:
    driver.submit("acme/pan", Request("Another", duration=5), task=used)
    with pytest.raises(RequestError, match="used before") as caught:
        driver.generate(BOTH, CLIP, task="kite")
    assert caught.value.task == driver.task(used)
    assert server.posts() == 1


def test_a_repeat_without_a_reference_goes_on(make: Maker, server: Server) -> None:
    server.on("POST", REFUSES)
    server.stages = [{"stage": "waiting"}] * 9
    for _ in range(2):  # in the same process, too
        driver = new(make)
        for _ in range(2):
            with pytest.raises(StillRunningError):
                driver.generate(BOTH, CLIP, timeout=0)
    task = new(make).generate(BOTH, CLIP)
    assert server.posts() == 2
    assert [one.variant for one in task.tried] == ["acme/zoom"]
    again = new(make).generate(BOTH, CLIP)  # it is finished: this is a new job
    assert (server.posts(), again.tried) == (3, ())
    assert again.id != task.id


def test_another_list_or_request_is_another_job(make: Maker, server: Server) -> None:
    server.stages = [{"stage": "waiting"}] * 9
    for variants, request in (
        (BOTH, CLIP), (BOTH, Request("Another")), (["acme/pan", "acme/zoom"], CLIP),
    ):  # fmt: skip
        with pytest.raises(StillRunningError):
            new(make).generate(variants, request, timeout=0)
    assert server.posts() == 3


def test_what_a_living_process_works_on_is_left_alone(make: Maker, server: Server) -> None:
    server.stages = [{"stage": "waiting"}] * 3
    with pytest.raises(StillRunningError):
        new(make).generate(BOTH, CLIP, timeout=0)
    driver = new(make)
    (task,) = driver.tasks()
    other = journal_of(driver)
    assert other.claim(task.id, "other")
    assert driver.generate(BOTH, CLIP).id != task.id
    other.release("other")
    other.close()
    assert driver.generate(BOTH, CLIP).id == task.id
    assert server.posts() == 2


class Killed(BaseException):
    """The process ends here."""


def killed_when_refused(task: Task) -> None:
    if task.state == "refused":
        raise Killed


def overtaken(monkeypatch: pytest.MonkeyPatch, act: Callable[[Task], object]) -> None:
    """Have somebody else act right after a list that was left is found without an owner."""
    is_free = fallback._is_free

    def found(session: Session, task: Task) -> Flow[bool]:
        free = yield from is_free(session, task)
        monkeypatch.setattr(fallback, "_is_free", is_free)
        yield Do(lambda: act(task))
        return free

    monkeypatch.setattr(fallback, "_is_free", found)


def test_of_two_repeats_at_once_only_one_goes_on_with_a_task(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stages = [{"stage": "waiting"}] * 3
    with pytest.raises(StillRunningError):
        new(make).generate(BOTH, CLIP, timeout=0)
    driver = new(make)
    (left,) = driver.tasks()
    other = journal_of(driver)
    overtaken(monkeypatch, lambda task: other.claim(task.id, "other"))
    seen: list[Task] = []
    task = driver.generate(BOTH, CLIP, on_update=seen.append)
    assert {one.id for one in seen} == {task.id} != {left.id}
    assert server.posts() == 2
    other.close()


def test_of_two_repeats_at_once_only_one_goes_on_between_two_variants(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("POST", REFUSES)
    with pytest.raises(Killed):
        new(make).generate(BOTH, CLIP, on_update=killed_when_refused)
    driver, faster = new(make), list[Task]()

    def overtake(left: Task) -> None:
        with SyncDriver(
            plugins=[Zoom(), Pan()], base_urls={"acme": server.url}, keys={"acme": KEY},
            home=driver.home, polling=Polling(first=0, every=0.01),
        ) as other:  # fmt: skip
            faster.append(other.generate(BOTH, CLIP))

    overtaken(monkeypatch, overtake)
    slower = driver.generate(BOTH, CLIP)
    assert [one.variant for one in faster[0].tried] == ["acme/zoom"]
    assert (slower.variant, slower.tried) == ("acme/zoom", ())
    assert server.posts() == 3  # the refused one, and a video for each of the two


def test_an_unknown_outcome_is_not_bought_again_without_a_reference(
    make: Maker, server: Server
) -> None:
    server.on("POST", bills_then(drops))
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            new(make).generate(BOTH, CLIP)
    assert server.posts() == 1


def test_without_a_journal(make: Maker, server: Server) -> None:
    server.on("POST", REFUSES)
    driver = new(make, journal=None)
    assert [one.state for one in driver.generate(BOTH, CLIP).tried] == ["refused"]
    server.on("POST", bills_then(drops))
    with pytest.raises(OutcomeUnknownError):
        driver.generate(BOTH, CLIP)
    assert server.posts() == 3


def test_one_alone_is_as_good_as_a_name(driver: Driver, server: Server) -> None:
    task = driver.generate(["acme/zoom"], REQUEST, task="kite")
    assert (task.id, task.tried) == ("kite", ())
    server.on("POST", answers(503))
    with pytest.raises((NotSentError, OutcomeUnknownError)):
        driver.generate(["acme/zoom"], REQUEST, task="dune")
