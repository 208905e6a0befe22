"""A model that its provider has ended: nothing is sent to it, and those that can are named."""

import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_declared import declared
from acme_driver import KEY, REQUEST, Maker, StoppedClock
from acme_server import Server
from rushes import Client, RequestError, Variant

DAY = datetime.date(1970, 1, 12)
"""The day of the clock, which stands at a million seconds."""


def model(name: str, **changes: Any) -> Variant:
    changes = {"id": f"acme/{name}", **changes}
    return msgspec.structs.replace(declared(), **changes)


def client(home: Path, *plugins: Variant) -> Client:
    return Client(plugins=plugins, home=home, clock=StoppedClock(), keys={"acme": KEY})


@pytest.mark.parametrize(
    ("days", "gone"), [(-1, True), (0, True), (1, False)], ids=["later", "on it", "before"]
)
def test_from_its_last_day_on_every_request_has_a_problem(
    home: Path, days: int, gone: bool
) -> None:
    with client(home, model("zoom", ends=DAY + datetime.timedelta(days=days))) as one:
        report = one.check("acme/zoom", REQUEST)
        assert [problem.code for problem in report.problems] == ["gone"] * gone
        assert (report.payload is None) == gone
        all_ = {each.variant: bool(each.problems) for each in one.check_all(REQUEST)}
        assert all_["acme/zoom"] == gone


def test_it_names_those_that_can(home: Path) -> None:
    others = [model("new"), model("ended", ends=DAY), model("strict", fields={})]
    with client(home, model("zoom", ends=DAY), *others) as one:
        (problem,) = one.check("acme/zoom", REQUEST).problems
        ours = [name for name in problem.variants if name.startswith("acme/")]
        assert ours == ["acme/new"]
        assert "ended it on 1970-01-12" in problem.message
        both = one.check("acme/zoom", {"prompt": "k", "seed": 7}).problems
        assert [each.code for each in both] == ["gone", "unsupported"]


def test_nothing_is_sent_and_its_tasks_are_still_followed(make: Maker, server: Server) -> None:
    task = make(plugins=[declared()]).submit("acme/zoom", REQUEST)
    driver = make(plugins=[model("zoom", ends=DAY)], clock=StoppedClock())
    with pytest.raises(RequestError, match="is gone"):
        driver.submit("acme/zoom", REQUEST, task="another")
    assert server.posts() == 1
    assert driver.resume(task).file
