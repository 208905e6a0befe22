"""Makes docs/compare/: a comparison against the sandbox, its screenshots, the results' schema.

`python docs/comparison.py` writes them; `--check` only reports which is missing or differs, and
exits with 1. The screenshots show a real run; one gateway returns videos that differ from the
request.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, sync_playwright
from rushes import AsyncClient, Polling
from rushes_compare import Results, compare_async
from rushes_sandbox import Sandbox

FOLDER = Path(__file__).parent / "compare"
SCHEMA = FOLDER / "results.schema.json"
SHOTS = {
    "light.jpg": (1440, 900, "light", ""),
    "dark.jpg": (1440, 900, "dark", "ArrowDown"),
    "blind.jpg": (1440, 900, "light", "b"),
    "phone.jpg": (390, 844, "light", "ArrowDown"),
}
"""Each screenshot: width, height, colours, and the key to press before it is taken."""
VARIANTS = ["apimart/kling-v3", "toapis/kling-v3", "uniall/kling-v3-pro-audio"]
ROWS = [
    {"name": "kite", "prompt": "A red kite over white dunes at dusk, the camera rising slowly"},
    {"name": "harbour", "prompt": "Fishing boats leave a harbour in the morning fog"},
]
SETTINGS = {"duration": 5, "resolution": "1080p", "aspect_ratio": "16:9", "audio": True}


def schema() -> bytes:
    """Return the JSON Schema of `results.json`."""
    made = msgspec.json.encode(msgspec.json.schema(Results), order="deterministic")
    return msgspec.json.format(made, indent=2) + b"\n"


async def compared(folder: Path) -> Path:
    """Run the comparison, with one gateway that delivers less than requested; return its page."""
    with (
        Sandbox(queue_seconds=0.3, render_seconds=1, record=False, lies=["smaller"]) as lying,
        Sandbox(queue_seconds=0.3, render_seconds=1, record=False) as honest,
    ):
        urls = {**honest.base_urls, "toapis": lying.base_urls["toapis"]}
        async with AsyncClient(
            keys=dict.fromkeys(urls, honest.key),
            base_urls=urls,
            home=folder / "home",
            polling=Polling(first=0.5, every=0.5),
        ) as client:
            await compare_async(
                ROWS, VARIANTS, settings=SETTINGS, folder=folder / "out", client=client
            )
    return folder / "out" / "report.html"


def shoot(browser: Browser, page_file: Path, name: str) -> None:
    """Take one screenshot."""
    width, height, colours, key = SHOTS[name]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if colours == "dark" else "light",
    )
    page.goto(page_file.as_uri())
    page.wait_for_load_state("networkidle")
    if key:
        page.keyboard.press(key)
    page.wait_for_timeout(800)
    page.screenshot(path=FOLDER / name, type="jpeg", quality=82)
    page.close()


def write() -> None:
    """Write everything."""
    FOLDER.mkdir(exist_ok=True)
    SCHEMA.write_bytes(schema())
    with tempfile.TemporaryDirectory() as folder:
        page = asyncio.run(compared(Path(folder)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for name in SHOTS:
                shoot(browser, page, name)
            browser.close()


def main() -> int:
    """Write, or check."""
    if "--check" not in sys.argv:
        write()
        return 0
    wrong = [name for name in SHOTS if not (FOLDER / name).is_file()]
    if not SCHEMA.is_file() or SCHEMA.read_bytes() != schema():
        wrong.append(SCHEMA.name)
    for name in wrong:
        print(f"docs/compare/{name} is missing or differs; run: nox -s docs -- --write")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
