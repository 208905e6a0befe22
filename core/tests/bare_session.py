"""What flows need, without a client that drives them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from acme_zoom import Zoom
from rushes import Timeouts
from rushes._plugins.registry import Registry
from rushes._session.clock import SystemClock
from rushes._session.provider_keys import ProviderKeys
from rushes._session.session import Session
from rushes.home import Keys
from rushes.journal import Journal


def make_session(
    home: Path,
    *,
    keys: Mapping[str, str] | None = None,
    base_urls: Mapping[str, str] | None = None,
    timeouts: Timeouts | None = None,
    journal: Journal | None = None,
    clock: SystemClock | None = None,
    plugins: Iterable[Any] | None = None,
) -> Session:
    """Return a session as a client makes it."""
    registry = Registry([Zoom()] if plugins is None else plugins, base_urls=base_urls)
    return Session(
        registry=registry,
        keys=ProviderKeys(registry, Keys(keys or {}, {}, home)),
        journal=journal,
        home=home,
        timeouts=timeouts or Timeouts(),
        polling=None,
        time=clock or SystemClock(),
    )
