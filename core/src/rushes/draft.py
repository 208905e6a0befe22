"""From a request in common words to a payload's body, with the way back for every field."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from rushes.calls import pick
from rushes.constraints import distance
from rushes.problems import Note, Problem, listing, show
from rushes.request import Image, Request, fields_set
from rushes.urls import has_scheme
from rushes.variant import Always, Built, To, Variant

UPLOAD = "https://upload.invalid/"
"""Where a local file stands in a payload that is only checked: a reserved name, never resolved."""


class PlannedUpload(Struct, frozen=True, kw_only=True):
    """A local file to upload before the submit, and what stands for its address until then."""

    path: str
    origin: str
    placeholder: str


class Draft:
    """A payload in the making. Whatever field of the request nobody takes becomes a problem.

    Made with the declaration's `fields` already carried over; a plugin's `build_payload` goes on
    from there. `body` is the wire body, `origins` leads from its paths to the request's.
    """

    def __init__(self, variant: Variant, request: Request) -> None:
        self.variant = variant
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.files: list[PlannedUpload] = []
        self.origins: dict[str, str] = {}
        self._extra = request.extra
        self._left: dict[str, Any] = {}
        given = fields_set(request)
        self.native = not given
        self.body: dict[str, Any] = {"model": variant.model} if given else dict(request.extra)
        if given:
            self._carry_over(given)

    def _carry_over(self, given: Mapping[str, Any]) -> None:
        """Carry the fields that the declaration maps; the others are left to be taken."""
        places, body = self.variant.fields, self.body
        for field, value in given.items():
            place = places.get(field)
            if isinstance(place, To):
                path, values = place.path, place.values
                if values is not None:
                    if value not in values:
                        self._refuse_value(values, value, field)
                        continue
                    value = values[value]
                if place.form:
                    value = place.form(value)
                if path.isidentifier() and path not in body:
                    body[path] = value
                    self.origins[path] = field
                else:
                    self.put(path, value, field)
            elif isinstance(place, Always):
                self._hold(place, value, field)
            else:
                self._left[field] = value
        if "images" in self._left:
            self._images()

    def take(self, field: str) -> Any:
        """Return what the request says of a common field, or None; it is the caller's to carry."""
        return self._left.pop(field, None) if self._left else None

    def put(self, path: str, value: Any, origin: str) -> None:
        """Put a value into the body; `a.b` goes into an object, `a[]` to the end of a list."""
        if path not in self.body and path.isidentifier():
            self.body[path] = value
            self.origins[path] = origin
            return
        *parents, last = path.removesuffix("[]").split(".")
        target = self.body
        for name in parents:
            target = target.setdefault(name, {})
        if path.endswith("[]"):
            items = target.setdefault(last, [])
            items.append(value)
            self.origins[f"{path[:-2]}[{len(items) - 1}]"] = origin
        elif last in target:
            self.problem(origin, "twice", f"{self.origins.get(path, path)} says this already")
        else:
            target[last] = value
            self.origins[path] = origin

    def problem(
        self, path: str, code: str, message: str, accepted: list[Any] | None = None
    ) -> None:
        """Keep a problem met in mapping, on the request's own path."""
        self.problems.append(
            Problem(path=path, code=code, message=message, accepted=accepted, source=self.page)
        )

    def note(self, path: str, code: str, message: str) -> None:
        """Keep a note met in mapping, on the request's own path."""
        self.notes.append(Note(path=path, code=code, message=message, source=self.page))

    @property
    def page(self) -> Any:
        """The page that the variant's facts come from."""
        return self.variant.page

    def finish(self) -> None:
        """Name every field that nobody took, then add the native fields; the core calls this."""
        for field in self._left:
            self.problem(field, "unsupported", f"{self.variant.id} takes no {field}")
        if self._extra and not self.native:
            self._merge(self.body, self._extra, "")

    def lead_back(self) -> None:
        """Lead what the body lacks back to the request: it is missed in the caller's words."""
        for field, place in () if self.native else self.variant.fields.items():
            if not isinstance(place, Always) and not self._has(place.path):
                path = place.path.removesuffix("[]")
                self.origins.setdefault(path, field.partition(".")[0])

    def _has(self, path: str) -> bool:
        return pick(self.body, *path.removesuffix("[]").split(".")) is not None

    def _hold(self, place: Always, value: Any, origin: str) -> None:
        if value != place.value or type(value) is not type(place.value):
            fixed = show(place.value) if isinstance(place.value, bool) else place.value
            message = f"{show(value)} is not accepted: {self.variant.id} always has {fixed}"
            self.problem(origin, "fixed", message, [place.value])

    def _refuse_value(self, values: Mapping[Any, Any], value: Any, origin: str) -> None:
        accepted = sorted(values, key=distance(value))
        message = (
            f"{show(value)} is not accepted by {self.variant.id} "
            f"(nearest: {accepted[0]}; accepted: {listing(values)})"
        )
        self.problem(origin, "choice", message, accepted)

    def _images(self) -> None:
        """Carry the images where the declaration says how, and the plugin does not."""
        places = [place for field, place in self.variant.fields.items() if field[:7] == "images."]
        if places and not any(isinstance(place, Built) for place in places):
            for index, image in enumerate(self.take("images")):
                self._image(image, f"images[{index}]")

    def _image(self, image: Image, origin: str) -> None:
        place = self.variant.fields.get(f"images.{image.role}")
        if not isinstance(place, To):
            roles = [
                name.partition(".")[2] for name in self.variant.fields if name[:7] == "images."
            ]
            message = f"{self.variant.id} takes no {image.role} (accepted: {listing(roles)})"
            self.problem(f"{origin}.role", "unsupported", message, roles)
            return
        url = self.address(image.url, f"{origin}.url")
        self.put(place.path, place.form(url) if place.form else url, f"{origin}.url")

    def address(self, url: str, origin: str) -> str:
        """Return what stands in the payload for an image: its address, or a placeholder.

        A local file is uploaded before the submit, where the provider has an endpoint for it.
        """
        if has_scheme(url) or "://" in url:
            return url
        if self.variant.uploads is None:
            message = (
                f"{show(url)} is a local file, and {self.variant.provider} has no upload endpoint; "
                "give a public http(s) address"
            )
            self.problem(origin, "no_upload", message)
        placeholder = f"{UPLOAD}{len(self.files)}/{quote(PurePath(url).name)}"
        self.files.append(PlannedUpload(path=url, origin=origin, placeholder=placeholder))
        return placeholder

    def _merge(self, target: dict[str, Any], more: Mapping[str, Any], prefix: str) -> None:
        for name, value in more.items():
            path = f"{prefix}{name}"
            if path == "model" and value != self.variant.model:
                self._refuse_value({self.variant.model: None}, value, "extra.model")
            elif name not in target or path == "model":
                target[name] = value
                self.origins.setdefault(path, f"extra.{path}")
            elif isinstance(target[name], dict) and isinstance(value, Mapping):
                self._merge(target[name], value, f"{path}.")
            else:
                common = next(
                    (o for p, o in self.origins.items() if p == path or p.startswith(path + "[")),
                    "the variant",
                )
                message = f"is given twice: {path} is already set by {common}"
                self.problem(f"extra.{path}", "twice", message)


def way_back(origins: Mapping[str, str], path: str) -> str:
    """Lead a payload path back to where the caller wrote it."""
    at = path
    while at:
        if at in origins:
            origin = origins[at]
            # A shot's own field keeps its name; an address keeps the caller's word for it.
            rest = path[len(at) :]
            return origin + rest if not origin.endswith(".url") else origin
        at = at[: max(at.rfind("."), at.rfind("["), 0)]
    below = (
        origin for place, origin in origins.items() if place.startswith((path + "[", path + "."))
    )
    return next((origin.partition("[")[0] for origin in below), path)
