"""A provider's name belongs to one distribution: no other gets its key unless it is trusted."""

from pathlib import Path
from typing import Any

import pytest
from acme_driver import KEY, REQUEST, Drivers, Maker
from acme_server import Server
from acme_zoom import Zoom
from installed_site import GOOD, Site, install
from rushes import ConfigurationError, MissingKeyError
from rushes._plugins.registry import Registry


def install_variant(site: Site, name: str, variant: str) -> str:
    """Install a distribution with one variant; return its id."""
    return install(site, name, GOOD.format(id=variant), variant)


@pytest.fixture
def stranger(site: Site) -> str:
    """Install the distribution that owns the name, and another; return the other's variant."""
    install_variant(site, "rushes_acme", "acme/own")
    return install_variant(site, "Acme_Extras", "acme/extra")


def test_a_second_distribution_does_not_get_the_key_and_is_named(
    make: Maker, server: Server, stranger: str
) -> None:
    driver = make(plugins=[])
    assert driver.check(stranger, REQUEST).valid
    assert stranger in driver.client.registry.ids()
    with pytest.raises(ConfigurationError) as caught:
        driver.submit(stranger, REQUEST)
    assert str(caught.value) == (
        "acme/extra comes from acme-extras, but other variants of acme from rushes-acme. The key "
        "for acme is given only to rushes-acme. If you trust acme-extras with it, set "
        'RUSHES_TRUST="acme=acme-extras", or the argument trust={"acme": "acme-extras"}; otherwise '
        "uninstall acme-extras"
    )
    assert not isinstance(caught.value, MissingKeyError)
    assert driver.tasks() == []
    assert server.lines == []
    assert driver.submit("acme/own", REQUEST).state == "queued"


@pytest.mark.parametrize("verb", ["wait", "cancel", "resume"])
def test_a_second_distribution_does_not_get_the_key_for_a_running_task(
    make: Maker, server: Server, site: Site, verb: str
) -> None:
    """The owner of the name was installed after the task was sent."""
    variant = install_variant(site, "acme_extras", "acme/extra")
    task = make(plugins=[]).submit(variant, REQUEST)
    install_variant(site, "rushes_acme", "acme/own")
    before = len(server.seen)
    with pytest.raises(ConfigurationError, match="is given only to rushes-acme") as caught:
        getattr(make(plugins=[]), verb)(task.id)
    assert caught.value.task == task
    assert len(server.seen) == before
    assert make(plugins=[], trust={"acme": "acme-extras"}).resume(task.id).file


def test_if_no_distribution_owns_the_name_none_gets_the_key(
    make: Maker, server: Server, site: Site
) -> None:
    for name in ("one", "other"):
        install_variant(site, f"acme_{name}", f"acme/{name}")
    for name in ("one", "other"):
        words = rf"^acme/{name} comes from acme-{name}, .*None of them is named rushes-acme"
        with pytest.raises(ConfigurationError, match=words):
            make(plugins=[]).submit(f"acme/{name}", REQUEST)
    assert server.lines == []


def test_the_only_distribution_owns_the_name(make: Maker, server: Server, site: Site) -> None:
    install_variant(site, "whatever", "acme/own")
    install_variant(site, "rushes_other", "other/zoom")
    assert make(plugins=[]).submit("acme/own", REQUEST).state == "queued"


def settings(how: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put the part for the environment there; return the client's settings."""
    if "environ" in how:
        monkeypatch.setenv("RUSHES_TRUST", how["environ"])
    return {name: value for name, value in how.items() if name != "environ"}


TRUST: dict[str, dict[str, Any]] = {
    "a name": {"trust": {"acme": "acme-extras"}},
    "a name spelt otherwise": {"trust": {"acme": "ACME.Extras"}},
    "several names": {"trust": {"acme": ["another", "acme_extras"], "other": "x"}},
    "the environment": {"environ": "acme=acme-extras"},
    "several in the environment": {"environ": " other=x , acme = Acme_Extras,acme=another, "},
    "the argument beats the environment": {
        "environ": "acme=another", "trust": {"acme": "acme-extras"},
    },
}  # fmt: skip


@pytest.mark.parametrize("how", TRUST)
def test_an_explicitly_trusted_distribution_gets_the_key(
    make: Maker, server: Server, stranger: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make(plugins=[], **settings(TRUST[how], monkeypatch))
    for variant in (stranger, "acme/own"):
        assert driver.submit(variant, REQUEST).state == "queued"
    keys = {headers.get("authorization") for _, headers, _ in server.seen}
    assert keys == {f"Bearer {KEY}"}


DISTRUST: dict[str, dict[str, Any]] = {
    "another name": {"trust": {"acme": "acme"}},
    "another provider": {"trust": {"other": "acme-extras"}},
    "letters of the name": {"trust": {"acme": list("acme-extras")}},
    "another in the environment": {"environ": "acme=another"},
    "another sign in the environment": {"environ": "acme=acme-extras;other=x"},
    "the argument beats the environment": {
        "environ": "acme=acme-extras", "trust": {"acme": "another"},
    },
}  # fmt: skip


@pytest.mark.parametrize("how", DISTRUST)
def test_trust_in_something_else_does_not_count(
    make: Maker, server: Server, stranger: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make(plugins=[], **settings(DISTRUST[how], monkeypatch))
    with pytest.raises(ConfigurationError, match="is given only to rushes-acme"):
        driver.submit(stranger, REQUEST)
    assert server.lines == []


@pytest.mark.parametrize("said", ["acme", "acme=", "=acme-extras", "acme=x,acme-extras"])
def test_malformed_trust_is_reported_when_it_is_needed(
    server: Server, home: Path, stranger: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_TRUST", said)
    drivers = Drivers("sync", server, home)
    with pytest.raises(ConfigurationError, match=r"RUSHES_TRUST says .* PROVIDER=DIST"):
        drivers(plugins=[]).submit(stranger, REQUEST)
    assert drivers(plugins=[]).submit("acme/own", REQUEST).state == "queued"
    drivers.close()


def test_a_plugin_given_by_hand_is_trusted(make: Maker, server: Server, stranger: str) -> None:
    driver = make(plugins=[Zoom()])
    assert driver.submit("acme/zoom", REQUEST).state == "queued"
    with pytest.raises(ConfigurationError, match="is given only to rushes-acme"):
        driver.submit(stranger, REQUEST)


def test_the_reason_is_given_without_loading_any_plugin(site: Site) -> None:
    install(site, "rushes_acme", "raise AssertionError", "acme/own")
    install(site, "acme_extras", "raise AssertionError", "acme/extra")
    registry = Registry()
    assert registry.why_no_key("acme/own") is None
    assert "acme-extras" in str(registry.why_no_key("acme/extra"))
    assert "acme-extras" in str(Registry(trust={"acme": "rushes-acme"}).why_no_key("acme/extra"))


def declaring(site: Site, name: str, variable: str) -> str:
    """Install a distribution whose variant names a further variable for its key."""
    variant = f"{name.replace('_', '-')}/own"
    code = GOOD.format(id=variant).replace(
        "id=name)", f'id=name, variables={{"api_key": {variable!r}}})'
    )
    return install(site, name, code, variant)


def test_the_variable_of_another_providers_key_is_not_read(
    make: Maker, server: Server, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_variant(site, "rushes_acme", "acme/own")
    other = declaring(site, "other", "ACME_API_KEY")
    monkeypatch.setenv("ACME_API_KEY", KEY)
    plain: dict[str, Any] = {
        "plugins": [],
        "keys": {},
        "base_urls": dict.fromkeys(("acme", "other"), server.url),
    }
    with pytest.raises(MissingKeyError) as caught:
        make(**plain).submit(other, REQUEST)
    assert "set OTHER_API_KEY" in str(caught.value)
    assert "ACME_API_KEY is not read for it: that is the key for acme" in str(caught.value)
    assert "or ACME_API_KEY" not in str(caught.value)
    assert server.lines == []
    assert make(**plain).submit("acme/own", REQUEST).state == "queued"
    assert make(**plain, trust={"acme": "other"}).submit(other, REQUEST).state == "queued"
    monkeypatch.setenv("RUSHES_TRUST", "acme=other")
    assert make(**plain).submit(other, REQUEST).state == "queued"


@pytest.mark.parametrize(
    ("name", "variable"),
    [("extra", "ACMEML_KEY"), ("acme_more", "ACME_MORE_{}_TOKEN"), ("further", "SOMETHING")],
)
def test_a_variable_that_is_nobody_elses_is_read(
    make: Maker, server: Server, site: Site, name: str, variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    install_variant(site, "rushes_acme", "acme/own")
    variable = variable.format(make.kind.upper())
    mine = declaring(site, f"{name}_{make.kind}", variable)
    monkeypatch.setenv(variable, KEY)
    driver = make(plugins=[], keys={}, base_urls={mine.partition("/")[0]: server.url})
    assert driver.submit(mine, REQUEST).state == "queued"
