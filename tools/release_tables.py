"""Tables of what holds from which release on, as the makers of registries and settings write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def steps(names: Sequence[str], tables: Sequence[Mapping[str, Any]]) -> dict[str, list[list[Any]]]:
    """For each member the releases from which something holds of it; null where it is gone, or nobody can say.

    `tables` are what holds in each of the releases `names`, by member.
    """
    found: dict[str, list[list[Any]]] = {}
    for member in sorted({member for table in tables for member in table}):
        changes: list[list[Any]] = []
        for name, table in zip(names, tables, strict=True):
            now = table.get(member)
            if (now is not None or changes) and (not changes or changes[-1][1] != now):
                changes.append([name, now])
        found[member] = changes
    return found


def dump(data: Mapping[str, Any]) -> str:
    """The tables as JSON with one member a line, behind the `releases` that they are of."""
    parts = [f' "releases": {json.dumps(data["releases"])}']
    for table in (key for key in data if key != "releases"):
        rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in data[table].items())
        parts.append(f' "{table}": {{\n{rows}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
