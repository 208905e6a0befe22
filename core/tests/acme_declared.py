"""The made-up provider once more, declared: its answers as paths and words, no class, one hook."""

from typing import Any

from acme_zoom import PAGE, WORDS, Payload
from rushes import (
    Answers,
    Call,
    Cancel,
    LocalFile,
    Polling,
    Provider,
    Steps,
    To,
    Uploads,
    Variant,
    hookimpl,
    pick_text,
)


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """POST one picture."""
    answer = yield Call.post_file(variant.url("/v1/pictures"), file)
    return pick_text(answer.json(), "at")


ANSWERS = Answers(
    task_id=("clip.ref",),
    task="clip",
    status="stage",
    words=WORDS,
    own_id=("ref",),
    videos=("links[]",),
    progress="done",
    cost="billed",
    reason=("why",),
)
SHARED: dict[str, Any] = {
    "spec": 2,
    "id": "acme",
    "base_url": "https://api.acme.example",
    "submit_path": "/v1/clips",
    "status_path": "/v1/clips/{id}",
    "client_id_header": "X-Job",
    "cancel": Cancel(method="DELETE", path="/v1/clips/{id}"),
    "polling": Polling(first=5, every=10, at_most=600),
    "uploads": Uploads(types=("image/png",), max_bytes=1024 * 1024),
    "answers": ANSWERS,
    "hooks": (upload,),
}


def declared(**changes: Any) -> Variant:
    """Return the variant, with some of what its provider declares replaced."""
    acme = Provider(**{**SHARED, **changes})
    return acme.variant(
        "zoom",
        payload=Payload,
        page=PAGE,
        fields={"prompt": To("text"), "images.reference": To("pictures[]")},
        input_mode=lambda payload: "pictures" if payload.pictures else "text",
    )
