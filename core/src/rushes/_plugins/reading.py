"""Reading answers by the paths and words that a provider declares."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from rushes._plugins.refusals import refusal_by_status
from rushes.answers import Answers
from rushes.calls import Answer, pick, pick_number, pick_percent, pick_text
from rushes.task import Receipt, Refusal, Result, Status

EVERY = None
"""The step of a path that leads to every item of a list."""
Steps = tuple[str | int | None, ...]
Places = tuple[int, ...]
"""Which items of the lists on its way a path passed."""
_STEP = re.compile(r"([^.\[\]]+)|\[(\d*)\]")
_PATH = re.compile(r"[^.\[\]]+(?:\[\d*\])*(?:\.[^.\[\]]+(?:\[\d*\])*)*")


@lru_cache(maxsize=1024)
def steps(path: str) -> Steps:
    """Return the steps of a path; raises ValueError if it is malformed."""
    if path and not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is not a path; write it like data.videos[].url or data[0].id")
    found = _STEP.findall(path)
    return tuple(name or (int(index) if index else EVERY) for name, index in found)


def walk(value: Any, path: Steps, passed: Places = ()) -> Iterator[tuple[Places, Any]]:
    """Yield every value that a path leads to, with the items that it passed."""
    for place, step in enumerate(path):
        if step is None:
            for index, item in enumerate(value if isinstance(value, list) else ()):
                yield from walk(item, path[place + 1 :], (*passed, index))
            return
        value = pick(value, step)
    yield passed, value


def at(value: Any, path: str | None, passed: Places = ()) -> Any:
    """Return the value that a path leads to through the same items as another path, or None."""
    if path is None:
        return None
    items = iter(passed)
    return pick(value, *(next(items, 0) if step is None else step for step in steps(path)))


def first_text(value: Any, paths: tuple[str, ...]) -> str | None:
    """Return the first text that one of the paths leads to."""
    found = (pick_text(item) for path in paths for _, item in walk(value, steps(path)))
    return next((text for text in found if text), None)


def receipt(answers: Answers, answer: Answer) -> Receipt | None:
    """Return the receipt for the task that an answer to a submit names, or None."""
    data = answer.json()
    for path in answers.task_id:
        *outer, name = steps(path)
        for _, holder in walk(data, tuple(outer)):
            remote_id = pick_text(at(holder, str(name)))
            if remote_id and (name != "id" or _is_a_task(answers, answer, data, holder)):
                return _receipt(answers, data, holder, remote_id)
    return None


def _receipt(answers: Answers, data: Any, holder: Any, remote_id: str) -> Receipt:
    return Receipt(
        remote_id,
        memo={name: at(data, path) for name, path in answers.keep.items()} or None,
        created_at=pick_number(at(holder, answers.created_at)),
        model=pick_text(at(holder, answers.model)),
    )


def _is_a_task(answers: Answers, answer: Answer, data: Any, holder: Any) -> bool:
    """Whether an object with an `id` is a task: in an error it may be something else's."""
    if answers.marker and at(holder, answers.marker[0]) == answers.marker[1]:
        return True
    if pick_text(at(holder, answers.status)) in {*answers.words}:
        return True
    return answer.status < 300 and not pick(data, "error") and not refusal(answers, answer)


def status(answers: Answers, answer: Answer, remote_id: str | None) -> Status | None:
    """Return the status of our task, or None if the answer is not understood."""
    found = list(walk(answer.json(), steps(answers.task)))
    if answers.task.endswith("[]"):
        found = [one for one in found if first_text(one[1], answers.own_id) == remote_id]
    outer, task = found[0] if found else ((), None)
    state = answers.words.get(pick_text(at(task, answers.status)) or "")
    if state is None:
        return None
    cost = pick_number(at(task, answers.cost))
    return Status(
        state=state,
        progress=_percent(at(task, answers.progress), answers.progress_of),
        results=tuple(_results(answers, task, outer)),
        reason=first_text(task, answers.reason),
        cost=None if cost is None else cost * answers.usd,
        remote_id=first_text(task, answers.own_id),
    )


def _percent(value: Any, whole: float) -> float | None:
    if isinstance(value, str) or whole == 100:
        return pick_percent(value)
    number = pick_number(value)
    return pick_percent(None if number is None else number / whole * 100)


def _results(answers: Answers, task: Any, outer: Places) -> Iterator[Result]:
    """Yield where the videos are, which are numbered in the order of their list.

    `outer` are the items that the path to the task passed.
    """
    found: dict[int, list[Result]] = {}
    for path in (*answers.videos, *answers.inline):
        for passed, value in walk(task, steps(path)):
            if text := pick_text(value):
                result = Result(
                    url=text, expires_at=pick_number(at(task, answers.expires_at, passed))
                )
                if path in answers.inline:
                    whole = f"{answers.task}.{path}" if answers.task else path
                    result = Result(inside=_exactly(whole, (*outer, *passed)))
                found.setdefault(passed[0] if passed else 0, []).append(result)
    seen, number = set[str | None](), 0
    for _, results in sorted(found.items()):
        new = {place: result for result in results if (place := result.url or result.inside)}
        fresh = [place for place in new if place not in seen]
        number += bool(fresh)
        seen |= new.keys()
        for place in fresh:
            yield msgspec.structs.replace(new[place], video=number)


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
    listed = [task for _, task in walk(data, steps(answers.task))]
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
