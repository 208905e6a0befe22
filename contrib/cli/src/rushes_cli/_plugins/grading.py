"""Computing a plugin's grade. Nothing is taken on trust: everything is tried on this machine.

bronze: the conformance kit is green. silver: the provider has a sandbox protocol, and every fault
that it can have leaves at most one bill, and the video or an honest error. gold: answers recorded
at the live service, dated prices, and a reader of webhooks.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes_cli._plugins.doctor import Patient, is_dated, protocol_of
from rushes_cli._plugins.grades import Check, Grade, by_distribution, identity_of, keep
from rushes_cli._plugins.kit_run import KitResult, run_kit
from rushes_cli._plugins.sources import tests_folder
from rushes_cli._request.cheapest import cheapest_request

if TYPE_CHECKING:
    from rushes import Client

Tell = Callable[[str], None]
LIVE = "the live service"
"""The source of a recording that is not from a sandbox, as `rushes smoke` writes it."""


def grade(
    client: "Client", variants: Sequence[str], tests: Path | None, tell: Tell
) -> dict[str, Grade]:
    """Grade variants, keep their grades, and return them; `tests` is the folder of their kits.

    By default that is the folder `tests` of the source they were installed from. `tell` is told
    what is being tried.
    """
    from rushes.plugins import VARIANTS

    found: dict[str, Grade] = {}
    for name, entries in by_distribution(client.registry.installed, VARIANTS).items():
        own = {entry.name.replace(".", "/", 1): entry for entry in entries}
        wanted = {variant: own[variant] for variant in variants if variant in own}
        if wanted:
            grades = _graded(client, name, wanted, tests, tell)
            keep(name, identity_of(entries), grades)
            found |= grades
    return found


def _graded(
    client: "Client", name: str, wanted: dict[str, EntryPoint], tests: Path | None, tell: Tell
) -> dict[str, Grade]:
    first = next(iter(wanted.values()))
    if tests is None and first.dist is not None:
        tests = tests_folder(first.dist)
    results: dict[str, list[KitResult]] = {}
    words = "its kit was not found: it was installed without its tests; name them with --tests"
    if tests is not None:
        tell(f"{name}: the conformance kit on {', '.join(wanted)}")
        results, words = run_kit(tests, wanted)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    grades = {}
    for variant, entry in wanted.items():
        checks = [_kit(results.get(variant, []), words)]
        if checks[0].passed:
            patient = Patient(client, entry, variant, client.registry.get(variant))
            checks += [*_faults(patient, tell), *_facts(patient, tests)]
        grades[variant] = Grade(variant, today, tuple(checks))
    return grades


def _kit(results: Sequence[KitResult], words: str) -> Check:
    """Return whether the kit is green: a test that does not apply is skipped."""
    failed = [result for result in results if result.outcome == "failed"]
    passed = [result for result in results if result.outcome == "passed"]
    if failed:
        names = ", ".join(dict.fromkeys(result.test for result in failed))
        words = f"{len(failed)} of {len(results)} tests fail: {names}"
    elif results:
        words = f"{len(passed)} tests pass, {len(results) - len(passed)} do not apply"
        own = {result.test: result.replaced for result in results if result.replaced}
        words += "".join(f"; {test} is the author's: {reason}" for test, reason in own.items())
    return Check("bronze", "kit", bool(passed) and not failed, words)


def _faults(patient: Patient, tell: Tell) -> Iterator[Check]:
    """Yield whether there is a sandbox protocol, and what became of each fault."""
    from rushes import BrokenPluginError
    from rushes.plugins import PLUGIN_ERRORS

    try:
        protocol = protocol_of(patient)
        words = "installed" if protocol else "none is installed for this provider"
    except BrokenPluginError as error:
        protocol, words = None, str(error)
    yield Check("silver", "sandbox protocol", protocol is not None, words)
    if protocol is None:
        return
    entries = patient.client.registry.installed.group("rushes.trials")
    report = cheapest_request(patient.client, [patient.name], ended=True)
    if not entries or report is None:
        words = "rushes-sandbox is not installed" if report else "no request with a prompt alone"
        yield Check("silver", "faults", False, f"they were not tried: {words}")
        return
    import msgspec

    run: Any = entries[0].load()
    tell(f"{patient.name}: every fault that its provider can have, in the sandbox")
    try:
        outcomes = run(patient.name, msgspec.to_builtins(report.payload), tell)
    except PLUGIN_ERRORS as error:  # the protocol is a plugin, too
        words = f"they were not tried: {type(error).__name__}: {error}"
        yield Check("silver", "faults", False, words)
        return
    bad = {fault: problem for fault, problem in outcomes.items() if problem}
    told = "; ".join(f"{fault}: {problem}" for fault, problem in bad.items())
    words = f"{len(bad)} of {len(outcomes)}: {told}" if bad else f"{len(outcomes)} faults tried"
    yield Check("silver", "faults", not bad, words)


def _facts(patient: Patient, tests: Path | None) -> Iterator[Check]:
    """Yield the checks for the grade gold."""
    from rushes.recordings import recordings_in

    folder = tests / "recordings" if tests else None
    own = [one for one in recordings_in(folder) if one.variant == patient.name] if folder else []
    live = [one for one in own if one.source == LIVE]
    words = f"of {live[-1].date}" if live else "only from a sandbox" if own else "none"
    yield Check("gold", "recorded live answers", bool(live), words)
    variant = patient.loaded.variant
    dated = variant.cost is not None and is_dated(variant.facts)
    words = "with their date" if dated else "without a date" if variant.cost else "none"
    yield Check("gold", "prices", dated, words)
    reads = "parse_webhook" in patient.loaded.hooks
    words = "it has the hook" if reads else "it has no hook parse_webhook"
    yield Check("gold", "webhook", reads, words)
