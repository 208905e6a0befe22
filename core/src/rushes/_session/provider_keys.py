"""A provider's key: which one is used, where it is sent, and how it is kept out of output."""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

import msgspec
from msgspec import Struct

from rushes._keys.redacting import Secret, may_show, redact, redacted, silence
from rushes._plugins.calling import LoadedVariant
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
from rushes.variant import WEBHOOK_SECRETS, Variant, key_name, key_variable


class ProviderKeys(Struct):
    """The providers' keys, as the flows of one client use them."""

    registry: Registry
    keys: Keys
    tokens: dict[str, tuple[Secret, float]] = {}
    """Tokens that are still valid, by a fingerprint of what they were made from."""

    def find(
        self, loaded: LoadedVariant, task: Task | None = None
    ) -> tuple[dict[str, Secret], str]:
        """Return the provider's secrets by name, and where they are from, in words.

        Raises MissingKeyError if there are none, ConfigurationError if the variant may not have
        them; `task` is the task that the call belongs to.
        """
        variant = loaded.variant
        if objection := self.registry.why_no_key(variant.id):
            raise ConfigurationError(objection, task=task)
        found = self._find(variant)
        if found is None:
            raise MissingKeyError(self._no_key_message(variant), task=task)
        secrets, where = found
        for name, key in secrets.items():
            if not (key.isascii() and key.isprintable() and key == key.strip()):
                what = "key" if name == "api_key" else name.replace("_", " ")
                raise ConfigurationError(
                    f"the {what} from {where} contains white space, line ends or other invalid "
                    "characters",
                    task=task,
                )
        return secrets, where

    def _find(self, variant: Variant) -> tuple[dict[str, Secret], str] | None:
        """Return the first set of secrets that is complete."""
        for names in variant.secrets:
            secrets: dict[str, Secret] = {}
            wheres: dict[str, None] = {}
            for name in names:
                if one := self._find_one(variant, name):
                    secrets[name], where = one
                    wheres[where] = None
            if len(secrets) == len(names):
                return secrets, " and ".join(wheres)
        return None

    def webhook_secrets(self, variant: Variant) -> list[Secret]:
        """Return what a provider may sign its deliveries with: while it is replaced, two."""
        found = (self._find_one(variant, secret) for secret in WEBHOOK_SECRETS)
        return [secret for secret, _ in filter(None, found)]

    def _find_one(self, variant: Variant, secret: str) -> tuple[Secret, str] | None:
        name, variable = _names(variant.id, secret)
        further = variant.variables.get(secret)
        if further is not None and self.registry.lender(further, variant.id) is None:
            return self.keys.find(name, variable, further)
        return self.keys.find(name, variable)

    def _no_key_message(self, variant: Variant) -> str:
        """Say which variables to set, or what to store; and which is another provider's."""
        lent = {name: self.registry.lender(name, variant.id) for name in variant.variables.values()}
        own = {secret: name for secret, name in variant.variables.items() if not lent[name]}
        ways = msgspec.structs.replace(variant, variables=own).key_variables
        sets = ", or ".join(" and ".join(way) for way in ways)
        stored = [key_name(variant.provider, name) for name in variant.secrets[0]]
        commands = "; ".join(f"rushes keys set {name}" for name in stored)
        what = "one" if len(stored) == 1 else "them"
        return f"no key for {variant.provider}; set {sets}, or store {what} with: {commands}" + (
            "".join(
                f". {name} is not read for it: that is the key for {owner}; if {variant.provider} "
                f"may have it, trust the distribution of {variant.id} with {owner} (RUSHES_TRUST)"
                for name, owner in lent.items()
                if owner
            )
        )

    def authorize(self, loaded: LoadedVariant, call: Call, task: Task | None, now: float) -> Call:
        """Return a call with the provider's key if it goes to the key's origin, else as it is.

        The key is sent to one origin only: that of today's base URL, for which it was configured.
        `task` is the task that the call belongs to; if that was sent to another address, today's
        key is not sent there: StillRunningError, OutcomeUnknownError or, if it was never sent,
        ConfigurationError says which address needs which key.
        """
        today = self.registry.get(loaded.variant.id)
        try:
            target = origin(call.url)
        except ValueError:
            with loaded.blamed("a call of its"):
                raise
        if target in today.origins:
            secrets, _ = self.find(loaded, task)
            token = self._token(loaded, secrets, now) if loaded.makes_tokens else None
            key = token or next(iter(secrets.values()))
            headers = loaded.authorize(call, key, secrets, now)
            declared = loaded.variant.headers
            return msgspec.structs.replace(call, headers={**declared, **call.headers, **headers})
        if task is not None and target == origin(task.base_url):
            raise self._other_address_error(loaded, task, today.variant.base_url or "")
        return call

    def _token(
        self, loaded: LoadedVariant, secrets: Mapping[str, Secret], now: float
    ) -> Secret | None:
        """Return the token that calls carry instead of the key, made anew when it expires."""
        made_from = f"{loaded.variant.provider} {_digest(secrets, b'token')}"
        token, expires_at = self.tokens.get(made_from, (None, 0.0))
        if token is None or now > expires_at - EXPIRES_SOON:
            made = loaded.token(secrets, now)
            if made is None:
                return None
            token, _ = self.tokens[made_from] = made
            self.keys.remember(loaded.variant.provider, token)
        return token

    def _other_address_error(self, loaded: LoadedVariant, task: Task, today: str) -> RushesError:
        """Return the error for a task that was sent to an address that today's key is not for."""
        variant, found = loaded.variant, None
        with suppress(ConfigurationError):  # unreadable keys are not the problem here
            found = self._find(variant)
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
        for secret in self._secrets(loaded.variant.id):
            text = redact(text, secret)
        return text

    def _secrets(self, variant: str) -> list[Secret]:
        """Return every key of a provider that was used here; if none was, the configured one."""
        provider = variant.partition("/")[0]
        if not self.keys.used(provider):
            with suppress(ConfigurationError):  # an unreadable key is not used, either
                self._find(self.registry.get(variant).variant)
        return self.keys.used(provider)

    def clean_task(self, task: Task) -> Task:
        """Remove the key from a task: a provider's answer may have echoed it."""
        echoes = {"receipt": task.receipt, "results": task.results, "error": task.error}
        secrets = [key for key in self._secrets(task.variant) if may_show(echoes, key)]
        if not secrets:
            return task
        plain = clean = msgspec.to_builtins(echoes, builtin_types=(bytes,))
        for secret in secrets:
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
        secrets, _ = self.find(loaded)
        return _digest(secrets, task.id.encode())[:16]


EXPIRES_SOON = 60.0
"""Seconds before its end at which a token is made anew."""


@lru_cache(maxsize=256)
def _names(variant_id: str, secret: str) -> tuple[str, str]:
    """Return the name by which a secret is passed and stored, and its environment variable."""
    provider = variant_id.partition("/")[0]
    return key_name(provider, secret), key_variable(provider, secret)


def _digest(secrets: Mapping[str, Secret], salt: bytes) -> str:
    """Return a keyed hash that identifies a set of secrets without revealing it."""
    key = "\0".join(secrets[name] for name in sorted(secrets)).encode()
    return hmac.digest(key, salt, "sha256").hex()
