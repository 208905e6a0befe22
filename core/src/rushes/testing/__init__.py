"""For plugin authors: the conformance kit. Needs the extra `rushes[testing]`.

`VariantConformance` is the kit. `check` checks a request against a loaded variant, without a
client. `payload_fields` describes a variant's fields in words, for a page about it.
"""

from rushes._check.checking import check
from rushes.testing._conformance import VariantConformance
from rushes.testing._fields import PayloadField, payload_fields

__all__ = ["PayloadField", "VariantConformance", "check", "payload_fields"]
