"""Jobs distributed to workers by procrastinate, over the database that has the journal.

The engine only queues, delivers and wakes; the journal decides. A worker lets a job go whose task
another one owns, and the sweep makes rows that were lost again from the journal.
"""

import asyncio
import time
import traceback
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeGuard

import msgspec
import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException, JobAborted
from rushes import (
    ConfigurationError,
    JournalError,
    PostgresJournal,
    RushesError,
    Task,
    UnknownTaskError,
)

from rushes_batch._holding import Holder
from rushes_batch._jobs import Job, read_job
from rushes_batch._logs import trace, warning

__all__ = ["Engine"]

QUEUE = "rushes"
"""Beginning of the names of the queues of new jobs, one for each provider. A worker takes as many
jobs as it has room for, and none from a provider's queue while enough of that provider's jobs wait
in the worker to be sent."""
AGAIN = "rushes.again"
"""The queue of tasks that are at a provider and that nobody follows. They are taken up at once,
whatever the room: otherwise jobs that wait for a slot would keep out the tasks that have them."""
ANY_NUMBER = 1_000_000
TOGETHER = 1000
"""Jobs that are handed over in one statement."""
HOLD = "rushes.hold"
HEARTBEAT = 5.0
STALLED = 12.0
"""Seconds without a heartbeat after which a worker's rows are delivered to others; the journal's
leases are longer, and decide."""
SWEEP = 5.0
"""Seconds between two sweeps. What nobody holds is delivered again by the next, if it must be."""
LATER = 30
"""Seconds until a job is delivered again that failed here: a worker lacks the key or the plugin for
it, or cannot read it."""
_NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How a cut network is noticed, unless the address says otherwise; as the journal does it."""
_ONCE = "SELECT pg_advisory_xact_lock(hashtext('rushes engine'))"
_SWEEPING = (
    # Of each schema: several journals may share a database.
    "SELECT pg_try_advisory_lock(hashtext('rushes sweep'), hashtext(current_schema()::text))"
)
_UNLESS_SUSPENDED = (
    # Otherwise one that is suspended, or whose machine is gone, would keep the lock.
    "SELECT set_config('idle_session_timeout', %s, false) "
    "WHERE current_setting('idle_session_timeout', true) IS NOT NULL"
)
_BY_TASK = (
    "CREATE INDEX IF NOT EXISTS rushes_engine_by_task ON procrastinate_jobs ((args->>'task')) "
    "WHERE task_name = 'rushes.hold' AND status IN ('todo', 'doing')"
)
_OPEN = (
    "SELECT args->>'task', status::text, queue_name FROM procrastinate_jobs "
    "WHERE task_name = 'rushes.hold' AND status IN ('todo', 'doing') AND args->>'task' = ANY(%s)"
)
_WITHDRAW = (
    "SELECT procrastinate_cancel_job_v1(id, false, true) FROM procrastinate_jobs "
    "WHERE task_name = 'rushes.hold' AND status = 'todo' AND args->>'task' = ANY(%s)"
)
_JOBS = (
    "SELECT status::text, count(*) FROM procrastinate_jobs "
    "WHERE task_name = 'rushes.hold' GROUP BY 1"
)
_WORKERS = (
    "SELECT count(*) FROM procrastinate_workers "
    "WHERE last_heartbeat > now() - make_interval(secs => %s)"
)


class _Later(procrastinate.BaseRetryStrategy):
    """When a job that was not done here is delivered again: at once if this worker let it go.

    After a failure it waits; otherwise it would be delivered, and fail, in an endless fast loop.
    """

    def get_retry_decision(
        self,
        *,
        exception: BaseException,
        job: procrastinate.jobs.Job,  # noqa: ARG002 - theirs
    ) -> procrastinate.RetryDecision:
        """Give another worker time to take what this one cannot do."""
        let_go = isinstance(exception, (asyncio.CancelledError, JobAborted))
        seconds = 0 if let_go else LATER
        return procrastinate.RetryDecision(retry_in={"seconds": seconds})


def queue_of(provider: str) -> str:
    """Return the name of the queue of a provider's new jobs, or of those of which it is unknown."""
    return f"{QUEUE}:{provider}"[:40] if provider else QUEUE  # the server limits names


def _may_work_elsewhere(error: RushesError | None) -> TypeGuard[ConfigurationError]:
    """Whether another worker may succeed: one that has the key, or the plugin."""
    return isinstance(error, ConfigurationError) and not isinstance(error, UnknownTaskError)


class Engine:
    """The queue of jobs in a database; `opened` opens it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._network: dict[str, Any] = {
            name: value for name, value in _NETWORK.items() if name not in url
        }
        connector = procrastinate.PsycopgConnector(
            conninfo=url, kwargs=self._network, min_size=1, max_size=4
        )
        self._app = procrastinate.App(connector=connector)
        self._holder: Holder | None = None
        self._began = time.monotonic()
        self.swept: float | None = None
        """When this worker last swept, or saw that another one does; by `time.monotonic`."""
        self._hold = self._app.task(name=HOLD, queue=QUEUE, retry=_Later())(self._delivered)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Engine"]:
        """Connect, and make the engine's tables if they are missing; raises psycopg.Error."""
        async with await self._connected() as connection:
            await connection.execute(_ONCE)
            there = await connection.execute(
                "SELECT 1 FROM pg_class WHERE relname = 'procrastinate_jobs' "
                "AND pg_table_is_visible(oid)"
            )
            if await there.fetchone() is None:
                await connection.execute(self._app.schema_manager.get_schema())
            await connection.execute(_BY_TASK)
        async with self._app.open_async():
            yield self

    async def defer(self, jobs: Iterable[Job], *, first: bool = False) -> None:
        """Hand jobs to the workers; `first` before all others, and whatever room a worker has."""
        queues = defaultdict[str, list[Any]](list)
        for job in jobs:
            queue = AGAIN if first else queue_of((job.variant or "").partition("/")[0])
            queues[queue].append(msgspec.to_builtins(job))
        for queue, rows in queues.items():
            hold = self._hold.configure(queue=queue)
            for place in range(0, len(rows), TOGETHER):
                await hold.batch_defer_async(*rows[place : place + TOGETHER])

    async def withdraw(self, tasks: Iterable[str]) -> list[str]:
        """Take back the jobs that no worker holds yet; return the references of the others."""
        names = [*tasks]
        async with await self._connected() as connection:
            await connection.execute(_WITHDRAW, (names,))
            rows = await (await connection.execute(_OPEN, (names,))).fetchall()
        return [*dict.fromkeys(name for name, status, _ in rows if status == "doing")]

    async def waiting(self, tasks: Iterable[str]) -> list[str]:
        """Return the references of the jobs among these that wait, or are held by a worker."""
        async with await self._connected() as connection:
            rows = await (await connection.execute(_OPEN, ([*tasks],))).fetchall()
        return [*dict.fromkeys(name for name, _, _ in rows)]

    async def work(self, holder: Holder, journal: PostgresJournal, concurrency: int) -> None:
        """Hold what is delivered, until this is cancelled; then hand it on.

        At most `concurrency` new jobs are taken at a time, those that wait for a slot included.
        An outage of the database ends the engine's work, not the jobs that are held.
        """
        self._holder, self._began = holder, time.monotonic()
        new = [QUEUE, *dict.fromkeys(map(queue_of, holder.providers))]
        taken = [*new]

        def pass_over(providers: Iterable[str]) -> None:
            """Take no new jobs of these; procrastinate reads the list whenever it takes a job."""
            enough = {*map(queue_of, providers)}
            taken[:] = [queue for queue in new if queue not in enough]

        holder.crowded = pass_over
        try:
            async with asyncio.TaskGroup() as side_by_side:
                side_by_side.create_task(self._deliver(taken, concurrency))
                side_by_side.create_task(self._deliver([AGAIN], ANY_NUMBER))
                side_by_side.create_task(self._sweep(journal))
        finally:
            await holder.close()

    async def status(self) -> dict[str, Any]:
        """Return the number of workers that are alive, and of jobs in each state."""
        async with await self._connected() as connection:
            jobs = await (await connection.execute(_JOBS)).fetchall()
            alive = await (await connection.execute(_WORKERS, (STALLED,))).fetchone()
        # Each of ours counts as two of the engine's: it works on two queues.
        workers = (alive[0] + 1) // 2 if alive else 0
        return {"workers": workers, "jobs": {str(state): count for state, count in jobs}}

    @property
    def not_swept_for(self) -> float:
        """Seconds since the last sweep, here or elsewhere; before the first, since the start."""
        return time.monotonic() - (self._began if self.swept is None else self.swept)

    async def is_there(self) -> bool:
        """Whether the engine's tables answer, over the connections that it works with."""
        try:
            return await self._app.check_connection_async()
        except (ConnectorException, psycopg.Error):
            return False

    async def _connected(self, **more: Any) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        return await psycopg.AsyncConnection.connect(self._url, **self._network, **more)

    async def _delivered(self, **fields: Any) -> None:
        assert self._holder is not None  # noqa: S101 - nothing is delivered before
        try:
            outcome = await self._holder.hold(read_job(msgspec.json.encode(fields)))
        except Exception as error:
            # Procrastinate logs nothing when it delivers a job again.
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            reason = f"{type(error).__name__} in {where}"
            warning("a job failed", task=fields.get("task"), reason=reason, traceback=trace(error))
            raise
        if _may_work_elsewhere(outcome.error):
            raise outcome.error

    async def _deliver(self, queues: list[str], concurrency: int) -> None:
        while True:
            try:
                await self._app.run_worker_async(
                    queues=queues,
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=1.0,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=STALLED,
                    fetch_job_polling_interval=2.0,
                )
            except (ConnectorException, psycopg.Error) as error:
                warning("the engine cannot work", reason=type(error).__name__)
            await asyncio.sleep(1)  # a failing side task has stopped it

    async def _sweep(self, journal: PostgresJournal) -> None:
        """Requeue lost jobs at intervals, in one process at a time."""
        while True:
            try:
                async with await self._connected(autocommit=True) as connection:
                    may = await self._may_sweep(connection)
                    while may:
                        await self._heal(connection, journal)
                        self.swept = time.monotonic()
                        await asyncio.sleep(SWEEP)
                    self.swept = time.monotonic()  # another does
            except (ConnectorException, psycopg.Error) as error:
                warning("the sweep cannot work", reason=type(error).__name__)
            except JournalError as error:  # a newer version has changed its tables, perhaps
                warning("the sweep cannot work", reason=str(error))
            await asyncio.sleep(SWEEP)

    async def _may_sweep(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> bool:
        """Take the lock of those who sweep, if nobody has it; it ends with the connection."""
        await connection.execute(_UNLESS_SUSPENDED, (f"{4000 * SWEEP:.0f}ms",))
        held = await (await connection.execute(_SWEEPING)).fetchone()
        return bool(held and held[0])

    async def _heal(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], journal: PostgresJournal
    ) -> None:
        manager = self._app.job_manager
        for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            if stalled.task_name == HOLD and stalled.id is not None:
                now = procrastinate.utils.utcnow()
                await manager.retry_job_by_id_async(stalled.id, retry_at=now)
        left = await asyncio.to_thread(journal.tasks, unfinished=True)
        rows = await (await connection.execute(_OPEN, ([task.id for task in left],))).fetchall()
        waiting = {name for name, _, _ in rows}
        # What is at a provider does not wait until there is room.
        followed = {name for name, status, queue in rows if status == "doing" or queue == AGAIN}

        def is_lost(task: Task) -> bool:
            """Whether nothing carries a task that was sent, or is to be."""
            if task.state == "recorded":
                return task.id not in waiting
            return task.state != "unknown" and task.id not in followed

        alone = [task.id for task in left if is_lost(task)]
        # Some have no row because another program works on them, or because they have just ended.
        lost = await asyncio.to_thread(_unheld, journal, alone) if alone else []
        new = [task for task in lost if task.state == "recorded"]
        await self.defer(Job(task=task.id, variant=task.variant) for task in new)
        sent = [task for task in lost if is_lost(task) and task.state != "recorded"]
        await self.defer((Job(task=task.id) for task in sent), first=True)


def _unheld(journal: PostgresJournal, names: list[str]) -> list[Task]:
    """Return those of some tasks that have not ended and that nobody holds."""
    held = journal.held(names)
    free = (name for name in names if name not in held)
    found = (task for name in free for task in journal.find(name) if task.id == name)
    return [task for task in found if task.unfinished]
