"""Write a newer snapshot: `python -m rushes_openrouter MODEL… [--list FILE] > models.json`.

The list is asked for at OpenRouter (or at OPENROUTER_BASE_URL), without a key. This command is for
whoever keeps the package up to date; the plugin itself opens no connection.
"""

import argparse
import datetime
import os
import sys
import urllib.request
from pathlib import Path

import msgspec

from rushes_openrouter.listing import Listing, read, snapshot, written
from rushes_openrouter.provider import openrouter

SECONDS = 30
MOST = 16 * 1024 * 1024
"""Bytes of a list that are read at most."""


def fetched(base_url: str) -> bytes:
    """Return the list as OpenRouter answers it; raises OSError if it does not."""
    request = urllib.request.Request(f"{base_url.rstrip('/')}/videos/models")  # noqa: S310
    if request.type not in ("http", "https"):
        raise OSError(f"{base_url} is not an http(s) address")
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read(MOST)
    return content


def chosen(listing: Listing, names: list[str], today: str) -> Listing:
    """Return those models of a list, in the order of their names; all without names.

    Raises ValueError for a name that the list does not have.
    """
    known = {model.id: model for model in listing.data}
    if missing := [name for name in names if name not in known]:
        raise ValueError(
            f"the list has no {', '.join(missing)} (it has {', '.join(sorted(known))})"
        )
    data = [known[name] for name in sorted(names or known)]
    return Listing(data=data, listed=listing.listed or today)


def main(arguments: list[str] | None = None) -> int:
    """Print a snapshot of the list; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rushes_openrouter", description=__doc__)
    parser.add_argument("models", nargs="*", help="their ids; by default those of the snapshot")
    parser.add_argument("--all", action="store_true", help="take every model of the list")
    parser.add_argument("--list", type=Path, help="a file with the list, instead of asking for it")
    options = parser.parse_args(arguments)
    names = options.models or [model.id for model in snapshot().data]
    base_url = os.environ.get("OPENROUTER_BASE_URL") or openrouter.base_url or ""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    try:
        content = options.list.read_bytes() if options.list else fetched(base_url)
        listing = chosen(read(content), [] if options.all else names, today)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        print(f"no snapshot: {error}", file=sys.stderr)  # noqa: T201
        return 1
    sys.stdout.write(written(listing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
