"""Asking for the statuses of several waiting tasks in one call, where a provider lists tasks."""

from collections.abc import Mapping
from functools import partial

import msgspec

from rushes._flow import Flow, Gather, Interrupted, NotSent, Send
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.reading import listed
from rushes._session.session import Session
from rushes.calls import Answer, Call
from rushes.errors import RushesError
from rushes.task import Task

WINDOW = 1.0
"""Seconds for which a poll that is due waits for others."""
MOST = 50
"""Tasks to ask for in one call: their ids have to fit into an address."""


def together(
    session: Session, loaded: LoadedVariant, task: Task, alone: Send, left: float
) -> Send | Gather:
    """Return a poll's call, or where other tasks are followed, too, a share in one for several.

    A list has the tasks of all its provider's variants; whoever asks first asks for all. A task is
    asked for alone if its time is over in `left` seconds, before a call for several could fail, or
    if the plugin's own `poll` asks for anything else than its status.
    """
    variant = loaded.variant
    if variant.statuses_path is None or len(session.owned) < 2 or task.remote_id is None:
        return alone
    rest = left - WINDOW - session.timeouts.poll
    about = variant.url(variant.status_path, id=task.remote_id)
    if rest < session.timeouts.poll or (alone.call.method, alone.call.url) != ("GET", about):
        return alone
    return Gather(
        key=(variant.provider, variant.base_url, variant.statuses_path),
        item=task.remote_id,
        flow=partial(_statuses, session, loaded, task),
        alone=msgspec.structs.replace(alone, patience=rest),
        seconds=WINDOW,
        most=MOST,
    )


def _statuses(
    session: Session, loaded: LoadedVariant, task: Task, ids: list[str]
) -> Flow[Mapping[str, Answer]]:
    """Ask for several tasks; return for each what would be the answer to a poll of its own.

    Nothing is returned for a task that the answer does not list, nor for any if the call fails:
    what that means is found out for each by a poll of its own. Only an answer that says to wait, or
    that the key is refused, is the same for all.
    """
    answers, path = loaded.variant.answers, loaded.variant.statuses_path
    if len({*ids}) < 2 or answers is None or path is None:
        return {}
    half = session.timeouts.poll / 2
    try:
        call = Call.get(loaded.variant.url(path, ids=[*dict.fromkeys(ids)]))
        answer: Answer = yield session.send(loaded, call, half, task=task, patience=half)
        found = listed(answers, answer, ids) if answer.status < 300 else {}
        if not found and loaded.call("parse_refusal", answer=answer).kind in ("wait", "key"):
            return dict.fromkeys(ids, answer)
    except (NotSent, Interrupted, RushesError):
        return {}
    return found
