"""Processes in which tests use a client; all are forked from one that has imported everything.

It reads orders from standard input, one line of JSON each, and answers each with an exit code.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import threading
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from acme_driver import KEY, REQUEST
from acme_zoom import Zoom
from rushes import AsyncClient, Client, ConfigurationError, DiskError, Polling, RushesError, Task


def settings(home: str, url: str, **changes: Any) -> dict[str, Any]:
    known = {"home": home, "base_urls": {"acme": url}, "keys": {"acme": KEY}, "plugins": [Zoom()]}
    return {**known, "polling": Polling(first=0, every=0.01), **changes}


def fork_in_a_callback(home: str, url: str, state: str, kept: str) -> None:
    """Fork in the callback for a state; both processes continue."""
    parent, forked = os.getpid(), list[int]()

    def fork(task: Task) -> None:
        if task.state == state and not forked:
            forked.append(os.fork())

    changes = {} if kept == "journal" else {"journal": None}
    words = "done"
    try:
        with Client(**settings(home, url, **changes)) as client:
            client.generate("acme/zoom", REQUEST, output=f"{home}/{state}.mp4", on_update=fork)
    except RushesError as error:
        words = type(error).__name__
    side = "parent" if os.getpid() == parent else "child"
    if side == "parent":
        os.wait()
    os.write(1, f"{side}: {words}\n".encode())
    os._exit(0)


def fork_in_a_callback_of_a_loop(home: str, url: str, state: str, end: str) -> None:
    """Fork in the callback for a state; the child ends as a program does, or at once."""
    parent, forked = os.getpid(), list[int]()

    def fork(task: Task) -> None:
        if task.state == state and not forked:
            forked.append(os.fork())

    async def main() -> None:
        await asyncio.to_thread(os.getpid)  # the loop has a thread to wait for when it is closed
        words = "done"
        client = AsyncClient(**settings(home, url))
        try:
            output = f"{home}/{state}.mp4"
            await client.generate("acme/zoom", REQUEST, output=output, on_update=fork)
        except RushesError as error:
            words = f"{type(error).__name__}: {error}"
            if os.getpid() != parent:
                try:
                    await client.task("kite")
                except RushesError as again:
                    words += f" {type(again).__name__}"
        side = "parent" if os.getpid() == parent else "child"
        os.write(1, f"{side}: {words}\n".encode())
        if side == "child" and end == "at once":
            os._exit(0)
        await client.close()

    asyncio.run(main())
    if os.getpid() == parent:
        status = os.waitstatus_to_exitcode(os.waitpid(forked[0], 0)[1])
        os.write(1, f"status: {status}\n".encode())


def drop_the_loop(home: str, url: str, when: str) -> None:
    """Exit while a generate runs in an abandoned event loop."""
    loop = asyncio.new_event_loop()
    client = AsyncClient(**settings(home, url))
    reached = asyncio.Event()

    def notice(task: Task) -> None:
        if task.state == when:
            reached.set()

    job = loop.create_task(client.generate("acme/zoom", REQUEST, on_update=notice))
    loop.run_until_complete(reached.wait())
    kept.extend((job, loop, client))  # until the interpreter ends
    os.write(1, b"ending\n")


kept: list[Any] = []


def fork_an_asynchronous_program(home: str, url: str, when: str) -> None:
    """Fork while a loop runs a generate; the child exits, which cleans up the loop.

    That breaks the parent's loop, too: on Linux the two share one epoll. So the parent stops
    here, and leaves the task to whoever resumes it.
    """

    async def main() -> None:
        async with AsyncClient(**settings(home, url)) as client:
            reached = asyncio.Event()

            def notice(task: Task) -> None:
                if task.state == when:
                    reached.set()

            job = asyncio.create_task(client.generate("acme/zoom", REQUEST, on_update=notice))
            await reached.wait()
            if os.fork() == 0:
                kept.append(job)
                sys.exit(0)
            _, status = os.wait()  # noqa: ASYNC222 - the loop runs nothing any more
            os.write(1, f"child: {os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)

    asyncio.run(main())


def leave_open(home: str, url: str, kind: str, what: str) -> None:
    """Forget to close three clients that were used."""
    warnings.simplefilter("always")
    with Client(**settings(home, url)) as client, contextlib.suppress(DiskError):
        client.submit("acme/zoom", REQUEST, task="kite", output=f"{home}/journal.db")
    for _ in range(3):
        if kind == "sync":
            _use(Client(**settings(home, url)), home, what)
        else:
            asyncio.run(_use_async(AsyncClient(**settings(home, url)), home, what))
        os.write(1, f"open: {bool(_open_journal_files())}\n".encode())
        gc.collect()
        while ours := [t for t in threading.enumerate() if t.name.startswith("rushes")]:
            ours[0].join(0.05)
            gc.collect()  # a thread that was just finishing a job still referred to the client
    os.write(1, f"left: {_open_journal_files()}\n".encode())


def _use(client: Any, home: str, what: str) -> None:
    with contextlib.suppress(DiskError, ConfigurationError):  # already cancelled
        if what == "full":
            client.submit("acme/zoom", REQUEST, output=f"{home}/keys.json")
        elif what == "generate":
            client.generate("acme/zoom", REQUEST)
        else:
            client.cancel("kite") if what == "cancel" else client.tasks()


async def _use_async(client: Any, home: str, what: str) -> None:
    with contextlib.suppress(DiskError, ConfigurationError):
        if what == "full":
            await client.submit("acme/zoom", REQUEST, output=f"{home}/keys.json")
        elif what == "generate":
            await client.generate("acme/zoom", REQUEST)
        else:
            await (client.cancel("kite") if what == "cancel" else client.tasks())


def _open_journal_files() -> list[str]:
    """List the journal files that are open."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the descriptor used to list them
            found.append(descriptor.readlink().name)
    return [name for name in found if "journal.db" in name]


def main() -> None:
    """Fork a process for each order; it ends as any program does, with its interpreter."""
    for module in ("_network.transport", "_network.async_transport", "_journal.sqlite"):
        import_module(f"rushes.{module}")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(240)  # it ends by itself, on a busy machine much later
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT, 0o600), number)
            globals()[order["what"]](*order["given"])
            return
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
