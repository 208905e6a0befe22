"""What `rushes compare` does, once its options are read."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs
from rushes_cli.exit_codes import NOT_BOUGHT
from rushes_cli.terminal import console, json_text

if TYPE_CHECKING:
    from rich.console import Console
    from rushes import AsyncClient

    from rushes_compare._command.live_table import LiveTable
    from rushes_compare._plan.plan import Plan
    from rushes_compare._plan.plan_file import PlanFile
    from rushes_compare.results import Results

_OUTPUTS = ("report.html", "results.csv", "results.parquet")


async def run_compare(given: dict[str, Any]) -> int:
    """Compare what the options ask for; return the exit code."""
    from rushes import AsyncClient

    from rushes_compare._check.budget import enforce_limits, total_cost
    from rushes_compare._command.exit_code import exit_code, preview_exit_code
    from rushes_compare._command.live_table import LiveTable
    from rushes_compare._command.summary import offer_to_open_page, print_line
    from rushes_compare._results.results_file import ResultsFile
    from rushes_compare._run.pending import pending
    from rushes_compare.comparison import run_comparison

    screen = console(err=True)
    async with AsyncClient() as client:
        folder, results = _open(client, given)
        table = LiveTable(results, screen)
        results_file = ResultsFile(folder, results, table.show)
        todo = list(pending(results_file.results, folder, given["redo"]))
        cost = total_cost(todo)
        limits = {"max_cost": given["max_cost"], "max_tasks": given["max_tasks"]}
        if given["dry_run"]:
            _print_dry_run(results, as_json=given["as_json"])
            enforce_limits(cost, **limits)
            return preview_exit_code(results)
        if (given["expect"] or given["junit"]) and given["resume"] is None and not todo:
            _refuse_to_judge_again(folder, results)
        enforce_limits(cost, **limits)
        for line in table.cannot():
            print_line(line, screen)
        print_line(f"{cost}; the page: {folder / 'report.html'}", screen)
        with table:
            page = await run_comparison(
                client,
                results_file,
                concurrency=given["concurrency"],
                timeout=given["timeout"],
                redo=given["redo"],
                embed=given["embed"],
            )
    done = results_file.results
    _print_end(done, table, screen)
    unmet = _check_expectations(given, done, table, screen)
    if given["as_json"]:
        click.echo(json_text(done))
    else:
        click.echo(str(page))
        offer_to_open_page(page)
    return max(exit_code(done), NOT_BOUGHT if unmet else 0)


def _print_dry_run(results: "Results", *, as_json: bool) -> None:
    from rushes_compare._command.preview import print_preview

    if as_json:
        click.echo(json_text(results))
    else:
        print_preview(results, console())


def _print_end(results: "Results", table: "LiveTable", screen: "Console") -> None:
    """Print why cells failed, and the summary."""
    from rushes_compare._command.summary import print_line, print_summary

    for cell in results.cells:
        if cell.failure is not None:
            print_line(f"{table.name(cell)}: {cell.failure.message}", screen)
    print_summary(results, screen)


def _check_expectations(
    given: dict[str, Any], results: "Results", table: "LiveTable", screen: "Console"
) -> bool:
    """Print and write the expectations that were missed, if asked to; return whether any was."""
    from rushes_compare._command.junit import write_junit
    from rushes_compare._command.summary import print_line
    from rushes_compare._promises.expectations import missed

    if not given["expect"] and given["junit"] is None:
        return False
    misses = missed(results)
    for miss in misses:
        name = table.name(miss.cell) if miss.cell else "all"
        print_line(f"not as expected: {name}: {miss.message}", screen)
    if given["junit"] is not None:
        write_junit(given["junit"].absolute(), results, misses)
    return given["expect"] and bool(misses)


def _open(client: "AsyncClient", given: dict[str, Any]) -> "tuple[Path, Results]":
    """Return the folder, and the comparison that it holds or will hold."""
    from rushes_compare._plan.plan import make_plan
    from rushes_compare._results.results_file import read_results
    from rushes_compare.comparison import open_comparison, reopen_comparison
    from rushes_compare.errors import PlanError

    inputs = _read_inputs(given, client.registry.ids())
    if given["resume"] is not None:
        folder = given["resume"].absolute()
        more = _with_numbers(_additions(inputs, read_results(folder)), inputs)
        return folder, reopen_comparison(client, folder, more, given["redo"])
    if not inputs.models:
        raise PlanError(
            "name the variants with -m VARIANT, more than once, or as `models` in a file, or use "
            "--all"
        )
    folder = given["output"].absolute()
    _refuse_to_overwrite(folder)
    repeats = 1 if inputs.repeat is None else inputs.repeat
    plan = make_plan(inputs.prompts, inputs.models, repeats, inputs.settings, prices=inputs.prices)
    return folder, open_comparison(client, _with_numbers(plan, inputs), folder, given["redo"])


def _with_numbers(plan: "Plan", inputs: "PlanFile") -> "Plan":
    """Return a plan with the columns and the bounds that are asked for."""
    return structs.replace(plan, columns=inputs.columns, bounds=inputs.bounds)


def _read_inputs(given: dict[str, Any], installed: list[str]) -> "PlanFile":
    """Return what the options and the plan file ask for; raises PlanError with every error."""
    from rushes_compare._command.options import read_prices, read_settings
    from rushes_compare._plan.plan_file import PlanFile, read_plan_file
    from rushes_compare._plan.prices import price_errors
    from rushes_compare._plan.unknown_names import unknown_variant_errors
    from rushes_compare.errors import PlanError

    settings, prices = read_settings(given), read_prices(given)
    reasons = list(price_errors(prices, "--price"))
    named = [*(("-m", name) for name in given["models"]), *(("--price", name) for name in prices)]
    missing = list(unknown_variant_errors(named, installed))
    file = PlanFile()
    try:
        file = read_plan_file(given["plan_file"], installed) if given["plan_file"] else file
    except PlanError as error:
        reasons += error.reasons
        missing += error.uninstalled
    if reasons or missing:
        raise PlanError(*reasons, uninstalled=missing)
    models = installed if given["every"] else list(given["models"]) or file.models
    # Prices in a file may be for those of its variants that -m leaves out.
    left_out = {*(file.models or ())} - {*(models or ())}
    from_file = {name: price for name, price in file.prices.items() if name not in left_out}
    return PlanFile(
        prompts=[*([given["prompt"]] if given["prompt"] else []), *file.prompts],
        models=models,
        repeat=file.repeat if given["repeat"] is None else given["repeat"],
        settings={**file.settings, **settings},
        prices={**from_file, **prices},
        columns=file.columns,
        bounds=file.bounds,
    )


def _additions(inputs: "PlanFile", there: "Results") -> "Plan":
    """Return what is asked for beyond what is there already; raises PlanError."""
    from rushes_compare._plan.plan import Plan, make_plan
    from rushes_compare._plan.prices import unused_price_errors
    from rushes_compare.errors import PlanError

    repeats = there.repeats if inputs.repeat is None else inputs.repeat
    models = inputs.models or []
    variants = [*there.variants, *(name for name in models if name not in there.variants)]
    if not inputs.prompts:
        if unused := list(unused_price_errors(inputs.prices, variants)):
            raise PlanError(*unused)
        return Plan(rows=[], variants=models, repeats=repeats, prices=inputs.prices)
    return make_plan(inputs.prompts, variants, repeats, inputs.settings, prices=inputs.prices)


def _refuse_to_judge_again(folder: Path, results: "Results") -> None:
    """Raise FolderError if every task has ended before: a nightly run would guard nothing."""
    from rushes_compare.errors import FolderError

    if any(cell.task for cell in results.cells):
        again = shlex.join(["--resume", str(folder)])
        raise FolderError(
            f"{folder} holds this comparison, finished: nothing would be sent, and what was made "
            f"before would be judged again. For a new run, name another folder with -o DIR; to "
            f"judge this one, use {again} in place of -o. Nothing was sent"
        )


def _refuse_to_overwrite(folder: Path) -> None:
    """Raise FolderError if a file that is not part of a comparison would be overwritten."""
    from rushes_compare._results.results_file import FILE
    from rushes_compare.errors import FolderError

    try:
        if (folder / FILE).exists():
            return
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}") from error
    for name in _OUTPUTS:
        if os.path.lexists(folder / name):
            raise FolderError(
                f"{folder / name} is there, but {FILE} is not, so it is not part of a comparison "
                "and would be overwritten; choose another folder with -o DIR. Nothing was sent"
            )
