"""The hooks: the whole contract between the core and a plugin.

A plugin is pure: it maps, validates, describes calls and reads answers. It opens no socket or file
and reads no clock; what it needs from them is passed as an argument. Only `approve`, a hook for
wrappers, may do I/O. Each variant is called on its own, with the installed wrappers around it,
never in a broadcast.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pluggy

from rushes.calls import Answer, Call, LocalFile, Steps, Token
from rushes.draft import Draft
from rushes.problems import Note, Problem
from rushes.request import Request
from rushes.task import Receipt, Refusal, Status, Task
from rushes.variant import Variant
from rushes.webhooks import Delivery, Event

__all__ = [
    "approve", "authorize", "build_payload", "cancel", "hookimpl", "look_up", "parse_refusal",
    "parse_status", "parse_submit", "parse_webhook", "poll", "submit", "token", "upload",
    "validate", "variant",
]  # fmt: skip

_hookspec = pluggy.HookspecMarker("rushes")
hookimpl = pluggy.HookimplMarker("rushes")


@_hookspec(firstresult=True)
def variant() -> Variant:  # type: ignore[empty-body]
    """Declare the variant, if the entry point is not the declaration itself but has this hook.

    Called once, when it is loaded.
    """


@_hookspec(firstresult=True)
def build_payload(variant: Variant, request: Request) -> Draft:  # type: ignore[empty-body]
    """Draft the wire body. Called on every check; by default `Draft(variant, request)` as it is.

    A malformed value is replaced by a mark that can be passed along but not inspected: if a hook
    raises because of it, the hook is called again with the whole field marked.
    """


@_hookspec
def validate(  # type: ignore[empty-body]
    variant: Variant, payload: msgspec.Struct
) -> Iterable[Problem | Note]:
    """Check what no declared rule can. Called only if every field and every rule is satisfied."""


@_hookspec(firstresult=True)
def submit(  # type: ignore[empty-body]
    variant: Variant, payload: msgspec.Struct, client_id: str
) -> Call:
    """Describe the one call that creates the task. Called once per job, before anything is sent.

    By default a POST of the payload to `submit_path`, with the client id in the declared field or
    header.
    """


@_hookspec
def approve(  # type: ignore[empty-body]
    variant: Variant, task: Task, now: float
) -> Iterable[Problem]:
    """Say what keeps a recorded job from being sent; for wrappers, which limit spending, say.

    Called right before each attempt to make the creating call, when the job and its uploads are
    complete, and before it is recorded as `sending`. `task.estimate` is what it may cost, in USD,
    `task.call` what would be sent; `now` is in seconds since 1970. Every wrapper is asked; with any
    problem the job ends `refused`, and nothing is bought. An empty list or None lets it pass;
    anything else, `False` too, is an error of the wrapper. Observers are then told what became of
    it: `recorded` and `refused` mean that nothing was bought, `task.cost` is what was billed.

    A job that is attempted again is asked for again: the same task counts once. A look-up or a
    replay of a call that was already made is not asked for.

    The only hook that may do I/O: it is not called on an event loop, but in any thread, several at
    a time. Whatever it raises keeps the job from being sent; it stays `recorded`.
    """


@_hookspec(firstresult=True)
def parse_submit(variant: Variant, answer: Answer, task: Task) -> Receipt | Refusal | None:
    """Read the answer to the creating call, or to its replay, whatever its HTTP status.

    Return a receipt if the answer names the task, a refusal if it explicitly says that none was
    created, None if it says neither: then the HTTP status decides, by `parse_refusal`. If the
    provider has no idempotency key, a refusal that may name a task is treated as unknown.
    `task` is our record of the job, with the call that was sent; so for the hooks below.
    By default the declaration's `answers` say where the id is.
    """


@_hookspec(firstresult=True)
def poll(  # type: ignore[empty-body]
    variant: Variant, receipt: Receipt, task: Task
) -> Steps[Answer]:
    """Yield the calls that ask for a status; return the answer for `parse_status` to read.

    If a status takes several calls, what their answers say is put into the one that is returned.
    By default one GET of `status_path`.
    """


@_hookspec(firstresult=True)
def parse_status(variant: Variant, answer: Answer, receipt: Receipt, task: Task) -> Status | None:
    """Read a status from what `poll` returned; None if the answer is not understood.

    A status word that no page documents is not understood: neither success nor failure. An answer
    that is not understood, or has an HTTP status that is not 2xx, is read by `parse_refusal`. By
    default the declaration's `answers` say where the status is, and what its words mean.
    """


@_hookspec(firstresult=True)
def parse_refusal(variant: Variant, answer: Answer) -> Refusal:  # type: ignore[empty-body]
    """Say what an error answer means, to a submit, poll, cancel or upload.

    It decides what happens next:

    - `refused`, `content`, `balance`: nothing was bought; the job ends `refused`. A task that is
      polled keeps its state, and waiting ends if the provider goes on refusing for two minutes.
    - `key`: the same, and the message says where the key is from; waiting ends at once.
    - `wait`: the call is made again, after `retry_after` seconds.
    - `unknown`: the answer does not say; after a submit the task is looked up or replayed.

    By default the declared codes decide, then the HTTP status.
    """


@_hookspec(firstresult=True)
def token(variant: Variant, secrets: Mapping[str, str], now: float) -> Token | None:
    """Make the token that calls carry instead of the key; None (the default) if there is none.

    It is used until it expires; `now` is in seconds since 1970.
    """


@_hookspec(firstresult=True)
def authorize(  # type: ignore[empty-body]
    variant: Variant, call: Call, key: str, secrets: Mapping[str, str], now: float
) -> Mapping[str, str]:
    """Return the headers that authorise a call, by default the declared one with the key.

    `call` is complete, with its body. `key` is the token, if there is one, otherwise the first of
    the declared `secrets`, which are given by name, too. `now` is in seconds since 1970. The
    headers must be printable ASCII text. A secret is a `str` whose repr does not show it.
    """


@_hookspec(firstresult=True)
def upload(variant: Variant, file: LocalFile) -> Steps[str | None] | None:
    """Yield the calls that upload one file; return its address, or None if no answer had one.

    An answer with HTTP status 400 and above is a refusal: the upload ends there. If the hook
    returns None, an error that `parse_refusal` recognises in the last answer is a refusal, too.
    """


@_hookspec(firstresult=True)
def look_up(variant: Variant, client_id: str, task: Task) -> Steps[list[Receipt] | None] | None:
    """Yield the calls that ask which tasks have our client id; return all that were found.

    Called after a submit with an unknown outcome. Return an empty list if the provider says that
    there is none, None if its answer is not understood. The hook returns no generator at all (the
    default) if the provider cannot be asked; a declaration with `look_up="by_client_id"` says that
    it can.
    """


@_hookspec(firstresult=True)
def cancel(variant: Variant, receipt: Receipt, task: Task) -> Steps[Answer] | None:
    """Yield the calls that cancel a task; None if the provider cannot.

    Called only for a task that the provider, asked right before, called alive: `task.state` is
    `queued` or `in_progress`. By default one call, as `cancel` in the declaration describes it.
    """


@_hookspec(firstresult=True)
def parse_webhook(
    variant: Variant, delivery: Delivery, secrets: Sequence[str], now: float
) -> Steps[Event | None] | Event | None:
    """Read what the provider sent to our endpoint; None if it is forged or not understood.

    Return the event, or yield the calls that it takes to verify one (to fetch a public key) and
    then return it. `secrets` are those that deliveries may be signed with: while one is replaced,
    both. `now` is in seconds since 1970; a signature that is too old is a forged one (`is_signed`,
    `is_recent`). Whoever can reach the endpoint can send anything: raise nothing, and call verified
    only what the provider signed. By default None.
    """
