"""Spans and metrics, named by the OpenTelemetry semantic conventions for generative AI.

Where these have no name for something, it begins with `rushes.`. Nothing that is reported contains
a key, a link or, unless asked for, a prompt: of an error only its type, of a problem only its code.
"""

import json
import os
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider, get_tracer
from opentelemetry.util.types import AttributeValue
from rushes import Always, Report, Shots, Status, Task, Variant, pick
from rushes.observers import Ended, Step

__all__ = ["CAPTURE", "Instruments"]

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The environment variable that asks for prompts: `true`, `SPAN_ONLY` or `SPAN_AND_EVENT`."""
OPERATIONS: dict[Step, str] = {
    "check": "check",
    "submit": "generate_content",
    "poll": "poll",
    "fetch": "fetch",
}
"""The operation of each step: the conventions' name if they have one, else ours."""
HOSTS = {
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.openai.com": "openai",
    "api.x.ai": "x_ai",
}
"""Hosts for which the conventions have a provider's name."""
SECONDS = [0.01 * 2**step for step in range(18)]
"""Bounds of durations: those of the conventions, which end at 82 s, doubled up to 22 minutes."""
BOUGHT_NOTHING = {"refused": "refused", "recorded": "not_sent", "unknown": "unknown"}
"""What a submit that was not accepted is called as an error."""

Attributes = dict[str, AttributeValue]


class Instruments:
    """A tracer and the metrics, of the given providers or the global ones."""

    def __init__(
        self, tracers: TracerProvider | None = None, meters: MeterProvider | None = None
    ) -> None:
        ours = ("rushes_otel", version("rushes-otel"))
        self._tracer = get_tracer(*ours, tracer_provider=tracers)
        meter = get_meter(*ours, meter_provider=meters)
        self._operations = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="From the submit of a video until its provider is done with it.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._steps = meter.create_histogram(
            "rushes.step.duration",
            unit="s",
            description="Duration of one check, submit, poll or fetch.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._cost = meter.create_counter(
            "rushes.cost", unit="{USD}", description="What completed videos cost, in US dollars."
        )

    def begin(self, step: Step, variant: Variant, task: Task | None) -> Ended:
        """Begin a step's span, as a child of the caller's; return what ends it."""
        begun = time.perf_counter()
        shared = _shared(OPERATIONS[step], variant, task)
        span = self._tracer.start_span(
            f"{OPERATIONS[step]} {variant.model}",
            kind=SpanKind.INTERNAL if step == "check" else SpanKind.CLIENT,
            attributes=shared,
        )
        if span.is_recording():
            span.set_attributes(_details(step, variant, task))

        def ended(outcome: Report | Task | Status | None, error: str | None) -> None:
            error = error or _error(step, outcome)
            failed: Attributes = {"error.type": error} if error else {}
            if span.is_recording():
                _close(span, outcome, failed)
            span.end()
            self._steps.record(time.perf_counter() - begun, {**shared, **failed})
            if task is not None:
                self._count(variant, task, outcome)

        return ended

    def _count(self, variant: Variant, before: Task, after: Any) -> None:
        """Count a task that a step has found to be ended: how long it took, and what it cost."""
        state = after.state if isinstance(after, (Task, Status)) else None
        accepted = before.state == "sending" or before.receipt is not None
        if before.ended or not accepted or state not in _ENDS:
            return
        shared = _shared(OPERATIONS["submit"], variant, before)
        failed: Attributes = {} if state == "completed" else {"error.type": state}
        took = time.time() - (before.sent_at or before.created_at)
        self._operations.record(max(took, 0.0), {**shared, **failed})
        billed = after.cost if after.cost is not None else before.cost
        cost = billed if billed is not None else before.estimate
        if cost is not None and cost > 0 and (state == "completed" or billed is not None):
            source = "estimate" if billed is None else "billed"
            self._cost.add(cost, {**shared, "rushes.cost.source": source})


_ENDS = ("completed", "failed", "cancelled", "expired")


def _shared(operation: str, variant: Variant, task: Task | None) -> Attributes:
    """Return what spans and metrics have: few values each, so that metrics stay small."""
    address = urlsplit(task.base_url if task else variant.base_url or "")
    host = address.hostname or ""
    found: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": HOSTS.get(host, variant.provider),
        "gen_ai.request.model": variant.model,
    }
    if host and operation in ("generate_content", "poll"):  # a video may be anywhere
        found["server.address"] = host
        found["server.port"] = address.port or (80 if address.scheme == "http" else 443)
    return found


def _details(step: Step, variant: Variant, task: Task | None) -> Attributes:
    """Return what only spans have when they begin."""
    found: Attributes = {"rushes.variant": variant.id}
    if task is not None:
        found["rushes.task.id"] = task.id
    if task is not None and task.receipt is not None:
        found["gen_ai.response.id"] = task.receipt.remote_id
    if step == "submit" and task is not None and task.call is not None:
        found["gen_ai.output.type"] = "video"
        body = task.call.json()
        seed = pick(body, *_path(variant, "seed").split("."))
        if type(seed) is int:
            found["gen_ai.request.seed"] = seed
        if os.environ.get(CAPTURE, "").lower() in ("true", "span_only", "span_and_event"):
            texts = _prompts(body, _prompt_names(variant))
            parts = [{"type": "text", "content": text} for text in texts]
            found["gen_ai.input.messages"] = json.dumps([{"role": "user", "parts": parts}])
    return found


def _path(variant: Variant, name: str) -> str:
    """Return the payload's path for a common field; its own name if it goes nowhere."""
    target = variant.fields.get(name)
    return name if target is None or isinstance(target, Always) else target.path


def _prompt_names(variant: Variant) -> set[str]:
    """Return the names of prompts in a payload: that of the common one, and of each shot's."""
    shots = variant.fields.get("shots")
    own = {shots.prompt} if isinstance(shots, Shots) else set()
    return {"prompt", "text", _path(variant, "prompt").rpartition(".")[2], *own}


def _prompts(body: Any, named: set[str]) -> Iterator[str]:
    """Yield the prompts in a payload, wherever its provider wants them."""
    if isinstance(body, list):
        for item in body:
            yield from _prompts(item, named)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name in named and isinstance(value, str):
                yield value
            else:
                yield from _prompts(value, named)


def _error(step: Step, outcome: Report | Task | Status | None) -> str | None:
    """Return what a submit that was not accepted is called; what a provider says is no error."""
    if step == "submit" and isinstance(outcome, Task):
        return BOUGHT_NOTHING.get(outcome.state)
    return None


def _close(span: Span, outcome: Report | Task | Status | None, failed: Attributes) -> None:
    """Put into a span what is known at its end."""
    if isinstance(outcome, Report):
        codes = sorted({problem.code for problem in outcome.problems})
        span.set_attributes({"rushes.check.valid": outcome.valid, "rushes.check.problems": codes})
    elif outcome is not None:
        span.set_attribute("rushes.task.state", outcome.state)
        if outcome.remote_id is not None:
            span.set_attribute("gen_ai.response.id", outcome.remote_id)
        if outcome.cost is not None:
            span.set_attribute("rushes.cost", outcome.cost)
    if isinstance(outcome, Task) and outcome.file_bytes is not None:
        span.set_attribute("rushes.video.bytes", outcome.file_bytes)
    if failed:
        span.set_attributes(failed)
        span.set_status(StatusCode.ERROR)
