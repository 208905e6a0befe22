"""Many variants at a glance: a line for each, no wider than a terminal."""

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from rushes_cli._request.cheapest import lines
from rushes_cli.terminal import console, escape_controls, print_line

if TYPE_CHECKING:
    from rushes import Capability, Client, Variant

SECONDS = 5
"""Length of the video whose price per second is shown, or the nearest that is accepted."""
NARROW = 76
"""Columns below which only a variant's name, its seconds and its price are shown."""
FILES = {
    "first": ("images.first_frame",),
    "last": ("images.last_frame",),
    "refs": ("images.reference",),
    "video": ("videos.reference", "videos.edit"),
}
"""What a video can be made from, besides text."""
SOUND = {"carried": "on/off", "no": "?"}


class Overview(Struct, frozen=True):
    """What is shown of one variant: what it can do, and USD per second with all defaults.

    `ended` is whether its provider no longer offers it.
    """

    variant: "Variant"
    capabilities: "dict[str, Capability]"
    usd_per_second: float | None
    ended: bool


def overview(client: "Client", variant: "Variant") -> Overview:
    """Return what is shown of one variant."""
    import rushes

    can = rushes.capabilities(variant)
    today = datetime.datetime.now(datetime.UTC).date()
    ended = variant.ends is not None and variant.ends <= today
    return Overview(variant, can, _usd_per_second(client, variant, can), ended)


def _usd_per_second(
    client: "Client", variant: "Variant", can: "dict[str, Capability]"
) -> float | None:
    if variant.cost is None:
        return None
    known = [seconds for seconds in can["duration"].accepted or () if seconds > 0]
    seconds = min(known, key=lambda length: abs(length - SECONDS), default=SECONDS)
    usual = {"prompt": "A red kite", "duration": seconds}
    small = min(can["resolution"].accepted or (), key=lines, default=None)
    for request in (usual, {**usual, "resolution": small}):
        cost = client.check(variant.id, request).cost
        if cost is not None:
            return cost / seconds
    return None


def print_overview(found: Sequence[Overview]) -> None:
    """Print the table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False)
    table.add_column("variant", overflow="fold", max_width=36)
    table.add_column("seconds", overflow="fold", max_width=10)
    table.add_column("up to")
    for name in FILES:
        table.add_column(name, justify="center")
    table.add_column("sound")
    table.add_column("USD/s", justify="right")
    for row in found:
        table.add_row(*(Text(escape_controls(cell)) for cell in _cells(row)))
    screen = console()
    if screen.width < NARROW:
        table.columns[2:-1] = []
    screen.print(table)
    print_line()
    print_line(
        f"USD/s: of a video of about {SECONDS} seconds with all defaults; in the smallest "
        "resolution, if the default is unknown. `rushes variants VARIANT` shows everything about "
        "one, `rushes check` which of them can do what you ask for."
    )


def _cells(row: Overview) -> Iterable[str]:
    can = row.capabilities
    yield row.variant.id
    yield _seconds(can["duration"])
    yield _largest(can["resolution"])
    for fields in FILES.values():
        yield "yes" if any(can[field].how != "no" for field in fields) else "-"
    sound = {"always": "on", "never": "off"}
    yield SOUND.get(can["audio"].how, sound.get(can["audio"].words, can["audio"].words))
    if row.ended:
        yield "ended"
    else:
        yield "?" if row.usd_per_second is None else f"{row.usd_per_second:.3f}"


def _seconds(capability: "Capability") -> str:
    """Return the lengths that are accepted: `5 10`, or `3-15` if all between two are."""
    if capability.how == "no":
        return "?"
    known = capability.accepted
    if known and len(known) > 3 and [*known] == [*range(known[0], known[-1] + 1)]:
        return f"{known[0]}-{known[-1]}"
    return capability.words.replace(" to ", "-").replace(", ", " ")


def _largest(capability: "Capability") -> str:
    """Return the largest resolution: of names like 720p and 4k, by their lines."""
    names = [str(name) for name in capability.accepted or ()]
    return max(names, key=lines, default="?")
