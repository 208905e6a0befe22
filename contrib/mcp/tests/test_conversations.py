"""What an agent can do, and what it cannot: with a real client, server and provider."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from mcp_runs import DECLINE, KITE, NO, VARIANT, YES, Agent, Place, User, run

TOOLS = {
    "list_variants", "check", "estimate", "generate", "compare", "list_tasks", "show_task",
    "resume_task", "cancel_task",
}  # fmt: skip
ANOTHER, UNPRICED = "kling/kling-v3", "toapis/kling-v3"
LONGER = {**KITE, "duration": 5}


def test_the_command_looks_and_buys_nothing_beyond_the_limits_of_the_user(
    place: Place, tmp_path: Path
) -> None:
    secret, folder = tmp_path / "secret.png", place.folder / "new"
    folder.mkdir()
    secret.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "mine.png").write_bytes(secret.read_bytes())
    (folder / "link.png").symlink_to(secret)

    async def work() -> None:
        options = ("mcp", "--folder", str(folder))
        async with place.agent(command=options, RUSHES_MCP_MAX_COST="0.1") as agent:
            listed = await agent.client.list_tools()
            assert {tool.name for tool in listed.tools} == TOOLS
            generate = next(tool for tool in listed.tools if tool.name == "generate")
            known = generate.input_schema["properties"]
            assert set(known) == {"name", "variant", "request", "confirm"}
            assert "aspect_ratio" in known["request"]["properties"]
            assert "$ref" not in json.dumps(known)

            found = await agent.call("check", variant=UNPRICED, request={**KITE, "duration": 6})
            assert [problem["accepted"] for problem in found["problems"]] == [[5, 10, 15]]
            found = await agent.call("check", variant=VARIANT, request=KITE)
            assert (found["valid"], found["estimated_usd"]) == (True, 0.2016)
            found = await agent.call("estimate", request=KITE)
            prices = [one["estimated_usd"] for one in found["can"] if not one["notes"]]
            about = [note["path"] for one in found["can"] for note in one["notes"]]
            assert "audio" in about  # some make a sound unless they are told not to
            known_prices = [price for price in prices if price is not None]
            assert known_prices == sorted(known_prices)
            assert (found["spent_usd"], found["limit_usd"]) == (0, 0.1)
            found = await agent.call("list_variants", provider="apimart")
            assert VARIANT in [one["variant"] for one in found["variants"]]
            for variant, option in ((VARIANT, "--max-cost USD"), (UNPRICED, "--unknown-price USD")):
                found = await agent.call("generate", name="kite", variant=variant, request=LONGER)
                assert found["failed"]
                assert option in found["error"]
            await only_files_of_the_folder_are_used(agent, secret)

    run(work)
    assert place.bought == 0


async def only_files_of_the_folder_are_used(agent: Agent, secret: Path) -> None:
    """Name files inside and outside the folder; not even whether there is one may be learned."""

    def request(image: str) -> dict[str, Any]:
        return {**KITE, "images": [{"url": image, "role": "first_frame"}]}

    told = set()
    for image in (str(secret), "link.png", "../../secret.png", "../../none.png", "~/.ssh/id"):
        for tool in ("check", "generate"):
            asked = {"variant": VARIANT, "request": request(image)}
            named = {"name": "kite"} if tool == "generate" else {}
            found = await agent.call(tool, **asked, **named)
            assert found["failed"], image
            told.add(found["error"].replace(repr(image), "it"))
        assert (await agent.call("estimate", request=request(image)))["failed"]
    assert len(told) == 1
    found = await agent.call("check", variant=VARIANT, request=request("mine.png"))
    assert found["valid"], found
    for name in ("../kite", "/tmp/kite", "Kite", "a" * 49, "kite.mp4", ""):
        assert (await agent.call("generate", name=name, variant=VARIANT, request=KITE))["failed"]


def test_without_a_form_a_token_stands_for_a_yes_to_exactly_this(place: Place) -> None:
    kite = {"name": "kite", "variant": VARIANT, "request": KITE}

    async def work() -> None:
        async with place.agent(max_cost=0.3) as agent:
            first = await agent.call("generate", **kite)
            assert (first["status"], first["price_usd"]) == ("confirmation_needed", 0.2016)
            token = first["confirm"]
            assert "0.2016-USD" in token
            others = (
                {"name": "boat"}, {"request": {**KITE, "prompt": "A boat"}},
                {"request": LONGER}, {"variant": ANOTHER}, {"confirm": "yes"},
                {"confirm": token[:-1]}, {"confirm": first["confirm"].replace("0.2", "0.1")},
            )  # fmt: skip
            for other in others:
                found = await agent.call("generate", **{**kite, "confirm": token, **other})
                assert found["failed"] or found["status"] == "confirmation_needed", found
            assert place.bought == 0

            made = await agent.call("generate", **kite, confirm=token)
            assert made["status"] == "completed"
            assert made["file"] == str(place.folder / "kite.mp4")
            again = await agent.call("generate", **kite)
            assert (again["status"], again["file"]) == ("completed", made["file"])
            boat = {**kite, "request": {**KITE, "prompt": "A boat"}}
            assert (await agent.call("generate", **boat))["failed"]  # the name is used
            over = await agent.call("generate", **{**boat, "name": "boat"})
            assert "0.3 USD, 0.2016 USD are spent" in over["error"]

            listed = await agent.call("list_tasks")
            assert [task["task"] for task in listed["tasks"]] == ["kite"]
            shown = await agent.call("show_task", task="kite")
            assert (shown["billed_usd"], shown["file"]) == (0.2016, made["file"])
            assert (await agent.call("resume_task", task="kite"))["file"] == made["file"]
            for tool in ("show_task", "resume_task", "cancel_task"):
                assert (await agent.call(tool, task="kit"))["failed"]
            told = "".join(agent.told)
            assert place.sandbox.key not in told
            assert place.sandbox.storage_url not in told

    run(work)
    assert place.bought == 1
    assert (place.folder / "kite.mp4").stat().st_size > 10_000
    assert place.sandbox.key not in place.log.read_text()


def test_a_client_with_forms_asks_its_user(place: Place) -> None:
    user = User(DECLINE, NO, YES)
    asked = {"name": "kites", "variants": [VARIANT, ANOTHER], "request": KITE}
    files: list[Path] = []

    async def work() -> None:
        async with place.agent(user=user) as agent:
            for _ in range(2):
                token = "buy-for-0.4536-USD-0123456789abcdef01234567"
                declined = await agent.call("compare", **asked, confirm=token)
                assert declined["status"] == "declined"
                assert "confirm" not in declined
            assert place.bought == 0
            done = await agent.call("compare", **asked)
            assert [cell["status"] for cell in done["cells"]] == ["completed"] * 2, done
            assert done["page"] == str(place.folder / "comparisons" / "kites" / "report.html")
            files.extend([Path(done["page"]), *(Path(cell["file"]) for cell in done["cells"])])
            again = await agent.call("compare", **asked)
            assert again["cells"] == done["cells"]
            costs = [cell["billed_usd"] or cell["estimated_usd"] for cell in done["cells"]]
            found = await agent.call("estimate", request=KITE)
            assert found["spent_usd"] == pytest.approx(sum(costs))

    run(work)
    assert place.bought == 2
    assert all(file.is_file() for file in files)
    assert len(user.asked) == 3
    first = user.asked[0].splitlines()[0]
    assert all(variant in first for variant in (VARIANT, ANOTHER, "0.2016 USD"))
    assert "A red kite" in user.asked[0]


@pytest.mark.rushes_sandbox(queue_seconds=3600)
def test_a_long_task_outlives_the_call_and_can_be_cancelled(place: Place) -> None:
    """With a client of the older protocol, which is asked in the middle of a call."""
    user = User(NO, YES)
    kite = {"name": "kite", "variant": "fal/kling-v3-standard", "request": LONGER}
    seen: list[str | None] = []

    async def show(progress: float, total: float | None, message: str | None) -> None:
        seen.append(message)

    async def work() -> None:
        async with place.agent(wait=0.5, user=user, legacy=True) as agent:
            assert (await agent.call("generate", **kite))["status"] == "declined"
            assert place.bought == 0
            result = await agent.client.call_tool("generate", kite, progress_callback=show)
            found = result.structured_content or {}
            while found["status"] in ("preparing", "recorded", "sending"):
                found = await agent.call("generate", **kite)
            assert found["status"] in ("queued", "in_progress")
            assert "resume_task" in found["next"]
            assert seen
            assert (await agent.call("resume_task", task="kite"))["file"] is None
            found = await agent.call("cancel_task", task="kite")
            assert found["status"] == "cancelled", found

    run(work)
    assert place.bought == 1
    assert len(user.asked) == 2


def test_a_server_that_is_killed_in_the_middle_of_a_purchase_pays_once(place: Place) -> None:
    held = place.sandbox.inject("stall-after-create", gateway="kling")
    kite = {"name": "kite", "variant": ANOTHER, "request": KITE}

    async def first() -> None:
        async with place.agent() as agent:
            token = (await agent.call("generate", **kite))["confirm"]
            calling = asyncio.create_task(agent.call("generate", **kite, confirm=token))
            await asyncio.to_thread(held.wait, 60)
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)

    run(first)  # the client closes its side, waits a little, and kills the server
    held.release()
    assert place.bought == 1

    async def second() -> None:
        async with place.agent() as agent:
            listed = await agent.call("list_tasks", unfinished=True)
            assert [task["task"] for task in listed["tasks"]] == ["kite"]
            assert (await agent.call("resume_task", task="kite"))["failed"]  # it could buy
            made = await agent.confirmed("generate", **kite)
            assert made["status"] == "completed", made

    run(second)
    assert place.bought == 1
