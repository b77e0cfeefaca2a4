"""`diff` and `affected`: what changes in the clusters between two revisions of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from llmstack.finding import Finding, Place, Severity
from llmstack.kustomize.affected import affected_units
from llmstack.repository.built import Object, Units, build_units, unit_folders
from llmstack.repository.expected import Generated, as_generated, generate, read_facts, read_values
from llmstack.repository.snapshot import Comparison
from llmstack.repository.validation import stale_tree
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.result import EnvironmentReview, Review


def find_affected(comparison: Comparison) -> dict[str, list[str]]:
    """The units whose build may differ, by environment."""
    environments = _environments(comparison)
    folders = {path.rpartition("/")[0] for path in comparison.changed if path.startswith(("overlays/", "custom/"))}
    for side in (comparison.before, comparison.after):
        side.load(folders)
    return affected_units(comparison.changed, environments, comparison.before.read, comparison.after.read)


def _environments(comparison: Comparison) -> list[str]:
    """Environments that may be affected: all of them when base/ changed, else those with a changed file."""
    if any(path.startswith("base/") for path in comparison.changed):
        sides = (comparison.before, comparison.after)
        paths = [path for side in sides for path in side.files("overlays")]
    else:
        paths = [path for path in comparison.changed if path.startswith(("overlays/", "custom/"))]
    return sorted({path.split("/")[1] for path in paths if path.count("/") > 1})


def make_review(comparison: Comparison, *, today: date, tool_folder: Path | None = None) -> Review:
    """Review every environment that the comparison touches, and those whose values alone changed."""
    affected = find_affected(comparison)
    touched = {path.split("/")[1].rpartition(".")[0] for path in comparison.changed if path.startswith("values/")}
    environments = {}
    for name in sorted(affected.keys() | _valued(comparison, touched)):
        environments[name] = _review_environment(comparison, name, affected.get(name, []), today, tool_folder)
    return Review(comparison.before.name, comparison.after.name, environments)


def _valued(comparison: Comparison, touched: set[str]) -> set[str]:
    """Environments whose values changed and that are generated at all."""
    names = touched - {"base"}
    return {name for name in names if comparison.after.read(f"overlays/{name}/kustomization.yaml") is not None}


def _review_environment(
    comparison: Comparison, name: str, affected: Sequence[str], today: date, tool_folder: Path | None
) -> EnvironmentReview:
    before, after = comparison.before, comparison.after
    readings = read_values(before, name), read_values(after, name)
    generated = generate(after, name, *readings[1])
    folders = {side: unit_folders(side, name) for side in (before, after)}
    new = build_units(after, name, folders[after], tool_folder, known=as_generated(after, generated))
    same = {unit: objects for unit, objects in new.items() if unit not in affected}
    old = build_units(before, name, folders[before], tool_folder, known=same)
    changes = compare(_only(old, affected), _only(new, affected))
    facts = tuple(
        read_facts(layers, stack, _only(units, affected))
        for (layers, stack), units in zip(readings, (old, new), strict=True)
    )
    review = assess(changes, _objects(old), _objects(new), facts[0], facts[1], today)
    return replace(review, findings=(*review.findings, *_stale(generated, name)))


def _only(units: Units, names: Iterable[str]) -> Units:
    return {name: units[name] for name in names if name in units}


def _objects(units: Units) -> list[Object]:
    return [object for objects in units.values() for object in objects]


def _stale(generated: Generated, environment: str) -> list[Finding]:
    """`stale-tree` when the tree is not what the values at the same revision generate."""
    if generated.stale is None:
        message = f"the values of {environment} have errors: the tree cannot be compared with them"
        place = Place(generated.source)
        return [Finding("stale-tree", Severity.WARNING, message, place=place, help="run `llmstack lint`")]
    return [stale_tree(generated.stale)] if generated.stale else []


def fails(review: Review, level: str) -> bool:
    """Whether a risk of this severity, or a worse one, stands that nobody acknowledged.

    `level` is `error`, `warning` or `never`.
    """
    severities = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING)}.get(level, ())
    return any(
        risk.severity in severities and not risk.acknowledged
        for environment in review.environments.values()
        for risk in environment.risks
    )
