"""What a provider answered to one real request, kept so that it can be read again by tests.

    recorder = Recorder()
    with rushes.Client(wrappers=[recorder]) as client:
        client.generate("toapis/kling-v3", request)
    recording = recorder.recording(loaded, payload, date=…, source=…, secrets=…)

A recording contains no key, no link to a video and no query of an address; who contributes one
should still read it first. The conformance kit reads those beside a plugin's tests.
"""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from rushes._check.trial import sample_task
from rushes._keys.redacting import redacted
from rushes._plugins.calling import LoadedVariant
from rushes._structs.type_info import ready
from rushes.calls import Answer
from rushes.files import read_regular
from rushes.hookspecs import hookimpl
from rushes.task import Receipt, Refusal, Status
from rushes.variant import Variant

__all__ = ["RecordedAnswer", "Recorder", "Recording", "reads_of", "recordings_in"]

_MOST = 256 * 1024 * 1024
"""Bytes of a recording: an answer may contain its video."""
_HEADERS = ("content-type", "retry-after")
"""The headers that are kept; others may say whose account it is."""
_BASE = "https://gateway.example.com"
"""Stands for the provider's base URL, whichever was used."""
_ADDRESS = re.compile(r"""https?://[^\s"'<>\\]+""", re.IGNORECASE)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")


class RecordedAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer that a hook read: its HTTP status and body, and what it was read as.

    `body` is decoded JSON, or text if it was something else. `read` is a receipt, a status or a
    refusal under that name, None if the hook understood nothing.
    """

    hook: str
    status: int
    headers: dict[str, str] = {}
    body: Any = None
    read: Any = None

    def answer(self) -> Answer:
        """Return the answer as it came, as far as it was kept."""
        text = isinstance(self.body, str)
        body = self.body.encode() if text else msgspec.json.encode(self.body)
        return Answer(self.status, self.headers, body)


class Recording(Struct, frozen=True, kw_only=True):
    """The answers to one job, in order: what was sent, when, and where they come from."""

    variant: str
    date: str
    source: str
    payload: Any
    answers: tuple[RecordedAnswer, ...]


ready(Recording)


class Recorder:
    """A wrapper that keeps each answer that the hooks of a client read."""

    def __init__(self) -> None:
        self._answers: list[tuple[str, Answer]] = []

    @hookimpl(wrapper=True)
    def parse_submit(self, answer: Answer) -> Generator[None, Any, Any]:
        """Keep the answer to a submit."""
        self._answers.append(("parse_submit", answer))
        return (yield)

    @hookimpl(wrapper=True)
    def parse_status(self, answer: Answer) -> Generator[None, Any, Any]:
        """Keep the answer to a poll."""
        self._answers.append(("parse_status", answer))
        return (yield)

    @hookimpl(wrapper=True)
    def parse_refusal(self, answer: Answer) -> Generator[None, Any, Any]:
        """Keep an error answer."""
        self._answers.append(("parse_refusal", answer))
        return (yield)

    def recording(
        self,
        loaded: LoadedVariant,
        payload: Struct,
        *,
        date: str,
        source: str,
        secrets: Iterable[str] = (),
    ) -> Recording:
        """Return what was kept, without secrets; of equal readings in a row only the first."""
        cleaned = _Cleaned(loaded.variant, secrets)
        kept = [cleaned.answer(hook, answer) for hook, answer in self._answers]
        reads = reads_of(loaded, payload, kept)
        answers: list[RecordedAnswer] = []
        for recorded, read in zip(kept, reads, strict=True):
            again = answers and (answers[-1].hook, answers[-1].read) == (recorded.hook, read)
            if not again:
                answers.append(msgspec.structs.replace(recorded, read=read))
        return Recording(
            variant=loaded.variant.id,
            date=date,
            source=source,
            payload=msgspec.json.decode(msgspec.json.encode(payload)),
            answers=tuple(answers),
        )


def reads_of(
    loaded: LoadedVariant, payload: Struct, answers: Sequence[RecordedAnswer]
) -> list[Any]:
    """Return what the hooks read from recorded answers, each as data, like `read`.

    Raises BrokenPluginError if a hook raises.
    """
    loaded = loaded.with_variant(loaded.variant.at(_BASE))
    call = loaded.call("submit", payload=payload, client_id="trial")
    receipt = Receipt("trial")
    found: list[Any] = []
    for recorded in answers:
        given: dict[str, Any] = {"answer": recorded.answer()}
        if recorded.hook == "parse_submit":
            given["task"] = sample_task(loaded.variant, call)
        elif recorded.hook == "parse_status":
            given |= {"task": sample_task(loaded.variant, call, receipt), "receipt": receipt}
        read = loaded.call(recorded.hook, **given)
        receipt = read if isinstance(read, Receipt) else receipt
        found.append(_as_data(read))
    return found


def _as_data(read: Receipt | Status | Refusal | None) -> Any:
    if read is None:
        return None
    return {type(read).__name__.lower(): msgspec.json.decode(msgspec.json.encode(read))}


class _Cleaned:
    """Takes out of answers what concerns one account: secrets, links, queries, most headers."""

    def __init__(self, variant: Variant, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]
        self._own = variant.own_origins
        self._links: dict[str, str] = {}

    def answer(self, hook: str, answer: Answer) -> RecordedAnswer:
        """Return an answer as it may be shown to anybody."""
        headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        body = answer.json()
        if body is None:
            body = answer.body.decode("utf-8", "replace")
        for secret in self._secrets:
            body = redacted(body, secret)
        return RecordedAnswer(
            hook=hook, status=answer.status, headers=headers, body=self._clean(body)
        )

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._clean(name): self._clean(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        if not isinstance(value, str):
            return value
        return _ADDRESS.sub(lambda found: self._address(found[0]), value)

    def _address(self, url: str) -> str:
        """Keep the path of the provider's own addresses; of others only the ending."""
        bare = re.split("[?#]", url, maxsplit=1)[0]
        for own in self._own:
            if bare == own or bare.startswith(own.rstrip("/") + "/"):
                return _BASE + bare[len(own.rstrip("/")) :]
        ending = _ENDING.search(bare.rpartition("/")[2])
        number = len(self._links) + 1
        link = f"https://files.example.com/{number}{ending[0] if ending else ''}"
        return self._links.setdefault(url, link)


def recordings_in(folder: Path) -> Iterator[Recording]:
    """Yield the recordings in a folder, if there is one.

    Raises ValueError, naming the file, if a file is not a recording.
    """
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            yield msgspec.json.decode(read_regular(path, _MOST), type=Recording)
        except msgspec.MsgspecError as error:
            raise ValueError(f"{path.name} is not a recording: {error}") from error
