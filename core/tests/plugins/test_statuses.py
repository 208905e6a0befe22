"""Statuses are read line by line: what comes out is what following each path would give."""

import json
from typing import Any

from acme_zoom import WORDS
from hypothesis import given
from hypothesis import strategies as st
from rushes import Answer, Answers, Status, pick, pick_number, pick_percent, pick_text
from rushes._plugins.reading import StatusReader, at, first_text, steps, walk

PATHS = ("a", "a.b", "a[0].b", "a[].b", "b[]", "b[].a[]", "a[].b[0].c", "c.a[1]")
paths = st.sampled_from(PATHS)
words = st.sampled_from([*WORDS, "", " ", "unheard of", "50%"])
leaves = st.none() | st.booleans() | st.integers(-5, 200) | words | st.sampled_from(["x", "y"])
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)
declared = st.builds(
    Answers,
    task_id=st.just(("a",)),
    task=st.sampled_from(["", "a", "b.a", "c[]", "a[0]", "b[].c", "a.b[]"]),
    status=paths,
    words=st.sampled_from([WORDS, {0: "queued", 1: "completed", "ready": "failed"}]),
    own_id=st.lists(paths, min_size=1, max_size=2).map(tuple),
    videos=st.lists(paths, max_size=3, unique=True).map(tuple),
    expires_at=st.none() | paths,
    progress=st.none() | paths,
    progress_of=st.sampled_from([1, 100]),
    cost=st.none() | paths,
    usd=st.sampled_from([1, 0.5]),
    reason=st.lists(paths, max_size=2).map(tuple),
)


def first_id(value: Any, paths: tuple[str, ...]) -> str | None:
    found = (item for path in paths for item in walk(value, steps(path)))
    ids = (str(i) if type(i) is int and i > 0 else pick_text(i) for i in found)
    return next((one for one in ids if one), None)


def followed(answers: Answers, data: Any, remote_id: str) -> Status | None:
    """Read all but the videos, path by path."""
    found = list(walk(data, steps(answers.task)))
    if answers.task.endswith("[]"):
        found = [one for one in found if first_id(one, answers.own_id) == remote_id]
    task = found[0] if found else None
    word = at(task, answers.status)
    state = answers.words.get(word) if type(word) in (str, int) else None
    if state is None:
        return None
    done, cost = at(task, answers.progress), pick_number(at(task, answers.cost))
    if answers.progress_of == 1 and not isinstance(done, str):
        number = pick_number(done)
        done = None if number is None else number * 100
    return Status(
        state=state,
        progress=pick_percent(done),
        reason=first_text(task, answers.reason),
        cost=None if cost is None else cost * answers.usd,
        remote_id=first_id(task, answers.own_id),
    )


@given(answers=declared, body=values, remote_id=st.sampled_from(["x", "y", "1"]))
def test_line_by_line_is_path_by_path(answers: Answers, body: Any, remote_id: str) -> None:
    data = json.loads(json.dumps(body))
    read = StatusReader(answers).read(Answer(200, {}, json.dumps(body).encode()), remote_id)
    expected = followed(answers, data, remote_id)
    assert (read is None) == (expected is None)
    if read is not None and expected is not None:
        fields = ("state", "progress", "reason", "cost", "remote_id")
        assert [getattr(read, f) for f in fields] == [getattr(expected, f) for f in fields]


@given(answers=declared, task=values)
def test_every_text_at_a_videos_path_is_offered_once(answers: Answers, task: Any) -> None:
    whole = Answers(
        task_id=("id",), status="status", words=WORDS, videos=answers.videos,
        expires_at=answers.expires_at,
    )  # fmt: skip
    body = {**(task if isinstance(task, dict) else {"a": task}), "status": "ready"}
    read = StatusReader(whole).read(Answer(200, {}, json.dumps(body).encode()), None)
    assert read is not None
    texts = [t for path in whole.videos for t in walk(body, steps(path)) if pick_text(t)]
    assert sorted(str(result.url) for result in read.results) == sorted(set(texts))
    numbers = [result.video for result in read.results]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, len(set(numbers)) + 1))
    if whole.expires_at and "[]" not in whole.expires_at:
        until = pick_number(pick(body, *(step or 0 for step in steps(whole.expires_at))))
        assert {result.expires_at for result in read.results} <= {until}


def test_what_one_item_offers_twice_is_one_video() -> None:
    answers = Answers(
        task_id=("id",), status="s", words=WORDS, videos=("films[].url", "url"),
        expires_at="films[].until",
    )  # fmt: skip
    films = [{"url": "one", "until": 1}, {"url": "two", "until": 2}, {"url": "two", "until": 3}]
    body = {"s": "ready", "films": films, "url": "again"}
    read = StatusReader(answers).read(Answer(200, {}, json.dumps(body).encode()), None)
    assert read is not None
    offered = [(result.url, result.video, result.expires_at) for result in read.results]
    assert offered == [("one", 1, 1), ("again", 1, 1), ("two", 2, 2)]


def test_each_video_is_valid_as_long_as_the_item_that_it_is_in() -> None:
    answers = Answers(
        task_id=("id",), status="s", words=WORDS, task="jobs[]", own_id=("id",),
        videos=("films[].cuts[].url", "films[0].poster.url"), expires_at="films[].cuts[].until",
    )  # fmt: skip
    cuts = [[{"url": "a", "until": 1}, {"url": "b", "until": 2}], [{"url": "c", "until": "soon"}]]
    films: list[Any] = [{"cuts": each} for each in cuts]
    films[0]["poster"] = {"url": "d"}
    jobs = [{"id": "y", "s": "ready"}, {"id": "x", "s": "ready", "films": films}]
    read = StatusReader(answers).read(Answer(200, {}, json.dumps({"jobs": jobs}).encode()), "x")
    assert read is not None
    offered = [(result.url, result.video, result.expires_at) for result in read.results]
    assert offered == [("a", 1, 1), ("b", 1, 2), ("d", 1, 1), ("c", 2, None)]


def test_a_name_may_be_any_text() -> None:
    answers = Answers(task_id=("id",), status="it's \"\\{x}\n", words=WORDS, reason=("'why'",))
    body = {"it's \"\\{x}\n": "broken", "'why'": "it rained"}
    read = StatusReader(answers).read(Answer(200, {}, json.dumps(body).encode()), None)
    assert read == Status(state="failed", reason="it rained")
