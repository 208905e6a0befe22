"""The page in a real browser, from disk, with real films: it plays, filters, votes, hides."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from page_reading import ROW, names, ready, times, until, visible_variant_names
from page_results import PROMPTS, VARIANTS, film, promise, results
from playwright.sync_api import Browser, Page
from rushes_compare._page import write_page
from rushes_compare._page.escaping import escape_invisible
from rushes_compare.results import Cell, CheckFinding, Failure, Results

FRAME = 1 / 24
APART = 0.05  # seconds; more can be seen
HOSTILE = (
    "</script><script>document.documentElement.dataset.broken=1</script>"
    '<img src=x onerror="document.documentElement.dataset.broken=2"> \u202egnp.\u2066 \x00 '
    "javascript:alert(1) 👩‍🚀 " + "x" * 10_000
)
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared") / "a comparison"


@pytest.fixture(scope="module")
def found(folder: Path) -> Results:
    """Return three rows of eight variants, rendered once, and write their page."""
    made = results(folder)
    write_page(made, folder)
    return made


@pytest.fixture
def opened(open_page: Open, folder: Path, found: Results) -> Open:
    """Open the page of three rows, unless another is named."""
    return lambda at=folder, **options: open_page(at, **options)


def test_the_page_opens_at_its_top(opened: Open) -> None:
    page = opened()
    assert page.evaluate("scrollY") == 0
    assert page.locator("h1").is_visible()


def test_a_row_plays_pauses_and_seeks_together(opened: Open) -> None:
    page = opened(height=1400)
    page.locator("#row-0").scroll_into_view_if_needed()
    ready(page, 8)
    page.keyboard.press("Space")
    # In step while they play: ten checks in a row find all of them together.
    until(
        page,
        f"""{ROW}.every((video) => !video.paused) && (() => {{
            const times = {ROW}.map((video) => video.currentTime);
            const fine = Math.max(...times) - Math.min(...times) < {APART};
            window.fine = fine && Math.min(...times) > 0.1 ? (window.fine ?? 0) + 1 : 0;
            return window.fine >= 10;
        }})()""",
    )
    assert page.text_content("#play") == "Pause"
    page.keyboard.press("Space")
    until(page, f"{ROW}.every((video) => video.paused && !video.seeking)")
    assert max(times(page)) - min(times(page)) < FRAME
    page.locator("#time").fill("1.25")
    until(page, f"{ROW}.every((video) => Math.abs(video.currentTime - 1.25) < 0.001)")
    assert page.text_content("#clock") == "0:01.25 / 0:02.00"
    page.keyboard.press("Space")
    until(page, f"{ROW}.every((video) => !video.paused)")
    page.locator("#time").fill("0.5")  # while they play, too
    until(page, f"{ROW}.every((v) => v.paused && Math.abs(v.currentTime - 0.5) < 0.001)")
    page.locator("#time").fill("1.25")
    page.evaluate("() => scrollBy(0, 200)")
    below = "[...document.querySelectorAll('#row-1 video')]"
    until(page, f"{below}.length >= 3 && {below}.every((v) => v.readyState >= 2 && !v.seeking)")
    assert set(times(page, 1)) == {0}  # it is visible, but does not play along


HELD = f"""() => {{
    const now = performance.now();
    performance.now = () => now + (window.waited ?? 0);
    const late = {ROW}[3];
    late.play = () => new Promise((go) => {{
        window.letGo = () => go(HTMLMediaElement.prototype.play.call(late));
    }});
}}"""


def test_nobody_runs_ahead_of_one_that_starts_late(opened: Open) -> None:
    page = opened(height=1400)
    ready(page, 8)
    page.evaluate(HELD)
    page.keyboard.press("Space")
    others = f"{ROW}.filter((_, number) => number !== 3)"
    until(page, f"{others}.every((video) => video.currentTime > 0.002)")
    assert page.evaluate(f"{others}.every((video) => video.playbackRate === 1 / 8)")
    assert page.text_content("#clock") == "0:00.00 / 0:02.00"
    page.evaluate("letGo()")
    until(page, f"{ROW}.every((video) => video.playbackRate > 0.5)")


def test_one_that_does_not_start_is_not_waited_for(opened: Open) -> None:
    page = opened(height=1400)
    ready(page, 8)
    page.evaluate(HELD)
    page.keyboard.press("Space")
    until(page, f"{ROW}[0].currentTime > 0.002")
    page.evaluate("window.waited = 1001")
    until(page, f"{ROW}[0].playbackRate > 0.5 && {ROW}[3].paused")


def test_a_video_that_drifts_is_brought_back(opened: Open) -> None:
    page = opened(height=1400)
    ready(page, 8)
    page.select_option("#speed", "0.1")  # far from the end, where all start again
    page.locator("#speed").blur()
    page.keyboard.press("Space")
    until(page, f"{ROW}.every((video) => !video.paused && video.currentTime > 0)")
    page.evaluate(f"() => {{ const video = {ROW}[3]; video.pause(); video.currentTime = 1.9; }}")
    until(
        page,
        f"""!{ROW}[3].paused && !{ROW}[3].seeking &&
            Math.abs({ROW}[3].currentTime - {ROW}[0].currentTime) < {APART}""",
    )
    # A little behind, it does not jump, but plays faster until it is there.
    page.evaluate(f"() => {{ {ROW}[3].currentTime -= 0.04; }}")
    until(page, f"{ROW}[3].playbackRate > 0.1")
    until(
        page,
        f"""{ROW}[3].playbackRate === 0.1 &&
            Math.abs({ROW}[3].currentTime - {ROW}[0].currentTime) < {APART}""",
    )


def test_frames_are_stepped_and_stop_at_the_ends(opened: Open) -> None:
    page = opened(height=1400)
    ready(page, 8)
    page.locator("#time").fill("1")
    for key, number in ((".", 25), (".", 26), (",", 25)):
        page.keyboard.press(key)
        middle = (number + 0.5) * FRAME
        until(page, f"{ROW}.every((v) => Math.abs(v.currentTime - given[0]) < 0.002)", middle)
    page.keyboard.press("ArrowRight")
    until(page, f"{ROW}.every((video) => video.currentTime > 1.9 && video.currentTime < 2)")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    until(page, f"{ROW}.every((video) => video.currentTime === 0)")


def test_a_short_video_waits_on_its_last_frame(opened: Open) -> None:
    page = opened(height=1500)
    page.keyboard.press("ArrowDown")
    row = "[...document.querySelectorAll('#row-1 video')]"
    until(page, f"{row}.length === 7 && {row}.every((video) => video.readyState >= 2)")
    page.locator("#time").fill("1.4")
    page.keyboard.press("Space")
    short = f"{row}.find((video) => video.duration < 1.7)"
    until(
        page,
        f"{short}.paused && {short}.currentTime > 1.4"
        f" && {row}.some((video) => video.currentTime > 1.7)",
    )


def test_only_visible_videos_are_loaded(opened: Open) -> None:
    page = opened(height=700)
    until(page, "document.querySelectorAll('video').length > 0")
    first = page.locator("video").count()
    assert first < 22
    assert page.locator(".screen img").count() == 22
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    until(page, "document.querySelectorAll('#row-0 video').length === 0")
    until(page, "document.querySelectorAll('#row-2 video').length > 0")
    assert page.locator("video").count() < 16


def test_at_most_six_videos_load_at_once(browser: Browser, folder: Path, found: Results) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 3600})
    page.add_init_script(
        """
        window.most = 0;
        new MutationObserver(() => {
            const videos = [...document.querySelectorAll("video[src]")];
            const count = videos.filter((video) => video.readyState < 2).length;
            window.most = Math.max(window.most, count);
        }).observe(document, { childList: true, subtree: true });
        """
    )
    page.goto((folder / "report.html").as_uri())
    every = "[...document.querySelectorAll('video')]"
    until(page, f"{every}.length === 22 && {every}.every((video) => video.readyState >= 2)")
    assert 1 <= page.evaluate("most") <= 6
    page.close()


def test_speed_sound_and_scope(opened: Open) -> None:
    page = opened(height=2400)
    ready(page, 8)
    page.select_option("#scope", "all")
    page.keyboard.press("Space")
    until(page, "document.querySelectorAll('#row-1 video').length === 7")
    until(page, "[...document.querySelectorAll('#row-1 video')].some((video) => !video.paused)")
    page.select_option("#speed", "0.5")
    until(page, f"{ROW}.every((video) => video.playbackRate < 0.65)")
    assert page.eval_on_selector_all("video", "(all) => all.every((video) => video.muted)")
    page.click("#row-0 .slot:nth-child(2) .listen")
    until(
        page, f"{ROW}.map((video) => video.muted).join() === [1,0,1,1,1,1,1,1].map(Boolean).join()"
    )
    page.keyboard.press("m")
    until(page, f"{ROW}.every((video) => video.muted)")


def test_a_vote_is_counted_kept_exported_and_imported(opened: Open, tmp_path: Path) -> None:
    page = opened()
    page.keyboard.press("2")
    assert page.locator("#row-0 .won h3 bdi").all_text_contents() == ["toapis", "kling-v3-omni"]
    pressed = page.locator("#row-0 .vote").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('aria-pressed'))"
    )
    assert pressed == ["false", "true", *["false"] * 6]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")  # it failed: there is nothing to vote for
    assert "Which is best?" in page.inner_text("#row-1 .ballot")
    page.keyboard.press("0")
    tally = page.locator(".summary .overview tbody tr").nth(1).locator("td").last
    assert tally.text_content() == "1"
    page.reload()
    assert page.locator(".won").count() == 1
    page.click("#votes summary")
    with page.expect_download() as download:
        page.click("#export")
    file = tmp_path / "votes.json"
    download.value.save_as(file)
    exported = json.loads(file.read_text())
    assert exported["comparison"] == "9f3ac1d2e4"
    assert [one["variant"] for one in exported["votes"]] == ["toapis/kling-v3-omni", None]
    page.click("#clear")
    assert page.locator(".won").count() == 1  # it asks first
    page.click("#ask .quiet")
    page.click("#votes summary")
    page.click("#clear")
    page.click("#ask .primary")
    assert page.locator(".won").count() == 0
    exported["votes"].append({"row": 77, "variant": "toapis/kling-v3"})
    exported["votes"].append({"row": 2, "variant": HOSTILE})
    exported["votes"].append({"row": "length", "variant": "toapis/kling-v3"})
    exported["votes"].append(None)
    file.write_text(json.dumps(exported))
    page.click("#votes summary")
    with page.expect_file_chooser() as chooser:
        page.click("#import")
    chooser.value.set_files(file)
    until(page, "document.querySelectorAll('.won').length === 1")
    assert page.text_content(".status") == "2 votes imported"
    file.write_text('{"comparison": "another", "votes": []}')
    with page.expect_file_chooser() as chooser:
        page.click("#import")
    chooser.value.set_files(file)
    until(page, "document.querySelector('.status').textContent.includes('another comparison')")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("u")
    assert page.locator(".won").count() == 0


def test_blind_hides_every_name_until_the_vote(opened: Open, found: Results) -> None:
    page = opened(height=1400)
    page.keyboard.press("m")
    page.fill("#search", "uniall")
    page.locator("#search").blur()
    page.keyboard.press("b")
    ready(page, 8)
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url.casefold()))
    assert visible_variant_names(page) == []
    for word in ("$0", "lufs", "1280x720", "differences", "rendered"):
        assert word not in page.inner_text("#rows").casefold()
    assert names(page, 0) == [f"Video {letter}" for letter in "ABCDEFGH"]
    assert names(page, 1) == [f"Video {letter}" for letter in "ABCDEFG"]  # one has no video
    page.reload()  # stays blind, whatever the page has kept
    assert visible_variant_names(page) == []
    page.fill("#search", "uniall")  # what is hidden cannot be searched for
    page.fill("#search", "kites")
    assert page.locator("section.row:visible").count() == 1
    page.fill("#search", "")
    page.locator("#search").blur()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("4")
    assert sorted(names(page, 0)) == sorted(VARIANTS)
    assert page.locator("#row-0 .slot.won").count() == 1
    assert names(page, 1)[0] == "Video A"
    assert page.locator(".summary .overview").count() == 0
    page.keyboard.press("u")
    assert visible_variant_names(page) == []
    for key in ("1", "ArrowDown", "2", "ArrowDown"):
        page.keyboard.press(key)
    assert page.locator(".summary .overview").count() == 0
    page.keyboard.press("0")
    assert (
        page.locator(".summary .overview tbody tr").count() == 8
    )  # the end: everything is shown, with the tally
    assert sorted(names(page, 2)) == sorted(VARIANTS)
    assert not any(part in url for url in urls for part in ("kling", "toapis", "uniall", "apimart"))


def test_blind_shuffles_each_row_and_can_wait_for_the_end(opened: Open, found: Results) -> None:
    page = opened()
    page.keyboard.press("0")  # a vote that was not blind does not count in blind mode
    page.keyboard.press("b")
    page.select_option("#reveal", "end")
    assert "Which is best?" in page.inner_text("#row-0 .ballot")
    page.keyboard.press("1")
    assert visible_variant_names(page) == []
    assert page.locator("[aria-pressed=true].vote").count() == 1
    orders = []
    for _ in range(5):
        page.keyboard.press("b")
        page.keyboard.press("b")
        orders.append(
            page.locator("#row-0 .screen img").evaluate_all("(all) => all.map((one) => one.src)")
        )
    assert len({tuple(order) for order in orders}) > 1
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def test_files_named_after_variants_cannot_be_blind(
    opened: Open, found: Results, tmp_path: Path
) -> None:
    cell = found.cells[0]
    assert cell.video
    named = msgspec.structs.replace(cell.video, file="videos/toapis-kling-v3.mp4", poster=None)
    one = msgspec.structs.replace(cell, video=named)
    film(tmp_path / "videos" / "toapis-kling-v3.mp4", "x", "x", 0.5, (160, 90))
    write_page(msgspec.structs.replace(found, rows=found.rows[:1], cells=[one]), tmp_path)
    page = opened(tmp_path)
    page.keyboard.press("b")
    assert "reveal who made the videos" in (page.text_content(".status") or "")
    assert page.locator(".row.blind").count() == 0


def test_filter_and_sort(opened: Open) -> None:
    page = opened()
    page.fill("#search", "lighthouse")
    assert page.locator("section.row:visible").count() == 1
    assert names(page, 2) == VARIANTS
    page.fill("#search", "did not pass review")
    assert names(page, 1) == ["toapis/kling-v2-6"]
    page.fill("#search", "nothing at all")
    assert page.locator(".no-matches").is_visible()
    page.fill("#search", "")
    page.select_option("#state", "cannot")
    assert names(page, 2) == ["uniall/kling-v3-std-silent"]
    assert page.locator("section.row:visible").count() == 1
    page.select_option("#state", "all")
    page.check("#broken")
    assert names(page, 0) == ["toapis/kling-v3-omni", "uniall/kling-v3-std-silent"]
    page.uncheck("#broken")
    page.click("#variants summary")
    page.locator("#variants label", has_text="uniall").first.click()
    assert len(names(page, 0)) == 7
    page.select_option("#order", "cost")
    assert names(page, 0)[0] == "toapis/kling-v3"
    assert names(page, 0)[-1] == "uniall/kling-v3-std-audio"  # what is unknown is not cheap
    page.select_option("#order", "name")
    assert names(page, 0) == sorted(names(page, 0))
    page.locator("#row-0 .vote").nth(6).click()
    page.select_option("#order", "votes")
    assert page.locator("#row-0 .slot").first.get_attribute("class") == "slot video won"
    assert names(page, 0)[0] == "uniall/kling-v3-std-audio"


def test_the_keys(opened: Open) -> None:
    page = opened()
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("1")  # nothing behind the help is moved
    assert page.locator(".won").count() == 0
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()
    page.keyboard.press("d")
    assert page.locator("#row-0 details.sent[open]").count() == 8
    page.keyboard.press("ArrowDown")
    assert page.locator("#row-1").get_attribute("class") == "row leading"
    page.keyboard.press("d")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("d")
    assert page.locator("#row-0 details[open]").count() == 0
    assert page.locator("#row-1 details.sent[open]").count() == 8
    page.fill("#search", "b2?")  # typed into a field, not a command
    assert page.locator("#help").is_visible() is False
    assert page.locator("#blind").get_attribute("aria-pressed") == "false"
    page.fill("#search", "")
    page.focus("#theme")
    page.keyboard.press("Space")  # a button's own key
    assert page.text_content("#play") == "Play row 1"
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.locator("#row-0 .vote").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.dataset.key") == "vote 0 1"


def test_the_facts_of_a_cell(opened: Open) -> None:
    page = opened()
    page.keyboard.press("d")
    omni = page.locator("#row-0 .slot").nth(1)
    broken = omni.locator(".broken").text_content() or ""
    assert broken == "✕broken: resolution 1080p requested, delivered  → 1280x720"
    assert omni.locator(".line.changed code").inner_text().strip() == '"model": "kling-v3-omni",'
    assert omni.locator(".was").inner_text() == 'there "kling-v3"'
    silent = page.locator("#row-0 .slot").nth(4)
    assert silent.locator(".line.only-here").count() == 4
    assert silent.locator(".line.only-there code").inner_text() == 'mode: "pro"'
    assert "$0.34 billed, $0.30 estimated" in page.locator("#row-0 .cost").first.inner_text()
    assert page.locator("#row-0 .cost").nth(5).inner_text().startswith("cost unknown")
    assert "did not pass review" in page.locator("#row-1 .failure blockquote").inner_text()
    cannot = page.locator("#row-2 .slot.cannot").inner_text()
    assert "Cannot do this" in cannot
    assert "Accepted: false." in cannot
    assert page.locator(".figures dd").first.inner_text().split("\n") == [
        "22 of 24", "1 cannot, 1 failed",
    ]  # fmt: skip


def test_a_problem_without_accepted_values_shows_only_its_message(
    opened: Open, found: Results, tmp_path: Path
) -> None:
    problem = CheckFinding(path="audio", code="x", message="It cannot be set.", accepted=[])
    cell = Cell(id="a", row=0, variant=VARIANTS[0], state="cannot", problems=[problem])
    write_page(msgspec.structs.replace(found, rows=found.rows[:1], cells=[cell]), tmp_path)
    page = opened(tmp_path)
    assert page.locator(".problems li").all_inner_texts() == ["audio It cannot be set."]


def unpaid(cell: Cell, **more: Any) -> Cell:
    return msgspec.structs.replace(
        cell, state="refused", video=None, billed=None, estimate=None, promises=[], **more
    )


def test_an_unknown_cost_is_not_shown_as_free(opened: Open, found: Results, tmp_path: Path) -> None:
    """The first is refused, then unknown; the second known, then unknown; the third is billed."""
    first, second, third = found.variants[:3]
    kept = {cell.variant: cell for cell in found.cells[:3]}
    unknown = {"state": "failed", "progress": 0.0}
    cells = [
        unpaid(kept[first]),
        msgspec.structs.replace(unpaid(kept[first]), id="a", row=1, **unknown),
        msgspec.structs.replace(unpaid(kept[second]), billed=0.5),
        msgspec.structs.replace(unpaid(kept[second]), id="b", row=1, **unknown),
        msgspec.structs.replace(unpaid(kept[third]), billed=0.9),
    ]
    write_page(
        msgspec.structs.replace(
            found, rows=found.rows[:2], variants=[first, second, third], cells=cells
        ),
        tmp_path,
    )
    page = opened(tmp_path)
    costs = page.locator(".summary .overview tbody tr td:nth-last-child(2)").all_text_contents()
    assert costs == ["unknown", "≥ $0.50", "$0.90"]
    assert "≥ $1.40" in page.locator(".figures").inner_text()
    assert "2 of 5 unknown" in page.locator(".figures").inner_text()
    assert "estimated" not in page.locator(".figures").inner_text()
    assert page.locator("#row-1 .placeholder span").all_text_contents()[:2] == ["failed", "failed"]
    page.locator("select").filter(has_text="broken promises").select_option("cost")
    assert page.locator(".summary .overview tbody th").first.text_content() == third


@pytest.mark.parametrize("moment", [1e300, -1e300, 8.7e12])
def test_an_extreme_creation_time_does_not_break_the_page(
    opened: Open, found: Results, tmp_path: Path, moment: float
) -> None:
    write_page(msgspec.structs.replace(found, created_at=moment), tmp_path)
    page = opened(tmp_path)
    assert page.locator("#row-2").count() == 1
    assert page.locator("#plain, #data").count() == 0
    assert page.text_content(".eyebrow") == "rushes compare"


def test_if_the_script_fails_the_plain_table_remains(
    browser: Browser, found: Results, tmp_path: Path
) -> None:
    file = write_page(found, tmp_path)
    file.write_text(file.read_text().replace('"promises":', '"vows":'))
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.locator("#plain").is_visible()
    page.close()


def hostile(found: Results, number: int = 0) -> Results:
    """Put text that attacks the page everywhere."""
    cell = found.cells[number]
    bad = CheckFinding(path=HOSTILE, code="x", message=HOSTILE, accepted=[HOSTILE], source=HOSTILE)
    attacked = msgspec.structs.replace(
        cell,
        variant=HOSTILE,
        payload={HOSTILE: [HOSTILE, {"__proto__": HOSTILE}]},
        problems=[bad],
        notes=[bad],
        failure=Failure(kind=HOSTILE, message=HOSTILE, reason=HOSTILE),
        promises=[promise("resolution", HOSTILE, HOSTILE, kept=False)],
    )
    row = msgspec.structs.replace(
        found.rows[0], name=HOSTILE, request={"prompt": HOSTILE, "style": HOSTILE}
    )
    return msgspec.structs.replace(
        found, rows=[row], variants=[HOSTILE, VARIANTS[1]], cells=[attacked, found.cells[1]]
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_text_does_nothing(
    opened: Open, folder: Path, found: Results, tmp_path: Path, width: int
) -> None:
    shutil.copytree(folder / "videos", tmp_path / "videos")
    write_page(hostile(found), tmp_path, title=HOSTILE)
    page = opened(tmp_path, width=width)
    page.keyboard.press("d")
    page.keyboard.press("1")
    assert page.evaluate("() => document.documentElement.dataset.broken") is None
    for heading in ("h1", "#row-0 h2"):
        assert page.text_content(heading) == escape_invisible(HOSTILE)
    assert "\u202e" not in (page.text_content("#row-0 .row-head") or "")
    assert not any("\u202e" in text for text in page.locator(".failure").all_text_contents())
    assert page.locator("script").count() == 1
    assert page.locator("main img").count() == 2
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for text in ("h1", "h2", ".failure", ".code", ".promises"):
        wide = page.locator(text).first.evaluate("(one) => one.scrollWidth - one.clientWidth")
        assert wide <= 1, text


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_window_scrolls_only_vertically(opened: Open, width: int) -> None:
    page = opened(width=width, height=800)
    for keys in ((), ("d", "1"), ("b",)):
        for key in keys:
            page.keyboard.press(key)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width
    slot = page.locator("#row-0 .slot").first.bounding_box()
    assert slot
    assert slot["width"] > width * 0.4


def test_a_single_file_works_alone(
    opened: Open, folder: Path, found: Results, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    some = msgspec.structs.replace(found, rows=found.rows[:1], cells=found.cells[:8])
    page_file = write_page(some, copy, embed=True)
    alone = tmp_path / "alone"
    alone.mkdir()
    page_file.rename(alone / "report.html")
    shutil.rmtree(copy)
    page = opened(alone, height=1400)
    ready(page, 8)
    page.keyboard.press("Space")
    until(page, f"{ROW}.every((video) => !video.paused && video.currentTime > 0.2)")
    assert page.locator(".screen img").evaluate_all("(all) => all.every((one) => one.naturalWidth)")
    page.keyboard.press("b")
    assert visible_variant_names(page) == []


def test_without_scripts_there_is_a_table(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("#plain").is_visible()
    assert page.locator("table th[scope=col]").all_text_contents() == VARIANTS
    assert page.locator("table a").count() == 22
    assert "audio: asked sound, got a silent track" in page.inner_text("table")
    assert PROMPTS[2] in page.inner_text("table")


def test_in_print_there_are_posters_and_no_controls(opened: Open) -> None:
    page = opened(color_scheme="dark")
    until(page, "document.querySelectorAll('video').length > 0")
    page.emulate_media(media="print")
    for gone in (".transport", ".tools", ".page-head nav", ".ballot", "video"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator(".screen img").first.is_visible()
    assert page.locator(".summary .overview").is_visible()
    assert (
        page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert page.pdf(print_background=True).startswith(b"%PDF")


def test_light_and_dark(opened: Open) -> None:
    ground = "() => getComputedStyle(document.body).backgroundColor"
    page = opened(color_scheme="dark")
    dark = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) == dark
    page.click("#theme")
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
