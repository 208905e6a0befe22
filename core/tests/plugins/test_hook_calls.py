"""Hooks are called as pluggy would call them, whether a wrapper takes part or not."""

from collections.abc import Generator
from typing import Any

import pytest
from acme_declared import declared
from rushes import Answer, BrokenPluginError, Receipt, Status, hookimpl
from rushes._plugins.calling import LoadedVariant, Wrapper
from rushes._plugins.loading import build
from rushes.plugins import sample_task

BODY = b'{"clip": {"ref": "c-1", "stage": "rendering"}}'


class Tap:
    """A wrapper that lets everything pass."""

    @hookimpl(wrapper=True)
    def parse_status(self) -> Generator[None, Any, Any]:
        return (yield)


def hook(
    says: str, calls: list[str], gives: Any = None, *, tryfirst: bool = False, trylast: bool = False
) -> Any:
    @hookimpl(tryfirst=tryfirst, trylast=trylast)
    def parse_status(answer: Answer) -> Any:
        calls.append(says)
        return gives

    return parse_status


def status_of(loaded: LoadedVariant) -> Any:
    task = sample_task(loaded.variant)
    return loaded.call(
        "parse_status", answer=Answer(200, {}, BODY), receipt=Receipt("c-1"), task=task
    )


@pytest.mark.parametrize("wrappers", [[], [Wrapper(Tap(), "tap")]], ids=["alone", "wrapped"])
class TestOrder:
    def test_the_last_declared_is_asked_first_and_the_default_last(
        self, wrappers: list[Any]
    ) -> None:
        calls: list[str] = []
        hooks = (
            hook("last", calls, trylast=True),
            hook("first", calls, tryfirst=True),
            hook("early", calls),
            hook("late", calls),
        )
        read = status_of(build(declared(hooks=hooks), wrappers, "acme/zoom"))
        assert calls == ["first", "late", "early", "last"]
        assert read == Status(state="in_progress", remote_id="c-1")

    def test_the_first_that_answers_ends_it(self, wrappers: list[Any]) -> None:
        calls: list[str] = []
        told = Status(state="failed", reason="it rained")
        hooks = (hook("unasked", calls), hook("asked", calls, told))
        assert status_of(build(declared(hooks=hooks), wrappers, "acme/zoom")) == told
        assert calls == ["asked"]

    def test_what_a_plugin_makes_is_checked(self, wrappers: list[Any]) -> None:
        odd = Status(state="flying", progress="half")  # type: ignore[arg-type]
        for wrong, words in ((odd, "Invalid enum value"), (7, "it returned int")):
            loaded = build(declared(hooks=(hook("odd", [], wrong),)), wrappers, "acme/zoom")
            with pytest.raises(BrokenPluginError, match=f"the hook parse_status raised .*{words}"):
                status_of(loaded)

    def test_a_parameter_with_a_default_is_given_what_pluggy_gives(
        self, wrappers: list[Any]
    ) -> None:
        @hookimpl
        def parse_status(answer: Answer, unheard_of: str = "its own") -> Status:
            return Status(state="failed", reason=unheard_of)

        loaded = build(declared(hooks=(parse_status,)), wrappers, "acme/zoom")
        assert status_of(loaded).reason == "its own"


def test_a_wrapper_that_gives_nothing_where_something_is_needed_is_blamed() -> None:
    class Swallows:
        @hookimpl(wrapper=True)
        def authorize(self) -> Generator[None, Any, None]:
            yield

    class Passes:
        @hookimpl(wrapper=True)
        def authorize(self) -> Generator[None, Any, Any]:
            return (yield)

    wrappers = [Wrapper(Swallows(), "cap (from acme-cap)"), Wrapper(Passes(), "outer")]
    loaded = build(declared(), wrappers, "acme/zoom")
    with pytest.raises(BrokenPluginError) as caught:
        loaded.call("authorize", call=None, key="k", secrets={}, now=0.0)
    assert str(caught.value) == (
        "acme/zoom: the hook authorize of the wrapper cap (from acme-cap) raised TypeError: "
        "it returned NoneType"
    )


def test_what_a_plugin_returns_wrongly_is_not_blamed_on_the_wrapper_that_receives_it() -> None:
    class Reads:
        @hookimpl(wrapper=True)
        def parse_status(self) -> Generator[None, Status, Status]:
            status = yield
            return Status(state=status.state)

    hooks = (hook("odd", [], "completed"),)
    loaded = build(declared(hooks=hooks), [Wrapper(Reads(), "reads")], "acme/zoom")
    with pytest.raises(BrokenPluginError) as caught:
        status_of(loaded)
    words = "acme/zoom: the hook parse_status raised TypeError: it returned str"
    assert str(caught.value) == words


@pytest.mark.parametrize("given", ["late", "early"])
def test_of_several_wrappers_the_one_that_returns_no_problems_is_blamed(given: str) -> None:
    class Cap:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        @hookimpl
        def validate(self) -> Any:
            return self.answer

    answers = {"early": (), "middle": [], "late": None, given: ["no"]}
    wrappers = [Wrapper(Cap(answer), name) for name, answer in answers.items()]
    loaded = build(declared(), wrappers, "acme/zoom")
    with pytest.raises(BrokenPluginError, match=f"the hook validate of the wrapper {given} raised"):
        loaded.judgements(None)


def test_a_wrapper_that_does_not_fit_is_named_instead_of_the_variant() -> None:
    class Misspelt:
        @hookimpl
        def aprove(self) -> None:
            """Limit nothing."""

    for wrong, words in ((Misspelt(), "unknown hook 'aprove'"), (Tap, "it is the class Tap")):
        with pytest.raises(BrokenPluginError, match=rf"^cap \(from acme-cap\): {words}"):
            build(declared(), [Wrapper(wrong, "cap (from acme-cap)")], "acme/zoom")


def test_another_base_url_is_the_same_plugin() -> None:
    loaded = build(declared(), [], "acme/zoom")
    assert loaded.with_variant(loaded.variant) is loaded
    other = loaded.with_variant(loaded.variant.at("https://elsewhere.example"))
    assert other.variant.base_url == "https://elsewhere.example"
    assert loaded.variant.base_url == "https://api.acme.example"
    polled = next(other.call("poll", receipt=Receipt("c-1"), task=sample_task(other.variant)))
    assert polled.url.startswith("https://elsewhere.example/")
