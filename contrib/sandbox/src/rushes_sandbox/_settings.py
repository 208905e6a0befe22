"""The settings of a sandbox and their defaults."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

#: What may become of a delivery to a client's endpoint.
Webhooks = Literal["once", "twice", "late", "out-of-order", "forged", "lost"]
WEBHOOKS: tuple[Webhooks, ...] = get_args(Webhooks)


@dataclass(frozen=True)
class SandboxSettings:
    """How the providers behave; all times are seconds."""

    #: The API key that all providers accept.
    key: str = "sandbox-key"
    #: How long a new task stays queued.
    queue_seconds: float = 1.0
    #: How long it is then in progress, at least; longer if rendering takes longer.
    render_seconds: float = 3.0
    #: How long the URL of a finished video works.
    result_lifetime: float = 24 * 60 * 60.0
    #: What may be spent at all providers together, in USD; None for no limit.
    balance: float | None = None
    #: How many submits each provider accepts within `rate_window`; None for no limit.
    rate_limit: int | None = None
    rate_window: float = 60.0
    #: The `Retry-After` on responses about unfinished tasks; None to leave it out.
    poll_after: int | None = 1
    #: How the videos differ from the request, by the names of lies.
    lies: tuple[str, ...] = ()
    #: What becomes of what is sent to the endpoints that clients name.
    webhooks: Webhooks = "once"
    #: How long late ones are held back.
    webhook_delay: float = 2.0
    #: The pause after each byte of a response that a fault sends one byte at a time.
    drip_interval: float = 0.1
    #: Whether requests are kept for inspection.
    record: bool = True
    #: Returns the time in seconds since 1970.
    clock: Callable[[], float] = time.time
