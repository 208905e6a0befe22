"""Which distribution owns a provider's name: one, and no other gets the key.

Any distribution may add a variant to any provider, and would be given that provider's key. So the
name belongs to the only distribution that uses it; if there are several, to the one named
`rushes-PROVIDER`, and to those that the user explicitly trusts. Otherwise the variable of one
provider's key could be declared as that of another's, too, so variables belong as names do.
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint

from rushes._plugins.installed import distribution, normalized
from rushes.errors import ConfigurationError
from rushes.variant import environment_prefix

VARIABLE = "RUSHES_TRUST"
"""The environment variable: `toapis=some-distribution,other=another`."""


class Trust:
    """Which distributions may have which provider's key; arguments beat the environment."""

    def __init__(
        self, given: Mapping[str, str | Iterable[str]], environ: Mapping[str, str]
    ) -> None:
        self._given = {
            provider: {normalized(name) for name in ([names] if isinstance(names, str) else names)}
            for provider, names in given.items()
        }
        self._environ = environ

    def objection(self, variant_id: str, entries: Mapping[str, list[EntryPoint]]) -> str | None:
        """Say why a variant may not have its provider's key, or None if it may.

        `entries` has the entry points of every variant. Raises ConfigurationError if the
        environment variable is malformed.
        """
        if self.is_owner(variant_id, entries):
            return None
        provider = variant_id.partition("/")[0]
        whose, owner = distribution(entries[variant_id][0]), normalized(f"rushes-{provider}")
        if whose in self._trusted(provider):
            return None
        brought = _distributions(entries).get(provider, set())
        others = " and ".join(sorted(brought - {whose}))
        goes = f"The key for {provider} is given only to {owner}."
        if owner not in brought:
            goes = f"None of them is named {owner}, so none gets the key for {provider}."
        return (
            f"{variant_id} comes from {whose}, but other variants of {provider} from {others}. "
            f"{goes} If you trust {whose} with it, set "
            f'{VARIABLE}="{provider}={whose}", or the argument trust={{"{provider}": "{whose}"}}; '
            f"otherwise uninstall {whose}"
        )

    def is_owner(self, variant_id: str, entries: Mapping[str, list[EntryPoint]]) -> bool:
        """Whether a variant may have its provider's key whoever is trusted."""
        provider = variant_id.partition("/")[0]
        whose = distribution(entries[variant_id][0])
        brought = _distributions(entries).get(provider, set())
        return brought == {whose} or whose == normalized(f"rushes-{provider}")

    def lender(
        self, variable: str, variant_id: str, entries: Mapping[str, list[EntryPoint]]
    ) -> str | None:
        """Name the provider whose variable a variant may not read, or None if it may.

        A variable begins with its provider's name; of several that fit, the longest counts.
        """
        brought, whose = _distributions(entries), distribution(entries[variant_id][0])
        fitting = (one for one in brought if variable.startswith(f"{environment_prefix(one)}_"))
        owner = max(fitting, key=len, default=None)
        if owner is None or whose in brought[owner] or whose in self._trusted(owner):
            return None
        return owner

    def _trusted(self, provider: str) -> set[str]:
        if provider in self._given:
            return self._given[provider]
        pairs = [item.partition("=") for item in str(self._environ.get(VARIABLE, "")).split(",")]
        for name, sign, trusted in pairs:
            if (name or sign or trusted).strip() and not (name.strip() and trusted.strip()):
                raise ConfigurationError(
                    f"{VARIABLE} says {name + sign + trusted!r}, which is not of the form "
                    "PROVIDER=DISTRIBUTION; several are separated by commas"
                )
        return {normalized(known.strip()) for name, _, known in pairs if name.strip() == provider}


def _distributions(entries: Mapping[str, list[EntryPoint]]) -> dict[str, set[str]]:
    """Return the distributions that have variants of each provider."""
    found: dict[str, set[str]] = {}
    for variant_id, claims in entries.items():
        found.setdefault(variant_id.partition("/")[0], set()).update(map(distribution, claims))
    return found
