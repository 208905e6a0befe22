"""From options and files to a request that remembers which option each field came from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from rushes_cli._request.fields import (
    read_extras,
    read_files,
    read_images,
    read_shots,
    read_subjects,
)
from rushes_cli._request.files import read_json_file
from rushes_cli._request.option_names import DEFAULT_OPTIONS, SIMPLE_OPTIONS
from rushes_cli._runtime.tried import tried_variants

if TYPE_CHECKING:
    from rushes import Client, Report

__all__ = ["RequestInput", "choose_variant", "read_fields", "read_request"]


@dataclass(frozen=True)
class RequestInput:
    """What was asked for: a request in common vocabulary, or a `native` payload.

    `option_names` leads from paths of the content to the options that they were given with.
    """

    content: Any
    native: bool
    option_names: Mapping[str, str]

    def continuing(self, client: "Client", variant: str) -> "RequestInput":
        """Return it with the remote id of the task that `--continues` names, if it names ours.

        Raises click.UsageError if that task cannot be continued by this variant.
        """
        if self.native or self.option_names.get("continues") != "--continues":
            return self
        if not isinstance(self.content, dict) or not (named := self.content.get("continues")):
            return self
        from rushes import ConfigurationError, JournalError, UnknownTaskError

        try:
            task = client.task(named)
        except UnknownTaskError:
            return self
        except JournalError:
            raise
        except ConfigurationError as error:
            message = f"--continues {named}: several tasks begin like this; give more characters."
            raise click.UsageError(message) from error
        if task.provider != variant.partition("/")[0]:
            raise click.UsageError(
                f"--continues {task.id}: it was made by {task.variant}; {variant} can only "
                "extend a video of its own provider."
            )
        if task.remote_id is None or task.state != "completed":
            raise click.UsageError(
                f"--continues {task.id}: it is {task.state}; only a completed task is extended."
            )
        return replace(self, content={**self.content, "continues": task.remote_id})

    def check(self, client: "Client", variant: str) -> "Report":
        """Check it against a variant."""
        if self.native:
            return client.check_payload(variant, self.content)
        return client.check(variant, self.content)

    def as_request(self) -> Any:
        """Return what a client takes; a native payload becomes a request with only `extra`."""
        from rushes import Request

        return Request(extra=self.content) if self.native else self.content


def read_request(given: Mapping[str, Any]) -> RequestInput:
    """Read the options of `rushes_cli.options.request_options`, and the file that they name.

    Raises click.UsageError.
    """
    fields, names = read_fields(given)
    request_file, native_file = given["request_file"], given["native_file"]
    if native_file is not None:
        conflicts = ["--request"] if request_file is not None else list(names.values())
        if conflicts:
            raise click.UsageError(
                f"--native is a whole payload and cannot be combined with {conflicts[0]}. "
                "Write the field into the payload."
            )
        return RequestInput(
            read_json_file(native_file, "--native"),
            native=True,
            option_names={"": f"--native {native_file}"},
        )
    if request_file is None:
        return RequestInput(fields, native=False, option_names={**DEFAULT_OPTIONS, **names})
    content = read_json_file(request_file, "--request")
    if isinstance(content, dict):
        content = _merge(content, fields, names, request_file)
    return RequestInput(
        content, native=False, option_names={"": f"--request {request_file}", **names}
    )


def read_fields(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the options of `rushes_cli.options.field_options`, and `prompt` if it is there.

    Returns the fields of a request, and the option for each path in them; raises click.UsageError.
    """
    fields = {name: given[name] for name in SIMPLE_OPTIONS if given.get(name) is not None}
    names = {name: SIMPLE_OPTIONS[name] for name in fields}
    for name in ("audio", "watermark"):
        if fields.get(name) is False:
            names[name] = f"--no-{name}"
    for read in (read_images, read_files, read_shots, read_subjects, read_extras):
        more, more_names = read(given)
        fields |= more
        names |= more_names
    return fields, names


def choose_variant(client: "Client", model: str | None) -> str:
    """Return the variant given with `-m`, or the only one installed; raises UsageError.

    While a file is tried, only its own variants count.
    """
    if model is not None:
        return model
    installed = tried_variants() or client.registry.ids()
    if len(installed) == 1:
        return installed[0]
    if not installed:
        client.registry.get("")  # raises, saying what to install
    raise click.UsageError("\n  ".join(["Choose a variant with -m:", *installed]))


def _merge(
    content: dict[str, Any], fields: dict[str, Any], names: Mapping[str, str], file: str
) -> dict[str, Any]:
    """Add the options to a request from a file; a field given in both is refused."""
    where = "standard input" if file == "-" else file
    extra = content.get("extra")
    if "extra" in fields and isinstance(extra, dict):
        for key in fields["extra"]:
            if key in extra:
                raise _given_twice(f"--extra {key}", f"extra.{key}", where)
        fields = {**fields, "extra": {**extra, **fields["extra"]}}
        content = {name: value for name, value in content.items() if name != "extra"}
    for name in fields:
        if content.get(name) is not None:
            option = next(names[path] for path in names if path.startswith(name))
            raise _given_twice(option, name, where)
    return {**content, **fields}


def _given_twice(option: str, field: str, where: str) -> click.UsageError:
    return click.UsageError(
        f"{option} and `{field}` in {where} set the same field; give only one of them."
    )
