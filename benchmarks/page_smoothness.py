"""How smoothly the comparison page plays thirty videos at once, in Chromium.

`python benchmarks/page_smoothness.py [--videos 30] [--seconds 10]` renders small films, opens
their page, plays a row of all of them, and prints the share of frames dropped, how far the players
drifted apart (in milliseconds), and the memory of the page's scripts. It exits with 1 if they drift
apart by 50 ms or more. It needs Playwright and `chromium`; a busy machine drops more.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rushes_compare.comparison import write_outputs
from rushes_compare.results import Cell, Results, Row, Video
from rushes_sandbox import Scene, Shot, render_video

DRIFT = 50.0
"""Milliseconds by which players may differ: more than a frame can be seen."""

START = """() => { window.drifts = []; const videos = () => [...document.querySelectorAll("video")];
    const look = () => {
        const times = videos().filter((video) => !video.paused && !video.seeking)
            .map((video) => video.currentTime);
        if (times.length > 1) drifts.push(1000 * (Math.max(...times) - Math.min(...times)));
        requestAnimationFrame(look);
    };
    document.querySelector("#play").click(); requestAnimationFrame(look); }"""
END = """() => { const quality = [...document.querySelectorAll("video")]
        .map((video) => video.getVideoPlaybackQuality());
    const sum = (name) => quality.reduce((total, one) => total + one[name], 0);
    const sorted = drifts.toSorted((one, other) => one - other);
    return { players: quality.length, shown: sum("totalVideoFrames"),
        dropped: sum("droppedVideoFrames"),
        median: sorted[sorted.length >> 1] ?? NaN,
        p95: sorted[Math.floor(0.95 * sorted.length)] ?? NaN,
        megabytes: performance.memory.usedJSHeapSize / 1e6 }; }"""


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
            video_codec="h264", audio_codec=None, width=320, height=180, frame_rate=24,
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


def measure(page: Page, seconds: float) -> dict[str, float]:
    """Play the row for a while; return what was seen."""
    page.wait_for_timeout(2000)
    page.evaluate(START)
    page.wait_for_timeout(1000 * seconds)
    found: dict[str, float] = page.evaluate(END)
    return found


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--videos", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("there is no `chromium` on the PATH; Debian's package is `chromium`")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        address = write_films(Path(made), given.videos, given.seconds + 5).as_uri()
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        # High enough for all of them: players out of view are not made.
        page = browser.new_page(viewport={"width": 1900, "height": 3000})
        page.goto(address)
        found = measure(page, given.seconds)
        browser.close()
    share = 100 * found["dropped"] / max(1, found["shown"])
    print(f"{found['players']:.0f} players, {share:.1f} % of {found['shown']:.0f} frames dropped")
    print(f"drift: median {found['median']:.0f} ms, p95 {found['p95']:.0f} ms")
    print(f"scripts hold {found['megabytes']:.0f} MB")
    return 0 if found["p95"] < DRIFT else 1


if __name__ == "__main__":
    sys.exit(main())
