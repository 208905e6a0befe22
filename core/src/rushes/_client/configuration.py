"""What both clients share: their configuration, and the methods that never wait."""

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rushes._check.checking import check
from rushes._check.quick import quick
from rushes._check.siblings import naming_siblings, without_ended
from rushes._client.verbs import Jobs, RequestLike
from rushes._journal.address import journal_at
from rushes._journal.queued import QueuedJournal
from rushes._journal.sqlite import SQLiteJournal
from rushes._keys.redacting import Secret, hidden
from rushes._network.settings import NetworkSettings, Timeouts
from rushes._plugins.calling import LoadedVariant, name_of
from rushes._plugins.loading import check_observer
from rushes._plugins.registry import Registry, listed
from rushes._session.arguments import require, require_seconds
from rushes._session.clock import SystemClock
from rushes._session.provider_keys import ProviderKeys
from rushes._session.records import Records
from rushes._session.session import OnUpdate, Session
from rushes._session.steps import Watched
from rushes._submit.files import file_problems
from rushes._submit.submitting import require_sendable
from rushes._urls import proxy_objection, web_url_objection
from rushes.errors import ConfigurationError
from rushes.home import Environment, Keys, home_folder
from rushes.journal import Journal
from rushes.problems import Problem, show
from rushes.report import Report
from rushes.request import Request
from rushes.variant import Polling

DEFAULT: Any = object()
LEAST_EVERY = 0.001
"""Seconds; at an interval of nothing, polls would be made without a pause."""
_JOURNALS = "a Journal (for a file SQLiteJournal(path)), an address of a database, or None"


class Configured:
    """A client without its driver; nothing here waits.

    An argument beats the environment, which beats what is stored in the home folder. Nothing is
    opened, imported or written until it is needed.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, str] | None = None,
        base_urls: Mapping[str, str] | None = None,
        home: str | Path | None = None,
        journal: Journal | str | None = DEFAULT,
        timeouts: Timeouts | None = None,
        polling: Polling | None = None,
        proxy: str | None = None,
        transport: Any = None,
        connections: int = 10,
        plugins: Iterable[Any] = (),
        wrappers: Iterable[Any] = (),
        observers: Iterable[OnUpdate] = (),
        trust: Mapping[str, str | Iterable[str]] | None = None,
        load_plugins: Iterable[str] | None = None,
        webhook_url: str | None = None,
        clock: SystemClock | None = None,
    ) -> None:
        """Configure a client.

        `keys` and `base_urls` are by provider, and may name some that are not installed; but if
        such a name is nearly an installed one's, nothing is sent. `home` is the folder for journal,
        stored keys and downloads; `polling` overrides the providers' advice, and is kept exactly:
        its `first`, then its `every`, whatever is known of how long tasks take. `transport` is an
        httpx transport of your own; addresses are then checked by their text alone, only its own
        timeouts limit what hangs inside it, and a paid call may use a connection that another call
        has used: if the other side is just closing that, the outcome is unknown. `proxy` is used
        for all hosts except this machine; a proxy resolves names itself, so here too only literal
        addresses are checked. `connections` limits how many are open at once, however many tasks
        are followed.

        A provider's name, and with it the key, belongs to one distribution. `trust` says by
        provider which other distributions may have it: `{"toapis": "some-distribution"}`; whatever
        is in `plugins` is trusted.

        `load_plugins` limits which installed plugins are used: those of these distributions, and
        the variants of these providers; none of a wrapper or an observer that is not named. An
        empty list means none; what is in `plugins`, `wrappers` and `observers` is always used.

        `webhook_url` is the public address of an endpoint of yours, or else RUSHES_WEBHOOK_URL;
        every provider that can is asked to call it, at `webhook_url/toapis` and so on, when a task
        changes. What arrives there goes to `receive`, of this client or of another that shares the
        journal: it wakes whoever waits for the task. Such a task is polled twice at most, unless
        you give `polling`. An address in a request's own fields is kept.

        `clock` is for tests: `rushes.testing.Clock` skips every pause. A journal that the client
        makes itself counts by it, too.

        `journal` is any `Journal`, or the address of a PostgreSQL database that several machines
        share (`postgresql://user:password@host/name`; see `PostgresJournal`). Without one, the
        address in RUSHES_JOURNAL counts, and without that, an SQLite file in `home`. With
        `journal=None` nothing is recorded: a task that you do not keep yourself is lost with the
        process, a job cannot be distinguished from one sent before, nothing keeps two flows from
        working on one task (two resumes may both send it), and `tasks`, `history`, `purge` and
        `resume` by reference do not work. Use it only if you store every Task that `on_update`
        passes to you before you return, and make sure that each has one owner.
        """
        # First, so that no traceback shows them, whatever is raised here.
        keys, base_urls, proxy = hidden(keys), hidden(base_urls), proxy and Secret(proxy)
        journal = Secret(journal) if isinstance(journal, str) else journal
        webhook_url = webhook_url and Secret(webhook_url)
        if keys is None or base_urls is None:
            raise ConfigurationError("keys and base_urls must map each provider's name to text")
        if proxy and (wrong := proxy_objection(proxy)):
            raise ConfigurationError(f"{wrong}; correct the argument proxy")
        require(home=home)
        _require_settings(polling, timeouts, connections, journal, clock, trust)
        environ = Environment()
        folder = home_folder(home, environ)
        clock = clock or SystemClock()
        self._journal_is_ours = journal is DEFAULT or isinstance(journal, str)
        used = _journal_in(folder, environ, clock) if journal is DEFAULT else journal
        if isinstance(used, str):
            used = journal_at(used, "the argument journal")
        self._settings = NetworkSettings(
            timeouts=timeouts or Timeouts(),
            proxy=proxy,
            connections=connections,
            transport=transport,
        )
        self.registry = Registry(plugins, wrappers, base_urls, environ, trust, load_plugins, keys)
        self.keys = Keys(keys, environ, folder)
        self._session = Session(
            registry=self.registry,
            keys=ProviderKeys(self.registry, self.keys),
            journal=used,
            home=folder,
            timeouts=self._settings.timeouts,
            polling=polling,
            own_observers=tuple(
                check_observer(part, f"{name_of(part)} (from the argument observers)")
                for part in listed("observers", observers)
            ),
            webhook_url=_webhook_url(webhook_url, environ),
            time=clock,
        )
        self._jobs = Jobs(self._session, self._checked)
        self._records = Records(self._session)

    def check(self, variant: str, request: RequestLike) -> Report:
        """Check a request: report every problem at once and what would be sent; send nothing.

        Needs no key, no base URL and no network. A local image is read, not uploaded. Raises
        UnknownVariantError or BrokenPluginError; a wrong request does not raise, it is reported.
        """
        return self._report(variant, request, native=False)

    def _report(self, variant: str, request: RequestLike, *, native: bool) -> Report:
        loaded = self.registry.get(variant)
        ends = self._session.begun("check", loaded.variant)
        if not ends:
            return self._found(loaded, request, native=native)
        with Watched(ends) as step:
            step.outcome = report = self._found(loaded, request, native=native)
        return report

    def _found(self, loaded: LoadedVariant, request: RequestLike, *, native: bool) -> Report:
        # Enough for most requests.
        report = quick(loaded, request, native=native) if loaded.variant.ends is None else None
        if report is not None:
            return report
        report = self._checked(loaded.variant.id, request)[1]
        if not report.problems:
            return report
        return naming_siblings(report, request, self.registry, self._session.time.now())

    def ready(self, variant: str) -> None:
        """Raise an error if no request to a variant could be sent; nothing is sent.

        Raises MissingKeyError, or another ConfigurationError: no base URL, a key that belongs to
        another distribution, a broken wrapper.
        """
        require_sendable(self._session, self.registry.get(variant))

    def check_all(self, request: RequestLike) -> list[Report]:
        """Check a request against every installed variant: who can do it, and who cannot and why.

        Each report has notes and, if known, an estimated cost. A variant whose plugin is broken
        cannot, and a problem with the code `broken_plugin` says why.
        """
        return [self._check_one(variant_id, request) for variant_id in self.registry.ids()]

    def _check_one(self, variant: str, request: RequestLike) -> Report:
        try:
            return self._checked(variant, request)[1]
        except ConfigurationError as error:
            problem = Problem(path="", code="broken_plugin", message=str(error))
            return Report(variant=variant, problems=(problem,), notes=())

    def check_payload(self, variant: str, payload: Any) -> Report:
        """Check a native payload, as the provider's page shows it."""
        if type(payload) is not dict and not isinstance(payload, Mapping):
            message = "a payload must be an object"
            problem = Problem(path="", code="type", message=message)
            return Report(variant=variant, problems=(problem,), notes=())
        return self._report(variant, Request(extra=payload), native=True)

    def _checked(self, variant: str, request: RequestLike) -> tuple[LoadedVariant, Report]:
        loaded = self.registry.get(variant)
        report = without_ended(loaded.variant, check(loaded, request), self._session.time.now())
        uploads, page = loaded.variant.uploads, loaded.variant.page
        if uploads is None or not report.uploads:
            return loaded, report
        if found := file_problems(report.uploads, uploads, page):
            problems = (*report.problems, *found)
            report = msgspec.structs.replace(report, problems=problems, payload=None)
        return loaded, report

    def _silence(self, error: BaseException) -> None:
        """Remove every key from an error that is raised to the caller."""
        self._session.keys.silence(error)

    def _close_without_waiting(self, *held: object) -> None:
        """Release what a client that was not closed holds, without waiting, and warn about it.

        A journal that the caller made is the caller's to close.
        """
        found = [each for each in held if each is not None]
        if "_session" in vars(self):
            self._session.ears.end()
        journal: Any = self._session.journal if "_session" in vars(self) else None
        if isinstance(journal, QueuedJournal) and self._journal_is_ours and journal.is_open:
            journal.close_without_waiting()
            found.append(journal)
        if found:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)

    def _release(self) -> None:
        if self._session.journal is not None:
            self._session.journal.close()


def _require_settings(
    polling: Polling | None,
    timeouts: Timeouts | None,
    connections: int,
    journal: Any,
    clock: Any,
    trust: Any,
) -> None:
    """Raise ConfigurationError for what would fail only once a job is paid for."""
    if type(connections) is not int or connections < 1:
        raise ConfigurationError(
            f"the argument connections must be a whole number from 1, not {show(connections)}"
        )
    require_seconds("polling", polling, Polling)
    require_seconds("timeouts", timeouts, Timeouts)
    if polling is not None and (polling.every < LEAST_EVERY or polling.at_most <= 0):
        raise ConfigurationError(
            f"polling: a poll every {show(polling.every)} s for at most {show(polling.at_most)} s "
            f"is not possible; `every` must be {LEAST_EVERY} or more, `at_most` more than 0"
        )
    is_default = journal is DEFAULT or isinstance(journal, str)
    for name, value, method, accepted in (
        ("journal", None if is_default else journal, "claim", _JOURNALS),
        ("clock", clock, "elapsed", "a SystemClock, or what has its methods"),
        ("trust", trust, "items", "a mapping of providers to distributions"),
    ):
        if value is not None and not hasattr(value, method):
            raise ConfigurationError(f"{name} must be {accepted}, not {show(value)}")


def _webhook_url(given: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the address that providers are to call, without a slash at its end."""
    url = environ.get("RUSHES_WEBHOOK_URL") if given is None else given
    if not url:
        return None
    objection = web_url_objection(url)
    if not objection and set(url) & set("?#@"):
        objection = "has a user name, a query or a fragment"
    if objection:
        named = "RUSHES_WEBHOOK_URL" if given is None else "the argument webhook_url"
        raise ConfigurationError(
            f"{named} {objection}; give the address of your endpoint, to which /PROVIDER is "
            "appended: https://example.com/webhooks"
        )
    return str(url).rstrip("/")


def _journal_in(home: Path, environ: Mapping[str, str], clock: SystemClock) -> QueuedJournal[Any]:
    """Return the journal of a client that was given none."""
    if address := environ.get("RUSHES_JOURNAL"):
        return journal_at(address, "RUSHES_JOURNAL")
    return SQLiteJournal(home / "journal.db", clock=clock.since_boot)
