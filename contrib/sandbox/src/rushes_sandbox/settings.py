"""What can be set about a sandbox, with the defaults of a patient but quick provider."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How the gateways behave; all times are seconds."""

    #: The API key that all three gateways accept.
    key: str = "sandbox-key"
    #: How long a new task says that it waits.
    queue_seconds: float = 1.0
    #: How long it then says that it is being made; longer if rendering takes longer.
    render_seconds: float = 3.0
    #: How long the address of a finished video works.
    result_lifetime: float = 24 * 60 * 60.0
    #: What may be spent at the three gateways together, in USD; None for no limit.
    balance: float | None = None
    #: How many submits each gateway takes within `rate_window`; None for no limit.
    rate_limit: int | None = None
    rate_window: float = 60.0
    #: The `Retry-After` on answers about unfinished tasks; None for none.
    poll_after: int | None = 1
    #: In which ways the videos are not what was asked for, by name.
    lies: tuple[str, ...] = ()
    #: Whether requests are kept to be looked at.
    record: bool = True
    #: Tells the time in seconds since 1970.
    clock: Callable[[], float] = time.time
