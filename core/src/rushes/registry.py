"""Finding plugins by entry point: listing imports nothing, a task loads only its own variant."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rushes.errors import BrokenPluginError, ConfigurationError, UnknownVariantError
from rushes.loading import LoadedVariant, build, described, fitting, import_in_time
from rushes.urls import base_url_objection
from rushes.variant import Variant, configured

VARIANTS, WRAPPERS, OBSERVERS = "rushes", "rushes.wrappers", "rushes.observers"
COMMANDS = "rushes.commands"
_ID = re.compile(r"[a-z0-9-]+/[A-Za-z0-9._-]+")


class Registry:
    """The installed variants, each loaded when it is first wanted.

    `plugins` are plugin objects given by hand: they need no entry point. `base_urls` overrides
    declared base URLs by provider; in `environ` they are `TOAPIS_BASE_URL` and so on.
    """

    def __init__(
        self,
        plugins: Iterable[Any] = (),
        wrappers: Iterable[Any] = (),
        base_urls: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._base_urls = dict(base_urls or {})
        self._environ = environ or {}
        self._own_wrappers = list(wrappers)
        self._wrappers: list[Any] | None = None
        self._broken_wrappers: list[BrokenPluginError] = []
        self._loaded: dict[str, LoadedVariant] = {}
        self._broken: dict[str, BrokenPluginError] = {}
        self._entries: dict[str, list[EntryPoint]] | None = None
        self._own: dict[str, Any] = {}
        for plugin in plugins:
            self._own[build(plugin, [], repr(plugin)).variant.id] = plugin

    def ids(self) -> list[str]:
        """List every variant's id, sorted; nothing is imported."""
        return sorted({*self._found(), *self._own})

    def entries(self) -> dict[str, list[EntryPoint]]:
        """Return the entry points found for each id; more than one is a conflict."""
        return dict(self._found())

    def get(self, variant_id: str) -> LoadedVariant:
        """Load one variant, once.

        Raises UnknownVariantError with the nearest names, or BrokenPluginError.
        """
        if variant_id in self._broken:
            raise self._broken[variant_id]
        if variant_id not in self._loaded:
            try:
                self._loaded[variant_id] = self._load(variant_id)
            except BrokenPluginError as error:
                self._broken[variant_id] = error
                raise
        return self._loaded[variant_id]

    def working(self) -> Iterator[LoadedVariant]:
        """Load every variant that can be loaded; the others are passed over."""
        for variant_id in self.ids():
            try:
                yield self.get(variant_id)
            except ConfigurationError:
                continue

    def _load(self, variant_id: str) -> LoadedVariant:
        if variant_id in self._own:
            loaded = build(self._own[variant_id], self._all_wrappers(), variant_id)
        else:
            entry = self._entry(variant_id)
            loaded = build(import_in_time(entry), self._all_wrappers(), described(entry))
            if loaded.variant.id != variant_id:
                raise BrokenPluginError(
                    f"{described(entry)}: its entry point says {variant_id}, its declaration "
                    f"{loaded.variant.id}"
                )
        variant = loaded.variant
        return loaded.with_variant(configured(variant, self._base_url(variant)))

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
        entries = self._found().get(variant_id, [])
        if not entries:
            raise UnknownVariantError(self._unknown(variant_id))
        if len(entries) > 1:
            claims = " and ".join(described(entry) for entry in entries)
            raise BrokenPluginError(
                f"{variant_id} is claimed by {claims}; uninstall the one you do not trust, it "
                "would be given the key"
            )
        return entries[0]

    def _unknown(self, variant_id: str) -> str:
        known = self.ids()
        if not known:
            return 'no variant is installed; pip install "rushes[all]" brings ours'
        near = difflib.get_close_matches(variant_id, known, n=3, cutoff=0.4)
        if near:
            return f"no variant {variant_id!r} is installed (nearest: {', '.join(near)})"
        return f"no variant {variant_id!r} is installed (installed: {', '.join(known)})"

    def _found(self) -> dict[str, list[EntryPoint]]:
        if self._entries is None:
            found: dict[str, list[EntryPoint]] = {}
            for entry in distinct(entry_points(group=VARIANTS)):
                variant_id = entry.name.replace(".", "/", 1)
                if _ID.fullmatch(variant_id):
                    found.setdefault(variant_id, []).append(entry)
            self._entries = found
        return self._entries

    def _all_wrappers(self) -> list[Any]:
        if self._wrappers is None:
            self._wrappers = list(self._own_wrappers)
            for entry in distinct(entry_points(group=WRAPPERS)):
                try:
                    self._wrappers.append(fitting(import_in_time(entry), described(entry)))
                except BrokenPluginError as error:
                    self._broken_wrappers.append(error)
        return self._wrappers

    def guard(self) -> None:
        """Raise where a wrapper is installed and broken: it may be what caps the spending.

        Checking goes on without it; paying does not.
        """
        self._all_wrappers()
        if self._broken_wrappers:
            reasons = "\n".join(str(error) for error in self._broken_wrappers)
            raise BrokenPluginError(
                f"{reasons}\nNothing is sent while a wrapper that may guard it cannot be loaded; "
                "repair or uninstall it"
            )


def distinct(entries: Iterable[EntryPoint]) -> list[EntryPoint]:
    """Drop entry points that one distribution shows twice, as an editable install may."""
    seen: dict[tuple[str, str, str | None], EntryPoint] = {}
    for entry in entries:
        seen.setdefault((entry.name, entry.value, entry.dist.name if entry.dist else None), entry)
    return list(seen.values())
