"""What a declaration says of answers and addresses, checked when its plugin is loaded."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import get_args

import msgspec

from rushes._plugins.reading import steps
from rushes.answers import Answers, RefusalKind, RemoteState
from rushes.errors import BrokenPluginError
from rushes.variant import Variant

_PLACEHOLDER = re.compile(r"\{\+?(\w*\*?)\}")
_REPEATED = re.compile(r"[?&][^?&={}]+=\{ids\*\}")


def check_answers(variant: Variant, name: str, hooks: Collection[str]) -> None:
    """Raise BrokenPluginError for a path, a word or a placeholder that can never be right.

    An address that one of the plugin's own `hooks` uses is that hook's business.
    """
    if variant.answers is not None:
        if wrong := next(_unknown_words(variant.answers), None):
            raise BrokenPluginError(f"{name}: its answers: {wrong}")
        try:
            _check(msgspec.convert(msgspec.to_builtins(variant.answers), Answers))
        except (msgspec.ValidationError, ValueError) as error:
            raise BrokenPluginError(f"{name}: its answers: {error}") from error
    kept = ("id", *(variant.answers.keep if variant.answers else ()))
    for field, path, known in _addresses(variant, kept, hooks):
        for found in _PLACEHOLDER.findall(path):
            if found not in known:
                accepted = ", ".join(f"{{{one}}}" for one in known)
                more = "; answers.keep says what else is kept" if known is kept else ""
                raise BrokenPluginError(
                    f"{name}: {field} has {{{found}}}, which nothing fills in (accepted: "
                    f"{accepted}{more})"
                )
    _check_look_up(variant, name)
    if variant.statuses_path is not None and (wrong := _unlisted(variant, variant.statuses_path)):
        raise BrokenPluginError(f"{name}: statuses_path {wrong}")


def _unknown_words(answers: Answers) -> Iterator[str]:
    """Say which status words and codes mean something that does not exist."""
    means = answers.codes.means if answers.codes is not None else {}
    for table, meanings, known in (
        ("words", answers.words, get_args(RemoteState)),
        ("codes.means", means, get_args(RefusalKind)),
    ):
        if not isinstance(meanings, Mapping):
            continue
        for word, meaning in meanings.items():
            if type(word) not in (str, int):
                yield f"{table} has {word!r}, which is neither text nor a whole number"
            if meaning not in known:
                yield f"{table}[{word!r}] is {meaning!r} (accepted: {', '.join(known)})"


def _addresses(
    variant: Variant, kept: tuple[str, ...], hooks: Collection[str]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each declared address, by field, with what its placeholders may be."""
    if "poll" not in hooks:
        yield "status_path", variant.status_path, kept
    if variant.statuses_path is not None:
        yield "statuses_path", variant.statuses_path, ("ids", "ids*")
    if variant.cancel is not None:
        yield "cancel", variant.cancel.path, kept
    if variant.look_up_path is not None:
        yield "look_up_path", variant.look_up_path, ("client_id",)


def _unlisted(variant: Variant, path: str) -> str | None:
    """Say why tasks cannot be asked for together at a path, or None if they can."""
    answers = variant.answers
    if "{ids" not in path:
        return "has no {ids}: it would list any tasks"
    if "{ids*}" in _REPEATED.sub("", path):
        return "repeats no parameter: {ids*} is the value of one, as in ?of={ids*}"
    if answers is None or not _is_list(answers.listed or answers.task):
        return (
            "needs answers that list tasks: answers.task must be a list, like data[], or "
            "answers.listed, like items[], if each item is what a task's own answer is"
        )
    if answers.inline:
        return "cannot be used where videos are in the answers (answers.inline)"
    others = {*_PLACEHOLDER.findall(variant.status_path)} - {"id"}
    if others:
        return f"asks by ids alone, but status_path needs {{{min(others)}}}, too"
    return None


def _is_list(path: str) -> bool:
    return path.endswith("[]") and path.count("[]") == 1


def _check_look_up(variant: Variant, name: str) -> None:
    path = variant.look_up_path
    if path is None:
        return
    if "{client_id}" not in path:
        raise BrokenPluginError(
            f"{name}: look_up_path has no {{client_id}}: it would find any task"
        )
    if variant.look_up == "none" or variant.answers is None:
        raise BrokenPluginError(
            f'{name}: a look_up_path needs look_up="by_client_id", and answers that say how to '
            "read what it finds"
        )


def _check(answers: Answers) -> None:
    """Raise ValueError if a path is malformed, or one is missing."""
    if not answers.task_id:
        raise ValueError("task_id says nowhere where the task's id is")
    for path in _paths(answers):
        steps(path)
    if wrong := next((path for path in answers.task_id if path.endswith("]")), None):
        raise ValueError(f"task_id: {wrong!r} leads to an item of a list, not to a field")
    for field, path in (("task", answers.task), ("listed", answers.listed)):
        if path.endswith("[]") and not answers.own_id:
            raise ValueError(f"{field}: {path!r} lists tasks; own_id must say which one is ours")
    if answers.listed and answers.task:
        raise ValueError(
            f"listed: each item is read like a task's own answer, which has the task in "
            f"{answers.task!r}; leave one of the two out"
        )


def _paths(answers: Answers) -> Iterator[str]:
    """Yield every path."""
    yield from (answers.task, answers.listed, answers.status, *answers.task_id, *answers.own_id)
    yield from (*answers.videos, *answers.keyed, *answers.inline)
    yield from (*answers.reason, *answers.error, *answers.keep.values())
    single = (answers.created_at, answers.model, answers.expires_at, answers.progress, answers.cost)
    yield from (path for path in single if path is not None)
    if answers.marker:
        yield answers.marker[0]
    if answers.codes:
        yield from answers.codes.paths
