"""A payload whose fields are in the only item of a list: `instances[0].prompt`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from msgspec import Meta, Struct, to_builtins
from rushes import (
    SPEC,
    BrokenPluginError,
    Client,
    Image,
    PublicURL,
    Request,
    Source,
    Text,
    To,
    Variant,
    absent,
    json_schema,
    native_fields,
)
from rushes.plugins import Registry
from rushes.vocabulary import accepts, given, needs

A, B = (f"https://pictures.example.com/{name}.png" for name in "ab")


class Picture(Struct, forbid_unknown_fields=True):
    at: PublicURL


class Instance(Struct, kw_only=True, forbid_unknown_fields=True):
    prompt: Text
    seconds: Annotated[int, Meta(ge=2, le=9)] = absent(4)
    first: PublicURL = absent("")
    looks: list[Picture] = absent([])


class Body(Struct, kw_only=True, forbid_unknown_fields=True):
    instances: Annotated[list[Instance], Meta(min_length=1, max_length=1)]


def variant(**changes: Any) -> Variant:
    said: dict[str, Any] = {
        "spec": SPEC,
        "id": "firsts/m",
        "model": "m",
        "page": Source("Firsts", "https://firsts.example.com"),
        "payload": Body,
        "submit_path": "/v1/x",
        "status_path": "/v1/x/{id}",
        "fields": {
            "prompt": To("instances[0].prompt"),
            "duration": To("instances[0].seconds"),
            "images.first_frame": To("instances[0].first"),
            "images.reference": To("instances[0].looks[]", form=lambda url: {"at": url}),
        },
        "rules": (
            needs("instances[0].looks", "instances[0].first"),
            accepts("instances[0].seconds", (4, 8), when=given("instances[0].first")),
        ),
    }
    return Variant(**{**said, **changes})


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(plugins=[variant()], home=tmp_path) as client:
        yield client


def found(client: Client, request: Request) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in client.check("firsts/m", request).problems]


def test_common_fields_go_into_the_first_item(client: Client) -> None:
    request = Request("k", duration=8, images=[Image(A, "first_frame"), Image(B, "reference")])
    report = client.check("firsts/m", request)
    assert report.valid
    assert to_builtins(report.payload) == {
        "instances": [{"prompt": "k", "seconds": 8, "first": A, "looks": [{"at": B}]}]
    }


def test_problems_there_lead_back(client: Client) -> None:
    assert found(client, Request("k", duration=10)) == [("duration", "range")]
    assert found(client, Request(duration=5)) == [("prompt", "missing")]
    assert found(client, Request(seed=1)) == [("seed", "unsupported"), ("prompt", "missing")]
    assert found(client, Request("k", images=[Image(A, "reference")])) == [
        ("images", "looks_needs_first")
    ]
    images = [Image(A, "first_frame")]
    assert found(client, Request("k", duration=5, images=images)) == [
        ("duration", "seconds_when_first")
    ]


def test_a_rule_sees_the_default_of_what_is_absent(client: Client) -> None:
    assert client.check("firsts/m", Request("k", images=[Image(A, "first_frame")])).valid


def test_a_payload_is_answered_in_its_own_paths(client: Client) -> None:
    body = {"instances": [{"prompt": "k", "looks": [{"at": A}]}]}
    (problem,) = client.check_payload("firsts/m", body).problems
    assert problem.path == "instances[0].looks"
    assert problem.message == "is accepted only when instances[0].first is given"


@pytest.mark.parametrize(
    "instance",
    [
        {"prompt": "k"},
        {"prompt": "k", "looks": [{"at": A}]},
        {"prompt": "k", "looks": [{"at": A}], "first": A},
        {"prompt": "k", "first": A, "seconds": 5},
        {"prompt": "k", "first": A, "seconds": 8},
        {"prompt": "k", "seconds": 5},
    ],
)
def test_the_schema_says_the_same(client: Client, instance: Any) -> None:
    loaded = Registry(plugins=[variant()]).get("firsts/m").variant
    schema = Draft202012Validator(json.loads(json.dumps(json_schema(loaded))))
    body = {"instances": [instance]}
    assert schema.is_valid(body) == client.check_payload("firsts/m", body).valid


def test_native_fields_name_the_common_ones() -> None:
    common = {field.path: field.common for field in native_fields(variant())}
    assert common["instances[].prompt"] == "prompt"
    assert common["instances[].looks"] == "reference"
    assert common["instances"] is None


@pytest.mark.parametrize("path", ["instances[0]", "instances[0].promt", "instances[1].prompt"])
def test_a_path_that_leads_nowhere_stops_the_plugin(path: str) -> None:
    wrong = variant(fields={"prompt": To(path)}, rules=())
    with pytest.raises(BrokenPluginError, match="has no field"):
        Registry(plugins=[wrong])
