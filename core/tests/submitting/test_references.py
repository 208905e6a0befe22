"""Task references, client ids, the journal, several clients at once."""

import asyncio
import json
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from acme_driver import KEY, REQUEST, Driver, Drivers, Maker, StoppedClock
from acme_kinds import Both, Replaying
from acme_server import VIDEO, Handler, Server, answers, bills_then, created, drops
from acme_zoom import Payload, Zoom
from msgspec import Meta
from rushes import (
    Answer,
    AsyncClient,
    Call,
    Client,
    ConfigurationError,
    JournalError,
    OutcomeUnknownError,
    Polling,
    Receipt,
    Refusal,
    RefusedError,
    Request,
    RequestError,
    SQLiteJournal,
    Steps,
    StillRunningError,
    Task,
    UnknownTaskError,
    Variant,
    absent,
    hookimpl,
    pick_text,
)
from rushes._plugins.refusals import http_date
from rushes.journal import LEASE
from rushes.testing import Clock


def test_the_same_job_is_the_same_task(make: Maker, server: Server) -> None:
    driver = make()
    one = driver.submit("acme/zoom", REQUEST, task="job-1")
    assert one.id == one.client_id == "job-1"
    assert driver.submit("acme/zoom", REQUEST, task="job-1") == one
    assert make().submit("acme/zoom", REQUEST, task="job-1") == one
    assert server.posts() == 1
    assert server.seen[0][1]["x-job"] == "job-1"


def test_a_reference_used_for_another_job_is_refused(make: Maker, server: Server) -> None:
    driver = make()
    one = driver.submit("acme/zoom", REQUEST, task="job-1")
    with pytest.raises(RequestError, match="used before for another request") as caught:
        driver.submit("acme/zoom", Request("Another"), task="job-1")
    assert caught.value.task == one
    assert [problem.code for problem in caught.value.problems] == ["reference_used"]
    assert server.posts() == 1


def test_a_client_id_identifies_a_job(make: Maker, server: Server) -> None:
    driver = make()
    native = {"model": "zoom", "text": "x", "ticket": "t-1"}
    one = driver.submit("acme/zoom", {"extra": native})
    assert one.client_id == "t-1"
    assert server.seen[0][1]["x-job"] == "t-1"
    assert driver.submit("acme/zoom", {"extra": native}) == one
    with pytest.raises(RequestError, match="client id 't-1'"):
        driver.submit("acme/zoom", {"extra": {**native, "text": "y"}})
    assert server.posts() == 1


@pytest.mark.parametrize(
    "reference", ["", " ", "../x", "a/b", "a\\b", ".x", "a\nb", "x" * 101, "é"]
)
def test_a_reference_must_be_safe_in_file_names_and_headers(
    make: Maker, server: Server, reference: str
) -> None:
    driver = make()
    with pytest.raises(RequestError, match="is not a valid task reference"):
        driver.submit("acme/zoom", REQUEST, task=reference)
    assert (server.lines, driver.tasks()) == ([], [])


class Narrow(Payload, kw_only=True, forbid_unknown_fields=True):
    ticket: Annotated[str, Meta(max_length=8, pattern="^[a-z0-9]+$")] = absent()


class Ticketed(Zoom):
    """Its client id field is shorter than the references that we generate."""

    declaration = msgspec.structs.replace(Zoom.declaration, payload=Narrow)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("kite.png", "ticket.*does not accept.*it must match"),
        ("kitekitek", "'kitekitek'.*ticket.*9 characters; at most 8"),
        (None, "ticket.*characters; at most 8.*give another one"),
    ],
)
def test_a_reference_must_fit_the_field_that_carries_it(
    make: Maker, server: Server, reference: str | None, words: str
) -> None:
    driver = make(plugins=[Ticketed()])
    with pytest.raises(RequestError, match=words) as caught:
        driver.submit("acme/zoom", REQUEST, task=reference)
    assert [problem.code for problem in caught.value.problems] == ["reference"]
    assert (server.lines, driver.tasks()) == ([], [])
    assert driver.submit("acme/zoom", REQUEST, task="kite").client_id == "kite"


def test_an_invalid_request_is_not_sent(make: Maker, server: Server) -> None:
    driver = make()
    with pytest.raises(RequestError, match="prompt: is required") as caught:
        driver.submit("acme/zoom", Request("", seed=3))
    assert [problem.path for problem in caught.value.problems] == ["seed", "prompt"]
    assert (server.lines, driver.home.exists()) == ([], False)


def test_a_task_is_found_by_a_prefix_of_its_reference(make: Maker, server: Server) -> None:
    driver = make()
    for name in ("kite-1", "kite-12", "dune_1", "dunex1"):
        driver.submit("acme/zoom", REQUEST, task=name)
    assert driver.task("kite-1").id == "kite-1"
    assert driver.task("dune_").id == "dune_1"
    for unclear in ("kite", "%", "nothing", "ki_e-1"):
        with pytest.raises(ConfigurationError, match=r"no task|several tasks"):
            driver.task(unclear)
    assert [task.id for task in driver.tasks()] == ["dunex1", "dune_1", "kite-12", "kite-1"]


@pytest.mark.parametrize("nothing", ["", " ", "\t\n"])
def test_an_empty_reference_is_nobodys(make: Maker, server: Server, nothing: str) -> None:
    """It begins the reference of the only task, too, and is what an unset variable gives."""
    driver = make()
    driver.submit("acme/zoom", REQUEST, task="kite")
    sent, before = len(server.lines), driver.tasks()
    verbs: tuple[Callable[[], object], ...] = (
        lambda: driver.task(nothing),
        lambda: driver.history(nothing),
        lambda: driver.refresh(nothing),
        lambda: driver.wait(nothing),
        lambda: driver.fetch(nothing),
        lambda: driver.resume(nothing),
        lambda: driver.cancel(nothing),
        lambda: driver.resolve(nothing, lost=True),
    )
    for verb in verbs:
        with pytest.raises(UnknownTaskError, match="no task"):
            verb()
    assert (len(server.lines), driver.tasks()) == (sent, before)


def test_without_a_journal_the_caller_keeps_the_task(
    make: Maker, server: Server, home: Path
) -> None:
    driver = make(journal=None)
    seen: list[Task] = []
    task = driver.submit("acme/zoom", REQUEST, on_update=seen.append)
    assert [t.state for t in seen] == ["recorded", "sending", "queued"]
    for refused in (lambda: driver.tasks(), lambda: driver.resume(task.id)):
        with pytest.raises(JournalError, match="keeps no journal"):
            refused()
    assert not home.exists()
    assert make(journal=None).resume(task, output=home / "x.mp4").file
    assert [path.name for path in home.rglob("*")] == ["x.mp4"]


def test_nothing_is_written_outside_the_home_and_the_output(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver = make()
    driver.generate("acme/zoom", REQUEST, output=tmp_path / "out" / "x.mp4")
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names - {"journal.db-wal", "journal.db-shm"} == {"journal.db", "x.mp4"}
    assert {path.name for path in tmp_path.iterdir()} == {"home", "out"}


def test_an_observer_is_told_and_never_stops_a_task(make: Maker, server: Server) -> None:
    seen: list[Task] = []

    def raising(task: Task) -> None:
        seen.append(task)
        raise ValueError("observer")

    assert make(observers=[raising]).generate("acme/zoom", REQUEST).file
    assert [task.state for task in seen][:3] == ["recorded", "sending", "queued"]
    assert seen[-1].file


def test_one_client_is_shared_by_threads(server: Server, home: Path) -> None:
    server.stages = []
    client = Client(
        plugins=[Zoom()],
        base_urls={"acme": server.url},
        keys={"acme": KEY},
        home=home,
        polling=Polling(first=0, every=0.01),
    )
    done: list[Task] = []
    start = threading.Barrier(8)

    def run(index: int) -> None:
        start.wait()
        done.append(client.generate("acme/zoom", Request(f"Kite {index}")))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({task.remote_id for task in done}) == 8
    assert all(Path(task.file or "").read_bytes() == VIDEO for task in done)
    assert len(client.tasks()) == server.posts() == 8
    client.close()


def test_two_clients_in_one_process_see_the_same_tasks(make: Maker, server: Server) -> None:
    one, other = make(), make()
    task = one.submit("acme/zoom", REQUEST)
    assert other.tasks() == [task]
    done = other.resume(task.id)
    assert one.task(task.id) == done


def test_many_tasks_at_once_over_few_connections(server: Server, home: Path, whole: bool) -> None:
    count = 300 if whole else 100
    server.stages = []

    async def run() -> list[Task]:
        async with AsyncClient(
            plugins=[Zoom()],
            base_urls={"acme": server.url},
            keys={"acme": KEY},
            home=home,
            polling=Polling(first=0, every=0.01),
        ) as client:
            jobs = (client.generate("acme/zoom", Request(f"Kite {n}")) for n in range(count))
            done = await asyncio.gather(*jobs)
            assert len(await client.tasks()) == count
            return done

    done = asyncio.run(run())
    assert {task.state for task in done} == {"completed"}
    assert len({task.remote_id for task in done}) == server.posts() == count
    assert server.most <= 11  # one may be closing while the next is opened


def test_errors_are_pickled_with_their_task(make: Maker, server: Server) -> None:
    server.on("POST", answers(400, {"error": {"message": "no"}}))
    with pytest.raises(RefusedError) as caught:
        make().submit("acme/zoom", REQUEST)
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is RefusedError
    assert str(error) == str(caught.value)
    assert error.task == caught.value.task
    assert error.refusal == caught.value.refusal == Refusal(kind="refused", message="no")


def test_a_journal_file_that_is_not_a_database(make: Maker, server: Server, home: Path) -> None:
    home.mkdir()
    (home / "journal.db").write_bytes(b"not a database" * 100)
    with pytest.raises(JournalError, match=r"journal\.db cannot be used"):
        make().submit("acme/zoom", REQUEST)
    assert server.lines == []


def test_the_drivers_are_drivers(server: Server, home: Path) -> None:
    drivers = Drivers("sync", server, home)
    driver: Driver = drivers()
    assert isinstance(driver.client, Client)
    drivers.close()


def test_a_job_that_was_never_accepted_goes_to_the_current_base_url(
    make: Maker, server: Server
) -> None:
    server.on("POST", answers(302, location="https://elsewhere.example/"))
    with pytest.raises(ConfigurationError, match="redirects"):
        make().submit("acme/zoom", REQUEST, task="mine")
    (before,) = [body for line, _, body in server.seen if line.startswith("POST")]
    moved = f"{server.url}/other"
    task = make(base_urls={"acme": moved})
    server.on("POST /other/v1/clips", created)
    accepted = task.submit("acme/zoom", REQUEST, task="mine")
    assert (accepted.base_url, accepted.state) == (moved, "queued")
    line, headers, body = server.seen[-1]
    assert (line, body) == ("POST /other/v1/clips", before)
    assert headers["authorization"] == f"Bearer {KEY}"


def test_a_task_stays_where_it_was_sent(make: Maker, server: Server) -> None:
    task = make().submit("acme/zoom", REQUEST, task="mine")
    other = make(base_urls={"acme": f"{server.url}/other"})
    done = other.generate("acme/zoom", REQUEST, task="mine")
    assert (done.base_url, done.remote_id, bool(done.file)) == (server.url, task.remote_id, True)
    assert server.posts() == 1


def test_a_process_that_lost_its_lease_hands_the_id_to_the_new_owner(
    make: Maker, server: Server, home: Path
) -> None:
    """Like a suspended process whose lease ran out while the answer was under way."""
    later = Clock()
    later.advance(LEASE + 1)
    journal = SQLiteJournal(home / "journal.db", clock=later.since_boot)

    def take_over(handler: Handler) -> None:
        (task,) = journal.tasks()
        assert journal.claim(task.id, "rival")
        journal.save(msgspec.structs.replace(task, state="unknown"), "rival")
        created(handler)

    server.on("POST", take_over)
    with pytest.raises(StillRunningError, match="the provider has it as 'c-1'"):
        make().submit("acme/zoom", REQUEST)
    (task,) = journal.tasks()
    assert (task.state, task.remote_id) == ("queued", "c-1")
    journal.close()
    assert make().resume(task.id).file
    assert server.posts() == 1


def test_a_lone_surrogate_in_an_answer_does_not_lose_it(make: Maker, server: Server) -> None:
    server.on("POST", answers(400, '{"error": {"message": "bad \\ud83d"}}'))
    with pytest.raises(RefusedError, match="bad \ufffd") as caught:
        make().submit("acme/zoom", REQUEST)
    assert caught.value.task
    assert make().task(caught.value.task.id).state == "refused"


def test_a_relative_output_in_a_deleted_folder_is_explained(
    make: Maker, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ConfigurationError, match="give an absolute path"):
        make().submit("acme/zoom", REQUEST, output="kite.mp4")
    assert server.lines == []


class Dated(Replaying):
    """A provider that replays, and says when it created what it returns, and by which model."""

    def __init__(self, age: float = 3600, model: str | None = None) -> None:
        self.age, self.model = age, model

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        """Read the clip's id; the server's own clock runs an hour ahead of ours."""
        remote_id = pick_text(answer.json(), "clip", "ref")
        then = http_date(answer.headers["date"])
        assert then is not None
        if remote_id is None:
            return None
        return Receipt(remote_id, created_at=then - self.age, model=self.model)


@pytest.mark.parametrize("age", [2, 12, 59, 3600])
def test_a_replayed_task_older_than_the_job_belongs_to_another_job(
    make: Maker, server: Server, tmp_path: Path, age: float
) -> None:
    """The reference was used in another home, and the provider returns that job."""
    server.replays = True
    assert make(plugins=[Both()]).submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"
    other = make(plugins=[Dated(age)], home=tmp_path / "other", clock=StoppedClock())
    with pytest.raises(RefusedError, match=r"used before, for another video\. .*: c-1"):
        other.generate("acme/zoom", Request("Another one"), task="mine")
    (task,) = other.tasks()
    assert (task.state, task.receipt, other.tasks(unfinished=True)) == ("refused", None, [])
    assert not [line for line in server.lines if line.startswith("GET /files")]


class Pan(Zoom):
    """Another variant of the same provider."""

    declaration = msgspec.structs.replace(Zoom.declaration, id="acme/pan", model="pan")


def test_a_task_of_another_variant_is_another_jobs(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    server.replays = True
    assert make(plugins=[Both()]).submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"
    other = make(plugins=[Dated(0, "pan"), Pan()], home=tmp_path / "other", clock=StoppedClock())
    with pytest.raises(RefusedError, match=r"made by 'pan'.*another video\. .*: c-1"):
        other.generate("acme/zoom", Request("Another one"), task="mine")
    assert [task.state for task in other.tasks()] == ["refused"]


@pytest.mark.parametrize("model", ["zoom", "zoom-20260101", None])
def test_another_name_of_the_same_model_is_not_another_jobs(
    make: Maker, server: Server, model: str | None
) -> None:
    driver = make(plugins=[Dated(0, model), Pan()], clock=StoppedClock())
    assert driver.submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"


def test_times_in_whole_seconds_make_no_task_older(make: Maker, server: Server) -> None:
    driver = make(plugins=[Dated(1)], clock=StoppedClock())
    assert driver.submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"


def undated(handler: Handler) -> None:
    """Create a clip and return it, in an answer without a Date."""
    ref = handler.server.create(handler.headers.get("X-Job", ""))
    body = json.dumps({"clip": {"ref": ref, "stage": "waiting"}}).encode()
    handler.send_response_only(201)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Timed(Replaying):
    """A provider that replays, and says when it created what it returns."""

    def __init__(self, created_at: float) -> None:
        self.created_at = created_at

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        """Read the clip's id."""
        remote_id = pick_text(answer.json(), "clip", "ref")
        return Receipt(remote_id, created_at=self.created_at) if remote_id else None


@pytest.mark.parametrize(("age", "own"), [(0, True), (60, True), (60.5, False), (3600, False)])
def test_without_a_date_clocks_may_differ_by_a_minute(
    make: Maker, server: Server, age: float, own: bool
) -> None:
    clock = StoppedClock()
    server.on("POST", undated)
    driver = make(plugins=[Timed(clock.now() - age)], clock=clock)
    if own:
        assert driver.submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"
        return
    with pytest.raises(RefusedError, match=r"created before this job was sent; .*: c-1"):
        driver.submit("acme/zoom", REQUEST, task="mine")


def test_a_task_created_while_its_call_was_under_way_is_its_own(
    make: Maker, server: Server
) -> None:
    clock = StoppedClock()

    def slowly(handler: Handler) -> None:
        clock.advance(30)
        created(handler)

    server.on("POST", slowly)
    driver = make(plugins=[Dated(30)], clock=clock)
    assert driver.submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"


def test_a_task_created_before_a_wait_is_its_own(make: Maker, server: Server) -> None:
    """The provider says to come back, although it has created the task."""
    server.replays = True
    server.on("POST", bills_then(answers(429, retry_after="40")))
    driver = make(plugins=[Dated(40)], clock=StoppedClock())
    assert driver.submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"
    assert (len(server.clips), server.posts()) == (1, 2)


def test_a_look_up_ignores_a_task_older_than_the_job(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    class Findable(Dated):
        declaration = Both.declaration

        @hookimpl
        def look_up(self, variant: Variant, client_id: str) -> Steps[list[Receipt] | None]:
            answer = yield Call.get(variant.url("/v1/jobs/{id}", id=client_id))
            assert answer.status == 200
            then = http_date(answer.headers["date"])
            assert then is not None
            return [Receipt("c-1", created_at=then - 3600)]

    server.replays = True
    assert make(plugins=[Both()]).submit("acme/zoom", REQUEST, task="mine").remote_id == "c-1"
    server.on("POST", drops)
    other = make(plugins=[Findable()], home=tmp_path / "other")
    with pytest.raises(OutcomeUnknownError, match=r"for another video.*c-1 is not this job's"):
        other.submit("acme/zoom", Request("Another one"), task="mine")
    assert len(server.clips) == 1


def test_a_task_that_the_job_created_an_hour_ago_is_its_own(make: Maker, server: Server) -> None:
    """As after an outage of an hour."""
    server.replays = True
    server.on("POST", bills_then(drops), *[answers(500)] * 9)
    driver = make(plugins=[Replaying()])
    with pytest.raises(OutcomeUnknownError):
        driver.submit("acme/zoom", REQUEST, task="mine")
    server.script.clear()
    later = make(plugins=[Dated()])
    later.clock.advance(3600)
    assert later.resume("mine").remote_id == "c-1"
    assert len(server.clips) == 1
