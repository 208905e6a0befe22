"""Names of files whose URLs need no key."""

import secrets


def unguessable_token() -> str:
    """Return 192 random bits as text for a URL: anyone who knows the URL may fetch the file."""
    return secrets.token_urlsafe(24)
