"""Calling the hooks of one plugin; what one raises, or returns wrongly, is the plugin's fault."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from copy import copy
from functools import cached_property
from operator import itemgetter
from traceback import clear_frames, walk_tb
from types import CodeType, ModuleType, NoneType, TracebackType
from typing import Any, NamedTuple, TypeVar

import msgspec
import pluggy

from rushes._keys.redacting import Secret, redacted
from rushes._plugins.defaults import Defaults, authorization
from rushes._plugins.reading import EVERY
from rushes._plugins.reading import steps as path_steps
from rushes._structs.unrolled import unrolled
from rushes._urls import Origin, origin
from rushes.calls import Answer, Call, Steps, Token
from rushes.draft import Draft
from rushes.errors import BrokenPluginError, RushesError
from rushes.problems import Note, Problem, listing
from rushes.request import Request
from rushes.task import Receipt, Refusal, Status, Task
from rushes.variant import Variant
from rushes.webhooks import Delivery, Event

T = TypeVar("T")

PLUGIN_ERRORS = (Exception, SystemExit)
"""What a plugin is blamed for raising: it must not be able to end the program with SystemExit."""

GIVES: Mapping[str, tuple[type, ...]] = {
    "build_payload": (Draft,),
    "validate": (list,),
    "submit": (Call,),
    "approve": (list,),
    "parse_submit": (Receipt, Refusal, NoneType),
    "poll": (Generator,),
    "parse_status": (Status, NoneType),
    "parse_refusal": (Refusal,),
    "token": (Token, NoneType),
    "authorize": (Mapping,),
    "upload": (Generator, NoneType),
    "look_up": (Generator, NoneType),
    "cancel": (Generator, NoneType),
    "parse_webhook": (Generator, Event, NoneType),
}
"""What each hook returns; constructors do not validate, so the content is checked, too."""

MAX_CALLS = 20
"""Calls that a hook may make at a time: no provider is known to need more than three, and one that
is polled in a loop for as long as a task takes may lock its caller out."""
_MADE_ANEW = (Call, Receipt, Refusal, Status)
"""What is made anew, so that its fields are of the declared types."""
_STEPS = frozenset(hook for hook, kinds in GIVES.items() if Generator in kinds)
_GIVES_ANSWER = ("poll", "cancel")
"""The hooks of calls that return the answer to be read."""
_BINARY = (bytes, bytearray, memoryview)
_WHOSE = "rushes_wrapper"
"""The attribute of an error about what a wrapper returned: the wrapper's name."""


class Wrapper(NamedTuple):
    """A wrapper, and the name that errors give it."""

    part: Any
    name: str


class LoadedVariant:
    """A variant's plugin with the wrappers around it: the only place where its hooks are called."""

    def __init__(
        self,
        variant: Variant,
        manager: pluggy.PluginManager,
        hooks: Collection[str] = (),
        wrappers: Iterable[Wrapper] = (),
    ) -> None:
        self.variant = variant
        self.hooks = tuple(name for name in GIVES if name in hooks)
        """The names of the hooks that the plugin has itself, in the order of a job."""
        names = {id(wrapper.part): wrapper.name for wrapper in wrappers}
        self._builder = _builder(manager)
        self._whose = _whose(manager, names)
        self.judges = bool(manager.hook.validate.get_hookimpls())
        """Whether a hook judges payloads; if not, no check needs to ask."""
        self.approves = bool(manager.hook.approve.get_hookimpls())
        """Whether a wrapper is asked before the creating call; if not, no call has to wait."""
        self.makes_tokens = bool(manager.hook.token.get_hookimpls())
        """Whether calls may carry a token; if not, no call needs to ask."""
        self._authorizes = len(manager.hook.authorize.get_hookimpls()) > 1
        """Whether a hook makes the headers with the key; if not, the declaration says it."""
        readers = manager.hook.parse_webhook.get_hookimpls()
        self.reads_webhooks = bool(readers)
        """Whether the plugin reads what the provider sends to an endpoint of ours."""
        self.webhook_reader = tuple(part.function for part in readers)
        """The functions that read it: the same for variants that read it in the same way."""
        self.takes_webhook_secrets = any("secrets" in part.argnames for part in readers)
        """Whether a delivery may be signed with a secret of ours."""
        self._functions = _functions(manager, names)

    def with_variant(self, variant: Variant) -> "LoadedVariant":
        """Return the same plugin under another declaration (another base URL)."""
        if variant is self.variant:
            return self
        other = copy(self)
        other.variant = variant
        vars(other).pop("origins", None)
        return other

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """Where the provider's key may go."""
        return frozenset(map(origin, self.variant.own_origins))

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call one hook; whatever it raises, or returns wrongly, is the plugin's fault."""
        arguments["variant"] = self.variant
        given = None
        try:
            for function, take, default in self._functions[hook]:
                given = function(*take(arguments))
                if given is not None:
                    given = given if default else _sound(hook, given)
                    break
            else:
                _sound(hook, None)
        except RushesError:
            raise
        except PLUGIN_ERRORS as error:
            raise self._blame(f"the hook {hook}", error, reading="answer" in arguments) from error
        if hook in _STEPS and isinstance(given, Generator):
            return self._steps(hook, given if default else _sound_steps(hook, given))
        return given

    def draft(self, request: Request) -> Draft:
        """Return what the hook `build_payload` makes of a request, as `call` does, but faster.

        Raises whatever the plugin raises, without saying whose fault it is.
        """
        draft = self._builder and self._builder(self.variant, request)
        return draft if type(draft) is Draft else self.call("build_payload", request=request)

    def token(self, secrets: Mapping[str, Secret], now: float) -> tuple[Secret, float] | None:
        """Return the token that calls carry instead of a key, and when it expires, or None."""

        def make() -> tuple[Secret, float] | None:
            made = self.call("token", secrets=secrets, now=now)
            with self.blamed("the hook token"):
                return (_header(made.text), float(made.expires_at)) if made else None

        return _secretly(make, secrets)

    def authorize(
        self, call: Call, key: Secret, secrets: Mapping[str, Secret], now: float
    ) -> dict[str, Secret]:
        """Return the headers that authorise a call; no local variable shows them."""
        if not self._authorizes:
            return {name: Secret(text) for name, text in authorization(self.variant, key).items()}

        def make() -> dict[str, Secret]:
            given = self.call("authorize", call=call, key=key, secrets=secrets, now=now)
            with self.blamed("the hook authorize"):
                return {_name(name): _header(value) for name, value in given.items()}

        return _secretly(make, {**secrets, "token": key})

    def parse_webhook(
        self, delivery: Delivery, secrets: Sequence[Secret], now: float
    ) -> Steps[Event | None]:
        """Yield the calls that reading a delivery takes; return its event, or None."""
        named = {str(number): secret for number, secret in enumerate(secrets)}

        def read() -> Any:
            return self.call("parse_webhook", delivery=delivery, secrets=secrets, now=now)

        event = _secretly(read, named)
        if isinstance(event, Generator):
            event = yield from event
        with self.blamed("the hook parse_webhook"):
            if event is not None and not isinstance(event, Event):
                raise TypeError(f"it returned {type(event).__name__}")
            return event and made_anew(event, Event)

    def _steps(self, hook: str, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        try:
            return (yield from steps)
        except RushesError:
            raise
        except PLUGIN_ERRORS as error:
            raise self._blame(f"the hook {hook}", error, reading=True) from error

    def blamed(self, what: str) -> AbstractContextManager[None]:
        """Turn whatever a part of the plugin raises in a block into the error that names it."""
        return _Blamed(self._blame, what)

    def _blame(
        self, what: str, error: BaseException, *, reading: bool = False
    ) -> BrokenPluginError:
        """Return the error that names a part of the plugin, or the wrapper, that raised.

        If it was `reading` an answer, in which a provider may echo the key, its frames keep their
        lines and lose their locals.
        """
        raised_by = next((self._whose[code] for code in _codes(error) if code in self._whose), None)
        whose = getattr(error, _WHOSE, raised_by)
        if reading:
            clear_frames(error.__traceback__)
        what = f"{what} of the wrapper {whose}" if whose else what
        return BrokenPluginError(
            f"{self.variant.id}: {what} raised {type(error).__name__}: {error}"
        )

    @cached_property
    def rules_hold(self) -> Callable[[Any, Any], bool]:
        """Whether a payload satisfies every declared rule without a note.

        It takes the payload as rules see it, and as it will be sent.
        """
        lines, known = [], dict[str, Any]()
        for place, rule in enumerate(self.variant.rules):
            line, names = rule.line(f"rule_{place}")
            lines.append(line)
            known.update(names)
        return unrolled("read, raw", (*lines, "return True"), **known)

    def judgements(self, payload: Any) -> list[Problem | Note]:
        """Return the findings of the `validate` hooks, including the wrappers'."""
        return [item for found in self.call("validate", payload=payload) for item in found]

    def objections(self, task: Task, now: float) -> tuple[Problem, ...]:
        """Return what the `approve` hooks say against sending a job; it may block."""
        return tuple(item for found in self.call("approve", task=task, now=now) for item in found)


class _Blamed:
    """A block in which a part of a plugin runs: what that raises is its fault, not the caller's."""

    def __init__(self, blame: Callable[[str, BaseException], BrokenPluginError], what: str) -> None:
        self._blame, self._what = blame, what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, PLUGIN_ERRORS) and not isinstance(error, RushesError):
            raise self._blame(self._what, error) from error


def _functions(
    manager: pluggy.PluginManager, names: Mapping[int, str]
) -> dict[str, list[tuple[Callable[..., Any], Callable[[Any], Any], bool]]]:
    """Return the functions of each hook in the order of their turns: the first that answers counts.

    Each has a function that takes its arguments out of all that are given, and whether it is a
    default, which needs no check. Only where a wrapper takes part does pluggy make the call; what
    each part returns is then checked as it is returned.
    """
    found = {}
    for name, hook in vars(manager.hook).items():
        parts = hook.get_hookimpls()
        wrapped = any(part.wrapper or part.hookwrapper or part.kwargnames for part in parts)
        if wrapped or not hook.spec.opts["firstresult"]:
            for part in parts:
                _check_what_it_returns(part, name, names.get(id(part.plugin)))
            found[name] = [(_by_pluggy(hook), _taking(hook.spec.argnames), False)]
        else:
            found[name] = [
                (part.function, _taking(part.argnames), isinstance(part.plugin, Defaults))
                for part in reversed(parts)
            ]
    return found


def _builder(manager: pluggy.PluginManager) -> Callable[[Variant, Request], Any] | None:
    """Return the hook that drafts payloads, if it takes all and no wrapper takes part."""
    parts = manager.hook.build_payload.get_hookimpls()
    if any(part.wrapper or part.hookwrapper for part in parts):
        return None
    first = parts[-1]
    return first.function if first.argnames == ("variant", "request") else None


def _check_what_it_returns(part: pluggy.HookImpl, hook: str, whose: str | None) -> None:
    """Make a hook raise if what it returns is wrong: later, nobody knows which one returned it."""
    if hook not in GIVES or isinstance(part.plugin, Defaults) or part.hookwrapper:
        return
    function: Callable[..., Any] = part.function
    check = _findings if hook in _COLLECTED and not part.wrapper else _sound

    def checked(given: Any) -> Any:
        try:
            return check(hook, given)
        except PLUGIN_ERRORS as error:
            setattr(error, _WHOSE, whose)
            raise

    def plain(*arguments: Any) -> Any:
        given = function(*arguments)
        return None if given is None else checked(given)

    def around(*arguments: Any) -> Generator[Any, Any, Any]:
        return checked((yield from function(*arguments)))

    part.function = around if part.wrapper else plain  # type: ignore[misc]


def _whose(manager: pluggy.PluginManager, names: Mapping[int, str]) -> dict[CodeType, str | None]:
    """Return the code of every hook, with the wrapper that it belongs to; None: the variant."""
    found: dict[CodeType, str | None] = {}
    for hook in vars(manager.hook).values():
        for part in hook.get_hookimpls():
            code = getattr(part.function, "__code__", None)
            if code is not None:
                found[code] = names.get(id(part.plugin))
    return found


def name_of(part: Any) -> str:
    """Name a wrapper or an observer that was passed: by its module or class."""
    if isinstance(part, ModuleType):
        return part.__name__
    kind = part if isinstance(part, type) else type(part)
    return f"{kind.__module__}.{kind.__name__}".removeprefix("builtins.")


def _codes(error: BaseException) -> Iterator[CodeType]:
    """Yield the code that an error went through, beginning where it was raised."""
    frames = [frame.f_code for frame, _ in walk_tb(error.__traceback__)]
    yield from reversed(frames)


def _taking(names: Sequence[str]) -> Callable[[Any], Any]:
    if len(names) > 1:
        return itemgetter(*names)
    if not names:
        return lambda _: ()
    (only,) = names
    return lambda arguments: (arguments[only],)


def _by_pluggy(hook: pluggy.HookCaller) -> Callable[..., Any]:
    names = hook.spec.argnames if hook.spec else ()
    return lambda *arguments: hook(**dict(zip(names, arguments, strict=True)))


def _sound(hook: str, given: Any) -> Any:
    """Return what a plugin returned, as a value of our own type; raise if it is wrong."""
    if not isinstance(given, GIVES[hook]):
        raise TypeError(f"it returned {type(given).__name__}")
    if hook in _COLLECTED and isinstance(given, list):
        return [_findings(hook, found) for found in given if found is not None]
    if not isinstance(given, _MADE_ANEW):
        return given
    given = made_anew(given, next(kind for kind in _MADE_ANEW if isinstance(given, kind)))
    _check_videos(given)
    return given


def made_anew(given: Any, kind: type[T]) -> T:
    """Return what a plugin made as a value whose fields are of the declared types, or raise."""
    plain = msgspec.to_builtins(given, builtin_types=_BINARY)
    return msgspec.convert(plain, kind, builtin_types=_BINARY)


def _sound_steps(hook: str, steps: Generator[Any, Any, Any]) -> Generator[Call, Answer, Any]:
    """Yield a hook's calls, and return what it returns; raise if any of that is wrong."""
    answer = None
    with closing(steps):
        for made in range(MAX_CALLS + 1):
            try:
                call = steps.send(answer)
            except StopIteration as end:
                return _sound_end(hook, end.value, answer)
            if not isinstance(call, Call):
                raise TypeError(f"it yielded {type(call).__name__}, not a Call")
            if made == MAX_CALLS:
                raise RuntimeError(f"it does not stop making calls; {made} were made")
            answer = yield made_anew(call, Call)


def _sound_end(hook: str, given: Any, last: Answer | None) -> Any:
    """Return what a hook returned after its calls; raise if that should be an answer and is not."""
    if hook not in _GIVES_ANSWER or given is last is not None:
        return given
    if not isinstance(given, Answer):
        raise TypeError(f"it returned {type(given).__name__}, not an Answer")
    return made_anew(given, Answer)


def _check_videos(read: Any) -> None:
    """Raise ValueError if a video's number is left out, or its place is not one text."""
    status = read.status if isinstance(read, Receipt) else read
    if isinstance(status, Status):
        numbers = sorted({result.video for result in status.results})
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(f"it numbered the videos {listing(numbers)}; number them from 1")
        for result in status.results:
            if result.inside is not None and EVERY in path_steps(result.inside):
                raise ValueError(f"{result.inside!r} is not the path of one text")


def _secretly(make: Callable[[], T], secrets: Mapping[str, Secret]) -> T:
    """Call a hook that is given secrets.

    An error that it raises loses its frames and causes: their locals may contain text derived from
    a secret, which cannot be found by its value.
    """
    try:
        return make()
    except BaseException as error:  # noqa: BLE001 - Ctrl-C has the same frames
        failure = error.with_traceback(None)
    failure.__cause__ = failure.__context__ = None
    for secret in secrets.values():
        failure.args = tuple(redacted(argument, secret) for argument in failure.args)
    raise failure


def _name(name: Any) -> str:
    """Return a header's name; raise TypeError if it is not text."""
    if not isinstance(name, str):
        raise TypeError(f"it returned {type(name).__name__} as the name of a header")
    return name


def _header(value: Any) -> Secret:
    """Return a header's value; raise TypeError if it is not valid, without showing it."""
    if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
        raise TypeError("it returned a header that is not printable ASCII text")
    return Secret(value)


def judgement(item: Any) -> Problem | Note:
    """Return a finding of a rule or hook, which must be a Problem or a Note."""
    if not isinstance(item, (Problem, Note)):
        raise TypeError(f"it returned {type(item).__name__}, which is neither a Problem nor a Note")
    return item


def _objection(item: Any) -> Problem:
    """Return a finding of the hook `approve`, which must be a Problem."""
    if not isinstance(item, Problem):
        raise TypeError(f"it returned {type(item).__name__}, which is not a Problem")
    return item


_COLLECTED: Mapping[str, Callable[[Any], Problem | Note]] = {
    "validate": judgement,
    "approve": _objection,
}
"""Hooks of which every answer counts, and what each of their findings must be."""


def _findings(hook: str, given: Any) -> list[Problem | Note]:
    """Return what one part's `validate` or `approve` found; raise TypeError if it is no list."""
    judge = _COLLECTED[hook]
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        judge(given)
        raise TypeError(f"it returned one {type(given).__name__}; a list of them is needed")
    return [judge(item) for item in given]
