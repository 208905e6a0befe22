"""The rows in which several processes, accounts or files are involved in a task."""

from faults.case import Row

STEP = "several"

ANOTHER_ACCOUNT = Row(STEP, "No answer to the submit, and the key is another account's on resume")
REPEATED = Row(STEP, "A job was left unsent; the same request is made again, then a resume")
DROPPED = Row(STEP, "A job was left unsent, and is cancelled")
ASLEEP = Row(
    STEP,
    "The process is suspended between its record and the POST; meanwhile the job is given up "
    "and started anew",
)
NOT_CONNECTED = Row(
    STEP, "`task.cancel()`, three times, during name resolution", clients=("async",)
)
UNREADABLE = Row(STEP, "A record in the journal cannot be read")
UNLINKED = Row(STEP, "The journal is removed while a client uses it")
REPLACED = Row(STEP, "The journal is replaced by another while a client uses it")
ONE_OUTPUT = Row(
    STEP, "Two jobs have one output; the first is requested again, then at another path"
)
SEVERAL = (
    ANOTHER_ACCOUNT, REPEATED, DROPPED, ASLEEP, NOT_CONNECTED, UNREADABLE, UNLINKED,
    REPLACED, ONE_OUTPUT,
)  # fmt: skip

LOOP_DROPPED = Row(
    "process",
    "The event loop is abandoned during the job, and the interpreter exits",
    clients=("async",),
)
FORKED_LOOP = Row("process", "A child is forked during the job, and exits", clients=("async",))
FORKED = Row(
    "process", "The process forks with connections open; both continue, each with its own job"
)
FORKED_WITHIN = Row(
    "process", "A callback forks when the task is reported sending; both continue with the job"
)
THREADS_AT_ONCE = Row(
    "process",
    "Sixteen threads use a new client at once, and switch every 10 µs",
    clients=("sync",),
)
PROCESS = (LOOP_DROPPED, FORKED_LOOP, FORKED, FORKED_WITHIN, THREADS_AT_ONCE)
