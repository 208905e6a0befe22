"""Everything about one variant: what it accepts, under which conditions, and its price."""

from typing import TYPE_CHECKING, Any

from rushes_cli._output.matrix import label
from rushes_cli._output.report import format_cost
from rushes_cli.terminal import print_line

if TYPE_CHECKING:
    from rushes import Capability, Client, NativeField, Variant


def print_page(client: "Client", variant: "Variant") -> None:
    """Print everything known about a variant."""
    import rushes

    print_line("", bold=variant.id)
    for name, value in _facts(client, variant):
        print_line(value, bold=f"{name + ':':<14}", indent="  ")
    print_line()
    print_line("", bold="Fields")
    capabilities = rushes.capabilities(variant)
    for row, capability in capabilities.items():
        print_line(_describe(capability), bold=f"{label(row):<17}", indent="  ")
    print_line()
    print_line("", bold="Payload")
    for field in rushes.native_fields(variant):
        print_line(_accepts(field), bold=f"{field.path}: ", indent="  ")
    if variant.rules:
        print_line()
        print_line("", bold="Rules")
    for rule in variant.rules:
        print_line(f"- {rule.text}", indent="  ")
    for index, fact in enumerate(variant.facts):
        if not index:
            print_line()
            print_line("", bold="Good to know")
        print_line(f"- {fact}", indent="  ")


def _facts(client: "Client", variant: "Variant") -> list[tuple[str, str]]:
    """Return everything about a variant but its fields, by title."""
    from rushes.urls import without_secrets

    no_address = f"no default; set {variant.environment_prefix}_BASE_URL"
    uploads = "none; files must be public URLs"
    if variant.uploads:
        kinds = ", ".join(kind.partition("/")[2] for kind in variant.uploads.types)
        only = "" if variant.uploads.addresses else "; those at URLs are fetched and sent along"
        uploads = f"{kinds}, {variant.uploads.limits}{only}"
    return [
        ("Page", f"{variant.page.title}: {variant.page.url}"),
        ("Base URL", without_secrets(variant.base_url or "") or no_address),
        ("Key", _key(variant)),
        ("Local files", uploads),
        ("Price", _price(client, variant)),
        ("Paid once", _paid_once(variant)),
    ]


def _key(variant: "Variant") -> str:
    """Return which variables hold the key, or each part of it, and how to store it."""
    from rushes.variant import key_name

    sets = [" and ".join(way) for way in variant.key_variables]
    names = [key_name(variant.provider, name) for name in variant.secrets[0]]
    commands = [f"rushes keys set {name}" for name in names]
    return f"{', or '.join(sets)}, or: {'; '.join(commands)}"


def _price(client: "Client", variant: "Variant") -> str:
    """Describe the cost of a request that sets only the prompt, if it is known."""
    cost = base_cost(client, variant)
    if cost is not None:
        return f"{format_cost(cost)} with all defaults; `rushes check` estimates each request"
    return "unknown" if variant.cost is None else "`rushes check` estimates each request"


def base_cost(client: "Client", variant: "Variant") -> float | None:
    """Return the estimated cost of a request that sets only the prompt, or None."""
    if variant.cost is None:
        return None
    return client.check(variant.id, {"prompt": "A red kite"}).cost


def variant_dict(
    client: "Client", variant: "Variant", capabilities: "dict[str, Capability]"
) -> dict[str, Any]:
    """Return a variant as one JSON object."""
    import rushes
    from rushes.urls import without_secrets

    return {
        "variant": variant.id,
        "provider": variant.provider,
        "model": variant.model,
        "page": variant.page,
        "base_url": variant.base_url and without_secrets(variant.base_url),
        "fields": capabilities,
        "native_fields": rushes.native_fields(variant),
        "rules": [
            {"name": rule.name, "text": rule.text, "fields": rule.fields, "source": rule.source}
            for rule in variant.rules
        ],
        "facts": variant.facts,
        "uploads": variant.uploads,
        "idempotency": variant.idempotency,
        "look_up": variant.look_up,
        "cost": base_cost(client, variant),
    }


def _describe(capability: "Capability") -> str:
    if capability.how == "no":
        return "no"
    return capability.words + (f"   (sent as {capability.to})" if capability.to else "")


def _accepts(field: "NativeField") -> str:
    """Describe a field of the payload: what it accepts, and its default."""
    from rushes.problems import listing

    words = listing(field.choices) or field.takes
    if field.required:
        return f"{words}; required"
    return words if field.default is None else f"{words}; by default {listing([field.default])}"


def _paid_once(variant: "Variant") -> str:
    if variant.idempotency == "replay":
        return "a repeated submit is recognised by its key, and not charged again"
    if variant.look_up == "by_client_id":
        return "an interrupted submit can be looked up"
    return "an interrupted submit cannot be looked up; settle it with `rushes resolve`"
