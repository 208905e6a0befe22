"""What is done with a submit, a question about tasks, and any other call of a protocol."""

import hmac
import json
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool

from rushes_sandbox._protocols.backend import Backend
from rushes_sandbox._protocols.incoming import Incoming, Refused, Reply, as_reply
from rushes_sandbox._protocols.protocol import Protocol, Route, Status, Submit
from rushes_sandbox._protocols.router import Match
from rushes_sandbox._protocols.validating import violations
from rushes_sandbox._rendering.lies import apply_lies
from rushes_sandbox._rendering.queue import RenderQueue
from rushes_sandbox._rendering.scene import Scene
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.tasks import GatewayTask, TaskView
from rushes_sandbox._webhooks.delivering import Deliveries

#: Bodies of at least this many bytes are validated in a thread, to keep the event loop free.
LARGE_JSON = 100_000


class Handlers:
    """Handles the requests to one protocol."""

    def __init__(
        self,
        protocol: Protocol,
        backend: Backend,
        state: GatewayState,
        queue: RenderQueue,
        deliveries: Deliveries,
    ) -> None:
        self.protocol, self.backend, self._deliveries = protocol, backend, deliveries
        self._state, self._settings, self._queue = state, state.settings, queue

    async def handle(self, match: Match, incoming: Incoming) -> Reply:
        """Answer a request, or raise `Refused`."""
        endpoint = match.endpoint
        if isinstance(endpoint, Route) and endpoint.storage:
            if incoming.headers.get(self.protocol.key.name):
                raise Refused(400, "no key is accepted here, and none should be sent")
            return as_reply(endpoint.handle(incoming, self.backend))
        if not isinstance(endpoint, Route) or endpoint.needs_key:
            self._authorize(incoming)
        self.protocol.precondition(incoming)
        if isinstance(endpoint, Submit):
            return await self._submit(endpoint, incoming)
        if isinstance(endpoint, Status):
            found = endpoint.find(incoming, self.backend)
            return self.tell(endpoint, [self.backend.view(task) for task in found])
        return as_reply(endpoint.handle(incoming, self.backend))

    def tell(self, status: Status, views: list[TaskView]) -> Reply:
        """Answer a question about tasks."""
        if status.together is not None:
            reply = as_reply(status.together([status.answer(view) for view in views]))
        elif not views:
            raise Refused(404, "there is no such task")
        else:
            reply = as_reply(status.answer(views[0]))
        return reply if all(view.ended for view in views) else self._later(reply)

    def error(self, refused: Refused) -> Reply:
        """Write an error in the provider's format."""
        made = self.protocol.error(refused.status, refused.message, refused.param)
        reply = made if isinstance(made, Reply) else Reply(made, refused.status)
        return replace(reply, headers={**reply.headers, **refused.headers})

    def _authorize(self, incoming: Incoming) -> None:
        key, expected = self.protocol.key, self._settings.key
        given = key.given(incoming.headers)
        if hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            return
        if not (given and key.accepts and key.accepts(given, expected, self._settings.clock())):
            raise Refused(401, "the API key is missing or wrong")

    async def _submit(self, submit: Submit, incoming: Incoming) -> Reply:
        """Create a task, or return the one that the client's own id already names."""
        wait = self._state.rate_limiter.seconds_to_wait(self.protocol.id)
        if wait:
            raise Refused(429, "too many requests", headers={"Retry-After": str(wait)})
        if len(incoming.body) > self.protocol.max_bytes:
            raise Refused(413, f"the body is larger than {self.protocol.max_bytes} bytes")
        client_id = submit.client_id(incoming)
        task = self._known(submit, client_id, incoming)
        if task is None:
            await self._validate(submit, incoming)
            # Again, because a request with the same id may have come during the validation.
            # Nothing is awaited from here on, so of two at once one creates and one replays.
            task = self._known(submit, client_id, incoming)
            task = task or self._create(submit, client_id, incoming)
        return self._later(as_reply(submit.answer(TaskView(task, "queued", 0))))

    def _later(self, reply: Reply) -> Reply:
        seconds = self._settings.poll_after
        if seconds is None:
            return reply
        return replace(reply, headers={"Retry-After": str(seconds), **reply.headers})

    async def _validate(self, submit: Submit, incoming: Incoming) -> None:
        model = submit.model(incoming)

        def validate() -> Any:
            return violations(submit, model, incoming.json, loopback=True)

        large = len(incoming.body) >= LARGE_JSON
        found = await run_in_threadpool(validate) if large else validate()
        if found:
            raise Refused(400, "; ".join(map(str, found[:20])), found[0].path)

    def _known(
        self, submit: Submit, client_id: str | None, incoming: Incoming
    ) -> GatewayTask | None:
        if client_id is None or submit.known_id == "created":
            return None
        for task in self.backend.named(client_id):
            if submit.known_id == "returned" or _same_json(task.body, incoming.json):
                return task
            raise Refused(409, "this idempotency key was used with another body")
        return None

    def _create(self, submit: Submit, client_id: str | None, incoming: Incoming) -> GatewayTask:
        requested = submit.scene(incoming, self.backend)
        cost = submit.price(incoming, requested)
        if not self._state.balance.covers(cost):
            raise Refused(402, f"the balance does not cover this task, which costs {cost} USD")
        # The price and all answers are those of the requested video, whatever is rendered.
        video = self._queue.submit(apply_lies(self._in_its_scenery(requested), self._settings.lies))
        self._state.balance.charge(cost)
        task = GatewayTask(
            gateway=self.protocol.id,
            id=submit.new_id(incoming),
            body=incoming.json,
            client_id=client_id,
            requested=requested,
            video=video,
            created=self._settings.clock(),
            cost=cost,
            model=str(submit.model(incoming)),
            path=incoming.path,
            base_url=self.backend.base_url,
            callback=self.protocol.callback(incoming) or "",
        )
        self._state.tasks.add(task)
        self._deliveries.watch(self.protocol, self.backend, task)
        return task

    def _in_its_scenery(self, scene: Scene) -> Scene:
        return replace(scene, scenery=self.protocol.scenery) if self.protocol.scenery else scene


def _same_json(one: Any, other: Any) -> bool:
    """Whether two parsed bodies are the same JSON; 1, 1.0 and true differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
