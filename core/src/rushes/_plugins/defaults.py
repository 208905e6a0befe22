"""What a hook does if the plugin does not implement it: the declaration decides."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from rushes._payload.compiled import reading as reading_of
from rushes._payload.fields import with_text
from rushes._plugins import reading
from rushes._plugins.reading import StatusReader
from rushes.answers import Answers
from rushes.calls import Answer, Call, Steps
from rushes.draft import Draft
from rushes.hookspecs import hookimpl
from rushes.request import Request
from rushes.task import Receipt, Refusal, Status
from rushes.variant import Cancel, Variant

_default = hookimpl(trylast=True)


class Defaults:
    """The hooks as a declaration decides them: each is asked after any other of its name."""

    def __init__(self, answers: Answers | None) -> None:
        self._statuses = StatusReader(answers) if answers else None

    @_default
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        """Carry over the fields that the declaration names."""
        return Draft(variant, request)

    @_default
    def submit(self, variant: Variant, payload: msgspec.Struct, client_id: str) -> Call:
        """POST the payload as JSON; the client id and the query are where the declaration says."""
        declared = variant.input_mode
        url = variant.submit_url(declared(reading_of(payload)) if declared else None)
        body: Any = payload
        if variant.client_id_field:
            body = with_text(payload, variant.client_id_field, client_id)
        if variant.query_fields:
            url, body = _with_query(url, body, variant.query_fields)
        headers = {variant.client_id_header: client_id} if variant.client_id_header else {}
        return Call.post_json(url, body, headers=headers)

    @_default
    def parse_submit(self, variant: Variant, answer: Answer) -> Receipt | Refusal | None:
        """Read the id of the task, or the code of an error inside HTTP 2xx."""
        answers = variant.answers
        if answers is None:
            return None
        receipt = reading.receipt(answers, answer)
        if receipt is None:
            return reading.refusal(answers, answer) if answer.status < 300 else None
        if not answers.may_end:
            return receipt
        status = self.parse_status(answer, receipt)
        return msgspec.structs.replace(receipt, status=status)

    @_default
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        """GET the status address."""
        answer = yield Call.get(variant.url(variant.status_path, **_places(receipt)))
        return answer

    @_default
    def parse_status(self, answer: Answer, receipt: Receipt) -> Status | None:
        """Read the status of our task."""
        return self._statuses.read(answer, receipt.remote_id) if self._statuses else None

    @_default
    def parse_refusal(self, variant: Variant, answer: Answer) -> Refusal:
        """Decide by the declared codes, then by the HTTP status."""
        answers = variant.answers
        refusal = reading.refusal(answers, answer) if answers else None
        return refusal or reading.by_status(answers, answer, answer.status)

    @_default
    def authorize(self, variant: Variant, key: str) -> Mapping[str, str]:
        """Send the key in the declared header."""
        return authorization(variant, key)

    @_default
    def look_up(self, variant: Variant, client_id: str) -> Steps[list[Receipt] | None] | None:
        """GET the declared address with our client id, if there is one."""
        path, answers = variant.look_up_path, variant.answers
        if not path or not answers:
            return None
        return _look_up(variant.url(path, client_id=client_id), answers)

    @_default
    def cancel(self, variant: Variant, receipt: Receipt) -> Steps[Answer] | None:
        """Make the declared call, if there is one."""
        return _cancel(variant, variant.cancel, receipt) if variant.cancel else None


def authorization(variant: Variant, key: str) -> dict[str, str]:
    """Return the declared header with the key."""
    name, _, value = variant.authorization.partition(":")
    return {name: value.strip().replace("{key}", key)}


def _with_query(url: str, payload: Any, names: Sequence[str]) -> tuple[str, Any]:
    """Return an address with some of a payload's fields as its query, and the other fields."""
    body = msgspec.to_builtins(payload)
    query = {name: body.pop(name) for name in names if body.get(name)}
    if not query:
        return url, payload
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, quote_via=quote, safe='')}", body


def _look_up(url: str, answers: Answers) -> Steps[list[Receipt] | None]:
    answer = yield Call.get(url)
    return reading.look_up(answers, answer)


def _cancel(variant: Variant, how: Cancel, receipt: Receipt) -> Steps[Answer]:
    answer = yield Call(method=how.method, url=variant.url(how.path, **_places(receipt)))
    return answer


def _places(receipt: Receipt) -> dict[str, str | int]:
    """Return what fills in the placeholders of a path: the id, and what the memo keeps."""
    if not isinstance(receipt.memo, dict):
        return {"id": receipt.remote_id}
    kept = {name: value for name, value in receipt.memo.items() if isinstance(value, (str, int))}
    return {**kept, "id": receipt.remote_id}
