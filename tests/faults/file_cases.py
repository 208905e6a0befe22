"""Faults of the files: the video that comes, and the image that goes."""

from faults.bench import Bench
from faults.case import (
    NO_VIDEO,
    NOT_IN_TIME,
    PROVIDERS,
    UPLOAD_FAILED,
    UPLOAD_REFUSED,
    VIDEO,
    Case,
    struck,
)

STEP = "download"
UPLOADING = ("toapis", "apimart")
"""uniall has no endpoint for images: a local one is refused before anything is sent."""


def went_on_by_range(bench: Bench) -> None:
    first, *more = bench.downloads
    assert "range" not in first.headers
    assert more
    for exchange in more:
        assert exchange.headers["range"].startswith("bytes=")
        assert exchange.headers["if-range"]


def looked_once_more(bench: Bench) -> None:
    assert len(bench.looks) == 2
    assert len(bench.downloads) == 2


def gave_up(bench: Bench) -> None:
    assert 2 <= len(bench.downloads) <= 5


def took_one(bench: Bench) -> None:
    assert len(bench.downloads) == 1


def came_over_tls(bench: Bench) -> None:
    assert bench.relay
    assert {host for host, _ in bench.relay.asked} == {"api.acme.example", "cdn.example"}


DOWNLOAD: tuple[Case, ...] = (
    struck(STEP, "download-short", VIDEO, also=went_on_by_range),
    # What a reset takes with it may be all that came: then nothing is there to go on from.
    struck(STEP, "download-reset", VIDEO),
    struck(STEP, "download-stall", VIDEO, limits={"read": 1.5}, also=went_on_by_range),
    struck(STEP, "download-500", VIDEO),
    struck(STEP, "download-expired", VIDEO, also=looked_once_more),
    *(
        struck(STEP, f"download-{what}", NO_VIDEO, times=None, also=gave_up)
        for what in ("short", "reset", "500")
    ),
    struck(STEP, "download-stall", NOT_IN_TIME, times=None, limits={"download": 1.5}),
    struck(STEP, "download-expired", NO_VIDEO, times=None, also=looked_once_more, says="expired"),
    *(
        struck(STEP, f"download-{what}", NO_VIDEO, also=took_one)
        for what in ("cut-silently", "html", "json", "empty", "html-as-video", "bomb")
    ),
    *(
        struck(STEP, f"download-{what}", NOT_IN_TIME, limits={"download": 1.0}, also=took_one)
        for what in ("drip", "endless")
    ),
    *(
        struck(STEP, f"download-redirect-{what}", NO_VIDEO, also=took_one, says=what)
        for what in ("file", "ftp")
    ),
    struck(STEP, "download-redirect-loop", NO_VIDEO, times=None, says="redirects more than"),
    *(
        struck(STEP, f"download-redirect-{what}", NO_VIDEO, says=words, public=True, also=took_one)
        for what, words in (
            ("file", "file"), ("ftp", "ftp"), ("private", r"10\.0\.0\.1"),
            ("metadata", r"169\.254\.169\.254"),
        )
    ),
    Case(
        STEP,
        "Nothing goes wrong at a provider on the internet",
        public=True,
        ends=dict.fromkeys(PROVIDERS, VIDEO),
        also=came_over_tls,
    ),
)  # fmt: skip

UPLOAD: tuple[Case, ...] = (
    *(
        struck("upload", f"upload-{what}", UPLOAD_FAILED, image=True, providers=UPLOADING)
        for what in ("drop", "reset", "endless", "bomb", "html", "cut-json", "empty")
    ),
    *(
        struck(
            "upload", f"upload-{what}", UPLOAD_FAILED,
            image=True, providers=UPLOADING, limits={"upload": 1.0},
        )
        for what in ("stall", "drip")
    ),
    struck("upload", "upload-500", UPLOAD_REFUSED, image=True, providers=UPLOADING),
    Case(
        "upload",
        "Nothing goes wrong with a local image",
        image=True,
        providers=UPLOADING,
        ends=dict.fromkeys(UPLOADING, VIDEO),
    ),
)  # fmt: skip
