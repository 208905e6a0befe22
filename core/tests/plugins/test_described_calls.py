"""Every call that a plugin describes is checked before it is recorded or sent."""

from collections.abc import Callable, Mapping
from http import HTTPMethod
from typing import Any

import pytest
from acme_declared import declared
from acme_driver import REQUEST, Maker
from acme_server import Server
from hypothesis import given
from hypothesis import strategies as st
from rushes import (
    Answer,
    BrokenPluginError,
    Call,
    Polling,
    Receipt,
    Steps,
    StillRunningError,
    Variant,
    hookimpl,
)
from rushes._keys.redacting import Secret
from rushes._plugins.calling import MAX_CALLS, LoadedVariant
from rushes._plugins.loading import build
from rushes.plugins import sample_task

JSON = {"Content-Type": "application/json"}
WRONG: dict[str, dict[str, Any]] = {
    "text as the body": {"body": '{"text": "k"}'},
    "Base64 as the body": {"body": "a2l0"},
    "an object as the body": {"body": {"text": "k"}},
    "a number in a header": {"headers": {"X-Version": 2}},
    "a header without a name": {"headers": {None: "2"}},
    "a list of headers": {"headers": [("X-Version", "2")]},
    "a method in bytes": {"method": b"POST"},
    "an address in bytes": {"url": b"https://api.acme.example/v1/clips"},
    "no address": {"url": None},
}
HOOKS: dict[str, dict[str, Any]] = {
    "poll": {"receipt": Receipt("c-1")},
    "cancel": {"receipt": Receipt("c-1")},
    "look_up": {"client_id": "k"},
    "upload": {"file": None},
}


def call(**changes: Any) -> Call:
    given = {"method": "POST", "url": "https://api.acme.example/v1/clips", "headers": JSON}
    return Call(**{**given, "body": b"{}", **changes})


def submitting(made: Any) -> Any:
    @hookimpl
    def submit() -> Any:
        return made

    return submit


def yielding(name: str, steps: Callable[[], Any]) -> Any:
    def hook() -> Any:
        return steps()

    hook.__name__ = name
    return hookimpl(hook)


def loaded(hook: Any) -> LoadedVariant:
    return build(declared(hooks=(hook,)), [], "acme/zoom")


def steps_of(hook: str, steps: Callable[[], Any]) -> Any:
    plugin = loaded(yielding(hook, steps))
    return plugin.call(hook, task=sample_task(plugin.variant), **HOOKS[hook])


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_a_wrong_creating_call_is_neither_recorded_nor_sent(
    make: Maker, server: Server, changes: dict[str, Any]
) -> None:
    driver = make(plugins=[declared(hooks=(submitting(call(**changes)),))])
    with pytest.raises(BrokenPluginError, match=r"^acme/zoom: the hook submit raised .*xpected"):
        driver.submit("acme/zoom", REQUEST, task="kite")
    assert (driver.tasks(), driver.unreadable(), server.lines) == ([], {}, [])


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_a_wrong_call_of_any_hook_names_it(hook: str, changes: dict[str, Any]) -> None:
    def steps() -> Any:
        yield call(**changes)

    with pytest.raises(BrokenPluginError, match=f"^acme/zoom: the hook {hook} raised .*xpected"):
        next(steps_of(hook, steps))


@given(st.none() | st.integers() | st.text() | st.just(Call) | st.lists(st.none()))
def test_what_is_no_call_is_refused(other: Any) -> None:
    def steps() -> Any:
        yield call()
        yield other

    made = steps_of("poll", steps)
    assert next(made) == call()
    with pytest.raises(BrokenPluginError, match="the hook poll raised TypeError: it yielded"):
        made.send(Answer(200))


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=st.text(st.characters(codec="utf-8")),
    headers=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
    body=st.none() | st.binary(),
)
def test_a_right_call_stays_as_it_is(
    method: str, path: str, headers: dict[str, str], body: bytes | None
) -> None:
    made = call(method=method, url=f"https://a.example/{path}", headers=headers, body=body)
    plugin = loaded(submitting(made))
    assert plugin.call("submit", payload=None, client_id="k") == made

    def steps() -> Any:
        yield made

    assert next(steps_of("poll", steps)) == made


def test_what_stands_for_text_or_bytes_becomes_that() -> None:
    made = call(method=HTTPMethod.POST, body=bytearray(b"{}"))
    sent = loaded(submitting(made)).call("submit", payload=None, client_id="k")
    assert (type(sent.method), type(sent.body), sent) == (str, bytes, call())


@pytest.mark.parametrize("ends", [None, 5, b"{}", Answer("200", {}, b"")])  # type: ignore[arg-type]
@pytest.mark.parametrize("hook", ["poll", "cancel"])
def test_what_is_no_answer_is_refused(hook: str, ends: Any) -> None:
    def steps() -> Any:
        yield call()
        return ends

    made = steps_of(hook, steps)
    next(made)
    with pytest.raises(BrokenPluginError, match=f"the hook {hook} raised"):
        made.send(Answer(200))


def test_a_wrong_poll_leaves_the_task_alive(make: Maker, server: Server) -> None:
    @hookimpl
    def poll() -> Any:
        yield 5

    task = make().submit("acme/zoom", REQUEST)
    driver = make(plugins=[declared(hooks=(poll,))], polling=Polling(first=0, every=1))
    with pytest.raises(StillRunningError, match="the hook poll raised TypeError: it yielded int"):
        driver.wait(task, timeout=0)
    assert make().resume(task.id).file
    assert server.posts() == 1


@pytest.mark.parametrize("headers", [{1: "x"}, {None: "x"}, {b"X-Key": "x"}])
def test_a_header_of_the_key_has_a_name(headers: Any) -> None:
    @hookimpl
    def authorize() -> Mapping[str, str]:
        return headers  # type: ignore[no-any-return]

    with pytest.raises(BrokenPluginError, match=r"the hook authorize .*as the name of a header"):
        loaded(authorize).authorize(call(), Secret("k"), {}, 0.0)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_makes_so_many_calls_and_no_more(hook: str) -> None:
    closed, kept = [], []

    def steps(most: int) -> Any:
        try:
            for _ in range(most):
                answer = yield call()
        finally:
            closed.append(most)
        return answer

    def made(most: int) -> int:
        kept.append(steps(most))  # not to be closed by going out of use
        taken, count = steps_of(hook, lambda: kept[-1]), 0
        sent = next(taken, None)
        while sent is not None:
            count += 1
            try:
                sent = taken.send(Answer(200))
            except StopIteration:
                sent = None
        return count

    assert made(MAX_CALLS) == MAX_CALLS
    with pytest.raises(BrokenPluginError, match=f"{hook} .*does not stop making calls; 20 were"):
        made(MAX_CALLS + 1)
    assert closed == [MAX_CALLS, MAX_CALLS + 1]


def test_a_poll_without_end_ends_like_one_not_understood(make: Maker, server: Server) -> None:
    @hookimpl
    def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
        while True:
            yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))

    task = make().submit("acme/zoom", REQUEST)
    server.stages = [{"stage": "rendering"}] * 1000
    driver = make(plugins=[declared(hooks=(poll,))])
    with pytest.raises(StillRunningError, match=r"poll .*does not stop making calls; 20 were made"):
        driver.refresh(task)
    assert server.lines.count("GET /v1/clips/c-1") == MAX_CALLS
    server.stages = []
    assert make().resume(task.id).file
