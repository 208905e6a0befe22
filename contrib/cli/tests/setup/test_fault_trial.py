"""The trial of faults that a grade takes, on a sound plugin and on others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rushes
from acme_plugin import PLUGIN, PROTOCOL, on_the_path
from cli_runs import distribution
from rushes_sandbox import FAULTS, fault_trial

SAMPLE = (
    "no-tls", "drop-after-create", "refuse-echoing-key", "status-html",
    "download-stall",
)  # fmt: skip
BODY = {"model": "sound", "prompt": "A red kite", "seconds": 2}
WITH_FILES = """
from acme_sound import *
from rushes import Uploads, pick_text

class Shown(Payload, kw_only=True, forbid_unknown_fields=True):
    picture: Text = absent()

def uploading(model, read, **more):
    @hookimpl
    def upload(variant, file):
        answer = yield Call.post_file(variant.url("/v2/files"), file)
        return read(answer)
    fields = {**FIELDS, **more}
    files = Uploads(types=("image/jpeg",), max_bytes=10**6)
    return variant(model, payload=Shown, fields=fields, uploads=files, hooks=(upload,))

picture = {"images.first_frame": To("picture")}
careful = uploading("careful", lambda answer: pick_text(answer.json(), "url"), **picture)
careless = uploading("careless", lambda answer: answer.json()["url"], **picture)
without = uploading("without", lambda answer: None)
"""
BRITTLE = """
from acme_sound import *
@hookimpl
def parse_status(answer):
    answer.json()["state"]
short = variant("short", hooks=(parse_status,))
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a plugin that is sound and one that is not, with one protocol."""
    monkeypatch.setenv("RUSHES_TRUST", "")
    distribution(
        tmp_path / "site",
        "rushes-acme",
        "[rushes]\nacme.sound = acme_sound:sound\nacme.short = acme_brittle:short\n"
        "acme.careful = acme_files:careful\nacme.careless = acme_files:careless\n"
        "acme.without = acme_files:without\n"
        "[rushes.sandboxes]\nacme = acme_stand_in:protocol\n",
        acme_sound=PLUGIN,
        acme_brittle=BRITTLE,
        acme_files=WITH_FILES,
        acme_stand_in=PROTOCOL,
    )
    with on_the_path(tmp_path / "site", "rushes-acme"):
        yield


def sample(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(fault_trial, "FAULTS", {name: FAULTS[name] for name in names})


def test_nothing_is_wrong_with_a_sound_plugin(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, whole: bool
) -> None:
    """A sample of the faults, one of each step; or all of them."""
    if not whole:
        sample(monkeypatch, *SAMPLE, "upload-500")
    told: list[str] = []
    outcomes = fault_trial.run("acme/sound", BODY, told.append)
    assert set(SAMPLE) <= set(outcomes)
    assert "upload-500" not in outcomes
    assert {fault: wrong for fault, wrong in outcomes.items() if wrong} == {}
    assert told[0].startswith("acme/sound: fault 1 of ")
    assert "Invalid HTTP request" not in caplog.text


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        ("careful", None),
        ("careless", "the plugin breaks: acme/careless: the hook upload raised "),
        ("without", "it was not tried: no image beside the payload is accepted"),
    ],
)
def test_an_image_is_uploaded_for_the_faults_of_that(
    monkeypatch: pytest.MonkeyPatch, model: str, wrong: str | None
) -> None:
    sample(monkeypatch, "upload-html")
    body = {**BODY, "model": model}
    ((fault, words),) = fault_trial.run(f"acme/{model}", body).items()
    assert (fault, words and words.partition("TypeError")[0]) == ("upload-html", wrong)


def test_a_hook_that_raises_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sample(monkeypatch, "status-html")
    body = {**BODY, "model": "short"}
    outcomes = fault_trial.run("acme/short", body)
    assert outcomes == {"status-html": "the plugin breaks: the hook parse_status raised TypeError"}


class Careless(rushes.Client):
    """A client that does what no fault may cause."""

    what = "pays twice"

    def generate(self, variant: Any, request: Any, **settings: Any) -> rushes.Task:
        if self.what == "pays twice":
            super().submit(variant, request)
        made = super().generate(variant, request, **settings)
        if self.what == "writes something else":
            Path(made.file or "").write_bytes(b"")
        return made


@pytest.mark.parametrize(
    ("what", "words"),
    [("pays twice", "it was paid 2 times"), ("writes something else", "the file is not the video")],
)
def test_what_no_fault_may_cause_is_found(
    monkeypatch: pytest.MonkeyPatch, what: str, words: str
) -> None:
    sample(monkeypatch, "status-500")
    monkeypatch.setattr(fault_trial, "Client", Careless)
    monkeypatch.setattr(Careless, "what", what)
    assert fault_trial.run("acme/sound", BODY) == {"status-500": words}


def test_a_provider_without_a_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="no sandbox protocol for nobody"):
        fault_trial.run("nobody/zoom", BODY)
