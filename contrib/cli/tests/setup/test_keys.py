"""keys: stored for their owner alone, and never shown."""

import json
import sys
from pathlib import Path

import pytest
from cli_runs import inside, outside

SECRET = "sk-0123456789-very-secret"


def test_a_key_is_stored_listed_and_removed(home: Path) -> None:
    run = outside("keys", "set", "toapis", stdin=f"{SECRET}\n".encode())
    assert run.code == 0, run
    file = home / "keys.json"
    assert json.loads(file.read_text()) == {"toapis": SECRET}
    assert file.stat().st_mode & 0o077 == 0
    listed = inside("keys", "list")
    assert SECRET not in listed.out
    assert f"…cret  from {file}" in listed.out
    assert "no key; set UNIALL_API_KEY" in listed.out
    rows = json.loads(inside("keys", "list", "--json").out)
    assert {row["provider"]: row["key"] for row in rows}["toapis"] == "…cret"
    assert inside("keys", "remove", "toapis").code == 0
    assert json.loads(file.read_text()) == {}
    assert inside("keys", "remove", "toapis").code == 3


def test_what_webhooks_are_signed_with_is_stored_like_a_key(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "webhook_secret" not in inside("keys", "list").out  # whoever polls needs none
    assert inside("keys", "set", "toapis.webhook_secret", stdin=SECRET).code == 0
    monkeypatch.setenv("TOAPIS_OLD_WEBHOOK_SECRET", SECRET)
    listed = inside("keys", "list").out
    assert "toapis.webhook_secret      …cret" in listed
    assert "toapis.old_webhook_secret  …cret  from TOAPIS_OLD_WEBHOOK_SECRET" in listed
    assert SECRET not in listed
    run = inside("keys", "set", "apimart.webhook_secret", stdin=SECRET)  # it signs nothing
    assert "store one of: apimart." in run.err


def test_the_environment_overrides_a_stored_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOAPIS_API_KEY", "short")
    run = inside("keys", "set", "toapis", stdin=SECRET)
    assert "TOAPIS_API_KEY is also set, and overrides it" in run.err
    listed = inside("keys", "list").out
    assert "…  from TOAPIS_API_KEY" in listed
    assert "short" not in listed


@pytest.mark.parametrize("key", ["", "  \n", "two words", "k\x1b[31m", "schlüssel"])
def test_what_cannot_be_a_key_is_not_stored(key: str, home: Path) -> None:
    run = inside("keys", "set", "toapis", stdin=key)
    assert run.code == 2
    assert not (home / "keys.json").exists()


def test_no_key_is_stored_for_an_unknown_provider() -> None:
    run = inside("keys", "set", "toapi", stdin=SECRET)
    assert run.code == 2
    assert "nearest: toapis" in run.err
    assert inside("keys", "set", "toapis", SECRET).code == 2


def test_a_key_file_that_others_can_read_is_refused_with_advice(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inside("keys", "set", "toapis", stdin=SECRET).code == 0
    file = home / "keys.json"
    file.chmod(0o644)
    for arguments in (
        ("keys", "list"),
        ("keys", "set", "apimart"),
        ("keys", "remove", "toapis"),
        ("generate", "A red kite", "-m", "toapis/kling-v3"),
    ):
        run = inside(*arguments, stdin=SECRET)
        assert run.code == 3, run
        assert f"chmod 600 {file}" in run.err
        assert SECRET not in run.err + run.out
    monkeypatch.setenv("TOAPIS_API_KEY", SECRET)
    monkeypatch.setenv("TOAPIS_BASE_URL", "http://127.0.0.1:9")
    assert inside("generate", "A red kite", "-m", "toapis/kling-v3").code == 4
    file.chmod(0o600)
    assert inside("keys", "list").code == 0


PAIRED = """
import rushes
from msgspec import Struct

class Payload(Struct, forbid_unknown_fields=True):
    prompt: rushes.Text

zoom = rushes.Provider(
    spec=2, id="acme", submit_path="/v1/clips", status_path="/v1/clips/{id}",
    secrets=(("access_key", "secret_key"),), variables={"secret_key": "ACMEML_SECRET"},
).variant("zoom", payload=Payload, page=rushes.Source("Acme", "https://docs.acme.example"),
          fields={"prompt": rushes.To("prompt")})
"""


EITHER = (
    PAIRED.replace('(("access_key",', '(("api_key",), ("access_key",')
    + """
pan = rushes.Provider(
    spec=2, id="acme", submit_path="/v2/clips", status_path="/v2/clips/{id}",
).variant("pan", payload=Payload, page=zoom.page, fields={"prompt": rushes.To("prompt")})
"""
)


def installed(site: Path, source: str, *variants: str) -> str:
    """Make a distribution with a module and its variants; return the folder to import from."""
    metadata = site / "acme_paired-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "acme_paired.py").write_text(source)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: rushes-acme\nVersion: 1.0\n")
    lines = [f"acme.{name} = acme_paired:{name}\n" for name in variants]
    (metadata / "entry_points.txt").write_text("[rushes]\n" + "".join(lines))
    sys.modules.pop("acme_paired", None)
    return str(site)


def test_each_of_several_secrets_has_a_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed(tmp_path / "site", PAIRED, "zoom"))
    run = inside("keys", "set", "acme", stdin=SECRET)
    assert run.code == 2
    assert "store one of: acme.access_key, acme.secret_key" in run.err
    assert inside("keys", "set", "acme.secret_key", stdin=SECRET).code == 0
    assert json.loads((home / "keys.json").read_text()) == {"acme.secret_key": SECRET}
    listed = inside("keys", "list").out
    assert "acme.access_key  no key; set ACME_ACCESS_KEY, or: rushes keys set" in listed
    assert "acme.secret_key  …cret" in listed
    monkeypatch.setenv("ACMEML_SECRET", SECRET)
    removed = inside("keys", "remove", "acme.secret_key")
    assert "ACMEML_SECRET is still set" in removed.err


def test_the_secrets_that_only_some_models_take_can_be_stored(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed(tmp_path / "site", EITHER, "pan", "zoom"))
    run = inside("keys", "set", "acme.nope", stdin=SECRET)
    assert "store one of: acme, acme.access_key, acme.secret_key" in run.err
    assert "acme  " in inside("keys", "list").out
    assert "acme.secret_key" not in inside("keys", "list").out  # an alternative to the key
    assert inside("keys", "set", "acme.secret_key", stdin=SECRET).code == 0
    assert json.loads((home / "keys.json").read_text()) == {"acme.secret_key": SECRET}
    assert "acme.secret_key  …cret" in inside("keys", "list").out
