"""Reading what is installed: whatever is malformed is named, and everything else works."""

from pathlib import Path
from typing import Any

import pytest
import rushes
from installed_site import CHECK_AND_SUBMIT, GOOD, WRAPPER, Site, install
from rushes import Request, UnknownVariantError
from rushes._plugins.installed import Unreadable, distribution, installed, version
from rushes._plugins.loading import describe_entry
from rushes._plugins.registry import Registry

MALFORMED: dict[str, bytes] = {
    "no equals sign": b"[rushes]\nacme.zoom\n",
    "not text": b"[console_scripts]\n\xff\xfe = x:y\n",
    "an unclosed group": b"[a]\n[rushes\n",
}


def install_malformed(site: Site, name: str, content: bytes | None) -> None:
    """Install a distribution with this entry_points.txt; None makes it a folder."""
    site.install(name, "")
    file = site.folder / f"{name}-1.0.dist-info" / "entry_points.txt"
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)


@pytest.mark.parametrize("how", [*MALFORMED, "a folder"])
def test_an_unreadable_distribution_is_named_and_the_others_are_read(site: Site, how: str) -> None:
    install_malformed(site, "Mal_Formed", MALFORMED.get(how))
    install(site, "acme_sound", GOOD.format(id="sound/zoom"), "sound/zoom")
    registry = Registry()
    assert registry.get("sound/zoom").variant.id == "sound/zoom"
    (found,) = registry.installed.unreadable
    assert (found.distribution, found.may_wrap) == ("mal-formed", False)
    words = f"mal-formed: its entry_points.txt cannot be read ({found.reason}); reinstall or"
    assert str(found).startswith(words)
    registry.guard()
    with pytest.raises(UnknownVariantError, match=r"(?s)'acme/zom' is installed.*\nmal-formed: "):
        registry.get("acme/zom")


def test_folders_without_entry_points_are_not_reported(site: Site) -> None:
    install_malformed(site, "acme_empty", b"# nothing\n\n")
    (site.folder / "acme_old.egg-info").write_text("Name: acme-old\n")
    (site.folder / "acme_bare-1.0.dist-info").mkdir()
    assert installed().unreadable == []


@pytest.mark.parametrize(
    "metadata", [None, b"", b"\xff\xfe", b"Metadata-Version: 2.1\n", b"Name: \xff\n"]
)
def test_a_distribution_is_named_by_its_folder_whatever_its_metadata(
    site: Site, metadata: bytes | None
) -> None:
    install(site, "acme_odd", GOOD.format(id="odd/zoom"), "odd/zoom")
    file = site.folder / "acme_odd-1.0.dist-info" / "METADATA"
    file.unlink() if metadata is None else file.write_bytes(metadata)
    (entry,) = Registry().entries()["odd/zoom"]
    assert distribution(entry) == "acme-odd"
    assert describe_entry(entry) == "odd.zoom (acme_odd:plugin, from acme-odd)"
    assert version(entry) is None


def test_the_first_distribution_of_a_name_on_the_path_wins(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, variant in (("first", "acme/new"), ("second", "acme/old")):
        folder = tmp_path / name
        folder.mkdir()
        install(Site(folder), "acme_twice", GOOD.format(id=variant), variant)
    monkeypatch.syspath_prepend(str(tmp_path / "second"))
    monkeypatch.syspath_prepend(str(tmp_path / "first"))
    ids = Registry().ids()
    assert ("acme/new" in ids, "acme/old" in ids) == (True, False)


def test_entry_points_match_those_of_importlib() -> None:
    from importlib.metadata import entry_points

    for group in ("rushes", "rushes.wrappers", "rushes.observers", "rushes.commands"):
        ours = {(entry.name, entry.value) for entry in installed().group(group)}
        assert ours == {(entry.name, entry.value) for entry in entry_points(group=group)}
    assert installed().group("rushes")


def test_a_possible_unreadable_wrapper_blocks_submits_but_not_checks(
    tmp_path: Path,
) -> None:
    site = Site.create(tmp_path)
    install_malformed(site, "acme_gauge", b"[rushes.wrappers]\ngauge\n")
    install_malformed(site, "acme_other", b"[other.wrappers]\ngauge\n")
    lines = site.run(CHECK_AND_SUBMIT)
    assert (lines[0], lines[-1]) == ("True", "[]")
    words = " ".join(lines)
    assert "acme-gauge: its entry_points.txt cannot be read" in words
    assert "acme-other" not in words


def test_observers_work_beside_unreadable_distributions(tmp_path: Path) -> None:
    site = Site.create(tmp_path)
    install_malformed(site, "acme_malformed", MALFORMED["not text"])
    code = "def watch(task): print('watch', task.state)"
    site.install("acme_watch", code, rushes_observers={"watch": "acme_watch:watch"})
    program = """
        import acme_zoom, rushes, threading, acme_server
        server = acme_server.Server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = rushes.Client(plugins=[acme_zoom.Zoom()], keys={"acme": "k"},
                               base_urls={"acme": server.url})
        client.submit("acme/zoom", rushes.Request("x"))
    """
    assert site.run(program) == ["watch recorded", "watch sending", "watch queued"]


LEAVING = "raise SystemExit(0)"
HOOKS = {
    "declaration": "def variant(self): " + LEAVING,
    "build_payload": "def build_payload(self): " + LEAVING,
    "validate": "def validate(self): " + LEAVING,
    "submit": "def submit(self): " + LEAVING,
    "authorize": "def authorize(self): " + LEAVING,
    "parse_submit": "def parse_submit(self): " + LEAVING,
    "parse_status": "def parse_status(self): " + LEAVING,
    "poll": "def poll(self, variant):\n        yield rushes.Call.get(variant.url('/'))\n        "
    + LEAVING,
    "cost": "cost = leave",
    "rule": "rule = leave",
    "input mode": "mode = leave",
    "form": "form = leave",
}
LEAVER = """
import msgspec, rushes
from acme_zoom import Zoom
def leave(*given, **named):
    raise SystemExit(0)
class Leaver(Zoom):
    {body}
for name in ("variant", "build_payload", "validate", "submit", "authorize", "parse_submit",
             "parse_status", "poll"):
    if name in vars(Leaver):
        setattr(Leaver, name, rushes.hookimpl(vars(Leaver)[name]))
changes = dict(id="{id}")
if "cost" in vars(Leaver):
    changes["cost"] = leave
if "rule" in vars(Leaver):
    changes["rules"] = (rushes.rule("It leaves.", fields=("text",))(leave),)
if "mode" in vars(Leaver):
    changes["input_mode"] = leave
if "form" in vars(Leaver):
    changes["fields"] = dict(Zoom.declaration.fields, prompt=rushes.To("text", form=leave))
Leaver.declaration = msgspec.structs.replace(Zoom.declaration, **changes)
plugin = Leaver()
"""
DRIVEN = """
    import acme_server, acme_zoom, rushes, sys, threading
    server = acme_server.Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    leavers = {leavers}
    providers = ["acme", *(name.partition("/")[0] for name in leavers)]
    client = rushes.Client(
        plugins=[acme_zoom.Zoom()], keys=dict.fromkeys(providers, "k"),
        base_urls=dict.fromkeys(providers, server.url),
        polling=rushes.Polling(first=0, every=0.01), timeouts=rushes.Timeouts(submit=20))
    for name in leavers:
        try:
            client.generate(name, rushes.Request("x"), timeout=0.1)
        except rushes.RushesError as error:
            print(name, type(error).__name__, error)
"""
GOING_ON = """
    print(client.generate("acme/zoom", rushes.Request("x")).state)
    for report in client.check_all(rushes.Request("x")):
        print(report.variant, report.valid)
"""


def install_leaver(site: Site, name: str, body: str) -> str:
    """Install a plugin that exits somewhere; return its variant."""
    variant = f"{name}/zoom"
    module = f"acme_{name.replace('-', '_')}"
    return install(site, module, LEAVER.format(body=body, id=variant), variant)


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Use every plugin that exits, and then one that works, in one program; return its lines."""
    site = Site.create(tmp_path_factory.mktemp("leavers"))
    for number, body in enumerate(HOOKS.values()):
        install_leaver(site, f"leaver-{number}", body)
    leavers = [f"leaver-{number}/zoom" for number in range(len(HOOKS))]
    return site.run(DRIVEN.format(leavers=leavers) + GOING_ON)


@pytest.mark.parametrize("what", HOOKS)
def test_a_plugin_that_exits_is_broken(left_behind: list[str], what: str) -> None:
    variant = f"leaver-{list(HOOKS).index(what)}/zoom"
    first = next(line for line in left_behind if line.startswith(f"{variant} "))
    assert "raised SystemExit" in first


def test_a_plugin_that_exits_does_not_end_the_program(left_behind: list[str]) -> None:
    assert "completed" in left_behind
    assert "acme/zoom True" in left_behind


def test_a_wrapper_that_exits_is_broken_and_does_not_end_the_program(tmp_path: Path) -> None:
    site = Site.create(tmp_path)
    code = WRAPPER.format(argument="client_id").replace('print("wrapped")', LEAVING)
    site.install("acme_tap", code, rushes_wrappers={"tap": "acme_tap:plugin"})
    variant = install_leaver(site, "leaver", "pass")
    lines = site.run(DRIVEN.format(leavers=[variant]) + '    print("going on")')
    wrapper = "tap (acme_tap:plugin, from acme-tap)"
    assert f"leaver/zoom: the hook submit of the wrapper {wrapper} raised SystemExit" in lines[0]
    assert lines[-1] == "going on"


def test_a_wrapper_that_returns_text_is_named_as_it_is_installed(tmp_path: Path) -> None:
    site = Site.create(tmp_path)
    code = """
        from rushes import hookimpl
        class Cap:
            @hookimpl
            def approve(self):
                return "too expensive"
        plugin = Cap()
    """
    site.install("rushes_cap", code, rushes_wrappers={"cap": "rushes_cap:plugin"})
    lines = site.run(CHECK_AND_SUBMIT)
    words = "acme/zoom: the hook approve of the wrapper cap (rushes_cap:plugin, from rushes-cap)"
    assert lines[1] == f"{words} raised TypeError: it returned str, which is not a Problem"
    assert "state='recorded'" in lines[2]


def test_an_observer_that_cannot_be_called_is_left_out(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("acme_watch", "watch = 5", rushes_observers={"watch": "acme_watch:watch"})
    with rushes.Client(home=tmp_path / "home") as client:
        assert 5 not in client._session.observers
    assert "watch (acme_watch:watch, from acme-watch): it cannot be called" in caplog.text


@pytest.mark.parametrize("how", ["installed", "given"])
def test_an_observer_that_exits_does_not_end_the_program(tmp_path: Path, how: str) -> None:
    site = Site.create(tmp_path)
    if how == "installed":
        code = f"def watch(task): {LEAVING}"
        site.install("acme_watch", code, rushes_observers={"watch": "acme_watch:watch"})
    program = """
        import acme_server, acme_zoom, rushes, sys, threading
        server = acme_server.Server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        observers = [sys.exit] if {given} else []
        client = rushes.Client(plugins=[acme_zoom.Zoom()], keys={{"acme": "k"}},
                               base_urls={{"acme": server.url}}, observers=observers)
        print(client.submit("acme/zoom", rushes.Request("x")).state)
    """.format(given=how == "given")
    assert site.run(program) == ["queued"]


class Exploding:
    """A plugin whose attributes cannot even be listed."""

    def __dir__(self) -> Any:
        raise SystemExit(0)


def test_a_plugin_whose_attributes_cannot_be_listed_is_broken() -> None:
    with pytest.raises(rushes.BrokenPluginError, match="SystemExit"):
        Registry(plugins=[Exploding()])


def test_the_error_of_a_broken_plugin_does_not_collect_tracebacks(site: Site) -> None:
    variant = install(site, "acme_lasting", "raise ValueError", "lasting/zoom")
    registry = Registry()
    lengths = []
    for _ in range(3):
        with pytest.raises(rushes.BrokenPluginError) as caught:
            registry.get(variant)
        lengths.append(len(caught.traceback))
    assert lengths[1] == lengths[2]


def test_an_unreadable_distribution_is_described_in_a_sentence() -> None:
    found = Unreadable("acme", "ValueError: no", may_wrap=False)
    assert str(found) == (
        "acme: its entry_points.txt cannot be read (ValueError: no); reinstall or uninstall it"
    )


def test_a_distribution_that_changes_is_read_again(site: Site) -> None:
    site.install("acme_changing", "", rushes={"acme.one": "acme_changing:plugin"})
    names = {entry.name for entry in installed().group("rushes")}
    file = site.folder / "acme_changing-1.0.dist-info" / "entry_points.txt"
    file.with_suffix(".new").write_text("[rushes]\nacme.two = acme_changing:plugin\n")
    file.with_suffix(".new").replace(file)
    changed = {entry.name for entry in installed().group("rushes")}
    file.unlink()
    gone = {entry.name for entry in installed().group("rushes")}
    assert (names - gone, changed - gone) == ({"acme.one"}, {"acme.two"})


def test_a_check_reads_each_distribution_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import PathDistribution

    read = PathDistribution.read_text
    asked: list[str] = []

    def counted(self: PathDistribution, filename: str) -> str | None:
        if filename == "entry_points.txt":
            asked.append(str(self._path))
        return read(self, filename)

    monkeypatch.setattr(PathDistribution, "read_text", counted)
    monkeypatch.setattr("rushes._plugins.installed._kept", {})
    client = rushes.Client()
    assert client.check("toapis/kling-v3", Request("x", duration=1)).problems
    assert len(asked) == len(set(asked)) > 1
