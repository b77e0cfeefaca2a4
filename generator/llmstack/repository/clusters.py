"""The clusters of a review: which environments share one, and what its sync tool reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from llmstack.disk.ownership import is_ours
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.sound import sound
from llmstack.kustomize.files import KustomizationError, is_kustomization
from llmstack.repository.built import build_files, build_folder
from llmstack.repository.cases import Begun, Case, begin_case, unaffected
from llmstack.repository.comparison import Comparison
from llmstack.repository.environments import list_environments, read_base, read_values
from llmstack.repository.read import Reading, read_environment
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import generated_environments
from llmstack.review.surroundings import Brought
from llmstack.sync.changes import Outcome, compare_owners
from llmstack.sync.folders import Listing, by_entry_points, read_folder
from llmstack.sync.git_entries import Tree
from llmstack.sync.handover import Passed
from llmstack.sync.local import CLUSTERS, SOURCEIGNORE, is_sourceignore, local_path
from llmstack.sync.manifests import Identity, identify
from llmstack.sync.side import OwnerChange, Side
from llmstack.sync.taken import from_root

Found = tuple[str, Object]
"""An object, with the file that it is from."""


class Synced(Struct, frozen=True):
    """What changes for the sync tool of one cluster."""

    outcome: Outcome = field(default_factory=Outcome)
    brought: tuple[Brought, ...] = ()
    foreign: tuple[str, ...] = ()
    """Changed files that llmstack did not write."""
    loose: tuple[tuple[Object, ...], tuple[Object, ...]] = ((), ())
    """What stands in the folder of the cluster itself, before and after."""

    @property
    def changes(self) -> tuple[OwnerChange, ...]:
        return self.outcome.changes


def touched_clusters(comparison: Comparison) -> list[str]:
    """The folders of clusters/ in which a file differs."""
    return sorted({steps[1] for steps in _changed(comparison) if len(steps) > 2})


def _changed(comparison: Comparison) -> Iterator[list[str]]:
    """The changed paths below clusters/, each in its steps: a .sourceignore, wherever it is, is one of every folder."""
    for path in comparison.changed:
        if path.startswith(f"{CLUSTERS}/"):
            yield path.split("/")
        if is_sourceignore(path):
            sides = (comparison.before, comparison.after)
            yield from ([CLUSTERS, name, SOURCEIGNORE] for side in sides for name in side.entries(CLUSTERS))


def synced_environments(comparison: Comparison) -> set[str]:
    """Environments whose units may get another owner: those of the folders of clusters/ that differ, or all of a
    cluster where something that stands beside them does."""
    generated = {name for side in (comparison.before, comparison.after) for name in generated_environments(side)}
    found: set[str] = set()
    for steps in _changed(comparison):
        if len(steps) < 3:
            continue
        sides = (comparison.before, comparison.after)
        there = {name for side in sides for name in side.entries(f"{CLUSTERS}/{steps[1]}")} & generated
        there = there or {name for side in sides for name in neighbours(side, [steps[1]], ())}
        found |= {steps[2]} if len(steps) > 3 and steps[2] in there else there
    return found


def neighbours(snapshot: Snapshot, clusters: Iterable[str], known: Iterable[str]) -> dict[str, Reading]:
    """The other environments of these clusters, as they are read. Values that do not name one are not."""
    wanted = {name for name in clusters if not name.startswith("env:")}
    base, skipped, found = read_base(snapshot), set(known), {}
    for environment in list_environments(snapshot):
        if environment.name in skipped or not wanted:
            continue
        sources = read_values(snapshot, environment, base)
        if any(name in source.text for source in sources for name in wanted):
            reading = read_environment(snapshot, environment)
            if reading.stack is not None and reading.stack.gitops.sync.cluster in wanted:
                found[environment.name] = reading
    return found


def begin_beside(
    comparison: Comparison, clusters: Collection[str], known: Collection[str], tool_folder: Path | None
) -> Iterator[Begun]:
    """Begin to read the other environments of these clusters, which the change does not touch: what their values say
    is the same on both sides, unless facts of another revision hold."""
    alike = comparison.rules is None
    for name, reading in sorted(neighbours(comparison.after, clusters, known).items()):
        yield begin_case(comparison, name, unaffected, tool_folder, reading if alike else None)


def in_turn(begun: Iterable[Begun]) -> Iterator[Case]:
    """Read environments one after another, each once the next is begun."""
    waiting: list[Begun] = []
    for following in begun:
        yield from (each.finish() for each in waiting)
        waiting = [following]
    yield from (each.finish() for each in waiting)


def is_plain(case: Case, snapshot: Snapshot) -> bool:
    """Whether the units of an environment are applied as llmstack generates that: nobody edited their owners, and the
    folder of the cluster has no kustomization of its own that may change them, nor objects that may bound them."""
    folder = f"{CLUSTERS}/{case.home}"
    if case.held.stale is None or any(path.startswith(f"{folder}/{case.name}/") for path in case.held.stale):
        return False
    beside = {*snapshot.entries(folder)} - {*generated_environments(snapshot), "flux-system"}
    return not any(
        is_kustomization(name) or name.endswith((".yaml", ".yml")) or snapshot.entries(f"{folder}/{name}")
        for name in beside
    )


def passed_on(case: Case) -> dict[Identity, tuple[str, str]]:
    """The objects of an environment that come to stand in another unit, with the folders of both."""
    old, new = case.units
    same = {unit for unit, objects in new.items() if old.get(unit) is objects}
    there = [
        {
            identify(object): case.folders[side][unit]
            for unit, objects in case.units[side].items()
            if unit not in same
            for object in objects
        }
        for side in (0, 1)
    ]
    return {key: (folder, there[1][key]) for key, folder in there[0].items() if there[1].get(key, folder) != folder}


class Moves(Struct, frozen=True):
    """What changes in the units of a cluster's environments, by their folders in the tree."""

    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Objects that the API server refuses."""
    changed: frozenset[str] = frozenset()
    passed: Passed = field(default_factory=dict)


def read_synced(
    comparison: Comparison, cluster: str, cases: Sequence[Case], moves: Moves, tool_folder: Path | None
) -> Synced:
    """What becomes of the units of clusters/<cluster>."""
    folder, prefix = f"{CLUSTERS}/{cluster}", comparison.prefix
    reader = _Reader(comparison, cases, tool_folder)
    before = reader.side(0, folder)
    after = reader.followed(before, reader.side(1, folder), folder)
    outcome = compare_owners(
        folder,
        before,
        after,
        {f"{prefix}{key}": each for key, each in moves.refused.items()},
        {f"{prefix}{each}" for each in moves.changed},
        {key: (f"{prefix}{start}", f"{prefix}{end}") for key, (start, end) in moves.passed.items()},
    )
    below = [path for path in sorted(comparison.changed) if path.startswith(f"{folder}/")]
    foreign = [path for path in below if _is_foreign(comparison, path, cases)]
    arrives = folder not in {local_path(path) for path in outcome.halted}
    old, new = (tuple(_sound(side.listing)) for side in (before, after))
    there = new if arrives else old
    loose = tuple(object for _, object in old), tuple(object for _, object in there)
    return Synced(outcome, tuple(_brought(old, new, cases)), tuple(foreign), loose)


class _Reader(Struct, frozen=True):
    """Reads what a sync tool finds in a folder, before (0) or after (1)."""

    comparison: Comparison
    cases: Sequence[Case]
    tool_folder: Path | None

    def side(self, number: int, folder: str) -> Side:
        comparison = self.comparison
        snapshot = (comparison.before, comparison.after)[number]
        paths = frozenset(snapshot.paths(folder))
        units = {path: objects for case in self.cases for path, objects in case.built(number).items()}

        def objects_of(path: str) -> Sequence[Mapping[str, Any]] | None:
            local = local_path(path)
            try:
                return units[local] if local in units else build(local)
            except KustomizationError:
                return None

        def build(local: str) -> Sequence[Mapping[str, Any]] | None:
            return build_folder(snapshot, local, self.tool_folder) if snapshot.paths(local) else None

        def holds(path: str) -> bool:
            return path.startswith(comparison.prefix) and bool(snapshot.paths(path.removeprefix(comparison.prefix)))

        def files_of(path: str) -> Collection[str]:
            reached = snapshot.look_through([local_path(path)])
            return () if reached.findings or reached.links else {f"{comparison.prefix}{each}" for each in reached.files}

        def files_below(path: str) -> Collection[str]:
            local = path.removeprefix(comparison.prefix)
            return [f"{comparison.prefix}{each}" for each in snapshot.paths(local)] if holds(path) else ()

        together = partial(build_files, snapshot, tool_folder=self.tool_folder)
        root = f"{comparison.prefix}{folder}"
        made = frozenset(path for case in self.cases for path in case.made)
        listing = read_folder(snapshot.read, paths, folder, build, together)
        if listing.problem is not None:
            below = sorted({path.split("/")[2] for path in paths if path.count("/") > 2})
            folders = (f"{folder}/{name}" for name in below)
            parts = {each: read_folder(snapshot.read, paths, each, build, together) for each in folders}
            listing = by_entry_points(listing, parts)
        tree = Tree(files_below, lambda path: snapshot.read(path.removeprefix(comparison.prefix)))
        return Side(
            listing,
            paths,
            root,
            objects_of,
            holds,
            files_of,
            tree,
            is_made=lambda path: local_path(path) in made,
            ignored=self._ignored(snapshot),
        )

    def _ignored(self, snapshot: Snapshot) -> str:
        """What the tree's .sourceignore files leave out, those that the change does not touch below its root apart."""
        files = sorted({SOURCEIGNORE, *filter(is_sourceignore, self.comparison.changed)})
        found = ((path, snapshot.read(path)) for path in files)
        folders = ((f"{self.comparison.prefix}{path}".rpartition("/")[0], text) for path, text in found if text)
        return "\n".join(from_root(text, folder) for folder, text in folders)

    def followed(self, before: Side, after: Side, folder: str) -> Side:
        """What the tool reads in the end: another folder, where the owner of this one is told to build that."""
        root = next((key for key, owner in before.owners().items() if local_path(owner.path) == folder), None)
        now = after.owners().get(root) if root is not None else None
        if now is None or local_path(now.path) == folder or not after.holds(now.path):
            return after
        return self.side(1, local_path(now.path))


def _is_foreign(comparison: Comparison, path: str, cases: Sequence[Case]) -> bool:
    """Whether llmstack did not write a file, before or after: its header says so, or no values generate it."""
    before, after = (side.read_bytes(path) for side in (comparison.before, comparison.after))
    if any(content is not None and not is_ours(content) for content in (before, after)):
        return True
    is_wanted = any(case.held.stale is None or path in case.held.synced for case in cases)
    return after is not None and not is_wanted


def _brought(before: Sequence[Found], after: Sequence[Found], cases: Sequence[Case]) -> Iterator[Brought]:
    """Objects, new or changed, of files that are not what the values generate: a header is a claim that anybody can
    write, and vouches for nothing here."""
    old = {identify(object): object for _, object in before}
    written = {path for case in cases for path in case.held.synced.difference(case.held.stale or ())}
    for path, object in after:
        was = old.get(identify(object))
        if was != object and path not in written:
            yield Brought(path, was, object)


def _sound(listing: Listing) -> Iterator[Found]:
    """The objects of a folder, each with its file, without what no API server can read (`sync/admitted.py` tells)."""
    for manifest in listing.manifests:
        read = sound(dict(manifest.object))[0]
        if read is not None:
            yield manifest.path, read
