"""One subject of the benchmark in a process of its own: prints as JSON what its jobs cost.

A job is a submit, and polls until the task is done: the server says so at the fourth. What a
subject needs is imported in its function, so that a peer's environment needs no other's packages.

`cpu`: the CPU time of N jobs at once, user and system, of all threads, after 50 jobs have done the
imports and everything else that happens once. `memory`: what a waiting task keeps, after N submits,
while all of them sleep until a poll that never comes.
Usage: python subjects.py NAME ADDRESS N (cpu | memory) CORE
"""

import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

WARM_UP = 50
INTERVAL = 0.25
"""Seconds between two polls, for every subject: so short that the client is never idle."""
CONNECTIONS = 10
"""Most connections at once of what is written by hand; the default of rushes."""
THREADS = 50
QUIET = 6
"""Half-seconds without work, one after another, after which all tasks are taken to be asleep."""
KEY = "a-key-of-no-value"
PROMPT = "A red kite over dunes"
SUBMIT = "/v1/videos/generations"
BODY = {"model": "kling-v3", "prompt": PROMPT, "mode": "std", "duration": 5}

Job = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def bare(url: str, interval: float) -> AsyncIterator[Job]:
    """The least that a job can cost: bytes written and found by hand."""
    loop, port = asyncio.get_running_loop(), int(url.rpartition(":")[2])
    body = json.dumps(BODY).encode()
    submit = (
        f"POST {SUBMIT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body

    class Answers(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.waiting, self.buffer = transport, None, b""

        def data_received(self, data: bytes) -> None:
            self.buffer += data
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if found and len(rest) >= int(head.partition(b"Content-Length: ")[2].split(b"\r")[0]):
                self.buffer = b""
                self.waiting.set_result(json.loads(rest))

    free: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait((await loop.create_connection(Answers, "127.0.0.1", port))[1])

    async def ask(message: bytes) -> Any:
        connection = await free.get()
        connection.waiting = loop.create_future()
        connection.transport.write(message)
        answer = await connection.waiting
        free.put_nowait(connection)
        return answer

    async def job() -> None:
        task = (await ask(submit))["id"]
        poll = f"GET {SUBMIT}/{task} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        answer: Any = {}
        while answer.get("status") != "completed":
            await asyncio.sleep(interval)
            answer = await ask(poll.encode())

    yield job
    while not free.empty():
        free.get_nowait().transport.close()


@asynccontextmanager
async def aiohttp_loop(url: str, interval: float) -> AsyncIterator[Job]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(url, headers=headers, connector=connector) as session:

        async def job() -> None:
            async with session.post(SUBMIT, json=BODY) as response:
                task = (await response.json())["id"]
            answer: Any = {}
            while answer.get("status") != "completed":
                await asyncio.sleep(interval)
                async with session.get(f"{SUBMIT}/{task}") as response:
                    answer = await response.json()

        yield job


def by_httpx(library: str, carried_by: str | None = None) -> Any:
    """A loop by hand on httpx, or on httpx2, which has the same interface."""

    @asynccontextmanager
    async def loop(url: str, interval: float) -> AsyncIterator[Job]:
        httpx = importlib.import_module(library)
        limits = httpx.Limits(max_connections=CONNECTIONS)
        options: dict[str, Any] = {"limits": limits}
        if carried_by:
            options = {"transport": importlib.import_module(carried_by).AiohttpTransport(**options)}
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            base_url=url, headers=headers, timeout=600, **options
        ) as client:

            async def job() -> None:
                task = (await client.post(SUBMIT, json=BODY)).json()["id"]
                answer: Any = {}
                while answer.get("status") != "completed":
                    await asyncio.sleep(interval)
                    answer = (await client.get(f"{SUBMIT}/{task}")).json()

            yield job

    return loop


@asynccontextmanager
async def httpcore_loop(url: str, interval: float) -> AsyncIterator[Job]:
    import httpcore

    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    body = json.dumps(BODY).encode()
    async with httpcore.AsyncConnectionPool(max_connections=CONNECTIONS) as pool:

        async def job() -> None:
            given = await pool.request("POST", url + SUBMIT, headers=headers, content=body)
            task = json.loads(given.content)["id"]
            answer: Any = {}
            while answer.get("status") != "completed":
                await asyncio.sleep(interval)
                given = await pool.request("GET", f"{url}{SUBMIT}/{task}", headers=headers)
                answer = json.loads(given.content)

        yield job


@asynccontextmanager
async def pyreqwest_loop(url: str, interval: float) -> AsyncIterator[Job]:
    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().max_connections(CONNECTIONS)
    async with builder.default_headers({"Authorization": f"Bearer {KEY}"}).build() as client:

        async def job() -> None:
            given = await client.post(url + SUBMIT).body_json(BODY).build().send()
            task = (await given.json())["id"]
            answer: Any = {}
            while answer.get("status") != "completed":
                await asyncio.sleep(interval)
                given = await client.get(f"{url}{SUBMIT}/{task}").build().send()
                answer = await given.json()

        yield job


@asynccontextmanager
async def our_transport(url: str, interval: float) -> AsyncIterator[Job]:
    """A loop by hand on rushes' own transport, which is private: the promises cost the same."""
    from rushes import Call
    from rushes._flow import Dispatch, Send
    from rushes._network.async_transport import AsyncTransport
    from rushes._network.settings import NetworkSettings, Timeouts

    settings = NetworkSettings(
        timeouts=Timeouts(), proxy=None, connections=CONNECTIONS, transport=None
    )
    transport, key = AsyncTransport(settings), {"Authorization": f"Bearer {KEY}"}

    async def job() -> None:
        call = Call.post_json(url + SUBMIT, BODY, key)
        paid = Send(call=call, total=120, dispatch=Dispatch(lambda: None))
        task = (await transport.send(paid)).json()["id"]
        answer: Any = {}
        while answer.get("status") != "completed":
            await asyncio.sleep(interval)
            call = Call(method="GET", url=f"{url}{SUBMIT}/{task}", headers=key)
            answer = (await transport.send(Send(call=call, total=30))).json()

    yield job
    await transport.close()


@asynccontextmanager
async def openai_sdk(url: str, interval: float) -> AsyncIterator[Job]:
    import openai

    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1") as client:

        async def job() -> None:
            made = await client.videos.create_and_poll(
                prompt=PROMPT, model="sora-2", poll_interval_ms=int(interval * 1000)
            )
            assert made.status == "completed"

        yield job


@asynccontextmanager
async def litellm_sdk(url: str, interval: float) -> AsyncIterator[Job]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it fetches one at import
    import litellm

    where: dict[str, Any] = {
        "custom_llm_provider": "openai", "api_base": f"{url}/v1", "api_key": KEY,
    }  # fmt: skip

    async def job() -> None:
        video = await litellm.avideo_generation(prompt=PROMPT, model="sora-2", **where)
        while video.status != "completed":
            await asyncio.sleep(interval)
            video = await litellm.avideo_status(video_id=video.id, **where)

    yield job


def genblaze_provider(url: str, interval: float, library: str) -> Any:
    """Return a provider for the server, as genblaze's documentation describes one.

    genblaze leaves HTTP to its providers: here to the standard library, one connection for each
    thread, or to httpx, which its own extra `http` installs.
    """
    from http.client import HTTPConnection

    from genblaze_core.models.asset import Asset
    from genblaze_core.providers.base import BaseProvider

    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    body, local = json.dumps(BODY), threading.local()

    def by_httpx() -> Callable[..., Any]:
        import httpx

        client = httpx.Client(base_url=url, headers=headers, timeout=600)
        return lambda method, path, body=None: client.request(method, path, content=body).json()

    def by_standard_library(method: str, path: str, body: str | None = None) -> Any:
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection(url.removeprefix("http://"))
        local.connection.request(method, path, body, headers)
        return json.loads(local.connection.getresponse().read())

    ask = by_httpx() if library == "httpx" else by_standard_library

    class Provider(BaseProvider):
        name = "bench"
        poll_interval = interval

        def submit(self, step: Any, config: Any = None) -> Any:  # noqa: ARG002
            return ask("POST", SUBMIT, body)["id"]

        def poll(self, prediction_id: Any, config: Any = None) -> bool:  # noqa: ARG002
            answer = ask("GET", f"{SUBMIT}/{prediction_id}")
            done = bool(answer["status"] == "completed")
            if done:
                self._cache_poll_result(prediction_id, answer)
            return done

        def fetch_output(self, prediction_id: Any, step: Any) -> Any:
            answer = self._get_cached_poll_result(prediction_id)
            link = answer["result"]["data"][0]["url"]
            step.assets.append(Asset(url=link, media_type="video/mp4"))
            return step

    return Provider()


def genblaze_step() -> Any:
    from genblaze_core.models.enums import Modality
    from genblaze_core.models.step import Step

    return Step(provider="bench", model="kling-v3", prompt=PROMPT, modality=Modality.VIDEO)


def genblaze_by(library: str) -> Any:
    @asynccontextmanager
    async def genblaze(url: str, interval: float) -> AsyncIterator[Job]:
        provider = genblaze_provider(url, interval, library)

        async def job() -> None:
            step = await provider.ainvoke(genblaze_step(), {"timeout": 6000})
            assert step.status == "succeeded", step.error

        yield job

    return genblaze


def rushes_with(**options: Any) -> Any:
    @asynccontextmanager
    async def ours(url: str, interval: float) -> AsyncIterator[Job]:
        from rushes import AsyncClient, Request

        with tempfile.TemporaryDirectory(prefix="rushes-jobs-") as home:
            async with AsyncClient(**rushes_settings(url, interval, home), **options) as client:

                async def job() -> None:
                    task = await client.submit("toapis/kling-v3", Request(PROMPT))
                    assert (await client.wait(task, timeout=6000)).state == "completed"

                yield job

    return ours


def on_httpcore(subject: Any) -> Any:
    """Run a subject of ours as where httptools is not installed."""

    @asynccontextmanager
    async def without_httptools(url: str, interval: float) -> AsyncIterator[Job]:
        sys.modules["httptools"] = None  # type: ignore[assignment]
        async with subject(url, interval) as job:
            yield job

    return without_httptools


def rushes_settings(url: str, interval: float, home: str) -> dict[str, Any]:
    from rushes import Polling

    return {
        "load_plugins": ["toapis"],  # and no wrapper or observer that is installed here
        "keys": {"toapis": KEY},
        "base_urls": {"toapis": url},
        "home": home,
        "polling": Polling(first=interval, every=interval, at_most=6000),
    }


def rushes_in_threads(**options: Any) -> Any:
    @contextmanager
    def ours(url: str, interval: float) -> Iterator[Callable[[], Any]]:
        from rushes import Client, Request

        with (
            tempfile.TemporaryDirectory(prefix="rushes-jobs-") as home,
            Client(**rushes_settings(url, interval, home), **options) as client,
        ):

            def job() -> None:
                task = client.submit("toapis/kling-v3", Request(PROMPT))
                assert client.wait(task, timeout=6000).state == "completed"

            yield job

    return ours


@contextmanager
def genblaze_in_threads(url: str, interval: float) -> Iterator[Callable[[], Any]]:
    provider = genblaze_provider(url, interval, "standard library")

    def job() -> None:
        step = provider.invoke(genblaze_step(), {"timeout": 6000})
        assert step.status == "succeeded", step.error

    yield job


@contextmanager
def openai_in_threads(url: str, interval: float) -> Iterator[Callable[[], Any]]:
    import openai

    with openai.OpenAI(api_key=KEY, base_url=f"{url}/v1") as client:

        def job() -> None:
            made = client.videos.create_and_poll(
                prompt=PROMPT, model="sora-2", poll_interval_ms=int(interval * 1000)
            )
            assert made.status == "completed"

        yield job


ON_A_LOOP: dict[str, Any] = {
    "bare": bare,
    "aiohttp": aiohttp_loop,
    "httpx": by_httpx("httpx"),
    "httpx-aiohttp": by_httpx("httpx", carried_by="httpx_aiohttp"),
    "httpx2": by_httpx("httpx2"),
    "httpcore": httpcore_loop,
    "pyreqwest": pyreqwest_loop,
    "transport": our_transport,
    "transport-httpcore": on_httpcore(our_transport),
    "genblaze": genblaze_by("standard library"),
    "genblaze-httpx": genblaze_by("httpx"),
    "openai": openai_sdk,
    "litellm": litellm_sdk,
    "rushes": rushes_with(),
    "rushes-unrecorded": rushes_with(journal=None),
    "rushes-httpcore": on_httpcore(rushes_with()),
}
IN_THREADS: dict[str, Any] = {
    "genblaze-threads": genblaze_in_threads,
    "openai-threads": openai_in_threads,
    "rushes-threads": rushes_in_threads(),
    "rushes-unrecorded-threads": rushes_in_threads(journal=None),
}


def cpu() -> float:
    """Return the seconds of CPU that this process has used, in all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def kept() -> int:
    """Return the KiB that this process has in memory now."""
    gc.collect()
    with open("/proc/self/statm") as pages:  # noqa: PTH123 - every import would count
        return int(pages.read().split()[1]) * resource.getpagesize() // 1024


async def cost(name: str, url: str, jobs: int) -> dict[str, float]:
    async with ON_A_LOOP[name](url, INTERVAL) as job:
        await asyncio.gather(*(job() for _ in range(WARM_UP)))
        before, begun = cpu(), time.perf_counter()
        await asyncio.gather(*(job() for _ in range(jobs)))
        return {"cpu": (cpu() - before) / jobs, "seconds": time.perf_counter() - begun}


def cost_in_threads(name: str, url: str, jobs: int) -> dict[str, float]:
    with IN_THREADS[name](url, INTERVAL) as job, ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(job) for _ in range(WARM_UP)]:
            done.result()
        before, begun = cpu(), time.perf_counter()
        for done in [pool.submit(job) for _ in range(jobs)]:
            done.result()
        return {"cpu": (cpu() - before) / jobs, "seconds": time.perf_counter() - begun}


async def waiting(name: str, url: str, jobs: int) -> dict[str, float]:
    async with ON_A_LOOP[name](url, 0.01) as job:
        await asyncio.gather(*(job() for _ in range(WARM_UP)))
    async with ON_A_LOOP[name](url, 3600) as job:
        before = kept()
        asleep = [asyncio.ensure_future(job()) for _ in range(jobs)]
        idle, used = 0, cpu()
        while idle < QUIET:  # one idle half-second may be a disk that is slow
            await asyncio.sleep(0.5)
            idle = idle + 1 if cpu() - used < 0.005 else 0
            used = cpu()
        print(json.dumps({"kib": (kept() - before) / len(asleep)}), flush=True)
        os._exit(0)  # the tasks would go on waiting


def main() -> None:
    name, url, jobs, what, core = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    if name in IN_THREADS:
        found = cost_in_threads(name, url, int(jobs))
    else:
        found = asyncio.run((waiting if what == "memory" else cost)(name, url, int(jobs)))
    print(json.dumps(found), flush=True)
    os._exit(0)  # at a normal end, threads of pyreqwest's now and then abort the process


if __name__ == "__main__":
    main()
