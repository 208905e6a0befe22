"""The page that plays the takes side by side, each with the payload that was sent for it."""

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import quote

from rushes_sandbox.demo.takes import Take


def write_page(folder: Path, prompt: str, takes: Sequence[Take]) -> Path:
    """Write `report.html` into `folder` and return its path; every text in it is escaped."""
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    page = folder.absolute() / "report.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    cards = "\n".join(_card(take, page.parent) for take in takes)
    html = template.substitute(prompt=escape(prompt), cards=cards, count=len(takes))
    part = page.with_name(".report.html.part")
    part.write_text(html, encoding="utf-8")
    part.replace(page)
    return page


def _card(take: Take, folder: Path) -> str:
    provider, _, model = take.variant.partition("/")
    title = f"<h2><span>{escape(provider)}</span>{escape(model)}</h2>"
    if take.file is None:
        return f'<article class="failed">{title}<p>{escape(take.error or "no video")}</p></article>'
    source = quote(take.file.absolute().relative_to(folder).as_posix())
    sent = json.dumps(json.loads(take.sent), indent=2, ensure_ascii=False)
    mode = f"<p>input mode: {escape(take.input_mode)}</p>" if take.input_mode else ""
    return (
        f'<article><video src="{source}" muted loop playsinline controls preload="auto"></video>'
        f"{title}{mode}<details open><summary>What was sent</summary>"
        f"<pre>{escape(sent)}</pre></details></article>"
    )
