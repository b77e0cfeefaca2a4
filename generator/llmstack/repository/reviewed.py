"""The review of a comparison: what changes in the clusters between its two sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from llmstack.finding import Finding, Place, Severity
from llmstack.fit.changes import Side, engine_changes
from llmstack.repository.built import build_units, leave_out_unsound
from llmstack.repository.comparison import Comparison, find_affected, refuse_unsafe
from llmstack.repository.environments import list_environments
from llmstack.repository.expected import Held, Units, hold_against_values, stale_tree
from llmstack.repository.facts import read_facts
from llmstack.repository.read import Reading, read_environment
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import custom_units
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.result import EnvironmentReview, Review
from llmstack.tree.units import unit_folders


def make_review(comparison: Comparison, *, today: date, tool_folder: Path | None = None) -> Review:
    """Review every environment that the comparison touches, and those whose values alone changed."""
    affected, valued = find_affected(comparison), _valued(comparison)
    for side in (comparison.before, comparison.after):
        refuse_unsafe(side, valued - affected.keys())
    environments = {}
    for name in sorted(affected.keys() | valued):
        environments[name] = _review_environment(comparison, name, affected.get(name, []), today, tool_folder)
    return Review(comparison.before.name, comparison.after.name, environments)


def _valued(comparison: Comparison) -> set[str]:
    """Environments whose values changed and that are generated at all."""
    touched = {path.split("/")[1].rpartition(".")[0] for path in comparison.changed if path.startswith("values/")}
    names = touched - {"base"}
    return {name for name in names if comparison.after.read(f"overlays/{name}/kustomization.yaml") is not None}


def _review_environment(
    comparison: Comparison, name: str, affected: Sequence[str], today: date, tool_folder: Path | None
) -> EnvironmentReview:
    before, after = comparison.before, comparison.after
    readings = [_read(side, name) for side in (before, after)]
    held = hold_against_values(after, name, readings[1])
    known = held.unchanged(custom_units(after, name))
    folders = unit_folders(after.read, name)
    new, unsound = leave_out_unsound(build_units(after, name, folders, tool_folder, known=known), folders)
    same = {unit: objects for unit, objects in new.items() if unit not in affected}
    folders = unit_folders(before.read, name)
    old, _ = leave_out_unsound(build_units(before, name, folders, tool_folder, known=same), folders)
    changes = compare(_only(old, affected), _only(new, affected))
    facts = [read_facts(reading, _only(units, affected)) for reading, units in zip(readings, (old, new), strict=True)]
    engines = engine_changes(_side(readings[0]), _side(readings[1]))
    review = assess(changes, _objects(old), _objects(new), facts[0], facts[1], today, engines)
    return replace(review, findings=(*review.findings, *unsound, *_stale(held, name, readings[1])))


def _read(side: Snapshot, name: str) -> Reading | None:
    """What the values of an environment say; None where it has none. Raises FoundError for what is no values file."""
    environment = next((each for each in list_environments(side) if each.name == name), None)
    if environment is None:
        return None
    side.read_bytes(environment.path)
    return read_environment(side, environment)


def _side(reading: Reading | None) -> Side | None:
    """What the values say of engines; None where they are gone or have errors."""
    subject = reading.subject if reading is not None else None
    return Side(subject.stack, subject.facts) if subject is not None else None


def _only(units: Units, names: Iterable[str]) -> Units:
    return {name: units[name] for name in names if name in units}


def _objects(units: Units) -> list[dict[str, Any]]:
    return [object for objects in units.values() for object in objects]


def _stale(held: Held, environment: str, reading: Reading | None) -> list[Finding]:
    """`stale-tree` when the tree is not what the values at the same revision generate."""
    if held.stale is None:
        message = f"the values of {environment} have errors: the tree cannot be compared with them"
        place = Place(reading.environment.label if reading is not None else f"values/{environment}.yaml")
        return [Finding("stale-tree", Severity.WARNING, message, place=place, help="run `llmstack lint`")]
    return [stale_tree(held.stale)] if held.stale else []
