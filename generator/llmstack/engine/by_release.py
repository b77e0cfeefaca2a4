"""Tables of what holds in which release, as the package carries them (`tools/release_tables.py` writes them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmstack.flags.release import read_release

Tables = Mapping[str, Any]
Stretches = Sequence[Sequence[str | None]]


def held_at(tables: Tables, table: str, member: str, release: str) -> Any:
    """What a table that changes in steps says of a member at one of the tables' releases; None for nothing."""
    order = tables["releases"]
    steps = [step for step in tables[table].get(member, ()) if order.index(step[0]) <= order.index(release)]
    return steps[-1][1] if steps else None


def is_within(stretches: Stretches | None, release: str) -> bool:
    """Whether a release lies in one of the stretches, first and last; null for a last one where it goes on."""
    at = read_release(release).numbers
    return any(
        read_release(first).numbers <= at and (last is None or at <= read_release(last).numbers)
        for first, last in stretches or ()
        if first is not None
    )
