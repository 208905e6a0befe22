"""A wire body under construction, with the way back from its paths to the caller's fields."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from rushes._payload.paths import steps_to
from rushes._structs.invalid import INVALID
from rushes._urls import public_url_objection
from rushes.problems import Note, Problem, show
from rushes.request import Image, Shot, Subject, Video
from rushes.urls import has_scheme, is_loopback, without_secrets
from rushes.variant import Always, Built, Shots, To, Together, Uploads, Variant

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
    """A file to upload before the submit, and the placeholder for its address until then.

    `path` is that of a local file, or the address of one that the provider does not fetch itself:
    we do. `origin` is the path at which the request names it, `also` are further such paths. `kind`
    is what the file has to be: an `image`, a `video` or a `sound`.
    """

    path: str
    origin: str
    placeholder: str
    also: tuple[str, ...] = ()
    kind: str = "image"

    @property
    def is_address(self) -> bool:
        """Whether it has to be fetched first."""
        return "://" in self.path

    def is_at(self, path: str, kind: str) -> bool:
        """Whether this is the file that a request names."""
        if self.is_address or "://" in path:
            return self.kind == kind and self.path == path
        return self.kind == kind and PurePath(self.path) == PurePath(path)


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

        `a[0].b` goes into the first item of a list.

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
        *parents, last = there = steps_to(path.removesuffix("[]"))
        target: Any = self.body
        for name, below in zip(parents, there[1:], strict=True):
            if isinstance(name, int):
                target = target[name]
            else:  # a list that a path leads into has one item
                target = target.setdefault(name, {} if isinstance(below, str) else [{}])
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

    def _put_items(self, path: str, items: list[Any], field: str) -> None:
        """Put items to the end of the list `path` (`a[]`), each made of that of a common field."""
        whole = path.removesuffix("[]")
        if not self.has(whole):
            self.put(whole, items, field)
            return
        for index, item in enumerate(items):
            self.put(path, item, f"{field}[{index}]")

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
        once, however often it is named; or it is put in place of the placeholder then. So is the
        file at an address that the provider does not fetch.
        """
        uploads, kind = self.variant.uploads, KINDS.get(top(origin), "image")
        if url is INVALID:
            return url
        is_address = has_scheme(url) or "://" in url
        taken = uploads is not None and bool(uploads.types_of(kind))
        if is_address and (uploads is None or uploads.addresses or not taken):
            return url
        if uploads is None or not taken:
            lacks = f"takes no local {kind}s" if uploads else "has no upload endpoint"
            message = (
                f"{show(url)} is a local file, but {self.variant.provider} {lacks}; "
                "give a public http(s) address"
            )
            self.problem(origin, "no_upload", message)
            return UPLOAD
        loopback = is_loopback(self.variant.base_url)
        if is_address and (wrong := public_url_objection(url, loopback=loopback)):
            self.problem(origin, "url", f"{show(without_secrets(url))} {wrong}")
            return INVALID
        for place, file in enumerate(self.files):
            if file.is_at(url, kind):
                self.files[place] = msgspec.structs.replace(file, also=(*file.also, origin))
                return _in_place(file.placeholder, uploads)
        name = PurePath(urlsplit(url).path if is_address else url).name
        placeholder = f"{UPLOAD}{len(self.files)}/{quote(name)}"
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
        for name in steps_to(path):
            known = range(len(target)) if isinstance(target, list) else target
            if not isinstance(known, (dict, range, Mapping)) or name not in known:
                return default
            target = target[name]
        return target

    def way_back(self, path: str) -> str:
        """Map a path of the body back to where the caller wrote it, or would have to write it."""
        return self._written_at(path) or self._missed(path) or f"extra.{path}"

    def _written_at(self, path: str) -> str | None:
        """Return where the caller wrote what is at a path of the body, None if nobody says."""
        origins, at = self.origins, path
        while at:
            if at in origins:
                return self._as_request_path(origins[at], path[len(at) :])
            at = at[: max(at.rfind("."), at.rfind("["), 0)]
        below = (
            origin
            for place, origin in origins.items()
            if place.startswith((path + "[", path + "."))
        )
        return next((origin.partition("[")[0] for origin in below), None)

    def _as_request_path(self, origin: str, rest: str) -> str:
        """Return the caller's path to a part of what `origin` made, if the request has a field.

        A shot's prompt and length have the names of the request; a field that only the wire has
        maps to the shot as a whole.
        """
        field = top(origin)
        item = ITEMS.get(field)
        if field == "sounds" or (item and origin.endswith(".url")):
            return origin
        if item is None:
            return origin + rest
        index, _, name = rest.partition(".")
        place = self.variant.fields.get(field)
        if isinstance(place, Shots):
            name = {place.prompt: "prompt", place.duration: "duration"}.get(name, name)
        known = name.partition("[")[0].partition(".")[0] in item.__struct_fields__
        return f"{origin}{index}.{name}" if known else f"{origin}{index}"

    def _missed(self, path: str) -> str | None:
        """Return the common field that would fill in what the body lacks at or below a path."""
        unfilled = self._unfilled()
        below = (field for at, field in unfilled.items() if at.startswith((f"{path}.", f"{path}[")))
        return unfilled.get(path) or next(below, None)

    def _unfilled(self) -> dict[str, str]:
        """Return the common field for each payload path that the body lacks.

        Of several, it is the one declared first. A field is left out if `extra` already has a part
        of what it makes: they would be given twice.
        """
        missed: dict[str, str] = {}
        for field, place in self.variant.fields.items():
            paths = [*filled_by(place)]
            there = [path for path in paths if self.has(path)]
            if not any(top(self._written_at(path) or "extra") == "extra" for path in there):
                for path in paths:
                    if path not in there:
                        missed.setdefault(path, field.partition(".")[0])
        return missed


def _in_place(placeholder: str, uploads: Uploads) -> Any:
    """Return what stands for a file in a payload: its placeholder, or an object of them."""
    if not isinstance(uploads.inline, Mapping):
        return placeholder
    return {name: f"{placeholder}#{name}" for name in uploads.inline}


def filled_by(place: To | Together | Always | Shots | Built) -> Iterator[str]:
    """Yield every payload path that a common field fills in."""
    if not isinstance(place, Always):
        yield place.path.removesuffix("[]")
    if isinstance(place, (Shots, Built)):
        yield from place.also


def top(path: str) -> str:
    """Return the outermost field of a path."""
    return path.partition(".")[0].partition("[")[0]
