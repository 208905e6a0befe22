"""A provider that is declared: where its answers hold things, and what its words mean."""

import json
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from acme_declared import ANSWERS, SHARED, declared
from acme_driver import REQUEST, Maker, SteppingClock
from acme_server import VIDEO, Server, answers, created
from acme_zoom import PAGE, Payload
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from rushes import (
    Answer,
    Answers,
    BrokenPluginError,
    Call,
    Cancel,
    Codes,
    Image,
    NotOfferedError,
    Provider,
    Receipt,
    Refusal,
    RefusedError,
    Request,
    Status,
    StillRunningError,
    Task,
    Text,
    To,
    TransportText,
    TransportURL,
    Variant,
    absent,
    hookimpl,
)
from rushes._check.checking import check
from rushes._plugins import reading
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.calls import pick
from rushes.plugins import sample_task
from rushes.testing import Network
from rushes.testing._values import json_values

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def loaded(**changes: Any) -> LoadedVariant:
    return build(declared(**changes), [], "acme/zoom")


def replaced(**changes: Any) -> Answers:
    return msgspec.structs.replace(ANSWERS, **changes)


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def submitted(answers: Answers, body: Any, status: int = 200) -> Receipt | Refusal | None:
    variant = loaded(answers=answers)
    task = sample_task(variant.variant)
    read: Receipt | Refusal | None
    read = variant.call("parse_submit", answer=answer(body, status), task=task)
    return read or (
        variant.call("parse_refusal", answer=answer(body, status)) if status > 299 else None
    )


def polled(answers: Answers, body: Any, remote_id: str = "c-1") -> Status | None:
    variant = loaded(answers=answers)
    task = sample_task(variant.variant)
    arguments = {"receipt": Receipt(remote_id), "task": task}
    read: Status | None = variant.call("parse_status", answer=answer(body), **arguments)
    return read


class TestWholeJobs:
    def test_a_request_becomes_a_file(self, make: Maker, server: Server, tmp_path: Path) -> None:
        server.stages = [{"stage": "waiting"}, {"stage": "rendering", "done": "40%", "billed": 0.2}]
        seen: list[Task] = []
        picture = tmp_path / "kite.png"
        picture.write_bytes(PNG)
        request = Request("A kite", images=[Image(str(picture), "reference")])
        driver = make(plugins=[declared()])
        task = driver.generate("acme/zoom", request, on_update=seen.append)
        assert Path(task.file or "").read_bytes() == VIDEO
        assert (task.cost, 40.0 in {each.progress for each in seen}) == (0.2, True)
        assert server.posts() == server.posts("/v1/pictures") == 1
        assert server.seen[1][1]["x-job"] == task.id

    def test_what_it_cannot_say_has_a_reason(self, make: Maker, server: Server) -> None:
        server.on("POST /v1/clips", answers(402, {"error": {"message": "top up"}}))
        with pytest.raises(RefusedError, match="top up") as caught:
            make(plugins=[declared()]).submit("acme/zoom", REQUEST)
        assert caught.value.refusal.kind == "balance"

    def test_an_error_inside_a_success_is_one(self, make: Maker, server: Server) -> None:
        codes = Codes(
            path="code", means={17: "balance", 19: "key"}, success=(0,), otherwise="refused"
        )
        driver = make(plugins=[declared(answers=replaced(codes=codes))], clock=SteppingClock())
        server.on("POST /v1/clips", answers(200, {"code": 17, "message": "no credit"}))
        with pytest.raises(RefusedError, match="no credit"):
            driver.submit("acme/zoom", REQUEST)
        task = driver.submit("acme/zoom", REQUEST)
        server.on("GET /v1/clips", *[answers(200, {"code": 5, "message": "gone"})] * 1000)
        with pytest.raises(StillRunningError, match="every poll has been refused for 120 s"):
            driver.wait(task)
        server.script.clear()
        server.on("GET /v1/clips", answers(200, {"code": 19, "message": "who?"}))
        with pytest.raises(StillRunningError, match=r"refused the key .*who\?"):
            driver.wait(task)
        server.on("DELETE", answers(200, {"code": 5, "message": "too late"}))
        with pytest.raises(StillRunningError, match=r"did not cancel .*HTTP 200: too late\)"):
            driver.cancel(task)
        server.script.clear()
        assert driver.resume(task).file

    def test_an_upload_refused_inside_a_success_says_why(
        self, make: Maker, server: Server, tmp_path: Path
    ) -> None:
        codes = Codes(path="code", means={3: "refused"})
        driver = make(plugins=[declared(answers=replaced(codes=codes))])
        picture = tmp_path / "kite.png"
        picture.write_bytes(PNG)
        server.on("POST /v1/pictures", answers(200, {"code": 3, "message": "too dark"}))
        with pytest.raises(RefusedError, match="too dark"):
            driver.submit("acme/zoom", Request("k", images=[Image(str(picture), "reference")]))
        assert server.posts() == 0

    def test_a_submit_may_already_hold_the_end(self, make: Maker, server: Server) -> None:
        driver = make(plugins=[declared(answers=replaced(may_end=True))])
        link = f"{server.url}/files/c-9.mp4"
        body = {"clip": {"ref": "c-9", "stage": "ready", "links": [link], "billed": 0.3}}
        server.on("POST /v1/clips", answers(201, body))
        task = driver.generate("acme/zoom", REQUEST)
        assert Path(task.file or "").read_bytes() == VIDEO
        assert (task.cost, task.receipt) == (0.3, Receipt("c-9"))
        assert server.lines == ["POST /v1/clips", "GET /files/c-9.mp4"]

    def test_an_end_without_a_video_is_asked_for_again(self, make: Maker, server: Server) -> None:
        driver = make(plugins=[declared(answers=replaced(may_end=True))])
        server.clips["c-9"] = 0
        server.on("POST /v1/clips", answers(201, {"clip": {"ref": "c-9", "stage": "ready"}}))
        assert driver.generate("acme/zoom", REQUEST).file

    def test_addresses_in_the_answer_are_used(self, make: Maker, server: Server) -> None:
        plugin = declared(
            status_path="{+look}",
            cancel=Cancel(path="{+look}/stop", while_queued=True),
            answers=replaced(keep={"look": "clip.look", "region": "clip.region"}),
        )
        driver = make(plugins=[plugin])
        body = {"clip": {"ref": "c-1", "look": f"{server.url}/v1/clips/c-1", "region": "eu"}}
        server.on("POST /v1/clips", answers(201, body))
        server.stages = [{"stage": "waiting"}]
        task = driver.submit("acme/zoom", REQUEST)
        assert task.receipt == Receipt("c-1", memo={"look": body["clip"]["look"], "region": "eu"})
        server.on("POST /v1/clips/c-1/stop", answers(200, {}))
        driver.cancel(task)
        assert "POST /v1/clips/c-1/stop" in server.lines
        server.stages = [{"stage": "rendering"}] * 9
        server.on("POST /v1/clips", answers(201, body))
        with pytest.raises(NotOfferedError, match="only tasks that have not begun"):
            driver.cancel(driver.submit("acme/zoom", REQUEST, task="second"))

    def test_a_kept_number_fills_in_a_placeholder(self, make: Maker, server: Server) -> None:
        plugin = declared(
            status_path="/v1/clips/{id}?part={part}", answers=replaced(keep={"part": "clip.part"})
        )
        server.on("POST /v1/clips", answers(201, {"clip": {"ref": "c-1", "part": 7}}))
        server.on("GET /v1/clips/c-1", answers(200, {"clip": {"stage": "rendering"}}))
        driver = make(plugins=[plugin])
        with pytest.raises(StillRunningError):
            driver.wait(driver.submit("acme/zoom", REQUEST), timeout=0)
        assert "GET /v1/clips/c-1?part=7" in server.lines

    def test_a_task_without_what_its_polls_need_is_kept(self, make: Maker, server: Server) -> None:
        plugin = declared(status_path="{+look}", answers=replaced(keep={"look": "clip.look"}))
        driver = make(plugins=[plugin])
        task = driver.submit("acme/zoom", REQUEST)
        with pytest.raises(StillRunningError, match="'look' is not known") as caught:
            driver.wait(task, timeout=1)
        assert caught.value.task is not None
        assert caught.value.task.remote_id == "c-1"

    def test_an_address_elsewhere_is_not_asked(self, make: Maker, server: Server) -> None:
        plugin = declared(status_path="{+look}", answers=replaced(keep={"look": "clip.look"}))
        driver = make(plugins=[plugin])
        body = {"clip": {"ref": "c-1", "look": "http://169.254.169.254/v1/clips/c-1"}}
        server.on("POST /v1/clips", answers(201, body))
        task = driver.submit("acme/zoom", REQUEST)
        with pytest.raises(StillRunningError, match="is not at http"):
            driver.wait(task, timeout=1)

    @pytest.mark.parametrize("zone", ["..", ".", "../files", "a/../..", "%2e%2e", "..\\eu"])
    @pytest.mark.parametrize("path", ["/v1/{zone}/clips/{id}", "/v1/{+zone}/{id}", "{+zone}/{id}"])
    def test_dots_do_not_lead_to_another_path(
        self, make: Maker, server: Server, path: str, zone: str
    ) -> None:
        zoned = replaced(keep={"zone": "clip.zone"})
        driver = make(plugins=[declared(status_path=path, cancel=Cancel(path=path), answers=zoned)])
        zone = f"{server.url}/v1/{zone}?a=b" if path.startswith("{+zone}") else zone
        server.on("POST /v1/clips", answers(201, {"clip": {"ref": "c-1", "zone": zone}}))
        task = driver.submit("acme/zoom", REQUEST)
        for verb in (driver.refresh, driver.cancel):
            with pytest.raises(StillRunningError, match=r"'zone' is .*lead to another address"):
                verb(task)
        assert server.lines == ["POST /v1/clips"]

    @pytest.mark.parametrize("over", ["sockets", "a transport"])
    def test_what_is_kept_may_be_too_long_for_an_address(
        self, make: Maker, server: Server, over: str
    ) -> None:
        zoned = replaced(keep={"zone": "clip.zone"})
        plugin = declared(status_path="/v1/{zone}/clips/{id}", answers=zoned)
        made: dict[str, Any] = {"plugins": [plugin]}
        body = {"clip": {"ref": "c-1", "zone": "x" * 70_000}}
        server.on("POST /v1/clips", answers(201, body))
        if over == "a transport":
            made["transport"] = Network()
            made["transport"].on("POST", "/v1/clips", body)
        driver = make(**made)
        task = driver.submit("acme/zoom", REQUEST)
        for verb in (driver.refresh, driver.cancel):
            with pytest.raises(StillRunningError, match=r"it has 70,0\d\d characters, more than"):
                verb(task)

    def test_a_look_up_is_a_path(self, make: Maker, server: Server) -> None:
        listing = replaced(task="clips[]", own_id=("ref",))
        plugin = declared(
            answers=listing, look_up="by_client_id", look_up_path="/v1/search?job={client_id}"
        )
        driver = make(plugins=[plugin])
        server.on("POST /v1/clips", lambda handler: handler.hang_up())
        server.on("GET /v1/search?job=", answers(200, {"clips": [{"ref": "c-7"}, {"ref": "c-7"}]}))
        task = driver.submit("acme/zoom", REQUEST, task="job/7".replace("/", "-"))
        assert task.remote_id == "c-7"
        assert "GET /v1/search?job=job-7" in server.lines


class TestReading:
    @pytest.mark.parametrize(
        ("body", "status", "remote_id"),
        [
            ({"clip": {"ref": "c-1"}}, 429, "c-1"),
            ({"clip": {"ref": " "}}, 200, None),
            ({"clip": {"ref": 7}}, 200, None),
            ({"clip": [{"ref": "c-1"}]}, 200, None),
            ([], 200, None),
        ],
    )
    def test_the_id_is_where_it_is_declared(
        self, body: Any, status: int, remote_id: str | None
    ) -> None:
        read = submitted(ANSWERS, body, status)
        assert (read.remote_id if isinstance(read, Receipt) else None) == remote_id

    @pytest.mark.parametrize(
        ("ref", "remote_id"),
        [(7, "7"), (0, None), (-7, None), (True, None), (7.0, None), ("c-1", None), ("7", None)],
    )
    def test_where_tasks_are_numbered_an_id_is_a_positive_number(
        self, ref: Any, remote_id: str | None
    ) -> None:
        numbered = msgspec.structs.replace(ANSWERS, numbered=True)
        read = submitted(numbered, {"clip": {"ref": ref}}, 200)
        assert (read.remote_id if isinstance(read, Receipt) else None) == remote_id

    @pytest.mark.parametrize(
        ("body", "status", "is_task"),
        [
            ({"id": "x"}, 200, True),
            ({"id": "x"}, 429, False),
            ({"id": "x", "stage": "waiting"}, 429, True),
            ({"id": "x", "stage": "unheard of"}, 429, False),
            ({"id": "x", "kind": "clip"}, 500, True),
            ({"id": "x", "error": {"message": "no"}}, 200, False),
            ({"id": "x", "code": 9}, 200, False),
        ],
    )
    def test_a_bare_id_in_an_error_may_be_another_things(
        self, body: Any, status: int, is_task: bool
    ) -> None:
        codes = Codes(path="code", otherwise="refused")
        bare = replaced(task_id=("id",), marker=("kind", "clip"), codes=codes)
        assert isinstance(submitted(bare, body, status), Receipt) == is_task

    def test_every_item_of_a_list_is_read(self) -> None:
        videos = replaced(videos=("parts[].url", "parts[].more[].url"), expires_at="parts[].until")
        parts = [{"url": "a", "until": 1}, {"more": [{"url": "b"}, {"url": "a"}], "until": 2}, "c"]
        read = polled(videos, {"clip": {"stage": "ready", "parts": parts}})
        assert read is not None
        assert [(result.url, result.expires_at) for result in read.results] == [("a", 1), ("b", 2)]

    def test_times_may_be_in_milliseconds(self) -> None:
        thousandths = replaced(
            milliseconds=True, created_at="at", videos=("url",), expires_at="until"
        )
        read = submitted(thousandths, {"clip": {"ref": "c-1", "at": 1_800_000_000_500}})
        assert isinstance(read, Receipt)
        assert read.created_at == 1_800_000_000.5
        clip = {"stage": "ready", "url": "a", "until": 1_800_000_001_000}
        status = polled(thousandths, {"clip": clip})
        assert status is not None
        assert status.results[0].expires_at == 1_800_000_001
        clip = {"stage": "ready", "url": "a", "until": "soon"}
        status = polled(thousandths, {"clip": clip})
        assert status is not None
        assert status.results[0].expires_at is None

    @pytest.mark.parametrize(
        ("whole", "done", "percent"),
        [(1, 0.25, 25), (100, 25, 25), (100, "25%", 25), (1, "25%", 25), (1, 1.5, None),
         (100, True, None), (1, None, None)],
    )  # fmt: skip
    def test_progress_is_in_percent(self, whole: float, done: Any, percent: float | None) -> None:
        read = polled(replaced(progress_of=whole), {"clip": {"stage": "rendering", "done": done}})
        assert read is not None
        assert read.progress == percent

    def test_costs_may_be_in_credits(self) -> None:
        read = polled(replaced(usd=0.01), {"clip": {"stage": "ready", "billed": 60}})
        assert read is not None
        assert read.cost == pytest.approx(0.6)

    def test_our_task_is_found_among_others(self) -> None:
        listing = replaced(task="clips[]")
        clips = [{"ref": "c-2", "stage": "broken"}, {"ref": "c-1", "stage": "ready"}]
        read = polled(listing, {"clips": clips})
        assert read is not None
        assert (read.state, read.remote_id) == ("completed", "c-1")
        assert polled(listing, {"clips": clips}, "c-3") is None

    @pytest.mark.parametrize(
        ("codes", "status", "body", "kind"),
        [
            (Codes(path="code", means="http"), 200, {"code": 402}, "balance"),
            (Codes(path="code", means="http"), 200, {"code": 200}, None),
            (Codes(path="code", means={"e1": "content"}), 422, {"code": "e1"}, "content"),
            (Codes(path="code", means={1102: "balance"}), 429, {"code": 1102}, "balance"),
            (Codes(path="code", means={"Bad*": "content"}), 400, {"code": "BadImage.X"}, "content"),
            (Codes(path="code", means={"*Bad*": "content"}), 400, {"code": "NotBad"}, "content"),
            (Codes(path="code", means={"Bad*": "content"}), 400, {"code": "NotBad"}, "refused"),
            (
                Codes(path="code", means={"Bad*": "content", "BadKey": "key"}),
                400,
                {"code": "BadKey"},
                "key",
            ),
            (Codes(path=("a", "b"), means={"x": "content"}), 400, {"a": "y", "b": "x"}, "content"),
            (Codes(path=("a", "b"), means={"x": "content"}), 400, {"a": "x", "b": "y"}, "content"),
            (Codes(path=("a", "b"), means={"x": "content"}), 400, {"a": "y"}, "refused"),
            (Codes(path="code", means={1102: "balance"}), 429, {"code": 1}, "wait"),
            (Codes(path="code", means={1102: "balance"}), 503, {"code": 1102}, "unknown"),
            (Codes(path="code", success=(0,), otherwise="refused"), 200, {"code": 0}, None),
            (Codes(path="code", success=(0,), otherwise="refused"), 200, {"code": 1}, "refused"),
            (Codes(path="code", success=(0,)), 200, {"code": 1}, None),
            (Codes(path="code", means={1: "wait"}), 200, {"code": True}, None),
        ],
    )
    def test_codes_mean_what_is_declared(
        self, codes: Codes, status: int, body: Any, kind: str | None
    ) -> None:
        read = submitted(replaced(codes=codes), body, status)
        assert (read.kind if isinstance(read, Refusal) else None) == kind

    def test_a_message_is_read_where_it_is_declared(self) -> None:
        declared = replaced(error=("detail", "detail[].msg"))
        assert submitted(declared, {"detail": "too long"}, 422).message == "too long"  # type: ignore[union-attr]
        assert submitted(declared, {"detail": [{"msg": "short"}]}, 422).message == "short"  # type: ignore[union-attr]
        assert submitted(declared, {"message": "usual"}, 422).message == "usual"  # type: ignore[union-attr]

    @given(body=json_values(), status=st.sampled_from((200, 202, 404, 429, 500)))
    def test_reading_is_total(self, body: Any, status: int) -> None:
        odd = replaced(
            task="clips[]", videos=("a[].b[0].c", "links[]"), expires_at="a[].until",
            codes=Codes(path="code", means={1: "wait"}, otherwise="unknown"),
            keep={"x": "a[0].b"}, created_at="at", model="m", error=("e[].m",),
        )  # fmt: skip
        try:
            odd_answer = answer(body, status)
        except (ValueError, RecursionError):
            return
        reading.receipt(odd, odd_answer)
        reading.StatusReader(odd).read(odd_answer, "c-1")
        reading.look_up(odd, odd_answer)
        reading.refusal(odd, odd_answer)

    @given(
        path=st.lists(st.sampled_from(["a", "b", 0, 1]), min_size=1, max_size=4),
        body=json_values(),
    )
    def test_a_path_without_lists_leads_where_pick_leads(self, path: list[Any], body: Any) -> None:
        path = ["a", *path]
        text = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).removeprefix(".")
        assert reading.steps(text) == tuple(path)
        assert reading.at(body, text) == pick(body, *path)


class TestAddresses:
    @pytest.mark.parametrize(
        ("path", "values", "url"),
        [
            ("/v1/{id}", {"id": "a/b c"}, "https://api.acme.example/v1/a%2Fb%20c"),
            ("/v1/{+id}", {"id": "models/x y/op"}, "https://api.acme.example/v1/models/x%20y/op"),
            (
                "{+at}",
                {"at": "https://api.acme.example/v1/x?y=1"},
                "https://api.acme.example/v1/x?y=1",
            ),
            ("{+at}/{id}", {"at": "/v9/x", "id": "?"}, "https://api.acme.example/v9/x/%3F"),
        ],
    )
    def test_placeholders_are_filled_in(self, path: str, values: dict[str, str], url: str) -> None:
        assert declared().url(path, **values) == url

    def test_an_address_at_another_origin_is_refused(self) -> None:
        with pytest.raises(ValueError, match="is not at"):
            declared().url("{+at}", at="https://api.acme.example.evil.example/")

    def test_the_path_of_a_submit_may_differ_by_input_mode(self) -> None:
        variant = declared(submit_paths={"pictures": "/v1/from-pictures"})
        plugin = build(variant, [], "acme/zoom")
        for extra, path in (
            ({}, "/v1/clips"),
            ({"pictures": ["https://a.example/b"]}, "/v1/from-pictures"),
        ):
            payload = Payload(model="zoom", text="k", **extra)  # type: ignore[arg-type]
            call = plugin.call("submit", payload=payload, client_id="j")
            assert call.url == f"https://api.acme.example{path}"

    def test_declared_headers_go_to_the_provider(self, make: Maker, server: Server) -> None:
        driver = make(plugins=[declared(headers={"X-Version": "2"})])
        driver.generate("acme/zoom", REQUEST)
        sent = [headers.get("x-version") for line, headers, _ in server.seen]
        assert sent == ["2"] * (len(sent) - 1) + [None]  # the film is not the provider's


class AnyModel(Struct, kw_only=True, forbid_unknown_fields=True):
    """A body for several models."""

    model: str
    prompt: Text
    seconds: int = absent(5)


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """What concerns the delivery."""

    job: str = absent("")
    silent: bool = absent(False)


class Nested(Struct, kw_only=True, forbid_unknown_fields=True):
    """A body whose client id is in an object."""

    text: Text
    options: Options = absent(Options())


class TestAuthorization:
    @pytest.mark.parametrize(
        "header", ["", "Bearer {key}", "A b: {key}", "Authorization: Bearer", "X-Key: klíč {key}"]
    )
    def test_a_header_that_cannot_carry_the_key_is_refused(self, header: str) -> None:
        with pytest.raises(BrokenPluginError, match=r"authorization=.* is not a header with"):
            loaded(authorization=header)

    def test_a_hook_may_put_the_key_elsewhere(self) -> None:
        @hookimpl
        def authorize(key: str) -> dict[str, str]:
            return {"X-Signed": key}

        assert loaded(authorization="X-Signed:", hooks=(authorize,))


class TestClientIds:
    @pytest.mark.parametrize(
        ("more", "options"),
        [
            ({}, {"job": "kite"}),
            ({"options": {"silent": True}}, {"silent": True, "job": "kite"}),
            ({"options": {"job": "mine"}}, {"job": "mine"}),
        ],
    )
    def test_a_client_id_may_be_in_an_object(
        self, make: Maker, server: Server, more: dict[str, Any], options: dict[str, Any]
    ) -> None:
        acme = Provider(**{**SHARED, "client_id_header": None, "client_id_field": "options.job"})
        plugin = acme.variant("zoom", payload=Nested, page=PAGE)
        driver = make(plugins=[plugin])
        task = driver.submit("acme/zoom", Request(extra={"text": "k", **more}), task="kite")
        assert json.loads(server.seen[0][2]) == {"text": "k", "options": options}
        assert task.client_id == options["job"]


class Named(Struct, kw_only=True, forbid_unknown_fields=True):
    model_name: str
    text: Text


class Notified(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Text
    notify: TransportURL = absent()
    job: TransportText = absent()


class TestKeyedAddresses:
    ANSWERS = replaced(task="", videos=("open[].url",), keyed=("closed[].url", "alone"))

    @pytest.mark.parametrize(
        ("said", "open_", "closed"),
        [
            ({"alone": "u"}, [], [(1, "u")]),
            ({"open": [{"url": "u"}], "closed": [{"url": "v"}]}, [(1, "u")], [(1, "v")]),
            # What is named as both takes the key.
            ({"open": [{"url": "u"}], "closed": [{"url": "u"}]}, [], [(1, "u")]),
            ({"closed": [{"url": "u"}, {"url": "v"}]}, [], [(1, "u"), (2, "v")]),
            ({"open": [{"url": "u"}, {"url": "v"}], "closed": [{}, {"url": "v"}]}, [(1, "u")],
             [(2, "v")]),
        ],
    )  # fmt: skip
    def test_they_are_calls(
        self, said: Any, open_: list[tuple[int, str]], closed: list[tuple[int, str]]
    ) -> None:
        status = polled(self.ANSWERS, {"stage": "ready", **said})
        assert status
        assert [(one.video, one.url) for one in status.results if one.url] == open_
        calls = [(one.video, one.call) for one in status.results if one.call]
        assert calls == [(video, Call.get(url)) for video, url in closed]


class TestQueries:
    @given(
        notify=st.text(st.characters(codec="utf-8"), min_size=1),
        path=st.sampled_from(("/v1/clips", "/v1/clips?v=2")),
    )
    def test_a_field_may_go_into_the_query(self, notify: str, path: str) -> None:
        acme = Provider(**{**SHARED, "submit_path": path, "query_fields": ("notify",)})
        variant = build(acme.variant("zoom", payload=Notified, page=PAGE), [], "acme/zoom")
        payload = Notified(text="k", notify=notify)
        call = variant.call("submit", payload=payload, client_id="c-1")
        assert call.url.startswith(f"https://api.acme.example{path}")
        assert call.url.isascii()
        query = parse_qsl(urlsplit(call.url).query, keep_blank_values=True)
        assert query[-1] == ("notify", notify)
        assert call.json() == {"text": "k"}
        alone = variant.call("submit", payload=Notified(text="k"), client_id="c-1")
        assert alone.url == f"https://api.acme.example{path}"

    def test_so_may_the_client_id(self, make: Maker, server: Server) -> None:
        changes = {"client_id_header": None, "client_id_field": "job", "query_fields": ("job",)}
        plugin = Provider(**{**SHARED, **changes}).variant("zoom", payload=Notified, page=PAGE)
        driver = make(plugins=[plugin])
        server.on("POST /v1/clips?", created)
        request = Request(extra={"text": "k", "notify": "https://me.example.com"})
        driver.submit("acme/zoom", request, task="kite")
        line, _, body = server.seen[0]
        assert line == "POST /v1/clips?job=kite"
        assert json.loads(body) == {"text": "k", "notify": "https://me.example.com"}


class TestProviders:
    def test_four_models_are_four_lines(self) -> None:
        acme = Provider(**SHARED)
        names = ("a", "b", "c", "d")
        made = [acme.variant(name, payload=AnyModel, page=PAGE) for name in names]
        for name, variant in zip(names, made, strict=True):
            assert variant.id == f"acme/{name}"
            convert = {"model": name, "prompt": "k"}
            assert msgspec.convert(convert, variant.payload)
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert({**convert, "model": "e"}, variant.payload)

    def test_a_models_own_facts_beat_the_providers(self) -> None:
        acme = Provider(**SHARED)
        one = acme.variant("m", name="n", payload=Payload, page=PAGE, submit_path="/v2", cost=len)
        assert (one.id, one.model, one.submit_path, one.status_path) == (
            "acme/n", "m", "/v2", "/v1/clips/{id}",
        )  # fmt: skip

    def test_the_model_may_have_another_field(self, make: Maker, server: Server) -> None:
        acme = Provider(**SHARED, model_field="model_name")
        fields = {"prompt": To("text")}
        made = [acme.variant(name, payload=Named, page=PAGE, fields=fields) for name in ("a", "b")]
        driver = make(plugins=made)
        driver.submit("acme/b", Request("k"))
        assert json.loads(server.seen[0][2]) == {"model_name": "b", "text": "k"}
        (problem,) = driver.check("acme/b", Request("k", extra={"model_name": "a"})).problems
        assert (problem.path, problem.accepted) == ("extra.model_name", ["b"])
        with pytest.raises(BrokenPluginError, match="model_field: the payload has no field"):
            build(acme.variant("a", payload=AnyModel, page=PAGE), [], "acme/a")

    def test_a_field_that_only_the_model_fits_is_filled_in(self) -> None:
        class Engine(Struct, kw_only=True, forbid_unknown_fields=True):
            engine: Literal["a"]
            text: Text

        fields = {"prompt": To("text")}
        acme = Provider(**SHARED).variant("a", payload=Engine, page=PAGE, fields=fields)
        with pytest.raises(BrokenPluginError, match="declare model_field='engine'"):
            build(acme, [], "acme/a")
        said = msgspec.structs.replace(acme, model_field="engine")
        report = check(build(said, [], "acme/a"), Request("k"))
        assert report.payload == Engine(engine="a", text="k")

    def test_a_misspelt_fact_is_an_error(self) -> None:
        with pytest.raises(TypeError, match="ruels"):
            Provider(**SHARED).variant("m", payload=Payload, page=PAGE, ruels=())

    def test_a_models_hook_is_asked_before_its_providers(self) -> None:
        @hookimpl
        def parse_status(answer: Answer) -> Status | None:
            return Status(state="expired") if answer.status == 299 else None

        acme = Provider(**SHARED)
        variant = acme.variant("zoom", payload=Payload, page=PAGE, hooks=(parse_status,))
        plugin = build(variant, [], "acme/zoom")
        for status, state in ((299, "expired"), (200, "completed")):
            status = plugin.call(
                "parse_status",
                answer=answer({"clip": {"stage": "ready"}}, status),
                receipt=Receipt("c-1"),
                task=sample_task(variant),
            )
            assert status.state == state

    def test_a_providers_own_wrapper_changes_a_part_of_what_is_declared(self) -> None:
        @hookimpl(wrapper=True)
        def parse_status(answer: Answer) -> Any:
            status: Status | None = yield
            tokens = pick(answer.json(), "tokens")
            if status is None or not isinstance(tokens, int):
                return status
            return msgspec.structs.replace(status, cost=tokens / 1000)

        variant = declared(hooks=(parse_status,))
        plugin = build(variant, [], "acme/zoom")
        for body, expected in (
            ({"clip": {"stage": "ready"}, "tokens": 4200}, ("completed", 4.2)),
            ({"clip": {"stage": "ready", "billed": 0.2}}, ("completed", 0.2)),
            ({"clip": {"stage": "odd"}, "tokens": 4200}, None),
        ):
            task = sample_task(variant)
            status: Status | None = plugin.call(
                "parse_status", answer=answer(body), receipt=Receipt("c-1"), task=task
            )
            assert (status and (status.state, status.cost)) == expected

    def test_hooks_are_told_the_call_that_was_made(self, make: Maker, server: Server) -> None:
        seen: list[Any] = []

        @hookimpl
        def parse_status(receipt: Receipt, task: Task) -> None:
            seen.append((receipt.remote_id, task.call.json() if task.call else None, task.state))

        make(plugins=[declared(hooks=(parse_status,))]).generate("acme/zoom", REQUEST)
        assert seen[0] == ("c-1", {"model": "zoom", "text": REQUEST.prompt}, "queued")


def unmarked(answer: Answer) -> None:
    """Not marked as a hook."""


@hookimpl
def parse_statuz(answer: Answer) -> None:
    """Misspelt."""


@hookimpl
def parse_status(anwser: Answer) -> None:
    """Asks for an argument that there is not."""


WIAT: Any = "wiat"
LISTED: dict[str, Any] = {
    "answers": replaced(task="clips[]"),
    "statuses_path": "/v1/clips?of={ids}",
}
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "an unmarked hook": ({"hooks": (unmarked,)}, "is not a hook"),
    "a misspelt hook": ({"hooks": (parse_statuz,)}, "nearest: 'parse_status'"),
    "a misspelt argument": ({"hooks": (parse_status,)}, "anwser"),
    "hooks that are none": ({"hooks": (7,)}, "is not a hook"),
    "another specification": ({"spec": 1}, "version 1 .* supports version 2"),
    "a word for no state": ({"answers": replaced(words={"ok": "done"})}, "answers.*done"),
    "no path to the id": ({"answers": replaced(task_id=())}, "task_id"),
    "an odd path": ({"answers": replaced(videos=("a..b",))}, "'a..b' is not a path"),
    "an id that is a list": ({"answers": replaced(task_id=("ids[]",))}, r"ids\[\]"),
    "a list without ids": ({"answers": replaced(task="a[]", own_id=())}, "own_id"),
    "an odd kind": ({"answers": replaced(codes=Codes(path="a", means={1: WIAT}))}, "wiat"),
    "an unknown placeholder": ({"status_path": "/v1/{region}/{id}"}, "region.*keep"),
    "a look-up without our id": (
        {"look_up": "by_client_id", "look_up_path": "/v1/jobs"}, "client_id",
    ),
    "a look-up that is not declared": ({"look_up_path": "/v1/{client_id}"}, "look_up"),
    "a list without ids of tasks": ({**LISTED, "statuses_path": "/v1/clips"}, "no {ids}"),
    "a list of one id": ({**LISTED, "statuses_path": "/v1/clips?of={id}"}, "{id}.*{ids}"),
    "a list of ids beside no parameter": (
        {**LISTED, "statuses_path": "/v1/clips/{ids*}"}, "repeats no parameter",
    ),
    "a repeated id": ({**LISTED, "status_path": "/v1/clips?of={id*}"}, r"\{id\*\}, which nothing"),
    "a list in no task": (
        {**LISTED, "answers": replaced(task="clip", listed="items[]")}, "'clip'; leave one",
    ),
    "a list that is none": (
        {**LISTED, "answers": replaced(task="", listed="items")}, "listed, like items",
    ),
    "a list of anybody's": (
        {**LISTED, "answers": replaced(task="", listed="items[]", own_id=())}, "listed.*own_id",
    ),
    "no list": ({"statuses_path": "/v1/clips?of={ids}"}, "must be a list"),
    "lists in lists": (
        {**LISTED, "answers": replaced(task="pages[].clips[]")}, "must be a list",
    ),
    "videos in lists": ({**LISTED, "answers": replaced(task="c[]", inline=("v",))}, "inline"),
    "more than ids": (
        {**LISTED, "answers": replaced(task="c[]", keep={"at": "at"}), "status_path": "/{at}/{id}"},
        "needs {at}, too",
    ),
    "an odd word": ({"answers": replaced(words={"on": "progress"})}, "words.'on'.*in_progress"),
    "no word": ({"answers": replaced(words={True: "queued"})}, "words has True"),
    "an odd code": (
        {"answers": replaced(codes=Codes(path="c", means={5: cast("Any", "money")}))},
        "means.5.*balance",
    ),
    "an odd cancel": ({"cancel": Cancel(path="/v1/{idd}")}, "idd"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_mistyped_does_not_load(how: str) -> None:
    changes, words = BROKEN[how]
    with pytest.raises(BrokenPluginError, match=words) as caught:
        build(declared(**changes), [], "acme.zoom (from acme)")
    assert "acme.zoom" in str(caught.value)


def test_several_ids_are_joined_by_commas_and_encoded_each() -> None:
    variant = build(declared(**LISTED), [], "x").variant
    url = variant.url(variant.statuses_path or "", ids=["c-1", "a/b", "c,d"])
    assert url == "https://api.acme.example/v1/clips?of=c-1,a%2Fb,c%2Cd"


def test_several_ids_repeat_a_parameter_and_are_encoded_each() -> None:
    paths = {**LISTED, "statuses_path": "/v1/clips?n=9&filter.of={ids*}&x=y"}
    variant = build(declared(**paths), [], "x").variant
    url = variant.url(variant.statuses_path or "", ids=["c-1", "a/b", "c,d", "{e}"])
    of = "filter.of=c-1&filter.of=a%2Fb&filter.of=c%2Cd&filter.of=%7Be%7D"
    assert url == f"https://api.acme.example/v1/clips?n=9&{of}&x=y"


def test_an_address_that_a_hook_uses_is_the_hooks_business() -> None:
    @hookimpl
    def poll(variant: Variant, receipt: Receipt) -> Any:
        url = variant.url(variant.status_path, id=receipt.remote_id, region="eu")
        return (yield Call.get(url))

    variant = declared(status_path="/v1/{region}/{id}", hooks=(poll,))
    steps = build(variant, [], "x").call("poll", receipt=Receipt("c-1"), task=sample_task(variant))
    assert next(steps).url == "https://api.acme.example/v1/eu/c-1"


def test_a_declaration_may_be_the_entry_point() -> None:
    assert isinstance(declared(), Variant)
    assert build(declared(), [], "x").variant.id == "acme/zoom"
