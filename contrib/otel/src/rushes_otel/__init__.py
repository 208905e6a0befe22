"""OpenTelemetry spans and metrics for what rushes does: check, submit, poll, fetch.

Once the distribution is installed, every client reports to the providers that the application has
configured in OpenTelemetry. `Telemetry` takes providers of its own:

    telemetry = rushes_otel.Telemetry(tracer_provider=tracers, meter_provider=meters)
    client = rushes.Client(observers=[telemetry])
"""

from rushes_otel.telemetry import Telemetry

__all__ = ["Telemetry", "installed"]

installed = Telemetry()
"""What every client has: it reports to the global providers."""
