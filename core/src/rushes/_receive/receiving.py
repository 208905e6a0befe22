"""A delivery: read by the provider's plugin, known again if it is repeated, told to who waits."""

import hashlib
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from msgspec import Struct

from rushes import _log as log
from rushes._flow import Ask, Do, Flow
from rushes._plugins.calling import LoadedVariant
from rushes._receive.public_keys import PublicKeys
from rushes._session.session import Session
from rushes.errors import BrokenPluginError, DeliveryError, NotOfferedError, UnknownVariantError
from rushes.journal import MAX_REMOTE_ID
from rushes.task import Task
from rushes.variant import key_variable
from rushes.webhooks import Delivery, Event

MOST = 1024 * 1024
"""Most bytes of a delivery; the largest that any page shows has some thousand."""
SHORT = 200
"""Most characters of an event's id that are kept as they are."""


class Reader(Struct, frozen=True):
    """How some of a provider's variants read what it sends."""

    loaded: LoadedVariant
    variants: frozenset[str]


class Receiver:
    """Receives what providers send to the webhook of one client."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys = PublicKeys(session)
        self._readers: dict[str, tuple[Reader, ...]] = {}

    def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> Flow[Task | None]:
        """Verify a delivery; wake whoever waits for the task that it is about, and return that.

        The task's record is not changed: whoever follows it asks the provider.
        """
        readers = self._readers.get(provider)
        if readers is None:
            readers = self._readers[provider] = yield Do(lambda: tuple(self._found(provider)))
        if len(body) > MOST:
            raise DeliveryError(f"the delivery has {len(body):,} bytes; at most {MOST:,} are read")
        delivery = Delivery(_plain(headers), bytes(body))
        understood = False
        for reader in readers:
            event = yield from self._event(reader.loaded, delivery)
            if event is None:
                continue
            understood = True
            if event.remote_id is not None:
                task = yield from self._passed_on(provider, reader, event)
                if task is not None:
                    return task
        if not understood:
            raise self._refused(provider, readers)
        return None

    def _found(self, provider: str) -> Iterator[Reader]:
        """Load a provider's variants; yield what reads its deliveries, each once.

        Raises UnknownVariantError if it has no variants, NotOfferedError if none reads them.
        """
        registry = self._session.registry
        names = [name for name in registry.ids() if name.partition("/")[0] == provider]
        if not names:
            raise UnknownVariantError(f"no installed plugin has a variant of {provider!r}")
        same: dict[Any, list[LoadedVariant]] = {}
        for name in names:
            try:
                loaded = registry.get(name)
            except BrokenPluginError as failure:
                log.warning("a plugin cannot be loaded", reason=str(failure))
                continue
            if loaded.reads_webhooks and registry.why_no_key(name) is None:
                same.setdefault(loaded.webhook_reader, []).append(loaded)
        if not same:
            raise NotOfferedError(f"the plugin of {provider} reads no deliveries to a webhook")
        for several in same.values():
            yield Reader(several[0], frozenset(each.variant.id for each in several))

    def _event(self, loaded: LoadedVariant, delivery: Delivery) -> Flow[Event | None]:
        """Return what a delivery says; None if it is forged, too old or not understood.

        If it is not signed with a public key that is kept, it may be with a newer one.
        """
        event, asked = yield from self._read(loaded, delivery, anew=False)
        if event is None and asked:
            event, _ = yield from self._read(loaded, delivery, anew=True)
        return event

    def _read(
        self, loaded: LoadedVariant, delivery: Delivery, *, anew: bool
    ) -> Flow[tuple[Event | None, bool]]:
        secrets = self._session.keys.webhook_secrets(loaded.variant)
        steps: Generator[Any, Any, Event | None]
        steps = loaded.parse_webhook(delivery, secrets, self._session.time.now())
        asked = False
        try:
            call = next(steps)
            while True:
                asked = True
                answer = yield from self._keys.get(loaded.variant, call, anew=anew)
                call = steps.send(answer)
        except StopIteration as end:
            return end.value, asked
        except BrokenPluginError as failure:
            log.warning("a delivery was not read", reason=str(failure))
            return None, False
        finally:
            steps.close()

    def _passed_on(self, provider: str, reader: Reader, event: Event) -> Flow[Task | None]:
        """Tell whoever waits for a task that there is news of it; return the task, if it is known.

        What is signed may be about a task whose submit is not answered yet; of what is not signed,
        only that about a task of ours counts.
        """
        remote_id = event.remote_id or ""
        if not remote_id.isprintable() or len(remote_id) > MAX_REMOTE_ID:
            return None
        task = yield from self._task(provider, remote_id)
        if task is not None and task.variant not in reader.variants:
            return None  # another of its plugins reads what is said of this task
        if task is None and not event.verified:
            return None
        if task is None or (not task.ended and not self._goes_on(task, event)):
            yield from self._tell(provider, remote_id, event)
        return task

    def _task(self, provider: str, remote_id: str) -> Flow[Task | None]:
        journal = self._session.journal
        if journal is None:
            return None
        if hasattr(journal, "with_remote_id"):
            return (yield Ask("with_remote_id", (provider, remote_id)))  # type: ignore[no-any-return]
        tasks: list[Task] = yield Do(lambda: journal.tasks(unfinished=True))
        known = (task for task in tasks if task.remote_id == remote_id)
        return next((task for task in known if task.provider == provider), None)

    def _goes_on(self, task: Task, event: Event) -> bool:
        """Whether a delivery says that its task has not ended: nobody needs to look then."""
        if event.answer is None or task.receipt is None:
            return False
        loaded = self._session.load(task)
        try:
            status = loaded.call(
                "parse_status", answer=event.answer, receipt=task.receipt, task=task
            )
        except BrokenPluginError as failure:
            log.warning("a delivery was not read", reason=str(failure))
            return False
        return status is not None and status.state in ("queued", "in_progress")

    def _tell(self, provider: str, remote_id: str, event: Event) -> Flow[None]:
        """Tell everybody who follows a task, once for each event; only a signed one has a name."""
        if hasattr(self._session.journal, "tell"):
            name = _short(event.id) if event.verified and event.id else None
            yield Ask("tell", (provider, remote_id, name))
        self._session.ears.told((provider, remote_id))

    def _refused(self, provider: str, readers: tuple[Reader, ...]) -> DeliveryError:
        """Return the error that a delivery is not believed."""
        hint = ""
        for reader in readers:
            secrets = self._session.keys.webhook_secrets(reader.loaded.variant)
            if reader.loaded.takes_webhook_secrets and not secrets:
                name = key_variable(provider, "webhook_secret")
                hint = f"; to verify what {provider} signs, set {name}"
        return DeliveryError(
            f"the delivery is not believed: {provider} did not sign it, or too long ago, or it is "
            f"not understood{hint}"
        )


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by their names in lower case; what is no text is left out."""
    return {
        name.lower(): value
        for name, value in headers.items()
        if isinstance(name, str) and isinstance(value, str)
    }


def _short(event: str) -> str:
    """Return what stands for an event's id in the journal."""
    if event.isprintable() and len(event) <= SHORT:
        return event
    return hashlib.sha256(event.encode("utf-8", "surrogatepass")).hexdigest()
