"""generate: paid for once, outcomes told apart, and always a next step."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
import rushes
from cli_gateway import KEY, VIDEO, Gateway, response
from cli_runs import inside, interrupted, outside
from rushes.testing import Clock
from rushes_cli._runtime import clients
from rushes_cli.request_input import read_request

KITE = ("generate", "A red kite", "-m", "toapis/kling-v3")


def test_a_separate_process_makes_a_video(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "kite.mp4"
    run = outside(*KITE, "-o", str(file), "--duration", "10")
    assert run.code == 0, run
    assert run.out == f"{file}\n"
    assert file.read_bytes() == VIDEO
    assert "Estimated cost: unknown" in run.err
    assert "queued at toapis" in run.err
    assert gateway.paid[0]["duration"] == 10
    assert gateway.keys == [f"Bearer {KEY}"]


@pytest.mark.usefixtures("soon")
def test_json_is_one_object_on_standard_output(gateway: Gateway, tmp_path: Path) -> None:
    gateway.polls = ["queued", "in_progress", "completed"]
    run = inside(*KITE, "-o", str(tmp_path / "a.mp4"), "--json", "--task", "mine")
    task = json.loads(run.out)
    assert run.code == 0, run
    assert task["task"] == "mine"
    assert task["status"] == "completed"
    assert task["file"] == str(tmp_path / "a.mp4")
    assert task["resume"] is None
    assert [line for line in run.err.splitlines() if line.startswith("mine: ")] == [
        "mine: recorded, waiting to be sent to toapis",
        "mine: sending to toapis",
        "mine: queued at toapis",
        "mine: in_progress at toapis",
        "mine: completed, being fetched from toapis",
        "mine: completed, video downloaded",
    ]


@pytest.mark.usefixtures("soon")
def test_the_same_reference_is_never_paid_for_twice(gateway: Gateway) -> None:
    first, second = (inside(*KITE, "--task", "mine") for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert len(gateway.paid) == 1
    other = inside("generate", "A blue kite", "-m", "toapis/kling-v3", "--task", "mine")
    assert other.code == 4
    assert "used before for another request" in other.err
    assert len(gateway.paid) == 1


def test_a_wrong_request_is_not_sent(gateway: Gateway) -> None:
    run = inside(*KITE, "--duration", "6", "--json")
    assert run.code == 4
    assert "--duration: 6 is not accepted" in run.err
    found = json.loads(run.out)
    assert found["task"] is None
    assert found["problems"][0]["path"] == "duration"
    assert gateway.paid == []


@pytest.mark.usefixtures("gateway")
def test_without_a_key_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOAPIS_API_KEY")
    run = inside(*KITE)
    assert run.code == 3
    assert "rushes keys set toapis" in run.err
    assert run.out == ""


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (402, "insufficient_quota"), (422, "content_policy_violation")],
)
@pytest.mark.usefixtures("soon")
def test_a_refusal_is_reported_in_the_gateways_words(
    gateway: Gateway, status: int, code: str
) -> None:
    gateway.refused(status, code)
    run = inside(*KITE, "--json")
    assert run.code == 4, run
    assert code in run.err
    assert json.loads(run.out)["status"] == "refused"
    assert KEY not in run.err + run.out
    assert "Resume it" not in run.err
    assert len(gateway.paid) == 1


@pytest.mark.usefixtures("soon")
def test_a_rate_limit_of_an_hour_is_reported(gateway: Gateway) -> None:
    gateway.refused(429, "rate_limit_exceeded", Retry_After="3600")
    run = inside(*KITE)
    assert run.code == 4
    assert "3600 seconds" in run.err


@pytest.mark.usefixtures("gateway")
def test_an_unreachable_gateway_means_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOAPIS_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(clients, "make_client", lambda: rushes.Client(clock=Clock()))
    run = inside(*KITE)
    assert run.code == 4
    assert "never sent, nothing was bought" in run.err


@pytest.mark.usefixtures("soon")
def test_a_redirect_is_a_configuration_error(gateway: Gateway) -> None:
    gateway.submits = [lambda _task: response(307, {}, Location="https://elsewhere.example/")]
    run = inside(*KITE)
    assert run.code == 3
    assert "https://elsewhere.example/" in run.err


@pytest.mark.usefixtures("soon")
def test_the_reason_of_a_failed_task_is_escaped(gateway: Gateway) -> None:
    gateway.polls = ["failed"]
    run = inside(*KITE)
    assert run.code == 5
    assert r"no \x1b[31mluck\x1b[0m [bold]today[/bold]" in run.err
    assert "\x1b" not in run.err
    assert "rushes resume" not in run.err


@pytest.mark.usefixtures("soon")
def test_a_result_that_is_not_a_video_can_be_fetched_again(
    gateway: Gateway, tmp_path: Path
) -> None:
    gateway.video = b"<html>sorry</html>"
    file = tmp_path / "kite.mp4"
    run = inside(*KITE, "--task", "mine", "-o", str(file))
    assert run.code == 5
    assert "rushes resume mine" in run.err
    assert not file.exists()
    gateway.video = VIDEO
    again = inside("resume", "mine")
    assert again.code == 0
    assert again.out == f"{file}\n"


def test_a_timeout_is_not_a_failure(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "kite.mp4"
    run = inside(*KITE, "--task", "mine", "--timeout", "0.05", "-o", str(file), "--json")
    assert run.code == 6
    assert "rushes resume mine" in run.err
    assert json.loads(run.out)["resume"] == "rushes resume mine"
    again = outside("resume", "mine")
    assert again.code == 0, again
    assert again.out == f"{file}\n"
    assert len(gateway.paid) == 1


def test_ctrl_c_stops_waiting_and_resume_continues(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "kite.mp4"
    run = interrupted(*KITE, "--task", "mine", "-o", str(file), "--json", when="queued at")
    assert run.code == 130, run
    assert "Resume it with: rushes resume mine" in run.err
    assert "Traceback" not in run.err
    assert json.loads(run.out)["resume"] == "rushes resume mine"
    again = outside("resume")
    assert again.code == 0, again
    assert file.read_bytes() == VIDEO
    assert len(gateway.paid) == 1


def test_a_printed_command_names_the_home_that_was_given(gateway: Gateway, tmp_path: Path) -> None:
    home = str(tmp_path / "another home")
    run = outside("--home", home, *KITE, "--task", "mine", "--timeout", "0.05")
    assert run.code == 6
    assert f"rushes --home '{home}' resume mine" in run.err
    assert len(gateway.paid) == 1


@pytest.mark.usefixtures("soon", "gateway")
@pytest.mark.parametrize("there", [True, False])
def test_in_a_folder_the_file_is_named_after_its_task(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "videos"
    if there:
        folder.mkdir()
    run = inside(*KITE, "--task", "mine", "-o", str(folder) + "/" * (not there))
    assert (run.code, run.out) == (0, f"{folder / 'mine.mp4'}\n"), run
    assert (folder / "mine.mp4").read_bytes() == VIDEO


@pytest.mark.usefixtures("soon")
def test_a_file_is_overwritten_only_with_force(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "kite.mp4"
    file.write_bytes(b"holidays")
    run = inside(*KITE, "--task", "mine", "-o", str(file))
    assert (run.code, gateway.paid) == (2, [])
    assert f"{file} exists; name another file, or give --force" in run.err
    assert file.read_bytes() == b"holidays"
    for options in (["--force"], []):  # the second time it is this task's own video
        run = inside(*KITE, "--task", "mine", "-o", str(file), *options)
        assert (run.code, file.read_bytes()) == (0, VIDEO), run
    assert inside(*KITE, "-o", str(file)).code == 2
    assert len(gateway.paid) == 1


@pytest.mark.usefixtures("soon")
def test_a_resume_overwrites_nothing_either(gateway: Gateway, tmp_path: Path) -> None:
    file, other = tmp_path / "kite.mp4", tmp_path / "other.mp4"
    gateway.polls = ["queued"]
    assert inside(*KITE, "--task", "mine", "-o", str(file), "--timeout", "0").code == 6
    gateway.polls = ["completed"]
    file.write_bytes(b"another film")
    for options in (["resume"], ["resume", "mine", "-o", str(file)]):
        run = inside(*options)
        assert (run.code, run.out, file.read_bytes()) == (6, "", b"another film"), run
        assert f"{file} cannot be written: it exists" in run.err
        assert "rushes resume mine" in run.err
    assert json.loads(inside("show", "mine", "--json").out)["file"] is None
    run = inside("resume", "mine", "-o", str(other))
    assert (run.code, run.out) == (0, f"{other}\n"), run
    assert file.read_bytes() == b"another film"
    other.unlink()
    other.write_bytes(b"mine, changed")
    assert inside("resume", "mine").code == 6
    run = inside("resume", "mine", "--force")
    assert (run.code, other.read_bytes()) == (0, VIDEO), run
    assert len(gateway.paid) == 1


@pytest.mark.usefixtures("soon")
def test_a_resume_overwrites_if_the_first_command_was_allowed_to(
    gateway: Gateway, tmp_path: Path
) -> None:
    file = tmp_path / "kite.mp4"
    file.write_bytes(b"holidays")
    gateway.polls = ["queued"]
    assert inside(*KITE, "-o", str(file), "--force", "--timeout", "0").code == 6
    gateway.polls = ["completed"]
    assert inside("resume").code == 0
    assert file.read_bytes() == VIDEO


@pytest.mark.usefixtures("soon")
def test_a_file_in_a_folder_is_not_overwritten_either(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "mine.mp4").write_bytes(b"holidays")
    run = inside(*KITE, "--task", "mine", "-o", str(tmp_path))
    assert (run.code, gateway.paid) == (2, [])
    assert (tmp_path / "mine.mp4").read_bytes() == b"holidays"


@pytest.mark.usefixtures("soon")
def test_a_name_that_no_file_can_have_is_refused(gateway: Gateway, tmp_path: Path) -> None:
    bad = tmp_path / f"{'n' * 300}.mp4"
    run = inside(*KITE, "-o", str(bad))
    assert (run.code, run.out) == (3, ""), run
    assert f"Error: {bad} cannot be written: File name too long" in run.err
    assert "Resume it with" not in run.err
    assert (gateway.paid, inside("tasks", "--json").out) == ([], "[]\n")
    assert inside(*KITE, "--task", "mine").code == 0
    run = inside("resume", "mine", "-o", str(bad))
    assert (run.code, run.out) == (3, ""), run
    assert f"{bad} cannot be written: File name too long" in run.err


def test_one_file_is_for_one_task(tmp_path: Path) -> None:
    run = inside("resume", "-o", str(tmp_path / "x.mp4"))
    assert run.code == 2
    assert "-o FILE is for one task" in run.err


def test_a_missing_key_is_reported_before_any_price() -> None:
    run = inside(*KITE)
    assert run.code == 3
    assert run.err.startswith("Error: no key for toapis")
    assert "Estimated" not in run.err


def test_a_bug_after_the_payment_names_the_task(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenClock(Clock):
        def sleep(self, seconds: float) -> None:
            raise ZeroDivisionError(f"oh {KEY}")

    monkeypatch.setattr(clients, "make_client", lambda: rushes.Client(clock=BrokenClock()))
    run = inside(*KITE, "--task", "mine", "--json")
    assert run.code == 1
    assert "Resume it with: rushes resume mine" in run.err
    found = json.loads(run.out)
    assert (found["task"], found["error"]) == ("mine", "a bug in rushes: ZeroDivisionError")
    assert KEY not in run.err
    assert len(gateway.paid) == 1


def test_a_file_name_that_is_not_utf8_is_refused_before_anything_is_paid_for(
    gateway: Gateway,
) -> None:
    run = outside(*KITE, "-o", "\udcff.mp4")
    assert run.code == 2
    assert "the name is not UTF-8" in run.err
    assert gateway.paid == []


def test_a_dry_run_sends_nothing(gateway: Gateway) -> None:
    run = inside(*KITE, "--dry-run", "--task", "mine")
    assert run.code == 0
    assert f"Would be sent to: {gateway.url}/v1/videos/generations" in run.out
    assert "client_business_id = mine" in run.out
    assert json.loads(inside(*KITE, "--dry-run", "--json").out)["url"].startswith(gateway.url)
    assert inside(*KITE, "--dry-run", "--duration", "6").code == 4
    assert gateway.paid == []


def test_a_dry_run_reports_a_missing_base_url() -> None:
    run = inside("generate", "x", "-m", "uniall/kling-v3-std-audio", "--dry-run")
    assert run.code == 0
    assert "UNIALL_BASE_URL" in run.out


@pytest.mark.usefixtures("soon")
def test_the_file_of_each_of_several_videos_is_printed(gateway: Gateway, tmp_path: Path) -> None:
    gateway.videos = 3
    names = [str(tmp_path / name) for name in ("a.mp4", "a-2.mp4", "a-3.mp4")]
    run = inside(*KITE, "-o", names[0], "--task", "mine")
    assert run.code == 0, run
    assert run.out.splitlines() == names
    assert "mine: completed, 3 videos downloaded" in run.err
    shown = json.loads(inside("show", "mine", "--json").out)
    assert (shown["file"], shown["files"], shown["missing"]) == (names[0], names, [])
    assert all(name in inside("show", "mine").out for name in names)
    assert "(+2)" in inside("tasks").out


@pytest.mark.usefixtures("soon")
def test_what_is_missing_of_several_videos_is_named_and_resumed(
    gateway: Gateway, tmp_path: Path
) -> None:
    gateway.videos = 3
    (tmp_path / "a-2.mp4").write_text("mine")
    run = inside(*KITE, "-o", str(tmp_path / "a.mp4"), "--task", "mine", "--json")
    assert run.code == 6
    assert "2 of the 3 videos of task mine is missing" in run.err
    printed = json.loads(run.out)
    assert (printed["missing"], len(printed["files"])) == ([2], 2)
    assert printed["resume"]
    assert "Missing:   video 2 of 3" in inside("show", "mine").out
    (tmp_path / "a-2.mp4").unlink()
    again = inside("resume", "mine", "--json")
    assert (again.code, json.loads(again.out)["missing"]) == (0, [])
    assert (tmp_path / "a-2.mp4").read_bytes() == VIDEO


@pytest.mark.usefixtures("soon")
def test_what_continues_names_is_one_of_our_tasks_or_a_remote_id(gateway: Gateway) -> None:
    def continued(task: str, *, model: str = "toapis/kling-v3") -> str:
        given: dict[str, Any] = {
            "continues": task,
            **dict.fromkeys(("request_file", "native_file")),
        }
        given |= dict.fromkeys(("reference", "edit_videos", "reference_videos", "sounds"), ())
        given |= dict.fromkeys(("shots", "shot_durations", "subjects", "subject_images"), ())
        given |= {"extras": (), "first_frame": None, "last_frame": None}
        with clients.make_client() as client:
            return str(read_request(given).continuing(client, model).content["continues"])

    assert inside(*KITE, "--task", "mine-1").code == 0
    remote = json.loads(inside("show", "mine-1", "--json").out)["remote_id"]
    assert continued("mine-1") == continued("min") == remote
    assert continued("somebody-elses") == "somebody-elses"
    assert inside("generate", "Another", "-m", "toapis/kling-v3", "--task", "mine-2").code == 0
    for named, model, words in (
        ("min", "toapis/kling-v3", "several tasks begin like this"),
        ("mine-1", "apimart/kling-v3", "was made by toapis/kling-v3"),
    ):
        with pytest.raises(click.UsageError, match=words):
            continued(named, model=model)
    gateway.polls = ["failed"]
    assert inside("generate", "Third", "-m", "toapis/kling-v3", "--task", "lost").code == 5
    with pytest.raises(click.UsageError, match="it is failed; only a completed task is extended"):
        continued("lost")
    run = inside(*KITE, "--continues", "mine-1", "--json")
    assert (run.code, json.loads(run.out)["problems"][0]["path"]) == (4, "continues")
