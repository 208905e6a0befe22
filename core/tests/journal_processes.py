"""Processes that use a journal: `python journal_processes.py WHAT PLACE …`."""

import os
import sys
import threading
import time

from journal_tasks import after, make_task
from rushes import ClaimLost, PostgresJournal, SQLiteJournal

Ours = SQLiteJournal | PostgresJournal


def report(*words: object) -> None:
    """Write a line to standard output."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(journal: Ours) -> None:
    """Write forever; report each write once it is done."""
    for number in range(10**9):
        task = make_task(f"{os.getpid()}-{number}")
        journal.add(task, "mine")
        report(task.id, "recorded")
        journal.save(after(task, state="sending", error="x" * 3000), "mine")
        report(task.id, "sending")


def own(journal: Ours, name: str) -> None:
    """Claim a task, report the outcome, keep it until standard input ends."""
    held = journal.claim(name, f"claim of {os.getpid()}")
    report("held" if held else "kept out")
    sys.stdin.read()


def compete(journal: Ours, name: str, rounds: str) -> None:
    """Increment a task's number again and again, each time as its owner."""
    report("ready")
    sys.stdin.readline()
    for number in range(int(rounds)):
        claim = f"{os.getpid()} {number}"
        while (task := journal.claim(name, claim)) is None:
            time.sleep(0.0005)
        journal.save(after(task, progress=(task.progress or 0) + 1), claim)
        journal.release(claim)


def open_at_once(journal: Ours) -> None:
    """Open the file at the same time as other processes."""
    report("ready")
    sys.stdin.readline()
    report(journal.add(make_task("kite", created_at=float(os.getpid()))).created_at)


def listed(journal: Ours) -> None:
    """List the tasks."""
    report(*(task.id for task in journal.tasks()))


def end(journal: Ours, how: str) -> None:
    """Exit while a write is queued."""
    journal.add(make_task(), "mine")
    begun = threading.Event()

    def slow(_connection: object) -> None:
        begun.set()
        time.sleep(0.2)

    for work in (lambda: journal._store.write(slow), lambda: journal.add(make_task("dune"))):
        threading.Thread(target=work, daemon=True).start()
        begun.wait(30)
    while journal._store._writer._queue.qsize() == 0:  # type: ignore[union-attr]
        pass
    if how == "raise":
        raise SystemExit(3)


def fork(journal: Ours) -> None:
    """Fork with the file open and a claim held; both processes continue."""
    task = journal.add(make_task(), "parent")
    journal.tasks()
    child = os.fork()
    if child == 0:
        try:
            journal.save(task, "child")
        except ClaimLost:
            report("child: lost")
        dune = journal.add(make_task("dune"), "child")
        report("child:", journal.claim(task.id, "child"), dune.id)
        report("child:", [known.id for known in journal.tasks()])
        journal.close()
        os._exit(0)
    os.waitpid(child, 0)
    report("parent:", "renews" if journal._store._writer else "forgets to renew")
    journal.save(after(task, state="sending"), "parent")
    report("parent:", [known.id for known in journal.tasks()])
    report("parent:", journal.claim("dune", "parent").id)  # type: ignore[union-attr]
    journal.close()
    report("parent:", opened(sys.argv[2]).find("kite")[0].state)
    journal.close()


def opened(place: str) -> Ours:
    """Open the journal at a path or an address."""
    return PostgresJournal(place) if "://" in place else SQLiteJournal(place)


if __name__ == "__main__":
    globals()[sys.argv[1]](opened(sys.argv[2]), *sys.argv[3:])
