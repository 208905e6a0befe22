"""Spans and metrics of real jobs, read from OpenTelemetry's own in-memory exporters."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import rushes
from msgspec import Meta, Struct
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from rushes.plugins import sample_task
from rushes.testing import Clock, Network, ObserverConformance
from rushes_otel import Telemetry, installed
from rushes_otel.instruments import CAPTURE

FILM = b"\0\0\0\x14ftypisom\0\0\0\0isom\0\0\0\x10mdat12345678\0\0\0\x09moovm"
SECRET, LINK = "sk-very-secret", "https://cdn.example/r-1.mp4?signature=5ig"
NO_CREDIT = rushes.Answer(402, {}, SECRET.encode())
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["Client", "AsyncClient"])


class TestInstalled(ObserverConformance):
    observer = installed


class TestWithProviders(ObserverConformance):
    observer = Telemetry(tracer_provider=TracerProvider(), meter_provider=MeterProvider())


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    prompt: str
    seed: int = rushes.absent()
    seconds: Annotated[int, Meta(ge=1, le=10)] = rushes.absent(3)


ACME = rushes.Provider(
    spec=2,
    id="acme",
    base_url="https://api.acme.example:8443",
    submit_path="/v1/videos",
    status_path="/v1/videos/{id}",
    idempotency="none",
    answers=rushes.Answers(
        task_id=("id",),
        status="status",
        words={"queued": "queued", "done": "completed", "failed": "failed"},
        videos=("url",),
        cost="cost",
    ),
).variant(
    "film",
    page=rushes.Source("Acme", "https://docs.acme.example"),
    payload=Payload,
    fields={
        "prompt": rushes.To("prompt"),
        "seed": rushes.To("seed"),
        "duration": rushes.To("seconds"),
    },
    cost=lambda payload: 0.1 * payload.seconds,
)


class Sdk:
    """OpenTelemetry's SDK, exporting to memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider(metric_readers=[self.reader])
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def points(self, name: str) -> list[Any]:
        """Return what was measured under a name."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def everything(self) -> str:
        """Return all that left the process, as text."""
        data = self.reader.get_metrics_data()
        return " ".join(span.to_json() for span in self.spans) + (data.to_json() if data else "")


@pytest.fixture
def sdk() -> Sdk:
    return Sdk()


def generate(
    sdk: Sdk,
    home: Path,
    *,
    asynchronous: bool = False,
    submit: Any = None,
    polls: tuple[Any, ...] = (),
    film: bytes = FILM,
) -> rushes.Task:
    network = Network()
    network.on("POST", "/v1/videos", submit or {"id": "r-1"})
    done = {"status": "done", "url": LINK, "cost": 0.25}
    network.on("GET", "/v1/videos/*", *(polls or ({"status": "queued"}, done)))
    network.on("GET", "/r-1.mp4", film)
    parts: dict[str, Any] = {
        "plugins": [ACME],
        "keys": {"acme": SECRET},
        "observers": [sdk.telemetry],
        "transport": network,
        "clock": Clock(),
        "home": home,
    }
    request = rushes.Request("A red kite", seed=7, duration=3)
    if not asynchronous:
        with rushes.Client(**parts) as client:
            return client.generate("acme/film", request)

    async def job() -> rushes.Task:
        async with rushes.AsyncClient(**parts) as client:
            return await client.generate("acme/film", request)

    return asyncio.run(job())


@BOTH
def test_each_step_is_a_span_of_the_caller(sdk: Sdk, tmp_path: Path, asynchronous: bool) -> None:
    with sdk.tracers.get_tracer("test").start_as_current_span("caller") as caller:
        task = generate(sdk, tmp_path, asynchronous=asynchronous)
    spans = [span for span in sdk.spans if span.name != "caller"]
    assert [(span.name, span.kind) for span in spans] == [
        ("check film", SpanKind.INTERNAL),
        ("generate_content film", SpanKind.CLIENT),
        ("poll film", SpanKind.CLIENT),
        ("poll film", SpanKind.CLIENT),
        ("fetch film", SpanKind.CLIENT),
    ]
    for span in spans:
        assert span.parent
        assert span.parent.span_id == caller.get_span_context().span_id
        assert span.status.status_code is StatusCode.UNSET
    shared = {
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "film",
        "rushes.variant": "acme/film",
    }
    there = {"server.address": "api.acme.example", "server.port": 8443}
    checked, submitted, _, polled, fetched = (dict(span.attributes or {}) for span in spans)
    assert checked == {
        **shared,
        "gen_ai.operation.name": "check",
        "rushes.check.valid": True,
        "rushes.check.problems": (),
    }
    assert submitted == {
        **shared,
        **there,
        "gen_ai.operation.name": "generate_content",
        "gen_ai.output.type": "video",
        "gen_ai.request.seed": 7,
        "gen_ai.response.id": "r-1",
        "rushes.task.id": task.id,
        "rushes.task.state": "queued",
    }
    assert polled == {
        **shared,
        **there,
        "gen_ai.operation.name": "poll",
        "gen_ai.response.id": "r-1",
        "rushes.cost": 0.25,
        "rushes.task.id": task.id,
        "rushes.task.state": "completed",
    }
    assert (fetched["gen_ai.operation.name"], fetched["rushes.video.bytes"]) == ("fetch", len(FILM))


@BOTH
def test_durations_and_costs_are_measured(sdk: Sdk, tmp_path: Path, asynchronous: bool) -> None:
    generate(sdk, tmp_path, asynchronous=asynchronous)
    steps = sdk.points("rushes.step.duration")
    assert {point.attributes["gen_ai.operation.name"]: point.count for point in steps} == {
        "check": 1,
        "generate_content": 1,
        "poll": 2,
        "fetch": 1,
    }
    (whole,) = sdk.points("gen_ai.client.operation.duration")
    shared = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "film",
        "server.address": "api.acme.example",
        "server.port": 8443,
    }
    assert (whole.count, dict(whole.attributes)) == (1, shared)
    assert whole.explicit_bounds[:3] == (0.01, 0.02, 0.04)
    assert whole.explicit_bounds[-1] > 1200
    (cost,) = sdk.points("rushes.cost")
    assert (cost.value, dict(cost.attributes)) == (0.25, {**shared, "rushes.cost.source": "billed"})


@pytest.mark.parametrize(
    ("how", "last", "error"),
    [
        ({"submit": NO_CREDIT}, "generate_content film", "refused"),
        ({"polls": (rushes.Answer(503), {"status": "failed"})}, "poll film", None),
        ({"film": b"no film"}, "fetch film", "ResultError"),
    ],
)  # fmt: skip
def test_errors_are_named_by_type_alone(
    sdk: Sdk, tmp_path: Path, how: dict[str, Any], last: str, error: str | None
) -> None:
    with pytest.raises(rushes.RushesError):
        generate(sdk, tmp_path, **how)
    span = sdk.spans[-1]
    assert span.name == last
    assert (span.attributes or {}).get("error.type") == error
    assert (span.status.status_code is StatusCode.ERROR) == (error is not None)
    assert span.status.description is None
    assert span.events == ()


def test_a_failed_video_is_measured_as_an_error_and_an_unanswered_poll_too(
    sdk: Sdk, tmp_path: Path
) -> None:
    with pytest.raises(rushes.TaskEndedError):
        generate(sdk, tmp_path, polls=(rushes.Answer(503), {"status": "failed"}))
    (whole,) = sdk.points("gen_ai.client.operation.duration")
    assert whole.attributes["error.type"] == "failed"
    errors = {
        (point.attributes["gen_ai.operation.name"], point.attributes.get("error.type"))
        for point in sdk.points("rushes.step.duration")
    }
    assert {("poll", "NotUnderstood"), ("poll", None)} <= errors
    assert sdk.points("rushes.cost") == []


def test_an_invalid_request_is_told_by_its_problems_codes(sdk: Sdk, tmp_path: Path) -> None:
    with rushes.Client(plugins=[ACME], observers=[sdk.telemetry], home=tmp_path) as client:
        client.check("acme/film", rushes.Request("A red kite", duration=99, guidance=0.5))
    (span,) = sdk.spans
    assert span.attributes
    assert span.attributes["rushes.check.valid"] is False
    assert len(span.attributes["rushes.check.problems"]) == 2  # type: ignore[arg-type]
    assert span.status.status_code is StatusCode.UNSET


def test_neither_keys_nor_links_nor_prompts_leave_the_process(sdk: Sdk, tmp_path: Path) -> None:
    generate(sdk, tmp_path)
    with pytest.raises(rushes.RefusedError):
        generate(sdk, tmp_path / "b", submit=NO_CREDIT)
    with pytest.raises(rushes.ResultError):
        generate(sdk, tmp_path / "c", film=SECRET.encode())
    text = sdk.everything()
    assert "generate_content" in text
    for private in (SECRET, "5ig", "cdn.example", "red kite"):
        assert private not in text


@pytest.mark.parametrize(
    ("value", "captured"),
    [("true", True), ("SPAN_ONLY", True), ("span_and_event", True), ("EVENT_ONLY", False),
     ("false", False), ("NO_CONTENT", False)],
)  # fmt: skip
def test_prompts_are_reported_if_asked_for(
    sdk: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, captured: bool
) -> None:
    monkeypatch.setenv(CAPTURE, value)
    generate(sdk, tmp_path)
    found = [(span.attributes or {}).get("gen_ai.input.messages") for span in sdk.spans]
    messages = [json.loads(str(text)) for text in found if text]
    expected = [{"role": "user", "parts": [{"type": "text", "content": "A red kite"}]}]
    assert messages == ([expected] if captured else [])


@pytest.mark.parametrize(
    "request_",
    [
        rushes.Request("A red kite"),
        rushes.Request("A red kite", duration=5, aspect_ratio="16:9"),
        rushes.Request(shots=[rushes.Shot("A red kite", 3), rushes.Shot("It falls", 2)]),
    ],
    ids=["prompt", "settings", "shots"],
)
def test_prompts_are_found_whatever_a_provider_calls_them(
    sdk: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: rushes.Request
) -> None:
    monkeypatch.setenv(CAPTURE, "true")
    asked = [shot.prompt for shot in request_.shots or ()] or [str(request_.prompt)]
    found: dict[str, str] = {}
    with rushes.Client(home=tmp_path) as client:
        for report in client.check_all(request_):
            if not report.valid:
                continue
            variant = client.registry.get(report.variant).variant
            call = rushes.Call.post_json("https://api.example/v1", report.payload)
            ended = sdk.telemetry.step("submit", variant, sample_task(variant, call))
            assert ended
            ended(None, None)
            told = json.loads(str((sdk.spans[-1].attributes or {})["gen_ai.input.messages"]))
            found[report.variant] = " ".join(part["content"] for part in told[0]["parts"])
    assert len({name.partition("/")[0] for name in found}) >= 3
    for name, text in found.items():
        assert all(prompt in text for prompt in asked), name


def test_opentelemetry_is_not_imported_before_the_application_does() -> None:
    program = """
import sys
from rushes_otel import installed
assert installed.step("check", None, None) is None
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
