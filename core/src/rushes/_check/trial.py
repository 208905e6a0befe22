"""A trial of a plugin: each hook is called once with harmless arguments, and nothing is sent."""

from contextlib import closing, suppress
from typing import Any

from rushes._check.checking import check
from rushes._keys.redacting import Secret
from rushes._plugins.calling import LoadedVariant
from rushes.calls import Answer, Call, LocalFile
from rushes.request import Request
from rushes.task import Receipt, Task
from rushes.variant import Variant
from rushes.webhooks import Delivery

_FILE = LocalFile(content=b"\x89PNG\r\n\x1a\n", type="image/png", name="trial.png")
_ANSWERS = (Answer(200, {}, b"{}"), Answer(404, {}, b"[]"), Answer(500, {}, b"<html>"))


class _MemoRead(BaseException):
    """A hook read the memo, which only a real answer provides; its trial ends here."""


class _Trial(Receipt, frozen=True):
    """A receipt with a remote id, but without an answer behind it."""

    def __getattribute__(self, name: str) -> Any:
        if name == "memo":
            raise _MemoRead
        return super().__getattribute__(name)


def sample_task(variant: Variant, call: Call | None = None, receipt: Receipt | None = None) -> Task:
    """Return a record of a job that was never made, for trying hooks."""
    return Task(
        id="trial",
        variant=variant.id,
        base_url=variant.base_url or "",
        client_id="trial",
        call=call or Call.post_json(variant.base_url or "", {}),
        state="queued" if receipt else "sending",
        created_at=0.0,
        updated_at=0.0,
        receipt=receipt,
    )


def trial(loaded: LoadedVariant) -> None:
    """Raise BrokenPluginError, naming the hook, if one raises or returns something invalid."""
    report = check(loaded, Request("A trial"))
    if report.valid:
        payload = report.complete_payload()
        call: Call = loaded.call("submit", payload=payload, client_id="trial")
        for names in loaded.variant.secrets:
            secrets = {name: Secret("trial") for name in names}
            loaded.token(secrets, 0.0)
            loaded.authorize(call, Secret("trial"), secrets, 0.0)
    receipt = _Trial("trial")
    task = sample_task(loaded.variant)
    there = {"receipt": receipt, "task": task}
    for answer in _ANSWERS:
        loaded.call("parse_submit", answer=answer, task=task)
        loaded.call("parse_refusal", answer=answer)
        with suppress(_MemoRead):
            loaded.call("parse_status", answer=answer, **there)
    with closing(loaded.parse_webhook(Delivery({}, b"{}"), [Secret("trial")], 0.0)) as steps:
        next(steps, None)
    for hook, given in (
        ("poll", there),
        ("cancel", there),
        ("look_up", {"client_id": "trial", "task": task}),
        ("upload", {"file": _FILE}),
    ):
        with suppress(_MemoRead):
            steps = loaded.call(hook, **given)
            if steps is not None:
                with closing(steps):
                    next(steps, None)
