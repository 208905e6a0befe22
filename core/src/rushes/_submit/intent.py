"""What a submit is about to pay for: its record, its names, and whether the job already exists."""

import hashlib
import re
from functools import lru_cache
from typing import Any

import msgspec

from rushes._flow import Ask, Do, Flow
from rushes._payload.field_checks import Examiner
from rushes._payload.fields import with_text
from rushes._payload.paths import steps_to
from rushes._plugins.calling import LoadedVariant
from rushes._session.session import Session
from rushes._submit.files import read
from rushes._submit.ids import new_task_id
from rushes._urls import public_url_objection
from rushes._vocabulary.places import find
from rushes.calls import pick, pick_text
from rushes.errors import ConfigurationError, RequestError
from rushes.problems import Problem, show
from rushes.report import Report
from rushes.task import Task, Tried
from rushes.urls import is_loopback, without_secrets
from rushes.variant import Always, Variant

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A job's turn in a list of variants: which list, what came before it, whether it is the last.

    A job that was refused is sent again only in the last turn: another variant may have the request
    by now. `own` is whether nobody named the job: if somebody else has its task, that is not ours.
    """

    plan: str
    tried: tuple[Tried, ...]
    last: bool
    own: bool


class Overtaken(Exception):
    """Somebody else took up the list of variants that a turn belongs to. No caller sees this."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A job before its files are uploaded: reference, client id, fingerprint and output.

    `named` is whether the caller gave one of its names; otherwise no other job has them.
    """

    named: bool
    task_id: str
    client_id: str
    fingerprint: str
    output: str | None
    overwrite: bool
    turn: Turn | None = None

    @property
    def sends_again(self) -> bool:
        """Whether the job is sent again if it was refused before."""
        return self.turn is None or self.turn.last


def require_usable(task_id: str | None, output: str | None) -> None:
    """Refuse a reference that cannot be used in a file name, or a path that cannot be recorded."""
    if task_id is not None and not REFERENCE.fullmatch(task_id):
        message = (
            f"{show(task_id)} is not a valid task reference; it is used in file names and "
            "headers: 1 to 100 English letters, digits, '.', '_' and '-', beginning with a "
            "letter or digit"
        )
        raise RequestError((Problem(path="", code="reference", message=message),))
    try:
        (output or "").encode()
    except UnicodeEncodeError as error:
        message = f"the path {output!r} is not valid UTF-8; choose another"
        raise ConfigurationError(message) from error


def make_intent(
    session: Session,
    loaded: LoadedVariant,
    report: Report,
    task_id: str | None,
    output: str | None,
    overwrite: bool,
    turn: Turn | None = None,
) -> Flow[Intent]:
    """Name a job, and compute the fingerprint that identifies it."""
    given_client_id = _given_client_id(loaded.variant, report)
    named = task_id is not None or given_client_id is not None
    task_id = new_task_id(session.time.now()) if task_id is None else task_id
    client_id = given_client_id or task_id
    variant = loaded.variant
    if named or not _carries_ours(variant.id, variant.payload, variant.client_id_field):
        require_carried(variant, client_id)
    # Reading files may block; without any it is quick.
    print_ = (yield Do(lambda: fingerprint(report))) if report.uploads else fingerprint(report)
    return Intent(
        named=named,
        task_id=task_id,
        client_id=client_id,
        fingerprint=print_,
        output=output,
        overwrite=overwrite,
        turn=turn,
    )


def _given_client_id(variant: Variant, report: Report) -> str | None:
    """Return the client id that the caller gave natively, if they did."""
    if not variant.client_id_field:
        return None
    payload = msgspec.to_builtins(report.complete_payload())
    return pick_text(payload, *variant.client_id_field.split("."))


def require_carried(variant: Variant, client_id: str) -> None:
    """Refuse a client id that its payload field does not accept."""
    field = variant.client_id_field
    if field and (problem := _objection(variant.id, variant.payload, field, client_id)):
        message = (
            f"{show(client_id)} is a task reference that {field}, the field that sends it to "
            f"{variant.provider}, does not accept ({problem.message}); give another one"
        )
        raise RequestError((Problem(path="", code="reference", message=message),))


def _objection(
    variant_id: str, payload: type[msgspec.Struct], field: str, client_id: str
) -> Problem | None:
    examiner = Examiner(variant_id, loopback=False)
    examiner.value(_hint(payload, field), client_id, "")
    return examiner.problems[0] if examiner.problems else None


@lru_cache(maxsize=256)
def _carries_ours(variant_id: str, payload: type[msgspec.Struct], field: str | None) -> bool:
    """Whether a field accepts the references that are made here, which all look alike."""
    return not field or _objection(variant_id, payload, field, new_task_id(0.0)) is None


@lru_cache(maxsize=256)
def _hint(payload: type[msgspec.Struct], field: str) -> Any:
    return find(payload, field).hint


def fingerprint(report: Report) -> str:
    """Return a digest of the job: variant, payload, delivery, and the content of local files.

    What is at an address is not read for it: the same address is the same job.
    """
    digest = hashlib.sha256(report.variant.encode())
    digest.update(msgspec.json.encode(report.complete_payload()))
    for planned in report.uploads:
        named = planned.path.encode() if planned.is_address else read(planned.path).content
        digest.update(hashlib.sha256(named).digest())
    return digest.hexdigest()


def find_task(session: Session, loaded: LoadedVariant, intent: Intent) -> Flow[Task | None]:
    """Return the task that already exists for this job; refuse a name used for another job."""
    if session.journal is None or not intent.named:
        return None
    by_id = yield Ask("find", (intent.task_id,))
    by_name = yield Ask("with_client_id", (loaded.variant.provider, intent.client_id))
    found: Task | None = by_id[0] if by_id and by_id[0].id == intent.task_id else by_name
    if found is not None:
        require_same_job(found, intent)
    return found


def require_same_job(found: Task, intent: Intent) -> None:
    """Refuse a name that was used before for another job."""
    if found.fingerprint == intent.fingerprint:
        return
    name, value = "client id", intent.client_id
    if found.id == intent.task_id:
        name, value = "task reference", intent.task_id
    message = (
        f"the {name} {value!r} was used before for another request (task {found.id}); "
        "give another one, or none"
    )
    raise RequestError((Problem(path="", code="reference_used", message=message),), task=found)


def recorded(session: Session, loaded: LoadedVariant, report: Report, intent: Intent) -> Task:
    """Make the record of a job, with the exact call, before it is sent."""
    variant = loaded.variant
    now = session.time.now()
    payload, webhook = with_callback(session, variant, report)
    call = loaded.call("submit", payload=payload, client_id=intent.client_id)
    return Task(
        id=intent.task_id,
        variant=variant.id,
        base_url=variant.base_url or "",
        client_id=intent.client_id,
        fingerprint=intent.fingerprint,
        call=call,
        created_at=now,
        updated_at=now,
        output=intent.output,
        overwrite=intent.overwrite,
        workload=workload(variant, report),
        webhook=webhook,
        estimate=report.cost,
        plan=intent.turn.plan if intent.turn else "",
        tried=intent.turn.tried if intent.turn else (),
    )


def workload(variant: Variant, report: Report) -> str:
    """Name what the time that a task takes depends on: "text 5 pro"; what is absent is "-"."""
    payload = msgspec.to_builtins(report.payload)
    words = [report.input_mode]
    for field in ("duration", "resolution"):
        target = variant.fields.get(field)
        path = None if target is None or isinstance(target, Always) else target.path
        words.append(pick(payload, *steps_to(path)) if path else None)
    return " ".join("-" if word is None else str(word)[:40] for word in words)


def with_callback(session: Session, variant: Variant, report: Report) -> tuple[Any, bool]:
    """Return what is sent, with the address of our webhook if the provider takes one.

    Also returns whether it is to call that address: one that the caller gave stays.
    """
    payload = report.complete_payload()
    field, url = variant.callback_field, callback_url(session, variant)
    if field is None or url is None:
        return payload, False
    if given := pick_text(msgspec.to_builtins(payload), *field.split(".")):
        return payload, given == url
    return with_text(payload, field, url), True


def callback_url(session: Session, variant: Variant) -> str | None:
    """Return the address that a provider is asked to call, if there is one."""
    if session.webhook_url is None or variant.callback_field is None:
        return None
    return f"{session.webhook_url}/{variant.provider}"


def require_callable(session: Session, variant: Variant) -> None:
    """Raise ConfigurationError if a provider could not call our webhook."""
    url, field = callback_url(session, variant), variant.callback_field
    if url is None or field is None:
        return
    loopback = is_loopback(variant.base_url)
    examiner = Examiner(variant.id, loopback=loopback)
    examiner.value(_hint(variant.payload, field), url, "")
    wrong = [problem.message for problem in examiner.problems]
    if not loopback and (objection := public_url_objection(url, loopback=False)):
        wrong.append(objection)
    if wrong:
        raise ConfigurationError(
            f"{variant.provider} cannot call {without_secrets(url)} ({wrong[0]}); correct "
            "webhook_url (RUSHES_WEBHOOK_URL), or leave it out: then the provider is asked"
        )


def at_todays_address(session: Session, loaded: LoadedVariant, report: Report, task: Task) -> Task:
    """Redirect a job that was never accepted to today's base URL; its bytes stay as recorded."""
    payload, webhook = with_callback(session, loaded.variant, report)
    call = loaded.call("submit", payload=payload, client_id=task.client_id)
    there = msgspec.structs.replace(task.call, url=call.url) if task.call else None
    if loaded.variant.callback_field not in loaded.variant.query_fields:
        webhook = task.webhook
    changes = {"base_url": loaded.variant.base_url or "", "call": there, "webhook": webhook}
    return msgspec.structs.replace(task, **changes)
