"""Engines that something else than the values decides: overlays of people's own, owners that patch, extra objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from llmstack.fit.card import Pools
from llmstack.fit.changes import Asked, Side, asked_of, compare_engines, engine_changes
from llmstack.fit.containers import Engine, Key, find_engines, names_loaded
from llmstack.model.stack import Stack
from llmstack.objects.components import build_all
from llmstack.objects.placed import Placed
from llmstack.repository.cases import Case
from llmstack.repository.comparison import Comparison
from llmstack.repository.model_facts import read_facts_of
from llmstack.repository.read import Reading
from llmstack.repository.snapshot import Snapshot
from llmstack.review.engine_change import EngineChange


@dataclass(frozen=True, slots=True)
class _Side:
    """The engines of some units on one side, and which of them are as the values make them."""

    engines: Mapping[Key, Engine]
    of_values: frozenset[Key]

    def asked(self, keys: Collection[Key]) -> dict[Key, Asked]:
        """What is asked of those among `keys`."""
        return {
            key: asked_of(each.subject, each.question, each.served.arguments)
            for key, each in self.engines.items()
            if key in keys
        }


def changed_engines(comparison: Comparison, case: Case) -> tuple[EngineChange, ...]:
    """Return the engines that change: by the values, and by the objects where these are not what the values make."""
    by_values = engine_changes(_stated(case.readings[0]), _stated(case.readings[1]))
    units = _overlaid(case)
    if not units:
        return by_values
    snapshots = (comparison.before, comparison.after)
    sides = [_read(case, number, units, snapshot) for number, snapshot in enumerate(snapshots)]
    own = {key for side in sides for key in side.engines.keys() - side.of_values}
    old, new = (side.asked(own) for side in sides)
    models = {asked.question.model for asked in (*old.values(), *new.values())}
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


def _read(case: Case, side: int, units: Collection[str], snapshot: Snapshot) -> _Side:
    """The engines among the objects of some units."""
    objects = [obj for unit in sorted(units) for obj in case.units[side].get(unit, ())]
    known, _ = read_facts_of(snapshot, names_loaded(objects))
    stack = case.stack(side)
    if stack is None:
        return _Side({each.key: each for each in find_engines(objects, Pools.declaring(()), {}, known)}, frozenset())
    pools = Pools.of(stack)
    models = {unit for unit in units if unit.startswith("models/")}
    made = [placed for placed in build_all(stack) if placed.unit in models] if models else []
    wanted = {_name(each): each for each in find_engines([placed.object for placed in made], pools, {})}
    same = {
        each.key.name
        for each in find_engines(objects, pools, {})
        if _name(each) in wanted and wanted[_name(each)].served.image == each.served.image
    }
    versions = {name: version for name, version in _versions(stack, made).items() if name in same}
    found = {each.key: each for each in find_engines(objects, pools, versions, known)}
    plain = (
        key for key, each in found.items() if _name(each) in wanted and _decided(each) == _decided(wanted[_name(each)])
    )
    return _Side(found, frozenset(plain))


def _versions(stack: Stack, made: Iterable[Placed]) -> dict[str, str]:
    """The releases that the values state, by workload: they are of the images of the values."""
    stated = {f"models/{model.name}": model.gitops.vllm_version for model in stack.models}
    releases = ((str(placed.object["metadata"]["name"]), stated.get(placed.unit)) for placed in made)
    return {name: release for name, release in releases if release}


def _name(engine: Engine) -> tuple[str, str, str]:
    return engine.key.kind, engine.key.name, engine.key.container


def _decided(engine: Engine) -> tuple[object, ...]:
    """What decides what becomes of an engine."""
    return engine.served.image, engine.served.arguments, engine.variables, engine.gpus, engine.question.card


def _stated(reading: Reading | None) -> Side | None:
    """What the values say of engines; None where they are gone or have errors."""
    subject = reading.subject if reading is not None else None
    return Side(subject.stack, subject.facts, subject.measured) if subject is not None else None
