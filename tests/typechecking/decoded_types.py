"""Find the types that our sources decode or convert to: `python decoded_types.py SOURCE…`.

Print those that msgspec has not prepared although their module has been imported. This needs a
process of its own, in which nothing has been decoded.
"""

import ast
import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct

NAMES = ("decode", "convert", "Decoder", "type_info")
PARTS = (ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.BinOp, ast.Constant, ast.operator)
"""The syntax of types; nothing else is evaluated."""


def main(sources: list[str]) -> None:
    modules = {Path(source): import_module(_module(Path(source))) for source in sources}
    for path, module in modules.items():
        for node in named(ast.parse(path.read_text(encoding="utf-8"))):
            try:
                found = eval(ast.unparse(node), vars(module))
            except (NameError, AttributeError):
                continue  # of a type known only at run time: the loaded variant's
            for struct in structs(found):
                if not is_ready(struct):
                    sys.stdout.write(f"{path}:{node.lineno}: {struct.__qualname__}\n")


def named(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield every expression that gives msgspec a type."""
    for node in ast.walk(tree):
        name = getattr(node, "func", None)
        if isinstance(node, ast.Call) and getattr(name, "attr", getattr(name, "id", "")) in NAMES:
            candidates = [*node.args, *(word.value for word in node.keywords if word.arg == "type")]
            yield from (each for each in candidates if _is_type(each))


def _is_type(node: ast.expr) -> bool:
    parts = (part for part in ast.walk(node) if not isinstance(part, ast.expr_context))
    return all(isinstance(part, PARTS) for part in parts)


def structs(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for inner in get_args(hint):
        yield from structs(inner)


def is_ready(struct: type[Struct]) -> bool:
    """Return whether msgspec has prepared the struct."""
    return any(type(held).__name__ == "StructInfo" for held in gc.get_referents(struct))


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[parts.index("src") + 1 :]).removesuffix(".__init__")


if __name__ == "__main__":
    main(sys.argv[1:])
