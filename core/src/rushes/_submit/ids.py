"""Ids of a task: our reference, and what a provider may call it."""

import base64
import secrets
import time

from rushes._urls import climbs
from rushes.journal import MAX_REMOTE_ID


def id_objection(text: str) -> str | None:
    """Say why a text cannot be a remote id, or None. Ids are used in addresses and messages."""
    if not text.strip():
        return "is blank"
    if len(text) > MAX_REMOTE_ID:
        return f"has {len(text):,} characters, more than {MAX_REMOTE_ID}"
    if climbs(text):
        return "would lead to another address: dots in a path mean a parent folder"
    return None if text.isprintable() else "contains characters that cannot be printed"


def new_task_id(now: float) -> str:
    """Make a unique reference that sorts by day: `20260102-k3v9x2mq4tza`."""
    day = time.strftime("%Y%m%d", time.gmtime(now))
    return f"{day}-{base64.b32encode(secrets.token_bytes(8)).decode().rstrip('=').lower()}"
