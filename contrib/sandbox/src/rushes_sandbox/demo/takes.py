"""Shooting: the same request to every variant that the sandbox can stand in for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rushes import AsyncClient, Polling, Request, RushesError, Task

from rushes_sandbox.server import Sandbox

OnTake = Callable[[str, str, float | None], None]
"""Told the variant, the state in words, and the progress from 0 to 100."""


@dataclass(frozen=True)
class Take:
    """One variant's take: the video, or why there is none; the payload as it was sent."""

    variant: str
    file: Path | None
    sent: bytes
    input_mode: str | None
    error: str | None


async def shoot(
    sandbox: Sandbox, prompt: str, output: Path, home: Path, on_take: OnTake
) -> list[Take]:
    """Send the prompt to every variant at once; videos go to `output/videos`."""
    async with AsyncClient(
        keys=dict.fromkeys(sandbox.base_urls, sandbox.key),
        base_urls=sandbox.base_urls,
        home=home,
        polling=Polling(first=0.5, every=0.5),
    ) as client:
        variants = [
            variant
            for variant in client.registry.ids()
            if variant.partition("/")[0] in sandbox.base_urls
        ]
        for variant in variants:
            on_take(variant, "checked", None)
        return await asyncio.gather(
            *(_take(client, variant, prompt, output, on_take) for variant in variants)
        )


async def _take(
    client: AsyncClient, variant: str, prompt: str, output: Path, on_take: OnTake
) -> Take:
    request = Request(prompt, duration=5, aspect_ratio="16:9")
    report = client.check(variant, request)
    sent: list[bytes] = []

    def told(task: Task) -> None:
        if task.call and task.call.body:
            sent[:] = [task.call.body]
        state = "downloaded" if task.file else task.state.replace("_", " ")
        on_take(variant, state, task.progress)

    target = output / "videos" / f"{variant.replace('/', '-')}.mp4"
    file, error = None, None
    try:
        task = await client.generate(variant, request, output=target, on_update=told)
        file = Path(task.file) if task.file else None
    except RushesError as failure:
        error = str(failure)
        on_take(variant, "failed", None)
    body = sent[0] if sent else b"{}"
    return Take(variant, file, body, report.input_mode, error)
