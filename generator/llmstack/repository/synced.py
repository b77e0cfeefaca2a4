"""What the sync tools make of the environments of a review: what is held, lost, and handed over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import inf
from pathlib import Path

from msgspec.structs import replace

from llmstack.kubernetes.pods import Object, identity_of
from llmstack.repository.cases import Case
from llmstack.repository.clusters import Moves, Synced, is_plain, passed_on, read_synced, touched_clusters
from llmstack.repository.comparison import Comparison
from llmstack.review.applied import is_refused
from llmstack.review.rollout.queue import Held, Queue
from llmstack.review.surroundings import Surroundings
from llmstack.sync.changes import Outcome
from llmstack.sync.local import CLUSTERS, local_path
from llmstack.sync.loose import spaces_of
from llmstack.sync.manifests import Identity, identify
from llmstack.sync.side import OwnerChange
from llmstack.tree.flux import UNCHECKED


def find_synced(comparison: Comparison, cases: Sequence[Case], tool_folder: Path | None) -> dict[str, Synced]:
    """What becomes of the units of each cluster whose folder differs, or whose units may not be applied as they are."""
    homes = {*touched_clusters(comparison)}
    moves: dict[str, list[Moves]] = {}
    for case in cases:
        own = _moves(case)
        moves.setdefault(case.home, []).append(own)
        turns = case.folders[0].keys() ^ case.folders[1].keys()
        if own.refused or own.passed or turns or (own.changed and not is_plain(case, comparison.after)):
            homes.add(case.home)
    return {
        home: read_synced(comparison, home, cases, _together(moves.get(home, ())), tool_folder)
        for home in sorted(homes)
        if not home.startswith("env:")
    }


BOUNDING = frozenset({
    "ConfigMap", "ExternalSecret", "Gateway", "GatewayClass", "HTTPRoute", "HorizontalPodAutoscaler", "Ingress",
    "LimitRange", "Namespace", "NetworkPolicy", "PersistentVolume", "PersistentVolumeClaim", "PodDisruptionBudget",
    "PriorityClass", "ReferenceGrant", "ResourceQuota", "RuntimeClass", "ScaledObject", "SealedSecret", "Secret",
    "ServiceAccount", "StorageClass",
})  # fmt: skip
"""Kinds of objects that run no pods, and on which pods and ways in depend."""


def _moves(case: Case) -> Moves:
    """What changes in the units of one environment."""
    refused: dict[str, list[str]] = {}
    for change in case.changes:
        if is_refused(change, case.alone):
            refused.setdefault(_folder(case, change.unit), []).append(f"{change.kind}/{change.name}")
    for folder in case.broken:
        refused.setdefault(folder, []).append("a patch of its own")
    return Moves(refused, frozenset(_folder(case, change.unit) for change in case.changes), passed_on(case))


def _folder(case: Case, unit: str) -> str:
    return case.folders[1].get(unit) or case.folders[0].get(unit, unit)


def _together(moves: Iterable[Moves]) -> Moves:
    refused: dict[str, Sequence[str]] = {}
    changed: frozenset[str] = frozenset()
    passed: dict[Identity, tuple[str, str]] = {}
    for each in moves:
        refused |= each.refused
        changed |= each.changed
        passed |= each.passed
    return Moves(refused, changed, passed)


def as_synced(
    case: Case, synced: Mapping[str, Synced], environments: Collection[str], left: Surroundings | None
) -> Surroundings:
    """What the sync tool of its cluster makes of one of the `environments`; nothing but its name where nobody needs to
    know. What its former cluster keeps of it (`left`) is there for the new one too, which may be the same under another
    name."""
    near = _within(case, synced.get(case.home), environments)
    return near if left is None else replace(near, keeping=near.keeping | left.keeping)


def left_behind(case: Case, synced: Mapping[str, Synced], environments: Collection[str]) -> Surroundings | None:
    """What the sync tool makes of one of the `environments` in the cluster it leaves; None where it leaves none."""
    near = _within(case, synced.get(case.former), environments) if case.former is not None else None
    return None if near is None else replace(near, leaves=True)


def _within(case: Case, synced: Synced | None, environments: Collection[str]) -> Surroundings:
    outcome = Outcome() if synced is None else synced.outcome
    units = {folder: unit for side in case.folders for unit, folder in side.items()}
    return replace(
        case.alone,
        sync=tuple(each for each in outcome.changes if _concerns(each, case.name, environments)),
        brought=() if synced is None else synced.brought,
        queue=_with_workers(case, _queue_as_generated(case) if synced is None else _queue_of(outcome, units)),
        hurried=tuple(_hurried(case, outcome, units)),
        stopped=frozenset(_stopped(case, outcome, units)),
        keeping=_units(outcome.keeping, units),
        going={
            unit: each.tool
            for each in outcome.changes
            if each.cause == "goes" and each.deletes and (unit := units.get(local_path(each.path))) is not None
        },
        synced_by_argo=_by_argo(case, synced, units),
        client_side=_units((path for path, owner in outcome.owners.items() if not owner.server_side), units),
        forcing=_units(outcome.forcing, units),
        ignoring={
            unit: owner.ignores
            for path, owner in outcome.owners.items()
            if owner.ignores and (unit := units.get(local_path(path))) is not None
        },
        unseen=_units((each.path for each in outcome.changes if each.cause == "source"), units),
        lost=frozenset(_lost(case, outcome)),
        loose=((), ()) if synced is None else (_bounding(case, synced, 0), _bounding(case, synced, 1)),
    )


def _by_argo(case: Case, synced: Synced | None, units: Mapping[str, str]) -> frozenset[str]:
    """The units that Argo CD applies: as their owners say, or the values where nobody asked for owners."""
    if synced is not None:
        return _units((path for path, owner in synced.outcome.owners.items() if owner.tool == "argo"), units)
    stack = case.stack(1)
    return frozenset(case.units[1] if stack is not None and stack.gitops.sync.tool == "argo" else ())


def _bounding(case: Case, synced: Synced, side: int) -> tuple[Object, ...]:
    """The objects beside the units of an environment that bound what it runs, or lead to it: of its namespace, or of
    the whole cluster."""
    found = [obj for obj in synced.loose[side] if str(obj.get("kind")) in BOUNDING]
    if not found:
        return ()
    spaces = {"", *(identity_of(obj)[1] for obj in case.objects(side))}
    own = {identity_of(obj) for obj in case.objects(side)}
    return tuple(obj for obj in found if (key := identity_of(obj))[1] in spaces and key not in own)


def _hurried(case: Case, outcome: Outcome, units: Mapping[str, str]) -> Iterator[tuple[Object, float]]:
    for path in outcome.hurried:
        for obj in case.units[1].get(units.get(local_path(path), ""), ()):
            yield obj, float(outcome.owners[path].timeout or 0)


def _with_workers(case: Case, queue: Queue) -> Queue:
    """A queue with as many workers as the facts of the cluster say that Flux has."""
    known = case.learned[1]
    return queue if known is None or not known.concurrent else replace(queue, workers=known.concurrent)


def _queue_of(outcome: Outcome, units: Mapping[str, str]) -> Queue:
    """The units that hold a worker of Flux while it looks at their health, by their owners."""
    found = {}
    by_id = {owner.id: units.get(local_path(owner.path), "") for owner in outcome.owners.values()}
    for path, owner in outcome.owners.items():
        unit = units.get(local_path(path))
        if unit is not None and owner.tool == "flux" and owner.checks:
            timeout = inf if owner.timeout is None else float(owner.timeout)
            awaits = frozenset(filter(None, (by_id.get(each) for each in owner.awaits)))
            found[unit] = Held(timeout, awaits, owner.judges_health)
    return Queue(found)


def _queue_as_generated(case: Case) -> Queue:
    """The same where the owners are those that llmstack writes."""
    stack = case.stack(1)
    if (
        stack is None
        or stack.gitops.sync.tool != "flux"
        or not (stack.gitops.sync.cluster and stack.gitops.sync.repo_url)
    ):
        return Queue()
    timeouts = case.facts[1].sync_timeout_seconds
    names = [unit for unit in case.units[1] if unit not in UNCHECKED]
    return Queue({unit: Held(float(timeouts.get(unit.removeprefix("models/"), inf))) for unit in names})


def _units(paths: Iterable[str], units: Mapping[str, str]) -> frozenset[str]:
    return frozenset(units[folder] for path in paths if (folder := local_path(path)) in units)


def _stopped(case: Case, outcome: Outcome, units: Mapping[str, str]) -> Iterator[str]:
    """The units of which nothing is applied; those that are new too, where no owner comes any more."""
    yield from _units(outcome.held, units)
    if outcome.owners and outcome.halted & {f"{CLUSTERS}/{case.home}", f"{CLUSTERS}/{case.home}/{case.name}"}:
        owned = _units(outcome.owners, units)
        yield from (unit for unit in case.units[1] if unit not in owned)


def _lost(case: Case, outcome: Outcome) -> Iterator[Identity]:
    """Objects that the tool deletes in the environment's cluster, and that no owner has in what it builds."""
    gone = {identity for change in outcome.changes if change.deletes for identity in change.gone}
    if not gone:
        return
    applied = {local_path(path) for path in outcome.owners}
    kept = {
        identify(object)
        for unit, folder in case.folders[1].items()
        if folder in applied
        for object in case.units[1].get(unit, ())
    }
    there = {identify(object) for object in case.objects(1)}
    emptied = spaces_of(gone - kept)
    yield from (key for key in gone if key in there and (key not in kept or key[2] in emptied))


def _concerns(change: OwnerChange, environment: str, environments: Collection[str]) -> bool:
    """Whether a change of owners is one of this environment's units, or of the whole cluster."""
    owners = {part for path in (change.file, change.path) for part in path.split("/")[:4]} & {*environments}
    return environment in owners or not owners
