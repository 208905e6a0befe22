"""Reading answers by the paths and words that a provider declares."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

import msgspec

from rushes._plugins.refusals import refusal_by_status
from rushes._structs.unrolled import unrolled
from rushes.answers import Answers
from rushes.calls import Answer, Call, pick, pick_number, pick_percent, pick_text
from rushes.task import Receipt, Refusal, Result, Status

EVERY = None
"""The step of a path that leads to every item of a list."""
Steps = tuple[str | int | None, ...]
Places = tuple[int, ...]
"""Which items of the lists on its way a path passed."""
_Video = tuple[Places, str, str, float | None]
"""What an answer says of a video: the items its path passed, path, text, and its `expires_at`."""
_STEP = re.compile(r"([^.\[\]]+)|\[(\d*)\]")
_PATH = re.compile(r"[^.\[\]]+(?:\[\d*\])*(?:\.[^.\[\]]+(?:\[\d*\])*)*")


@lru_cache(maxsize=1024)
def steps(path: str) -> Steps:
    """Return the steps of a path; raises ValueError if it is malformed."""
    if path and not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is not a path; write it like data.videos[].url or data[0].id")
    found = _STEP.findall(path)
    return tuple(name or (int(index) if index else EVERY) for name, index in found)


def walk(value: Any, path: Steps) -> Iterator[Any]:
    """Yield every value that a path leads to."""
    for place, step in enumerate(path):
        if step is None:
            for item in value if isinstance(value, list) else ():
                yield from walk(item, path[place + 1 :])
            return
        value = pick(value, step)
    yield value


def at(value: Any, path: str | None) -> Any:
    """Return the value that a path leads to, through the first item of each list, or None."""
    return None if path is None else pick(value, *_single(path))


def first_text(value: Any, paths: tuple[str, ...]) -> str | None:
    """Return the first text that one of the paths leads to."""
    found = (pick_text(item) for path in paths for item in walk(value, steps(path)))
    return next((text for text in found if text), None)


def _id(answers: Answers, value: Any) -> str | None:
    """Return a task's id: text, or the digits of a number where tasks are numbered."""
    if answers.numbered:
        return str(value) if type(value) is int and value > 0 else None
    return pick_text(value)


def _word(value: Any) -> str | int | None:
    """Return what may be a status word: text or a whole number."""
    return value if type(value) in (str, int) else None


def _own_id(answers: Answers, task: Any) -> str | None:
    """Return whose status it is that an answer lists."""
    values = (value for path in answers.own_id for value in walk(task, steps(path)))
    found = (_id(answers, value) for value in values)
    return next((remote_id for remote_id in found if remote_id), None)


def receipt(answers: Answers, answer: Answer) -> Receipt | None:
    """Return the receipt for the task that an answer to a submit names, or None."""
    data = answer.json()
    for path in answers.task_id:
        outer, _, name = path.rpartition(".")
        for holder in walk(data, steps(outer)):
            remote_id = _id(answers, pick(holder, name))
            if remote_id and (name != "id" or _is_a_task(answers, answer, data, holder)):
                return _receipt(answers, data, holder, remote_id)
    return None


def _receipt(answers: Answers, data: Any, holder: Any, remote_id: str) -> Receipt:
    return Receipt(
        remote_id,
        memo={name: at(data, path) for name, path in answers.keep.items()} or None,
        created_at=_seconds(answers, at(holder, answers.created_at)),
        model=pick_text(at(holder, answers.model)),
    )


def _seconds(answers: Answers, value: Any) -> float | None:
    """Return a time in seconds since 1970, or None if there is none."""
    time = pick_number(value)
    return time / 1000 if time is not None and answers.milliseconds else time


def _is_a_task(answers: Answers, answer: Answer, data: Any, holder: Any) -> bool:
    """Whether an object with an `id` is a task: in an error it may be something else's."""
    if answers.marker and at(holder, answers.marker[0]) == answers.marker[1]:
        return True
    if _word(at(holder, answers.status)) in answers.words:
        return True
    return answer.status < 300 and not pick(data, "error") and not refusal(answers, answer)


class StatusReader:
    """Reads the statuses in one provider's answers, of every poll of every task.

    Following the declared paths step by step would take longer than all the rest, so they are
    written out, line by line.
    """

    read: Callable[[Answer, str | None], Status | None]
    """Returns the status of the task with this id, or None if the answer is not understood."""

    def __init__(self, answers: Answers) -> None:
        task = steps(answers.task)
        lines = _along("data", task, lambda value, outer: _found(answers, value, outer))
        self.read = unrolled(
            "answer, remote_id",
            ("data = answer.json()", *lines),
            Status=Status,
            words=answers.words,
            id_of=partial(_id, answers),
            word_of=_word,
            number=pick_number,
            percent=partial(_percent, answers.progress_of),
            dollars=partial(_dollars, answers.usd),
            results=partial(_results, answers),
        )


def _found(answers: Answers, task: str, outer: str) -> list[str]:
    """Return lines that return what a task says, or None if its status is not understood."""

    def first_text(name: str) -> _Leaf:
        return lambda value, _: [
            f"if {name} is None and type({value}) is str and {value}.strip(): {name} = {value}"
        ]

    def assigned(name: str, read: str) -> _Leaf:
        return lambda value, _: [f"{name} = {read}({value})"]

    def video(path: str) -> _Leaf:
        return lambda value, passed: [
            f"if type({value}) is str and {value}.strip():",
            "    until = None",
            *(f"    {line}" for line in _along("task", until(passed), assigned("until", "number"))),
            f"    videos.append((({passed}), {path!r}, {value}, until))",
        ]

    def until(passed: str) -> Sequence[_Step]:
        """Return the path of a video's `expires_at`, through the same items of lists."""
        items = iter(passed.split(", ")[:-1])
        path = () if answers.expires_at is None else steps(answers.expires_at)
        return [_Item(next(items, "0")) if step is EVERY else step for step in path]

    lines = [f"task = {task}", "own_id = word = progress = cost = reason = None", "videos = []"]
    for path in answers.own_id:
        found = assigned("own_id", "own_id or id_of") if answers.numbered else first_text("own_id")
        lines += _along("task", steps(path), found)
    lines += ["if own_id != remote_id: continue"] if answers.task.endswith("[]") else []
    in_numbers = any(type(word) is int for word in answers.words)
    found = assigned("word", "word_of") if in_numbers else first_text("word")
    lines += _along("task", _single(answers.status), found)
    lines += ["if word not in words: return None"]
    if answers.progress is not None:
        lines += _along("task", _single(answers.progress), assigned("progress", "percent"))
    if answers.cost is not None:
        lines += _along("task", _single(answers.cost), assigned("cost", "dollars"))
    for path in answers.reason:
        lines += _along("task", steps(path), first_text("reason"))
    for path in (*answers.videos, *answers.keyed, *answers.inline):
        lines += _along(task, steps(path), video(path))
    return [
        *lines,
        f"found = results(({outer}), videos) if videos else ()",
        "return Status(state=words[word], progress=progress, results=found, reason=reason, "
        "cost=cost, remote_id=own_id)",
    ]


class _Item(str):
    """A step that leads to one item of a list: an expression for its index."""


_Step = str | int | None | _Item
_Leaf = Callable[[str, str], list[str]]


def _along(value: str, path: Sequence[_Step], leaf: _Leaf, passed: str = "") -> list[str]:
    """Return the lines that follow a path from a variable.

    At its end are those of `leaf`, which is given the variable that holds the value there, and the
    items of lists that the path passed.
    """
    if not path:
        return leaf(value, passed)
    step, item = path[0], f"{value}_"
    if step is EVERY:
        index = f"{item}at"
        passed += f"{index}, "
        line = f"for {index}, {item} in enumerate({value} if type({value}) is list else ()):"
    elif isinstance(step, (int, _Item)):
        line = f"for {item} in {value}[{step} : {step} + 1] if type({value}) is list else ():"
    else:
        line = f"if type({value}) is dict and ({item} := {value}.get({step!r})) is not None:"
    return [line, *(f"    {further}" for further in _along(item, path[1:], leaf, passed))]


@lru_cache(maxsize=1024)
def _single(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path that leads to one value: of a list, to its first item."""
    return tuple(0 if step is None else step for step in steps(path))


def _percent(whole: float, value: Any) -> float | None:
    if isinstance(value, str) or whole == 100:
        return pick_percent(value)
    number = pick_number(value)
    return pick_percent(None if number is None else number / whole * 100)


def _dollars(unit: float, value: Any) -> float | None:
    number = pick_number(value)
    return None if number is None else number * unit


def _results(answers: Answers, outer: Places, videos: list[_Video]) -> tuple[Result, ...]:
    """Return where the videos are, which are numbered in the order of their list.

    `outer` are the items that the path to the task passed.
    """
    if len(videos) == 1:
        return (_result(answers, outer, videos[0]),)
    results = [_result(answers, outer, video) for video in videos]
    fresh: dict[str | None, Result] = {}
    number, last = 0, None
    for item, result in sorted(zip(map(_item, videos), results, strict=True), key=itemgetter(0)):
        place = result.call.url if result.call else result.url or result.inside
        if place not in fresh:
            number += item != last
            last = item
            fresh[place] = msgspec.structs.replace(result, video=number)
        elif result.call:  # an address that is named twice takes the key
            fresh[place] = msgspec.structs.replace(result, video=fresh[place].video)
    return tuple(fresh.values())


def _result(answers: Answers, outer: Places, video: _Video) -> Result:
    passed, path, text, until = video
    if path in answers.inline:
        whole = f"{answers.task}.{path}" if answers.task else path
        return Result(inside=_exactly(whole, (*outer, *passed)))
    if path in answers.keyed:
        return Result(call=Call.get(text), expires_at=_seconds(answers, until))
    return Result(url=text, expires_at=_seconds(answers, until))


def _item(video: _Video) -> int:
    """Return which item of the first list on its path a video is."""
    passed = video[0]
    return passed[0] if passed else 0


def _exactly(path: str, passed: Places) -> str:
    """Return the path of one item: each list that a path passes gets its index."""
    indexes = iter(passed)
    return re.sub(r"\[\]", lambda _: f"[{next(indexes, 0)}]", path)


def look_up(answers: Answers, answer: Answer) -> list[Receipt] | None:
    """Return the receipts of the tasks that a look-up found, or None if it is not understood."""
    if answer.status == 404:
        return []
    if answer.status >= 300 or refusal(answers, answer):
        return None
    if not answers.task.endswith("[]"):
        found = receipt(answers, answer)
        return [found] if found else None
    data = answer.json()
    if not isinstance(at(data, answers.task.removesuffix("[]")), list):
        return None
    listed = walk(data, steps(answers.task))
    ids = ((task, _own_id(answers, task)) for task in listed)
    return [_receipt(answers, data, task, remote_id) for task, remote_id in ids if remote_id]


def listed(answers: Answers, answer: Answer, ids: Collection[str]) -> dict[str, Answer]:
    """Return, by id, for each of these tasks that is listed an answer with that task alone."""
    data, path = answer.json(), _single((answers.listed or answers.task).removesuffix("[]"))
    found: dict[str, list[Any]] = {}
    tasks = pick(data, *path)
    for task in tasks if isinstance(tasks, list) else ():
        own_id = _own_id(answers, task)
        if own_id is not None and own_id in ids:
            found.setdefault(own_id, []).append(task)
    if answers.listed:
        return {own: answer.with_json(parts[0]) for own, parts in found.items() if len(parts) == 1}
    return {own: answer.with_json(_with(data, path, parts)) for own, parts in found.items()}


def _with(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return decoded JSON with another value at a path that it has."""
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = _with(data[path[0]], path[1:], value)
    return copy


def refusal(answers: Answers, answer: Answer) -> Refusal | None:
    """Return what the code in an answer says, or None if it says nothing: the status decides."""
    codes = answers.codes
    if codes is None:
        return None
    data, success = answer.json(), answer.status < 300
    found = [code for path in codes.paths if _is_code(code := at(data, path))]
    if not found:
        return None
    if codes.means == "http":
        within = success and isinstance(found[0], int) and found[0] >= 400
        return by_status(answers, answer, int(found[0])) if within else None
    said = by_status(answers, answer, answer.status)
    if not success and said.kind == "unknown":
        return None
    code = next((code for code in found if codes.kind_of(code)), found[0])
    kind = codes.kind_of(code)
    if kind is None and success and code not in codes.success:
        kind = codes.otherwise
    return msgspec.structs.replace(said, kind=kind, code=str(code)) if kind else None


def _is_code(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def by_status(answers: Answers | None, answer: Answer, status: int) -> Refusal:
    """Return what an HTTP status means, with the message from where the provider puts it."""
    message = first_text(answer.json(), answers.error) if answers and answers.error else None
    return refusal_by_status(status, answer, message)
