"""The subject of a conformance test: one plugin, its examples, and calls as the core makes them."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from rushes._check.checking import check
from rushes._check.trial import sample_task
from rushes._keys.redacting import Secret
from rushes._plugins.installed import installed
from rushes._plugins.loading import LoadedVariant, build
from rushes.calls import Answer, Call
from rushes.problems import Problem
from rushes.report import Report
from rushes.request import Request
from rushes.task import Receipt, Status, Task
from rushes.testing._answers import answer, put_at
from rushes.variant import Variant

Example = Mapping[str, Any] | Request
LOOPBACK = "http://127.0.0.1:9"
PUBLIC = "https://gateway.example.com"
MOST_CALLS = 20
REMOTE_ID = "r-1"
WITH_TASK = frozenset(("parse_submit", "poll", "parse_status", "look_up", "cancel"))
"""Hooks that are told the record of the job."""


class VariantUnderTest:
    """A plugin and its examples. A mapping is a native payload, a Request a portable one."""

    plugin: ClassVar[Any]
    """The plugin object, as its entry point names it."""
    accepted: ClassVar[Sequence[Example]]
    """Requests that pass; their wire bodies go into the snapshot."""
    rejected: ClassVar[Mapping[str, Example]] = {}
    """For each rule that finds problems, a request that it alone rejects."""
    noted: ClassVar[Mapping[str, Example]] = {}
    """For each rule that only notes, a request that passes with its note."""
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
    statuses: ClassVar[Sequence[tuple[Any, Status]]] = ()
    """Complete answers to a poll, each with its status."""
    look_ups: ClassVar[Sequence[tuple[Any, Sequence[str]]]] = ()
    """Answers to a look-up by our client id, each with its remote ids, if they differ from answers
    to a poll."""
    refusals: ClassVar[Sequence[tuple[int, Any, str]]] = ()
    """HTTP status and body of error answers, each with the kind of refusal."""
    exchanges: ClassVar[Mapping[str, Sequence[Any]]] = {}
    """Bodies of the answers to the calls that `poll`, `look_up`, `cancel` and `upload` make, in
    order, for the snapshot; by default an answer to a poll."""
    overrides: ClassVar[Mapping[str, str]] = {}
    """Kit tests that the subclass replaces, each with the reason."""

    def loaded(self, base_url: str = PUBLIC) -> LoadedVariant:
        """Build the plugin as the registry would, at a given base URL."""
        kept: dict[str, LoadedVariant] = vars(self).setdefault("_kept", {})
        if base_url not in kept:
            built = self.declared()
            kept[base_url] = built.with_variant(built.variant.at(base_url))
        return kept[base_url]

    def declared(self) -> LoadedVariant:
        """Build the plugin as it is declared."""
        return build(self.plugin, [], repr(self.plugin))

    @property
    def variant(self) -> Variant:
        """The plugin's declaration."""
        return self.loaded().variant

    def check(self, example: Example, base_url: str = PUBLIC) -> Report:
        """Check an example."""
        return check(self.loaded(base_url), as_request(example))

    def call(self, report: Report, client_id: str = "job-1") -> Call:
        """Return the one call that would create the task."""
        payload = report.complete_payload()
        made = self.loaded().call("submit", payload=payload, client_id=client_id)
        assert isinstance(made, Call), "submit returned no Call"
        return made

    def ask(self, hook: str, **arguments: Any) -> Any:
        """Call one hook as the core would, with the record of a job and its receipt."""
        receipt = arguments.get("receipt")
        if hook in WITH_TASK:
            arguments.setdefault("task", self.task(receipt))
        if hook == "parse_status" and receipt is None:
            arguments["receipt"] = Receipt(REMOTE_ID)
        return self.loaded().call(hook, **arguments)

    def secrets(self, ending: str = "") -> dict[str, Secret]:
        """Return a made-up value for each secret that calls are authorised with."""
        return {name: Secret(f"kit-{name}{ending}") for name in self.variant.secrets[0]}

    def task(self, receipt: Receipt | None = None) -> Task:
        """Return the record of a job that was sent: the first accepted example's."""
        call = self.call(self.check(self.accepted[0]))
        return sample_task(self.variant, call, receipt)

    def exchange(self, hook: str, *told: Answer, **arguments: Any) -> tuple[Any, list[Call]]:
        """Run a generator hook with an answer to each call; return its result and the calls.

        The last answer is given to all further calls.
        """
        seen: list[Call] = []
        generator = self.ask(hook, **arguments)
        try:
            call = next(generator)
            while True:
                assert isinstance(call, Call), f"{hook} yields {call!r}, which is not a Call"
                seen.append(call)
                assert len(seen) <= MOST_CALLS, f"{hook} does not stop making calls"
                call = generator.send(told[min(len(seen), len(told)) - 1])
        except StopIteration as stop:
            return stop.value, seen

    def receipt(self, remote_id: str) -> Receipt:
        """Return a receipt as the plugin makes it (with its memo, if any), with a given id."""
        for body, _ in self.named():
            receipt = self.ask("parse_submit", answer=answer(body))
            if isinstance(receipt, Receipt):
                return msgspec.structs.replace(receipt, remote_id=remote_id)
        return Receipt(remote_id)

    def states(self) -> dict[str, str]:
        """Return what each listed status word means."""
        if self.variant.answers and not self.words:
            return dict(self.variant.answers.words)
        told = (listed.partition(":") for listed in self.words.split())
        return {word: state or word for word, _, state in told}

    def named(self) -> list[tuple[Any, str]]:
        """Return answers to a submit, each with its remote id."""
        answers = self.variant.answers
        if self.receipts or answers is None:
            return list(self.receipts)
        rest: Any = {}
        for name, path in answers.keep.items():
            rest = put_at(rest, path, f"{PUBLIC}/{name}" if self._is_address(name) else name)
        return [(put_at(rest, path, REMOTE_ID), REMOTE_ID) for path in answers.task_id]

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
        assert found, "give at least one native payload in `accepted`"
        return min(found, key=lambda body: len(msgspec.json.encode(body)))

    def worded(self, word: Any) -> Any:
        """Return a poll's answer with a status word, and little else."""
        body, answers = self.polled, self.variant.answers
        if answers and answers.task.endswith("[]"):
            body = put_at(body, f"{answers.task}.{answers.own_id[0]}", REMOTE_ID)
        return put_at(body, self.word_path(), word)

    def snapshot_path(self) -> Path:
        """Return the snapshot's path: beside the test, named after the variant."""
        folder = Path(inspect.getfile(type(self))).parent / "snapshots"
        return folder / f"{self.variant.id.replace('/', '-')}.json"

    def validator(self) -> Any:
        """Return the installed sandbox's validation for this provider; without one, skip the test.

        It is an entry point of the group `rushes.validators`, named after the provider. It is
        called with provider, model and body, and `loopback`, and lists what is wrong with the body.
        """
        provider, _, _ = self.variant.id.partition("/")
        for entry in installed().group("rushes.validators"):
            if entry.name == provider:
                return entry.load()
        return pytest.skip(f"no installed sandbox validates payloads for {provider}")


def as_request(example: Example) -> Request:
    """Return an example as a request."""
    return example if isinstance(example, Request) else Request(extra=example)
