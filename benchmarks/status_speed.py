"""How long reading a poll's answer takes, compared with msgspec and pydantic, in one run.

The answers have the shapes that the gateways document. Ours goes through the hook `parse_status`,
which reads by declared paths whatever arrives. Next to it, code written for one gateway alone makes
the same status of the same bytes: typed, decoded with msgspec, or validated with pydantic. They
take turns, so that the machine's noise affects all, and the shortest time of many rounds counts.
Usage: python benchmarks/status_speed.py [--write]
"""

import argparse
import platform
import sys
import timeit
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct
from performance_page import WRITE, write_section
from pydantic import BaseModel
from rushes import Answer, Receipt, Result, Status
from rushes.plugins import Registry, sample_task

LINK = "https://files.example.org/2026/11/22/8f0c2d7e/kite.mp4?expires=1700086400&signature=" + (
    "5d41402abc4b2a76b9719d911017c592"
)
TASK = "task_01KA4X8M3W"

TOAPIS = {
    "id": TASK, "object": "generation.task", "model": "kling-v3", "status": "in_progress",
    "progress": 50, "created_at": 1700000000, "metadata": {},
}  # fmt: skip
APIMART = {
    "id": TASK, "status": "processing", "progress": 50, "created": 1700000000,
    "estimated_time": 120,
}  # fmt: skip
UNIALL = {"id": TASK, "status": "in_progress", "progress": 50}
FILM = {"type": "video", "data": [{"url": LINK, "format": "mp4"}]}
FILMS = {"videos": [{"url": [LINK], "expires_at": 1700086400}]}
ANSWERS: dict[str, tuple[Any, Any]] = {
    "toapis/kling-v3": (
        TOAPIS,
        {
            **TOAPIS, "status": "completed", "progress": 100, "completed_at": 1700000100,
            "expires_at": 1700086400, "result": FILM,
        },
    ),
    "apimart/kling-v3": (
        {"code": 200, "data": APIMART},
        {
            "code": 200,
            "data": {
                **APIMART, "status": "completed", "progress": 100, "completed": 1700000100,
                "actual_time": 100, "cost": 0.42, "credits_cost": 4.2, "result": FILMS,
            },
        },
    ),
    "uniall/kling-v3-pro-audio": (
        UNIALL,
        {**UNIALL, "status": "completed", "progress": 100, "result": {"outputs": [{"url": LINK}]}},
    ),
}  # fmt: skip


def status(task: Any, links: list[tuple[str, float | None]], cost: float | None = None) -> Status:
    """Make the status of a task, as every gateway's own code would."""
    state: Any = "in_progress" if task.status == "processing" else task.status
    error = task.error
    return Status(
        state=state,
        progress=None if task.progress is None else float(task.progress),
        results=tuple(
            Result(url=link, expires_at=None if until is None else float(until), video=place)
            for place, (link, until) in enumerate(links, 1)
        ),
        reason=(error.message or error.code) if error else None,
        cost=cost,
        remote_id=task.id,
    )


def of_toapis(task: Any) -> Status:
    links = [(item.url, task.expires_at) for item in task.result.data] if task.result else []
    if task.url and task.url not in {link for link, _ in links}:
        links.append((task.url, task.expires_at))
    return status(task, links)


def of_apimart(answer: Any) -> Status:
    links = [
        (link, video.expires_at)
        for video in (answer.data.result.videos if answer.data.result else ())
        for link in ([video.url] if isinstance(video.url, str) else video.url)
    ]
    return status(answer.data, links, answer.data.cost)


def of_uniall(task: Any) -> Status:
    links = [task.video_url] if task.video_url else []
    if task.result:
        links += [task.result.video_url] if task.result.video_url else []
        for output in task.result.outputs:
            links.append(output if isinstance(output, str) else output.url or output.video_url)
    return status(task, [(link, None) for link in links])


def shapes(base: Any) -> tuple[Any, Any, Any]:
    """Return the types of the three answers, as msgspec's structs or as pydantic's models."""

    class Error(base):  # type: ignore[misc]
        message: str | None = None
        code: str | None = None

    class Task(base):  # type: ignore[misc]
        id: str
        status: str
        progress: float | str | None = None
        error: Error | None = None

    class Film(base):  # type: ignore[misc]
        url: str

    class Films(base):  # type: ignore[misc]
        data: list[Film]

    class ToApis(Task):
        url: str | None = None
        expires_at: float | None = None
        result: Films | None = None

    class Video(base):  # type: ignore[misc]
        url: str | list[str]
        expires_at: float | None = None

    class Videos(base):  # type: ignore[misc]
        videos: list[Video]

    class InApiMart(Task):
        cost: float | None = None
        result: Videos | None = None

    class ApiMart(base):  # type: ignore[misc]
        data: InApiMart

    class Output(base):  # type: ignore[misc]
        url: str | None = None
        video_url: str | None = None

    class Outputs(base):  # type: ignore[misc]
        video_url: str | None = None
        outputs: list[str | Output] = []  # noqa: RUF012 - both libraries copy it

    class UniAll(Task):
        video_url: str | None = None
        result: Outputs | None = None

    return ToApis, ApiMart, UniAll


def readers(variant: str, body: bytes) -> dict[str, Callable[[], Any]]:
    """Return what reads one answer: ours, and code that is written for this gateway alone."""
    place = list(ANSWERS).index(variant)
    of = (of_toapis, of_apimart, of_uniall)[place]
    decode = msgspec.json.Decoder(shapes(Struct)[place]).decode
    validate = shapes(BaseModel)[place].model_validate_json
    loaded = Registry(base_urls={"uniall": "https://gateway.example.org"}).get(variant)
    answer, receipt, task = Answer(200, {}, body), Receipt(TASK), sample_task(loaded.variant)
    return {
        "msgspec": lambda: of(decode(body)),
        "rushes": lambda: loaded.call("parse_status", answer=answer, receipt=receipt, task=task),
        "pydantic": lambda: of(validate(body)),
    }


def least(ways: dict[str, Callable[[], Any]]) -> list[float]:
    """Return the least time of each way, in µs."""
    found = dict.fromkeys(ways, float("inf"))
    for _ in range(1500):
        for name, way in ways.items():
            found[name] = min(found[name], timeit.timeit(way, number=20) / 20)
    return [seconds * 1e6 for seconds in found.values()]


def section(rows: list[tuple[str, float, float, float]]) -> str:
    """Return the page's section."""
    lines = [
        f"| {answer} | {base:.1f} | {ours:.1f} | {theirs:.1f} | {ours / base:.1f} |"
        for answer, base, ours, theirs in rows
    ]
    return f"""## A status

What it takes to read the answer to a poll, in µs: through the hook `parse_status`, or with code
written for one gateway alone, on msgspec's typed decoding or on pydantic. All take turns; the
shortest of 1,500 rounds counts. Measured with Python {platform.python_version()}. `nox -s bench`
measures again, and fails if ours takes more than 3 times as long as msgspec, or longer than
pydantic.

| answer | msgspec | **rushes** | pydantic | rushes of msgspec |
|---|---|---|---|---|
{chr(10).join(lines)}
"""


def main() -> int:
    """Measure and print; fail if ours takes longer than pydantic, or than 3 times msgspec."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=WRITE)
    given = parser.parse_args()
    rows = []
    for variant, answers in ANSWERS.items():
        for answer in answers:
            ways = readers(variant, msgspec.json.encode(answer))
            read = [way() for way in ways.values()]
            assert read[0] == read[1] == read[2], read
            base, ours, theirs = least(ways)
            rows.append((f"`{variant}`, {read[0].state}", base, ours, theirs))
    text = section(rows)
    print(text)
    if given.write:
        write_section(text)
    return 1 if any(ours > min(theirs, 3 * base) for _, base, ours, theirs in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
