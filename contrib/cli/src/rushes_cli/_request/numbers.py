"""Numbers on the command line."""

import math

import click


def number(text: str) -> int | float:
    """Read a finite number; a whole one stays an int, since providers distinguish 5 from 5.0."""
    for kind in (int, float):
        try:
            read: int | float = kind(text)
        except ValueError:
            continue
        if math.isfinite(read):
            return read
    raise click.BadParameter(f"{text!r} is not a number.")


def amount(text: str) -> int | float:
    """Read an amount, as of money or of days: a finite number that is not less than 0."""
    read = number(text)
    if read < 0:
        raise click.BadParameter(f"{text} is less than 0.")
    return read


def seconds(text: str) -> int | float:
    """Read a length of time in seconds; 0 means no waiting at all."""
    return amount(text)
