"""Faults of files: the downloaded video and the uploaded image."""

from faults.case import (
    NO_VIDEO,
    NOT_IN_TIME,
    UPLOAD_FAILED,
    UPLOAD_REFUSED,
    VIDEO,
    Case,
    fault_case,
)
from faults.fault_run import FaultRun
from faults.providers import PROVIDERS, UPLOADING

STEP = "download"


def continued_by_range(run: FaultRun) -> None:
    first, *more = run.downloads
    assert "range" not in first.headers
    assert more
    for exchange in more:
        assert exchange.headers["range"].startswith("bytes=")
        assert exchange.headers["if-range"]


def polled_once_more(run: FaultRun) -> None:
    assert len(run.polls) == 2
    assert len(run.downloads) == 2


def gave_up(run: FaultRun) -> None:
    assert 2 <= len(run.downloads) <= 5


def downloaded_once(run: FaultRun) -> None:
    assert len(run.downloads) == 1


def used_tls(run: FaultRun) -> None:
    assert run.relay
    elsewhere = set() if run.facts.fetches else {"cdn.example"}
    assert {host for host, _ in run.relay.received} == {"api.acme.example"} | elsewhere


DOWNLOAD: tuple[Case, ...] = (
    fault_case(STEP, "download-short", VIDEO, verify=continued_by_range),
    # A reset may discard everything received: then there is nothing to continue from.
    fault_case(STEP, "download-reset", VIDEO),
    fault_case(STEP, "download-stall", VIDEO, limits={"read": 1.5}, verify=continued_by_range),
    fault_case(STEP, "download-500", VIDEO),
    fault_case(STEP, "download-expired", VIDEO, verify=polled_once_more),
    *(
        fault_case(STEP, f"download-{what}", NO_VIDEO, times=None, verify=gave_up)
        for what in ("short", "reset", "500")
    ),
    fault_case(STEP, "download-stall", NOT_IN_TIME, times=None, limits={"download": 1.5}),
    fault_case(
        STEP, "download-expired", NO_VIDEO, times=None, verify=polled_once_more, message="expired"
    ),
    *(
        fault_case(STEP, f"download-{what}", NO_VIDEO, verify=downloaded_once)
        for what in ("cut-silently", "html", "json", "empty", "html-as-video", "bomb")
    ),
    *(
        fault_case(
            STEP, f"download-{what}", NOT_IN_TIME, limits={"download": 1.0}, verify=downloaded_once
        )
        for what in ("drip", "endless")
    ),
    *(
        fault_case(
            STEP, f"download-redirect-{what}", NO_VIDEO, verify=downloaded_once, message=what
        )
        for what in ("file", "ftp")
    ),
    # No key follows a redirect: a video behind it is then not sent.
    fault_case(
        STEP, "download-redirect-loop", NO_VIDEO, times=None,
        message="redirects more than|HTTP 401",
    ),
    *(
        fault_case(
            STEP, f"download-redirect-{what}", NO_VIDEO, message=words, public=True,
            verify=downloaded_once,
        )
        for what, words in (
            ("file", "file"), ("ftp", "ftp"), ("private", r"10\.0\.0\.1"),
            ("metadata", r"169\.254\.169\.254"),
        )
    ),
    Case(
        STEP,
        "Nothing goes wrong at a provider on the internet",
        public=True,
        expected=dict.fromkeys(PROVIDERS, VIDEO),
        verify=used_tls,
    ),
)  # fmt: skip

UPLOAD: tuple[Case, ...] = (
    *(
        fault_case("upload", f"upload-{what}", UPLOAD_FAILED, image=True, providers=UPLOADING)
        for what in ("drop", "reset", "endless", "bomb", "html", "cut-json", "empty")
    ),
    *(
        fault_case(
            "upload", f"upload-{what}", UPLOAD_FAILED,
            image=True, providers=UPLOADING, limits={"upload": 1.0},
        )
        for what in ("stall", "drip")
    ),
    fault_case("upload", "upload-500", UPLOAD_REFUSED, image=True, providers=UPLOADING),
    Case(
        "upload",
        "Nothing goes wrong with a local image",
        image=True,
        providers=UPLOADING,
        expected=dict.fromkeys(UPLOADING, VIDEO),
    ),
)  # fmt: skip
