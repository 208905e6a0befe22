"""A provider whose videos cost 0.30 USD, and clients of it with a budget."""

import itertools
from pathlib import Path
from typing import Annotated, Any

import rushes
from msgspec import Meta, Struct
from rushes.testing import Clock, Network
from rushes_budget import Budget


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    prompt: str
    seconds: Annotated[int, Meta(ge=1, le=10)] = rushes.absent(3)


def variant(provider: str = "acme", *, price: float | None = 0.1) -> rushes.Variant:
    """Return a variant with a price per second, or without a price."""
    return rushes.Provider(
        spec=2,
        id=provider,
        base_url=f"https://api.{provider}.example",
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
        fields={"prompt": rushes.To("prompt"), "duration": rushes.To("seconds")},
        cost=None if price is None else lambda payload: price * payload.seconds,
    )


class World:
    """A network on which every submit succeeds, unless a test scripts it otherwise."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.network = Network()
        self.network.on("POST", "/v1/videos", *({"id": f"r-{n}"} for n in range(1, 1000)))
        self.clock = Clock()
        self.references = (f"job-{number}" for number in itertools.count(1))

    def client(self, budget: Budget, **parts: Any) -> rushes.Client:
        """Return a client with a budget."""
        return rushes.Client(**self.parts(budget, **parts))

    def parts(self, budget: Budget, **parts: Any) -> dict[str, Any]:
        """Return what such a client is made of, synchronous or not."""
        given = {
            "plugins": [variant(), variant("other"), variant("free", price=None)],
            "keys": {"acme": "k", "other": "k", "free": "k"},
            "wrappers": [budget],
            "observers": [budget],
            "transport": self.network,
            "clock": self.clock,
            "home": self.home,
        }
        return {**given, **parts}

    def submit(self, client: rushes.Client, name: str = "acme/film", seconds: int = 3) -> Any:
        """Submit a new job."""
        request = rushes.Request("A red kite", duration=seconds)
        return client.submit(name, request, task=next(self.references))

    def submits(self, client: rushes.Client, count: int, name: str = "acme/film") -> int:
        """Submit jobs; return how many the budget did not refuse."""
        refused = 0
        for _ in range(count):
            try:
                self.submit(client, name)
            except rushes.RequestError as error:
                refused += {problem.code for problem in error.problems} == {"budget"}
        return count - refused
