"""The names of the faults, and how they are listed."""

from pathlib import Path

from rushes_sandbox import FAULTS

#: What goes wrong for a client, and the faults that do it: the names that users rely on.
ROWS = {
    "no server": ["connection-refused", "unknown-host", "no-tls"],
    "created, then no response": ["drop-after-create", "reset-after-create", "stall-after-create"],
    "created, then an error": [f"{n}-after-create" for n in (500, 502, 503, 504, 408, 409, 425)],
    "created, then a useless response": [
        "html-after-create", "cut-json-after-create", "empty-after-create",
        "no-id-after-create", "null-id-after-create", "wrong-id-after-create",
        "dots-id-after-create", "slash-id-after-create", "percent-id-after-create",
        "long-id-after-create",
    ],
    "created, then an error that names the task": [
        f"{n}-naming-the-task" for n in (400, 409, 429, 500)
    ],
    "rate limit": ["rate-limit-seconds", "rate-limit-date", "rate-limit-hour"],
    "reset before reading": ["reset-before-reading"],
    "held before creating": ["stall-before-create"],
    "endless responses": [
        "drip-after-create", "endless-after-create", "bomb-after-create",
        "status-drip", "status-endless", "status-bomb", "status-stall",
        "download-drip", "download-endless", "download-bomb", "download-stall",
        "upload-drip", "upload-endless", "upload-bomb", "upload-stall",
    ],
    "refused": [*[f"refuse-{n}" for n in (400, 401, 402, 403, 404, 413, 422)],
                "refuse-echoing-key"],
    "redirects": [f"redirect-{n}" for n in (301, 302, 307, 308)],
    "a status request that fails": ["status-500", "status-drop", "status-reset", "status-429",
                          "status-html", "status-cut-json", "status-empty"],
    "an unknown status": ["status-unknown-word"],
    "the task has ended": ["status-cancelled", "status-expired", "status-failed"],
    "odd progress": ["progress-percent", "progress-null", "progress-150", "progress-nan",
                     "progress-word", "progress-negative"],
    "not found yet": ["status-404"],
    "no URL": ["no-link"],
    "the key is refused while polling": ["status-401"],
    "wrong statuses": ["status-backwards", "status-other-task"],
    "half a video": ["download-short", "download-reset", "download-cut-silently"],
    "not a video": ["download-html", "download-json", "download-empty", "download-html-as-video",
                 "download-500"],
    "an expired URL": ["download-expired"],
    "a forbidden URL": [
        *[f"{how}-{what}" for how in ("link", "download-redirect")
          for what in ("file", "ftp", "private", "metadata")],
        "download-redirect-loop",
    ],
    "an upload that fails": ["upload-500", "upload-drop", "upload-reset", "upload-html",
                             "upload-cut-json", "upload-empty"],
}  # fmt: skip


def test_every_fault_is_in_one_row() -> None:
    assert sorted(name for names in ROWS.values() for name in names) == sorted(FAULTS)


def test_names_are_short_and_sentences_whole() -> None:
    for name, fault in FAULTS.items():
        assert (fault.name, len(name) < 30) == (name, True)
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert fault.does[0].isupper() or fault.does[0].isdigit()
        assert fault.does.endswith(".")


def test_the_readme_lists_every_fault() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    rows = [f"| {fault.step} | `{fault.name}` | {fault.does} |" for fault in FAULTS.values()]
    assert "\n".join(["| step | name | what happens |", "|---|---|---|", *rows]) in readme
