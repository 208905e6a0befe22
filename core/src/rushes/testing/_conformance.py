"""The conformance kit: subclass it and list examples, and it tests a plugin."""

import os
from collections.abc import Iterator
from typing import Any

import msgspec

from rushes._check.matrix import capabilities
from rushes._check.schema import json_schema
from rushes.problems import Problem
from rushes.request import Image, Request, Shot, Subject, Video
from rushes.testing._message_checks import MessageChecks
from rushes.testing._payload_checks import PayloadChecks
from rushes.testing._purity_checks import PurityChecks
from rushes.testing._reading_checks import ReadingChecks
from rushes.testing._request_checks import RequestChecks
from rushes.testing._under_test import HIDDEN, Example
from rushes.testing._values import URL
from rushes.testing._webhook_checks import WebhookChecks
from rushes.testing._wire_checks import WireChecks

__tracebackhide__ = HIDDEN
PORTABLE: dict[str, list[Any]] = {
    "negative_prompt": ["blur"],
    "duration": [5],
    "aspect_ratio": ["9:16"],
    "resolution": ["720p", "1080p", "4k"],
    "images": [
        *([Image(URL, role)] for role in ("first_frame", "last_frame", "reference")),
        [Image(URL, "first_frame"), Image(URL, "last_frame")],
    ],
    "videos": [[Video(URL, role)] for role in ("reference", "edit")],
    "sounds": [[URL]],
    "shots": [[Shot("k", 3), Shot("l", 2)], [Shot("k"), Shot("l")]],
    "subjects": [[Subject("kite", "red", [URL, URL])]],
    "audio": [True, False],
    "watermark": [True, False],
    "guidance": [0.25],
    "seed": [7],
    "continues": ["task-7"],
}
"""Values of common fields whose wire bodies are kept in the snapshot."""

DECLARED = (
    "answers", "authorization", "base_url", "callback_field", "cancel", "client_id_field",
    "client_id_header", "facts", "headers", "idempotency", "look_up", "look_up_path", "model_field",
    "origins", "polling", "query_fields", "secrets", "status_path", "submit_path", "submit_paths",
    "uploads", "variables",
)  # fmt: skip
"""What the snapshot keeps of a declaration, besides its schema, rules and capabilities."""

ABSENT = "(absent)"
MOST_DIFFERENCES = 20
"""How many differences from the snapshot a failure shows."""


class VariantConformance(
    PayloadChecks,
    RequestChecks,
    MessageChecks,
    WireChecks,
    ReadingChecks,
    WebhookChecks,
    PurityChecks,
):
    """Everything that a variant's plugin must do, tested from its declaration and a few examples.

        BASE = {"model": "zoom-1", "prompt": "A red kite"}
        REJECTED = {"fine_is_short": {**BASE, "quality": "fine", "seconds": 9}}

        class TestZoom(VariantConformance):
            plugin = rushes_acme.zoom
            accepted = (BASE, {**BASE, "seconds": 12})
            rejected = REJECTED

    What breaks a rule of the vocabulary is made from `accepted`; only `@rule`s need an example.
    The words and paths of answers are known from the declaration's `answers`; for answers that
    hooks read, list `receipts`, `words` and `word_at`.

    `RUSHES_SNAPSHOT=write pytest` writes the snapshot beside the tests; read its diff before you
    commit it: a changed bound shows there.
    """

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        kit = {name for name in dir(VariantConformance) if name.startswith("test_")}
        replaced = {n for n in kit if getattr(cls, n) is not getattr(VariantConformance, n)}
        explained = {name for name, reason in cls.overrides.items() if reason.strip()}
        if silent := sorted(replaced - explained):
            raise TypeError(
                f"{cls.__name__} overrides {', '.join(silent)}; give the reason in `overrides`"
            )
        if idle := sorted(set(cls.overrides) - replaced):
            raise TypeError(
                f"{cls.__name__} gives reasons for {', '.join(idle)}, but does not override them"
            )

    def test_the_snapshot_matches(self) -> None:
        """Schema, codes, capabilities and wire bodies equal the reviewed snapshot."""
        path = self.snapshot_path()
        snapshot = msgspec.to_builtins(self._snapshot(), str_keys=True)  # codes may be numbers
        written = msgspec.json.format(msgspec.json.encode(snapshot, order="deterministic"))
        if os.environ.get("RUSHES_SNAPSHOT") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(written + b"\n")
        assert path.exists(), self.says(
            f"{path} is missing; write it with RUSHES_SNAPSHOT=write pytest"
        )
        reviewed = msgspec.json.decode(path.read_bytes())
        differences = [*_differences(reviewed, msgspec.json.decode(written))]
        rest = len(differences) - MOST_DIFFERENCES
        more = [f"and {rest} more; once it is rewritten, your diff shows all"] if rest > 0 else []
        assert not differences, self.says(
            f"{path.name} differs; review it, then rewrite it with RUSHES_SNAPSHOT=write pytest:\n"
            + "\n".join((*differences[:MOST_DIFFERENCES], *more))
        )

    def _snapshot(self) -> dict[str, Any]:
        variant, declared = self.variant, self.declared().variant
        probes = [Request("k")] + [
            Request("k", **{field: value}) for field, values in PORTABLE.items() for value in values
        ]
        mapping = {
            name: [self._broken(one, name) for one in examples]
            for name, examples in self.mapping_examples.items()
        }
        return ({"mapping": mapping} if mapping else {}) | {
            "schema": json_schema(variant),
            "rules": [
                {"code": r.name, "fields": r.fields, "text": r.text, "source": r.source}
                | {"examples": [self._broken(one, r.name) for one in self.rule_examples[r.name]]}
                for r in variant.rules
            ],
            "capabilities": list(capabilities(variant).values()),
            "declaration": {name: getattr(declared, name) for name in DECLARED},
            "hooks": self.calls_of_hooks(),
            "accepted": [self._sent(example) for example in self.accepted],
            "portable": [self._sent(example) for example in probes],
        }

    def _broken(self, example: Example, code: str) -> dict[str, Any]:
        found = self.findings(example, code)
        accepted = [one.accepted for one in found if isinstance(one, Problem)]
        return {"request": example, "at": [one.path for one in found], "accepted": accepted}

    def _sent(self, example: Example) -> dict[str, Any]:
        report = self.check(example)
        sent: dict[str, Any] = {
            "request": example,
            "problems": [f"{problem.path}: {problem.code}" for problem in report.problems],
            "notes": [f"{note.path}: {note.code}" for note in report.notes],
        }
        if report.valid:
            call = self.call(report)
            sent["call"] = f"{call.method} {call.url}"
            sent["headers"] = call.headers
            sent["body"] = (call.body or b"").decode()
            sent["input_mode"] = report.input_mode
            sent["cost"] = report.cost
        return sent


def _differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield the differences between two snapshots, each with its path, old and new value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _differences(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, f"{path}[{index}]")
    elif old != new:
        yield f"{path[1:]}: was {old!r}, is now {new!r}"
