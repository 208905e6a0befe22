"""For tests: the conformance kits, and a clock and a network for code that uses clients.

`VariantConformance` is the kit for variants, `WrapperConformance` the one for wrappers,
`ObserverConformance` the one for observers, `JournalConformance` the one for journals; they need
the extra `rushes[testing]`. `Clock` skips a client's pauses, `Network` answers its calls from a
script. `check` checks a request against a loaded variant, without a client. `payload_fields`
describes a variant's fields, for a page about it.

For further tests of a plugin: `payloads` and `odd_answers` are Hypothesis strategies,
`edge_payloads` changes one payload in every place, and inside `barred` a hook that does I/O fails.
"""

from typing import TYPE_CHECKING

from rushes._lazy import lazily

if TYPE_CHECKING:
    from rushes._check.checking import check as check
    from rushes._network.scripted import DROPPED as DROPPED
    from rushes._network.scripted import UNREACHABLE as UNREACHABLE
    from rushes._network.scripted import Network as Network
    from rushes.testing._barred import barred as barred
    from rushes.testing._clock import Clock as Clock
    from rushes.testing._conformance import VariantConformance as VariantConformance
    from rushes.testing._fields import PayloadField as PayloadField
    from rushes.testing._fields import payload_fields as payload_fields
    from rushes.testing._journal_checks import JournalConformance as JournalConformance
    from rushes.testing._observer import ObserverConformance as ObserverConformance
    from rushes.testing._odd_answers import odd_answers as odd_answers
    from rushes.testing._sites import edge_payloads as edge_payloads
    from rushes.testing._values import payloads as payloads
    from rushes.testing._wrapper import WrapperConformance as WrapperConformance
else:
    __all__, __getattr__, __dir__ = lazily(
        __name__,
        {
            "rushes._check.checking": "check",
            "rushes._network.scripted": "DROPPED UNREACHABLE Network",
            "rushes.testing._barred": "barred",
            "rushes.testing._clock": "Clock",
            "rushes.testing._conformance": "VariantConformance",
            "rushes.testing._fields": "PayloadField payload_fields",
            "rushes.testing._journal_checks": "JournalConformance",
            "rushes.testing._observer": "ObserverConformance",
            "rushes.testing._odd_answers": "odd_answers",
            "rushes.testing._sites": "edge_payloads",
            "rushes.testing._values": "payloads",
            "rushes.testing._wrapper": "WrapperConformance",
        },
    )
