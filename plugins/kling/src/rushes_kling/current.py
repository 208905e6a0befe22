"""What Kling's models of the newer generation share: the model's name is in the address.

Inputs are a list of `contents`, the rest is `settings` and `options`. A task is asked for in a
list: https://kling.ai/document-api/api/video/3-0-omni/text-to-video
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from rushes import (
    Answer,
    Answers,
    Call,
    Delivery,
    Draft,
    Event,
    Finding,
    Receipt,
    Request,
    Shot,
    Steps,
    TransportText,
    TransportURL,
    Variant,
    absent,
    hookimpl,
    pick,
    pick_text,
    rule,
)
from rushes.vocabulary import by_default, cited, each, equals, given, has, needs, remark, required

from rushes_kling.shared import CODES, PAGES, Watermark, event, images, provider

VIDEO_PAGES = f"{PAGES}/api/video/3-0-omni"
MAX_PROMPT = 3072
MAX_SHOTS, MAX_SHOT_PROMPT = 6, 512


@hookimpl
def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
    """Ask for a task; its cost is put beside its status, as a number."""
    answer = yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))
    body = answer.json()
    tasks = pick(body, "data")
    if not isinstance(tasks, list):
        return answer
    return answer.with_json({**body, "data": [_with_usd(task) for task in tasks]})


@hookimpl
def parse_webhook(delivery: Delivery, secrets: Sequence[str], now: float) -> Event | None:
    """Read a callback: one of the tasks of which a poll has a list."""
    task = delivery.json()
    return event(delivery, secrets, now, pick_text(task, "id"), [_with_usd(task)])


def _with_usd(task: Any) -> Any:
    """Return a task with what it cost in USD, if all of it was billed in USD."""
    charges = pick(task, "billing")
    amounts = [_usd(charge) for charge in charges] if isinstance(charges, list) else []
    known = [amount for amount in amounts if amount is not None]
    if not known or len(known) < len(amounts):
        return task
    return {**task, "usd": round(sum(known), 6)}


def _usd(charge: Any) -> float | None:
    """Return one charge in USD; its amount is a text. Units of a package have no currency."""
    if pick(charge, "currency") != "USD":
        return None
    try:
        return float(str(pick(charge, "amount")))
    except ValueError:
        return None


current = provider(
    submit_path="/omni-video",
    status_path="/tasks?task_ids={id}",
    statuses_path="/tasks?task_ids={ids}",
    look_up_path="/tasks?external_task_ids={client_id}",
    client_id_field="options.external_task_id",
    callback_field="options.callback_url",
    uploads=images(50),
    answers=Answers(
        task_id=("data.id",),
        created_at="create_time",
        milliseconds=True,
        task="data[]",
        own_id=("id",),
        status="status",
        words={
            "submitted": "queued",
            "processing": "in_progress",
            "succeeded": "completed",
            "failed": "failed",
        },
        videos=("outputs[].url",),
        cost="usd",
        reason=("message",),
        error=("message",),
        codes=CODES,
    ),
    hooks=(poll, parse_webhook),
)


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """About the delivery, not about the video."""

    callback_url: TransportURL = absent()
    external_task_id: TransportText = absent()
    watermark_info: Watermark = absent(Watermark())


@rule("Each id of contents is given once.", fields=("contents",))
def ids_differ(payload: Any) -> list[Finding]:
    """Refuse an id that is there already."""
    ids = [item.id for item in payload.contents]
    return [
        Finding(f"contents[{place}].id", "is the id of another content, too")
        for place, name in enumerate(ids)
        if name and name in ids[:place]
    ]


def content(kind: str) -> Callable[[str], dict[str, str]]:
    """Return a function that makes an item of `contents` from an address."""
    return lambda url: {"type": kind, "url": url}


PROMPT = has("contents", "type", "prompt")
CONTENTS_NEED_A_PROMPT = needs(
    given("contents"),
    PROMPT,
    says="A prompt must be among the {contents}.",
    name="contents_need_a_prompt",
)
COMPLETE = (
    each("contents", required("text", when=equals("type", "prompt"))),
    each("contents", required("element_id", when=equals("type", "element"))),
    each("contents", required("id", when=equals("type", "element"))),
    each("contents", required("url", unless=equals("type", "prompt", "element"))),
)
"""What an item of `contents` must have, by its type."""
CITED = cited("contents[].id", "@{}", within=("contents[].text",), name="contents_are_cited")
WATERMARK = remark(
    "options",
    "the video with the watermark is a second one, and is not fetched",
    when="options.watermark_info.enabled",
    name="watermarked_copy_stays",
)
MULTI_SHOT = by_default(
    "settings.multi_shot",
    "the video may have several shots; settings.multi_shot false asks for one",
    name="several_shots",
)


def shots_as_text(draft: Draft, request: Request) -> str | None:
    """Return shots as Kling reads them in a prompt; None if there are none, or any is wrong.

    Their lengths add up to the video's.
    """
    shots = draft.take("shots")
    if not shots:
        return None
    wrong = [*_complaints(shots)]
    for path, code, message in wrong:
        draft.problem(path, code, message)
    if wrong:
        return None
    total = sum(int(shot.duration) for shot in shots)
    wanted = request.duration or pick(request.extra, "settings", "duration")
    if wanted is None:
        draft.put("settings.duration", total, "shots")
        message = f"{total} is sent, the sum of the shots' durations"
        draft.note("duration", "duration_filled_in", message)
    elif wanted != total:
        draft.problem("shots", "shots_fill_the_duration", f"take {total} seconds, not {wanted}")
    draft.put("settings.multi_shot", True, "shots")
    return " ".join(
        f"shot {number}, {int(shot.duration)}, {shot.prompt};"
        for number, shot in enumerate(shots, 1)
    )


def _complaints(shots: Sequence[Shot]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with shots that no field of the payload holds: path, code, message."""
    if len(shots) > MAX_SHOTS:
        message = f"has {len(shots)} items; at most {MAX_SHOTS} are accepted"
        yield "shots", "length", message
    for place, shot in enumerate(shots):
        path, length = f"shots[{place}]", shot.duration
        if length is None or length < 1 or length % 1:
            yield f"{path}.duration", "shot_length", "must be a whole number of seconds, 1 or more"
        if len(shot.prompt) > MAX_SHOT_PROMPT:
            message = f"has {len(shot.prompt)} characters; at most {MAX_SHOT_PROMPT} are accepted"
            yield f"{path}.prompt", "length", message
        if ";" in shot.prompt:
            message = "contains a semicolon, which ends a shot in the prompt that is sent"
            yield f"{path}.prompt", "semicolon", message
