"""Everything that the stand-ins remember, in one place."""

from rushes_sandbox._settings import SandboxSettings
from rushes_sandbox._state.billing import Balance
from rushes_sandbox._state.rate_limit import RateLimiter
from rushes_sandbox._state.tasks import TaskStore


class GatewayState:
    """The state that all providers share. Used from the server's event loop only."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.tasks = TaskStore(settings)
        self.balance = Balance(settings.balance)
        self.rate_limiter = RateLimiter(settings.rate_limit, settings.rate_window, settings.clock)
