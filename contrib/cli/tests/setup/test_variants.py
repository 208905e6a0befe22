"""variants: the matrix at every width, and one variant in full."""

import json
from pathlib import Path

import pytest
import rushes
from acme_declared import declared
from cli_runs import inside
from rushes.plugins import Registry
from rushes_cli._output.variant_page import print_page


@pytest.mark.parametrize("width", [40, 80, 100, 160, 300])
def test_the_matrix_fits_the_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    run = inside("variants", "--side-by-side")
    assert run.code == 0
    table = run.out.partition("\n[1] ")[0].splitlines()
    assert max(map(len, table)) <= width
    headings = [line for line in table if "toapis/" in line]
    assert sum(line.count("toapis/") for line in headings) == 3


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_overview_has_a_line_for_each_variant(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = inside("variants").out.partition("\n\n")[0].splitlines()
    assert max(map(len, lines)) <= width
    ids = Registry().ids()
    assert [line.split()[0] for line in lines[2:]] == ids
    rows = dict(zip(ids, lines[2:], strict=True))
    assert rows["apimart/kling-v3"].endswith("0.067")
    assert rows["toapis/kling-v3"].endswith("?")
    assert rows["google/veo-3.1"].endswith("ended")
    if width >= 80:
        assert rows["apimart/kling-v3"].split()[1:] == (
            ["3-15", "4k", "yes", "yes", "-", "-", "on/off", "0.067"]
        )
        assert rows["uniall/kling-v3-std-silent"].split()[2] == "720p"


GATEWAYS = ("--provider", "apimart", "--provider", "toapis", "--provider", "uniall")
FILTERED: dict[tuple[str, ...], set[str]] = {
    ("--provider", "apimart"): {"apimart/kling-v3"},
    ("--can", "reference"): {"toapis/kling-v2-6", "toapis/kling-v3", "toapis/kling-v3-omni"},
    ("--can", "resolution=4k"): {"apimart/kling-v3"},
    ("--can", "duration=10", "--can", "reference", "--can", "audio"): {
        "toapis/kling-v2-6", "toapis/kling-v3",
    },
    ("--can", "audio=no", "--provider", "uniall"): {
        "uniall/kling-v3-pro-silent", "uniall/kling-v3-std-silent",
    },
    ("--can", "audio", "--provider", "uniall"): {
        "uniall/kling-v3-pro-audio", "uniall/kling-v3-std-audio",
    },
    ("--can", "seed"): set(),
    ("--max-price", "0.07"): {"apimart/kling-v3"},
    ("--max-price", "0.06"): set(),
    ("--max-price", "9", "--provider", "google"): set(),
}  # fmt: skip


@pytest.mark.parametrize("options", FILTERED, ids=" ".join)
def test_filters_keep_what_was_asked_for(options: tuple[str, ...]) -> None:
    wanted = FILTERED[options]
    options = options if "--provider" in options else (*options, *GATEWAYS)
    found = json.loads(inside("variants", *options, "--json").out)
    assert {item["variant"] for item in found} == wanted


def test_what_was_filtered_out_is_not_shown() -> None:
    run = inside("variants", "--provider", "apimart")
    assert [line.split()[0] for line in run.out.splitlines()[2:3]] == ["apimart/kling-v3"]
    assert "toapis" not in run.out
    none = inside("variants", "--provider", "apimart", "--can", "seed")
    assert none.out == ""
    assert none.err == "apimart/kling-v3 cannot do all of this.\n"
    assert "None of 2 variants can" in inside("variants", "--provider", "fal", "--can", "seed").err


def test_a_provider_that_was_not_asked_for_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "broken_acme-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: rushes-acme\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[rushes]\nacme.zoom = broken_acme:zoom\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "Left out: acme.zoom" in inside("variants", "--provider", "acme").err
    assert inside("variants", "--provider", "apimart").err == ""


def test_an_unknown_provider_is_an_error_that_lists_them() -> None:
    run = inside("variants", "--provider", "nobody")
    assert run.code == 2
    assert "No installed provider is called 'nobody' (installed: apimart," in run.err
    assert "(nearest: runway)" in inside("variants", "--provider", "runaway").err


def test_an_unknown_ability_is_an_error_that_lists_them() -> None:
    run = inside("variants", "--can", "fly")
    assert run.code == 2
    assert "'fly' is not one of negative-prompt, duration" in run.err


def test_conditions_are_footnotes() -> None:
    run = inside("variants", "toapis/kling-v3", "toapis/kling-v2-6")
    assert "apimart" not in run.out
    assert "5, 10, 15 [" in run.out
    assert "] 15 seconds are for text-to-video only" in run.out


def test_one_variant_in_detail() -> None:
    run = inside("variants", "apimart/kling-v3")
    assert run.code == 0
    for words in ("https://docs.apimart.ai/", "APIMART_API_KEY", "0.336 USD", "20 MiB", "Rules"):
        assert words in run.out
    assert "UNIALL_BASE_URL" in inside("variants", "uniall/kling-v3-std-audio").out
    assert inside("variants", "apimart/kling").code == 3


def test_every_part_of_a_key_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with rushes.Client() as client:
        print_page(client, declared(secrets=(("api_key",), ("access_key", "secret_key"))))
    shown = capsys.readouterr().out
    assert "ACME_API_KEY, or ACME_ACCESS_KEY and ACME_SECRET_KEY, or: rushes keys set acme" in shown
    with rushes.Client() as client:
        print_page(client, declared(secrets=(("access_key", "secret_key"),)))
    assert "rushes keys set acme.access_key; rushes keys set acme.secret_key" in (
        capsys.readouterr().out
    )


def test_a_variants_own_fields_are_shown() -> None:
    run = inside("variants", "toapis/kling-v3")
    for line in (
        "  model: kling-v3; required",
        "  mode: std, pro; by default std",
        "  duration: 5, 10, 15; by default 5",
        "  image_with_roles[].role: first_frame, last_frame, reference_image; required",
        "  metadata.watermark: true or false; by default false",
        "  callback_url: http(s) address; concerns the delivery",
    ):
        assert line in run.out.splitlines(), line
    (found,) = json.loads(inside("variants", "toapis/kling-v3", "--json").out)
    fields = {field["path"]: field for field in found["native_fields"]}
    assert fields["mode"]["choices"] == ["std", "pro"]
    assert fields["mode"]["common"] == "resolution"
    assert fields["callback_url"]["common"] is None


def test_json_matches_the_library() -> None:
    found = json.loads(inside("variants", "--json").out)
    registry = Registry()
    assert [item["variant"] for item in found] == registry.ids()
    for item in found:
        expected = rushes.capabilities(registry.get(item["variant"]).variant)
        assert set(item["fields"]) == set(expected)
        assert item["fields"]["prompt"]["how"] == expected["prompt"].how
