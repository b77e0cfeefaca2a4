"""What `gen` wrote, or would write: a line per unit, or the whole difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmstack.report.visible import bounded

if TYPE_CHECKING:
    from llmstack.disk.plan import Refusal, WritePlan

_WORDS = {"create": "new", "write": "changed", "delete": "removed"}


def unit_of(path: str) -> str:
    """The folder of the unit a generated file belongs to; the file itself where that is the root."""
    return path.rpartition("/")[0] or path


def show_changes(plan: WritePlan, environments: Sequence[str]) -> str:
    """A line for each unit that changed, then a line that sums up."""
    units: dict[str, Counter[str]] = {}
    for change in plan.changes:
        units.setdefault(unit_of(change.path), Counter())[_WORDS[change.kind]] += 1
    if not units:
        return nothing_to_do(environments)
    width = max(map(len, units))
    lines = [f"{unit:<{width}}  {_count(counts)}" for unit, counts in sorted(units.items())]
    total = _count(Counter(_WORDS[change.kind] for change in plan.changes))
    return "\n".join([*lines, f"{len(units)} {'unit' if len(units) == 1 else 'units'}: {total}"]) + "\n"


def nothing_to_do(environments: Sequence[str]) -> str:
    """What is said of a tree that is as it should be."""
    return f"nothing to do: {', '.join(environments) or 'base'}\n"


def _count(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[word]} {word}" for word in _WORDS.values() if counts[word])


def show_refusal(refusal: Refusal) -> str:
    """Why a file is left alone, and what overwriting it would change where it was edited by hand."""
    return f"{refusal.message}\n{refusal.diff}"


def show_stale(plan: WritePlan) -> str:
    """Every difference between the files and what the values say, as a unified diff; nothing when there is none."""
    from llmstack.disk.plan import unified_diff

    parts = [unified_diff(change.path, change.before, change.after) for change in plan.changes]
    parts += [show_refusal(refusal) for refusal in plan.refusals]
    stale = sorted({unit_of(path) for path in [*(c.path for c in plan.changes), *(r.path for r in plan.refusals)]})
    if not stale:
        return ""
    shown = "\n".join(map(bounded, "".join(parts).split("\n")))
    return f"{shown}stale: {', '.join(stale)}\nrun `llmstack gen` and commit what it writes\n"
