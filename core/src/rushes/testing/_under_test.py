"""The subject of a conformance test: one plugin, its examples, and calls as the core makes them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import methodcaller
from pathlib import Path
from traceback import walk_tb
from typing import Any, ClassVar, TypeVar

import msgspec
import pluggy
import pytest

from rushes._check.checking import check
from rushes._check.trial import sample_task
from rushes._keys.redacting import Secret
from rushes._plugins.calling import LoadedVariant, Wrapper, name_of
from rushes._plugins.installed import installed
from rushes._plugins.loading import build
from rushes._vocabulary.rule import ShapeRule
from rushes.calls import Answer, Call, Steps
from rushes.errors import BrokenPluginError
from rushes.problems import Note, Problem
from rushes.report import Report
from rushes.request import Request
from rushes.rules import Rule
from rushes.task import Receipt, Status, Task
from rushes.testing._answers import json_answer, put_at
from rushes.testing._breaking import Attempt, Fields, attempts
from rushes.variant import Variant
from rushes.webhooks import Delivery, Event

T = TypeVar("T")
Example = Mapping[str, Any] | Request
Examples = Example | Sequence[Example]
"""One example, or several."""
LOOPBACK = "http://127.0.0.1:9"
PUBLIC = "https://gateway.example.com"
HIDDEN = methodcaller("errisinstance", AssertionError)
"""Makes pytest leave the kit's own lines out of a failure: they do not help the author."""
__tracebackhide__ = HIDDEN
CALLERS = str(Path(__file__).parents[1]), str(Path(pluggy.__file__).parent)
"""Where the code lies that calls plugins: the core, and pluggy."""
NOW = 1.8e9
"""When the kit makes and authorises calls, and reads deliveries, in seconds since 1970."""
WITH_TASK = frozenset(("parse_submit", "poll", "parse_status", "look_up", "cancel"))
"""Hooks that are given the record of the job."""


class VariantUnderTest:
    """A plugin and its examples. A mapping is a native payload, a Request a portable one."""

    plugin: ClassVar[Any]
    """The plugin object, as its entry point names it."""
    accepted: ClassVar[Sequence[Example]]
    """Requests that pass; their wire bodies go into the snapshot."""
    rejected: ClassVar[Mapping[str, Examples]] = {}
    """For each `@rule` that finds problems, requests that it alone rejects. Those for rules of the
    vocabulary are made from `accepted`; a list here replaces them. Also for the code of a problem
    that `build_payload` adds, requests with that problem alone."""
    noted: ClassVar[Mapping[str, Examples]] = {}
    """For each `@rule` that only notes, requests that pass with its note."""
    receipts: ClassVar[Sequence[tuple[Any, str]]] = ()
    """Answers to a submit, each with its remote id; by default made from the declared paths, with
    what is kept for polls."""
    words: ClassVar[str] = ""
    """The provider's status words, each with our state if that differs: `pending:queued`. By
    default those that the declaration lists."""
    word_at: ClassVar[str] = ""
    """The path of the word in an answer to a poll, if the declaration does not say it."""
    polled: ClassVar[Any] = {}
    """An answer to a poll, into which the words are put, if a reader wants more than the word."""
    statuses: ClassVar[Sequence[tuple[Any, Status] | tuple[Any, Status, Example]]] = ()
    """Complete answers to a poll, each with its status; if that depends on what was sent (what it
    cost, say), the request comes third. By default it is the first accepted one."""
    look_ups: ClassVar[Sequence[tuple[Any, Sequence[str] | None]]] = ()
    """Answers to a look-up by our client id, each with its remote ids (none, if it says that there
    is no such task; None, if it is not understood), if they differ from answers to a poll."""
    refusals: ClassVar[Sequence[tuple[int, Any, str]]] = ()
    """HTTP status and body of error answers, each with the kind of refusal."""
    followed: ClassVar[Sequence[tuple[Sequence[Any], Status | None]]] = ()
    """For a `poll` that is a hook: the answers to its calls in order, each an Answer or the body of
    one, and the status that comes of them, None if they are not understood."""
    exchanges: ClassVar[Mapping[str, Sequence[Any]]] = {}
    """Bodies of the answers to the calls that `poll`, `look_up`, `cancel`, `upload` and
    `parse_webhook` make, in order; by default an answer to a poll."""
    deliveries: ClassVar[Sequence[tuple[Delivery, Event | None]]] = ()
    """What the provider sends to an endpoint of ours, each with its event, for `parse_webhook`: at
    the time 1,800,000,000, signed with `webhook_secrets`, with the headers that count. One that is
    rightly signed and still not understood has None."""
    webhook_secrets: ClassVar[Sequence[str]] = ()
    """The secrets with which deliveries are signed."""
    wrappers: ClassVar[Sequence[Any]] = ()
    """Wrappers to try the variant with."""
    overrides: ClassVar[Mapping[str, str]] = {}
    """Kit tests that the subclass replaces, each with the reason."""

    def loaded(self, base_url: str = PUBLIC) -> LoadedVariant:
        """Build the plugin as the registry would, at a given base URL."""
        if base_url not in self._built:
            built = self.declared()
            self._built[base_url] = built.with_variant(built.variant.at(base_url))
        return self._built[base_url]

    @cached_property
    def _built(self) -> dict[str, LoadedVariant]:
        """What was built so far, by base URL."""
        return {}

    def declared(self) -> LoadedVariant:
        """Build the plugin as it is declared."""
        named = getattr(self.plugin, "id", None)
        name = named if isinstance(named, str) else repr(self.plugin)
        wrappers = [Wrapper(part, name_of(part)) for part in self.wrappers]
        return self.blamed(build, self.plugin, wrappers, name)

    @property
    def variant(self) -> Variant:
        """The plugin's declaration."""
        return self.loaded().variant

    def says(self, sentence: str) -> str:
        """Return what is wrong, as a failure begins: with the variant that it is about."""
        return f"{self.variant.id}: {sentence}"

    def blamed(self, function: Callable[..., T], *given: Any, **named: Any) -> T:
        """Call what calls the plugin; if that raises, say so in a sentence, with the line."""
        try:
            return function(*given, **named)
        except BrokenPluginError as error:
            raise AssertionError(f"{error}{_where(error)}") from None

    def check(self, example: Example, base_url: str = PUBLIC) -> Report:
        """Check an example."""
        return self.check_request(as_request(example), base_url)

    def check_request(self, request: Request | Mapping[str, Any], base_url: str = PUBLIC) -> Report:
        """Check a request, or what somebody took for one."""
        return self.blamed(check, self.loaded(base_url), request)

    def call(self, report: Report, client_id: str = "job-1") -> Call:
        """Return the one call that would create the task."""
        payload = report.complete_payload()
        made: Call = self.ask("submit", payload=payload, client_id=client_id)
        return made

    @cached_property
    def rule_examples(self) -> dict[str, list[Example]]:
        """For each rule, requests that it alone rejects or notes: listed, or made by the kit."""
        return {rule.name: self._examples_of(rule) for rule in self.variant.rules}

    def _examples_of(self, rule: Rule) -> list[Example]:
        listed = [*_several(self.rejected.get(rule.name)), *_several(self.noted.get(rule.name))]
        if listed:
            return listed
        found = [self._broken_by(attempt, rule) for attempt in self.attempts(rule)]
        return [example for example in found if example is not None]

    @cached_property
    def mapping_examples(self) -> dict[str, list[Example]]:
        """For each listed code that is no rule's: requests in which `build_payload` finds it."""
        rules = {rule.name for rule in self.variant.rules}
        listed = {**self.rejected, **self.noted}
        return {name: _several(examples) for name, examples in listed.items() if name not in rules}

    def attempts(self, rule: Rule) -> list[Attempt]:
        """Return the ways to break a rule that the kit knows: those of the vocabulary's rules."""
        if not isinstance(rule, ShapeRule):
            return []
        fields = Fields(self.variant.payload, self.accepted_bodies)
        return list(attempts(rule.shape, fields))

    def _broken_by(self, attempt: Attempt, rule: Rule) -> Example | None:
        """Return the first payload that only this rule rejects or notes."""
        for body in self.accepted_bodies:
            for made in attempt.payloads(body):
                if made != body or rule.notes:
                    report = self.check(made)
                    if report.valid == rule.notes and self.found_by_rules(report) == {rule.name}:
                        return made
        return None

    @cached_property
    def accepted_bodies(self) -> list[dict[str, Any]]:
        """The payloads of the accepted examples, the native ones as they are listed first."""
        native = [dict(example) for example in self.accepted if isinstance(example, Mapping)]
        reports = [self.check(example) for example in self.accepted if example not in native]
        sent = [report.complete_payload() for report in reports if report.valid]
        return [*native, *(msgspec.json.decode(msgspec.json.encode(payload)) for payload in sent)]

    def found_by_rules(self, report: Report) -> set[str]:
        """Return the codes of a report's problems; if there are none, of its rules' notes.

        A note about a default is left out if there is another: it is on nearly every request.
        """
        if report.problems:
            return {problem.code for problem in report.problems}
        unsaid = {rule.name: rule.unsaid for rule in self.variant.rules}
        codes = {note.code for note in report.notes} & set(unsaid)
        return {code for code in codes if not unsaid[code]} or codes

    def findings(self, example: Example, code: str) -> list[Problem | Note]:
        """Return a rule's findings in an example."""
        report = self.check(example)
        found: list[Problem | Note] = [*report.problems, *report.notes]
        return [finding for finding in found if finding.code == code]

    def ask(self, hook: str, **arguments: Any) -> Any:
        """Call one hook as the core would, with the record of a job and its receipt."""
        receipt = arguments.get("receipt")
        if hook in WITH_TASK:
            arguments.setdefault("task", self.task(receipt))
        if hook == "parse_status" and receipt is None:
            arguments["receipt"] = Receipt(self.remote_id)
        return self.blamed(self.loaded().call, hook, **arguments)

    def secrets(self) -> dict[str, Secret]:
        """Return a made-up value for each secret that calls are authorised with."""
        return self.all_secrets()[0]

    def all_secrets(self) -> list[dict[str, Secret]]:
        """Return the same for each of the alternatives."""
        return [{name: Secret(f"kit-{name}") for name in each} for each in self.variant.secrets]

    def task(self, receipt: Receipt | None = None) -> Task:
        """Return the record of a job that was sent: the first accepted example's."""
        return sample_task(self.variant, self._first_call, receipt)

    @cached_property
    def _first_call(self) -> Call:
        return self._call_for(self.accepted[0])

    def task_of(self, example: Example) -> Task:
        """Return the record of a job that was sent for an example."""
        return sample_task(self.variant, self._call_for(example))

    def _call_for(self, example: Example) -> Call:
        report = self.check(example)
        assert report.valid, self.says(f"{example} is not accepted: {report.problems}")
        return self.call(report)

    def exchange(self, hook: str, *answers: Answer, **arguments: Any) -> tuple[Any, list[Call]]:
        """Run a generator hook with an answer to each call; return its result and the calls.

        The last answer is given to all further calls.
        """
        return self.blamed(_answered, self.ask(hook, **arguments), answers)

    def read_delivery(
        self, delivery: Delivery, secrets: Sequence[str], now: float
    ) -> tuple[Any, list[Call]]:
        """Read a delivery as the core would, with the listed answers to the calls it takes."""
        keys = [Secret(one) for one in secrets]
        answers = [json_answer(body) for body in self.exchanges.get("parse_webhook", ({},))]
        steps = self.loaded().parse_webhook(delivery, keys, now)
        return self.blamed(_answered, steps, answers)

    def calls_of_deliveries(self) -> list[Call]:
        """Return the calls that it takes to read the first listed delivery."""
        first = self.deliveries[:1]
        return [
            call
            for delivery, _ in first
            for call in self.read_delivery(delivery, self.webhook_secrets, NOW)[1]
        ]

    def receipt(self, remote_id: str) -> Receipt:
        """Return a receipt as the plugin makes it (with its memo, if any), with a given id."""
        for body, _ in self.named():
            receipt = self.ask("parse_submit", answer=json_answer(body))
            if isinstance(receipt, Receipt):
                return msgspec.structs.replace(receipt, remote_id=remote_id)
        return Receipt(remote_id)

    def states(self) -> dict[str | int, str]:
        """Return what each listed status word, or number, means."""
        if self.variant.answers and not self.words:
            return dict(self.variant.answers.words)
        listed = (entry.partition(":") for entry in self.words.split())
        return {word: state or word for word, _, state in listed}

    @property
    def remote_id(self) -> str:
        """The remote id of the kit's own task."""
        return "4711" if self._is_numbered else "r-1"

    @property
    def other_id(self) -> str:
        """The remote id of another task."""
        return "4712" if self._is_numbered else "r-2"

    @property
    def _is_numbered(self) -> bool:
        answers = self.variant.answers
        return answers is not None and answers.numbered

    def in_answers(self, remote_id: str) -> str | int:
        """Return a remote id as the provider writes it in JSON."""
        return int(remote_id) if self._is_numbered else remote_id

    def named(self) -> list[tuple[Any, str]]:
        """Return answers to a submit, each with its remote id."""
        answers = self.variant.answers
        if self.receipts or answers is None:
            return list(self.receipts)
        rest: Any = {}
        for name, path in answers.keep.items():
            rest = put_at(rest, path, f"{PUBLIC}/{name}" if self._is_address(name) else name)
        own = self.in_answers(self.remote_id)
        return [(put_at(rest, path, own), self.remote_id) for path in answers.task_id]

    def _is_address(self, name: str) -> bool:
        """Whether what is kept under a name is used as a whole address."""
        cancel = self.variant.cancel
        paths = (self.variant.status_path, cancel.path if cancel else "")
        return any(path.startswith(f"{{+{name}}}") for path in paths)

    def word_path(self) -> str:
        """Return the path of the word in an answer to a poll."""
        answers = self.variant.answers
        if answers is None or self.word_at:
            return self.word_at or "status"
        return f"{answers.task}.{answers.status}" if answers.task else answers.status

    def own_problems(self, report: Report) -> list[Problem]:
        """Return the problems of single fields: those not found by a declared rule."""
        rules = {rule.name for rule in self.variant.rules}
        return [problem for problem in report.problems if problem.code not in rules]

    def native(self) -> dict[str, Any]:
        """Return the smallest accepted native payload, in which single fields are then changed."""
        found = [dict(example) for example in self.accepted if isinstance(example, Mapping)]
        assert found, self.says("list at least one native payload, a dict, in `accepted`")
        return min(found, key=lambda body: len(msgspec.json.encode(body)))

    def worded(self, word: Any) -> Any:
        """Return a poll's answer with a status word, and little else."""
        body, answers = self.polled, self.variant.answers
        if answers and (answers.listed or answers.task.endswith("[]")):
            own, path = self.in_answers(self.remote_id), answers.own_id[0]
            body = put_at(body, f"{answers.task}.{path}" if answers.task else path, own)
        return put_at(body, self.word_path(), word)

    def polls(self) -> list[Any]:
        """Return an answer to a poll for each status word; without words, the complete ones."""
        worded = [self.worded(word) for word in self.states()]
        return worded or [body for body, *_ in self.statuses] or [{}]

    def snapshot_path(self) -> Path:
        """Return the snapshot's path: beside the test, named after the variant."""
        folder = Path(inspect.getfile(type(self))).parent / "snapshots"
        return folder / f"{self.variant.id.replace('/', '-')}.json"

    def recordings_path(self) -> Path:
        """Return the folder of recordings: beside the test. `rushes smoke` writes them."""
        return Path(inspect.getfile(type(self))).parent / "recordings"

    def validator(self) -> Any:
        """Return the installed sandbox's validation for this provider; without one, skip the test.

        It is an entry point of the group `rushes.validators`, named after the provider. It is
        called with provider, model and body, and `loopback`, and lists what is wrong with the body.
        One named `any` is called with a provider, and returns such a function, or None.
        """
        provider, _, _ = self.variant.id.partition("/")
        entries = installed().group("rushes.validators")
        for entry in entries:
            if entry.name == provider:
                return entry.load()
        for entry in entries:
            if entry.name == "any" and (found := entry.load()(provider)):
                return found
        return pytest.skip(f"no installed sandbox validates payloads for {provider}")


def _answered(generator: Steps[Any], answers: Sequence[Answer]) -> tuple[Any, list[Call]]:
    seen: list[Call] = []
    try:
        call = next(generator)
        while True:
            seen.append(call)
            call = generator.send(answers[min(len(seen), len(answers)) - 1])
    except StopIteration as stop:
        return stop.value, seen


def _several(examples: Examples | None) -> list[Example]:
    if examples is None:
        return []
    return [examples] if isinstance(examples, (Mapping, Request)) else list(examples)


def _where(error: BrokenPluginError) -> str:
    """Say in which line the plugin raised, if it did."""
    frames = walk_tb(error.__cause__.__traceback__) if error.__cause__ else ()
    # Not `extract_tb`: that reads files, for which a hook would be blamed.
    places = ((frame.f_code.co_filename, line) for frame, line in frames)
    own = [(file, line) for file, line in places if not file.startswith(CALLERS)]
    return f" ({Path(own[-1][0]).name}, line {own[-1][1]})" if own else ""


def as_request(example: Example) -> Request:
    """Return an example as a request."""
    return example if isinstance(example, Request) else Request(extra=example)
