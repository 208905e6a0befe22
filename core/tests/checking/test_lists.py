"""An empty list counts as absent: it is accepted if the list is optional, else not."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
import rushes
from msgspec import Meta, Struct, json


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """An item with a list that needs no minimum length to be required."""

    names: list[str]


class Body(Struct, kw_only=True, forbid_unknown_fields=True):
    """A payload with lists of a minimum length."""

    model: Literal["m"]
    needed: Annotated[list[str], Meta(min_length=2)]
    parts: list[Part]
    tags: Annotated[list[str], Meta(min_length=2)] = rushes.absent([])


class Plugin:
    """A variant with nothing but this payload."""

    @rushes.hookimpl
    def variant(self) -> rushes.Variant:
        return rushes.Variant(
            spec=rushes.SPEC,
            id="lists/m",
            model="m",
            page=rushes.Source("Lists", "https://lists.example.com"),
            payload=Body,
            submit_path="/v1/x",
            status_path="/v1/x/{id}",
        )


@pytest.mark.parametrize(
    ("needed", "tags", "paths"),
    [
        (["a", "b"], [], []),
        (["a", "b"], ["a", "b"], []),
        (["a", "b"], ["a"], ["tags"]),
        ([], [], ["needed"]),
        (["a"], ["a"], ["needed", "tags"]),
    ],
)
def test_a_minimum_length_applies_unless_an_optional_list_is_empty(
    needed: list[str], tags: list[str], paths: list[str], tmp_path: Path
) -> None:
    client = rushes.Client(plugins=[Plugin()], home=tmp_path)
    body = {"model": "m", "needed": needed, "tags": tags, "parts": [{"names": ["a"]}]}
    report = client.check_payload("lists/m", body)
    assert [problem.path for problem in report.problems] == paths
    assert paths or json.decode(json.encode(report.payload)) == body


@pytest.mark.parametrize(
    ("parts", "path"), [([], "parts"), ([{"names": ["a"]}, {"names": []}], "parts[1].names")]
)
def test_a_required_list_without_items_is_missing(
    parts: list[object], path: str, tmp_path: Path
) -> None:
    client = rushes.Client(plugins=[Plugin()], home=tmp_path)
    body = {"model": "m", "needed": ["a", "b"], "parts": parts}
    for report in (
        client.check_payload("lists/m", body),
        client.check("lists/m", rushes.Request(extra=body)),
    ):
        assert [(problem.path, problem.code) for problem in report.problems] == [(path, "missing")]
