"""What the processes of the tests do to a journal: `python journal_processes.py WHAT PATH …`."""

import os
import sys
import threading
import time

from journal_tasks import after, make_task
from rushes import ClaimLost, SQLiteJournal


def tell(*words: object) -> None:
    """Say on standard output what has happened."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(journal: SQLiteJournal) -> None:
    """Write without end; tell what was written, once it was."""
    for number in range(10**9):
        task = make_task(f"{os.getpid()}-{number}")
        journal.add(task, "mine")
        tell(task.id, "recorded")
        journal.save(after(task, state="sending", error="x" * 3000), "mine")
        tell(task.id, "sending")


def own(journal: SQLiteJournal, name: str) -> None:
    """Claim a task, tell whether that went, keep it until standard input ends."""
    held = journal.claim(name, f"claim of {os.getpid()}")
    tell("held" if held else "kept out")
    sys.stdin.read()


def fight(journal: SQLiteJournal, name: str, rounds: str) -> None:
    """Add one to a number that a task carries, again and again, as its owner."""
    tell("ready")
    sys.stdin.readline()
    for number in range(int(rounds)):
        claim = f"{os.getpid()} {number}"
        while (task := journal.claim(name, claim)) is None:
            time.sleep(0.0005)
        journal.save(after(task, progress=(task.progress or 0) + 1), claim)
        journal.release(claim)


def open_at_once(journal: SQLiteJournal) -> None:
    """Open the file, at the same time as others do."""
    tell("ready")
    sys.stdin.readline()
    tell(journal.add(make_task("kite", created_at=float(os.getpid()))).created_at)


def end(journal: SQLiteJournal, how: str) -> None:
    """End the program while a write waits to be done."""
    journal.add(make_task(), "mine")
    begun = threading.Event()

    def slow(_connection: object) -> None:
        begun.set()
        time.sleep(0.2)

    for work in (lambda: journal._store.write(slow), lambda: journal.add(make_task("dune"))):
        threading.Thread(target=work, daemon=True).start()
        begun.wait(30)
    while journal._store._writer._handed.qsize() == 0:  # type: ignore[union-attr]
        pass
    if how == "raise":
        raise SystemExit(3)


def fork(journal: SQLiteJournal) -> None:
    """Fork while the file is open, the claim held; both sides go on."""
    task = journal.add(make_task(), "parent")
    journal.tasks()
    child = os.fork()
    if child == 0:
        try:
            journal.save(task, "child")
        except ClaimLost:
            tell("child: lost")
        tell("child:", journal.claim(task.id, "child"), journal.add(make_task("dune"), "child").id)
        tell("child:", [known.id for known in journal.tasks()])
        journal.close()
        os._exit(0)
    os.waitpid(child, 0)
    tell("parent:", "renews" if journal._store._writer else "forgets to renew")
    journal.save(after(task, state="sending"), "parent")
    tell("parent:", [known.id for known in journal.tasks()])
    tell("parent:", journal.claim("dune", "parent").id)  # type: ignore[union-attr]
    journal.close()
    tell("parent:", SQLiteJournal(journal.path).find("kite")[0].state)


if __name__ == "__main__":
    globals()[sys.argv[1]](SQLiteJournal(sys.argv[2]), *sys.argv[3:])
