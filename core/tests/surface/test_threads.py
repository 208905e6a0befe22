"""Threads that share a new client: nothing half initialized is used."""

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

SCRIPT = Path(__file__).parents[1] / "concurrent_first_use.py"
CROWDS = int(os.environ.get("RUSHES_CROWDS", "10"))
"""How many fresh processes; a struct that is not made ready crashes most of them."""


def test_concurrent_first_use_never_crashes_the_interpreter(tmp_path: Path) -> None:
    for number in range(CROWDS):
        command = [sys.executable, str(SCRIPT), str(tmp_path / str(number))]
        ended = subprocess.run(command, capture_output=True, text=True)
        how = signal.Signals(-ended.returncode).name if ended.returncode < 0 else ended.stderr
        assert ended.returncode == 0, f"process {number}: {how}"


class Inner(Struct):
    """What an open object may hold."""

    name: str


class Known(Struct):
    """The known fields of an open object, which no payload's annotations name."""

    inner: dict[str, Inner]


def test_the_known_fields_of_an_open_object_are_made_ready() -> None:
    shape(Known)
    assert "StructInfo" in [type(held).__name__ for held in gc.get_referents(Inner)]


class Odd(Struct):
    """What msgspec cannot read: it could not tell which of the two is meant."""

    either: Zoom | Receipt | Struct


def test_a_payload_that_msgspec_cannot_read_is_told_when_it_is_loaded() -> None:
    plugin = Zoom()
    plugin.declaration = replace(Zoom.declaration, payload=Odd)
    with pytest.raises(BrokenPluginError, match="msgspec cannot read its payload struct"):
        Registry(plugins=[plugin])


class Longer(Receipt, frozen=True):
    """A plugin's own kind of receipt."""

    region: str = "here"


class Regional(Zoom):
    """A plugin that gives its own kind of receipt."""

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        return Longer("c-1")


def test_a_receipt_of_a_plugins_own_kind_becomes_ours() -> None:
    """As it is read back from the journal; and only our own kinds are made ready."""
    loaded = Registry(plugins=[Regional()]).get("acme/zoom")
    receipt = loaded.call("parse_submit", answer=Answer(200))
    assert type(receipt) is Receipt
    assert receipt == Receipt("c-1")
