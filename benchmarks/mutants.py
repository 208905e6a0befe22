"""How much the conformance kit catches: the plugins' source is mutated in one place at a time.

Each mutant is made mechanically from the source of a plugin, shadows the real one, and the
plugin's kit test (its few lines, and its snapshot) is run against it: the quick tests first, until
one fails. A mutant that no test notices has survived. The tests are called directly, as starting
pytest takes longer than most of them.

Usage: python benchmarks/mutants.py [SUBJECT…] [--every N] [--jobs N] [--docs FILE]
"""

import argparse
import ast
import copy
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
import rushes  # noqa: E402
import rushes_sandbox  # noqa: E402, F401 - loaded once, before the processes part
from hypothesis import is_hypothesis_test  # noqa: E402

import conftest  # noqa: E402 - the same examples every time; before the kit, as it says


@dataclass(frozen=True)
class Subject:
    """What is broken, a package or a single module, and the kit test that should notice it."""

    source: Path
    modules: tuple[str, ...]
    kit: Path
    tests: tuple[str, ...]

    @property
    def package(self) -> str:
        """The name under which the kit test imports it."""
        return self.source.stem

    def path(self, module: str, package: Path) -> Path:
        """Return where a module is in a copy of the source."""
        return package / f"{module}.py" if package.is_dir() else package


def _plugin(provider: str, kit: str, *modules: str, test: str) -> Subject:
    folder = ROOT / "plugins" / provider
    source = folder / "src" / f"rushes_{provider}"
    return Subject(source, modules, folder / "tests" / f"test_kit_{kit}.py", (*test.split(),))


SUBJECTS = {
    "toapis/kling-v3": _plugin(
        "toapis", "kling", "kling_v3", "images", "gateway", test="TestV3"
    ),
    "toapis/kling-v2-6": _plugin(
        "toapis", "kling", "kling_v2_6", "images", "gateway", test="TestV26"
    ),
    "toapis/kling-v3-omni": _plugin(
        "toapis", "kling", "kling_v3_omni", "gateway", test="TestV3Omni"
    ),
    "apimart/kling-v3": _plugin(
        "apimart", "kling_v3", "kling_v3", "rules", "gateway", test="TestKlingV3"
    ),
    **{
        f"uniall/kling-v3-{mode}-{sound}": _plugin(
            "uniall", "kling_v3", "kling_v3", "rules", "gateway",
            test=f"Test{mode.title()}{sound.title()}",
        )
        for mode in ("std", "pro") for sound in ("silent", "audio")
    },
    "byteplus": _plugin(
        "byteplus", "seedance", "seedance_1_5_pro", "seedance_2_0", "content", "prices", "provider",
        test="TestPro TestV2",
    ),
    "openrouter": _plugin(
        "openrouter", "models", "variants", "payloads", "prices", "provider",
        test="TestStd TestPro TestSeedance TestVeo TestVeoFast TestVeoLite "
             "TestFilm TestClay TestWan",
    ),
    "runway/gen4.5": _plugin("runway", "runway", "gen4_5", "gateway", test="TestGen45"),
    "runway/kling3.0": _plugin(
        "runway", "runway", "kling_3_0", "gateway", test="TestStandard TestPro"
    ),
    "google/veo-3.1": _plugin(
        "google", "google", "veo_3_1", "gateway", test="TestVeo31 TestFast TestLite"
    ),
    **{
        f"fal/kling-v3-{tier}": _plugin(
            "fal", "kling_v3", "kling_v3", "rules", "webhooks", "gateway",
            test=f"Test{tier.title()}",
        )
        for tier in ("standard", "pro")
    },
    **{
        f"kling/kling-{model}": _plugin(
            "kling", kit, module, *shared, "shared", test=test,
        )
        for model, kit, module, test, shared in (
            ("v2-6", "legacy", "kling_v2_6", "TestV26", ("legacy",)),
            ("v3", "legacy", "kling_v3", "TestV3", ("legacy",)),
            ("3.0", "current", "kling_3", "TestKling3", ("current",)),
            ("3.0-omni", "current", "kling_3_omni", "TestOmni", ("current",)),
        )
    },
    "oddity": Subject(
        ROOT / "core" / "tests" / "oddity.py",
        ("oddity",),
        ROOT / "core" / "tests" / "kit" / "test_oddity.py",
        ("TestDrift", "TestTurbo"),
    ),
}  # fmt: skip
MIN_SHARE = 0.99
"""The share that is to be caught."""
DECLARING = frozenset((
    "Answers", "Cancel", "Codes", "Polling", "Provider", "Shots", "Together", "Uploads", "variant",
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
    same = _equivalent(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in same:
            continue
        for what, change in changes(node):
            broken = copy.deepcopy(tree)
            target = list(ast.walk(broken))[index]
            change(target)
            line = getattr(node, "lineno", 0)
            yield Mutant(module, f"{module}.py:{line} {what}", ast.unparse(broken))


def _equivalent(tree: ast.AST) -> set[int]:
    """Return the nodes whose changes make no difference, by identity.

    A bound of 8n + 1 accepts the same numbers if it moves by one.
    """
    found = set[int]()
    for node in ast.walk(tree):
        parts = list(ast.walk(node)) if isinstance(node, ast.Subscript) else []
        if getattr(getattr(node, "value", None), "id", "") == "Annotated":
            calls = {getattr(part.func, "id", ""): part for part in parts
                     if isinstance(part, ast.Call)}  # fmt: skip
            if "steps_of" in calls and "Meta" in calls:
                found.add(id(calls["Meta"]))
    return found


def changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield the changes that a node allows."""
    yield from _bounds(node)
    yield from _enums(node)
    yield from _rules(node)
    yield from _names(node)
    yield from _declared(node)
    yield from _function(node)
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
        if _is_default(name, keyword):
            continue  # without it the declaration says the same

        def leave_out(target: ast.AST, place: int = place) -> None:
            assert isinstance(target, ast.Call)
            del target.keywords[place]

        yield f"{name} without {keyword.arg}", leave_out
    yield from _constants(node, name)


def _is_default(name: str, keyword: ast.keyword) -> bool:
    declared = getattr(rushes, name, None)
    if not (isinstance(declared, type) and issubclass(declared, msgspec.Struct)):
        return False
    default = {field.name: field.default for field in msgspec.structs.fields(declared)}
    value = keyword.value
    return isinstance(value, ast.Constant) and default.get(keyword.arg or "") == value.value


def _function(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Break the code of a hook, or of a function that it uses, in one place at a time."""
    if not isinstance(node, ast.FunctionDef):
        return
    if any(isinstance(decorator, ast.Call) for decorator in node.decorator_list):
        return  # a rule, which is broken as a whole
    yield from _constants(node, node.name)
    same = _annotations(node) | _unordered(node)
    for place, inner in enumerate(ast.walk(node)):
        if id(inner) in same:
            continue
        for what, change in (*_statement(inner), *_arguments(inner), *_expression(inner)):

            def apply(target: ast.AST, place: int = place, change: Change = change) -> None:
                change(list(ast.walk(target))[place])

            line = getattr(inner, "lineno", node.lineno)
            yield f"{node.name}, line {line}: {what}", apply


def _annotations(node: ast.FunctionDef) -> set[int]:
    """Return what is in annotations, by identity: nothing happens if it changes."""
    hints = [node.returns, *(inner.annotation for inner in ast.walk(node)
                             if isinstance(inner, (ast.arg, ast.AnnAssign)))]  # fmt: skip
    return {id(inner) for hint in hints if hint for inner in ast.walk(hint)}


def _unordered(node: ast.FunctionDef) -> set[int]:
    """Return the tuples whose order makes no difference, by identity: `part in ("a", "b")`."""
    return {
        id(inner.comparators[0])
        for inner in ast.walk(node)
        if isinstance(inner, ast.Compare) and isinstance(inner.ops[0], (ast.In, ast.NotIn))
    } | {id(inner.type) for inner in ast.walk(node) if isinstance(inner, ast.ExceptHandler)}


def _statement(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield changes to the order of events: a condition, an early return, a call."""
    if isinstance(node, (ast.If, ast.IfExp)):
        yield "condition negated", _put(test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.If) and any(isinstance(inner, ast.Return) for inner in node.body):
        yield "an early return left out", _put(body=[ast.Pass()])
    if isinstance(node, (ast.Assign, ast.Expr)) and isinstance(node.value, ast.Yield):
        yield "a call left out", _put(value=UNASKED)


def _arguments(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield a call without each of its arguments, and an object without each of its parts."""
    if isinstance(node, ast.Dict) and len(node.values) > 1:
        for place in range(len(node.values)):
            yield "a part of an object left out", _without(place, "keys", "values")
    for place, keyword in enumerate(node.keywords if isinstance(node, ast.Call) else ()):
        called = getattr(getattr(node, "func", None), "id", "")
        if keyword.arg not in DESCRIBING and not _is_default(called, keyword):
            yield f"argument {keyword.arg or '**'} left out", _without(place, "keywords")


def _expression(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield changes to a value: its fallback alone, another order, another algorithm."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        yield "only the fallback", _put(values=[node.values[-1]] * 2)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield "parts in another order", _put(elts=[node.elts[1], node.elts[0], *node.elts[2:]])
    # A sum of numbers is the same in any order.
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and not _numbers(node):
        yield "parts in another order", _put(left=node.right, right=node.left)
    if isinstance(node, ast.Attribute) and node.attr == "sha256":
        yield "another algorithm", _put(attr="sha512")


def _numbers(node: ast.AST) -> bool:
    constants = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
    called = {getattr(inner.func, "id", "") for inner in ast.walk(node)
              if isinstance(inner, ast.Call)}  # fmt: skip
    return any(isinstance(value, (int, float)) for value in constants) or bool(
        called & {"int", "float", "len", "round", "sum"}
    )


def _put(**parts: Any) -> Change:
    """Return the change that replaces parts of a node."""

    def put(target: ast.AST) -> None:
        for name, part in parts.items():
            setattr(target, name, copy.deepcopy(part))

    return put


def _without(place: int, *lists: str) -> Change:
    """Return the change that leaves out one item of a node's lists."""

    def less(target: ast.AST) -> None:
        for name in lists:
            del getattr(target, name)[place]

    return less


UNASKED = ast.parse("__import__('rushes').Answer(200)", mode="eval").body
"""An answer that nobody was asked for, in place of a call."""
DESCRIBING = ("message", "name", "source")
"""Arguments with words for people."""


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
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            called = getattr(inner.func, "id", ""), len(inner.args)
            # The end of a range with a step: the same items. Digits of a sum: it has fewer.
            if called in (("range", 3), ("round", 2)):
                facts.add(id(inner.args[1]))
            # The name of a struct that is made by a call, which only its repr has.
            if getattr(inner.func, "attr", "") == "defstruct":
                facts.add(id(inner.args[0]))
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
                call.args[0] = ast.BinOp(ast.Constant("odd_"), ast.Add(), call.args[0])

            yield f"field {key.value!r} sent elsewhere", misplace


SNAPSHOT = "test_the_snapshot_matches"


class Test(NamedTuple):
    """One test of the kit: a class of the test file, and a method."""

    case: str
    name: str


class Task(NamedTuple):
    """A mutant of a subject, and the tests that it is tried with, in this order."""

    subject: str
    mutant: Mutant
    tests: Sequence[Test] | None
    """None: all, every one, to see how long they take."""


def caught(task: Task) -> dict[Test, float] | Test | str | None:
    """Run a subject's kit against a mutant, in this fresh process, until a test fails.

    Returns the test, or why it does not load; None if it survives. If all tests are asked for, and
    none fails, it is how long each took, in seconds.
    """
    subject = SUBJECTS[task.subject]
    assert subject.package not in sys.modules, "the unbroken plugin is loaded already"
    os.environ["RUSHES_SNAPSHOT"] = ""
    with tempfile.TemporaryDirectory(prefix="rushes-mutant-") as folder:
        copied = Path(folder) / subject.source.name
        if subject.source.is_dir():
            shutil.copytree(subject.source, copied)
        subject.path(task.mutant.module, copied).write_text(task.mutant.source, encoding="utf-8")
        sys.path[:0] = [folder, str(ROOT / "core" / "tests")]
        sys.dont_write_bytecode = True
        try:
            import_module(subject.package)  # now, as the kit test could find the unbroken one
            module = _imported(subject.kit)
            kits = {case: getattr(module, case)() for case in subject.tests}
        except Exception as error:  # noqa: BLE001 - whatever a broken module raises
            return repr(error)
        took = {}
        for test in task.tests if task.tests is not None else _tests(kits):
            began = time.perf_counter()
            if _fails(getattr(kits[test.case], test.name)):
                return test
            took[test] = time.perf_counter() - began
    return took if task.tests is None else None


def _imported(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tests(kits: dict[str, Any]) -> Iterator[Test]:
    """Yield every test of a subject's classes; of those with random values only the first's."""
    for place, (case, kit) in enumerate(kits.items()):
        for name in (one for one in dir(kit) if one.startswith("test_")):
            random = is_hypothesis_test(getattr(kit, name)) or name in conftest.LONG
            if not (random and place):
                yield Test(case, name)


def _fails(test: Callable[[], None]) -> bool:
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        try:
            test()
        except pytest.skip.Exception:
            return False
        except Exception:  # noqa: BLE001 - as a test may fail
            return True
    return False


def run(name: str, every: int, jobs: int) -> tuple[int, list[str]]:
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
    gc.freeze()  # what is loaded is shared, not copied by each process's garbage collection
    # Each mutant in a process of its own, forked from one that has loaded everything else.
    with get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        took = pool.apply(caught, [Task(name, nothing, None)])
        if not isinstance(took, dict):
            raise SystemExit(f"{name}: its kit fails although nothing is broken: {took}")
        # The snapshots notice most; of the others the quick ones come first.
        tests = sorted(took, key=lambda test: (test.name != SNAPSHOT, took[test]))
        outcomes = pool.map(caught, [Task(name, mutant, tests) for mutant in made], chunksize=1)
    survivors = [m.what for m, noticed in zip(made, outcomes, strict=True) if noticed is None]
    return len(made), survivors


def main() -> int:
    """Try the mutants and list the survivors; fail if too few are caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1, help="try every N-th mutant only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--docs", type=Path, help="write the table to this page")
    options = parser.parse_args()
    lines, enough = [], True
    for name in options.subjects or SUBJECTS:
        count, survivors = run(name, options.every, options.jobs)
        share = 1 - len(survivors) / count
        enough &= share >= MIN_SHARE
        lines.append(f"| `{name}` | {count} | {count - len(survivors)} | {share:.1%} |")
        print(lines[-1], *(f"    survived: {what}" for what in survivors), sep="\n", flush=True)
    if options.docs:
        options.docs.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
