"""What a variant must be able to do, as `rushes variants --can` asks for it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem
from msgspec import Struct

from rushes_cli._request.numbers import number

if TYPE_CHECKING:
    from rushes import Capability

ABILITIES = {
    "negative-prompt": "negative_prompt",
    "duration": "duration",
    "aspect-ratio": "aspect_ratio",
    "resolution": "resolution",
    "first-frame": "images.first_frame",
    "last-frame": "images.last_frame",
    "reference": "images.reference",
    "reference-video": "videos.reference",
    "edit-video": "videos.edit",
    "sound": "sounds",
    "audio": "audio",
    "watermark": "watermark",
    "guidance": "guidance",
    "seed": "seed",
    "shot": "shots",
    "subject": "subjects",
    "continues": "continues",
}
"""The options of a request, and the fields of `rushes.capabilities`."""


class Ability(Struct, frozen=True):
    """One common field that must be accepted, or one value of it."""

    field: str
    value: Any = None

    def met_by(self, can: "Mapping[str, Capability]") -> bool:
        """Whether a variant with these capabilities can do it."""
        capability = can[self.field]
        if capability.how == "no":
            return False
        value = True if self.value is None and self.field == "audio" else self.value
        if value is None or capability.accepted is None:
            return True
        return value in capability.accepted


class AbilityType(click.ParamType["Ability"]):
    """Reads `first-frame`, or `duration=10`."""

    name = "ability"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Ability:
        """Return what is asked for; fail with what may be."""
        name, sign, text = str(value).partition("=")
        if name not in ABILITIES:
            from rushes.problems import listing

            self.fail(f"{name!r} is not one of {listing(ABILITIES)}.", param, ctx)
        return Ability(ABILITIES[name], _value(text) if sign else None)


def _value(text: str) -> Any:
    """Return a number, a truth value or a text."""
    words: dict[str, Any] = {"yes": True, "true": True, "no": False, "false": False}
    if text in words:
        return words[text]
    try:
        return number(text)
    except click.BadParameter:
        return text


def complete_abilities(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of an ability. Imports no plugin."""
    return [CompletionItem(name) for name in ABILITIES if name.startswith(incomplete)]
