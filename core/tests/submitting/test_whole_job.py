"""What happens when nothing goes wrong."""

import sqlite3
from pathlib import Path

import msgspec
from acme_driver import KEY, REQUEST, Maker
from acme_server import VIDEO, Handler, Server, created
from rushes import Call, Task


def test_a_request_becomes_a_file(make: Maker, server: Server, tmp_path: Path) -> None:
    states: list[str] = []
    task = make().generate(
        "acme/zoom",
        REQUEST,
        output=tmp_path / "kite.mp4",
        on_update=lambda t: states.append(t.state),
    )
    assert task.file == str(tmp_path / "kite.mp4")
    assert Path(task.file).read_bytes() == VIDEO
    assert list(dict.fromkeys(states)) == [
        "recorded",
        "sending",
        "queued",
        "in_progress",
        "completed",
    ]
    assert server.posts() == 1
    assert task.estimate == 0.5
    assert server.seen[0][2] == b'{"model":"zoom","text":"A red kite over dunes"}'
    assert server.seen[0][1]["authorization"] == f"Bearer {KEY}"


def on_disk(home: Path) -> list[Task]:
    """Read the journal as another process would."""
    connection = sqlite3.connect(f"file:{home / 'journal.db'}?mode=ro", uri=True)
    try:
        query = "SELECT record, call FROM tasks, calls WHERE number = task"
        rows = connection.execute(query).fetchall()
    finally:
        connection.close()
    read = msgspec.json.decode
    return [
        msgspec.structs.replace(read(record, type=Task), call=read(call, type=Call))
        for record, call in rows
    ]


def test_the_task_is_on_disk_before_the_post_and_its_id_after_it(
    make: Maker, server: Server, home: Path
) -> None:
    found: list[Task] = []

    def look_then_create(handler: Handler) -> None:
        found.extend(on_disk(home))
        created(handler)

    server.on("POST /v1/clips", look_then_create)
    task = make().submit("acme/zoom", REQUEST, output=home / "x.mp4")
    (before,) = found
    assert (before.id, before.state, before.remote_id) == (task.id, "sending", None)
    assert before.call is not None
    assert before.call.body == server.seen[0][2]
    assert before.base_url == server.url
    assert before.output == str(home / "x.mp4")
    (after,) = on_disk(home)
    assert (after.state, after.remote_id) == ("queued", "c-1")
    assert after == task
