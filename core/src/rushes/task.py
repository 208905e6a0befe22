"""A task: the remote unit of work, and our record of it."""

from typing import Annotated, Any, Literal

import msgspec

from rushes._structs.type_info import ready
from rushes.calls import Call

__all__ = ["Receipt", "Refusal", "Result", "State", "Status", "Task", "Tried", "VideoFile"]

State = Literal[
    # Ours. recorded: provably never sent; sending: under way; unknown: it is unknown whether the
    # submit was accepted; lost: the caller gave it up.
    "recorded", "sending", "refused", "unknown", "lost",
    # The provider's.
    "queued", "in_progress", "completed", "failed", "cancelled", "expired",
]  # fmt: skip

_ENDED: frozenset[State] = frozenset(
    ("refused", "lost", "completed", "failed", "cancelled", "expired")
)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Where a video is offered: an address, or a call if it needs the key.

    A task may make several videos: `video` says which of them this is, counted from 1. Results with
    the same number are alternatives; the first that leads to a whole video is used. `expires_at` is
    in seconds since 1970, if the provider reports it.

    `inside`: what comes from there is not the video but JSON, which has the video as base64 text at
    this path, like `response.videos[0].data`. Without an address and a call, that JSON is the
    answer to the poll itself, whose last call is then made again.
    """

    url: str | None = None
    call: Call | None = None
    expires_at: float | None = None
    video: Annotated[int, msgspec.Meta(ge=1)] = 1
    inside: str | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer said about a task.

    `progress` runs from 0 to 100; `cost` is in USD, as billed; `reason` is in the provider's own
    words; `remote_id` is the task's id, if the answer contains it.
    """

    state: Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
    progress: float | None = None
    results: tuple[Result, ...] = ()
    reason: str | None = None
    cost: float | None = None
    remote_id: str | None = None


class Receipt(msgspec.Struct, frozen=True, gc=False):  # see Task
    """What a submit's answer contained: the remote id, and any JSON that polls will need.

    `created_at` is when the provider says that it created the task, in seconds since 1970, `model`
    the name of the model that it says makes it: a task that is older than the job, or made by
    another variant's model, belongs to another job with the same client id. `status` is what the
    same answer says of the task, if it says so; it is not kept.
    """

    remote_id: Annotated[str, msgspec.Meta(pattern=r"\S")]
    memo: Any = None
    created_at: float | None = None
    model: str | None = None
    status: Status | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What an error answer means.

    `wait`: not accepted now, retry after `retry_after` seconds. `unknown`: the answer does not say
    whether the task was created.
    """

    kind: Literal["refused", "wait", "key", "balance", "content", "unknown"]
    message: str
    code: str | None = None
    retry_after: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None


class VideoFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file of one of a task's videos: the number of the video, its size and digest.

    Size and digest are recorded before the file gets its name; until then `path` is None, or the
    path of an earlier copy.
    """

    video: int
    path: str | None
    bytes: int | None
    sha256: str | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that was tried, or ruled out, before the one that a task is at.

    `task` is the reference of its task; None if the request never got that far, because the variant
    does not accept it or a file could not be uploaded. `state` is how that ended, `error` says why.
    """

    variant: str
    task: str | None
    state: State
    error: str | None


# Thousands of records are alive while their tasks wait. None can be in a cycle, so that the garbage
# collector need not know of them (`gc=False`): it would look at each, and they would be larger.
class Task(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Our record of one paid job: a value that another process can resume from.

    `id` is our reference and, if the provider takes one, the idempotency key. `call` is exactly
    what was sent, `base_url` where to. `sent_at` is when the call was last sent, or about to be;
    `key_fingerprint` identifies the key it was sent with, without revealing it. `looked_at` is when
    the provider was last polled, `look_after` when its advice allows the next poll; both are
    recorded along with other changes. `took` is about how many seconds the task took, as polls
    show, and `workload` is what that depends on: input mode, length, resolution. Times are in
    seconds since 1970, costs in USD. `progress` is the provider's, in percent; `fetched` is
    that of a running download and never recorded. `overwrite` says whether another file at `output`
    may be replaced. `file` is the path of the downloaded video, the first if there are several; its
    size and digest show whether it is still there, and are recorded before the file gets its name.
    `more_files` has those of the others. `webhook` says that the provider was asked to call the
    client's `webhook_url` when the task changes. `tried` has the variants that came before it, if
    several were given in order; `plan` is then a digest of that list and the request.
    """

    id: str
    variant: str
    base_url: str
    client_id: str
    fingerprint: str = ""
    call: Call | None
    state: State = "recorded"
    created_at: float
    updated_at: float
    sent_at: float | None = None
    key_fingerprint: str | None = None
    output: str | None = None
    overwrite: bool = False
    receipt: Receipt | None = None
    progress: float | None = None
    looked_at: float | None = None
    look_after: float | None = None
    workload: str = ""
    took: float | None = None
    results: tuple[Result, ...] = ()
    webhook: bool = False
    estimate: float | None = None
    cost: float | None = None
    error: str | None = None
    file: str | None = None
    file_bytes: int | None = None
    file_sha256: str | None = None
    more_files: tuple[VideoFile, ...] = ()
    fetched: float | None = None
    plan: str = ""
    tried: tuple[Tried, ...] = ()

    @property
    def provider(self) -> str:
        """Whose endpoint and key are used."""
        return self.variant.partition("/")[0]

    @property
    def remote_id(self) -> str | None:
        """The provider's own id of the task, once it is known."""
        return self.receipt.remote_id if self.receipt else None

    @property
    def ended(self) -> bool:
        """Whether the provider will not do anything more with it."""
        return self.state in _ENDED

    @property
    def videos(self) -> tuple[int, ...]:
        """The numbers of the videos that the provider offers, usually just 1."""
        return tuple(sorted({result.video for result in self.results}))

    def file_of(self, video: int) -> VideoFile | None:
        """Return what is known of the file of one of its videos, or None if nothing is."""
        if video == 1:
            return VideoFile(
                video=1, path=self.file, bytes=self.file_bytes, sha256=self.file_sha256
            )
        return next((file for file in self.more_files if file.video == video), None)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all downloaded videos, in order."""
        paths = (self.file, *(file.path for file in self.more_files))
        return tuple(path for path in paths if path is not None)

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers of the videos that the provider offers and that are not downloaded yet."""
        files = (self.file_of(video) for video in self.videos)
        there = {file.video for file in files if file and file.path is not None}
        return tuple(video for video in self.videos if video not in there)

    @property
    def unfinished(self) -> bool:
        """Whether `resume` has something left to do: follow it, or fetch a video of it."""
        if self.state == "completed":
            return self.file is None or bool(self.missing)
        return not self.ended

    def _repr_html_(self) -> str:
        from rushes._html.cards import task_card  # only a notebook needs it

        return task_card(self)


ready(Receipt, Status, Refusal, Task)
