"""Reading answers by the paths and words that a provider declares."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec

from rushes._plugins.refusals import refusal_by_status
from rushes._structs.unrolled import unrolled
from rushes.answers import Answers
from rushes.calls import Answer, pick, pick_number, pick_percent, pick_text
from rushes.task import Receipt, Refusal, Result, Status

EVERY = None
"""The step of a path that leads to every item of a list."""
Steps = tuple[str | int | None, ...]
Places = tuple[int, ...]
"""Which items of the lists on its way a path passed."""
_Video = tuple[Places, str, str]
"""What an answer says of a video: the items that its path passed, the path, and the text."""
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


def at(value: Any, path: str | None, passed: Places = ()) -> Any:
    """Return the value that a path leads to through the same items as another path, or None."""
    if path is None:
        return None
    items = iter(passed)
    return pick(value, *[next(items, 0) if step is None else step for step in steps(path)])


def first_text(value: Any, paths: tuple[str, ...]) -> str | None:
    """Return the first text that one of the paths leads to."""
    found = (pick_text(item) for path in paths for item in walk(value, steps(path)))
    return next((text for text in found if text), None)


def receipt(answers: Answers, answer: Answer) -> Receipt | None:
    """Return the receipt for the task that an answer to a submit names, or None."""
    data = answer.json()
    for path in answers.task_id:
        outer, _, name = path.rpartition(".")
        for holder in walk(data, steps(outer)):
            remote_id = pick_text(holder, name)
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
    if pick_text(at(holder, answers.status)) in {*answers.words}:
        return True
    return answer.status < 300 and not pick(data, "error") and not refusal(answers, answer)


class StatusReader:
    """Reads the statuses in one provider's answers, of every poll of every task.

    Following the declared paths step by step would take longer than all the rest, so they are
    written out, line by line.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        lines = _along(
            "data", steps(answers.task), lambda task, outer: _found(answers, task, outer)
        )
        self._find = unrolled("data, remote_id", lines)

    def read(self, answer: Answer, remote_id: str | None) -> Status | None:
        """Return the status of our task, or None if the answer is not understood."""
        answers, found = self._answers, self._find(answer.json(), remote_id)
        if found is None:
            return None
        task, outer, own_id, word, progress, cost, reason, videos = found
        state = answers.words.get(word or "")
        if state is None:
            return None
        usd = None if cost is None else pick_number(cost)
        return Status(
            state=state,
            progress=None if progress is None else _percent(progress, answers.progress_of),
            results=tuple(_results(answers, task, outer, videos)) if videos else (),
            reason=reason,
            cost=None if usd is None else usd * answers.usd,
            remote_id=own_id,
        )


def _found(answers: Answers, task: str, outer: str) -> list[str]:
    """Return lines that return what a task says: itself, where it is, and the values in it."""

    def first_text(name: str) -> _Leaf:
        return lambda value, _: [
            f"if {name} is None and type({value}) is str and {value}.strip(): {name} = {value}"
        ]

    def assigned(name: str) -> _Leaf:
        return lambda value, _: [f"{name} = {value}"]

    def video(path: str) -> _Leaf:
        return lambda value, passed: [
            f"if type({value}) is str and {value}.strip():",
            f"    videos.append((({passed}), {path!r}, {value}))",
        ]

    lines = ["own_id = word = progress = cost = reason = None", "videos = []"]
    for path in answers.own_id:
        lines += _along(task, steps(path), first_text("own_id"))
    lines += ["if own_id != remote_id: continue"] if answers.task.endswith("[]") else []
    lines += _along(task, _single(answers.status), first_text("word"))
    for name, single in (("progress", answers.progress), ("cost", answers.cost)):
        if single is not None:
            lines += _along(task, _single(single), assigned(name))
    for path in answers.reason:
        lines += _along(task, steps(path), first_text("reason"))
    for path in (*answers.videos, *answers.inline):
        lines += _along(task, steps(path), video(path))
    return [*lines, f"return {task}, ({outer}), own_id, word, progress, cost, reason, videos"]


_Leaf = Callable[[str, str], list[str]]


def _along(value: str, path: Steps, leaf: _Leaf, passed: str = "") -> list[str]:
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
    elif isinstance(step, str):
        line = f"if type({value}) is dict and ({item} := {value}.get({step!r})) is not None:"
    else:
        line = f"for {item} in {value}[{step}:{step + 1}] if type({value}) is list else ():"
    return [line, *(f"    {further}" for further in _along(item, path[1:], leaf, passed))]


def _single(path: str) -> Steps:
    """Return the steps of a path that leads to one value: of a list, to its first item."""
    return tuple(0 if step is EVERY else step for step in steps(path))


def _percent(value: Any, whole: float) -> float | None:
    if isinstance(value, str) or whole == 100:
        return pick_percent(value)
    number = pick_number(value)
    return pick_percent(None if number is None else number / whole * 100)


def _results(answers: Answers, task: Any, outer: Places, videos: list[_Video]) -> list[Result]:
    """Return where the videos are, which are numbered in the order of their list.

    `outer` are the items that the path to the task passed.
    """
    results = [_result(answers, task, outer, video) for video in videos]
    if len(results) == 1:
        return results
    fresh: dict[str | None, Result] = {}
    number, last = 0, None
    for item, result in sorted(zip(map(_item, videos), results, strict=True), key=itemgetter(0)):
        place = result.url or result.inside
        if place not in fresh:
            number += item != last
            last = item
            fresh[place] = msgspec.structs.replace(result, video=number)
    return list(fresh.values())


def _result(answers: Answers, task: Any, outer: Places, video: _Video) -> Result:
    passed, path, text = video
    if path in answers.inline:
        whole = f"{answers.task}.{path}" if answers.task else path
        return Result(inside=_exactly(whole, (*outer, *passed)))
    return Result(url=text, expires_at=_seconds(answers, at(task, answers.expires_at, passed)))


def _item(video: _Video) -> int:
    """Return which item of the first list on its path a video is."""
    passed, _, _ = video
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
    ids = ((task, first_text(task, answers.own_id)) for task in listed)
    return [_receipt(answers, data, task, remote_id) for task, remote_id in ids if remote_id]


def refusal(answers: Answers, answer: Answer) -> Refusal | None:
    """Return what the code in an answer says, or None if it says nothing: the status decides."""
    codes = answers.codes
    code = at(answer.json(), codes.path) if codes else None
    if codes is None or isinstance(code, bool) or not isinstance(code, (int, str)):
        return None
    success = answer.status < 300
    if codes.means == "http":
        within = success and isinstance(code, int) and code >= 400
        return by_status(answers, answer, int(code)) if within else None
    found = by_status(answers, answer, answer.status)
    if not success and found.kind == "unknown":
        return None
    kind = codes.means.get(code)
    if kind is None and success and code not in codes.success:
        kind = codes.otherwise
    return msgspec.structs.replace(found, kind=kind, code=str(code)) if kind else None


def by_status(answers: Answers | None, answer: Answer, status: int) -> Refusal:
    """Return what an HTTP status means, with the message from where the provider puts it."""
    message = first_text(answer.json(), answers.error) if answers and answers.error else None
    return refusal_by_status(status, answer, message)
