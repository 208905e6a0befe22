"""A request as a protocol sees it, its reply, and the error that refuses it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl


class Refused(Exception):
    """Refuses a request; the protocol's `error` writes it in the provider's own format.

    `status` is the HTTP status, `param` the field it is about, if it is about one.
    """

    def __init__(
        self, status: int, message: str, param: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class FormFile:
    """A file of a multipart form, with the name that the client gave it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Incoming:
    """One request. Names of headers are in lower case; of a repeated one the last value is kept."""

    method: str
    #: Below the provider's base URL.
    path: str
    #: What the names in the route's path stand for.
    parameters: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: The fields and the files of a multipart form.
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FormFile] = field(default_factory=dict)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query."""
        return dict(self._parameters)

    def every(self, name: str) -> list[str]:
        """Return the values of a parameter that the query may repeat."""
        return [value for key, value in self._parameters if key == name]

    @property
    def _parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises `Refused` if it is not one, by a strict reading."""
        try:
            value = json.loads(self.body.decode("utf-8"), parse_constant=_reject_constant)
        # JSON nested deeper than the interpreter's stack is rejected like malformed JSON.
        except (ValueError, RecursionError) as error:
            raise Refused(400, f"the body is not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise Refused(400, "the body must be a JSON object")
        return value


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


@dataclass(frozen=True)
class Reply:
    """An answer, or what is sent to a client's endpoint.

    The body is a JSON value, or bytes that are sent as they are.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Sent instead of the body, also in ranges.
    file: Path | None = None


def as_reply(answer: Any) -> Reply:
    """Return what a protocol's function answered: a `Reply`, or the JSON of one."""
    return answer if isinstance(answer, Reply) else Reply(answer)
