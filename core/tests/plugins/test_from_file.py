"""Plugins in a file that is not installed: found, checked, and blamed by line."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rushes
from rushes.plugins import line_in, load_file

FILE = """\
from typing import Annotated
from msgspec import Meta, Struct
from rushes import Answers, Provider, Source, Text, To, absent

acme = Provider(
    spec=2, id="acme", base_url="https://api.acme.example", submit_path="/v2/videos",
    status_path="/v2/videos/{id}",
    answers=Answers(task_id=("id",), status="state", words={"done": "completed"}),
)
PAGE = Source("Acme, Create a video", "https://docs.acme.example/videos")


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    prompt: Text
    seconds: Annotated[int, Meta(ge=2, le=12)] = absent(4)


def declare(model: str, **more):
    fields = {"prompt": To("prompt"), "duration": To("seconds")}
    return acme.variant(model, page=PAGE, payload=Payload, fields=fields | more)


"""
LINES = FILE.count("\n")


@pytest.fixture(autouse=True)
def same_modules() -> Iterator[None]:
    """Forget the modules and the folders that a test has added."""
    modules, folders = {*sys.modules}, [*sys.path]
    yield
    sys.path[:] = folders
    for name in {*sys.modules} - modules:
        if name.startswith(("rushes_file_", "beside")):
            del sys.modules[name]


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return tmp_path / "acme.py"


def test_a_client_uses_what_a_file_declares(acme: Path) -> None:
    acme.write_text(FILE + 'zoom = declare("zoom-1")\nsame = zoom\n_hidden = declare("zoom-0")\n')
    plugins = load_file(acme)
    assert [*plugins] == ["acme/zoom-1"]
    with rushes.Client(plugins=plugins.values()) as client:
        report = client.check("acme/zoom-1", {"prompt": "A red kite", "duration": 13})
        assert [problem.path for problem in report.problems] == ["duration"]
        assert client.registry.why_no_key("acme/zoom-1") is None


def test_a_changed_file_is_read_again_within_the_same_second(acme: Path) -> None:
    for model in ("zoom-1", "zoom-2"):
        acme.write_text(FILE + f'zoom = declare("{model}")\n')
        assert [*load_file(acme)] == [f"acme/{model}"]
    assert [path.name for path in acme.parent.iterdir()] == ["acme.py"]


@pytest.mark.parametrize("own", ["plugin = Own()", "import sys\nplugin = sys.modules[__name__]"])
def test_a_plugin_may_be_an_object_or_the_file_itself(acme: Path, own: str) -> None:
    hook = "@hookimpl\ndef variant({}):\n    return declaration\n"
    if own.startswith("import"):
        code = hook.format("")
    else:
        code = "class Own:\n    " + hook.format("self").replace("\n", "\n    ").rstrip() + "\n"
    more = f'from rushes import hookimpl\ndeclaration = declare("zoom-1")\n{code}{own}\n'
    acme.write_text(FILE + more)
    plugin = load_file(acme)["acme/zoom-1"]
    assert not isinstance(plugin, rushes.Variant)


def test_modules_beside_the_file_can_be_imported(acme: Path) -> None:
    acme.with_name("beside_acme.py").write_text(FILE)
    acme.write_text('from beside_acme import declare\nzoom = declare("zoom-1")\n')
    assert [*load_file(str(acme))] == ["acme/zoom-1"]


@pytest.mark.parametrize("words", ["from beside_pack.sub.x", "from .x", "from ..sub.x"])
def test_a_file_of_a_package_can_import_that(tmp_path: Path, words: str) -> None:
    """Even if another version of it is installed."""
    (tmp_path / "site" / "beside_pack" / "sub").mkdir(parents=True)
    sys.path.insert(0, str(tmp_path / "site"))
    folder = tmp_path / "src" / "beside_pack" / "sub"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
        (tmp_path / "site" / package.relative_to(tmp_path / "src") / "__init__.py").touch()
    (folder / "x.py").write_text(FILE)
    (folder / "zoom.py").write_text(f'{words} import declare\nzoom = declare("zoom-1")\n')
    assert [*load_file(folder / "zoom.py")] == ["acme/zoom-1"]


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("zoom = declare(", 0, "'(' was never closed: zoom = declare("),
        ("x = 1\nzoom = undeclared()", 1, "NameError: name 'undeclared' is not defined"),
        ("raise SystemExit('bye')", 0, "SystemExit: bye"),
        ("zoom = acme.variant('zoom-1', pages=PAGE)", 0, "TypeError: "),
        ("\nzoom = declare('zoom-1', seed=To('sed'))", 1, "acme/zoom-1: fields['seed']: "),
        ("a = declare('z')\nb = declare('z')", 1, "acme/z is declared twice, as a and as b"),
        ("from beside_nothing import x", 0, "No module named 'beside_nothing'"),
        (
            "class Own:\n    @__import__('rushes').hookimpl\n    def variant(self):\n"
            "        return 1 / 0\nown = Own()",
            3,
            "own: its declaration raised ZeroDivisionError",
        ),
    ],
)
def test_a_mistake_in_the_file_is_reported_with_its_line(
    acme: Path, more: str, line: int, words: str
) -> None:
    acme.write_text(f"{FILE}{more}\n")
    with pytest.raises(rushes.BrokenPluginError) as raised:
        load_file(acme)
    assert str(raised.value).startswith(f"acme.py, line {LINES + 1 + line}: "), raised.value
    assert words in str(raised.value)


def test_a_mistake_in_a_module_beside_it_names_that(acme: Path) -> None:
    acme.with_name("beside_acme.py").write_text("x = 1\ny = (\n")
    acme.write_text("import beside_acme\n")
    with pytest.raises(rushes.BrokenPluginError, match=r"^beside_acme\.py, line 2: "):
        load_file(acme)


def test_files_without_a_plugin_are_named(acme: Path) -> None:
    with pytest.raises(rushes.BrokenPluginError, match=r"acme\.py: it cannot be read"):
        load_file(acme)
    acme.write_bytes(b"x = '\xff'\n")
    with pytest.raises(rushes.BrokenPluginError, match=r"^acme\.py"):
        load_file(acme)
    acme.write_text(FILE)
    with pytest.raises(rushes.BrokenPluginError, match="it declares no variant"):
        load_file(acme)


def test_the_line_of_an_error_is_that_of_its_deepest_cause(acme: Path) -> None:
    code = "def fail():\n  try:\n    {}['x']\n  except KeyError as e:\n    raise OSError from e\n"
    names: dict[str, Any] = {}
    exec(compile(code, str(acme), "exec"), names)
    with pytest.raises(OSError) as raised:  # noqa: PT011 - it is ours
        names["fail"]()
    assert line_in(acme, raised.value) == 3
    assert line_in("other.py", raised.value) is None
