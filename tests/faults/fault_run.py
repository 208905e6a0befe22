"""One job, one provider, one client, and everything that can be known about it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rushes import Image, Request, RushesError, Task, Timeouts
from rushes_sandbox import Sandbox
from rushes_sandbox.record import Exchange

from faults import secrecy
from faults.driver import Hand
from faults.films import IMAGE, REQUEST, VARIANTS
from faults.relay import Relay
from faults.secrecy import KEY

OLDER = b"an older film, which somebody still needs"
LIMITS = {"connect": 10, "read": 30, "submit": 40, "poll": 30, "upload": 30, "download": 40}
SUBMIT_PATHS = {"uniall": "/uniall/v1/video/generations"}


class Bench:
    """One home, one place for the film, and the part of a sandbox's record that is about them."""

    def __init__(self, sandbox: Sandbox, folder: Path, provider: str, kind: str) -> None:
        self.sandbox, self.provider, self.kind = sandbox, provider, kind
        self.home, self.place = folder / "home", folder / "place"
        self.place.mkdir()
        self.target = self.place / "film.mp4"
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

    # What the provider saw.

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
        """Every call that creates."""
        path = SUBMIT_PATHS.get(self.provider, f"/{self.provider}/v1/videos/generations")
        return [each for each in self.exchanges if (each.method, each.path) == ("POST", path)]

    @property
    def downloads(self) -> list[Exchange]:
        """Every request for the video."""
        return [each for each in self.exchanges if each.path.startswith("/results/")]

    @property
    def looks(self) -> list[Exchange]:
        """Every look at the task."""
        return [
            each
            for each in self.exchanges
            if each.method == "GET" and each.path.startswith(f"/{self.provider}/")
        ]

    @property
    def film(self) -> bytes:
        """The video of the one task, as the sandbox serves it."""
        return self.sandbox.created[-1].film.path.read_bytes()

    @property
    def warnings(self) -> list[str]:
        """What the client warned of."""
        return self.log.warnings

    # What the client does.

    @contextlib.contextmanager
    def hand(self, **changes: Any) -> Iterator[Hand]:
        """Make a client, fresh as in another process, and close it."""
        url = self.base_url or self.sandbox.base_urls[self.provider]
        settings = {
            "keys": {self.provider: KEY},
            "base_urls": {self.provider: url},
            "home": self.home,
            "timeouts": Timeouts(**{**LIMITS, **self.limits}),
            **changes,
        }
        hand = Hand(self.kind, **settings)
        hand.client._settings = msgspec.structs.replace(hand.client._settings, resolve=_resolved)
        try:
            yield hand
        finally:
            hand.close()

    def generate(self, **more: Any) -> None:
        """Ask for the video, with whatever comes of it."""
        job = (VARIANTS[self.provider], self.request)
        self.attempt("generate", *job, output=self.target, on_update=self.updates.append, **more)

    @property
    def request(self) -> Request:
        """What is asked for."""
        if self.image is None:
            return REQUEST
        self.image.write_bytes(IMAGE)
        first = Image(str(self.image), role="first_frame")
        return msgspec.structs.replace(REQUEST, images=[first])

    def attempt(self, verb: str, *given: Any, settings: Any = None, **named: Any) -> None:
        """Do one thing with a fresh client; keep what came of it, and all that it shows."""
        with self.hand(**(settings or {})) as hand:
            self.doing(hand, lambda: hand.do(verb, *given, **named))

    def doing(self, hand: Hand, work: Callable[[], Task]) -> None:
        """Do one thing with a client; keep what came of it, and all that it shows."""
        self.error = None
        try:
            self.task = work()
        except BaseException as error:  # noqa: BLE001 - it is judged by whoever asked
            self.error = error
            self._texts += secrecy.shown(error)
            if isinstance(error, RushesError):
                self.task = error.task
            elif not isinstance(error, KeyboardInterrupt) and hand.do("tasks"):
                self.task = hand.do("tasks")[0]
        self.pauses = hand.pauses.noted
        for task in hand.do("tasks"):
            self._texts += secrecy.shown_of_task(task)

    def recorded(self) -> list[Task]:
        """Return the tasks of the journal."""
        with self.hand() as hand:
            found: list[Task] = hand.do("tasks")
            return found

    # What must be so, whatever happened.

    def assert_whole(self, *, there: bool) -> None:
        """The film is at its place to the last byte, or what lay there before is; nothing else."""
        assert [path.name for path in self.place.iterdir()] == [self.target.name]
        content = self.target.read_bytes()
        if there:
            assert content == self.film, "what lies at the final path is not the film"
        else:
            assert content == OLDER, "the older file was touched"

    def assert_paid_once(self) -> None:
        """No second bill, and no second call that could have made one."""
        assert self.bills <= 1, f"{self.bills} bills"
        sent = [post for post in self.posts if post.status != 429]
        if self.provider == "uniall":
            assert len(sent) <= 1, "a second POST without a key"
        assert len({post.body for post in self.posts}) <= 1
        assert len({post.headers.get("idempotency-key") for post in self.posts}) <= 1

    def assert_secret(self) -> None:
        """The key went to the provider, and is nowhere else."""
        for each in self.exchanges:
            keyed = each.path.startswith(f"/{self.provider}/")
            assert ("authorization" in each.headers) == keyed, each.path
            assert not each.headers["host"].startswith("localhost"), "it followed a redirect"
        for host, authorization in self.relay.asked if self.relay else ():
            assert (authorization is not None) == (host == "api.acme.example")
        texts = [*self._texts, *self.log.lines]
        texts += [*secrecy.files(self.home), *secrecy.files(self.place)]
        secrecy.assert_without_key(texts)

    def assert_all(self) -> None:
        """Look at everything once more."""
        self.assert_paid_once()
        self.assert_secret()


def _resolved(host: str, _port: int) -> list[str]:
    """Resolve the relay's names without asking any DNS, and no other."""
    if host.endswith(".example"):
        return ["127.0.0.1"]
    raise OSError(f"nobody knows {host}")
