"""One variant against every fault that its provider can have: what `rushes plugins --grade` runs.

What must come of a fault depends on the provider; what must never come of one does not: a second
bill, a broken plugin, a key in an error or in the journal, a wrong file, a task that is paid and
lost. With `rushes demo` the only module of this package that sends requests with `rushes`.
"""

import logging
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from rushes import (
    BrokenPluginError,
    Client,
    ConfigurationError,
    OutcomeUnknownError,
    Polling,
    ResultError,
    RushesError,
    TaskEndedError,
    Timeouts,
    Variant,
)
from rushes.plugins import Registry
from rushes.testing import Clock

from rushes_sandbox import FAULTS, Fault, Sandbox, protocols

__all__ = ["run"]

_RAISED = re.compile(r"the hook \w+ raised \w+")
#: Seconds that a call may take while a fault holds its answer back, and afterwards.
HURRIED = Timeouts(connect=3, read=3, submit=3, poll=3, upload=3, download=5)
PATIENT = Timeouts()


def run(
    variant: str, payload: Mapping[str, Any], tell: Callable[[str], None] | None = None
) -> dict[str, str | None]:
    """Try every fault that applies; return for each what went wrong, or None if nothing did.

    `payload` is a native payload that the variant accepts. For faults of an upload a local image is
    added to it, in the first role that is accepted; a variant without the hook `upload` has no such
    faults. A model that has ended is tried as if it were the day before. `tell` is told of every
    tenth. Raises ValueError if no protocol of the provider is installed.
    """
    provider = variant.partition("/")[0]
    protocol = protocols().by_id.get(provider)
    if protocol is None:
        raise ValueError(f"no sandbox protocol for {provider} is installed")
    loaded = Registry(load_plugins=[provider]).get(variant)
    left_out = () if "upload" in loaded.hooks else ("upload",)
    chosen = [
        fault
        for fault in FAULTS.values()
        if fault.step not in left_out and fault.applies_to(protocol)
    ]
    with (
        tempfile.TemporaryDirectory(prefix="rushes-faults-") as folder,
        Sandbox(queue_seconds=0, render_seconds=0, poll_after=None, drip_interval=0.5) as sandbox,
    ):
        trial = _Trial(sandbox, loaded.variant, payload, Path(folder))
        outcomes: dict[str, str | None] = {}
        logger, server = logging.getLogger("rushes"), logging.getLogger("uvicorn.error")
        logger.addHandler(trial.log)
        server.addFilter(_silent)  # a connection that a fault cuts is nothing to tell
        try:
            trial.render()
            for number, fault in enumerate(chosen):
                if tell and number % 10 == 0:
                    tell(f"{variant}: fault {number + 1} of {len(chosen)}")
                outcomes[fault.name] = trial.of(fault)
        finally:
            logger.removeHandler(trial.log)
            server.removeFilter(_silent)
    return outcomes


def _silent(_record: logging.LogRecord) -> bool:
    return False


class _Clock(Clock):
    """Skips the client's pauses, and tells a time in the past."""

    def __init__(self, ago: float) -> None:
        super().__init__(longest=0.05)
        self._ago = ago

    def now(self) -> float:
        return super().now() - self._ago


def _since_it_ended(ends: date | None) -> float:
    """Return how many seconds ago it was the day before the model's end; 0 if it has not ended."""
    if ends is None:
        return 0
    before = datetime(ends.year, ends.month, ends.day, tzinfo=UTC) - timedelta(days=1)
    return max(0, time.time() - before.timestamp())


class _Log(logging.Handler):
    """Keeps the warnings: a hook that raises while a task is polled is only told there."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class _Trial:
    """The sandbox, and the request that is made again and again, each time in a new home."""

    def __init__(
        self, sandbox: Sandbox, variant: Variant, payload: Mapping[str, Any], folder: Path
    ) -> None:
        self._sandbox, self._variant, self._folder = sandbox, variant.id, folder
        self._provider = variant.provider
        self._ago = _since_it_ended(variant.ends)
        self._number = 0
        self._alone: dict[str, Any] = {"extra": payload}
        self._with_image = self._accepted_image(variant)
        self._request = self._alone
        self.log = _Log()

    def _accepted_image(self, variant: Variant) -> dict[str, Any] | None:
        """Return the request with a local image that is uploaded; None if no such is accepted."""
        path = self._folder / "image.jpg"
        Image.new("RGB", (1280, 720), "#a93c1c").save(path)
        roles = [field.partition(".")[2] for field in variant.fields if field.startswith("images.")]
        with self._client(PATIENT) as client:
            for role in roles:
                request = {**self._alone, "images": [{"url": str(path), "role": role}]}
                report = client.check(self._variant, request)
                if report.valid and report.uploads:
                    return request
        return None

    def render(self) -> None:
        """Have the video rendered once: that takes seconds, and every other task has it too."""
        with self._client(PATIENT) as client:
            client.submit(self._variant, self._request)
        self._sandbox.created[-1].video.finished.wait()

    def of(self, fault: Fault) -> str | None:
        """Return what went wrong with one fault, or None."""
        request = self._with_image if fault.step == "upload" else self._alone
        if request is None:
            return "it was not tried: no image beside the payload is accepted"
        self._request = request
        self._number += 1
        before = len(self._sandbox.created)
        order = self._sandbox.inject(
            fault.name, times=None if fault.step == "connect" else 1, gateway=self._provider
        )
        texts: list[str] = []
        self.log.lines.clear()
        try:
            wrong = self._attempt("generate", HURRIED, texts)
        finally:
            order.cancel()
            order.release()
        bills = len(self._sandbox.created) - before
        if bills > 1:
            return f"it was paid {bills} times"
        wrong = wrong or self._afterwards(bool(bills), texts) or self._raised()
        return wrong or self._leak([*texts, *self.log.lines])

    def _client(self, timeouts: Timeouts) -> Client:
        return Client(
            keys=self._keys(),
            base_urls=self._sandbox.base_urls,
            home=self._folder / str(self._number),
            timeouts=timeouts,
            polling=Polling(first=0, every=0.05, at_most=30),
            clock=_Clock(self._ago),
            load_plugins=[self._provider],
        )

    def _keys(self) -> dict[str, str]:
        secrets = self._sandbox.secrets.get(self._provider, {})
        more = {f"{self._provider}.{name}": secret for name, secret in secrets.items()}
        return {self._provider: self._sandbox.key, **more}

    def _attempt(self, verb: str, timeouts: Timeouts, texts: list[str]) -> str | None:
        """Generate or resume; return what no fault may cause. Its error's text goes to `texts`."""
        output = self._folder / f"{self._number}.mp4"
        with self._client(timeouts) as client:
            try:
                if verb == "generate":
                    client.generate(self._variant, self._request, task="trial", output=output)
                else:
                    client.resume("trial")
            except BrokenPluginError as error:
                return f"the plugin breaks: {error}"
            except RushesError as error:
                texts.append(str(error))
                self._error: RushesError | None = error
                return None
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not ours
                return f"{type(error).__name__}: {error}"
        self._error = None
        if output.read_bytes() != self._sandbox.created[-1].video.path.read_bytes():
            return "the file is not the video"
        return None

    def _afterwards(self, billed: bool, texts: list[str]) -> str | None:
        """Without the fault, what is paid is delivered, or ended, or honestly unknown."""
        if self._error is None or not billed:
            return None
        if wrong := self._attempt("resume", PATIENT, texts):
            return wrong
        if isinstance(self._error, OutcomeUnknownError):
            if not self._resolved():
                return None  # it takes more than the id, which a user finds at the provider
            if wrong := self._attempt("resume", PATIENT, texts):
                return wrong
        if self._error is None or isinstance(self._error, (TaskEndedError, ResultError)):
            return None
        return f"what is paid is not delivered afterwards: {self._error}"

    def _resolved(self) -> bool:
        """Say which task of the provider it is, as a user would."""
        with self._client(PATIENT) as client:
            try:
                client.resolve("trial", remote_id=self._sandbox.created[-1].id)
            except ConfigurationError:
                return False
        return True

    def _raised(self) -> str | None:
        """Return what the log says of a hook that raised."""
        found = (_RAISED.search(line) for line in self.log.lines)
        return next((f"the plugin breaks: {one[0]}" for one in found if one), None)

    def _leak(self, texts: list[str]) -> str | None:
        """Return where the key was left."""
        key = self._sandbox.key
        if any(key in text for text in texts):
            return "an error or the log shows the key"
        home = self._folder / str(self._number)
        for file in home.rglob("*"):
            if file.is_file() and key.encode() in file.read_bytes():
                return f"the key is in {file.name}"
        return None
