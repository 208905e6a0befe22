"""What is wrong with a plugin, in its author's words, and what to do about it."""

import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from rushes_cli._plugins.import_time import LIMIT, import_seconds
from rushes_cli._plugins.inventory import PluginEntry, list_plugins, named
from rushes_cli._plugins.sources import tests_folder
from rushes_cli._request.cheapest import cheapest_request

if TYPE_CHECKING:
    from rushes import Client, Source
    from rushes.plugins import LoadedVariant

PLUGIN, WRAPPER, KIT, SANDBOX, REFERENCE = (
    f"docs/{page}.md"
    for page in (
        "write-a-plugin",
        "wrap-any-provider",
        "conformance",
        "write-a-sandbox",
        "reference",
    )
)
_DATED = re.compile(r"\b20\d\d-\d\d")
_PRICE = re.compile(r"(?i)\b(usd|prices?)\b")
_IMPORTED_BY_ALL = ("rushes", "rushes.wrappers", "rushes.observers")
"""Groups that are imported by more than the one command that needs them."""
_BOUNDS = frozenset(("choice", "length", "pattern", "range"))
"""Codes of problems with a bound of one field. Other limits are rushes' own, like the schemes of an
address, or are rules: these have a source."""
_SHOWN = 3
"""Fields that are shown to disagree with the sandbox; one usually explains the others."""
_KINDS = ("wrong", "lacking", "known")
"""The kinds of findings, the worst first."""


class Finding(Struct, frozen=True):
    """One thing about a plugin: what it is, what to do, and the page that says more.

    What is `wrong` harms callers; what is `lacking` only keeps the plugin from a better grade; what
    is merely `known` is nobody's mistake.
    """

    about: str
    kind: Literal["wrong", "lacking", "known"]
    what: str
    todo: str
    page: str


class Patient(Struct, frozen=True):
    """A variant that is examined: its entry point, its id, and the plugin as it was loaded."""

    client: "Client"
    entry: EntryPoint
    name: str
    loaded: "LoadedVariant"


def examine(client: "Client", name: str) -> list[Finding]:
    """Return what is found about a provider, a variant or a distribution, the worst first.

    Raises ConfigurationError if nothing with this name is installed.
    """
    found: list[Finding] = []
    modules: set[str] = set()
    for plugin in named(list_plugins(), name):
        if plugin.entry is None:
            todo = "Reinstall or uninstall it."
            found.append(Finding(name, "wrong", plugin.problem or "", todo, REFERENCE))
            continue
        found += _examined(client, plugin, plugin.entry)
        if plugin.group in _IMPORTED_BY_ALL and plugin.entry.module not in modules:
            modules.add(plugin.entry.module)
            found += _import_time(plugin.entry)
    return sorted(dict.fromkeys(found), key=lambda finding: _KINDS.index(finding.kind))


def _examined(client: "Client", plugin: PluginEntry, entry: EntryPoint) -> Iterator[Finding]:
    """Yield what is found about one entry point."""
    from rushes.plugins import VARIANTS, WRAPPERS

    variant = plugin.name.replace(".", "/", 1) if plugin.group == VARIANTS else plugin.name
    if plugin.status == "broken":
        todo = "Correct what it says; until then, nobody can use it."
        page = PLUGIN
        if plugin.group == WRAPPERS:
            todo = "Correct what it says, or uninstall it; until then, nothing is sent."
            page = WRAPPER
        yield Finding(variant, "wrong", plugin.problem or "it is broken", todo, page)
        return
    if plugin.status == "untrusted":
        todo = f"Name the distribution rushes-{variant.partition('/')[0]}, or another provider."
        yield Finding(variant, "wrong", plugin.problem or "it is not trusted", todo, REFERENCE)
    if plugin.group != VARIANTS:
        return
    patient = Patient(client, entry, variant, client.registry.get(variant))
    for look in _LOOKS:
        yield from _looked(look, patient)


def _looked(look: "Look", patient: Patient) -> Iterator[Finding]:
    """Yield what one look finds; what it calls is others' code, which may raise."""
    from rushes import RushesError
    from rushes.plugins import PLUGIN_ERRORS

    try:
        yield from look(patient)
    except PLUGIN_ERRORS as error:
        what = str(error) if isinstance(error, RushesError) else f"{type(error).__name__}: {error}"
        todo = "Correct what raises it."
        yield Finding(patient.name, "wrong", f"it could not be examined: {what}", todo, SANDBOX)


def _import_time(entry: EntryPoint) -> Iterator[Finding]:
    try:
        seconds = import_seconds(entry.module, LIMIT)
    except ImportError as error:
        todo = f"`python -c 'import {entry.module}'` shows why."
        what = f"a new process cannot import it: {error}"
        yield Finding(entry.module, "wrong", what, todo, PLUGIN)
        return
    if seconds > LIMIT:
        yield Finding(
            entry.module,
            "wrong",
            f"importing it takes {1000 * seconds:.0f} ms in a new process, more than "
            f"{1000 * LIMIT:.0f} ms; whoever lists or checks variants waits for it",
            "Import what is heavy inside the function that needs it; "
            f"`python -X importtime -c 'import {entry.module}'` shows what takes the time.",
            PLUGIN,
        )


def _sources(patient: Patient) -> Iterator[Finding]:
    """Look for a page, of the variant or of a rule, that is not an address."""
    variant = patient.loaded.variant
    if not _is_page(variant.page):
        yield Finding(
            patient.name,
            "wrong",
            f"its page is {variant.page.url!r}, which is not an address; "
            "no constraint has a source",
            "Declare page=Source(title, address) with the provider's page that states them.",
            PLUGIN,
        )
        return
    for rule in variant.rules:
        if not _is_page(rule.source):
            yield Finding(
                patient.name,
                "wrong",
                f"the rule {rule.name!r} has no source: {rule.text}",
                "Give it source=Source(title, address): the page that states this sentence.",
                PLUGIN,
            )


def _is_page(source: "Source | None") -> bool:
    return source is not None and bool(re.match(r"https?://[^/\s]+\.", source.url))


def _constraints(patient: Patient) -> Iterator[Finding]:
    """Compare what is refused with the sandbox, which has read the page and not the plugin."""
    import msgspec

    validate = _validator(patient)
    report = cheapest_request(patient.client, [patient.name], ended=True)
    if validate is None or report is None:
        return
    variant = patient.loaded.variant
    try:
        from rushes.testing import check, edge_payloads
    except ImportError:
        todo = "Install rushes[testing]; its bounds are then compared with the sandbox's."
        yield Finding(patient.name, "lacking", "its bounds were not compared", todo, KIT)
        return
    from rushes.urls import is_loopback

    found: dict[str, Finding] = {}
    local = is_loopback(variant.base_url)
    for body in edge_payloads(variant.payload, msgspec.to_builtins(report.payload)):
        try:
            msgspec.json.encode(body)
        except (ValueError, msgspec.MsgspecError):
            continue
        problems = check(patient.loaded, {"extra": body}).problems
        if not problems or not all(problem.code in _BOUNDS for problem in problems):
            continue
        violations = validate(patient.name.partition("/")[0], variant.model, body, loopback=local)
        if not violations:
            words = str(problems[0]).split("\n", 1)[0]
            found.setdefault(problems[0].path, _unstated(patient.name, words))
    yield from list(found.values())[:_SHOWN]


def _unstated(name: str, problem: str) -> Finding:
    return Finding(
        name,
        "wrong",
        f"a constraint that no page states, as the sandbox reads the pages: {problem}",
        "Find the sentence on the provider's page, and correct the sandbox's protocol; if there is "
        "none, drop the constraint.",
        SANDBOX,
    )


def _validator(patient: Patient) -> Callable[..., Sequence[object]] | None:
    """Return how the installed sandbox validates this provider's bodies, if it knows it."""
    from rushes.plugins import import_in_time

    provider = patient.name.partition("/")[0]
    for entry in patient.client.registry.installed.group("rushes.validators"):
        if entry.name in (provider, "any"):
            made: Any = import_in_time(entry)
            if validate := (made(provider) if entry.name == "any" else made):
                return validate  # type: ignore[no-any-return]
    return None


def _recovery(patient: Patient) -> Iterator[Finding]:
    """Look for what finds a task again, or ends it, without being declared."""
    variant, hooks = patient.loaded.variant, patient.loaded.hooks
    if "look_up" in hooks and variant.look_up == "none":
        yield Finding(
            patient.name,
            "wrong",
            "it has a hook look_up, but declares look_up='none'",
            'Declare look_up="by_client_id", or remove the hook.',
            PLUGIN,
        )
    carries = variant.client_id_field or variant.client_id_header
    if carries and variant.idempotency == "none" and variant.look_up == "none":
        yield Finding(
            patient.name,
            "lacking",
            f"our client id is sent ({carries}), but neither a look-up nor a replay by it is "
            "declared: a submit whose answer is lost stays unknown",
            'If the page says so, declare idempotency="replay" or look_up="by_client_id".',
            PLUGIN,
        )
    if "cancel" not in hooks and variant.cancel is None and _cancels(patient):
        yield Finding(
            patient.name,
            "wrong",
            "it cannot cancel tasks, but the sandbox's protocol has a call for that",
            "Declare cancel=Cancel(path=…), or the hook cancel.",
            PLUGIN,
        )


def _cancels(patient: Patient) -> bool:
    """Whether the sandbox's protocol of the provider has a call that looks like a cancellation."""
    protocol = protocol_of(patient)
    paths = [
        f"{getattr(each, 'method', '')} {getattr(each, 'path', '')}"
        for each in getattr(protocol, "endpoints", ())
    ]
    return any(path.startswith("DELETE ") or path.endswith("cancel") for path in paths)


def protocol_of(patient: Patient) -> object | None:
    """Return the sandbox protocol that is installed for a variant's provider.

    Raises BrokenPluginError if it cannot be imported.
    """
    from rushes.plugins import import_in_time

    provider = patient.name.partition("/")[0]
    for entry in patient.client.registry.installed.group("rushes.sandboxes"):
        if entry.name == provider:
            loaded: object = import_in_time(entry)
            return loaded
    return None


def _price(patient: Patient) -> Iterator[Finding]:
    variant = patient.loaded.variant
    if variant.cost is None:
        yield Finding(
            patient.name,
            "lacking",
            "it has no prices: callers see no estimate, and a spending cap counts a guess",
            "Declare cost=…, USD for a payload, and the prices with their date among the facts.",
            PLUGIN,
        )
    elif not is_dated(variant.facts):
        yield Finding(
            patient.name,
            "lacking",
            "its prices have no date",
            'Add a fact that has it: "USD per second on 2026-11-21: 0.1".',
            PLUGIN,
        )


def is_dated(facts: Sequence[str]) -> bool:
    """Whether one of a declaration's facts gives the date of its prices."""
    return any(_DATED.search(fact) and _PRICE.search(fact) for fact in facts)


def _has_ended(patient: Patient) -> bool:
    ends = patient.loaded.variant.ends
    return ends is not None and ends <= datetime.datetime.now(datetime.UTC).date()


def _end(patient: Patient) -> Iterator[Finding]:
    if _has_ended(patient):
        ended = patient.loaded.variant.ends
        yield Finding(
            patient.name,
            "known",
            f"its provider ended the model on {ended}; requests are refused before they are sent",
            "Keep it as long as anybody has tasks of it; declare its successor beside it.",
            PLUGIN,
        )


def _recordings(patient: Patient) -> Iterator[Finding]:
    tests = tests_folder(patient.entry.dist) if patient.entry.dist else None
    made = [*tests.glob(f"recordings/{patient.name.replace('/', '-')}.json")] if tests else []
    if not made and not _has_ended(patient):  # of an ended one no more can be made
        where = f" in {tests / 'recordings'}" if tests else ", since it was installed without tests"
        provider = patient.name.partition("/")[0]
        yield Finding(
            patient.name,
            "lacking",
            f"no recorded answers were found{where}",
            f"`rushes smoke {provider} -m {patient.name} --spend` makes the cheapest video and "
            "records the answers; keep them beside the tests.",
            KIT,
        )


def _sandbox(patient: Patient) -> Iterator[Finding]:
    if protocol_of(patient) is None:
        provider = patient.name.partition("/")[0]
        yield Finding(
            patient.name,
            "lacking",
            f"no sandbox protocol for {provider} is installed: faults cannot be tried",
            "Bring one under the entry point group rushes.sandboxes.",
            SANDBOX,
        )


Look = Callable[[Patient], Iterator[Finding]]
_LOOKS: tuple[Look, ...] = (
    _sources,
    _constraints,
    _recovery,
    _price,
    _end,
    _recordings,
    _sandbox,
)
