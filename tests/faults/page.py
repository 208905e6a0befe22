"""docs/faults.md: the measured table, one line for each row."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from faults.all_rows import STEPS, rows_of
from faults.case import Row
from faults.providers import PROVIDERS
from faults.runner import Measurement

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_HEAD = f"| what goes wrong | {' | '.join(PROVIDERS)} |\n|{'---|' * (len(PROVIDERS) + 1)}\n"
_INTRODUCTION = """\
# What goes wrong, and what comes of it

Measured, not promised. Each line below was run over real sockets against the sandbox's stand-ins
for the providers, with the synchronous and the asynchronous client or the `rushes` command. The
sandbox injects the faults and counts the bills; it shares no code with the client.

A cell says how many tasks the provider created for **one** job (more than one would be a double
bill), and how the call ended: `the video`, or an exit code, which stands for the matching error
([the codes](reference.md)). After the comma is what was tried once the fault was gone:

- *resumed: the video*: `resume` delivered it to the path that the first call was given.
- *resolved by id: the video*: the outcome was unknown; `resolve --id` with the provider's id, then
  `resume`, delivered it. Without the id, `resume` sent nothing.
- *given up*: the outcome was unknown, and no task existed; `resolve --as lost` ended it.
- *again: the video*: nothing was recorded yet; repeating the call worked.

ToAPIs and Kling can look a task up by our own id for it, ToAPIs and APIMart replay a submit by its
idempotency key; the others document neither. That is why the same fault ends in a video at one
provider and in exit 7 at another. A cell with `-` is a fault that the provider's answers cannot
have: no progress is shown, there is no such status, no file is uploaded.

After every run, however it ended, these were checked:

- no second call was made that could have created a second task, and every replay had the same key
  and the same bytes;
- the output file was the complete film, or the untouched older file, with no partial file beside
  it;
- the key was in no error, traceback with locals, pickle, log at any level, or file; it went to the
  provider's own origin, and no download or redirect carried it;
- the run ended by itself.

Run it again: `nox -s faults` prints the long table, `nox -s faults -- --write` writes this page.
`pytest tests/faults` runs each line once, and a sample of the rest. You can inject most faults
yourself: `rushes sandbox --list-faults`. The client's pauses are skipped: its clock is moved
forward instead. Deadlines of single calls are real, and short.
"""
_END = """\
## Not here, and why

- **SIGKILL** at the submit, during a download and at random moments: that needs real
  processes and a journal that outlives them; see `tests/crash`.
- **What takes minutes, or a thousand processes**: 5,000 tasks over ten connections whose answers
  take 200 ms (`nox -s crowd`), 1,000 processes whose threads share a new client
  (`RUSHES_CROWDS=1000 pytest core/tests/surface/test_threads.py`), real processes that are
  suspended past their lease (`tests/crash`).
- **Local images** that go into the request itself, or are refused before anything is sent: those
  cells in the table of images are empty.
- **Google**: its models have ended, so every request is refused before anything is sent. Every
  fault was tried with a client whose clock shows the day before: at most one bill, no key in an
  error or in the journal, and what was paid was delivered, ended, or reported as unknown.
- **Unknown host names** are refused by the test's own resolver: no test queries real DNS.
- **Private and metadata addresses** are refused when a provider on the internet links to them. For
  these rows the sandbox has TLS and host names, and its own address counts as a public one. A
  provider on this machine may link to private addresses on purpose, but only over HTTP.
- **A full disk** was a file system of a few kilobytes in memory, grown before the `resume`. Where
  none can be mounted, the size of files is limited instead, and a disk that is full before the
  submit is not tested.
- **Memory** is the peak of a separate process beyond its use after a video without a fault.
- **Exit code 1**, a bug in rushes, cannot be injected.
"""


def write(measurements: Iterable[Measurement]) -> Path:
    """Write the page."""
    PAGE.write_text(text(measurements), encoding="utf-8")
    return PAGE


def text(measurements: Iterable[Measurement]) -> str:
    """Format the page."""
    found: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for each in measurements:
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
    """Return what all clients measured, or what each measured if they differ."""
    if len(set(by_client.values())) <= 1:
        return next(iter(by_client.values()), "-")
    return "; ".join(f"{client}: {outcome}" for client, outcome in sorted(by_client.items()))


def listed() -> dict[str, list[str]]:
    """Return the first column of each part of the existing page."""
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    found = {}
    for part in parts:
        title, *lines = part.splitlines()
        cells = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("|")]
        found[title] = cells[2:]
    return {title: cells for title, cells in found.items() if cells}
