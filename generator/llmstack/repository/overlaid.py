"""Engines that something else than the values decides: overlays of people's own, owners that patch, extra objects."""

from __future__ import annotations

from collections.abc import Collection

from llmstack.fit.changes import Side, asked_of, compare_engines, engine_changes
from llmstack.fit.containers import Key, names_loaded
from llmstack.fit.overlaid import Built, built_engines
from llmstack.repository.cases import Case
from llmstack.repository.comparison import Comparison
from llmstack.repository.model_facts import read_facts_of
from llmstack.repository.read import Reading
from llmstack.repository.snapshot import Snapshot
from llmstack.review.engine_change import EngineChange


def changed_engines(comparison: Comparison, case: Case) -> tuple[EngineChange, ...]:
    """Return the engines that change: by the values, and by the objects where these are not what the values make."""
    by_values = engine_changes(_stated(case.readings[0]), _stated(case.readings[1]))
    units = _overlaid(case)
    if not units:
        return by_values
    sides = [_read(case, number, units, each) for number, each in enumerate((comparison.before, comparison.after))]
    own = {key for side in sides for key, each in side.items() if not each.is_of_values}
    engines = [{key: each.engine for key, each in side.items() if key in own} for side in sides]
    models = {each.name for side in engines for each in side.values()}
    old, new = (
        {key: asked_of(each.name, each.subject, each.question) for key, each in side.items()} for side in engines
    )
    return (*(each for each in by_values if each.model not in models), *compare_engines(old, new))


def _overlaid(case: Case) -> frozenset[str]:
    """The units that change, and whose engines the values may not decide."""
    changed = {change.unit for change in case.changes}
    by_hand = {
        unit
        for folders in case.folders
        for unit, folder in folders.items()
        if folder.startswith("custom/") or folder in case.made
    }
    return frozenset(unit for unit in changed if unit in by_hand or not unit.startswith("models/"))


def _read(case: Case, side: int, units: Collection[str], snapshot: Snapshot) -> dict[Key, Built]:
    """The engines among the objects of some units."""
    objects = [obj for unit in sorted(units) for obj in case.units[side].get(unit, ())]
    known, _ = read_facts_of(snapshot, names_loaded(objects))
    return {each.engine.key: each for each in built_engines(case.stack(side), units, objects, known)}


def _stated(reading: Reading | None) -> Side | None:
    """What the values say of engines; None where they are gone or have errors."""
    subject = reading.subject if reading is not None else None
    return Side(subject.stack, subject.facts, subject.measured) if subject is not None else None
