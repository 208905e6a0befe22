"""Putting ES modules together into one script, which a page can hold.

A page that is opened from a disk cannot import modules: each file is an origin of its own, and a
policy that allows `data:` or `blob:` scripts would allow a stranger's, too. So each module becomes
a function that returns what it exports, in the order in which they import each other.

The modules are in a plain form, which `bundle` insists on: `import { a, b } from "./other.js";` and
`import "./other.js";` at the start of a line, and `export` before a `const`, `function` or `class`.
Imports must not run in a circle.
"""

import re
from importlib.resources.abc import Traversable

_IMPORT = re.compile(r'^import (?:(\{[\w\s,]+\}) from )?"\./([\w.]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|function|async function|class) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_DOCUMENTATION = re.compile(r"^ */\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)
_UNSAFE = re.compile(r"</script|<!--", re.IGNORECASE)


class BundleError(Exception):
    """The modules cannot become one script; the message names the module and the reason."""


def bundle(folder: Traversable, entry: str) -> str:
    """Return one script that does what importing the module `entry` does. Raises BundleError."""
    modules: dict[str, str] = {}
    _add(folder, entry, modules, ())
    script = "".join(
        f'modules["{name}"] = (() => {{\n{body}}})();\n' for name, body in modules.items()
    )
    return f'"use strict";\n(() => {{\nconst modules = {{}};\n{script}}})();\n'


def _add(folder: Traversable, name: str, modules: dict[str, str], path: tuple[str, ...]) -> None:
    """Add a module after all that it imports; `path` holds the modules that led to it."""
    if name in path:
        raise BundleError(f"the imports run in a circle: {' -> '.join((*path, name))}")
    if name in modules:
        return
    source = folder.joinpath(name).read_text(encoding="utf-8")
    for found in _IMPORT.finditer(source):
        _add(folder, found[2], modules, (*path, name))
    modules[name] = _body(name, source)


def _body(name: str, source: str) -> str:
    """Return a module as a function's body; comments for the type checker are left out."""
    exported = _EXPORT.findall(source)
    body = _IMPORT.sub(_take, _EXPORT.sub("", _DOCUMENTATION.sub("", source)))
    if other := _OTHER.search(body):
        raise BundleError(f"{name}: {other[0]!r} is not in the form that can be bundled")
    if unsafe := _UNSAFE.search(body):
        raise BundleError(f"{name}: {unsafe[0]!r} would end the page's script")
    return f"{body}return {{ {', '.join(exported)} }};\n"


def _take(found: re.Match[str]) -> str:
    return f'const {found[1]} = modules["{found[2]}"];' if found[1] else ""
