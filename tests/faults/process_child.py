"""The child process of the rows about processes: `python -m faults.process_child WHAT CLIENT …`.

It prints a line for each job that it finishes; the key is in KEY.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rushes import AsyncClient, Client, Polling, RushesError, Task

from faults.films import VARIANTS
from faults.providers import PROVIDERS

THREADS = 16
kept: list[Any] = []
"""What must exist until the interpreter exits."""


class Job:
    """The job of one process: a variant, a folder for the film, and the client's settings."""

    def __init__(self, kind: str, provider: str, base_url: str, folder: str) -> None:
        self.asynchronous, self.variant = kind == "async", VARIANTS[provider]
        self.request = PROVIDERS[provider].request
        self.folder = Path(folder)
        self.settings: dict[str, Any] = {
            "keys": {provider: os.environ["KEY"]},
            "base_urls": {provider: base_url},
            "home": self.folder / "home",
            "polling": Polling(first=0, every=0.05),
        }

    def arguments(self, name: str) -> dict[str, Any]:
        """Return the arguments of a generate whose film gets this name."""
        prompt = self.request.prompt if name == "film" else f"A red kite, {name}"
        words = msgspec.structs.replace(self.request, prompt=prompt)
        output = self.folder / f"{name}.mp4"
        return {"variant": self.variant, "request": words, "output": output}


def emit(name: str, error: BaseException | None = None) -> None:
    """Print how a job ended, in one write."""
    os.write(1, f"{name}: {type(error).__name__ if error else 'done'}\n".encode())


def drop(job: Job, fork: bool) -> None:
    """Exit while a job runs in an abandoned event loop, or have a forked child do so."""
    loop, accepted = asyncio.new_event_loop(), asyncio.Event()
    client = AsyncClient(**job.settings)

    def on_update(task: Task) -> None:
        if task.state == "queued":
            accepted.set()

    running = loop.create_task(client.generate(**job.arguments("film"), on_update=on_update))
    loop.run_until_complete(accepted.wait())
    kept.extend((loop, client, running))
    if fork:
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            os.write(1, f"child: {os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)


def fork_between(job: Job) -> None:
    """Fork with connections open; both processes continue with the client, each with a job."""
    if job.asynchronous:
        asyncio.run(_fork_between(job))
        return
    with Client(**job.settings) as client:
        client.generate(**job.arguments("before"))
        child = os.fork()
        name = "parent" if child else "child"
        client.generate(**job.arguments(name))
        emit(name)
    _leave(child)


async def _fork_between(job: Job) -> None:
    async with AsyncClient(**job.settings) as client:
        await client.generate(**job.arguments("before"))
        child = os.fork()
        if not child:
            asyncio.run(client.generate(**job.arguments("child")))
            emit("child")
            os._exit(0)  # its parent's loop is not its own to close
        await client.generate(**job.arguments("parent"))
        emit("parent")
    _leave(child)


def fork_within(job: Job) -> None:
    """Fork in a callback before the call is sent; both processes continue with the job."""
    parent, forked = os.getpid(), list[int]()

    def fork(task: Task) -> None:
        if task.state == "sending" and not forked:
            forked.append(os.fork())

    error: BaseException | None = None
    try:
        if job.asynchronous:
            asyncio.run(_generate(job, fork))  # the child ends the loop, too
        else:
            with Client(**job.settings) as client:
                client.generate(**job.arguments("film"), on_update=fork)
    except RushesError as failure:
        error = failure
    emit("parent" if os.getpid() == parent else "child", error)
    _leave(forked[0])


async def _generate(job: Job, on_update: Callable[[Task], None]) -> None:
    async with AsyncClient(**job.settings) as client:
        await client.generate(**job.arguments("film"), on_update=on_update)


def _leave(child: int) -> None:
    if child:
        os.waitpid(child, 0)
    os._exit(0)


def threads(job: Job) -> None:
    """Use a new client in many threads at once, which switch as often as possible."""
    sys.setswitchinterval(1e-5)
    barrier, failures = threading.Barrier(THREADS), list[BaseException]()
    client = Client(**job.settings)

    def run(number: int) -> None:
        try:
            barrier.wait()
            name = f"{number:02}"
            client.generate(**{**job.arguments("film"), "output": job.folder / f"{name}.mp4"})
            emit(name)
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    started = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    client.close()
    if failures:
        raise failures[0]


def main(what: str, *given: str) -> None:
    """Run one of these by name."""
    job = Job(*given)
    if what in ("drop", "drop-and-fork"):
        drop(job, fork=what != "drop")
    else:
        {"fork": fork_between, "fork-within": fork_within, "threads": threads}[what](job)


if __name__ == "__main__":
    main(*sys.argv[1:])
