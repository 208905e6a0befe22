"""One subject of the benchmark in a process of its own: prints as JSON what its jobs consist of.

`profile`: for each part of a job, its calls of Python's functions and of C's, and their seconds of
CPU, under a profiler. `threads`: the seconds of CPU of the first thread and of the others, without
one. `stops`: how often a thread waits. `statements`: what SQLite executes. `poll`: the microseconds
to make the call of a poll, by step. `connection`: those that a new connection takes to a host with
a name and TLS.
Usage: python parts.py WHAT NAME ADDRESS JOBS CORE
"""

import asyncio
import cProfile
import json
import os
import resource
import sqlite3
import ssl
import sys
import threading
import time
import timeit
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import subjects

PARTS = {
    "asyncio and its selector": ("asyncio/", "selectors.py"),
    "the network": ("rushes/_network/", "httptools"),
    "flows and their driver": ("rushes/_flow", "rushes/_client/", "client.py"),
    "the key, the claim, observers": (
        "rushes/_session/", "rushes/_keys/", "rushes/_urls", "rushes/urls", "rushes/home",
    ),
    "the plugin, its hooks and answers": (
        "rushes/_plugins/", "rushes_toapis/", "rushes/calls.py", "rushes/variant.py",
        "rushes/answers.py", "rushes/task.py", "<declared>",
    ),
    "the check": ("rushes/_check/", "rushes/_payload/", "rushes/draft.py", "rushes/_structs/"),
    "the submit": ("rushes/_submit/",),
    "waiting: the schedule, the status": ("rushes/_wait/",),
    "handing over to the journal": ("rushes/_journal/", "rushes/journal.py", "concurrent/"),
}  # fmt: skip
"""The parts of a job on the first thread, by the files of their functions."""
CERTIFICATE = Path(__file__).parents[2] / "core" / "tests" / "made_up_hosts.pem"
OTHER = "the benchmark, and the rest of the standard library"
WRITER = "the journal's thread"
KINDS = ("Python", "C", "seconds")
OURS = tuple(PARTS)[1:]


def part_of(file: str) -> str:
    """Return the part that a file of code belongs to."""
    found = (name for name, places in PARTS.items() if any(place in file for place in places))
    return next(found, OTHER)


class Profiles:
    """A profiler for this thread, and one for each thread that begins later."""

    def __init__(self) -> None:
        self._here = cProfile.Profile(time.thread_time)
        self._others: list[cProfile.Profile] = []
        threading.setprofile(self._begin_another)

    def _begin_another(self, *_: Any) -> None:
        self._others.append(cProfile.Profile(time.thread_time))
        self._others[-1].enable()

    def begin(self) -> None:
        """Begin to count."""
        self._before = self._so_far()
        self._here.enable()

    def end(self, jobs: int) -> dict[str, Any]:
        """Return for each part what KINDS says, per job, and the most that one function takes.

        That is a share of the first thread's CPU, and a function of ours.
        """
        self._here.disable()
        after = self._so_far()
        parts = {
            part: [(after[part, kind] - self._before[part, kind]) / jobs for kind in KINDS]
            for part in (*PARTS, OTHER, WRITER)
        }
        entries = [one for one in self._here.getstats() if not isinstance(one.code, str)]
        ours = [seconds(one) for one in entries if part_of(one.code.co_filename) in OURS]
        return {"parts": parts, "most": max(ours) / sum(map(seconds, entries)) if ours else 0}

    def _so_far(self) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = defaultdict(float)
        for profile in (self._here, *self._others):
            for entry in profile.getstats():
                if isinstance(entry.code, str):
                    continue  # a function in C is counted where it is called
                here = profile is self._here
                part = part_of(entry.code.co_filename) if here else WRITER
                found[part, "Python"] += entry.callcount
                found[part, "C"] += sum(call.callcount for call in in_c(entry))
                found[part, "seconds"] += seconds(entry)
        return found


def in_c(entry: Any) -> list[Any]:
    """Return the calls of functions in C that a function has made itself."""
    return [call for call in entry.calls or () if isinstance(call.code, str)]


def seconds(entry: Any) -> float:
    """Return the CPU of a function, with that of the functions in C which it calls."""
    return float(entry.inlinetime + sum(call.inlinetime for call in in_c(entry)))


async def profile(name: str, url: str, jobs: int) -> dict[str, Any]:
    """Profile jobs, all at once."""
    profiles = Profiles()
    async with subjects.ON_A_LOOP[name](url, subjects.INTERVAL) as job:
        await asyncio.gather(*(job() for _ in range(subjects.WARM_UP)))
        profiles.begin()
        await asyncio.gather(*(job() for _ in range(jobs)))
        return profiles.end(jobs)


async def profile_in_a_thread(name: str, url: str, jobs: int) -> dict[str, Any]:
    """Profile jobs of a subject for threads, one after another in one."""
    profiles = Profiles()
    with subjects.IN_THREADS[name](url, 0.001) as job:
        for _ in range(subjects.WARM_UP):
            job()
        profiles.begin()
        for _ in range(jobs):
            job()
        return profiles.end(jobs)


def used() -> dict[str, float]:
    """Return the seconds of CPU that the first thread and the others have used."""
    found = {"first": 0.0, "others": 0.0}
    for thread in threading.enumerate():
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        kind = "first" if thread is threading.main_thread() else "others"
        found[kind] += time.clock_gettime(clock)
    return found


async def threads(name: str, url: str, jobs: int) -> dict[str, Any]:
    """Measure the CPU of jobs, by thread."""
    async with subjects.ON_A_LOOP[name](url, subjects.INTERVAL) as job:
        await asyncio.gather(*(job() for _ in range(subjects.WARM_UP)))
        before = used()
        await asyncio.gather(*(job() for _ in range(jobs)))
        after = used()
    return {kind: (after[kind] - before[kind]) / jobs for kind in before}


async def stops(name: str, url: str, jobs: int) -> dict[str, Any]:
    """Count how often a thread of a crowd waits: for the network, the disk, a pause or another."""
    with (
        subjects.IN_THREADS[name](url, subjects.INTERVAL) as job,
        ThreadPoolExecutor(subjects.THREADS) as pool,
    ):
        for done in [pool.submit(job) for _ in range(subjects.WARM_UP)]:
            done.result()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
        for done in [pool.submit(job) for _ in range(jobs)]:
            done.result()
        return {"stops": (resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before) / jobs}


async def statements(name: str, url: str, jobs: int) -> dict[str, Any]:
    """Count what SQLite executes for jobs."""
    executed, connect = list[str](), sqlite3.connect

    def traced(*given: Any, **options: Any) -> Any:
        connection = connect(*given, **options)
        connection.set_trace_callback(executed.append)
        return connection

    sqlite3.connect = traced
    async with subjects.ON_A_LOOP[name](url, subjects.INTERVAL) as job:
        await asyncio.gather(*(job() for _ in range(subjects.WARM_UP)))
        executed.clear()
        await asyncio.gather(*(job() for _ in range(jobs)))
        began = [text.partition(" ")[0] for text in executed]
    around = began.count("BEGIN") + began.count("COMMIT") + began.count("PRAGMA")
    return {"commits": began.count("COMMIT") / jobs, "statements": (len(began) - around) / jobs}


async def poll(_name: str, url: str, _jobs: int) -> dict[str, Any]:
    """Measure the steps of making the call of a poll."""
    from rushes import Call, Client
    from rushes._flow import Send
    from rushes._network.http1 import head_of
    from rushes._network.requests import request_of

    with closing(Client(journal=None, **subjects.rushes_settings(url, 1, "."))) as client:
        loaded = client.registry.get("toapis/kling-v3")
        keys, network = client._session.keys, client._settings  # noqa: SLF001 - as a flow has them
        variant = loaded.variant

        def made() -> Call:
            return Call.get(variant.url(variant.status_path, id="task-0123456789"))

        call = made()
        effect = Send(call=keys.authorize(loaded, call, None, 0.0), total=30)
        request = request_of(effect, network)
        steps = {
            "its address": made,
            "the key, and where that may go": lambda: keys.authorize(loaded, call, None, 0.0),
            "the request": lambda: request_of(effect, network),
            "its bytes": lambda: head_of(request),
        }
        return {
            name: min(timeit.repeat(step, number=5000, repeat=9)) / 5000 * 1e6
            for name, step in steps.items()
        }


async def connection(_name: str, _url: str, _jobs: int) -> dict[str, Any]:
    """Measure what a new connection to a real provider takes, in microseconds of CPU."""
    from rushes._network.connections import _looked_up

    times = 1000
    before = subjects.cpu()
    for _ in range(times):
        await asyncio.wrap_future(_looked_up(lambda _host, _port: ["127.0.0.1"], "a", 443))
    name = (subjects.cpu() - before) / times
    return {"name": name * 1e6, "tls": min(handshake() for _ in range(200)) * 1e6}


def handshake() -> float:
    """Return the seconds of CPU that a handshake (TLS 1.3) takes the client, without a network."""
    offered, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    offered.load_cert_chain(CERTIFICATE)
    trusted.load_verify_locations(CERTIFICATE)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = offered.wrap_bio(up, down, server_side=True)
    begun = time.thread_time()
    client = trusted.wrap_bio(down, up, server_hostname="cdn.example")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    used = time.thread_time() - begun
    with suppress(ssl.SSLWantReadError):
        server.do_handshake()
    begun = time.thread_time()
    client.do_handshake()
    return used + time.thread_time() - begun


def main() -> None:
    what, name, url, jobs, core = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    ways: dict[str, Any] = {
        "profile": profile_in_a_thread if name in subjects.IN_THREADS else profile,
        "threads": threads,
        "stops": stops,
        "statements": statements,
        "poll": poll,
        "connection": connection,
    }
    print(json.dumps(asyncio.run(ways[what](name, url, int(jobs)))), flush=True)


if __name__ == "__main__":
    main()
