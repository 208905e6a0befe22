"""Threads that share a new client never use anything half initialized."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from acme_zoom import Zoom
from msgspec import Struct
from msgspec.structs import replace
from rushes import Answer, BrokenPluginError, Receipt, hookimpl
from rushes._payload.fields import shape
from rushes._plugins.registry import Registry
from rushes.plugins import sample_task

SCRIPT = Path(__file__).parents[1] / "concurrent_first_use.py"
PROCESSES = int(os.environ.get("RUSHES_CROWDS", "4"))
"""How many processes to try; a struct that is not prepared crashes most of them."""


def test_concurrent_first_use_never_crashes_the_interpreter(tmp_path: Path) -> None:
    for number in range(PROCESSES):
        command = [sys.executable, str(SCRIPT), str(tmp_path / str(number))]
        ended = subprocess.run(command, capture_output=True, text=True)
        how = signal.Signals(-ended.returncode).name if ended.returncode < 0 else ended.stderr
        assert ended.returncode == 0, f"process {number}: {how}"


class Inner(Struct):
    """A value in an open object."""

    name: str


class Known(Struct):
    """The known fields of an open object, which are in no payload's annotations."""

    inner: dict[str, Inner]


def test_the_known_fields_of_an_open_object_are_prepared() -> None:
    shape(Known)
    assert "StructInfo" in [type(held).__name__ for held in gc.get_referents(Inner)]


class Odd(Struct):
    """A struct that msgspec cannot decode: the union is ambiguous."""

    either: Zoom | Receipt | Struct


def test_a_payload_that_msgspec_cannot_decode_is_reported_on_loading() -> None:
    plugin = Zoom()
    plugin.declaration = replace(Zoom.declaration, payload=Odd)
    with pytest.raises(BrokenPluginError, match="msgspec cannot read its payload struct"):
        Registry(plugins=[plugin])


class Longer(Receipt, frozen=True):
    """A plugin's own subclass of Receipt."""

    region: str = "here"


class Regional(Zoom):
    """A plugin that returns its own subclass of Receipt."""

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        return Longer("c-1")


def test_a_plugins_own_receipt_class_is_converted_to_ours() -> None:
    """As when it is read back from the journal; only our own classes are prepared."""
    loaded = Registry(plugins=[Regional()]).get("acme/zoom")
    task = sample_task(loaded.variant)
    receipt = loaded.call("parse_submit", answer=Answer(200), task=task)
    assert type(receipt) is Receipt
    assert receipt == Receipt("c-1")
