"""An agent's side: a real client, and the server as a process of its own, over stdio."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult
from rushes_sandbox import Sandbox

SERVER = """
import os
import sys
from pathlib import Path
from rushes import AsyncClient, Polling
from rushes_mcp.server import Limits, make_server

folder, wait, max_cost = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
os.chdir(folder)
client = AsyncClient(polling=Polling(first=0.05, every=0.05))
make_server(folder, Limits(max_cost=max_cost, unknown_price=1.0), client, wait=wait).run("stdio")
"""
COMMAND = "from rushes_cli.main import main; main()"
VARIANT = "apimart/kling-v3"
KITE = {"prompt": "A red kite over dunes", "duration": 3}


class Agent:
    """Calls tools, and keeps everything that it was told."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.told: list[str] = []

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool, and return its structured answer; `failed` says whether it is an error."""
        result = await self.client.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        self.told.append(result.model_dump_json())
        return {**(result.structured_content or {}), "failed": bool(result.is_error)}

    async def confirmed(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that costs money, and repeat the call with the token that it returns."""
        first = await self.call(tool, **arguments)
        assert first["status"] == "confirmation_needed", first
        return await self.call(tool, **arguments, confirm=first["confirm"])


class User:
    """Answers a server's questions through a client that shows forms."""

    def __init__(self, *answers: ElicitResult) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        return self.answers.pop(0)


YES = ElicitResult(action="accept", content={"buy": True})
NO = ElicitResult(action="accept", content={"buy": False})
DECLINE = ElicitResult(action="decline")


class Place:
    """Where servers run: their folder, their journal, the sandbox that they buy from."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.home = sandbox, home
        self.folder = home / "agent"
        self.folder.mkdir(parents=True)
        self.log = home / "log"

    @asynccontextmanager
    async def agent(
        self,
        *,
        wait: float = 120,
        max_cost: float = 5,
        user: User | None = None,
        legacy: bool = False,
        command: tuple[str, ...] = (),
        **environment: str,
    ) -> AsyncIterator[Agent]:
        """Start a server, and connect to it; `command` starts `rushes mcp` instead."""
        own = ["-c", SERVER, str(self.folder), str(wait), str(max_cost)]
        server = StdioServerParameters(
            command=sys.executable,
            args=["-c", COMMAND, *command] if command else own,
            env={
                "PATH": os.environ["PATH"],
                "RUSHES_HOME": str(self.home / "journal"),
                **self.sandbox.environment,
                **environment,
            },
        )
        mode = "legacy" if legacy else "auto"
        with self.log.open("a") as log:
            connection = stdio_client(server, errlog=log)
            async with Client(connection, mode=mode, elicitation_callback=user) as client:
                yield Agent(client)

    @property
    def bought(self) -> int:
        """How many videos the provider would bill."""
        return len(self.sandbox.created)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's conversation."""
    asyncio.run(work())
