"""What the kit checks of calls."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from rushes._keys.redacting import Secret
from rushes._plugins.reading import at, listed
from rushes._urls import origin
from rushes.calls import Answer, Call, LocalFile
from rushes.problems import listing
from rushes.testing._answers import json_answer, malformed, put_at, shown
from rushes.testing._documented import changed, replaced
from rushes.testing._under_test import HIDDEN, NOW, PUBLIC, VariantUnderTest

__tracebackhide__ = HIDDEN
ODD_IDS = ("odd/id?x=1#y", "a b%2F", "\u00e9")
PICTURE = LocalFile(content=b"\x89PNG\r\n\x1a\n", type="image/png", name="a.png")


class WireChecks(VariantUnderTest):
    """Calls: to the provider's own origin, encoded, with what they need and no more."""

    def test_submit_gives_one_call_that_can_be_sent(self) -> None:
        """The creating call is a POST of JSON to the provider's own origin."""
        for example in self.accepted:
            call = self.call(self.check(example))
            assert call.method == "POST", self.says(f"submit makes a {call.method}, not a POST")
            assert origin(call.url) == origin(PUBLIC), self.says(
                f"submit makes a call to {call.url}, which is not the base URL's origin"
            )
            assert call.body, self.says("submit makes a call without a body")
            assert isinstance(msgspec.json.decode(call.body), dict), self.says(
                "submit sends JSON that is not an object"
            )

    def test_a_key_that_replays_is_sent(self) -> None:
        """If the provider recognises jobs by our key, another key makes another call.

        It does if it replays or rejects by key, or looks a job up by it.
        """
        report = self.check(self.accepted[0])
        variant = self.variant
        one, same, other = (self.call(report, name) for name in ("job-1", "job-1", "job-2"))
        assert one == same, self.says("the same key makes two calls that differ")
        if variant.idempotency != "none" or variant.look_up != "none":
            assert one != other, self.says("the declaration says that a key is sent, but none is")
        else:
            assert one == other, self.says(
                "a key is sent; say in `idempotency` or `look_up` what it does"
            )

    def test_a_base_url_may_end_in_its_version(self) -> None:
        """A configured base URL that ends in a slash or the version makes the same address."""
        report = self.check(self.accepted[0])
        for hook in ("submit", "poll"):
            urls = set()
            base_urls = [PUBLIC, f"{PUBLIC}/"]
            while base_urls:
                base = base_urls.pop()
                loaded = self.loaded(base)
                if hook == "submit":
                    given = {"payload": report.payload, "client_id": "job-1"}
                    call = self.blamed(loaded.call, hook, **given)
                else:
                    given = {"receipt": self.receipt("r-1"), "task": self.task()}
                    call = self.blamed(next, loaded.call(hook, **given))
                urls.add(call.url)
                version = urlsplit(call.url).path.split("/")[1]
                if base == PUBLIC and version[:1] == "v" and version[1:].isdecimal():
                    base_urls += [f"{PUBLIC}/{version}", f"{PUBLIC}/{version}/"]
            assert len(urls) == 1, self.says(
                f"the address for {hook} depends on how the base URL is written: "
                f"{listing(sorted(urls))}"
            )

    def test_a_poll_is_calls_and_an_answer(self) -> None:
        """Polling yields calls to the provider's origin, ids encoded, and returns an answer."""
        for odd, body in product(ODD_IDS, self.polls()):
            _, calls = self.exchange("poll", json_answer(body), receipt=self.receipt(odd))
            assert calls, self.says("poll makes no call")
            self._own_and_encoded(calls, odd)

    def test_tasks_asked_for_together_are_told_apart(self) -> None:
        """One call asks for several tasks; of its answer each is given its own status, no other's.

        Only for a declaration with a `statuses_path`. What each is given is read by `poll` and
        `parse_status`, like the answer to a poll of its own.
        """
        variant, answers = self.variant, self.variant.answers
        if variant.statuses_path is None or answers is None:
            return
        url = variant.url(variant.statuses_path, ids=[*ODD_IDS])
        for odd in ODD_IDS:
            self._own_and_encoded([Call.get(url)], odd)
        for body in (*self.polls(), *(body for body, *_ in self.statuses)):
            ours, others = map(self.in_answers, (self.remote_id, self.other_id))
            bodies = {self.remote_id: body, self.other_id: replaced(body, ours, others)}
            if answers.listed:
                named = answers.own_id[0]
                bodies = {each: put_at(body, named, self.in_answers(each)) for each in bodies}
            told = reversed(bodies.values())
            items = [each if answers.listed else at(each, answers.task) for each in told]
            path = (answers.listed or answers.task).removesuffix("[]")
            several = put_at(None if answers.listed else body, path, items)
            parts = listed(answers, json_answer(several), [*bodies, "r-3"])
            for remote_id, alone in bodies.items():
                own = self._polled(json_answer(alone), remote_id)
                assert remote_id in parts, self.says(
                    f"the task {remote_id} is not found among those that an answer lists: {items}"
                )
                shared = self._polled(parts[remote_id], remote_id)
                assert shared == own, self.says(
                    f"of an answer that lists several tasks, {shared} is read, not {own}: {items}"
                )
            assert len(parts) == len(bodies), self.says("a task that is not listed is found")

    def _polled(self, answer: Answer, remote_id: str) -> Any:
        """Return the status in an answer to the call that `status_path` describes."""
        variant, receipt = self.variant, self.receipt(remote_id)
        result, calls = self.exchange("poll", answer, receipt=receipt)
        asked = Call.get(variant.url(variant.status_path, id=remote_id))
        assert asked in calls, self.says(
            "`statuses_path` is declared, but poll does not make the call of `status_path`, whose "
            "answer would be a part of that"
        )
        return self.ask("parse_status", answer=result, receipt=receipt)

    def test_the_other_calls_can_be_made(self) -> None:
        """Cancelling and uploading, if there are such hooks, describe valid calls, too."""
        for odd in ODD_IDS:
            if self.ask("cancel", receipt=self.receipt(odd)) is not None:
                _, calls = self.exchange("cancel", json_answer({}), receipt=self.receipt(odd))
                self._own_and_encoded(calls, odd)
        if self.ask("upload", file=PICTURE) is not None:
            assert self.variant.uploads, self.says(
                "there is a hook `upload`; also declare `uploads`"
            )
            url, _ = self.exchange("upload", json_answer({}), file=PICTURE)
            assert url is None, self.says(f"an answer without an address is read as {url!r}")
            for answer in malformed():
                url, _ = self.exchange("upload", answer, file=PICTURE)
                assert url is None, self.says(f"{shown(answer)} is read as the address {url!r}")
        else:
            uploads = self.variant.uploads
            without = uploads is None or uploads.inline is not None
            assert without, self.says("`uploads` is declared, but there is no hook `upload`")

    def test_a_look_up_finds_what_carries_our_name(self) -> None:
        """Looking a job up asks for our client id, encoded, and finds the listed task, or none.

        An error, an odd answer or an answer without an id must not be read as a task: it would be
        adopted. The answers are those in `look_ups`, otherwise those to a poll or a submit.
        """
        declared = self.variant.look_up != "none"
        asks = self.ask("look_up", client_id="job-1") is not None
        assert asks == declared, self.says(
            "the hook `look_up` and the declaration's `look_up` go together"
        )
        if not asks:
            return
        for odd in ODD_IDS:
            found, calls = self.exchange("look_up", json_answer({}), client_id=odd)
            assert calls, self.says("look_up makes no call")
            assert not found, self.says(f"an answer without an id is read as a task: {found}")
            self._own_and_encoded(calls, odd)
        listed = self.look_ups or [(body, [remote_id]) for body, remote_id in self._named()]
        assert any(remote_ids for _, remote_ids in listed), self.says(
            "list what a look-up finds in `look_ups`"
        )
        for body, remote_ids in listed:
            found, _ = self.exchange("look_up", json_answer(body), client_id="job-1")
            ids = None if found is None else [receipt.remote_id for receipt in found]
            wanted = None if remote_ids is None else [*remote_ids]
            assert ids == wanted, self.says(f"look_up finds {ids}, not {wanted}, in {body}")
            for status in (300, 400, 404, 500):
                found, _ = self.exchange("look_up", json_answer(body, status), client_id="job-1")
                assert not found, self.says(f"HTTP {status} is read as a task: {found}")
        found, _ = self.exchange("look_up", json_answer({}, 404), client_id="job-1")
        assert found == [], self.says(f"HTTP 404 says that there is none, but is read as {found!r}")
        for answer in malformed():
            found, _ = self.exchange("look_up", answer, client_id="job-1")
            assert not found, self.says(f"{shown(answer)} is read as a task: {found}")

    def _named(self) -> list[tuple[Any, str]]:
        """List the answers that name the task: those to a poll, otherwise those to a submit."""
        polled = [
            (body, status.remote_id) for body, status, *_ in self.statuses if status.remote_id
        ]
        return polled or self.named()

    def _own_and_encoded(self, calls: Iterable[Call], odd: str) -> None:
        for call in calls:
            assert origin(call.url) == origin(PUBLIC), self.says(
                f"a call is made to {call.url}, which is not the base URL's origin"
            )
            encoded = odd.partition("?")[0] not in call.url
            if "{+id}" in self.variant.status_path:  # its slashes may stay as they are
                encoded |= quote(odd, safe="/") in call.url
            assert encoded, self.says(f"the id {odd!r} is not encoded in {call.url}")
            assert call.url.isascii(), self.says(f"the id {odd!r} is not encoded in {call.url}")

    def test_the_key_goes_into_headers(self) -> None:
        """Authorising returns headers that depend on every secret, and on nothing unknown."""
        for secrets in self.all_secrets():
            self._assert_headers(secrets)

    def _assert_headers(self, secrets: Mapping[str, Secret]) -> None:
        call = self.call(self.check(self.accepted[0]))
        headers = self._authorized(call, secrets)
        assert self._authorized(call, secrets) == headers, self.says(
            "two authorisations at one time differ"
        )
        assert headers, self.says("no header carries the key")
        for name, value in headers.items():
            assert isinstance(name, str), self.says(f"the name of a header, {name!r}, is not text")
            assert isinstance(value, str), self.says(f"the header {name} is not text")
            assert "\n" not in value, self.says(f"the header {name} has several lines")
            assert "\r" not in value, self.says(f"the header {name} has several lines")
        for name in secrets:
            other = {**secrets, name: Secret(f"{secrets[name]}-other")}
            assert self._authorized(call, other) != headers, self.says(
                f"no header depends on the secret {name}"
            )

    def _authorized(self, call: Call, secrets: Mapping[str, Secret]) -> Mapping[str, str]:
        token = self.ask("token", secrets=secrets, now=NOW)
        key = Secret(token.text) if token else next(iter(secrets.values()))
        headers: Mapping[str, str]
        headers = self.ask("authorize", call=call, key=key, secrets=secrets, now=NOW)
        return headers

    def test_no_answer_on_the_way_is_too_odd(self) -> None:
        """With an odd value anywhere in the answers to its calls, a hook calls only addresses.

        Those answers are in `exchanges`; what a hook takes from one may go into the next call.
        """
        for hook, arguments in self._arguments().items():
            bodies = self.exchanges.get(hook, ())
            for place, body in enumerate(bodies):
                for odd in changed([body], []):
                    others = (*bodies[:place], odd, *bodies[place + 1 :])
                    _, calls = self.exchange(hook, *map(json_answer, others), **arguments)
                    for call in calls:
                        named = isinstance(call.url, str) and call.url.strip()
                        assert named, self.says(
                            f"{hook} makes a call to {call.url!r} after the answer {odd}"
                        )

    def _arguments(self) -> dict[str, dict[str, Any]]:
        """Return what each hook that yields calls is given, if the plugin has it."""
        receipt = self.receipt(self.remote_id)
        hooks: dict[str, dict[str, Any]] = {
            "poll": {"receipt": receipt},
            "cancel": {"receipt": receipt},
            "look_up": {"client_id": "job-1"},
            "upload": {"file": PICTURE},
        }
        return {
            hook: arguments
            for hook, arguments in hooks.items()
            if self.ask(hook, **arguments) is not None
        }

    def calls_of_hooks(self) -> dict[str, Any]:
        """Return every call that the hooks describe, with what they make of the answers.

        It is kept in the snapshot: a changed method, path, header, body or order shows there.
        """
        receipt = self.receipt(self.remote_id)
        call = self.call(self.check(self.accepted[0]))
        made: dict[str, Any] = {}
        for place, secrets in enumerate(self.all_secrets()):
            name = f"authorize with {', '.join(secrets)}" if place else "authorize"
            made[name] = self._authorized(call, secrets)
        for hook, arguments in self._arguments().items():
            bodies = self.exchanges.get(hook, self.polls()[:1])
            result, calls = self.exchange(hook, *map(json_answer, bodies), **arguments)
            made[hook] = {"calls": [_shown(call) for call in calls]}
            if hook not in ("poll", "cancel"):
                made[hook]["result"] = result
            elif hook in self.exchanges and hook == "poll":
                made[hook]["status"] = self.ask("parse_status", answer=result, receipt=receipt)
        polls = {_shown(call)["call"] for call in self._polls_by_endpoint()}
        if len(polls) > 1:
            made["polls by endpoint"] = sorted(polls)
        if called := self.calls_of_deliveries():
            made["parse_webhook"] = {"calls": [_shown(call) for call in called]}
        if self.variant.statuses_path is not None:
            url = self.variant.url(self.variant.statuses_path, ids=[self.remote_id, self.other_id])
            made["statuses"] = _shown(Call.get(url))
        for word in self.states():
            _, calls = self.exchange("poll", json_answer(self.worded(word)), receipt=receipt)
            if len(calls) > 1:
                made.setdefault("polls", {})[str(word)] = [_shown(call) for call in calls]
        return made

    def _polls_by_endpoint(self) -> Iterator[Call]:
        """Yield the first call of a poll for each endpoint that accepted examples are sent to."""
        seen = set[str]()
        for example in self.accepted:
            if not self.check(example).valid:
                continue  # a test of its own says so
            task = self.task_of(example)
            if task.call and task.call.url not in seen:
                seen.add(task.call.url)
                answer = json_answer(self.polls()[0])
                receipt = self.receipt(self.remote_id)
                yield self.exchange("poll", answer, receipt=receipt, task=task)[1][0]


def _shown(call: Call) -> dict[str, Any]:
    """Return a call as the snapshot keeps it; a byte that is not ASCII is escaped."""
    body = (call.body or b"").decode("ascii", "backslashreplace")
    return {"call": f"{call.method} {call.url}", "headers": call.headers, "body": body}
