"""Which rows are put to whom: all to everybody, or each once and a sample of the rest."""

import os
import re
from collections.abc import Sequence
from typing import TypeVar

import pytest

from faults.case import Case, Row

SETTING = "RUSHES_FAULTS"
"""The environment variable: `all` runs everything, `write` writes docs/faults.md as well."""
EVERY = 12
"""Of what is left once each row had its turn, one in so many is run, always the same ones."""

AnyRow = TypeVar("AnyRow", bound=Row)


def everything() -> bool:
    """Whether every row runs at every provider, by every client."""
    return os.environ.get(SETTING) in ("all", "write")


def combinations(row: Row) -> list[tuple[str, str]]:
    """Return every provider and client that a row is about."""
    return [(provider, client) for provider in row.providers for client in row.clients]


def chosen(rows: Sequence[AnyRow], *, whole: bool) -> list[tuple[AnyRow, str, str]]:
    """Return which rows run where. The turns go round, so that everybody gets their share."""
    if whole:
        return [(row, *where) for row in rows for where in combinations(row)]
    turns: list[tuple[AnyRow, str, str]] = []
    left = 0
    for place, row in enumerate(rows):
        where = combinations(row)
        mine = place % len(where)
        for other, combination in enumerate(where):
            left += other != mine
            if other == mine or left % EVERY == 0:
                turns.append((row, *combination))
    return turns


def put_to(rows: Sequence[Row]) -> pytest.MarkDecorator:
    """Parametrize a test by `row`, `provider` and `client`."""
    turns = []
    for row, provider, client in chosen(rows, whole=everything()):
        words = re.sub(r"[^a-z0-9]+", "-", row.name.lower()).strip("-")
        name = row.slug if isinstance(row, Case) else words
        turns.append(pytest.param(row, provider, client, id=f"{name}-{provider}-{client}"))
    return pytest.mark.parametrize(("row", "provider", "client"), turns)
