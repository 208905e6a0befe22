"""The kit on plugins that make wrong calls or misread answers: each fails the test for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kit_toy import URL, WORDS, Toy, ToyKit, failures, kit
from msgspec import Struct, structs
from rushes import (
    Answer,
    Call,
    LocalFile,
    Receipt,
    Refusal,
    Result,
    Status,
    Steps,
    Task,
    Token,
    Variant,
    hookimpl,
    pick,
    pick_number,
    pick_text,
    refusal_by_status,
)


class Submitting(Toy):
    """Changes parts of the creating call."""

    def __init__(self, *, key: bool = True, **changes: Any) -> None:
        super().__init__()
        self.key, self.changes = key, changes

    @hookimpl
    def submit(self, variant: Variant, payload: Struct, client_id: str) -> Call:
        call = super().submit(variant, payload, client_id if self.key else "")
        return structs.replace(call, **self.changes)


class RepeatsVersion(Toy):
    @hookimpl
    def submit(self, variant: Variant, payload: Struct, client_id: str) -> Call:
        return Call.post_json(f"{variant.base_url}/v2/clips", payload, {"X-Key": client_id})


class Polling(Toy):
    """Polls an address built in some other way."""

    def __init__(self, path: str, origin: str = "", *, answers: bool = True) -> None:
        super().__init__()
        self.path, self.origin, self.answers = path, origin, answers

    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Any]:
        origin = self.origin or (variant.base_url or "").rstrip("/").removesuffix("/v2")
        answer = yield Call.get(origin + self.path.format(id=receipt.remote_id))
        return answer if self.answers else None


class PollsForever(Toy):
    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        while True:
            yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))


class PollsWithRepeatedVersion(Toy):
    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        address = variant.url("/{id}", id=receipt.remote_id).rpartition("/")
        answer = yield Call.get(f"{address[0]}/v2/clips/{address[2]}")
        return answer


class CancelsUnencoded(Toy):
    @hookimpl
    def cancel(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        answer = yield Call(method="DELETE", url=f"{variant.base_url}/v2/{receipt.remote_id}")
        return answer


class Yielding(Toy):
    """Yields something else than calls."""

    def __init__(self, yielded: Any) -> None:
        super().__init__()
        self.yielded = yielded

    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        answer = yield self.yielded
        return answer


class LooksUp(Toy):
    """Looks a job up and reads the answer with a function."""

    def __init__(self, read: Any = None, path: str = "/v2/jobs/{id}", **changes: Any) -> None:
        super().__init__(**{"look_up": "by_client_id", **changes})
        self.read, self.path = read or finds_job, path

    @hookimpl
    def look_up(self, variant: Variant, client_id: str) -> Steps[list[Receipt] | None]:
        url = variant.url(self.path.format(id="{id}"), id=client_id)
        answer = yield Call.get(url if "{id}" in self.path else f"{url}/{client_id}")
        return self.read(answer)


def finds_job(answer: Answer) -> list[Receipt] | None:
    if answer.status == 404:
        return []
    found = pick_text(answer.json(), "id")
    return [Receipt(found)] if found and answer.status < 300 else None


def ignores_status(answer: Answer) -> list[Receipt] | None:
    found = pick_text(answer.json(), "id")
    return [Receipt(found)] if found else [] if answer.status == 404 else None


def finds_none_in_anything(answer: Answer) -> list[Receipt] | None:
    return finds_job(answer) or []


def finds_none(answer: Answer) -> list[Receipt] | None:
    return [] if answer.status == 404 else None


def finds_empty_list(answer: Answer) -> list[Receipt] | None:
    return None if answer.status == 404 else finds_job(answer)


class InventsAddresses(Toy):
    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        answer = yield Call.post_file(variant.url("/v2/files"), file)
        return str(pick(answer.json(), "url"))


class Authorizing(Toy):
    def __init__(self, headers: Any) -> None:
        super().__init__()
        self.headers = headers

    @hookimpl
    def authorize(self, key: str) -> Mapping[str, str]:
        return self.headers  # type: ignore[no-any-return]


class SendsTheFirst(Toy):
    """Has two ways to authorise calls, and makes the token of the second from one secret alone."""

    def __init__(self) -> None:
        super().__init__(secrets=(("api_key",), ("name", "password")))

    @hookimpl
    def token(self, secrets: Mapping[str, str]) -> Token | None:
        return Token(str(secrets["name"]), 2e9) if "name" in secrets else None


class ReadsSubmit(Toy):
    """Reads the answer to a submit with a function."""

    def __init__(self, read: Any) -> None:
        super().__init__()
        self.read = read

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | Refusal | None:
        found = self.read(answer.json())
        return Receipt(found, {"kind": "clip"}) if isinstance(found, str) else None


class ReadsState(Toy):
    """Maps a word to a state with a function."""

    def __init__(self, read: Any) -> None:
        super().__init__()
        self.read = read

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        data = answer.json()
        state = self.read(data)
        links = pick(data, "videos")
        status = super().parse_status(answer)
        if status is None and state and not isinstance(links, list):
            return Status(state=state)
        return status or (Status(state=state) if state else None)


class Refusing(Toy):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    @hookimpl
    def parse_refusal(self, answer: Answer) -> Refusal:
        return structs.replace(refusal_by_status(answer.status, answer), kind=self.kind)


class RefusesDeeply(Toy):
    @hookimpl
    def parse_refusal(self, answer: Answer) -> Refusal:
        data = answer.json()
        if isinstance(data, dict) and data.get("error"):
            return Refusal(kind="balance", message=data["error"].strip())
        return refusal_by_status(answer.status, answer)


class CountsPercent(Toy):
    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        status = super().parse_status(answer)
        percent = pick(answer.json(), "percent")
        return structs.replace(status, progress=float(percent.strip("%"))) if (
            status and percent) else status  # fmt: skip


class ForgetsResults(Toy):
    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        status = super().parse_status(answer)
        return structs.replace(status, results=()) if status else None


def _word(data: Any) -> str:
    return pick_text(data, "state") or ""


def _begins(data: Any) -> Any:
    return next((WORDS[word] for word in WORDS if _word(data).startswith(word)), None)


def _ends(data: Any) -> Any:
    return next((WORDS[word] for word in WORDS if _word(data).endswith(word)), None)


DONE = Status(state="completed", results=(Result(url=URL),))


class ReadsAll(Toy):
    """Takes the numbers and addresses of a status unchecked."""

    def __init__(self, **read: Any) -> None:
        super().__init__()
        self.read = read

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        status = super().parse_status(answer)
        values = {name: read(answer.json()) for name, read in self.read.items()}
        return status and structs.replace(status, **values)


class Forgets(Toy):
    """Reads an error answer by its status alone."""

    @hookimpl
    def parse_refusal(self, answer: Answer) -> Refusal:
        refusal = refusal_by_status(answer.status, answer)
        return structs.replace(refusal, message="refused", retry_after=None)


class TakesAnyAddress(Toy):
    """Takes an upload's answer for an address if it is not an object."""

    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        answer = yield Call.post_file(variant.url("/v2/files"), file)
        data = answer.json()
        return pick_text(data, "url") if isinstance(data, dict) else str(data)


BROKEN: list[tuple[str, Toy, str, str]] = [
    ("a GET", Submitting(method="GET"), "submit_gives", "submit makes a GET, not a POST"),
    (
        "elsewhere",
        Submitting(url="https://evil.example/v2"),
        "submit_gives",
        "submit makes a call to https://evil.example/v2",
    ),
    ("no body", Submitting(body=None), "submit_gives", "a call without a body"),
    ("a body of text", Submitting(body="{}"), "submit_gives", "Expected `bytes | null`, got `str`"),
    ("a body of text again", Submitting(body="{}"), "a_base_url", "AssertionError: toy/clips: the"),
    ("a number", Submitting(headers={"X": 2}), "submit_gives", "Expected `str`, got `int`"),
    ("a cost in words", Toy(cost=str), "submit_gives", "which is not an amount in USD"),
    ("a list", Submitting(body=b"[]"), "submit_gives", "JSON that is not an object"),
    ("no key", Submitting(key=False), "a_key", "a key is sent, but none is"),
    ("a key unsaid", Toy(idempotency="none"), "a_key", "say in `idempotency`"),
    ("the version twice", RepeatsVersion(), "a_base_url", "the address for submit depends on"),
    ("polled twice", PollsWithRepeatedVersion(), "a_base_url", "the address for poll depends on"),
    ("an id as it is", Polling("/v2/clips/{id}"), "a_poll", "is not encoded"),
    (
        "another origin",
        Polling("/v2", "https://evil.example"),
        "a_poll",
        "a call is made to https://evil.example",
    ),
    ("no answer", Polling("/v2/clips", answers=False), "a_poll", "not an Answer"),
    ("no call", Yielding(5), "a_poll", "it yielded int, not a Call"),
    ("no address", Yielding(Call.get(5)), "a_poll", "Expected `str`, got `int`"),  # type: ignore[arg-type]
    ("forever", PollsForever(), "a_poll", "does not stop"),
    ("a cancel as it is", CancelsUnencoded(), "the_other", "is not encoded"),
    ("a look-up undeclared", LooksUp(look_up="none"), "a_look_up", "go together"),
    ("a look-up only declared", Toy(look_up="by_client_id"), "a_look_up", "no hook look_up"),
    ("a look-up as it is", LooksUp(path="/v2/jobs"), "a_look_up", "is not encoded"),
    ("an error found", LooksUp(ignores_status), "a_look_up", "HTTP 300 is read"),
    ("none, unread", LooksUp(finds_none_in_anything), "a_look_up", "finds [], not None, in"),
    ("nothing found", LooksUp(finds_none), "a_look_up", "k1"),
    ("a 404 unread", LooksUp(finds_empty_list), "a_look_up", "is read as None"),
    ("an address made up", InventsAddresses(), "the_other", "is read as 'None'"),
    ("uploads undeclared", Toy(uploads=None), "the_other", "declare `uploads`"),
    ("no header", Authorizing({}), "the_key", "no header"),
    ("a header of no name", Authorizing({1: "a"}), "the_key", "a header, 1, is not text"),
    ("a header of two lines", Authorizing({"X": "a\nb"}), "the_key", "several lines"),
    ("a header of bytes", Authorizing({"X": b"a"}), "the_key", "not text"),
    ("half a token", SendsTheFirst(), "the_key", "no header depends on the secret password"),
    ("submit raises", ReadsSubmit(lambda data: data["clip"]["id"]), "malformed", "raised"),
    (
        "an id of None",
        ReadsSubmit(lambda data: str(pick(data, "clip", "id"))),
        "malformed",
        "Receipt(remote_id='None'",
    ),
    (
        "an id of no text",
        ReadsSubmit(lambda data: str(pick(data, "clip", "id")) if pick(data, "clip") else None),
        "receipts",
        "from an answer without an id",
    ),
    ("another id", ReadsSubmit(lambda data: "c2"), "receipts", "reads the id 'c2', not 'c1'"),
    ("never completed", ReadsState(lambda data: {"waiting": 1}.get(_word(data))), "words", ""),
    ("unknown is failed", ReadsState(lambda data: "failed"), "an_unknown", "is read as failed"),
    (
        "unknown is completed",
        ReadsState(lambda data: "completed" if pick(data, "videos") else None),
        "an_unknown",
        "is read as completed",
    ),
    ("begins alike", ReadsState(_begins), "an_unknown", "is read as queued"),
    ("holds the word", ReadsState(_ends), "an_unknown", "is read as queued"),
    ("status raises", ReadsState(lambda data: data.get("state")), "malformed", "raised"),
    (
        "a word in passing",
        ReadsState(lambda data: "completed" if _word(data) == "50%" else WORDS.get(_word(data))),
        "no_value",
        "'50%' is read as completed",
    ),
    ("odd percent", CountsPercent(), "no_value", "raised"),
    ("an odd error", RefusesDeeply(), "no_value", "raised"),
    ("a status half read", ForgetsResults(), "statuses", "results=()"),
    (
        "more than all",
        ReadsAll(progress=lambda data: pick_number(data, "percent")),
        "no_value",
        "progress=-3",
    ),
    (
        "a number that is none",
        ReadsAll(cost=lambda data: pick(data, "percent")),
        "no_value",
        "Expected `float | null`",
    ),
    (
        "no address",
        ReadsAll(results=lambda data: (Result(url=""),)),
        "no_value",
        "a result has no address",
    ),
    ("words forgotten", Forgets(), "refusals", "words 'no money' are not in the message 'refused'"),
    ("the wait forgotten", Forgets(), "a_wait", "Retry-After: 7 waits for None seconds"),
    ("any upload's answer", TakesAnyAddress(), "the_other", "is read as the address"),
    (
        "no refusal of its kind",
        Refusing("refused"),
        "refusals",
        "is read as 'refused', not 'balance'",
    ),
    (
        "5xx is refused",
        Refusing("refused"),
        "malformed",
        "leaves it open, but is read as refused, unknown",
    ),
]


@pytest.mark.parametrize(("plugin", "test", "says"), [b[1:] for b in BROKEN],
                         ids=[b[0] for b in BROKEN])  # fmt: skip
def test_a_broken_plugin_is_detected(tmp_path: Path, plugin: Toy, test: str, says: str) -> None:
    name = next(name for name in dir(ToyKit) if name.startswith(f"test_{test}"))
    found = failures(kit(tmp_path, plugin), name)
    assert says in found.get(name, "NOTHING FAILED")


def test_readers_are_given_odd_bodies(tmp_path: Path) -> None:
    class Numbers(Toy):
        @hookimpl
        def parse_status(self, answer: Answer) -> Status | None:
            data = answer.json()
            if not isinstance(data, dict):
                raise IndexError("two were expected")
            return super().parse_status(answer)

    found = failures(kit(tmp_path, Numbers()), "test_parsing_is_total")
    assert "two were expected" in found["test_parsing_is_total"]


def test_empty_tables_are_detected(tmp_path: Path) -> None:
    for parts, test, says in (
        ({"receipts": []}, "test_receipts_are_read_as_listed", "list at least one answer"),
        ({"words": "waiting:queued done:completed"}, "test_words_are_read_as_listed", "failed"),
        ({"words": "done:completed error:failed"}, "test_words_are_read_as_listed", "under way"),
        (
            {"words": "done:failed"},
            "test_words_are_read_as_listed",
            "the status word 'done' as completed, not failed",
        ),
        ({"statuses": [({}, DONE)]}, "test_statuses_are_read_as_listed", "parse_status reads None"),
    ):
        found = failures(kit(tmp_path, **parts), test)
        assert says in found.get(test, "NOTHING FAILED")


class Bills(Toy):
    """Says what a finished clip costs: by the length that was asked for."""

    @hookimpl
    def parse_status(  # type: ignore[override]
        self, answer: Answer, task: Task
    ) -> Status | None:
        status = super().parse_status(answer)
        sent = task.call.json() if task.call else {}
        return structs.replace(status, cost=0.5 * sent.get("seconds", 4)) if status else None


def test_a_status_is_read_for_the_request_that_is_listed_with_it(tmp_path: Path) -> None:
    body = {"state": "done", "videos": [{"url": URL}]}
    long = {"model": "toy", "prompt": "k", "seconds": 6}
    name = "test_statuses_are_read_as_listed"
    listed = [
        (body, structs.replace(DONE, cost=2.0)),
        (body, structs.replace(DONE, cost=3.0), long),
    ]
    assert failures(kit(tmp_path, Bills(), statuses=listed), name) == {}
    for wrong, says in (
        ((body, structs.replace(DONE, cost=2.0), long), "cost=3.0"),
        ((body, DONE, {**long, "seconds": 13}), "is not accepted"),
    ):
        found = failures(kit(tmp_path, Bills(), statuses=[wrong]), name)
        assert says in found.get(name, "NOTHING FAILED")
