"""Which rows run at which provider and client: all of them, or each once plus a sample."""

import os
import re
from collections.abc import Sequence
from typing import TypeVar

import pytest

from faults.case import Case, Row

SETTING = "RUSHES_FAULTS"
"""The environment variable: `all` runs everything, `write` writes docs/faults.md as well."""
EVERY = 36
"""Besides one run for each row, one in this many of the others is run, always the same ones."""

AnyRow = TypeVar("AnyRow", bound=Row)


def runs_everything() -> bool:
    """Whether every row runs at every provider, by every client."""
    return os.environ.get(SETTING) in ("all", "write")


def combinations(row: Row) -> list[tuple[str, str]]:
    """Return every provider and client that a row applies to."""
    return [(provider, client) for provider in row.providers for client in row.clients]


def select_runs(rows: Sequence[AnyRow], *, whole: bool) -> list[tuple[AnyRow, str, str]]:
    """Return which rows run where, spread evenly over providers and clients."""
    if whole:
        return [(row, *where) for row in rows for where in combinations(row)]
    runs: list[tuple[AnyRow, str, str]] = []
    left = 0
    for place, row in enumerate(rows):
        where = combinations(row)
        mine = place % len(where)
        for other, combination in enumerate(where):
            left += other != mine
            if other == mine or left % EVERY == 0:
                runs.append((row, *combination))
    return runs


def parametrize_rows(rows: Sequence[Row]) -> pytest.MarkDecorator:
    """Parametrize a test by `row`, `provider` and `client`."""
    runs = []
    for row, provider, client in select_runs(rows, whole=runs_everything()):
        words = re.sub(r"[^a-z0-9]+", "-", row.name.lower()).strip("-")
        name = row.slug if isinstance(row, Case) else words
        runs.append(pytest.param(row, provider, client, id=f"{name}-{provider}-{client}"))
    return pytest.mark.parametrize(("row", "provider", "client"), runs)
