"""Finding plugins by entry point: listing imports nothing, a task loads only its own variant."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint
from typing import Any, NamedTuple

from rushes._payload.constraints import nearest
from rushes._plugins.calling import LoadedVariant, Wrapper, name_of
from rushes._plugins.installed import (
    LIMIT,
    VARIANTS,
    WRAPPERS,
    Installed,
    distribution,
    installed,
)
from rushes._plugins.loading import build, check_hooks, describe_entry, import_in_time
from rushes._plugins.trust import VARIABLE, Trust
from rushes._urls import base_url_objection
from rushes.errors import BrokenPluginError, ConfigurationError, UnknownVariantError
from rushes.variant import Variant

_ID = re.compile(r"[a-z0-9-]+/[A-Za-z0-9._-]+")


class _Wrappers(NamedTuple):
    """The wrappers that work, and the errors of those that do not."""

    working: list[Wrapper]
    broken: list[str]


class Registry:
    """The installed variants, each loaded when it is first needed.

    `plugins` are plugin objects passed directly: they need no entry point. `base_urls` overrides
    declared base URLs by provider; in `environ` they are `TOAPIS_BASE_URL` and so on. `trust` says
    by provider which distributions besides its own may have its key, like `RUSHES_TRUST`. `keys`
    are the names of the keys that were passed (`toapis`, `kling.secret_key`).
    `load_plugins` names the only distributions and providers whose entry points are used, like
    `RUSHES_LOAD_PLUGINS`.
    """

    def __init__(
        self,
        plugins: Iterable[Any] = (),
        wrappers: Iterable[Any] = (),
        base_urls: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        trust: Mapping[str, str | Iterable[str]] | None = None,
        load_plugins: Iterable[str] | None = None,
        keys: Iterable[str] = (),
    ) -> None:
        self._keys = tuple(keys)
        self._base_urls = dict(base_urls or {})
        self._environ = environ or {}
        self._own_wrappers = [Wrapper(part, name_of(part)) for part in listed("wrappers", wrappers)]
        for part, name in self._own_wrappers:
            check_hooks(part, f"{name} (from the argument wrappers)")
        if isinstance(load_plugins, str):
            load_plugins = (load_plugins,)
        self._load_plugins = None if load_plugins is None else tuple(load_plugins)
        self._loaded: dict[str, LoadedVariant] = {}
        self._broken: dict[str, BrokenPluginError] = {}
        self._trust = Trust(trust or {}, self._environ)
        self._key_objections: dict[tuple[str, str | None], str | None] = {}
        self._with_key: set[str] = set()
        """Variants that may have the key whoever is trusted."""
        self._lenders: dict[tuple[str, str, str | None], str | None] = {}
        self._own: dict[str, Any] = {}
        for plugin in listed("plugins", plugins):
            name = plugin.id if isinstance(plugin, Variant) else repr(plugin)
            self._own[build(plugin, [], name).variant.id] = plugin
        self._with_key.update(self._own)

    def ids(self) -> list[str]:
        """List every variant's id, sorted; nothing is imported."""
        return sorted({*self._entries, *self._own})

    def entries(self) -> dict[str, list[EntryPoint]]:
        """Return the entry points found for each id; more than one is a conflict."""
        return dict(self._entries)

    def loaded(self, variant_id: str) -> LoadedVariant | None:
        """Return one variant if it is loaded already."""
        return self._loaded.get(variant_id)

    def get(self, variant_id: str) -> LoadedVariant:
        """Load one variant, once.

        Raises UnknownVariantError with the nearest names, or BrokenPluginError.
        """
        if not isinstance(variant_id, str):
            raise UnknownVariantError(f"one variant is named by text, not by {variant_id!r}")
        if loaded := self._loaded.get(variant_id):
            return loaded
        if variant_id in self._broken:
            raise self._broken[variant_id].with_traceback(None)  # or it would grow with each raise
        try:
            loaded = self._loaded[variant_id] = self._load(variant_id)
        except BrokenPluginError as error:
            self._broken[variant_id] = error
            raise
        return loaded

    def working(self) -> Iterator[LoadedVariant]:
        """Load every variant that can be loaded; the others are skipped."""
        for variant_id in self.ids():
            try:
                yield self.get(variant_id)
            except ConfigurationError:
                continue

    def _load(self, variant_id: str) -> LoadedVariant:
        if variant_id in self._own:
            loaded = build(self._own[variant_id], self._wrappers.working, variant_id)
        else:
            entry = self._entry(variant_id)
            plugin, name = import_in_time(entry), describe_entry(entry)
            loaded = build(plugin, self._wrappers.working, name)
            if loaded.variant.id != variant_id:
                raise BrokenPluginError(
                    f"{name}: its entry point says {variant_id}, its declaration "
                    f"{loaded.variant.id}"
                )
        variant = loaded.variant
        return loaded.with_variant(variant.at(self._base_url(variant)))

    def why_no_key(self, variant_id: str) -> str | None:
        """Say why a variant may not have its provider's key, or None if it may.

        A plugin passed directly may: the caller trusts it.
        """
        if variant_id in self._with_key:
            return None
        asked = variant_id, self._environ.get(VARIABLE)
        if asked not in self._key_objections:
            if self._trust.is_owner(variant_id, self._brought):
                self._with_key.add(variant_id)
                return None
            self._key_objections[asked] = self._trust.objection(variant_id, self._brought)
        return self._key_objections[asked]

    def lender(self, variable: str, variant_id: str) -> str | None:
        """Name the provider whose variable a variant declares and may not read, or None if it may.

        A plugin passed directly may: the caller trusts it.
        """
        if variant_id in self._own:
            return None
        asked = variable, variant_id, self._environ.get(VARIABLE)
        if asked not in self._lenders:
            self._lenders[asked] = self._trust.lender(variable, variant_id, self._brought)
        return self._lenders[asked]

    def _base_url(self, variant: Variant) -> str | None:
        name = f"{variant.environment_prefix}_BASE_URL"
        url = self._base_urls.get(variant.provider) or self._environ.get(name)
        if url and (wrong := base_url_objection(url)):
            raise ConfigurationError(
                f"the base URL for {variant.provider} {wrong}; "
                f"correct {name} or the argument base_urls"
            )
        return url and str(url)

    def _entry(self, variant_id: str) -> EntryPoint:
        entries = self._entries.get(variant_id, [])
        if not entries:
            raise UnknownVariantError(self._unknown(variant_id))
        if len(entries) > 1:
            claims = " and ".join(describe_entry(entry) for entry in entries)
            raise BrokenPluginError(
                f"{variant_id} is claimed by {claims}; uninstall the one you do not trust: it "
                "would be given the key"
            )
        return entries[0]

    def _unknown(self, variant_id: str) -> str:
        installed = self.ids()
        near = difflib.get_close_matches(variant_id, installed, n=3, cutoff=0.4)
        others = {distribution(one) for one in self.installed.left_out if one.group == VARIANTS}
        if not installed and others:
            words = f"no variant is loaded: {LIMIT} leaves out {', '.join(sorted(others))}"
        elif not installed:
            words = "no variant is installed; install a plugin: pip install ./plugins/toapis"
        elif near:
            words = f"no variant {variant_id!r} is installed (nearest: {', '.join(near)})"
        else:
            words = f"no variant {variant_id!r} is installed (installed: {', '.join(installed)})"
        left_out = _by_id(self.installed.left_out).get(variant_id, ())
        if left_out:
            words += f"; {distribution(left_out[0])} has it, but is not to be loaded ({LIMIT})"
        # It may be in a distribution that could not be read.
        return "\n".join((words, *map(str, self.installed.unreadable)))

    @cached_property
    def installed(self) -> Installed:
        """The entry points of every distribution, and the distributions that could not be read."""
        return installed(self._load_plugins)

    @cached_property
    def _entries(self) -> dict[str, list[EntryPoint]]:
        return _by_id(self.installed.group(VARIANTS))

    @cached_property
    def _brought(self) -> dict[str, list[EntryPoint]]:
        """All that is installed, by id: names do not change owners because some is left out."""
        return _by_id((*self.installed.group(VARIANTS), *self.installed.left_out))

    @cached_property
    def _wrappers(self) -> "_Wrappers":
        working, broken = list(self._own_wrappers), []
        for entry in self.installed.group(WRAPPERS):
            try:
                name = describe_entry(entry)
                working.append(Wrapper(check_hooks(import_in_time(entry), name), name))
            except BrokenPluginError as error:
                broken.append(str(error))
        broken += [str(found) for found in self.installed.unreadable if found.may_wrap]
        return _Wrappers(working, broken)

    @cached_property
    def _misspelt(self) -> str | None:
        """What is wrong with the providers' names in `keys` and `base_urls`, if anything.

        A name that is not installed may be meant for another machine, unless it is nearly one that
        is.
        """
        known = sorted({one.partition("/")[0] for one in (*self._brought, *self._own)})
        for argument, names in (("keys", self._keys), ("base_urls", self._base_urls)):
            for provider in sorted({name.partition(".")[0] for name in names} - set(known)):
                if near := nearest(provider, known):
                    return (
                        f"the argument {argument} names the provider {provider!r}, which is not "
                        f"installed (nearest: {near[0]}); nothing is sent until that is corrected"
                    )
        return None

    def guard(self) -> None:
        """Raise if an installed wrapper is broken: it may be the one that limits spending.

        Checking works without it; paying does not. Nor with a misspelt provider's name: another key
        or address than was meant would be used.
        """
        if self._misspelt:
            raise ConfigurationError(self._misspelt)
        if broken := self._wrappers.broken:
            reasons = "\n".join(broken)
            raise BrokenPluginError(
                f"{reasons}\nNothing is sent while a wrapper that may limit spending cannot be "
                "loaded; repair or uninstall it"
            )


def listed(argument: str, given: Any) -> tuple[Any, ...]:
    """Return what an argument lists; raise ConfigurationError if it is not a list."""
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        raise ConfigurationError(
            f"the argument {argument} must be a list of {argument}, not {type(given).__name__}"
        )
    return tuple(given)


def _by_id(entries: Iterable[EntryPoint]) -> dict[str, list[EntryPoint]]:
    """Return the entry points of variants by the variant's id."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in entries:
        variant_id = entry.name.replace(".", "/", 1)
        if entry.group == VARIANTS and _ID.fullmatch(variant_id):
            found.setdefault(variant_id, []).append(entry)
    return found
