"""For those who write plugins: the conformance kit. Needs the extra `rushes[testing]`."""

from rushes.testing.conformance import VariantConformance

__all__ = ["VariantConformance"]
