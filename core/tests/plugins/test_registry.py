"""Plugins from real distributions: a broken one is described, and breaks nothing else."""

import sys
import threading
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_zoom import Payload, Zoom
from installed_site import CHECK_AND_SUBMIT, GOOD, WRAPPER, Site, install
from rushes import (
    AsyncClient,
    BrokenPluginError,
    Call,
    Client,
    ConfigurationError,
    Request,
    UnknownVariantError,
    hookimpl,
)
from rushes._check.trial import trial
from rushes._plugins.loading import import_in_time
from rushes._plugins.registry import Registry

BROKEN = {
    "raises": ("raise KeyError('no such setting')", "import raised KeyError"),
    "exits": ("raise SystemExit(3)", "import raised SystemExit"),
    "has no such name": ("x = 1", "raised AttributeError"),
    "does not parse": ("def", "raised SyntaxError"),
    "bad signature": (
        GOOD.format(id="x/y") + "Own.submit = hookimpl(lambda self, payloat: None)",
        "payloat",
    ),
    "unknown hook": (GOOD.format(id="x/y") + "Own.sumbit = hookimpl(lambda self: 1)", "sumbit"),
    "async hook": (
        GOOD.format(id="x/y") + "async def f(self, payload): pass\nOwn.submit = hookimpl(f)",
        "hook submit is an async function",
    ),
    "a class": (GOOD.format(id="x/y") + "plugin = Own", "it is the class Own, whose hooks are"),
    "no declaration": ("class P: pass\nplugin = P()", "has no hook variant"),
    "declares by raising": (
        GOOD.format(id="x/y") + "def f(self): raise OSError\nOwn.variant = hookimpl(f)",
        "declaration raised OSError",
    ),
    "another spec": (
        GOOD.format(id="x/y")
        + "plugin.declaration = msgspec.structs.replace(plugin.declaration, spec=99)",
        "version 99 .* supports version 2",
    ),
    "another id": (GOOD.format(id="x/y"), "entry point says .*, its declaration x/y"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_plugin_is_named_and_breaks_nothing_else(site: Site, how: str) -> None:
    code, words = BROKEN[how]
    name = "acme_broken_" + how.replace(" ", "_")
    broken = install(site, name, code, f"acme-broken/{how.replace(' ', '-')}")
    install(site, f"{name}_good", GOOD.format(id=f"good/{name}"), f"good/{name}")
    registry = Registry()
    assert {broken, f"good/{name}"} <= set(registry.ids())
    for _ in range(2):
        with pytest.raises(BrokenPluginError, match=words) as caught:
            registry.get(broken)
        assert name in str(caught.value)
    assert registry.get(f"good/{name}").variant.id == f"good/{name}"
    assert broken not in [loaded.variant.id for loaded in registry.working()]


def test_listing_ids_imports_no_plugin(site: Site) -> None:
    variant = install(site, "acme_listed", "raise AssertionError", "listed/zoom")
    assert variant in Registry().ids()
    assert "acme_listed" not in sys.modules


def test_an_import_that_hangs_is_abandoned(site: Site) -> None:
    threading.acme_gate = threading.Event()  # type: ignore[attr-defined]
    install(site, "acme_hangs", "import threading; threading.acme_gate.wait(30)")
    (entry,) = (e for e in entry_points(group="rushes") if e.value == "acme_hangs:plugin")
    with pytest.raises(BrokenPluginError, match=r"acme_hangs.*did not end within 0\.05 seconds"):
        import_in_time(entry, 0.05)
    threading.acme_gate.set()  # type: ignore[attr-defined]


def test_two_claims_to_one_name_are_both_named(site: Site) -> None:
    for name in ("acme_honest", "acme_stranger"):
        install(site, name, GOOD.format(id="claimed/zoom"), "claimed/zoom")
    with pytest.raises(BrokenPluginError, match=r"claimed by .* and ") as caught:
        Registry().get("claimed/zoom")
    assert all(name in str(caught.value) for name in ("acme_honest", "acme_stranger"))
    assert {"acme_honest", "acme_stranger"}.isdisjoint(sys.modules)
    assert len(Registry().entries()["claimed/zoom"]) == 2


def test_a_distribution_found_twice_counts_once(
    site: Site, monkeypatch: Any, tmp_path: Path
) -> None:
    install(site, "acme_twice", GOOD.format(id="twice/zoom"), "twice/zoom")
    other = tmp_path / "other"
    other.mkdir()
    install(Site(other), "acme_twice", GOOD.format(id="twice/zoom"), "twice/zoom")
    monkeypatch.syspath_prepend(str(other))
    assert Registry().get("twice/zoom").variant.id == "twice/zoom"


def test_an_unknown_id_suggests_the_nearest(site: Site) -> None:
    registry = Registry(plugins=[Zoom()])
    with pytest.raises(UnknownVariantError, match="nearest: acme/zoom"):
        registry.get("acme/zom")
    with pytest.raises(UnknownVariantError, match=r"installed: .*acme/zoom"):
        registry.get("!?")
    with pytest.raises(UnknownVariantError):
        Client(plugins=[Zoom()]).check("", Request("x"))
    with pytest.raises(UnknownVariantError, match="one variant is named by text"):
        registry.get(["acme/zoom"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["acme.example", "ftp://a.b", "https://", "https://a b", "https://a?x", "https://[::1",
            "https://a.b:99999", "https://a.b:x", "file:///x"],
)  # fmt: skip
def test_an_invalid_base_url(url: str) -> None:
    client = Client(plugins=[Zoom()], base_urls={"acme": url})
    with pytest.raises(ConfigurationError, match="ACME_BASE_URL"):
        client.check("acme/zoom", Request("x"))


@pytest.mark.parametrize(
    ("argument", "name", "nearest"),
    [
        ("keys", "acmee", "acme"),
        ("keys", "Acme", "acme"),
        ("keys", "acne.secret_key", "acme"),
        ("base_urls", "acmee", "acme"),
        ("base_urls", "topais", "toapis"),
    ],
)
def test_nothing_is_sent_with_a_misspelt_provider(
    argument: str, name: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key in the environment, or the real address, would be used instead."""
    monkeypatch.setenv("ACME_API_KEY", "another account's")
    arguments: Any = {argument: {name: "http://127.0.0.1:1"}}
    client = Client(plugins=[Zoom()], journal=None, **arguments)
    assert not client.check("acme/zoom", Request("x")).problems
    for send in (client.submit, client.generate):
        with pytest.raises(ConfigurationError) as caught:
            send("acme/zoom", Request("x"))
        provider = name.partition(".")[0]
        assert f"the argument {argument} names the provider {provider!r}" in str(caught.value)
        assert f"(nearest: {nearest})" in str(caught.value)
    with pytest.raises(ConfigurationError, match="nearest"):
        client.ready("acme/zoom")


def test_arguments_may_name_providers_that_are_not_installed() -> None:
    keys = {"acme": "a", "acme.webhook_secret": "b", "somebody-else": "c", "toapis": "d"}
    Client(plugins=[Zoom()], keys=keys, load_plugins=[], journal=None).ready("acme/zoom")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ImportError('no gauge')", "no gauge"),
        (WRAPPER.format(argument="payloat"), "payloat"),
        (
            "class Cap:\n    def approve(self): return ['no']\nplugin = Cap()",
            "gauge (acme_gauge:plugin, from acme-gauge): it has no hook: its approve is not marked",
        ),
        ("plugin = None", "gauge (acme_gauge:plugin, from acme-gauge): it has no hook; a wrapper"),
    ],
)
def test_a_broken_wrapper_blocks_submits_but_not_checks(
    tmp_path: Path, code: str, words: str
) -> None:
    site = Site.create(tmp_path)
    site.install("acme_gauge", code, rushes_wrappers={"gauge": "acme_gauge:plugin"})
    lines = site.run(CHECK_AND_SUBMIT)
    assert lines[0] == "True"
    assert words in " ".join(lines)
    assert "acme_gauge" in " ".join(lines)
    assert lines[-1] == "[]"


def test_an_installed_wrapper_wraps(tmp_path: Path) -> None:
    site = Site.create(tmp_path)
    code = WRAPPER.format(argument="client_id")
    site.install("acme_tap", code, rushes_wrappers={"tap": "acme_tap:plugin"})
    program = """
        import acme_zoom, rushes, threading, acme_server
        server = acme_server.Server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = rushes.Client(plugins=[acme_zoom.Zoom()], keys={"acme": "k"},
                               base_urls={"acme": server.url})
        print(client.submit("acme/zoom", rushes.Request("x")).state)
    """
    assert site.run(program) == ["wrapped", "queued"]


class Cap:
    """A wrapper given by hand that may refuse to submit."""

    @hookimpl(wrapper=True)
    def submit(self, payload: Any) -> Any:
        call: Call = yield
        if payload.seconds > 5:
            raise ConfigurationError("the cap is reached")
        return call


class Unmarked:
    def __init__(self) -> None:
        self.validate = "not a method"

    def submit(self) -> None:
        """Wrap nothing: it lacks its mark."""


class HalfMarked:
    @hookimpl
    def validate(self) -> None:
        """Find nothing."""

    def approve(self) -> None:
        """Limit nothing: it lacks its mark."""

    def poll(self) -> None:
        """Wrap nothing: it is called so by chance."""


class Optional:
    @hookimpl(optionalhook=True)
    def aprove(self) -> None:
        """Limit nothing: there is no such hook."""


def silent(task: Any) -> None:
    """Observe nothing."""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"wrappers": Cap()}, "the argument wrappers must be a list of wrappers, not Cap"),
        ({"wrappers": None}, "the argument wrappers must be a list of wrappers, not NoneType"),
        ({"wrappers": "cap"}, "must be a list of wrappers, not str"),
        ({"wrappers": {"cap": Cap()}}, "must be a list of wrappers, not dict"),
        ({"wrappers": [None]}, r"^NoneType \(from the argument wrappers\): it has no hook; "),
        ({"wrappers": [Cap(), 3]}, r"^int \(from the argument wrappers\): it has no hook; "),
        ({"wrappers": [[Cap()]]}, r"^list \(from the argument wrappers\): it has no hook; "),
        (
            {"wrappers": [Unmarked()]},
            r"test_registry\.Unmarked \(from the argument wrappers\): it has no hook: its submit "
            r"is not marked as a hook; write @hookimpl\(wrapper=True\) in the line above `def su",
        ),
        (
            {"wrappers": [HalfMarked()]},
            r"HalfMarked \(from the argument wrappers\): its approve is not marked as a hook; "
            r"write @hookimpl in",
        ),
        ({"wrappers": [Optional()]}, r"Optional \(from the argument wrappers\): it has no hook"),
        (
            {"wrappers": [Cap]},
            r"test_registry\.Cap \(from the argument wrappers\): it is the class",
        ),
        ({"observers": silent}, "must be a list of observers, not function"),
        ({"observers": [silent, None]}, r"^NoneType \(from the argument observers\): it cannot be"),
        ({"observers": [3]}, r"^int \(from the argument observers\): it cannot be called"),
        ({"plugins": Zoom()}, "the argument plugins must be a list of plugins, not Zoom"),
        ({"plugins": [None]}, "^None: it is not a rushes.Variant"),
    ],
)
def test_arguments_that_are_no_lists_of_plugins(arguments: Any, words: str) -> None:
    for client in (Client, AsyncClient):
        with pytest.raises(ConfigurationError, match=words):
            client(journal=None, **arguments)


def test_any_iterable_of_plugins_will_do(tmp_path: Path) -> None:
    parts: Any = {"plugins": (Zoom(),), "wrappers": iter([Cap()]), "observers": {silent: 1}.keys()}
    with Client(home=tmp_path, **parts) as client:
        assert client.check("acme/zoom", Request("x")).valid


def test_a_wrapper_may_refuse_to_submit(tmp_path: Path) -> None:
    client = Client(plugins=[Zoom()], wrappers=[Cap()], keys={"acme": "k"}, home=tmp_path)
    assert client.check("acme/zoom", Request("x", duration=10)).valid
    with pytest.raises(ConfigurationError, match="the cap is reached"):
        client.submit("acme/zoom", Request("x", duration=10))
    assert client.tasks() == []
    client.close()


def test_a_broken_entry_point_without_a_distribution_is_described() -> None:
    entry = EntryPoint("x.y", "no_such_module_anywhere:plugin", "rushes")
    with pytest.raises(BrokenPluginError, match="an unknown distribution"):
        import_in_time(entry, 5)


class Raising(Zoom):
    """A plugin whose build_payload raises."""

    declaration = msgspec.structs.replace(Zoom.declaration, id="acme/raising")

    @hookimpl
    def build_payload(self) -> Any:
        raise KeyError("clip")


def test_check_all_reports_broken_plugins_and_checks_the_others(tmp_path: Path, site: Site) -> None:
    site.install("halfway", "raise RuntimeError('half')", rushes={"acme.half": "halfway:plugin"})
    client = Client(plugins=[Zoom(), Raising()], home=tmp_path)
    reports = {report.variant: report for report in client.check_all(Request("x"))}
    assert reports["acme/zoom"].valid
    for variant, words in (
        ("acme/raising", "the hook build_payload raised KeyError"),
        ("acme/half", "its import raised RuntimeError: half"),
    ):
        (problem,) = reports[variant].problems
        assert problem.code == "broken_plugin"
        assert words in problem.message


class Odd(Zoom):
    """A plugin with one faulty hook."""

    def __init__(self, **hooks: Any) -> None:
        for name, raising in hooks.items():
            setattr(self, name, raising)


@hookimpl
def _raises(answer: Any) -> Any:
    raise LookupError("nothing there")


@hookimpl
def _polls_nothing(receipt: Any) -> Any:
    if receipt:
        raise LookupError("nothing there")
    yield


@hookimpl
def _polls_by_a_memo(receipt: Any) -> Any:
    yield Call.get(receipt.memo["url"])


def test_a_trial_without_a_memo_blames_no_plugin() -> None:
    trial(Registry(plugins=[Odd(poll=_polls_by_a_memo)]).get("acme/zoom"))


@hookimpl
def _gives_text(key: str) -> Any:
    return f"Bearer {key}"


@pytest.mark.parametrize(
    ("hook", "odd"),
    [
        ("parse_submit", _raises),
        ("parse_status", _raises),
        ("parse_refusal", _raises),
        ("poll", _polls_nothing),
        ("authorize", _gives_text),
    ],
)
def test_a_trial_finds_the_faulty_hook(hook: str, odd: Any) -> None:
    trial(Registry(plugins=[Zoom()]).get("acme/zoom"))
    with pytest.raises(BrokenPluginError, match=f"the hook {hook}"):
        trial(Registry(plugins=[Odd(**{hook: odd})]).get("acme/zoom"))


class LeavingPayload(Payload):
    """A payload that exits the program when it is created."""

    def __post_init__(self) -> None:
        raise SystemExit(0)


def test_a_payload_that_exits_is_the_plugins_fault() -> None:
    plugin = Zoom()
    plugin.declaration = msgspec.structs.replace(Zoom.declaration, payload=LeavingPayload)
    with pytest.raises(BrokenPluginError, match="its payload struct raised SystemExit"):
        Client(plugins=[plugin]).check("acme/zoom", Request("A red kite"))
