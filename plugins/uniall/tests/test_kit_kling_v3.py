"""The conformance kit on the four Kling v3 models at UniAll."""

from typing import Any

from rushes import Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_uniall import kling_v3

URL = "https://pictures.example.com/a.png"
TASK = {"task_id": "t", "status": "completed", "progress": "90%", "result": {"outputs": [URL]}}


def requests(model: str) -> list[Any]:
    """List requests that pass."""
    base = {"model": model, "prompt": "A red kite"}
    return [
        base,
        {**base, "image": URL, "last_image": URL, "duration": 15},
        {"model": model, "image": URL, "extra_body": {"multi_prompt": [{"prompt": "Up"}]}},
        Request(shots=[Shot("k")], images=[Image(URL, "first_frame")], guidance=0.5),
    ]


class KlingV3(VariantConformance):
    """The answers of UniAll, which are the same for every model."""

    __test__ = False
    receipts = (
        ({"task_id": "t"}, "t"),
        ({"id": "t", "status": "queued"}, "t"),
    )
    statuses = (
        (
            TASK,
            Status(state="completed", progress=90, remote_id="t", results=(Result(url=URL),)),
        ),
        (
            {"id": "t", "status": "queued"},
            Status(state="queued", remote_id="t"),
        ),
    )


class TestStdSilent(KlingV3):
    __test__ = True
    plugin = kling_v3.std_silent
    accepted = requests("kling-v3-std-silent")


class TestStdAudio(KlingV3):
    __test__ = True
    plugin = kling_v3.std_audio
    accepted = requests("kling-v3-std-audio")


class TestProSilent(KlingV3):
    __test__ = True
    plugin = kling_v3.pro_silent
    accepted = requests("kling-v3-pro-silent")


class TestProAudio(KlingV3):
    __test__ = True
    plugin = kling_v3.pro_audio
    accepted = requests("kling-v3-pro-audio")
