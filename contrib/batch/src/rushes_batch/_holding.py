"""Jobs held from the first call to the video: each a coroutine, thousands in one process.

Whoever delivers a job (an engine, a file) may deliver it twice, late, or to two processes. The
journal's claim decides which process works on it; any other process lets it go at once.
"""

import asyncio
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
from rushes import (
    AsyncClient,
    Journal,
    JournalError,
    NotSentError,
    OwnedElsewhereError,
    RefusedError,
    RushesError,
    StillRunningError,
    Task,
    UnknownTaskError,
)
from rushes.variant import key_variable

from rushes_batch._brake import LONGEST, Brake
from rushes_batch._jobs import Job, Limit, cost_of, was_sent
from rushes_batch._logs import info, warning

AGAIN = 2.0
"""Seconds before something is tried again, if nobody says when."""
ENOUGH = 200
"""Jobs of one provider that wait to be sent, from which on a process takes no more of them."""
_NO_LIMIT = Limit()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended here: `elsewhere` if another process works on it.

    `capped`: nothing was sent, because its purse could not pay for it. `error` is what was raised,
    if the video was not made; `task` is missing if nothing was recorded.
    """

    state: Literal["done", "failed", "elsewhere", "capped"]
    task: Task | None = None
    error: RushesError | None = None


class _Capped(Exception):
    """The purse of a job cannot pay for it; nothing was sent."""


class Holder:
    """Takes jobs through their life with one client; `journal` is the client's own.

    With a `brake`, which must be one of the client's wrappers, a provider that says to wait slows
    all who share the journal at once. Close the holder before the client: then every job that is
    held is let go, to be taken up by others.
    """

    def __init__(
        self,
        client: AsyncClient,
        journal: Journal,
        limits: Mapping[str, Limit] | None = None,
        *,
        brake: Brake | None = None,
    ) -> None:
        self._client, self._journal, self._limits = client, journal, limits or {}
        if brake is not None:
            brake.pressed = self._pressed
        self._held: dict[str, asyncio.Task[Outcome]] = {}
        self._gates: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.crowded: Callable[[Collection[str]], None] = _nobody
        """Called with the providers of which ENOUGH jobs wait here, whenever these change."""

    @property
    def providers(self) -> list[str]:
        """The providers whose plugins are installed here."""
        return sorted({name.partition("/")[0] for name in self._client.registry.ids()})

    @property
    def held(self) -> int:
        """How many jobs are held at the moment."""
        return len(self._held)

    async def hold(self, job: Job) -> Outcome:
        """Hold a job to its end; if it is held here already, wait for the same end.

        Cancelling this call does not let the job go; `close` does.
        """
        held = self._held.get(job.task)
        if held is None:
            held = asyncio.create_task(self._lived(job), name=job.task)
            self._held[job.task] = held
            held.add_done_callback(lambda _: self._held.pop(job.task, None))
        return await asyncio.shield(held)

    async def close(self) -> None:
        """Let every job go: what is at a provider goes on there, and others may take it up."""
        held = list(self._held.values())
        for each in held:
            each.cancel()
        await asyncio.gather(*held, return_exceptions=True)

    async def _lived(self, job: Job) -> Outcome:
        while True:
            try:
                task = await self._step(job)
            except OwnedElsewhereError as error:
                outcome = Outcome(state="elsewhere", task=error.task)
            except _Capped:
                outcome = Outcome(state="capped")
            except (StillRunningError, NotSentError, JournalError) as error:
                info("tried again", task=job.task, reason=str(error))
                await asyncio.sleep(AGAIN)
                continue
            except RefusedError as error:
                if error.refusal.kind == "wait":
                    variant = error.task.variant if error.task else job.variant or ""
                    await self._slow(variant, min(LONGEST, error.refusal.retry_after or AGAIN))
                    continue
                outcome = Outcome(state="failed", task=error.task, error=error)
            except RushesError as error:
                outcome = Outcome(state="failed", task=error.task, error=error)
            else:
                outcome = Outcome(state="done", task=task)
            await self._settle(job, outcome)
            self.ended[outcome.state] += 1
            why = {"reason": str(outcome.error)} if outcome.error else {}
            info("let go", task=job.task, outcome=outcome.state, **why)
            return outcome

    async def _step(self, job: Job) -> Task:
        """Resume a task, or send it once there is room."""
        with self._counted(job):
            known = await self._known(job.task)
            variant = job.variant or (known.variant if known else None)
            if variant is None or (known is None and job.request is None):
                raise UnknownTaskError(f"no task {job.task!r} is in the journal any more")
            again = known is not None and known.state == "refused" and job.request
            if known is None or known.state == "recorded" or again:
                await self._admitted(job, variant)
        if job.request is None or (known is not None and known.receipt):
            return await self._client.resume(known or job.task, watch=False)
        return await self._client.generate(
            variant, job.request, task=job.task, output=job.output, watch=False
        )

    async def _known(self, reference: str) -> Task | None:
        found: list[Task] = await self._begun("find", reference)
        return next((task for task in found if task.id == reference), None)  # some only begin so

    async def _admitted(self, job: Job, variant: str) -> None:
        """Wait until a task may be sent. For each key, one waiting job at a time asks.

        So at most one job for a key has money reserved that it cannot spend yet.
        """
        if not hasattr(self._journal, "admit"):
            return
        provider = variant.partition("/")[0]
        limit = self._limits.get(provider, _NO_LIMIT)
        key = self._key(provider)
        given = (job.task, key, limit.slots, limit.per_second)
        async with self._gates[key]:
            if job.purse and not await self._reserved(job):
                raise _Capped
            wait = await self._begun("admit", *given)
            while wait:
                await asyncio.sleep(AGAIN if math.isinf(wait) else wait)
                wait = await self._begun("admit", *given)

    @contextmanager
    def _counted(self, job: Job) -> Iterator[None]:
        """Count a job as one that waits to be sent."""
        provider = (job.variant or "").partition("/")[0]
        self._count(provider, 1)
        try:
            yield
        finally:
            self._count(provider, -1)

    def _count(self, provider: str, more: int) -> None:
        were_enough = self._waiting[provider] >= ENOUGH
        self._waiting[provider] += more
        if (self._waiting[provider] >= ENOUGH) != were_enough:
            self.crowded({name for name, count in self._waiting.items() if count >= ENOUGH})

    async def _reserved(self, job: Job) -> bool:
        fits: bool = await self._begun("reserve", job.task, job.purse, job.estimate)
        return fits

    async def _settle(self, job: Job, outcome: Outcome) -> None:
        """Count in its purse what a job cost, if it ended here.

        Not every error carries the task; a task whose plugin is missing here may have been sent.
        """
        if job.purse is None or outcome.state not in ("done", "failed"):
            return
        try:
            task = outcome.task or await self._known(job.task)
            usd = cost_of(task, job.estimate) if was_sent(task) else 0.0
            if usd is not None:
                await self._begun("settle", job.task, job.purse, usd)
        except RushesError as error:
            warning("its estimate counts", task=job.task, reason=str(error))

    async def _slow(self, variant: str, seconds: float) -> None:
        """Wait as long as a provider said, before the job is tried again."""
        self._pressed(variant.partition("/")[0], seconds)
        await asyncio.sleep(seconds)

    def _pressed(self, provider: str, seconds: float) -> None:
        """Slow all who send with the key of a provider that said to wait, without waiting."""
        journal: Any = self._journal
        if hasattr(journal, "slow"):
            journal.begin("slow", self._key(provider), seconds)

    async def _begun(self, method: str, *arguments: Any) -> Any:
        journal: Any = self._journal
        if not hasattr(journal, "begin"):
            return await asyncio.to_thread(getattr(journal, method), *arguments)
        return await asyncio.wrap_future(journal.begin(method, *arguments))

    def _key(self, provider: str) -> str:
        """Name the provider's key without containing it, as Limits wants it."""
        found = self._client.keys.find(provider, key_variable(provider))
        secret = found[0].encode() if found else b""
        return f"{provider}/{hashlib.blake2b(secret, digest_size=8).hexdigest()}"


def _nobody(_providers: Collection[str]) -> None:
    """Tell nobody: whoever delivers jobs here delivers them all."""
