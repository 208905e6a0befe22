"""From a portable request to a payload's body, with the way back for every field."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rushes._payload.accounting import dropped
from rushes._payload.body import ABSENT, NOTHING, Body, filled_by, top
from rushes._payload.combining import complaints, completed
from rushes._payload.constraints import described, distance
from rushes._payload.field_checks import Examiner, printable
from rushes._payload.fields import PublicURL, shape, unwrap
from rushes._payload.fields import extra as declared
from rushes._payload.request_fields import fields_set, is_empty
from rushes._structs.invalid import INVALID
from rushes.problems import listing, show
from rushes.request import Image, Request, Role, Shot, Video
from rushes.urls import is_loopback
from rushes.variant import Always, Built, Shots, To, Together, Variant

__all__ = ["Draft"]


class Draft(Body):
    """A payload under construction. A field of the request that is not taken becomes a problem.

    It starts with the declaration's `fields` already carried over; a plugin's `build_payload`
    continues from there. `body` is the wire body, `origins` maps its paths to the request's.
    Malformed values in the request are marks that can be passed along but not inspected. `taken`
    has what the plugin took and has to account for.
    """

    __slots__ = ("_extra", "_left", "_roles", "_stray", "native", "taken")

    def __init__(self, variant: Variant, request: Request) -> None:
        given, extra = fields_set(request), request.extra
        native = not given and extra is not INVALID and bool(extra)
        Body.__init__(self, variant, dict(extra) if native else {})
        self.native = native
        self._left: dict[str, Any] = {}
        self.taken: Mapping[str, Any] = NOTHING
        self._extra: Mapping[Any, Any] | None = None
        self._roles: Sequence[Role] = ()
        self._stray: dict[str, int] = {}
        if native:
            return
        if _has(variant.payload, variant.model_field):
            self.body[variant.model_field] = variant.model
        if given:
            self._carry_over(given)
        if "shots" in given and "duration" not in given:
            self._fill_in_duration(given, extra)
        if extra is INVALID:
            self._extra = INVALID
        elif extra:
            self._extra = _filled(variant.payload, extra)

    def _carry_over(self, given: Mapping[str, Any]) -> None:
        """Carry over the fields that the declaration maps; the others are left to be taken."""
        places, body = self.variant.fields, self.body
        for field, value in given.items():
            place = places.get(field)
            if value is INVALID or field == "sounds":
                self._left[field] = value
            elif isinstance(place, To):
                path = place.path
                if place.values is not None or place.form or place.accepts is not None:
                    value = self._turned(place, value, field)
                    if value is ABSENT:
                        continue
                if path.isidentifier() and path not in body:
                    body[path] = value
                    self.origins[path] = field
                else:
                    self.put(path, value, field)
            elif isinstance(place, Together):
                self._combine(place, field, given)
            elif isinstance(place, Always):
                self._check_always(place, value, field)
            else:
                self._left[field] = value
        if self._left:
            self._carry_listed()

    def _carry_shots(self, place: Shots, shots: Sequence[Shot]) -> None:
        """Carry over shots; INVALID takes the place of what is malformed in them."""
        for path, value in place.also.items():
            self.put(path, value, "shots")
        items: list[dict[str, Any]] = []
        for index, shot in enumerate(shots):
            item: dict[str, Any] = {} if place.number is None else {place.number: index + 1}
            item[place.prompt] = shot.prompt
            if (length := shot.duration) is not None:
                if place.duration is None:
                    says = f"{self.variant.id} does not accept the length of a shot; leave it out"
                    self.problem(f"shots[{index}].duration", "unsupported", says)
                elif place.form is None or length is INVALID:
                    item[place.duration] = length
                else:
                    item[place.duration] = place.form(length)
            items.append(item)
        self._put_items(place.path, items, "shots")

    def _fill_in_duration(self, given: Mapping[str, Any], extra: Mapping[Any, Any]) -> None:
        """Send the sum of the shots' lengths as the video's, if that is accepted."""
        to, place = self.variant.fields.get("duration"), self.variant.fields.get("shots")
        if not isinstance(place, Shots) or not place.fill_in or given["shots"] is INVALID:
            return
        if not isinstance(to, To) or extra is INVALID:
            return
        lengths = [shot.duration for shot in given["shots"]]
        if top(to.path) in extra or any(one is None or one is INVALID for one in lengths):
            return
        total = sum(lengths)
        total = int(total) if total == int(total) else total
        if _takes(to, total, self.variant.payload):
            self.put(to.path, self._turned(to, total, "duration"), "shots")
            message = f"{total} is sent, the sum of the shots' durations"
            self.note("duration", "duration_filled_in", message)

    def _carry_listed(self) -> None:
        """Carry over images, videos, sounds and shots."""
        if "images" in self._left:
            self._carry_images()
        for field in ("videos", "sounds"):
            if field in self._left:
                self._carry_files(field)
        place = self.variant.fields.get("shots")
        if isinstance(place, Shots) and self._left.get("shots", INVALID) is not INVALID:
            self._carry_shots(place, self._left.pop("shots"))

    def _turned(self, place: To, value: Any, field: str) -> Any:
        """Return the wire's value for a common one, or ABSENT after recording a problem."""
        if place.values is not None:
            if value not in place.values:
                self._refuse_value(place.values, value, field)
                return ABSENT
            value = place.values[value]
        if place.accepts is not None:
            examiner = Examiner(self.variant.id, loopback=True)
            examiner.value(place.accepts, value, field)
            self.problems += (replace(found, source=self.page) for found in examiner.problems)
            if examiner.problems:
                return ABSENT
        return place.form(value) if place.form else value

    def take(self, field: str) -> Any:
        """Return the request's value of a common field, or None if it has none.

        The plugin must account for it: with `put` or `change`, which name the field, with a problem
        or a note about it, or with `already`. A field that is dropped is a bug of the plugin.
        """
        value = self._left.pop(field, None) if self._left else None
        if value is INVALID:
            self._left[field] = value
            return None
        if value:  # false and 0 may be what happens if nothing is sent
            self.taken = {**self.taken, field: value}
        return value

    def already(self, field: str) -> None:
        """Say that a field that was taken needs nothing in the body: it is so anyway."""
        self.taken = {name: value for name, value in self.taken.items() if name != field}

    def dropped(self) -> str | None:
        """Return the first field, or item of a list, that was taken and went nowhere."""
        open_ = {name: v for name, v in self.taken.items() if not self._carries(name, v)}
        if not open_:
            return None
        carried = [
            (source, None if "[" in path else self.at(path))
            for path, origin in self.origins.items()
            for source in self._together.get(path, (origin,))
        ]
        return dropped(open_, carried, [note.path for note in self.notes])

    def _carries(self, field: str, value: Any) -> bool:
        """Whether a field was put as it is, as most are: whole, and a list with all its items."""
        several = type(value) in (list, tuple)
        for path, origin in self.origins.items():
            if origin == field:
                at = self.body.get(path)
                if not several or (type(at) is list and len(at) >= len(value)):
                    return True
        return False

    def roles(self) -> Sequence[Role]:
        """Return the images' roles in order; an empty sequence if any of them is not valid."""
        return self._roles

    def change(self, field: str, value: Any, code: str, message: str) -> None:
        """Send another value for a wire field than the caller gave, and say so in a note.

        The caller may give it as a common field or natively; the note names that field.
        """
        given = self._extra
        if given is not INVALID and given and field in given and field not in self.body:
            self._extra = {**given, field: value}
            self.note(f"extra.{field}", code, message)
        else:
            origin = self.way_back(field)
            self.body[field] = value
            self.origins.setdefault(field, origin)
            self.note(origin, code, message)

    def finish(self) -> None:
        """Report every field that was not taken, then add the native fields; called by the core."""
        if self.native:
            return
        for field in self._left:
            if self._left[field] is not INVALID or not any(self._places(field)):
                self.problem(field, "unsupported", f"{self.variant.id} does not accept {field}")
        if self.problems or self._left:
            self._mark_what_is_missing()
        if self._extra is INVALID:
            for known in shape(self.variant.payload):
                self.body.setdefault(known.wire, INVALID)
        elif self._extra:
            self._merge(self.body, self._extra, "")

    def way_back(self, path: str) -> str:
        """Map a path of the body back to where the caller wrote it, or would have to write it."""
        return path if self.native else super().way_back(path)

    def _places(self, field: str) -> Iterator[To | Together | Shots | Built]:
        """Yield the targets of a common field; for images, of each role."""
        for row, place in self.variant.fields.items():
            if row.partition(".")[0] == field and not isinstance(place, Always):
                yield place

    def _mark_what_is_missing(self) -> None:
        """Mark the payload fields that are empty because a common field has a problem.

        Their absence must not be reported: the caller did give the field. An image or a video that
        is not carried over may belong to any list.
        """
        for field, count in self._stray.items():
            lists = {place.path for place in self._places(field) if place.path.endswith("[]")}
            for path in sorted(lists) * count:
                self.put(path, INVALID, field)
        doubtful = {*self._left} | {top(problem.path) for problem in self.problems}
        for field in sorted(doubtful):
            for path in (path for place in self._places(field) for path in filled_by(place)):
                if not self.has(path):
                    self.put(path, INVALID, field)

    def _check_always(self, place: Always, value: Any, origin: str) -> None:
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

    def _combine(self, place: Together, field: str, given: Mapping[str, Any]) -> None:
        """Make one value of two fields, when the first of those that are given comes along."""
        values = {name: given[name] for name in place.fields if name in given}
        if field != next(iter(values)) or any(value is INVALID for value in values.values()):
            return
        pair = completed(place, values, self.variant.payload)
        if pair is not None and pair in place.values:
            self.put(place.path, place.values[pair], *values)
            return
        found = complaints(place, values, pair, self.variant.id)
        self.problems += (replace(problem, source=self.page) for problem in found)

    def _carry_images(self) -> None:
        """Carry over the images, if the declaration says how and the plugin does not.

        If an image's role is only given by its position in a list, the declaration's order applies.
        """
        images = self._left["images"]
        if images is INVALID:
            return
        if all(image.role is not INVALID for image in images):
            self._roles = [image.role for image in images]
        fields = self.variant.fields.items()
        rows = {row[7:]: place for row, place in fields if row[:7] == "images."}
        if not rows or any(isinstance(place, Built) for place in rows.values()):
            return
        to = [(role, place) for role, place in rows.items() if isinstance(place, To)]
        order = [role for role, place in to if place.ordered or not place.form]
        carried: list[tuple[Image, To, Any, str]] = []
        for index, image in enumerate(self._left.pop("images")):
            origin = f"images[{index}]"
            place = None if image.role is INVALID else rows.get(image.role)
            url = self.address(image.url, f"{origin}.url")
            if isinstance(place, To):
                carried.append((image, place, url, origin))
            else:
                self._leave_out(image, url, origin, rows)
        carried.sort(key=lambda item: order.index(item[0].role) if item[0].role in order else 0)
        for _, place, url, origin in carried:
            value = place.form(url) if place.form else url
            there = self.put(place.path, value, f"{origin}.url")
            for name, part in value.items() if isinstance(value, dict) else ():
                source = "url" if _holds(part, url) else "role"
                self.origins[f"{there}.{name}"] = f"{origin}.{source}"

    def _carry_files(self, field: str) -> None:
        """Carry over videos or sounds in their order, if the declaration says how."""
        items, rows = self._left[field], self.variant.fields
        places = [place for row, place in rows.items() if top(row) == field]
        if items is INVALID or not places or any(isinstance(place, Built) for place in places):
            return
        for index, item in enumerate(self._left.pop(field)):
            origin, place, url = f"{field}[{index}]", rows.get(field), item
            if field == "videos":
                origin, url = f"{origin}.url", item.url
                place = None if item.role is INVALID else rows.get(f"videos.{item.role}")
            value = self.address(url, origin)
            if isinstance(place, To):
                self.put(place.path, place.form(value) if place.form else value, origin)
            else:
                accepted = {row[7:]: place for row, place in rows.items() if row[:7] == "videos."}
                self._leave_out(item, value, f"{field}[{index}]", accepted)

    def _leave_out(
        self, image: Image | Video, url: Any, origin: str, rows: Mapping[str, Any]
    ) -> None:
        """Report why an image or a video is not carried over, and check its address anyway."""
        if image.role is not INVALID:
            roles = list(rows)
            message = f"{self.variant.id} does not accept {image.role} (accepted: {listing(roles)})"
            self.problem(f"{origin}.role", "unsupported", message, roles)
        if url is image.url:
            examiner = Examiner(self.variant.id, loopback=is_loopback(self.variant.base_url))
            examiner.value(PublicURL, url, f"{origin}.url")
            for found in examiner.problems:
                self.problem(found.path, found.code, found.message)
        self._stray[top(origin)] = self._stray.get(top(origin), 0) + 1
        self._left[top(origin)] = INVALID

    def _merge(self, target: dict[str, Any], more: Mapping[Any, Any], prefix: str) -> None:
        for name, value in more.items():
            path = f"{prefix}{name}"
            origin = f"extra.{prefix}{printable(name)}"
            if path == self.variant.model_field in target and value != self.variant.model:
                self._refuse_value({self.variant.model: None}, value, origin)
            elif name not in target or path == self.variant.model_field:
                target[name] = value
                self.origins.setdefault(f"{prefix}{printable(name)}", origin)
            elif isinstance(target[name], dict) and isinstance(value, Mapping):
                self._merge(target[name], value, f"{path}.")
            elif isinstance(target[name], dict):
                self.problem(origin, "type", f"must be an object, not {show(value)}")
            else:
                common = next(
                    (o for p, o in self.origins.items() if p == path or p.startswith(path + "[")),
                    "the variant",
                )
                message = f"is given twice: {path} is already set by {common}"
                self.problem(origin, "twice", message)


def _holds(part: Any, url: Any) -> bool:
    """Whether a part of what a `form` made has the address; all else depends on the role."""
    return part is url or (isinstance(part, dict) and any(each is url for each in part.values()))


def _takes(place: To, value: Any, payload: type[Struct]) -> bool:
    """Whether a common value can be sent, as far as the target and the payload's field say it."""
    if place.values is not None:
        return value in place.values
    own = next((field.hint for field in shape(payload) if field.wire == place.path), None)
    bounds = described(own if place.accepts is None else place.accepts)
    return bounds.fits(value) and bounds.within(value)


@cache
def _has(struct: type[Struct], model_field: str) -> bool:
    """Whether a payload has a field for the model; elsewhere its address names it."""
    return any(field.wire == model_field for field in shape(struct))


def _filled(struct: type[Struct], given: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return native fields without the empty ones: in a request, these count as absent."""
    fields = {field.wire: field for field in shape(struct)}
    kept: dict[Any, Any] = {}
    for name, value in given.items():
        known = declared(unwrap(fields[name].hint)[1], "known") if name in fields else None
        if name in fields and is_empty(value):
            continue
        if known and isinstance(value, Mapping) and value:
            value = _filled(known, value)
            if not value:
                continue
        kept[name] = value
    return kept
