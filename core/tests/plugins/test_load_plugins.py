"""Which installed plugins are loaded: all, or those that somebody names."""

from typing import Any

import pytest
from acme_driver import KEY, REQUEST
from installed_site import GOOD, Site, install
from rushes import AsyncClient, Client, ConfigurationError, UnknownVariantError
from rushes._plugins.registry import Registry
from rushes.plugins import LIMIT, installed

RAISING = "raise RuntimeError('it was imported')"


@pytest.fixture
def several(site: Site) -> Site:
    """Install two variants of one provider in two distributions, a broken one, and a wrapper."""
    install(site, "rushes_acme", GOOD.format(id="acme/own"), "acme/own")
    install(site, "acme_extras", GOOD.format(id="acme/extra"), "acme/extra")
    install(site, "broken_one", RAISING, "broken/zoom")
    site.install("broken_cap", RAISING, rushes_wrappers={"cap": "broken_cap:cap"})
    info = site.folder / "malformed-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[rushes]\nnothing\n")
    return site


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["rushes-acme"], ["acme/own"]),
        ("Rushes_Acme", ["acme/own"]),
        (["acme"], ["acme/extra", "acme/own"]),
        (["acme-extras", "rushes.acme"], ["acme/extra", "acme/own"]),
        ([], []),
        ([" ", ""], []),
    ],
)
def test_only_what_is_named_is_used(names: Any, ids: list[str]) -> None:
    registry = Registry(load_plugins=names)
    assert registry.ids() == ids
    assert [loaded.variant.id for loaded in registry.working()] == ids
    assert registry.installed.unreadable == []
    registry.guard()  # the broken wrapper is none of ours


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("value", "ids"),
    [("acme", ["acme/extra", "acme/own"]), (" rushes-acme , ", ["acme/own"]), ("", []), (",", [])],
)
def test_the_environment_names_them(
    monkeypatch: pytest.MonkeyPatch, value: str, ids: list[str]
) -> None:
    monkeypatch.setenv(LIMIT, value)
    assert Registry().ids() == ids
    with Client() as client:
        assert client.registry.ids() == ids
    with Client(load_plugins=["acme-extras"]) as client:  # an argument beats the environment
        assert client.registry.ids() == ["acme/extra"]
    assert AsyncClient(load_plugins=[]).registry.ids() == []


@pytest.mark.usefixtures("several")
def test_a_name_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Registry(load_plugins=["acme", "rushes-acne", "xyz"]).ids()
    words = str(caught.value)
    assert words.startswith(
        "the argument load_plugins names 'rushes-acne' (nearest: rushes-acme), 'xyz', which is "
        "neither an installed distribution with plugins nor one of their providers (accepted: "
    )
    assert "acme-extras, " in words
    assert " any," not in words  # a validator for every provider, and the name of none
    monkeypatch.setenv(LIMIT, "acne")
    with pytest.raises(ConfigurationError, match=r"RUSHES_LOAD_PLUGINS names 'acne' \(nearest: ac"):
        installed()


@pytest.mark.usefixtures("several")
def test_a_malformed_distribution_that_is_named_is_reported() -> None:
    found = installed(["malformed", "acme"])
    assert [broken.distribution for broken in found.unreadable] == ["malformed"]
    assert sorted(entry.name for entry in found.group("rushes")) == ["acme.extra", "acme.own"]


@pytest.mark.usefixtures("several")
def test_an_error_names_the_distribution_that_is_left_out() -> None:
    with pytest.raises(UnknownVariantError, match=r"acme-extras has it, but is not to be loaded"):
        Registry(load_plugins=["rushes-acme"]).get("acme/extra")
    leaves_out = r"^no variant is loaded: RUSHES_LOAD_PLUGINS leaves out .*acme-extras"
    with pytest.raises(UnknownVariantError, match=leaves_out):
        Registry(load_plugins=[]).get("")


@pytest.mark.usefixtures("several")
def test_what_is_left_out_still_has_its_name() -> None:
    """Or leaving out the owner of a name would hand its key to somebody else."""
    with (
        Client(load_plugins=["acme-extras"], keys={"acme": KEY}) as client,
        pytest.raises(ConfigurationError, match="is given only to rushes-acme"),
    ):
        client.submit("acme/extra", REQUEST)


def test_wrappers_observers_and_commands_are_limited_too(site: Site) -> None:
    code = "from rushes import hookimpl\ndef cap(): pass\n"
    groups = {"rushes_wrappers": {"cap": "one:cap"}, "rushes_observers": {"cap": "one:cap"}}
    site.install("one", code, rushes_commands={"cap": "one:cap"}, **groups)
    groups_of_one = {entry.group for entry in installed(["toapis"]).left_out}
    assert groups_of_one >= {"rushes.wrappers", "rushes.observers", "rushes.commands"}
    found = installed(["one"])
    assert sorted(found.groups) == ["rushes.commands", "rushes.observers", "rushes.wrappers"]
