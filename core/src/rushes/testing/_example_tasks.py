"""Tasks as a journal records them."""

from typing import Any

import msgspec

from rushes.calls import Call
from rushes.task import Receipt, Result, Task

PROMPT = "A red kite over dunes, confidential"


def make_task(name: str = "kite", **facts: Any) -> Task:
    """Return a task before it is sent."""
    body = b'{"prompt":"%s"}' % PROMPT.encode()
    known: dict[str, Any] = {
        "variant": "acme/zoom",
        "client_id": name,
        "base_url": "https://acme.example",
        "call": Call(method="POST", url="https://acme.example/v1/clips", body=body),
        "created_at": 1000.0,
        "updated_at": 1000.0,
    }
    return Task(id=name, **{**known, **facts})


def after(task: Task, **facts: Any) -> Task:
    """Return a later version of a task."""
    return msgspec.structs.replace(task, **facts)


def ended(task: Task, when: float = 2000.0) -> Task:
    """Return a completed task with its video downloaded."""
    link = Result(url="https://files.acme.example/clip.mp4?signature=s3cret")
    return after(
        task,
        state="completed",
        receipt=Receipt("c-1"),
        results=(link,),
        file="/videos/kite.mp4",
        updated_at=when,
    )
