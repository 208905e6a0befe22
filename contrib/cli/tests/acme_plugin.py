"""A made-up provider whose distribution tests install: its variants, its sandbox protocol."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rushes_sandbox import protocols

PLUGIN = """
import datetime
from typing import Annotated, Literal
from msgspec import Meta, Struct
from rushes import Answers, Call, Cancel, Provider, Source, Text, To, absent, hookimpl, rule

acme = Provider(
    spec=2, id="acme", base_url="https://api.acme.example", submit_path="/v2/videos",
    status_path="/v2/videos/{id}",
    answers=Answers(
        task_id=("video.id",), status="state", videos=("url",), progress="percent",
        words={"waiting": "queued", "running": "in_progress", "done": "completed",
               "error": "failed"},
    ),
)

class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    prompt: Annotated[Text, Meta(max_length=1000)]
    seconds: Annotated[int, Meta(ge=2, le=12)] = absent(4)

PAGE = Source("Acme", "https://docs.acme.example/videos")
FIELDS = {"prompt": To("prompt"), "duration": To("seconds")}

def variant(model, **changes):
    return acme.variant(model, **{"payload": Payload, "page": PAGE, "fields": FIELDS, **changes})

sound = variant("sound", cost=lambda body: 0.1, cancel=Cancel(path="/v2/videos/{id}"),
                facts=("USD for a video on 2026-11-21: 0.1.",))
"""

PROTOCOL = """
from rushes_sandbox import Protocol, Reply, Route, Scene, Shot, Status, Submit
from rushes_sandbox.checks import integer, text

def accepted(body, validation):
    fields = {"model": text(), "prompt": text(longest=1000, may_be_blank=False),
              "seconds": integer(2, 12), "picture": text()}
    validation.check_fields(body, "", fields, required=("prompt",))

def scene(incoming, backend):
    body = incoming.json
    shot = Shot(body["prompt"], body.get("seconds", 4))
    return Scene(variant="acme", prompt=body["prompt"], width=64, height=36, shots=(shot,),
                 sound=False)

WORDS = {"queued": "waiting", "in_progress": "running", "completed": "done", "failed": "error"}

def status(view):
    told = {"id": view.task.id, "state": WORDS[view.state], "percent": view.progress}
    return {**told, "url": view.url} if view.url else told

def keep(incoming, backend):
    upload = backend.store(incoming.files["file"].content, max_bytes=10**6, lifetime=60)
    return {"url": backend.upload_url(upload)}

MODELS = ("sound", "short", "careful", "careless", "without")

protocol = Protocol(
    id="acme",
    endpoints=(
        Route(method="POST", path="/v2/files", handle=keep, step="upload"),
        Submit(
            path="/v2/videos",
            models={name: accepted for name in MODELS},
            scene=scene,
            answer=lambda view: {"video": {"id": view.task.id}, "state": "waiting"},
            task_id="video.id",
        ),
        Status(path="/v2/videos/{id}", answer=status, own_id="id", word="state",
               progress="percent"),
        Route(method="DELETE", path="/v2/videos/{id}", handle=lambda incoming, backend: {}),
    ),
    error=lambda http, message, param: {"error": {"message": message}},
    ends=frozenset({"failed"}),
    scenery="dunes",
)
"""


@contextmanager
def on_the_path(folder: Path, only: str) -> Iterator[None]:
    """Make what is installed in a folder importable, here and in new processes, and forget it."""
    modules = [path.stem for path in folder.glob("*.py")]

    def forget() -> None:
        protocols.cache_clear()
        for name in modules:
            sys.modules.pop(name, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        before = os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), before])))
        patch.setenv("RUSHES_LOAD_PLUGINS", only)
        forget()
        yield
        forget()
