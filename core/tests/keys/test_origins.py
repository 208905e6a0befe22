"""A key goes only to the address it was configured for, even for tasks at another address."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest
from acme_driver import KEY, REQUEST, Maker, journal_of
from acme_kinds import Both, Findable, Replaying
from acme_server import Server, answers, bills_then, created, drops, running
from acme_zoom import Zoom
from rushes import (
    ConfigurationError,
    OutcomeUnknownError,
    RushesError,
    StillRunningError,
    Task,
    Variant,
    hookimpl,
)

OTHER_KEY = "zoom-of-another-account-77aa"


@pytest.fixture
def other() -> Iterator[Server]:
    """Run the currently configured provider, at another address."""
    with running() as today:
        yield today


@pytest.fixture
def moved(server: Server, other: Server) -> dict[str, Any]:
    """Return settings with the base URL and key of the other address."""
    return {"base_urls": {"acme": other.url}, "keys": {"acme": OTHER_KEY}}


def refusal(driver: Any, verb: str, *given: Any, **named: Any) -> RushesError:
    """Attempt what is not allowed at another address; return the error."""
    with pytest.raises(RushesError) as caught:
        getattr(driver, verb)(*given, **named)
    return caught.value


def assert_explained(error: RushesError, server: Server, other: Server, task: Task) -> None:
    """Check that the error says which address needs which key, and that the other got no call."""
    words = str(error)
    assert f"task {task.id} was sent to {server.url}, but the key from the argument" in words
    assert f"configured for {other.url} and is not sent elsewhere" in words
    assert f"set ACME_BASE_URL={server.url} together with the key that belongs there" in words
    assert error.task == task
    assert other.lines == []


@pytest.mark.parametrize("verb", ["wait", "resume", "cancel"])
def test_a_task_at_another_address_is_not_polled_with_the_current_key(
    make: Maker, server: Server, other: Server, moved: dict[str, Any], verb: str
) -> None:
    task = make().submit("acme/zoom", REQUEST)
    before = len(server.seen)
    error = refusal(make(**moved), verb, task.id)
    assert type(error) is StillRunningError
    assert_explained(error, server, other, task)
    assert len(server.seen) == before
    assert make().resume(task.id).file
    assert server.posts() == 1


def test_a_repeated_job_at_another_address_is_not_polled_with_the_current_key(
    make: Maker, server: Server, other: Server, moved: dict[str, Any]
) -> None:
    task = make().submit("acme/zoom", REQUEST, task="mine")
    error = refusal(make(**moved), "generate", "acme/zoom", REQUEST, task="mine")
    assert type(error) is StillRunningError
    assert_explained(error, server, other, task)
    assert server.lines == ["POST /v1/clips"]


@pytest.mark.parametrize("plugin", [Findable, Replaying, Both])
@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_an_unknown_submit_at_another_address_is_not_looked_up_or_replayed(
    make: Maker, server: Server, other: Server, moved: dict[str, Any],
    plugin: type[Zoom], state: Any,
) -> None:  # fmt: skip
    server.replays = True
    server.on("POST", bills_then(drops))
    with pytest.raises(OutcomeUnknownError):
        make().submit("acme/zoom", REQUEST, task="mine")
    driver = make(plugins=[plugin()], **moved)
    task = msgspec.structs.replace(driver.task("mine"), state=state)
    with closing(journal_of(driver)) as journal:
        journal.save(task)
    for verb, given in (("resume", ("mine",)), ("submit", ("acme/zoom", REQUEST))):
        error = refusal(driver, verb, *given, **({"task": "mine"} if verb == "submit" else {}))
        assert type(error) is OutcomeUnknownError
        assert_explained(error, server, other, task)
    assert server.lines == ["POST /v1/clips"]
    assert make(plugins=[plugin()]).resume("mine").file
    assert len(server.clips) == 1


def test_only_a_result_behind_the_key_needs_the_key_of_its_address(
    make: Maker, server: Server, other: Server, moved: dict[str, Any]
) -> None:
    server.stages = []
    links = {"links": [f"{server.url}/files/1.mp4"]}
    for kept in ({"kept": f"{server.url}/files/behind-the-key"}, links):
        server.last = {"stage": "ready", **kept}
        task = make().wait(make().submit("acme/zoom", REQUEST))
        before = len(server.seen)
        if "links" in kept:
            assert make(**moved).fetch(task.id).file
        else:
            error = refusal(make(**moved), "fetch", task.id)
            assert type(error) is StillRunningError
            assert_explained(error, server, other, task)
            assert len(server.seen) == before
            assert make().fetch(task.id).file
    sent = {headers.get("authorization") for _, headers, _ in server.seen}
    assert sent == {f"Bearer {KEY}", None}


def test_an_unsent_job_is_not_resumed_at_another_address(
    make: Maker, server: Server, other: Server, moved: dict[str, Any]
) -> None:
    def stop(task: Task) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make().submit("acme/zoom", REQUEST, task="mine", on_update=stop)
    driver = make(**moved)
    error = refusal(driver, "resume", "mine")
    assert type(error) is ConfigurationError
    assert f"task mine was to be sent to {server.url}, but" in str(error)
    assert f"or give the request again, which sends it to {other.url}" in str(error)
    assert error.task
    assert error.task.state == driver.task("mine").state == "recorded"
    assert server.lines + other.lines == []
    assert driver.submit("acme/zoom", REQUEST, task="mine").base_url == other.url
    (seen,) = other.seen
    assert seen[1]["authorization"] == f"Bearer {OTHER_KEY}"


def test_resolve_works_with_another_address_configured(
    make: Maker, server: Server, other: Server, moved: dict[str, Any]
) -> None:
    server.on("POST", bills_then(drops))
    with pytest.raises(OutcomeUnknownError):
        make().submit("acme/zoom", REQUEST, task="mine")
    assert make(**moved).resolve("mine", remote_id="c-1").state == "queued"
    assert make().resume("mine").file


@pytest.mark.parametrize("path", ["/", "/other/v2"])
def test_another_path_on_the_same_origin_may_use_the_key(
    make: Maker, server: Server, path: str
) -> None:
    task = make().submit("acme/zoom", REQUEST)
    there = make(base_urls={"acme": server.url + path})
    assert there.resume(task.id).file
    assert server.posts() == 1


def test_without_a_configured_address_the_key_is_not_sent(make: Maker, server: Server) -> None:
    class Homeless(Zoom):
        """A provider that declares no base URL."""

        declaration = msgspec.structs.replace(Zoom.declaration, base_url=None)

    task = make(plugins=[Homeless()]).submit("acme/zoom", REQUEST)
    error = refusal(make(plugins=[Homeless()], base_urls={}), "resume", task.id)
    assert (
        f"is configured for no address and is not sent elsewhere; set ACME_BASE_URL={server.url}"
        in (str(error))
    )
    assert server.lines == ["POST /v1/clips"]


def test_a_changed_declared_base_url_counts_as_another_address(
    make: Maker, server: Server, other: Server
) -> None:
    def at(url: str) -> Zoom:
        plugin = Zoom()
        plugin.declaration = msgspec.structs.replace(Zoom.declaration, base_url=url)
        return plugin

    task = make(plugins=[at(server.url)], base_urls={}).submit("acme/zoom", REQUEST)
    error = refusal(make(plugins=[at(other.url)], base_urls={}), "resume", task.id)
    assert_explained(error, server, other, task)


class Wandering(Zoom):
    """A plugin that also polls a third address."""

    elsewhere = ""

    @hookimpl
    def poll(self, variant: Variant, receipt: Any) -> Any:
        """GET a third address first, then the task's own."""
        from rushes import Call

        yield Call.get(f"{self.elsewhere}/signs/{receipt.remote_id}")
        return (yield Call.get(variant.url(variant.status_path, id=receipt.remote_id)))


def test_a_call_to_a_third_address_goes_without_a_key(
    make: Maker, server: Server, other: Server
) -> None:
    plugin = Wandering()
    plugin.elsewhere = other.url
    driver = make(plugins=[plugin])
    other.on("GET", answers(200))
    server.on("POST", created)
    driver.wait(driver.submit("acme/zoom", REQUEST))
    assert {headers.get("authorization") for _, headers, _ in other.seen} == {None}
    assert {headers.get("authorization") for _, headers, _ in server.seen} == {f"Bearer {KEY}"}


def test_a_missing_key_leaves_the_task_with_the_error(make: Maker, server: Server) -> None:
    task = make().submit("acme/zoom", REQUEST)
    error = refusal(make(keys={}), "resume", task.id)
    assert "no key for acme; set ACME_API_KEY" in str(error)
    assert error.task == task
