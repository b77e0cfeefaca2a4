"""The clusters of a review: which environments share one, its pools, and what its sync tool reads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from llmstack.disk.ownership import is_ours
from llmstack.kustomize.files import KustomizationError
from llmstack.model.reading import read_stack
from llmstack.repository.built import build_folder
from llmstack.repository.cases import Case
from llmstack.repository.comparison import Comparison
from llmstack.repository.environments import list_environments, read_base, read_values
from llmstack.repository.snapshot import Snapshot
from llmstack.review.facts import Facts, Pool
from llmstack.review.surroundings import Brought, PoolConflict
from llmstack.sync.changes import OwnerChange, Side, compare_owners
from llmstack.sync.manifests import identify, read_folder

CLUSTERS = "clusters"


@dataclass(frozen=True)
class Synced:
    """What changes for the sync tool of one cluster."""

    changes: tuple[OwnerChange, ...] = ()
    brought: tuple[Brought, ...] = ()
    foreign: tuple[str, ...] = ()
    """Changed files that llmstack did not write."""
    tools: tuple[frozenset[str], frozenset[str]] = field(default=(frozenset(), frozenset()))
    """The tools that have units before and after."""


def touched_clusters(comparison: Comparison) -> list[str]:
    """The folders of clusters/ in which a file differs."""
    paths = [path.split("/") for path in comparison.changed if path.startswith(f"{CLUSTERS}/")]
    return sorted({path[1] for path in paths if len(path) > 2})


def synced_environments(comparison: Comparison) -> set[str]:
    """Environments whose units may get another owner: those of the folders of clusters/ that differ, or all of a
    cluster where something that stands beside them does."""
    found: set[str] = set()
    for path in comparison.changed:
        steps = path.split("/")
        if steps[0] != CLUSTERS or len(steps) < 3:
            continue
        there = {
            name
            for side in (comparison.before, comparison.after)
            for name, kind in side.entries(f"{CLUSTERS}/{steps[1]}").items()
            if kind == "a folder"
        }
        found |= {steps[2]} if len(steps) > 3 and steps[2] in there and steps[2] != "flux-system" else there
    return {
        name
        for name in found
        if any(
            side.read(f"overlays/{name}/kustomization.yaml") is not None
            for side in (comparison.before, comparison.after)
        )
    }


def neighbours(snapshot: Snapshot, clusters: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """The other environments of these clusters, with their cluster. Values that do not name one are not read."""
    wanted = {name for name in clusters if not name.startswith("env:")}
    base, skipped, found = read_base(snapshot), set(known), {}
    for environment in list_environments(snapshot):
        if environment.name in skipped or not wanted:
            continue
        sources = read_values(snapshot, environment, base)
        if any(name in source.text for source in sources for name in wanted):
            stack = read_stack(sources)[1]
            if stack is not None and stack.gitops.sync.cluster in wanted:
                found[environment.name] = str(stack.gitops.sync.cluster)
    return found


def shared_pools(members: Sequence[tuple[str, Facts]]) -> tuple[tuple[Pool, ...], tuple[PoolConflict, ...]]:
    """The pools of a cluster, of each name and resource the largest that an environment declares, and what contradicts
    itself."""
    declared: dict[tuple[str, str], list[tuple[str, Pool]]] = {}
    for name, facts in members:
        for pool in facts.pools:
            declared.setdefault((pool.name, pool.resource), []).append((name, pool))
    pools = tuple(max((pool for _, pool in stated), key=lambda pool: pool.count) for stated in declared.values())
    return pools, (*_sizes(declared), *_overlaps(pools))


def _sizes(declared: Mapping[tuple[str, str], Sequence[tuple[str, Pool]]]) -> Iterator[PoolConflict]:
    for (name, resource), stated in declared.items():
        sizes = {(pool.count, pool.per_node) for _, pool in stated}
        if len(sizes) > 1:
            told = ", ".join(
                f"{pool.count}{f' ({pool.per_node} per node)' if pool.per_node else ''} in {environment}"
                for environment, pool in sorted(stated, key=lambda each: each[0])
            )
            yield PoolConflict(name, resource, f"pool `{name}` has several sizes: {told}; the largest is taken")


def _overlaps(pools: Sequence[Pool]) -> Iterator[PoolConflict]:
    selected = [pool for pool in pools if pool.node_selector]
    for one, other in combinations(selected, 2):
        if one.resource != other.resource or one.name == other.name:
            continue
        if all(other.node_selector.get(key, value) == value for key, value in one.node_selector.items()):
            message = f"pools `{one.name}` and `{other.name}` can have the same nodes: no label rules it out"
            yield PoolConflict(one.name, one.resource, message)
            yield PoolConflict(other.name, other.resource, message)


def read_synced(
    comparison: Comparison,
    cluster: str,
    cases: Sequence[Case],
    refused: Mapping[str, Sequence[str]],
    tool_folder: Path | None,
) -> Synced:
    """What becomes of the units of clusters/<cluster>; `refused` objects by the folder of their unit."""
    folder = f"{CLUSTERS}/{cluster}"
    sides = [_side(comparison, number, folder, cases, tool_folder) for number in (0, 1)]
    changes = compare_owners(
        folder, sides[0], sides[1], {f"{comparison.prefix}{key}": each for key, each in refused.items()}
    )
    foreign = [
        path for path in sorted(comparison.changed) if path.startswith(f"{folder}/") and _is_foreign(comparison, path)
    ]
    tools = [frozenset(owner.tool for owner in side.owners().values()) for side in sides]
    return Synced(changes, tuple(_brought(comparison, sides)), tuple(foreign), (tools[0], tools[1]))


def _side(comparison: Comparison, number: int, folder: str, cases: Sequence[Case], tool_folder: Path | None) -> Side:
    snapshot = (comparison.before, comparison.after)[number]
    paths = frozenset(snapshot.paths(folder))
    units = {path: objects for case in cases for path, objects in case.built(number).items()}

    def objects_of(path: str) -> Sequence[Mapping[str, Any]] | None:
        local = _local(path)
        try:
            return units[local] if local in units else build(local)
        except KustomizationError:
            return None

    def build(local: str) -> Sequence[Mapping[str, Any]] | None:
        return build_folder(snapshot, local, tool_folder) if snapshot.paths(local) else None

    def holds(path: str) -> bool:
        return path.startswith(comparison.prefix) and bool(snapshot.paths(path.removeprefix(comparison.prefix)))

    return Side(read_folder(snapshot.read, paths, folder, build), paths, objects_of, holds)


def _local(path: str) -> str:
    """A folder of the repository from the root of the tree, wherever in the repository that is."""
    for top in ("overlays/", "custom/", f"{CLUSTERS}/"):
        before, found, rest = path.partition(top)
        if found and (not before or before.endswith("/")):
            return posixpath.normpath(f"{top}{rest}")
    return path


def _is_foreign(comparison: Comparison, path: str) -> bool:
    contents = [side.read_bytes(path) for side in (comparison.before, comparison.after)]
    return any(content is not None and not is_ours(content) for content in contents)


def _brought(comparison: Comparison, sides: Sequence[Side]) -> Iterator[Brought]:
    """Objects of files that llmstack did not write, new or changed."""
    old = {identify(each.object): each.object for each in sides[0].listing.manifests}
    for manifest in sides[1].listing.manifests:
        before = old.get(identify(manifest.object))
        if before != manifest.object and _is_foreign(comparison, manifest.path):
            yield Brought(manifest.path, _plain(before), dict(manifest.object))


def _plain(object: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if object is None else dict(object)


def merge_pools(facts: Facts, pools: tuple[Pool, ...]) -> Facts:
    """The facts of an environment with the pools of its whole cluster."""
    return replace(facts, pools=pools)
