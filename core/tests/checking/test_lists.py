"""An empty list counts as absent wherever a list is optional."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
import rushes
from msgspec import Meta, Struct, json


class Body(Struct, kw_only=True, forbid_unknown_fields=True):
    """A payload with lists of a minimum length."""

    model: Literal["m"]
    needed: Annotated[list[str], Meta(min_length=2)]
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
    body = {"model": "m", "needed": needed, "tags": tags}
    report = client.check_payload("lists/m", body)
    assert [problem.path for problem in report.problems] == paths
    assert paths or json.decode(json.encode(report.payload)) == body
