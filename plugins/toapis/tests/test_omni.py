"""The tags by which a prompt of toapis/kling-v3-omni cites its images."""

from collections.abc import Callable

import msgspec
import pytest
from rushes import Image, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
OMNI = "toapis/kling-v3-omni"


def native(prompt: str, images: int | None) -> Report:
    payload: dict[str, object] = {"model": "kling-v3-omni", "prompt": prompt}
    if images is not None:
        payload["image_urls"] = [f"https://cdn.example.org/{n}.png" for n in range(1, images + 1)]
    return check(REGISTRY.get(OMNI), Request(extra=payload))


def portable(prompt: str, images: int | None) -> Report:
    urls = [f"https://cdn.example.org/{n}.png" for n in range(1, (images or 0) + 1)]
    given = [Image(url=url, role="reference") for url in urls]
    return check(REGISTRY.get(OMNI), Request(prompt=prompt, images=given))


def sent_prompt(report: Report) -> str:
    assert report.problems == ()
    return str(msgspec.json.decode(msgspec.json.encode(report.payload))["prompt"])


Ask = Callable[[str, int | None], Report]
BOTH = pytest.mark.parametrize("ask", [native, portable])


@BOTH
@pytest.mark.parametrize(
    ("prompt", "images"),
    [
        ("No tags at all", None),
        ("No tags at all", 0),
        ("<<<image_1>>>", 1),
        ("<<<image_1>>> and again <<<image_1>>>", 1),
        ("<<<image_2>>> alone", 2),
        ("<<<image_1>>><<<image_2>>><<<image_3>>>", 3),
        ("<<<<image_1>>>>", 1),
        ("<<<image_12>>>", 12),
    ],
)
def test_a_prompt_that_fits_its_images_is_left_alone(
    ask: Ask, prompt: str, images: int | None
) -> None:
    report = ask(prompt, images)
    assert sent_prompt(report) == prompt
    assert report.notes == ()
    assert report.input_mode == ("reference" if images else "text")


@BOTH
@pytest.mark.parametrize(
    ("prompt", "images", "tag"),
    [
        ("<<<image_1>>>", None, "<<<image_1>>>"),
        ("<<<image_1>>>", 0, "<<<image_1>>>"),
        ("<<<image_2>>>", 1, "<<<image_2>>>"),
        ("<<<image_1>>> meets <<<image_3>>>", 2, "<<<image_3>>>"),
        ("<<<image_0>>>", None, "<<<image_0>>>"),
        ("<<<image_0>>>", 1, "<<<image_0>>>"),
        ("<<<image_1>>> <<<image_0>>>", 1, "<<<image_0>>>"),
        ("<<<image_10>>>", 1, "<<<image_10>>>"),
        ("<<<image_18446744073709551617>>>", 1, "<<<image_"),
    ],
)
def test_a_number_without_an_image_is_refused(
    ask: Ask, prompt: str, images: int | None, tag: str
) -> None:
    (problem,) = ask(prompt, images).problems
    assert problem.path == "prompt"
    assert tag in problem.message
    assert problem.source is not None
    assert problem.source.title == "ToAPIs, Kling v3 Omni"


@BOTH
def test_a_number_of_ten_thousand_digits_is_refused_in_one_line(ask: Ask) -> None:
    (problem,) = ask(f"<<<image_{'9' * 10_000}>>>", 1).problems
    assert problem.path == "prompt"
    assert len(problem.message) < 300


@BOTH
def test_every_number_without_an_image_is_named(ask: Ask) -> None:
    text = "\n".join(
        p.message for p in ask("<<<image_4>>> <<<image_1>>> <<<image_7>>>", 2).problems
    )
    assert "<<<image_4>>>" in text
    assert "<<<image_7>>>" in text


@BOTH
@pytest.mark.parametrize("images", [1, 2, 9])
@pytest.mark.parametrize("prompt", ["A nod", " A nod ", "\nA nod", "image_1", "@image_1"])
def test_images_without_a_tag_get_one_before_the_prompt(
    ask: Ask, prompt: str, images: int | None
) -> None:
    report = ask(prompt, images)
    assert sent_prompt(report) == f"<<<image_1>>> {prompt}"
    assert [note.path for note in report.notes] == ["prompt"]
    assert "<<<image_1>>>" in report.notes[0].message


OTHER_TEXT = [
    "<<<image_>>>", "<<<image_-1>>>", "<<<image_1.0>>>", "<<<image_x>>>", "<<<image_+1>>>",
    "<<<Image_1>>>", "<<<IMAGE_1>>>", "<<<image-1>>>", "<<<image1>>>", "<<<image_1_>>>",
    "<<<image_ 1>>>", "<<< image_1 >>>", "<<<image_\uff11>>>", "<<<image_\u0661>>>",
    "<<<image_\u00b9>>>", "<<<image_1\u0661>>>", "<<<video_1>>>", "<<<element_1>>>", "<<<>>>",
    "<<<image_1_000>>>", "<<<image_01>>>", "<<<image_00>>>",
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("other", OTHER_TEXT)
def test_other_text_in_tag_brackets_gets_a_note(ask: Ask, other: str) -> None:
    report = ask(f"A nod to {other}", None)
    assert sent_prompt(report) == f"A nod to {other}"
    assert [note.path for note in report.notes] == ["prompt"]
    assert other.replace("\u0661", "")[:5] in report.notes[0].message


@BOTH
@pytest.mark.parametrize("other", OTHER_TEXT)
def test_other_text_in_tag_brackets_cites_no_image(ask: Ask, other: str) -> None:
    report = ask(f"A nod to {other}", 1)
    assert sent_prompt(report) == f"<<<image_1>>> A nod to {other}"
    assert {note.path for note in report.notes} == {"prompt"}
    assert len(report.notes) == 2


@BOTH
@pytest.mark.parametrize(
    "almost", ["<<image_1>>", "<<<image_1>>", "<image_1>", "image_1>>>", "<<<"]
)
def test_text_that_is_not_in_tag_brackets_gets_no_note(ask: Ask, almost: str) -> None:
    report = ask(f"A nod to {almost}", None)
    assert sent_prompt(report) == f"A nod to {almost}"
    assert report.notes == ()


@pytest.mark.parametrize("prompt", ["A nod", "A nod to <<<video_1>>>"])
def test_a_native_prompt_beside_images_gets_the_tag(prompt: str) -> None:
    image = Image(url="https://cdn.example.org/1.png", role="reference")
    report = check(REGISTRY.get(OMNI), Request(images=[image], extra={"prompt": prompt}))
    assert sent_prompt(report) == f"<<<image_1>>> {prompt}"
    assert report.notes[0].path == "extra.prompt"
    assert report.notes[0].code == "tag_added"


def test_a_prompt_set_twice_is_still_a_problem() -> None:
    image = Image(url="https://cdn.example.org/1.png", role="reference")
    request = Request("A nod", images=[image], extra={"prompt": "A nod"})
    assert [p.path for p in check(REGISTRY.get(OMNI), request).problems] == ["extra.prompt"]


def test_an_image_that_is_not_sent_is_not_cited() -> None:
    image = Image(url="https://cdn.example.org/1.png", role="first_frame")
    report = check(REGISTRY.get(OMNI), Request("A nod", images=[image]))
    assert [problem.path for problem in report.problems] == ["images[0].role"]
    assert report.notes == ()


@BOTH
@pytest.mark.parametrize("images", [None, 1])
@pytest.mark.parametrize("blank", ["", " ", "\u3000"])
def test_a_tag_does_not_make_a_blank_prompt_valid(ask: Ask, blank: str, images: int | None) -> None:
    (problem,) = ask(blank, images).problems
    assert problem.path == "prompt"
