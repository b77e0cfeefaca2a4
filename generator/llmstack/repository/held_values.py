"""Changes of values that reach no object, since a hold of `llmstack adopt` keeps what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llmstack.adopt.holds import MARK
from llmstack.finding import Finding, Place, Severity
from llmstack.kustomize.files import find_kustomization
from llmstack.repository.built import build_units
from llmstack.repository.snapshot import Snapshot
from llmstack.review.change import ObjectChange
from llmstack.review.compare import compare
from llmstack.review.wording import listed

ID = "held-value"
_SHOWN = 4
"""Fields that are named for one object."""


def find_kept(
    before: Snapshot,
    after: Snapshot,
    environment: str,
    folders: Mapping[str, str],
    changes: Sequence[ObjectChange],
    tool_folder: Path | None,
) -> Iterator[Finding]:
    """Yield a note for each object whose generated fields change while a hold over its unit keeps them.

    `folders` are those that are built after the change, by unit; `changes` what then changes.
    """
    held = {unit: folder for unit, folder in folders.items() if _is_hold(after, folder)}
    generated = {unit: f"overlays/{environment}/{unit}" for unit in held}
    there = {unit: folder for unit, folder in generated.items() if all(_has(side, folder) for side in (before, after))}
    if not there:
        return
    sides = [build_units(side, environment, there, tool_folder, known={}) for side in (before, after)]
    told = {(each.kind, each.name): {change.path for change in each.changes} for each in changes}
    for each in compare(sides[0], sides[1]):
        kept = [change.path for change in each.changes if change.path not in told.get((each.kind, each.name), set())]
        if each.action == "change" and kept:
            yield _note(each, kept, held[each.unit])


def _is_hold(snapshot: Snapshot, folder: str) -> bool:
    found = find_kustomization(snapshot.read, folder) if folder.startswith("custom/") else None
    return found is not None and found[1].startswith(MARK)


def _has(snapshot: Snapshot, folder: str) -> bool:
    return find_kustomization(snapshot.read, folder) is not None


def _note(change: ObjectChange, kept: Sequence[str], folder: str) -> Finding:
    fields = listed(kept, _SHOWN)
    message = f"{change.kind}/{change.name}: the values change {fields}, and a hold keeps it as it runs"
    help = f"remove {folder} to let it go, or edit the hold"
    return Finding(ID, Severity.NOTE, message, place=Place(f"{folder}/kustomization.yaml"), help=help)
