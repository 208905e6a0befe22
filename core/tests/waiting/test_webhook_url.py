"""The address that providers are to call: where it is from, where it goes, what is refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from acme_calling import SECRET, calling, delivery
from acme_declared import declared
from acme_driver import KEY, REQUEST, Maker, StoppedClock
from acme_server import Server
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from rushes import (
    BrokenPluginError,
    Client,
    ConfigurationError,
    DeliveryError,
    NotSentError,
    RefusedError,
)
from rushes._plugins.loading import build
from rushes.journal import MAX_REMOTE_ID

HOOKS = "http://127.0.0.1:9/hooks"


def sent(server: Server) -> Any:
    return json.loads(server.seen[-1][2]).get("delivery")


def test_it_is_in_the_environment(
    make: Maker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_WEBHOOK_URL", f"{HOOKS}/")
    assert make(plugins=[calling()]).submit("acme/zoom", REQUEST).webhook
    assert sent(server) == {"notify": f"{HOOKS}/acme"}
    for url, notify in (("", None), ("http://127.0.0.1:9", {"notify": "http://127.0.0.1:9/acme"})):
        task = make(plugins=[calling()], webhook_url=url).submit("acme/zoom", REQUEST)
        assert (task.webhook, sent(server)) == (bool(url), notify)


def test_an_address_of_the_request_is_kept(make: Maker, server: Server) -> None:
    driver = make(plugins=[calling()], webhook_url=HOOKS)
    for url, ours in ((f"{HOOKS}/acme", True), ("https://me.example.com/", False)):
        options = {"note": "urgent", "notify": url}
        request = {"prompt": "A red kite", "extra": {"delivery": options}}
        assert driver.submit("acme/zoom", request).webhook is ours
        assert sent(server) == options
    request = {"prompt": "A red kite", "extra": {"delivery": {"note": "urgent"}}}
    assert driver.submit("acme/zoom", request).webhook
    assert sent(server) == {"note": "urgent", "notify": f"{HOOKS}/acme"}


def test_a_provider_that_calls_nobody_is_asked_nothing(make: Maker, server: Server) -> None:
    driver = make(plugins=[Zoom()], webhook_url=HOOKS)
    assert not driver.submit("acme/zoom", REQUEST).webhook
    assert "hooks" not in server.seen[-1][2].decode()


def test_the_same_job_is_the_same_with_another_address(make: Maker, server: Server) -> None:
    first = make(plugins=[calling()]).submit("acme/zoom", REQUEST, task="mine")
    again = make(plugins=[calling()], webhook_url=HOOKS).submit("acme/zoom", REQUEST, task="mine")
    assert (again, server.posts()) == (first, 1)


def test_a_job_that_is_sent_elsewhere_is_called_back_as_recorded(
    make: Maker, server: Server
) -> None:
    nowhere = make(plugins=[calling()], webhook_url=HOOKS, base_urls={"acme": "http://127.0.0.1:9"})
    with pytest.raises(NotSentError, match="never sent"):
        nowhere.submit("acme/zoom", REQUEST, task="mine")
    assert make(plugins=[calling()]).submit("acme/zoom", REQUEST, task="mine").webhook
    assert sent(server) == {"notify": f"{HOOKS}/acme"}


def test_a_refused_job_says_nothing_of_it(make: Maker, server: Server) -> None:
    server.on("POST /v1/clips", lambda handler: handler.answer(422, {}))
    with pytest.raises(RefusedError):
        make(plugins=[calling()], webhook_url=HOOKS).submit("acme/zoom", REQUEST)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hooks.example.com", "is not an http(s) address"),
        ("ftp://hooks.example.com", "is not an http(s) address; it begins with ftp:"),
        ("https://hooks.example.com/?a=b", "has a user name, a query or a fragment"),
        ("https://me:secret@hooks.example.com", "has a user name"),
        ("https://", "has no host"),
    ],
)
def test_a_wrong_address_is_refused_when_the_client_is_made(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(webhook_url=url)
    assert f"the argument webhook_url {words}" in str(caught.value)
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("RUSHES_WEBHOOK_URL", url)
    with pytest.raises(ConfigurationError, match=r"^RUSHES_WEBHOOK_URL "):
        Client()


@pytest.mark.parametrize("url", ["http://localhost:8000/hooks", "http://10.0.0.1/hooks"])
def test_an_address_that_a_provider_cannot_reach_is_refused_before_anything_is_sent(
    make: Maker, server: Server, url: str
) -> None:
    public = {"base_urls": {"acme": "https://api.acme.example"}}
    driver = make(plugins=[calling()], webhook_url=url, **public)
    with pytest.raises(ConfigurationError, match=r"acme cannot call .*RUSHES_WEBHOOK_URL"):
        driver.submit("acme/zoom", REQUEST)
    assert driver.tasks() == []
    make(plugins=[calling()], webhook_url=url).submit("acme/zoom", REQUEST)  # it is here, too


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"callback_field": "delivery.notfy"}, "no field 'delivery.notfy'"),
        ({"callback_field": "seconds"}, "callback_field: seconds is not a text field"),
        ({"callback_field": "model", "hooks": ()}, "there is no hook parse_webhook"),
    ],
)
def test_a_declaration_without_a_place_for_it_is_not_loaded(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BrokenPluginError, match=words):
        build(calling(**changes), [], "it")
    assert build(declared(), [], "it").variant.callback_field is None


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Make a client that has no task."""
    keys = {"acme": KEY, "acme.webhook_secret": SECRET}
    home = tmp_path_factory.mktemp("home")
    with Client(plugins=[calling()], keys=keys, home=home, clock=StoppedClock()) as client:
        yield client


HEADERS = st.dictionaries(
    st.one_of(st.sampled_from(["acme-time", "ACME-Signature", "\udc00"]), st.text(max_size=9)),
    st.one_of(st.sampled_from(["1000000", "", "0"]), st.text(max_size=9), st.none()),
)
CLIPS = st.one_of(
    st.none(),
    st.builds(lambda ref: {"ref": ref}, st.one_of(st.text(max_size=9), st.just("c-1"), st.none())),
    st.builds(lambda stage: {"ref": "c-1", "stage": stage}, st.text(max_size=9)),
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda clip, event: json.dumps({"clip": clip, "event": event}).encode(),
        CLIPS,
        st.one_of(st.none(), st.integers(), st.text(max_size=300)),
    ),
    st.just(b"[" * 20_000),
)


@given(headers=HEADERS, body=BODIES)
def test_nothing_that_anybody_sends_is_believed(
    headers: dict[str, Any], body: bytes, quiet: Client
) -> None:
    with pytest.raises(DeliveryError):
        quiet.receive("acme", headers, body)


@given(ref=st.text(max_size=600), event=st.text(max_size=300), stage=st.text(max_size=20))
def test_what_is_signed_wakes_only_the_task_that_it_is_about(
    ref: str, event: str, stage: str, quiet: Client
) -> None:
    journal: Any = quiet._session.journal
    place, _ = journal.news(0)
    headers, body = delivery(ref, 1_000_000, stage=stage, event=event)
    assert quiet.receive("acme", headers, body) is None
    told = journal.news(place)[1]
    assert set(told) <= {("acme", ref)}
    if not ref.isprintable() or len(ref) > MAX_REMOTE_ID:
        assert told == []
