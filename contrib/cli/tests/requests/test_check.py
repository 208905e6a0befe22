"""check: every problem at once, named as the caller wrote it."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_runs import inside, outside
from rushes.plugins import Registry

KLING = ("-m", "toapis/kling-v3")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def test_an_accepted_request_shows_what_would_be_sent() -> None:
    run = inside("check", "A red kite", *KLING, "--duration", "5", "--no-audio")
    assert run.code == 0, run
    assert "toapis/kling-v3 accepts this" in run.out
    assert '"duration": 5' in run.out
    assert '"audio": false' in run.out
    assert "Input mode: text" in run.out
    assert "Estimated cost: unknown" in run.out
    assert run.err == ""


def test_problems_name_their_options() -> None:
    run = inside(
        *("check", "x", *KLING, "--duration", "6", "--guidance", "2", "--seed", "1"),
        *("--first-frame", "ftp://a.b/c", "--reference", "https://a.b/c", "--reference", "data:x"),
        *("--shot", "one", "--shot", " ", "--subject", "cat=a cat", "--extra", 'mode="prp"'),
        *("--watermark", "--extra", "metadata={}"),
    )
    assert run.code == 4
    for option in (
        *(
            "--duration: 6",
            "--guidance: 2",
            "--seed: ",
            "--first-frame: 'ftp",
            "--reference 2: 'da",
        ),
        *("--shot: ", "--subject", "--extra mode: 'prp'"),
    ):
        assert option in run.out, (option, run)
    assert "accepted: 5, 10, 15" in run.out
    assert "    ToAPIs, Kling v3 Video Generation: docs.toapis.com/" in run.out


def test_a_message_names_options_too() -> None:
    frame = ("--last-frame", "https://a.b/c")
    run = inside("check", "x", *KLING, "--duration", "15", *frame)
    assert "--last-frame: --last-frame is accepted only when --first-frame is given" in run.out
    assert "--duration: 15 is not accepted when --reference is given or --last-frame is given" in (
        run.out
    )
    run = inside("check", "x", "-m", "toapis/kling-v2-6", "--audio", "--resolution", "720p")
    assert "--audio: true is accepted only when --resolution is 1080p. Sound is" in run.out


def test_a_shot_is_named_by_its_position() -> None:
    shots = ("--shot", "a", "--shot", "b" * 600, "--shot-duration", "3", "--shot-duration", "2.5")
    run = inside("check", "x", "-m", "apimart/kling-v3", *shots)
    assert run.code == 4
    assert "--shot 2: has 600 characters" in run.out
    assert "--shot-duration 2: " in run.out


def test_a_subject_is_named_by_its_name() -> None:
    subject = ("--subject", "cat=black=white", "--subject-image", "cat=https://a.b/c?d=e,f")
    run = inside("check", "@cat", "-m", "apimart/kling-v3", *subject, "--json")
    assert (
        "--subject-image cat: has 1 items"
        in inside(*("check", "@cat"), *("-m", "apimart/kling-v3"), *subject).out
    )
    more = ("--subject-image", "cat=https://a.b/d")
    run = inside("check", "@cat", "-m", "apimart/kling-v3", *subject, *more, "--json")
    element = json.loads(run.out)["payload"]["element_list"][0]
    assert element["description"] == "black=white"
    assert element["element_input_urls"] == ["https://a.b/c?d=e,f", "https://a.b/d"]


def test_a_missing_prompt_is_named_as_the_argument() -> None:
    assert "PROMPT: is required" in inside("check", *KLING).out


def test_paths_in_a_request_file_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text('{"prompt": "x", "duration": 6, "images": [{"url": "https://a.b/c"}]}')
    run = inside("check", *KLING, "--request", str(file), "--resolution", "4k")
    assert run.code == 4
    assert "\nduration: 6 is not" in run.out
    assert "images[0].role: is required" in run.out
    assert "--resolution: '4k'" in run.out


@pytest.mark.parametrize(
    ("options", "both"),
    [
        (["--duration", "5"], ["--duration", "`duration`"]),
        (["--reference", "https://a.b/c"], ["--reference", "`images`"]),
        (["--extra", "mode=1"], ["--extra mode", "`extra.mode`"]),
        (["--no-audio"], ["--no-audio", "`audio`"]),
        (["a prompt"], ["PROMPT", "`prompt`"]),
    ],
)
def test_a_field_given_twice_is_wrong_usage(
    tmp_path: Path, options: list[str], both: list[str]
) -> None:
    request: dict[str, Any] = {"prompt": "x", "duration": 6, "audio": True}
    request |= {"images": [{"url": "a", "role": "reference"}], "extra": {"mode": "std"}}
    file = tmp_path / "r.json"
    file.write_text(json.dumps(request))
    run = inside("check", *options, *KLING, "--request", str(file))
    assert run.code == 2
    assert all(words in run.err for words in both), run


def test_native_fields_from_a_file_and_from_options_are_merged() -> None:
    request = '{"prompt": "x", "extra": {"mode": "std"}}'
    run = inside(
        "check", *KLING, "--request", "-", "--extra", "metadata={}", "--json", stdin=request
    )
    assert json.loads(run.out)["payload"] == {
        "model": "kling-v3",
        "prompt": "x",
        "mode": "std",
        "metadata": {},
    }


def test_a_native_payload_is_used_unchanged() -> None:
    payload = {"model": "kling-v3", "prompt": "x", "duration": 7}
    run = inside("check", *KLING, "--native", "-", stdin=json.dumps(payload))
    assert run.code == 4
    assert "\nduration: 7 is not" in run.out
    assert inside("check", *KLING, "--native", "-", stdin="[1]").code == 4
    assert inside("check", "x", *KLING, "--native", "-", stdin="{}").code == 2
    assert inside("check", *KLING, "--native", "-", "--request", "-", stdin="{}").code == 2


def test_json_extends_the_line_of_a_bulk_check() -> None:
    run = inside("check", "x", "-m", "apimart/kling-v3", "--duration", "4", "--json")
    found = json.loads(run.out)
    assert found["valid"] is True
    assert found["problems"] == found["notes"] == []
    assert found["payload"] == {"model": "kling-v3", "prompt": "x", "duration": 4}
    assert found["variant"] == "apimart/kling-v3"
    assert found["input_mode"] == "text"
    assert found["cost"] == pytest.approx(0.2688)
    problem = json.loads(inside("check", "x", *KLING, "--duration", "6", "--json").out)["problems"]
    assert set(problem[0]) >= {"path", "code", "message", "accepted", "source"}
    assert problem[0]["path"] == "duration"
    assert problem[0]["accepted"][0] == 5


def test_a_local_image_is_read_and_not_uploaded(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(PNG)
    run = inside("check", "x", *KLING, "--first-frame", str(image))
    assert run.code == 0
    assert f"Uploads: {image}" in run.out
    image.write_bytes(b"no picture")
    run = inside("check", "x", *KLING, "--first-frame", str(image))
    assert run.code == 4
    assert "--first-frame: " in run.out


def test_several_variants_require_a_choice() -> None:
    run = inside("generate", "x")
    assert run.code == 2
    assert "\n  toapis/kling-v3\n" in run.err
    run = inside("check", "x", "-m", "toapis/klin-v3")
    assert run.code == 3
    assert "nearest: toapis/kling-v3" in run.err


def test_without_a_variant_all_are_checked() -> None:
    run = inside("check", "x", "--duration", "6", "--resolution", "1080p", "--audio")
    assert run.code == 0
    rest = run.out.splitlines()
    exact = [line for line in rest if line.endswith(" USD") and "can, exactly" in line]
    assert "apimart/kling-v3 can, exactly; about 0.672 USD" in exact
    prices = [float(line.split()[-2]) for line in exact]
    assert prices == sorted(prices)
    assert "uniall/kling-v3-pro-audio can, exactly; cost unknown" in rest
    assert "toapis/kling-v3 cannot" in rest
    assert any(line.startswith("    --duration: 6 is not accepted") for line in rest)
    answers = json.loads(inside("check", "x", "--duration", "6", "--json").out)
    assert len(answers) == len(Registry().ids())
    assert [answer["valid"] for answer in answers] == sorted(
        (answer["valid"] for answer in answers), reverse=True
    )
    assert inside("check", "x", "--duration", "99").code == 4


def test_a_schema_is_printed() -> None:
    schema = json.loads(inside("schema", "uniall/kling-v3-std-silent").out)
    assert schema["title"] == "uniall/kling-v3-std-silent"
    assert schema["properties"]["model"]["enum"] == ["kling-v3-std-silent"]
    assert inside("schema", "uniall/odd").code == 3


def test_the_only_variant_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "ids", lambda _self: ["toapis/kling-v3"])
    assert inside("check", "x").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--duration", "six"], "'six' is not a number"),
        (["--duration", "nan"], "'nan' is not a number"),
        (["--duration", "9" * 5000], "is not a number"),
        (["--seed", "1.5"], "1.5"),
        (["--shot", "a", "--shot", "b", "--shot-duration", "1"], "2 --shot and 1 --shot-duration"),
        (["--subject-image", "cat=x"], "no --subject has this name"),
        (["--subject", "cat", "--subject-image", "dog=x"], "subjects: cat"),
        (["--subject", "cat", "--subject-image", "cat"], "NAME=IMAGE"),
        (["--subject", "cat", "--subject", "cat=x"], "twice"),
        (["--extra", "mode"], "FIELD=JSON"),
        (["--extra", "mode=pro"], "Put text in quotes"),
        (["--extra", "a=1", "--extra", "a=2"], "twice"),
        (["--extra", 'a={"b":1,"b":2}'], 'the key "b" twice'),
        (["--jsonl"], "--native"),
        (["--native", "/nowhere.json"], "cannot be combined with PROMPT"),
        (["--request", "/nowhere.json"], "cannot be read"),
        (["--request", "/tmp"], "directory"),
    ],
)
def test_wrong_usage_is_reported_in_a_sentence(options: list[str], words: str) -> None:
    run = inside("check", "x", *KLING, *options)
    assert run.code == 2
    assert words in run.err, run
    assert run.out == ""


def test_control_characters_do_not_reach_the_terminal() -> None:
    hostile = "\x1b]0;owned\x07 [red]x[/red] \x9b31m \u202ereversed :smile:"
    run = inside("check", hostile, *KLING, "--negative-prompt", hostile)
    assert run.code == 0
    assert not set(run.out) & set("\x1b\x07\x9b\u202e")
    assert "[red]x[/red]" in run.out
    assert ":smile:" in run.out
    found = inside("check", hostile, *KLING, "--json").out
    assert not set(found) & set("\x1b\x07\x9b\u202e")
    assert json.loads(found)["payload"]["prompt"] == hostile


def test_an_argument_that_is_not_valid_text_is_a_problem() -> None:
    run = outside("check", "a\udcffb", *KLING)
    assert run.code == 4
    assert "surrogate" in run.out


def test_an_odd_terminal_does_not_cause_a_failure() -> None:
    run = outside("check", "ein Drachen über 東京 🪁", *KLING, PYTHONIOENCODING="ascii")
    assert run.code == 0
    assert '"model": "kling-v3"' in run.out


def test_videos_and_sounds_are_options_and_problems_name_them() -> None:
    given = ("--edit-video", "a.mp4", "--reference-video", "b.mp4", "--reference-video", "c.mp4")
    run = inside("check", "A kite", "-m", "toapis/kling-v3", *given, "--sound", "d.mp3", "--json")
    found = {problem["path"]: problem["code"] for problem in json.loads(run.out)["problems"]}
    assert (run.code, found) == (4, {"videos": "unsupported", "sounds": "unsupported"})
    output = inside("check", "A kite", "-m", "toapis/kling-v3", *given, "--sound", "d.mp3").out
    assert "--sound: toapis/kling-v3 does not accept sounds" in output
    run = inside("check", "A kite", "--continues", "x")
    assert (run.code, "choose -m VARIANT" in run.err) == (2, True)
