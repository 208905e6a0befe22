"""Making the paths of local files absolute: a comparison may be continued from another folder."""

from pathlib import Path
from typing import Any

import msgspec
from rushes.urls import has_scheme

from rushes_compare._plan.plan import Plan
from rushes_compare.results import Row


def with_absolute_paths(plan: Plan) -> Plan:
    """Return a plan whose local files have absolute paths."""
    rows = [Row(name=row.name, request=_in_request(row.request)) for row in plan.rows]
    return msgspec.structs.replace(plan, rows=rows)


def _in_request(request: dict[str, Any]) -> dict[str, Any]:
    given = dict(request)
    for name in ("images", "videos"):
        if isinstance(given.get(name), (list, tuple)):
            given[name] = [_in_field(item, "url") for item in given[name]]
    if isinstance(given.get("sounds"), (list, tuple)):
        given["sounds"] = _absolute(given["sounds"])
    if isinstance(given.get("subjects"), (list, tuple)):
        given["subjects"] = [_in_field(subject, "images") for subject in given["subjects"]]
    return given


def _in_field(item: Any, name: str) -> Any:
    return (
        {**item, name: _absolute(item[name])} if isinstance(item, dict) and name in item else item
    )


def _absolute(path: Any) -> Any:
    """Return a local path, or each of several, as an absolute path; anything else as it is."""
    if isinstance(path, (list, tuple)):
        return [_absolute(each) for each in path]
    if not isinstance(path, str) or not path or path[0] == "~":
        return path
    return path if has_scheme(path) or "://" in path else str(Path(path).absolute())
