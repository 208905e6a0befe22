"""The conformance kit: subclass it, list examples, and a plugin's rules are proven."""

import os
from typing import Any

import msgspec

from rushes.matrix import capabilities
from rushes.request import Request
from rushes.schema import json_schema
from rushes.testing.payload_checks import PROBES, PayloadChecks
from rushes.testing.subject import Example
from rushes.testing.wire_checks import WireChecks


class VariantConformance(PayloadChecks, WireChecks):
    """Everything a variant's plugin must keep, tested from its declaration and a few examples.

        class TestZoom(VariantConformance):
            plugin = rushes_acme.zoom
            accepted = [{"model": "zoom-1", "prompt": "A red kite"}]
            rejected = {"fine_is_short": {"model": "zoom-1", "prompt": "k", "quality": "fine",
                                          "seconds": 9}}
            receipts = [({"video": {"id": "v1"}}, "v1")]
            words = "waiting:queued running:in_progress done:completed error:failed"
            word_at = "state"

    The snapshot beside the tests is written by `RUSHES_SNAPSHOT=write pytest`; read its difference
    before you commit it: a bound that moved shows there.
    """

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        kit = {name for name in dir(VariantConformance) if name.startswith("test_")}
        silent = sorted(kit & set(vars(cls)) - set(cls.overrides))
        if silent:
            raise TypeError(
                f"{cls.__name__} overrides {', '.join(silent)}; give the reason in `overrides`"
            )

    def test_the_snapshot_matches(self) -> None:
        """Schema, codes, capabilities and wire bodies are what somebody has reviewed."""
        path = self.snapshot_path()
        taken = msgspec.json.format(msgspec.json.encode(self._snapshot(), order="deterministic"))
        if os.environ.get("RUSHES_SNAPSHOT") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(taken + b"\n")
        assert path.exists(), f"{path} is missing; write it with RUSHES_SNAPSHOT=write pytest"
        kept = msgspec.json.decode(path.read_bytes())
        assert msgspec.json.decode(taken) == kept, (
            f"{path.name} differs; review, and write it anew with RUSHES_SNAPSHOT=write pytest"
        )

    def _snapshot(self) -> dict[str, Any]:
        variant = self.variant
        probes = [Request("k")] + [
            Request("k", **{field: value}) for field, values in PROBES.items() for value in values
        ]
        return {
            "schema": json_schema(variant),
            "rules": [
                {"code": r.name, "fields": r.fields, "text": r.text, "source": r.source}
                for r in variant.rules
            ],
            "capabilities": list(capabilities(variant).values()),
            "declaration": {
                "idempotency": variant.idempotency,
                "look_up": variant.look_up,
                "polling": variant.polling,
                "uploads": variant.uploads,
                "base_url": variant.base_url,
            },
            "accepted": [self._sent(example) for example in self.accepted],
            "portable": [self._sent(example) for example in probes],
        }

    def _sent(self, example: Example) -> dict[str, Any]:
        report = self.check(example)
        told: dict[str, Any] = {
            "request": example,
            "problems": [f"{problem.path}: {problem.code}" for problem in report.problems],
            "notes": [f"{note.path}: {note.code}" for note in report.notes],
        }
        if report.valid:
            call = self.call(report)
            told["call"] = f"{call.method} {call.url}"
            told["headers"] = call.headers
            told["body"] = (call.body or b"").decode()
            told["input_mode"] = report.input_mode
            told["cost"] = report.cost
        return told
