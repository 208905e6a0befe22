"""Limits what is spent: per run, per day and per provider, across restarts and processes.

    budget = rushes_budget.Budget(day=20)
    with rushes.Client(wrappers=[budget], observers=[budget]) as client:
        client.generate("toapis/kling-v3", request)  # RequestError if it would exceed 20 USD today

Once the distribution is installed, `installed` limits every client; without a limit in the
environment or in `budget.json` it does nothing.
"""

from rushes_budget.budget import Budget
from rushes_budget.limits import Limits

__all__ = ["Budget", "Limits", "installed"]

installed = Budget()
"""The budget that every client has: its limits are those of the environment and of the file."""
