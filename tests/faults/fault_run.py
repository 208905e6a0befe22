"""One job at one provider with one client, and everything observable about it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rushes import Image, Request, RushesError, Task, Timeouts
from rushes_sandbox import Exchange, Sandbox

from faults import secrecy
from faults.client_driver import ClientDriver
from faults.films import IMAGE, VARIANTS
from faults.providers import PROVIDERS
from faults.relay import Relay
from faults.secrecy import KEY

OLDER = b"an older film that somebody still needs"
LIMITS = {"connect": 10, "read": 30, "submit": 40, "poll": 30, "upload": 30, "download": 40}


class FaultRun:
    """One home, one output folder, and the part of the sandbox's log that is about them."""

    def __init__(self, sandbox: Sandbox, folder: Path, provider: str, kind: str) -> None:
        self.sandbox, self.provider, self.kind = sandbox, provider, kind
        self.facts = PROVIDERS[provider]
        self.home, self.output_folder = folder / "home", folder / "place"
        self.output_folder.mkdir()
        self.target = self.output_folder / "film.mp4"
        self.target.write_bytes(OLDER)
        self.log = secrecy.Log()
        self.relay: Relay | None = None
        self.base_url: str | None = None
        self.limits: Mapping[str, float] = {}
        self.image: Path | None = None
        self.updates: list[Task] = []
        self.pauses: list[float] = []
        self.error: BaseException | None = None
        self.task: Task | None = None
        self._texts: list[str] = []
        self._created, self._exchanges = len(sandbox.created), len(sandbox.exchanges)

    # What the provider received.

    @property
    def bills(self) -> int:
        """How many tasks were created and would have been paid for."""
        return len(self.sandbox.created) - self._created

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request that was read."""
        return self.sandbox.exchanges[self._exchanges :]

    @property
    def posts(self) -> list[Exchange]:
        """Every call that creates a task."""
        facts = self.facts
        return [
            each
            for each in self.exchanges
            if each.method == "POST" and facts.is_for(facts.creates, each.path)
        ]

    @property
    def downloads(self) -> list[Exchange]:
        """Every request for the video."""
        facts = self.facts
        return [
            each
            for each in self.exchanges
            if each.path.startswith("/results/") or facts.is_for(facts.fetches, each.path)
        ]

    @property
    def polls(self) -> list[Exchange]:
        """Every status request for the task."""
        facts = self.facts
        return [
            each
            for each in self.exchanges
            if each.method == "GET" and facts.is_for(facts.asks, each.path)
        ]

    @property
    def film(self) -> bytes:
        """The video of the only task, as the sandbox serves it."""
        return self.sandbox.created[-1].video.path.read_bytes()

    @property
    def warnings(self) -> list[str]:
        """The warnings that the client logged."""
        return self.log.warnings

    # What the client does.

    @contextlib.contextmanager
    def driver(self, **changes: Any) -> Iterator[ClientDriver]:
        """Create a new client, as another process would, and close it."""
        url = self.base_url or self.sandbox.base_urls[self.provider]
        settings = {
            "keys": {self.provider: KEY},
            "base_urls": {self.provider: url},
            "home": self.home,
            "timeouts": Timeouts(**{**LIMITS, **self.limits}),
            **changes,
        }
        driver = ClientDriver(self.kind, **settings)
        try:
            yield driver
        finally:
            driver.close()

    def generate(self, **more: Any) -> None:
        """Request the video; keep the result or the error."""
        job = (VARIANTS[self.provider], self.request)
        self.attempt("generate", *job, output=self.target, on_update=self.updates.append, **more)

    @property
    def request(self) -> Request:
        """The request."""
        if self.image is None:
            return self.facts.request
        self.image.write_bytes(IMAGE)
        first = Image(str(self.image), role="first_frame")
        return msgspec.structs.replace(self.facts.request, images=[first])

    def leave_unknown(self) -> Task:
        """Submit without an answer, and stop before the provider is asked what became of it."""

        def stop(task: Task) -> None:
            if task.state == "unknown":
                raise LookupError("a callback")

        self.sandbox.inject("drop-after-create", times=1, gateway=self.provider)
        job = (VARIANTS[self.provider], self.request)
        self.attempt("submit", *job, output=self.target, on_update=stop)
        assert isinstance(self.error, LookupError)
        assert self.task
        return self.task

    def attempt(self, verb: str, *given: Any, settings: Any = None, **named: Any) -> None:
        """Call a method of a new client; keep the result or error, and all text it exposes."""
        with self.driver(**(settings or {})) as driver:
            self.perform(driver, lambda: driver.call(verb, *given, **named))

    def perform(self, driver: ClientDriver, work: Callable[[], Task]) -> None:
        """Call a client; keep the result or error, and all text it exposes."""
        self.error = None
        try:
            self.task = work()
        except BaseException as error:  # noqa: BLE001 - the caller checks it
            self.error = error
            self._texts += secrecy.exposed_by_error(error)
            if isinstance(error, RushesError):
                self.task = error.task
            elif not isinstance(error, KeyboardInterrupt) and driver.call("tasks"):
                self.task = driver.call("tasks")[0]
        self.pauses = driver.clock.pauses
        for task in driver.call("tasks"):
            self._texts += secrecy.exposed_by_task(task)

    def recorded(self) -> list[Task]:
        """Return the tasks of the journal."""
        with self.driver() as driver:
            found: list[Task] = driver.call("tasks")
            return found

    # What must hold, whatever happened.

    def assert_output(self, *, delivered: bool) -> None:
        """The target is the whole film or the untouched older file; nothing else is there."""
        assert [path.name for path in self.output_folder.iterdir()] == [self.target.name]
        content = self.target.read_bytes()
        if delivered:
            assert content == self.film, "the file at the final path is not the film"
        else:
            assert content == OLDER, "the older file was touched"

    def assert_paid_once(self) -> None:
        """There was no second bill, and no second call that could have caused one."""
        assert self.bills <= 1, f"{self.bills} bills"
        sent = [post for post in self.posts if post.status != 429]
        if "replay" not in self.facts.takes_up:
            assert len(sent) <= 1, "a second POST without a key"
        assert len({post.body for post in self.posts}) <= 1
        assert len({post.headers.get("idempotency-key") for post in self.posts}) <= 1

    def assert_key_not_leaked(self) -> None:
        """The key went to the provider, and nowhere else.

        A video that is behind the key may redirect to the provider itself, without the key.
        """
        for each in self.exchanges:
            keyed = self.facts.key_header in each.headers
            ours = each.path.startswith(f"/{self.provider}/")
            assert ours or not keyed, each.path
            assert keyed or not ours or self.facts.is_for(self.facts.fetches, each.path), each.path
            assert keyed or not any(KEY in value for value in each.headers.values()), each.path
            assert not each.headers["host"].startswith("localhost"), "it followed a redirect"
        for host, keyed in self.relay.received if self.relay else ():
            assert keyed == (host == "api.acme.example")
        texts = [*self._texts, *self.log.lines]
        texts += [*secrecy.files(self.home), *secrecy.files(self.output_folder)]
        secrecy.assert_without_key(texts)

    def assert_invariants(self) -> None:
        """Check everything that must hold after any run."""
        self.assert_paid_once()
        self.assert_key_not_leaked()
