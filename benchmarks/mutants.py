"""How much the conformance kit catches: the plugins' source is mutated in one place at a time.

Each mutant is made mechanically from the source of a plugin, shadows the real one, and the
plugin's kit test (its few lines, and its snapshot) is run against it. A mutant that no test
notices has survived. Usage: python benchmarks/mutants.py [SUBJECT…] [--every N] [--docs FILE]
"""

import argparse
import ast
import copy
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import pytest
import rushes.testing  # noqa: F401 - loaded once, before the processes part
import rushes_sandbox  # noqa: F401

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Subject:
    """What is broken, a package or a single module, and the kit test that should notice it."""

    source: Path
    modules: tuple[str, ...]
    kit: Path
    only: str = "Test"

    @property
    def package(self) -> str:
        """The name under which the kit test imports it."""
        return self.source.stem

    def path(self, module: str, package: Path) -> Path:
        """Return where a module is in a copy of the source."""
        return package / f"{module}.py" if package.is_dir() else package


def _plugin(provider: str, kit: str, *modules: str, only: str = "Test") -> Subject:
    folder = ROOT / "plugins" / provider
    source = folder / "src" / f"rushes_{provider}"
    return Subject(source, modules, folder / "tests" / f"test_kit_{kit}.py", only)


SUBJECTS = {
    "toapis/kling-v3": _plugin("toapis", "kling_v3", "kling_v3", "images", "gateway"),
    "toapis/kling-v2-6": _plugin("toapis", "kling_v2_6", "kling_v2_6", "images", "gateway"),
    "toapis/kling-v3-omni": _plugin("toapis", "kling_v3_omni", "kling_v3_omni", "gateway"),
    "apimart/kling-v3": _plugin("apimart", "kling_v3", "kling_v3", "rules", "gateway"),
    **{
        f"uniall/kling-v3-{mode}-{sound}": _plugin(
            "uniall", "kling_v3", "kling_v3", "rules", "gateway",
            only=f"Test{mode.title()}{sound.title()}",
        )
        for mode in ("std", "pro") for sound in ("silent", "audio")
    },
    "oddity": Subject(
        ROOT / "core" / "tests" / "oddity.py",
        ("oddity",),
        ROOT / "core" / "tests" / "kit" / "test_oddity.py",
        "TestDrift or TestTurbo",
    ),
}  # fmt: skip
DECLARING = frozenset((
    "Answers", "Cancel", "Codes", "Polling", "Provider", "Together", "Uploads", "variant",
    "max_bytes", "max_utf16", "model", "steps_of",
    "accepts", "adds_up", "at_most", "by_default", "cited", "counts_from_one", "equals", "has",
    "image_may_set_ratio", "needs", "not_together", "remark", "required",
))  # fmt: skip
BOUNDS = ("ge", "le", "gt", "lt", "min_length", "max_length")
Change = Callable[[ast.AST], None]


@dataclass(frozen=True)
class Mutant:
    """One broken copy of one module, and what was broken."""

    module: str
    what: str
    source: str


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Make every mutant of a module, each with one change."""
    tree = ast.parse(source)
    for index, node in enumerate(ast.walk(tree)):
        for what, change in changes(node):
            broken = copy.deepcopy(tree)
            target = list(ast.walk(broken))[index]
            change(target)
            line = getattr(node, "lineno", 0)
            yield Mutant(module, f"{module}.py:{line} {what}", ast.unparse(broken))


def changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield the changes that a node allows."""
    yield from _bounds(node)
    yield from _enums(node)
    yield from _rules(node)
    yield from _names(node)
    yield from _declared(node)
    yield from _hook(node)
    yield from _places(node)


def _bounds(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Meta"):
        return
    for place, keyword in enumerate(node.keywords):
        value = getattr(keyword.value, "value", None)
        if keyword.arg in BOUNDS and isinstance(value, int):
            for step in (-1, 1):

                def move(target: ast.AST, place: int = place, to: int = value + step) -> None:
                    assert isinstance(target, ast.Call)
                    target.keywords[place].value = ast.Constant(to)

                yield f"bound {keyword.arg}={value} becomes {value + step}", move


def _enums(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if not (isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal"):
        return
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    values: list[object] = [item.value for item in items if isinstance(item, ast.Constant)]
    if len(values) != len(items) or "queued" in values:
        return  # the states of a Status are the core's own, not the wire's
    added = "odd_value" if isinstance(values[0], str) else 77
    options: list[tuple[str, list[object]]] = [(f"enum {values} gains {added!r}", [*values, added])]
    for place, value in enumerate(values):
        rest = values[:place] + values[place + 1 :]
        options.append((f"enum {values} loses {value!r}", rest or [added]))
    for what, kept in options:

        def choose(target: ast.AST, kept: list[object] = kept) -> None:
            assert isinstance(target, ast.Subscript)
            constants: list[ast.expr] = [ast.Constant(value) for value in kept]  # type: ignore[arg-type]
            target.slice = ast.Tuple(constants, ast.Load()) if len(kept) > 1 else constants[0]

        yield what, choose


def _rules(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if not isinstance(node, ast.FunctionDef):
        return
    if any(getattr(getattr(d, "func", None), "id", "") == "rule" for d in node.decorator_list):
        yield f"rule {node.name} always holds", _empty
        if any(isinstance(inner, (ast.If, ast.Return)) for inner in ast.walk(node)):
            yield f"rule {node.name} negated", _negate
    if node.name not in HELPERS:
        return
    for place, inner in enumerate(ast.walk(node)):
        if isinstance(inner, ast.If):

            def flip(target: ast.AST, place: int = place) -> None:
                test = list(ast.walk(target))[place]
                assert isinstance(test, ast.If)
                test.test = ast.UnaryOp(ast.Not(), test.test)

            yield f"{node.name}: condition on line {inner.lineno} negated", flip


def _empty(target: ast.AST) -> None:
    assert isinstance(target, ast.FunctionDef)
    target.body = [ast.Return(ast.Constant(True))]


def _negate(target: ast.AST) -> None:
    for inner in ast.walk(target):
        if isinstance(inner, ast.If):
            inner.test = ast.UnaryOp(ast.Not(), inner.test)
            return
        if isinstance(inner, ast.Return) and inner.value is not None:
            inner.value = ast.UnaryOp(ast.Not(), inner.value)
            return


HELPERS = ("repeated_frames", "lone_last_frame", "input_mode", "_frames", "_shots")


def _names(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if not (isinstance(node, ast.ClassDef) and any(_struct(base) for base in node.bases)):
        return
    for place, item in enumerate(node.body):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):

            def rename(target: ast.AST, place: int = place) -> None:
                assert isinstance(target, ast.ClassDef)
                field = target.body[place]
                assert isinstance(field, ast.AnnAssign)
                assert isinstance(field.target, ast.Name)
                field.target.id += "_x"

            yield f"wire name {node.name}.{item.target.id} changed", rename


def _struct(base: ast.expr) -> bool:
    return getattr(base, "id", "") in ("Struct", "Payload")


def _declared(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Change, or leave out, each fact that a declaration or a rule of the vocabulary states."""
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
    if name not in DECLARING:
        return
    for place, keyword in enumerate(node.keywords):
        if keyword.arg in ("says", "name", "source", "page", "spec", "id"):
            continue  # words for people, and what cannot differ unnoticed

        def leave_out(target: ast.AST, place: int = place) -> None:
            assert isinstance(target, ast.Call)
            del target.keywords[place]

        yield f"{name} without {keyword.arg}", leave_out
    yield from _constants(node, name)


def _hook(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Change each constant and each condition in the code of a hook."""
    if not isinstance(node, ast.FunctionDef):
        return
    if not any(getattr(decorator, "id", "") == "hookimpl" for decorator in node.decorator_list):
        return
    yield from _constants(node, node.name)
    for place, inner in enumerate(ast.walk(node)):
        if isinstance(inner, (ast.If, ast.IfExp)):

            def flip(target: ast.AST, place: int = place) -> None:
                test = list(ast.walk(target))[place]
                assert isinstance(test, (ast.If, ast.IfExp))
                test.test = ast.UnaryOp(ast.Not(), test.test)

            yield f"{node.name}: condition on line {inner.lineno} negated", flip


def _constants(node: ast.Call | ast.FunctionDef, name: str) -> Iterator[tuple[str, Change]]:
    """Change each text and number in a call or function; docstrings and messages do not count."""
    facts = {
        id(inner)
        for word in ast.walk(node)
        for inner in ast.walk(word)
        if isinstance(word, (ast.Expr, ast.JoinedStr))
        or (isinstance(word, ast.keyword) and word.arg in ("says", "name", "source", "id", "spec"))
    } - {
        id(inner)
        for word in ast.walk(node)
        if isinstance(word, ast.Yield)
        for inner in ast.walk(word)
    }
    for place, inner in enumerate(ast.walk(node)):
        if not isinstance(inner, ast.Constant) or id(inner) in facts:
            continue
        if isinstance(inner.value, str) and " " not in inner.value:
            other: object = f"{inner.value}_x"
        elif type(inner.value) in (int, float):
            other = inner.value + 1  # type: ignore[operator]
        else:
            continue

        def change(target: ast.AST, place: int = place, other: object = other) -> None:
            constant = list(ast.walk(target))[place]
            assert isinstance(constant, ast.Constant)
            constant.value = other  # type: ignore[assignment]

        yield f"{name}: {inner.value!r} becomes {other!r}", change


def _places(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if not isinstance(node, ast.Dict):
        return
    for place, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
        if not (isinstance(value, ast.Call) and isinstance(key, ast.Constant)):
            continue
        kind = getattr(value.func, "id", "")
        if kind not in ("To", "Always", "Built"):
            continue

        def unmap(target: ast.AST, place: int = place) -> None:
            assert isinstance(target, ast.Dict)
            del target.keys[place], target.values[place]

        yield f"field {key.value!r} unmapped", unmap
        if kind == "To":

            def misplace(target: ast.AST, place: int = place) -> None:
                assert isinstance(target, ast.Dict)
                call = target.values[place]
                assert isinstance(call, ast.Call)
                path = call.args[0]
                assert isinstance(path, ast.Constant)
                call.args[0] = ast.Constant("odd_" + str(path.value))

            yield f"field {key.value!r} sent elsewhere", misplace


class SnapshotFirst:
    """Runs the quickest test first: what it notices needs no other."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests."""
        items.sort(key=lambda item: "snapshot" not in item.name)


def caught(task: tuple[str, Mutant]) -> bool:
    """Run a subject's kit against a mutant, in this fresh process; whether any test fails."""
    name, mutant = task
    subject = SUBJECTS[name]
    assert subject.package not in sys.modules, "the unbroken plugin is loaded already"
    os.environ["RUSHES_SNAPSHOT"] = ""
    with tempfile.TemporaryDirectory(prefix="rushes-mutant-") as folder:
        copied = Path(folder) / subject.source.name
        if subject.source.is_dir():
            shutil.copytree(subject.source, copied)
        subject.path(mutant.module, copied).write_text(mutant.source, encoding="utf-8")
        sys.path.insert(0, folder)
        sys.dont_write_bytecode = True
        try:
            import_module(subject.package)  # now, as pytest puts the tests' folders first
        except Exception:  # noqa: BLE001 - whatever a broken module raises
            return True  # it does not even load
        with (
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            code = pytest.main(
                ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}",
                 "-o", "filterwarnings=",  # what was loaded before pytest is not a mistake here
                 str(subject.kit), "-k", subject.only],
                plugins=[SnapshotFirst()],
            )  # fmt: skip
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        raise RuntimeError(f"{mutant.what}: pytest ended with {code!r}")
    return code is not pytest.ExitCode.OK


def run(name: str, every: int) -> tuple[int, list[str]]:
    """Try a subject's mutants; return how many there were, and the survivors."""
    subject = SUBJECTS[name]
    sources = {
        module: subject.path(module, subject.source).read_text(encoding="utf-8")
        for module in subject.modules
    }
    made = [mutant for module, source in sources.items() for mutant in mutants(module, source)][
        ::every
    ]
    nothing = Mutant(subject.modules[0], "nothing", sources[subject.modules[0]])
    # Each mutant in a process of its own, forked from one that has loaded everything else.
    with get_context("fork").Pool(os.cpu_count() or 1, maxtasksperchild=1) as pool:
        tasks = [(name, mutant) for mutant in (nothing, *made)]
        broken_at_all, *outcomes = pool.map(caught, tasks, chunksize=1)
    if broken_at_all:
        raise SystemExit(f"{name}: its kit fails although nothing is broken")
    survivors = [m.what for m, noticed in zip(made, outcomes, strict=True) if not noticed]
    return len(made), survivors


def main() -> int:
    """Try the mutants and list the survivors; fail if less than 95 % are caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1, help="try every N-th mutant only")
    parser.add_argument("--docs", type=Path, help="write the table to this page")
    options = parser.parse_args()
    lines, worst = [], 1.0
    for name in options.subjects or SUBJECTS:
        count, survivors = run(name, options.every)
        share = 1 - len(survivors) / count
        worst = min(worst, share)
        lines.append(f"| `{name}` | {count} | {count - len(survivors)} | {share:.1%} |")
        print(lines[-1], *(f"    survived: {what}" for what in survivors), sep="\n", flush=True)
    if options.docs:
        options.docs.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if worst >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
