"""How smoothly the comparison page plays thirty videos at once, in Chromium.

`python benchmarks/page_smoothness.py [--videos 30] [--seconds 10] [--write]` renders small films,
opens their page, plays a row of all of them, and prints how many frames were dropped, how far the
players were apart, and how much memory that took; `--write` puts it into docs/performance.md. It
exits with 1 if the players were 50 ms or more apart in more than 5 of 100 looks, within the first
second or after it. It needs Playwright and `chromium`; on a busy machine figures are worse.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from performance_page import WRITE, write_section
from playwright.sync_api import Browser, sync_playwright
from rushes_compare.comparison import write_outputs
from rushes_compare.results import Cell, Results, Row, Video
from rushes_sandbox import Scene, Shot, render_video

DRIFT = 50.0
"""Milliseconds by which players may differ: more than a frame can be seen."""
START_UP = 1.0
"""Seconds after the start that are reported by themselves: players do not start at once."""
FRAME_RATE = 24

# All positions are read in one task, in which they stand for one moment: a video's position is
# interpolated from its clock, not rounded to its frames. `shown` are the frames on the screen.
START = """(startUp) => {
    const videos = [...document.querySelectorAll("video")];
    const shown = new Map();
    const follow = (video) => video.requestVideoFrameCallback((_, { mediaTime }) => {
        shown.set(video, mediaTime);
        follow(video);
    });
    videos.forEach(follow);
    const apart = (values) => 1000 * (Math.max(...values) - Math.min(...values));
    window.measured = { starting: [], players: [], frames: [] };
    let begun = 0;
    const look = (now) => {
        const playing = videos.filter((video) => !video.paused && !video.seeking);
        if (playing.length === videos.length) {
            begun ||= now;
            const drift = apart(playing.map((video) => video.currentTime));
            if (now - begun < 1000 * startUp) measured.starting.push(drift);
            else {
                measured.players.push(drift);
                measured.frames.push(apart(playing.map((video) => shown.get(video) ?? 0)));
            }
        }
        requestAnimationFrame(look);
    };
    document.querySelector("#play").click();
    requestAnimationFrame(look);
}"""
END = """() => {
    const quality = [...document.querySelectorAll("video")]
        .map((video) => video.getVideoPlaybackQuality());
    const sum = (name) => quality.reduce((total, one) => total + one[name], 0);
    return { ...measured, count: quality.length, shown: sum("totalVideoFrames"),
        dropped: sum("droppedVideoFrames"), scripts: performance.memory.usedJSHeapSize / 1e6 };
}"""


def write_films(folder: Path, count: int, seconds: float) -> Path:
    """Render one film, copy it, and write the page of a row with this many; return its path."""
    (folder / "videos").mkdir()
    first = folder / "videos" / "0.mp4"
    render_video(Scene("x", "A boat", 320, 180, (Shot("A boat", seconds),), False), first)
    cells = []
    for number in range(count):
        file = first.with_stem(str(number))
        if number:
            shutil.copy(first, file)
        video = Video(
            file=f"videos/{file.name}", bytes=file.stat().st_size, container="mp4",
            video_codec="h264", audio_codec=None, width=320, height=180, frame_rate=FRAME_RATE,
            duration=seconds, bit_rate=1,
        )  # fmt: skip
        cells.append(
            Cell(id=f"{number:x}", row=0, variant=f"made/v{number}", state="completed", video=video)
        )
    results = Results(
        id="a",
        created_at=0,
        rows=[Row(name="1", request={"prompt": "A boat"})],
        variants=[cell.variant for cell in cells],
        cells=cells,
    )
    return write_outputs(results, folder)


def memory(browser: Browser) -> float:
    """Return the megabytes that the browser's processes hold; what they share counts once."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    total = 0
    for process in processes:
        text = Path(f"/proc/{process['id']}/smaps_rollup").read_text("ascii")
        total += int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0])
    return total * 1024 / 1e6


def measure(browser: Browser, address: str, seconds: float) -> dict[str, Any]:
    """Play the row for a while; return what was seen."""
    # High enough for all of them: players out of view are not made.
    page = browser.new_page(viewport={"width": 1900, "height": 3000})
    page.goto("about:blank")
    before = memory(browser)
    page.goto(address)
    page.wait_for_timeout(2000)
    page.evaluate(START, START_UP)
    page.wait_for_timeout(1000 * seconds)
    found: dict[str, Any] = page.evaluate(END)
    return found | {"memory": memory(browser) - before}


def percentile(values: list[float], share: int) -> float:
    """Return the smallest value that is no less than this percentage of them."""
    return sorted(values)[max(0, -(-share * len(values) // 100) - 1)] if values else float("nan")


def section(found: dict[str, Any], version: str) -> str:
    """Return the section of the document, with what was seen."""

    def line(name: str, key: str) -> str:
        values = found[key]
        figures = (f"{percentile(values, share):.0f}" for share in (50, 95, 100))
        return f"| {name}, ms: median, p95, most | {', '.join(figures)} |"

    dropped = 100 * found["dropped"] / max(1, found["shown"])
    return f"""## The page

`nox -s playback -- --write`: a row of {found["count"]} films, 320 x 180 at
{FRAME_RATE} frames a second, played together in Chromium {version.partition(".")[0]} on
{os.cpu_count()} cores without a graphics processor. *Apart* is the time between the player that is
farthest ahead and the one that is farthest behind, looked at with each frame of the page; the
players should be less than {DRIFT:.0f} ms apart. A frame of the films lasts
{1000 / FRAME_RATE:.0f} ms, so two films that are exactly together still show different frames for
as long as the later one takes to be drawn.

| what | measured |
|---|---|
| frames dropped | {dropped:.1f} % of {found["shown"]:,} |
{line("players apart", "players")}
{line(f"the same in the first {START_UP:g} s", "starting")}
{line("frames on the screen apart", "frames")}
| memory of the browser for them, MB | {found["memory"]:.0f} |
| of that the page's scripts, MB | {found["scripts"]:.0f} |
"""


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--videos", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--write", action="store_true", help=WRITE)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("there is no `chromium` on the PATH; Debian's package is `chromium`")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        address = write_films(Path(made), given.videos, given.seconds + 5).as_uri()
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        found = measure(browser, address, given.seconds)
        text = section(found, browser.version)
        browser.close()
    print(text)
    if given.write:
        write_section(text)
    apart = max(percentile(found[name], 95) for name in ("starting", "players"))
    return 0 if apart < DRIFT else 1


if __name__ == "__main__":
    sys.exit(main())
