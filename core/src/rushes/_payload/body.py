"""A wire body under construction, with the way back from its paths to the caller's fields."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from rushes._structs.invalid import INVALID
from rushes.problems import Note, Problem, show
from rushes.request import Image, Shot, Subject, Video
from rushes.urls import has_scheme
from rushes.variant import Always, Built, To, Together, Uploads, Variant

UPLOAD = "https://upload.invalid/"
"""Stands for a local file in a payload that is only checked: a reserved name, never resolved."""

NOTHING: Mapping[str, Any] = {}

ABSENT = object()
"""Stands for a value that is not there."""

ITEMS: Mapping[str, type[Struct]] = {
    "images": Image,
    "videos": Video,
    "shots": Shot,
    "subjects": Subject,
}
"""The item types of the common fields that are lists of objects."""

KINDS: Mapping[str, str] = {"videos": "video", "sounds": "sound"}
"""The kinds of files that common fields name; those of the others are images."""


class PlannedUpload(Struct, frozen=True, kw_only=True):
    """A local file to upload before the submit, and the placeholder for its address until then.

    `origin` is the path at which the request names it, `also` are further such paths. `kind` is
    what the file has to be: an `image`, a `video` or a `sound`.
    """

    path: str
    origin: str
    placeholder: str
    also: tuple[str, ...] = ()
    kind: str = "image"


class Body:
    """The result of mapping a request to a payload; `origins` leads from its paths back."""

    __slots__ = ("_together", "body", "files", "notes", "origins", "problems", "variant")

    def __init__(self, variant: Variant, body: dict[str, Any]) -> None:
        self.variant = variant
        self.body = body
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.files: list[PlannedUpload] = []
        self.origins: dict[str, str] = {}
        self._together: Mapping[str, tuple[str, ...]] = NOTHING

    @property
    def page(self) -> Any:
        """The page that the variant's facts come from."""
        return self.variant.page

    def put(self, path: str, value: Any, origin: str, *also: str) -> str:
        """Put a value into the body; `a.b` goes into an object, `a[]` to the end of a list.

        `origin` is the request's path that the value comes from, `also` are further ones, if it is
        made of several. Return its path in the body.
        """
        if also:
            path = self.put(path, value, origin)
            self._together = {**self._together, path: (origin, *also)}
            return path
        if path not in self.body and path.isidentifier():
            self.body[path] = value
            self.origins[path] = origin
            return path
        *parents, last = path.removesuffix("[]").split(".")
        target = self.body
        for name in parents:
            target = target.setdefault(name, {})
        if path.endswith("[]"):
            items = target.setdefault(last, [])
            items.append(value)
            path = f"{path[:-2]}[{len(items) - 1}]"
            self.origins[path] = origin
        elif last in target:
            self.problem(origin, "twice", f"{self.origins.get(path, path)} already sets this")
        else:
            target[last] = value
            self.origins[path] = origin
        return path

    def problem(
        self, path: str, code: str, message: str, accepted: list[Any] | None = None
    ) -> None:
        """Record a problem found while mapping, at the request's own path."""
        self.problems.append(
            Problem(path=path, code=code, message=message, accepted=accepted, source=self.page)
        )

    def note(self, path: str, code: str, message: str) -> None:
        """Record a note found while mapping, at the request's own path."""
        self.notes.append(Note(path=path, code=code, message=message, source=self.page))

    def address(self, url: str, origin: str) -> Any:
        """Return the payload's value for an image, video or sound: its address, or a placeholder.

        A local file is uploaded before the submit, if the provider has an endpoint for it, and only
        once, however often it is named; or it is put in place of the placeholder then.
        """
        uploads, kind = self.variant.uploads, KINDS.get(top(origin), "image")
        if url is INVALID:
            return url
        if has_scheme(url) or "://" in url:
            if uploads is None or uploads.addresses:
                return url
            provider = self.variant.provider
            message = f"{provider} does not fetch a {kind} from an address; give a local file"
            self.problem(origin, "no_address", message)
            return INVALID
        if uploads is None or not uploads.types_of(kind):
            lacks = f"takes no local {kind}s" if uploads else "has no upload endpoint"
            message = (
                f"{show(url)} is a local file, but {self.variant.provider} {lacks}; "
                "give a public http(s) address"
            )
            self.problem(origin, "no_upload", message)
            return UPLOAD
        for place, file in enumerate(self.files):
            if file.kind == kind and PurePath(file.path) == PurePath(url):
                self.files[place] = msgspec.structs.replace(file, also=(*file.also, origin))
                return _in_place(file.placeholder, uploads)
        placeholder = f"{UPLOAD}{len(self.files)}/{quote(PurePath(url).name)}"
        self.files.append(
            PlannedUpload(path=url, origin=origin, placeholder=placeholder, kind=kind)
        )
        return _in_place(placeholder, uploads)

    def origins_of(self, path: str) -> tuple[str, ...]:
        """Return every path of the request that the value at a path of the body was made of."""
        return self._together.get(path) or (self.way_back(path),)

    def has(self, path: str) -> bool:
        """Whether there is anything at a path of the body."""
        return self.at(path, ABSENT) is not ABSENT

    def at(self, path: str, default: Any = None) -> Any:
        """Return what is at a path of the body."""
        target: Any = self.body
        for name in path.split("."):
            if not isinstance(target, Mapping) or name not in target:
                return default
            target = target[name]
        return target

    def way_back(self, path: str) -> str:
        """Map a path of the body back to where the caller wrote it, or would have to write it."""
        return self._written_at(path) or self._unfilled().get(path, f"extra.{path}")

    def _written_at(self, path: str) -> str | None:
        """Return where the caller wrote what is at a path of the body, None if nobody says."""
        origins, at = self.origins, path
        while at:
            if at in origins:
                return _as_request_path(origins[at], path[len(at) :])
            at = at[: max(at.rfind("."), at.rfind("["), 0)]
        below = (
            origin
            for place, origin in origins.items()
            if place.startswith((path + "[", path + "."))
        )
        return next((origin.partition("[")[0] for origin in below), None)

    def _unfilled(self) -> dict[str, str]:
        """Return the common field for each payload path that the body lacks.

        A field is left out if `extra` already has a part of what it makes: they would be given
        twice.
        """
        missed: dict[str, str] = {}
        for field, place in self.variant.fields.items():
            paths = [*filled_by(place)]
            there = [path for path in paths if self.has(path)]
            if not any(top(self._written_at(path) or "extra") == "extra" for path in there):
                missed |= {path: field.partition(".")[0] for path in paths if path not in there}
        return missed


def _in_place(placeholder: str, uploads: Uploads) -> Any:
    """Return what stands for a file in a payload: its placeholder, or an object of them."""
    if not isinstance(uploads.inline, Mapping):
        return placeholder
    return {name: f"{placeholder}#{name}" for name in uploads.inline}


def filled_by(place: To | Together | Always | Built) -> Iterator[str]:
    """Yield every payload path that a common field fills in."""
    if not isinstance(place, Always):
        yield place.path.removesuffix("[]")
    if isinstance(place, Built):
        yield from place.also


def top(path: str) -> str:
    """Return the outermost field of a path."""
    return path.partition(".")[0].partition("[")[0]


def _as_request_path(origin: str, rest: str) -> str:
    """Return the caller's path to a part of what `origin` made, as far as the request has a field.

    A shot's own field keeps its name; a field that only the wire has maps to the shot as a whole.
    """
    if top(origin) == "sounds":
        return origin
    item = ITEMS.get(top(origin))
    if item is None:
        return origin + rest
    if origin.endswith(".url"):
        return origin
    index, _, name = rest.partition(".")
    known = name.partition("[")[0].partition(".")[0] in item.__struct_fields__
    return origin + (rest if known else index)
