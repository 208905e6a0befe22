"""Negative prompts, watermarks and the open object `metadata` in native ToAPIs payloads."""

from typing import Any

import msgspec
import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
V3, OMNI, V2_6 = "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6"
NAN = float("nan")


def native(variant: str, **fields: Any) -> Report:
    """Check a payload that is valid but for the given fields."""
    payload = {"model": variant.partition("/")[2], "prompt": "A lamp is lit"} | fields
    return check(REGISTRY.get(variant), Request(extra=payload))


def accepted(report: Report) -> Any:
    """Return what would be sent, as JSON."""
    assert report.problems == ()
    return msgspec.json.decode(msgspec.json.encode(report.payload))


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the one problem of a report, which lies at `path` and names its page."""
    assert [problem.path for problem in report.problems] == [path]
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    return problem


def nested(depth: int, *, lists: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if lists else {"in": value}
    return value


class TestKlingV26:
    @pytest.mark.parametrize("value", [5, True, None, [], ["fog"], {}, 1.5, "\ud83d"])
    def test_negative_prompt_is_text(self, value: Any) -> None:
        refused(native(V2_6, negative_prompt=value), "negative_prompt")

    @pytest.mark.parametrize("text", ["fog", "", "  ", "\u3000", "x" * 9000])
    def test_negative_prompt_has_no_bound_on_the_page(self, text: str) -> None:
        assert accepted(native(V2_6, negative_prompt=text))["negative_prompt"] == text

    @pytest.mark.parametrize("value", ["true", 0, 1, None, [], {}])
    def test_watermark_is_true_or_false(self, value: Any) -> None:
        refused(native(V2_6, watermark=value), "watermark")

    def test_has_no_metadata(self) -> None:
        refused(native(V2_6, metadata={"negative_prompt": "fog"}), "metadata", "no such field")


class TestKlingV3:
    @pytest.mark.parametrize("value", [5, True, None, [], ["fog"], {}, 1.5, "\ud83d"])
    def test_negative_prompt_is_text(self, value: Any) -> None:
        report = native(V3, metadata={"negative_prompt": value, "watermark": False})
        refused(report, "metadata.negative_prompt")

    @pytest.mark.parametrize("value", ["true", 0, 1, 1.0, None, [], {}])
    def test_watermark_is_true_or_false(self, value: Any) -> None:
        refused(native(V3, metadata={"watermark": value}), "metadata.watermark")

    @pytest.mark.parametrize("name", ["negative_prompt", "watermark"])
    def test_keeps_them_in_metadata_only(self, name: str) -> None:
        refused(native(V3, **{name: "fog"}), name, "no such field")

    @pytest.mark.parametrize(
        "metadata",
        [{}, {"watermark": True}, {"negative_prompt": "fog"}, {"negative_prompt": ""}],
    )
    def test_passes_what_the_page_shows_without_a_note(self, metadata: dict[str, Any]) -> None:
        report = native(V3, metadata=metadata)
        assert accepted(report)["metadata"] == metadata
        assert report.notes == ()

    @pytest.mark.parametrize("name", ["style", "Watermark", "negative_prompt ", "", "日本"])
    def test_passes_any_other_key_with_a_note(self, name: str) -> None:
        report = native(V3, metadata={name: {"deep": [1, 2.5, "x", True]}})
        assert accepted(report)["metadata"] == {name: {"deep": [1, 2.5, "x", True]}}
        assert [note.path for note in report.notes] == ["metadata." + (name or "''")]

    def test_names_each_key_in_its_own_note(self) -> None:
        report = native(V3, metadata={"a": 1, "watermark": True, "b": 2})
        assert [note.path for note in report.notes] == ["metadata.a", "metadata.b"]


@pytest.mark.parametrize("variant", [V3, OMNI])
class TestMetadata:
    @pytest.mark.parametrize("value", ["text", "", 5, 1.5, True, None, [], [{}], [["a", 1]]])
    def test_is_an_object(self, variant: str, value: Any) -> None:
        refused(native(variant, metadata=value), "metadata")

    @pytest.mark.parametrize("value", [{}, {"a": 1}, {"a": {"b": [{"c": None}]}}, {"a": 0.25}])
    def test_is_sent_as_given(self, variant: str, value: Any) -> None:
        assert accepted(native(variant, metadata=value))["metadata"] == value

    @pytest.mark.parametrize("key", [1, 1.5, None, True, (1, 2), b"bytes", "\ud800"])
    def test_has_keys_that_are_text(self, variant: str, key: Any) -> None:
        (problem,) = native(variant, metadata={key: 1}).problems
        assert problem.path.startswith("metadata")
        msgspec.json.encode(problem)

    @pytest.mark.parametrize("key", [1, None, "\udfff"])
    def test_has_keys_that_are_text_at_any_depth(self, variant: str, key: Any) -> None:
        (problem,) = native(variant, metadata={"a": [{"b": {key: 1}}]}).problems
        assert problem.path.startswith("metadata.a")
        msgspec.json.encode(problem)

    @pytest.mark.parametrize("value", [NAN, float("inf"), float("-inf"), "\ud800", b"x", {1, 2}])
    def test_holds_only_what_json_can_say(self, variant: str, value: Any) -> None:
        for inside in (value, [value], {"b": value}, [[{"b": [value]}]]):
            (problem,) = native(variant, metadata={"a": inside}).problems
            assert problem.path.startswith("metadata.a")
            msgspec.json.encode(problem)

    @pytest.mark.parametrize("lists", [True, False])
    def test_may_nest_but_not_without_end(self, variant: str, lists: bool) -> None:
        assert accepted(native(variant, metadata={"a": nested(20, lists=lists)}))
        for depth in (5_000, 200_000):
            (problem,) = native(variant, metadata={"a": nested(depth, lists=lists)}).problems
            assert problem.path.startswith("metadata.a")

    def test_may_not_hold_itself(self, variant: str) -> None:
        loop: dict[str, Any] = {}
        loop["loop"] = loop
        assert not native(variant, metadata=loop).valid

    @pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, 2**64 - 1, -(2**63)])
    def test_holds_numbers_of_64_bits(self, variant: str, number: int) -> None:
        assert accepted(native(variant, metadata={"n": number}))["metadata"] == {"n": number}

    @pytest.mark.parametrize("digits", [20, 300, 5000])
    @pytest.mark.parametrize("sign", [1, -1])
    def test_never_sends_another_number(self, variant: str, digits: int, sign: int) -> None:
        number = sign * 10**digits
        report = native(variant, metadata={"n": number})
        if report.valid:
            assert accepted(report)["metadata"] == {"n": number}
        else:
            refused(report, "metadata.n")


@pytest.mark.parametrize("variant", [OMNI])
@pytest.mark.parametrize(
    "field",
    ["audio", "negative_prompt", "watermark", "reference_images", "image_with_roles"],
)
def test_omni_has_no_such_field(variant: str, field: str) -> None:
    refused(native(variant, **{field: True}), field, "no such field")


@pytest.mark.parametrize("variant", [V3, V2_6])
def test_the_others_have_no_field_of_omni(variant: str) -> None:
    refused(native(variant, image_urls=["https://cdn.example.org/a.png"]), "image_urls")


@pytest.mark.parametrize("variant", [V3, OMNI, V2_6])
@pytest.mark.parametrize("key", [5, None, ("a",), 1.5])
def test_top_level_keys_are_text(variant: str, key: Any) -> None:
    payload: dict[Any, Any] = {
        "model": variant.partition("/")[2], "prompt": "A lamp", key: 1,
    }  # fmt: skip
    (problem,) = check(REGISTRY.get(variant), Request(extra=payload)).problems
    msgspec.json.encode(problem)
