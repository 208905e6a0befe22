"""Shots become the items of a list, as the declaration says, and lead back to the request."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from acme_declared import SHARED
from acme_zoom import PAGE
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct
from rushes import BrokenPluginError, Image, Provider, Request, Shot, Shots, Text, To, absent
from rushes._check.checking import check
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.report import Report
from rushes.vocabulary import adds_up

Length = Literal["1", "2", "3", "4", "5", "6", "7", "8"]
SECONDS = {number: str(number) for number in range(3, 9)}


class Scene(Struct, kw_only=True, forbid_unknown_fields=True):
    at: Annotated[int, Meta(ge=1)] = absent()
    words: Annotated[Text, Meta(max_length=9)]
    length: Length = absent("5")


class Inner(Struct, kw_only=True, forbid_unknown_fields=True):
    scenes: Annotated[list[Scene], Meta(max_length=4)] = absent([])


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Text = absent("")
    whole: Literal["3", "4", "5", "6", "7", "8"] = absent("5")
    split: bool = absent(False)
    film: Inner = absent(Inner())


SHOTS = Shots(
    path="film.scenes[]",
    prompt="words",
    duration="length",
    number="at",
    form=str,
    also={"split": True},
    fill_in=True,
)


def variant(shots: Any = SHOTS, **more: Any) -> LoadedVariant:
    fields = {"prompt": To("text"), "duration": To("whole", values=SECONDS), "shots": shots}
    acme = Provider(**{**SHARED, "client_id_header": None})
    made = acme.variant("zoom", payload=Payload, page=PAGE, fields=fields, **more)
    return build(made, [], "acme/zoom")


LOADED = variant()
RULED = variant(rules=(adds_up("film.scenes[].length", to="whole"),))


def sent(report: Report) -> Any:
    assert report.valid, report.problems
    return msgspec.to_builtins(report.payload)


@given(
    lengths=st.lists(st.integers(1, 8) | st.none(), min_size=1, max_size=4),
    duration=st.integers(3, 8) | st.none(),
)
def test_each_becomes_an_item_and_their_sum_the_length(
    lengths: list[int | None], duration: int | None
) -> None:
    shots = [Shot(f"k{place}", length) for place, length in enumerate(lengths)]
    report = check(LOADED, Request(shots=shots, duration=duration))
    body = sent(report)
    assert body["split"] is True
    assert body["film"]["scenes"] == [
        {"at": place, "words": f"k{place - 1}", **({"length": str(one)} if one else {})}
        for place, one in enumerate(lengths, 1)
    ]
    total = sum(length or 99 for length in lengths)
    filled = duration is None and total in SECONDS
    assert body.get("whole") == (SECONDS[total] if filled else SECONDS.get(duration or 0))
    assert [note.code for note in report.notes] == ["duration_filled_in"] * filled


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"shots": [{"prompt": "k" * 10}]}, [("shots[0].prompt", "length")]),
        ({"shots": [{"prompt": "k"}, {"prompt": "l", "duration": 9}]},
         [("shots[1].duration", "choice")]),
        ({"shots": [{"prompt": 7}, {"prompt": "l", "duration": "x"}]},
         [("shots[0].prompt", "type"), ("shots[1].duration", "type")]),
        ({"shots": [{"prompt": "k"}] * 5}, [("shots", "length")]),
        ({"shots": "k"}, [("shots", "type")]),
        ({"shots": [{"prompt": "k", "duration": 4}], "duration": 9}, [("duration", "choice")]),
        ({"shots": [{"prompt": "k"}], "extra": {"split": False}}, [("extra.split", "twice")]),
    ],
)  # fmt: skip
def test_problems_lead_back_to_the_shots(
    request_: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    report = check(LOADED, request_)
    assert [(problem.path, problem.code) for problem in report.problems] == found


def test_a_length_of_the_callers_is_kept() -> None:
    shots = [Shot("k", 4), Shot("l", 4)]
    assert sent(check(LOADED, Request(shots=shots, extra={"whole": "5"})))["whole"] == "5"
    (problem,) = check(RULED, Request(shots=shots, duration=5)).problems
    assert problem.path == "duration"
    (problem,) = check(RULED, Request(shots=[Shot("k", 8), Shot("l", 8)])).problems
    assert (problem.path, problem.code) == ("shots", "scenes_add_up_to_whole")


def test_a_shot_without_a_length_refuses_one() -> None:
    loaded = variant(Shots(path="film.scenes[]", prompt="words", duration=None))
    assert sent(check(loaded, Request(shots=[Shot("k")]))) == {"film": {"scenes": [{"words": "k"}]}}
    (problem,) = check(loaded, Request(shots=[Shot("k"), Shot("l", 4)])).problems
    assert (problem.path, problem.code) == ("shots[1].duration", "unsupported")
    assert problem.message == "acme/zoom does not accept the length of a shot; leave it out"


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    url: str = absent()
    words: Annotated[Text, Meta(max_length=9)] = absent()


class Mixed(Struct, kw_only=True, forbid_unknown_fields=True):
    film: list[Part] = absent([])


def test_shots_follow_what_is_in_their_list_already() -> None:
    acme = Provider(**{**SHARED, "client_id_header": None})
    fields: dict[str, Any] = {
        "images.reference": To("film[]", form=lambda url: {"url": url}),
        "shots": Shots(path="film[]", prompt="words", duration=None),
    }
    made = acme.variant("zoom", payload=Mixed, page=PAGE, fields=fields)
    loaded = build(made, [], "acme/zoom")
    url = "https://a.example.com/1.png"
    request = Request(images=[Image(url, "reference")], shots=[Shot("k"), Shot("l" * 9)])
    film = [{"url": url}, {"words": "k"}, {"words": "l" * 9}]
    assert sent(check(loaded, request)) == {"film": film}
    request = msgspec.structs.replace(request, shots=[Shot("k"), Shot("l" * 10)])
    (problem,) = check(loaded, request).problems
    assert (problem.path, problem.code) == ("shots[1].prompt", "length")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Shots(path="film.scenes", prompt="words"), "a list like 'scenes[]'"),
        (Shots(path="film.sceens[]", prompt="words"), "no field 'film.sceens'"),
        (Shots(path="film.scenes[]"), "no field 'film.scenes[].prompt'"),
        (Shots(path="film.scenes[]", prompt="words"), "no field 'film.scenes[].duration'"),
        (msgspec.structs.replace(SHOTS, number="index"), "no field 'film.scenes[].index'"),
        (msgspec.structs.replace(SHOTS, also={"slit": True}), "no field 'slit' (nearest: 'split')"),
        (msgspec.structs.replace(SHOTS, also={"split": 3}), "split is never 3"),
    ],
)
def test_a_target_that_is_not_there_does_not_load(target: Shots, message: str) -> None:
    with pytest.raises(BrokenPluginError) as caught:
        variant(target)
    assert message in str(caught.value)
