"""Where a provider's answers hold what the core needs: paths into JSON, and the provider's words.

A path names what is in an answer: `data.task_id`, `data[0].id` for one item of a list,
`videos[].url` for all of them. Where several paths are accepted, the first that leads to a value
counts.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from msgspec import Struct

from rushes._structs.type_info import ready

__all__ = ["Answers", "Codes", "RefusalKind", "RemoteState"]

RemoteState = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
RefusalKind = Literal["refused", "wait", "key", "balance", "content", "unknown"]


class Codes(Struct, frozen=True, kw_only=True):
    """The code of an error that an answer may hold, whatever its HTTP status.

    `path` leads to it; of several paths, the first that leads to a listed code counts. `means` says
    what each code means, as a kind of refusal: a code as it is, or a family of them, where `*`
    stands for any text; `"http"` if the codes are HTTP statuses. A code that is not listed counts
    as `otherwise` in an answer with HTTP status 2xx, unless it is one of `success`; in any other
    answer the HTTP status decides. After a server error (5xx) nobody knows what happened, so no
    code is believed there.
    """

    path: str | tuple[str, ...]
    means: Mapping[int | str, RefusalKind] | Literal["http"] = {}
    success: tuple[int | str, ...] = ()
    otherwise: RefusalKind | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path, in their order."""
        return (self.path,) if isinstance(self.path, str) else self.path

    def kind_of(self, code: int | str) -> RefusalKind | None:
        """Return what a code means, if it is listed."""
        if self.means == "http":
            return None
        if code in self.means:
            return self.means[code]
        families = ((str(name), kind) for name, kind in self.means.items() if "*" in str(name))
        return next((kind for name, kind in families if fnmatchcase(str(code), name)), None)


class Answers(Struct, frozen=True, kw_only=True):
    """Where answers hold what the core needs. The hooks `parse_…` are for what paths cannot say.

    In the answer to a submit:

    - `task_id`: the task's id. An answer that has one is a receipt, whatever its HTTP status. A
      field that is called just `id` may be another thing's in an error: there it counts only beside
      a known status word or the `marker`, a field with the given value.
    - `numbered`: ids are positive whole numbers, here and in answers to polls. Otherwise ids are
      text, and numbers are ignored: nobody knows what they count.
    - `created_at` (seconds since 1970) and `model`: beside the id, if the provider says them; they
      show whether a task is another job's.
    - `keep`: further values that polls need, by name. They are the receipt's memo, and fill in
      placeholders in the declared paths.
    - `may_end`: the answer may already say that the task has ended, as an answer to a poll does.

    In the answer to a poll, inside `task`, which ends with `[]` if the answer lists tasks (then the
    one with our id is ours):

    - `status`, and `words`: what each of its words means (`{"done": "completed"}`), or each of its
      numbers (`{2: "completed"}`). Other words are not understood.
    - `own_id`: whose status it is.
    - `listed`: where the answer to `statuses_path` lists tasks (`items[]`), if a task's own answer
      lists none. Each item is what that answer would be.
    - `videos`, and `expires_at`: their addresses, and until when they are valid (seconds since
      1970). The items of the first list on a path are several videos, each with its own. Several
      addresses of one item (from several paths, or from a list in it) are alternatives.
    - `keyed`: paths of addresses that take the key, besides `videos`. It goes to the provider's own
      origins only, and to no address that one redirects to.
    - `inline`: paths of videos that are base64 text in the answer itself. They are streamed to
      their files, by making the poll's last call again. Only where this is declared may the answer
      to a poll be large; long texts are left out of what is read of it.
    - `progress`, a number or text like "50%", where 100, or `progress_of`, is all.
    - `cost`: what was billed, in USD or in units of `usd` dollars.
    - `reason`: why it failed, in words.

    Times in `milliseconds` since 1970, as some providers say them, are read as seconds.

    In an error answer: `error`, its message, where it is not in one of the usual places; and
    `codes`.
    """

    task_id: tuple[str, ...]
    numbered: bool = False
    marker: tuple[str, str] | None = None
    created_at: str | None = None
    model: str | None = None
    keep: Mapping[str, str] = {}
    may_end: bool = False
    task: str = ""
    status: str = "status"
    words: Mapping[Any, RemoteState]
    own_id: tuple[str, ...] = ()
    listed: str = ""
    videos: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    expires_at: str | None = None
    milliseconds: bool = False
    progress: str | None = None
    progress_of: float = 100
    cost: str | None = None
    usd: float = 1
    reason: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    codes: Codes | None = None


ready(Answers)
