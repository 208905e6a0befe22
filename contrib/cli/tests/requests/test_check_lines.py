"""check --jsonl: a line for every line."""

import json
from pathlib import Path
from typing import Any

import pytest
import rushes
from cli_runs import inside, outside
from rushes_cli._commands import check_lines

BULK = ("check", "-m", "toapis/kling-v3", "--jsonl", "--native")
GOOD = b'{"model":"kling-v3","prompt":"x"}'


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_gets_one_line_in_answer() -> None:
    lines = [
        GOOD,
        b'{"model":"kling-v3","prompt":"x","duration":6}',
        b"",
        b"{",
        b"\xff\xfe",
        b'{"model":"kling-v3","prompt":"x\x00"}',
        b"\x00",
        b'{"a":1,"a":2}',
        b'{"prompt":NaN}',
        b"[" * 5000,
        b"[]",
        b"null",
        b'{"model":"kling-v3","prompt":"\\ud800"}',
        b'{"model":"kling-v3","prompt":"x","duration":' + b"9" * 5000 + b"}",
        b'{"model":"kling-v3","prompt":"x","duration":1e999}',
        b"  \t\r",
        GOOD + b"\r",
    ]
    run = inside(*BULK, "-", stdin=b"\n".join(lines) + b"\n")
    found = answers(run.out)
    assert run.code == 4
    assert run.err == ""
    assert [line["valid"] for line in found] == [True] + [False] * 15 + [True]
    assert all(set(line) == {"valid", "problems", "notes", "payload"} for line in found)
    codes = [line["problems"][0]["code"] for line in found if line["problems"]]
    assert codes[:9] == ["choice", *["malformed"] * 8]
    assert codes[9:12] == ["type", "type", "not_json"]
    assert codes[-1] == "malformed"
    assert found[3]["problems"][0]["message"].startswith("line 4 is not valid JSON: ")
    assert found[0]["payload"] == json.loads(GOOD)


def test_all_valid_exits_with_0_and_the_last_line_may_be_unterminated(tmp_path: Path) -> None:
    file = tmp_path / "payloads.jsonl"
    file.write_bytes(GOOD + b"\n" + GOOD)
    run = inside(*BULK, str(file))
    assert run.code == 0
    assert len(answers(run.out)) == 2
    file.write_bytes(b"")
    assert inside(*BULK, str(file)).code == 0


def test_a_line_of_ten_megabytes_is_answered() -> None:
    long = b'{"model":"kling-v3","prompt":"' + b"x" * 10_000_000 + b'"}'
    run = inside(*BULK, "-", stdin=long + b"\n" + b"[" * 10_000_000 + b"\n" + GOOD)
    assert [line["valid"] for line in answers(run.out)] == [True, False, True]


def test_an_endless_line_does_not_use_endless_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_lines, "MAX_LINE", 50)
    run = inside(*BULK, "-", stdin=b"x" * 1000 + b"\n" + GOOD + b"\n" + b"y" * 51)
    found = answers(run.out)
    assert [line["valid"] for line in found] == [False, True, False]
    assert "line 1 is longer than 50 bytes" in found[0]["problems"][0]["message"]


def test_an_unknown_variant_is_reported_before_the_first_line() -> None:
    run = inside("check", "-m", "toapis/nope", "--jsonl", "--native", "-", stdin=GOOD)
    assert run.code == 3
    assert run.out == ""
    assert inside(*BULK, "-", "--duration", "5", stdin=GOOD).code == 2


def test_a_bug_on_one_line_does_not_affect_the_others(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    check = rushes.Client.check_payload

    def breaking(client: rushes.Client, variant: str, payload: Any) -> Any:
        if "bad" in payload:
            raise ZeroDivisionError("oh")
        return check(client, variant, payload)

    monkeypatch.setattr(rushes.Client, "check_payload", breaking)
    run = inside(*BULK, "-", stdin=GOOD + b'\n{"bad":1}\n' + GOOD)
    assert [line["valid"] for line in answers(run.out)] == [True, False, True]
    assert answers(run.out)[1]["problems"][0]["code"] == "bug"
    assert run.code == 4
    assert list((home / "logs").iterdir())


def test_each_answer_equals_a_single_check() -> None:
    payload = b'{"model":"kling-v3","prompt":"x","duration":6,"mod":1}'
    single = json.loads(inside("check", *BULK[1:3], "--native", "-", "--json", stdin=payload).out)
    line = answers(inside(*BULK, "-", stdin=payload).out)[0]
    assert line == {name: single[name] for name in line}


def test_five_thousand_payloads_in_a_pipe() -> None:
    run = outside(*BULK, "-", stdin=(GOOD + b"\n") * 5000)
    assert run.code == 0
    assert run.out.count("\n") == 5000
