"""Plugins in a file that is not installed: to try one while it is written."""

import ast
import sys
import traceback
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from rushes._plugins.calling import PLUGIN_ERRORS
from rushes._plugins.loading import build
from rushes.errors import BrokenPluginError, RushesError
from rushes.files import read_regular
from rushes.variant import Variant

_MOST = 16 * 1024 * 1024
"""Bytes of a file that is run as a plugin."""


def load_file(path: str | Path) -> dict[str, Any]:
    """Return the plugins that a Python file declares, by the ids of their variants.

    A plugin is what an entry point could name in it: a declaration (`Variant`), or an object (or
    the file itself) whose hook `variant` returns one. Names that begin with an underscore are left
    out. Each is checked as an installed one is when it is loaded; a client is given them as
    `plugins=load_file(…).values()`. The file is run again at each call; it may import modules
    beside it, and those of the package that it is in.

    Raises BrokenPluginError, with the line, if the file cannot be read or run, if it declares
    nothing, or if a declaration is wrong.
    """
    path = Path(path)
    module, lines = _run(path)
    found: dict[str, tuple[str, Any]] = {}
    for name, plugin in _plugins(module):
        place = f"{path.name}, line {lines.get(name, 1)}"
        variant_id = _id(plugin, name, path, place)
        other, first = found.setdefault(variant_id, (name, plugin))
        is_its_declaration = isinstance(plugin, Variant) and not isinstance(first, Variant)
        if first is not plugin and not is_its_declaration:
            raise BrokenPluginError(
                f"{place}: {variant_id} is declared twice, as {other} and as {name}; begin the "
                "name of one of them with an underscore"
            )
    if not found:
        raise BrokenPluginError(
            f"{path.name}: it declares no variant; what Provider.variant(…) returns needs a name "
            "in it: zoom = acme.variant(…)"
        )
    return {variant_id: plugin for variant_id, (_, plugin) in found.items()}


def _id(plugin: Any, name: str, path: Path, place: str) -> str:
    """Load a plugin, and return the id of its variant."""
    try:
        return build(plugin, [], plugin.id if isinstance(plugin, Variant) else name).variant.id
    except BrokenPluginError as error:
        if line := line_in(path, error):
            place = f"{path.name}, line {line}"
        raise BrokenPluginError(f"{place}: {error}") from error


def line_in(path: str | Path, error: BaseException) -> int | None:
    """Return the last line of a file that an error, or one of its causes, passed; None if none."""
    seen: BaseException | None = error
    found = None
    while seen is not None:
        if isinstance(seen, SyntaxError) and seen.filename == str(path):
            return seen.lineno
        frames = traceback.extract_tb(seen.__traceback__)
        own = [frame.lineno for frame in frames if frame.filename == str(path)]
        found = own[-1] if own else found
        seen = seen.__cause__
    return found


def _run(path: Path) -> tuple[ModuleType, dict[str, int]]:
    """Run a file as a module; return it, and the line that gives each of its names a value."""
    name = f"rushes_file_{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    module.__package__ = _let_import(path.parent.absolute())
    try:
        source = read_regular(path, _MOST)
    except OSError as error:
        raise BrokenPluginError(f"{path}: it cannot be read ({error.strerror})") from error
    sys.modules[name] = module  # type hints are looked up there
    try:
        # Compiled here: what Python keeps of a file counts as current within the same second.
        code = SourceFileLoader(name, str(path)).source_to_code(source, str(path))
        exec(code, vars(module))  # noqa: S102 - this is what the file is for
    except PLUGIN_ERRORS as error:
        raise _blame(path, error) from error
    return module, {name: line for line, name in _names(ast.parse(source))}


def _let_import(folder: Path) -> str:
    """Let a file import what is beside it; return the package that its folder is, if it is one."""
    package: list[str] = []
    while (folder / "__init__.py").is_file() and folder.name:
        package.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        # A package's file means its own package, even if another version is installed; other files
        # must not stand in for installed modules.
        sys.path.insert(0 if package else len(sys.path), str(folder))
    return ".".join(package)


def _blame(path: Path, error: BaseException) -> BrokenPluginError:
    """Say what the file, or another that it imports, raised, and where."""
    place = path.name
    if isinstance(error, SyntaxError) and error.filename:
        place, line = Path(error.filename).name, error.lineno
        what = f"{error.msg}: {error.text.strip()}" if error.text else error.msg
    else:
        line = line_in(path, error)
        ours = isinstance(error, RushesError)
        what = str(error) if ours else f"{type(error).__name__}: {error}"
    return BrokenPluginError(f"{place}, line {line}: {what}" if line else f"{place}: {what}")


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line of each name that a module gives a value, in their order."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for part in ast.walk(target) if target else ():
                if isinstance(part, ast.Name):
                    yield node.lineno, part.id


def _plugins(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield a module's plugins by name: those with hooks first, as they use declarations."""
    if _declares(module):
        yield "variant", module
    named = [(name, value) for name, value in vars(module).items() if not name.startswith("_")]
    for name, value in named:
        if not isinstance(value, (ModuleType, type, Variant)) and _declares(value):
            yield name, value
    for name, value in named:
        if isinstance(value, Variant):
            yield name, value


def _declares(value: Any) -> bool:
    """Whether something has the hook `variant`."""
    try:
        return hasattr(getattr(value, "variant", None), "rushes_impl")
    except Exception:  # noqa: BLE001 - an object of the file's may do anything when it is asked
        return False
