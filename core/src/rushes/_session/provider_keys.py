"""A provider's key: which one is used, where it is sent, and how it is kept out of output."""

import hmac
from contextlib import suppress

import msgspec
from msgspec import Struct

from rushes._keys.redacting import Secret, redact, redacted, silence
from rushes._plugins.loading import LoadedVariant
from rushes._plugins.registry import Registry
from rushes._urls import origin
from rushes.calls import Call
from rushes.errors import (
    ConfigurationError,
    MissingKeyError,
    OutcomeUnknownError,
    RushesError,
    StillRunningError,
)
from rushes.home import Keys
from rushes.task import Refusal, Task
from rushes.urls import without_secrets
from rushes.variant import key_variable


class ProviderKeys(Struct):
    """The providers' keys, as the flows of one client use them."""

    registry: Registry
    keys: Keys

    def find(self, loaded: LoadedVariant, task: Task | None = None) -> tuple[Secret, str]:
        """Return the provider's key and its origin, in words.

        Raises MissingKeyError if there is none, ConfigurationError if the variant may not have it;
        `task` is the task that the call belongs to.
        """
        variant = loaded.variant
        provider, variable = variant.provider, key_variable(variant.provider)
        if objection := self.registry.why_no_key(variant.id):
            raise ConfigurationError(objection, task=task)
        found = self.keys.find(provider, variable)
        if not found:
            raise MissingKeyError(
                f"no key for {provider}; set {variable}, "
                f"or store one with: rushes keys set {provider}",
                task=task,
            )
        key, where = found
        if not (key.isascii() and key.isprintable() and key == key.strip()):
            raise ConfigurationError(
                f"the key from {where} contains white space, line ends or other invalid characters",
                task=task,
            )
        return found

    def authorize(self, loaded: LoadedVariant, call: Call, task: Task | None, now: float) -> Call:
        """Return a call with the provider's key if it goes to the key's origin, else as it is.

        The key is sent to one origin only: that of today's base URL, for which it was configured.
        `task` is the task that the call belongs to; if that was sent to another address, today's
        key is not sent there: StillRunningError, OutcomeUnknownError or, if it was never sent,
        ConfigurationError says which address needs which key.
        """
        today = self.registry.get(loaded.variant.id).variant.base_url or ""
        with loaded.blamed("a call of its"):
            target = origin(call.url)
            at_home = task is not None and target == origin(task.base_url)
        if today and target == origin(today):
            key, _ = self.find(loaded, task)
            headers = loaded.authorize(call, key, now)
            return msgspec.structs.replace(call, headers={**call.headers, **headers})
        if task is not None and at_home:
            raise self._elsewhere(loaded, task, today)
        return call

    def _elsewhere(self, loaded: LoadedVariant, task: Task, today: str) -> RushesError:
        """Return the error for a task that was sent to an address that today's key is not for."""
        variant, found = loaded.variant, None
        with suppress(ConfigurationError):  # unreadable keys are not the problem here
            found = self.keys.find(variant.provider, key_variable(variant.provider))
        key = f"the key from {found[1]}" if found else "the key"
        there, now = without_secrets(task.base_url), without_secrets(today) or "no address"
        unsent = task.receipt is None and task.state in ("recorded", "refused")
        message = (
            f"task {task.id} {'was to be' if unsent else 'was'} sent to {there}, but {key} is "
            f"configured for {now} and is not sent elsewhere; set {variant.environment_prefix}"
            f"_BASE_URL={there} together with the key that belongs there, then resume the task"
        )
        if unsent:
            again = f"{message}; or give the request again, which sends it to {now}"
            return ConfigurationError(again if today else message, task=task)
        if task.receipt is None:
            return OutcomeUnknownError(message, task=task)
        return StillRunningError(message, task=task)

    def clean(self, loaded: LoadedVariant, text: str) -> str:
        """Remove the provider's key from a text that is output."""
        for secret in self._secrets(loaded.variant.provider):
            text = redact(text, secret)
        return text

    def _secrets(self, provider: str) -> list[Secret]:
        """Return every key of a provider that was used here; if none was, the configured one."""
        if not self.keys.used(provider):
            with suppress(ConfigurationError):  # an unreadable key is not used, either
                self.keys.find(provider, key_variable(provider))
        return self.keys.used(provider)

    def clean_task(self, task: Task) -> Task:
        """Remove the key from a task: a provider's answer may have echoed it."""
        told = {"receipt": task.receipt, "results": task.results, "error": task.error}
        plain = clean = msgspec.to_builtins(told, builtin_types=(bytes,))
        for secret in self._secrets(task.variant.partition("/")[0]):
            clean = redacted(clean, secret)
        if clean == plain:
            return task
        ours = msgspec.to_builtins(task, builtin_types=(bytes,))
        return msgspec.convert({**ours, **clean}, Task)

    def silence(self, error: BaseException) -> None:
        """Remove every key that was used here from an error that is raised to the caller."""
        silence(error, self.keys.used())

    def clean_refusal(self, loaded: LoadedVariant, refusal: Refusal) -> Refusal:
        """Remove the provider's key from its refusal."""
        code = self.clean(loaded, refusal.code) if refusal.code else None
        message = self.clean(loaded, refusal.message)
        return msgspec.structs.replace(refusal, message=message, code=code)

    def differs(self, loaded: LoadedVariant, task: Task) -> bool:
        """Whether a task was sent to today's address with another key than today's."""
        today = self.registry.get(task.variant).variant.base_url or ""
        if origin(today) != origin(task.base_url):
            return False  # then the address is reported instead
        return task.key_fingerprint != self.fingerprint(loaded, task)

    def fingerprint(self, loaded: LoadedVariant, task: Task) -> str:
        """Return a fingerprint of today's key for a task's record; it does not reveal the key."""
        key, _ = self.find(loaded)
        return hmac.new(key.encode(), task.id.encode(), "sha256").hexdigest()[:16]
