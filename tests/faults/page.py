"""docs/faults.md: the table as it was measured, one line for each row."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from faults.all_rows import STEPS, rows_of
from faults.case import PROVIDERS, Row
from faults.playing import Measured

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_HEAD = f"| what goes wrong | {' | '.join(PROVIDERS)} |\n|{'---|' * (len(PROVIDERS) + 1)}\n"
_INTRODUCTION = """\
# What goes wrong, and what comes of it

Measured, not promised. Each line below was played over real sockets against the sandbox, at three
gateways, by the synchronous and the asynchronous client or by the `rushes` command. The sandbox
makes the faults and counts the bills; it shares no code with the client.

A cell says how many tasks the provider created for **one** job (more than one would be a double
bill), and how the call ended: `the video`, or an exit code, which stands for the error of the same
meaning ([the codes](reference.md)). What follows the comma was tried once the fault was gone:

- *resumed: the video*: `resume` brought it to the place that the first call was given.
- *told the id: the video*: nobody can know; `resolve --id` with the provider's own id, then
  `resume`, brought it. Without the id `resume` sent nothing.
- *given up*: nobody can know, and nothing was there; `resolve --as lost` ended it.
- *again: the video*: nothing was recorded yet; the same call worked.

ToAPIs can be asked for a task by our own name for it, APIMart replays a submit by its key; UniAll
documents neither. That is why the same fault ends in a video at the one and in exit 7 at the other.

After every turn, whatever its end, it was made sure that

- no second call was made that could have created a second task, and every replay had the same key
  and the same bytes;
- the film at its place was whole to the last byte, or an older file there untouched, and nothing
  partial lay beside it;
- the key was in no error, traceback with locals, pickle, log at any level, nor file; it went to the
  provider's own origin, and no download or redirect had it;
- it ended by itself.

Run it again: `nox -s faults` prints the long table, `nox -s faults -- --write` writes this page.
`pytest tests/faults` plays each line once, and a sample of the rest. Most faults can be had by
hand, too: `rushes sandbox --list-faults`. Pauses of the client are noted, not slept; its clock goes
on by them. Deadlines of single calls are real, and short.
"""
_END = """\
## Not here, and why

- **SIGKILL**, at the submit, in the middle of a download, and at random moments: that needs real
  processes and a journal that outlives them. `tests/crash` plays it.
- **What takes minutes, or a thousand processes**: 5,000 tasks over ten connections whose answers
  take 200 ms (`nox -s crowd`), 1,000 processes whose threads share a fresh client
  (`RUSHES_CROWDS=1000 pytest core/tests/surface/test_threads.py`), real processes that are
  suspended past their lease (`tests/crash`).
- **UniAll and local images**: it has no address to upload to, so one is refused before anything is
  sent. Its lines among the images are empty.
- **Names no DNS knows** are refused by a resolver of the test's own: no test asks a real one.
- **Private and metadata addresses** are refused to a provider on the internet. For that the sandbox
  stood behind TLS, under names, and its own address passed for a public one. At a provider on this
  machine private addresses are allowed on purpose; other schemes than http are not.
- **A full disk** was a file system of a few kilobytes in memory, grown before the `resume`. Where
  none can be mounted, the size of files is limited instead, and a disk that is full before the
  submit is not played.
- **Memory** is the peak of a process of its own beyond what it held after a video without fault.
- **Exit code 1**, a bug of ours, cannot be ordered.
"""


def write(measured: Iterable[Measured]) -> Path:
    """Write the page."""
    PAGE.write_text(text(measured), encoding="utf-8")
    return PAGE


def text(measured: Iterable[Measured]) -> str:
    """Lay the page out."""
    found: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for each in measured:
        where = (each.step, each.name, each.provider)
        found[where][each.client] = f"{each.bills} · {each.outcome}"
    parts = [_INTRODUCTION]
    for step, title in STEPS.items():
        lines = [_line(row, [_cell(found[step, row.name, name]) for name in PROVIDERS])
                 for row in rows_of(step)]  # fmt: skip
        parts.append(f"## {title}\n\n{_HEAD}{''.join(lines)}")
    return "\n".join([*parts, _END])


def _line(row: Row, cells: list[str]) -> str:
    return f"| {row.name} | {' | '.join(cells)} |\n"


def _cell(by_client: dict[str, str]) -> str:
    """Say what all clients measured; where they differ, which one measured what."""
    if len(set(by_client.values())) <= 1:
        return next(iter(by_client.values()), "-")
    return "; ".join(f"{client}: {outcome}" for client, outcome in sorted(by_client.items()))


def listed() -> dict[str, list[str]]:
    """Return the first column of each part of the page that is there now."""
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    found = {}
    for part in parts:
        title, *lines = part.splitlines()
        cells = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("|")]
        found[title] = cells[2:]
    return {title: cells for title, cells in found.items() if cells}
