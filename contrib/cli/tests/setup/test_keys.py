"""keys: stored for their owner alone, and never shown."""

import json
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
