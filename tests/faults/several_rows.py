"""The rows in which more than one process, account or file has to do with a task."""

from faults.case import Row

STEP = "several"

ANOTHER_ACCOUNT = Row(
    STEP, "Nobody answers the submit, and the key is another account's when it is taken up"
)
REPEATED = Row(STEP, "A job was kept as never sent; the same request comes again, then a resume")
DROPPED = Row(STEP, "A job was kept as never sent, and is cancelled")
ASLEEP = Row(
    STEP,
    "The process is suspended between its record and the POST; the job is given up and ordered "
    "anew meanwhile",
)
NOT_CONNECTED = Row(
    STEP, "`task.cancel()`, three times, while a name is resolved", clients=("async",)
)
UNREADABLE = Row(STEP, "A record in the journal cannot be read")
UNLINKED = Row(STEP, "The journal is removed while a client uses it")
REPLACED = Row(STEP, "The journal is replaced by another while a client uses it")
ONE_OUTPUT = Row(STEP, "Two jobs have one output; the first is asked for again, then elsewhere")
SEVERAL = (
    ANOTHER_ACCOUNT, REPEATED, DROPPED, ASLEEP, NOT_CONNECTED, UNREADABLE, UNLINKED,
    REPLACED, ONE_OUTPUT,
)  # fmt: skip

LOOP_DROPPED = Row(
    "process",
    "The event loop is dropped with the job under way, and the interpreter ends",
    clients=("async",),
)
FORKED_LOOP = Row(
    "process", "A child is forked with the job under way, and ends", clients=("async",)
)
FORKED = Row("process", "The process forks with connections open; both go on, each with a job")
FORKED_WITHIN = Row(
    "process", "A callback forks as the task is told to be sending; both go on with the job"
)
THREADS_AT_ONCE = Row(
    "process",
    "Sixteen threads use a fresh client at once, and switch every 10 µs",
    clients=("sync",),
)
PROCESS = (LOOP_DROPPED, FORKED_LOOP, FORKED, FORKED_WITHIN, THREADS_AT_ONCE)
