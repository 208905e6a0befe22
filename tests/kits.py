"""The conformance kits of our variants, found by path as pytest finds them: one for each."""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from rushes.plugins import Registry
from rushes.testing import VariantConformance

ROOT = Path(__file__).parent.parent


@cache
def kits() -> dict[str, VariantConformance]:
    """Return every variant's kit by the variant's id, in the order of the ids.

    A kit may also have models that are made up: they are left out.
    """
    ours = {*Registry().ids()}
    found: dict[str, VariantConformance] = {}
    for path in sorted(ROOT.glob("plugins/*/tests/test_kit_*.py")):
        spec = spec_from_file_location(path.stem, path)
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        for value in vars(module).values():
            is_kit = isinstance(value, type) and issubclass(value, VariantConformance)
            if is_kit and getattr(value, "plugin", None) is not None:
                kit = value()
                if kit.variant.id in ours:
                    found[kit.variant.id] = kit
    return dict(sorted(found.items()))
