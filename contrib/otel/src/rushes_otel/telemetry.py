"""The observer. It imports OpenTelemetry only where somebody uses it."""

import sys
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider
    from rushes import Task, Variant
    from rushes.observers import Ended, Step

    from rushes_otel.instruments import Instruments

__all__ = ["Telemetry"]


class Telemetry:
    """An observer that reports each step as a span and in metrics.

    It reports to the given providers; without them to the global ones, from when the application
    imports OpenTelemetry to configure it. Until then, a step costs one look into a dictionary.
    """

    def __init__(
        self,
        *,
        tracer_provider: "TracerProvider | None" = None,
        meter_provider: "MeterProvider | None" = None,
    ) -> None:
        self._providers = tracer_provider, meter_provider

    def __call__(self, task: "Task") -> None:
        """Do nothing: the steps tell everything."""

    def step(self, step: "Step", variant: "Variant", task: "Task | None") -> "Ended | None":
        """Begin a span, which ends with the step."""
        if self._providers == (None, None) and "opentelemetry.trace" not in sys.modules:
            return None  # who configures OpenTelemetry imports it
        return self._instruments.begin(step, variant, task)

    @cached_property
    def _instruments(self) -> "Instruments":
        from rushes_otel.instruments import Instruments

        return Instruments(*self._providers)
