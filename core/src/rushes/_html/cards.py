"""A task and a report as a card, a task under way as a line.

Colours come from the notebook around them, so that they suit a light theme as well as a dark one.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from rushes._html.escaping import escaped
from rushes._html.player import player

_CARD = (
    "border:1px solid rgba(128,128,128,.5);border-radius:6px;padding:.6em .8em;max-width:50em;"
    "overflow:auto;overflow-wrap:break-word"
)
_UNKNOWN = "its price is not known"
_CELL = "text-align:left;vertical-align:top;padding:.2em 1em .2em 0"


class Job(Protocol):
    """What a line shows: a task, or a cell of a comparison."""

    @property
    def id(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def progress(self) -> float | None: ...


class Ordered(Job, Protocol):
    """What a card shows of a task."""

    @property
    def estimate(self) -> float | None: ...
    @property
    def cost(self) -> float | None: ...
    @property
    def error(self) -> str | None: ...
    @property
    def files(self) -> tuple[str, ...]: ...
    @property
    def unfinished(self) -> bool: ...


class Checked(Protocol):
    """What a card shows of a report."""

    @property
    def variant(self) -> str: ...
    @property
    def problems(self) -> Sequence[Any]: ...
    @property
    def notes(self) -> Sequence[Any]: ...
    @property
    def payload(self) -> Any: ...
    @property
    def cost(self) -> float | None: ...


def line(job: Job) -> str:
    """Return one line: the state, the variant, the reference, and how far it is."""
    return f"<div>{_words(job)}{_bar(job)}</div>"


def task_card(task: Ordered) -> str:
    """Return a task: its state, its cost, its videos, and how to go on if it is not finished."""
    parts = [line(task), _fact(_price(task))]
    if task.error:
        parts.append(f'<div dir="auto">{escaped(task.error)}</div>')
    if task.unfinished:
        parts.append(_fact(f'client.resume("{task.id}") continues it'))
    parts.extend(player(name) for name in task.files)
    return _card(parts)


def report_card(report: Checked) -> str:
    """Return a report: every problem and note as a table, or what would be sent."""
    count = len(report.problems)
    verdict = f"cannot: {count} problem{'s' * (count > 1)}" if count else "accepts this"
    parts = [f"<div><b>{escaped(report.variant)}</b> {verdict}</div>"]
    if report.problems or report.notes:
        rows = [_row(item) for item in (*report.problems, *report.notes)]
        parts.append(f'<table style="margin:.4em 0">{"".join(rows)}</table>')
    if not report.problems:
        parts.append(_fact(f"about {_usd(report.cost)}" if report.cost is not None else _UNKNOWN))
        parts.append(_payload(report.payload))
    return _card(parts)


def _words(job: Job) -> str:
    state, variant = escaped(job.state.replace("_", " ")), escaped(job.variant)
    return f"<b>{state}</b> {variant} <code>{escaped(job.id)}</code>"


def _bar(job: Job) -> str:
    """Return how far a job is; while a finished video is downloaded, how much of it is here."""
    share = getattr(job, "fetched", None) if job.state == "completed" else job.progress
    if share is None or job.state not in ("queued", "in_progress", "completed"):
        return ""
    what = "downloaded" if job.state == "completed" else "done"
    return f' <progress max="100" value="{share:.0f}"></progress> {share:.0f}&nbsp;% {what}'


def _price(task: Ordered) -> str:
    if task.state == "refused":
        return "nothing was bought"
    if task.cost is not None:
        return f"{_usd(task.cost)} billed"
    return _UNKNOWN if task.estimate is None else f"about {_usd(task.estimate)}"


def _usd(cost: float) -> str:
    return f"{cost:.4f}".rstrip("0").rstrip(".") + " USD"


def _row(item: Any) -> str:
    """Return a problem or a note as a row: the field, what is wrong, the page that says so."""
    kind = "problem" if hasattr(item, "accepted") else "note"
    message = escaped(item.message)
    if item.source is not None:
        message += f"<br>{_link(item.source.title, item.source.url)}"
    if variants := getattr(item, "variants", []):
        message += f"<br>installed variants that can: {escaped(', '.join(variants))}"
    cells = (kind, f"<code>{escaped(item.path)}</code>" if item.path else "", message)
    return f"<tr>{''.join(_cell(cell) for cell in cells)}</tr>"


def _cell(content: str) -> str:
    return f'<td dir="auto" style="{_CELL}">{content}</td>'


def _link(title: str, url: str) -> str:
    """Return a link to a page; an address of another kind could run something when clicked."""
    if not url.startswith(("https://", "http://")):
        return escaped(title)
    return f'<a href="{escaped(url)}" rel="noreferrer" target="_blank">{escaped(title)}</a>'


def _payload(payload: Any) -> str:
    sent = msgspec.json.format(msgspec.json.encode(payload), indent=2).decode()
    shown = f'<pre style="white-space:pre-wrap">{escaped(sent)}</pre>'
    return f"<details><summary>What would be sent</summary>{shown}</details>"


def _fact(text: str) -> str:
    return f'<div style="opacity:.7">{escaped(text)}</div>'


def _card(parts: Iterable[str]) -> str:
    return f'<div style="{_CARD}">{"".join(parts)}</div>'
