"""A trial of a plugin: each hook is called once with harmless arguments, and nothing is sent."""

from contextlib import closing, suppress
from typing import Any

from rushes._check.checking import check
from rushes._keys.redacting import Secret
from rushes._plugins.loading import LoadedVariant
from rushes.calls import Answer, Call, LocalFile
from rushes.request import Request
from rushes.task import Receipt

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


def trial(loaded: LoadedVariant) -> None:
    """Raise BrokenPluginError, naming the hook, if one raises or returns something invalid."""
    report = check(loaded, Request("A trial"))
    if report.valid:
        payload = report.complete_payload()
        call: Call = loaded.call("submit", payload=payload, client_id="trial")
        loaded.authorize(call, Secret("trial"), 0.0)
    for answer in _ANSWERS:
        for hook in ("parse_submit", "parse_status", "parse_refusal"):
            loaded.call(hook, answer=answer)
    receipt = _Trial("trial")
    for hook, given in (
        ("poll", {"receipt": receipt}),
        ("cancel", {"receipt": receipt}),
        ("look_up", {"client_id": "trial"}),
        ("upload", {"file": _FILE}),
    ):
        with suppress(_MemoRead):
            steps = loaded.call(hook, **given)
            if steps is not None:
                with closing(steps):
                    next(steps, None)
