"""What the owners of a cluster make of the units that they apply, where people wrote that into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from llmstack import yamlio
from llmstack.kubernetes.untyped import mapping
from llmstack.kustomize.files import KustomizationError, find_kustomization
from llmstack.repository.built import build_folder
from llmstack.repository.comparison import Comparison
from llmstack.repository.expected import Held, Units
from llmstack.repository.read import Reading
from llmstack.repository.snapshot import Snapshot
from llmstack.sync.folders import read_folder
from llmstack.sync.local import CLUSTERS, local_path
from llmstack.sync.made import FIELDS, is_broken, is_playable, make_of, stated, with_variables


class Made(Struct, frozen=True):
    """The objects of both sides as they are applied."""

    units: tuple[Units, Units]
    touched: tuple[str, ...] = ()
    """The units of which a Kustomization makes something else, on one side or both."""
    folders: frozenset[str] = field(default_factory=frozenset)
    """The folders of those of which that can be told on both sides."""
    broken: frozenset[str] = frozenset()
    """The folders of units that have a patch after the change which kustomize refuses."""


def make_units(
    comparison: Comparison,
    name: str,
    readings: Sequence[Reading | None],
    held: Held,
    folders: Sequence[Mapping[str, str]],
    units: tuple[Units, Units],
    tool_folder: Path | None,
) -> Made:
    """Return the units of an environment as the Kustomizations of its cluster make them."""
    sides = (comparison.before, comparison.after)
    specs = [
        _specs(side, suspects, {folder: unit for unit, folder in own.items()}, tool_folder)
        for side, suspects, own in zip(sides, _suspects(comparison, readings, held), folders, strict=True)
    ]
    touched = sorted({*specs[0], *specs[1]})
    if not touched:
        return Made(units)
    found = [dict(each) for each in units]
    told, broken = [], set()
    for unit in touched:
        made = [make_of(spec.get(unit, {}), each.get(unit, ())) for spec, each in zip(specs, units, strict=True)]
        if None not in made:
            told.append(unit)
            for each, objects in zip(found, made, strict=True):
                if unit in each and objects is not None:
                    each[unit] = objects
        elif unit in units[1] and is_broken(specs[1].get(unit, {}), units[1][unit]):
            told.append(unit)
            broken.add(folders[1][unit])
    known = frozenset(own[unit] for own in folders for unit in told if unit in own)
    return Made((found[0], found[1]), tuple(told), known, frozenset(broken))


_Suspects = tuple[str, frozenset[str]]
"""The folder of a cluster, and the files in it that may not be as llmstack writes them."""


def _suspects(comparison: Comparison, readings: Sequence[Reading | None], held: Held) -> Iterator[_Suspects]:
    """The suspects of both sides."""
    stale = held.stale or ()
    for side, reading in zip((comparison.before, comparison.after), readings, strict=True):
        stack = reading.stack if reading is not None else None
        cluster = stack.gitops.sync.cluster if stack is not None else None
        if cluster is None:
            yield "", frozenset()
            continue
        folder = f"{CLUSTERS}/{cluster}"
        differing = {path for path in (*comparison.changed, *stale) if path.startswith(f"{folder}/")}
        beside = {f"{folder}/{entry}" for entry in side.entries(folder) if entry.endswith((".yaml", ".yml"))}
        yield folder, frozenset(differing | beside)


def _specs(
    side: Snapshot, suspects: _Suspects, units: Mapping[str, str], tool_folder: Path | None
) -> dict[str, Mapping[str, Any]]:
    """By unit, the specification of the one Kustomization that makes something of its objects."""
    folder, paths = suspects
    found: dict[str, list[Mapping[str, Any]]] = {}
    maps = cache(partial(_config_maps, side, folder))
    for obj in _built(side, folder, tool_folder) or (each for path in sorted(paths) for each in _documents(side, path)):
        own = stated(mapping(obj))
        unit = units.get(local_path(own[0])) if own is not None else None
        if own is not None and unit is not None:
            spec = own[1] if is_playable(own[1]) else with_variables(own[1], maps().get(_space(obj), {}))
            found.setdefault(unit, []).append(spec)
    return {unit: specs[0] for unit, specs in found.items() if len(specs) == 1 and any(map(specs[0].get, FIELDS))}


@lru_cache(maxsize=8)
def _built(side: Snapshot, folder: str, tool_folder: Path | None) -> Sequence[Any]:
    """What the folder of a cluster builds to, where a kustomization that people wrote there may change what it lists;
    nothing where it does not, or does not build. Every environment of the cluster asks, and it is built once."""
    try:
        found = find_kustomization(side.read, folder) if folder else None
        if found is None or not _changes_resources(found[1]):
            return ()
        return build_folder(side, folder, tool_folder) or ()
    except (KustomizationError, yamlio.YAMLError, ValueError, RecursionError):
        return ()


def _changes_resources(kustomization: str) -> bool:
    """Whether a kustomization does more than list resources."""
    return not mapping(yamlio.load(kustomization)).keys() <= {"apiVersion", "kind", "metadata", "resources"}


def _config_maps(side: Snapshot, folder: str) -> Mapping[str, Mapping[str, Any]]:
    """By namespace and name the config maps that the folder of a cluster states."""
    found: dict[str, dict[str, Any]] = {}
    for each in read_folder(side.read, side.paths(folder), folder, lambda path: None).manifests:
        if each.object.get("kind") == "ConfigMap":
            found.setdefault(_space(each.object), {})[str(mapping(each.object.get("metadata")).get("name"))] = (
                each.object
            )
    return found


def _space(obj: Mapping[str, Any]) -> str:
    return str(mapping(obj.get("metadata")).get("namespace") or "")


def _documents(side: Snapshot, path: str) -> list[Any]:
    text = side.read(path)
    if text is None or not any(word in text for word in FIELDS):
        return []
    try:
        return list(yamlio.load_objects(text))
    except (yamlio.YAMLError, ValueError, RecursionError):
        return []
