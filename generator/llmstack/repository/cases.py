"""One environment on both sides of a comparison: what its values say, what its units build to, what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.cores import Task
from llmstack.facts.cluster import ClusterFacts
from llmstack.finding import Finding
from llmstack.kubernetes.definitions import undefined_groups
from llmstack.kubernetes.pods import Identity, identity_of
from llmstack.model.stack import Stack
from llmstack.repository.built import build_units, leave_out_unsound
from llmstack.repository.cluster_facts import cluster_of, latest_facts, read_cluster_facts
from llmstack.repository.comparison import Comparison
from llmstack.repository.expected import Held, Units, hold_against_values
from llmstack.repository.facts import read_facts
from llmstack.repository.former import build_former, read_former
from llmstack.repository.held_values import find_kept
from llmstack.repository.learned import stacks_of
from llmstack.repository.made import Made, make_units
from llmstack.repository.model_facts import BAD_FACTS
from llmstack.repository.now import facts_now, present_of
from llmstack.repository.read import Reading, read_side
from llmstack.repository.recipients import read_recipients
from llmstack.repository.snapshot import Snapshot
from llmstack.repository.units import custom_units, former_folders, generated_environments
from llmstack.review.applied import find_beyond
from llmstack.review.change import ObjectChange
from llmstack.review.compare import Unread, compare, with_unread
from llmstack.review.facts import Facts, Present
from llmstack.review.surroundings import Surroundings, Untold
from llmstack.tree.units import unit_folders

Item = TypeVar("Item")


class Case(Struct, frozen=True, dict=True):
    """An environment before and after. Pairs are in that order."""

    name: str
    readings: tuple[Reading | None, Reading | None]
    held: Held
    """The tree after, against its values."""
    units: tuple[Units, Units]
    """The objects of every unit."""
    folders: tuple[Mapping[str, str], Mapping[str, str]]
    """The folder that is built for each unit."""
    changes: tuple[ObjectChange, ...]
    facts: tuple[Facts, Facts]
    unsound: tuple[Finding, ...] = ()
    """Fields after the change that the API server could not read, facts of the cluster that cannot be read, and changes
    of values that a hold keeps out."""
    learned: tuple[ClusterFacts | None, ClusterFacts | None] = (None, None)
    """What the repository knew of the environment's cluster before the change, and the latest of both sides."""
    made: frozenset[str] = frozenset()
    """Folders whose objects are as an edited Kustomization makes them."""
    broken: frozenset[str] = frozenset()
    """Folders of which an edited Kustomization makes what kustomize refuses."""
    linked: tuple[str, ...] = ()
    """Symbolic links among the changed files that people build on."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Units of which nobody can tell what they built to before the change, and why."""
    remade: tuple[dict[str, Any], ...] = ()
    """What ran before in a cluster that may be the same under another name, and is made anew there."""

    def stack(self, side: int) -> Stack | None:
        reading = self.readings[side]
        return reading.stack if reading is not None else None

    def cluster(self, side: int) -> str | None:
        """The environment's cluster, `env:<name>` where it names none; None where it has no valid values."""
        stack = self.stack(side)
        return None if stack is None else stack.gitops.sync.cluster or f"env:{self.name}"

    @property
    def home(self) -> str:
        """The cluster after the change, else the one before."""
        return self.cluster(1) or self.cluster(0) or f"env:{self.name}"

    @property
    def former(self) -> str | None:
        """The cluster that the environment leaves for another one; None where it leaves none."""
        old, new = self.cluster(0), self.cluster(1)
        return old if new is not None and old != new else None

    def objects(self, side: int) -> list[dict[str, Any]]:
        return [object for objects in self.units[side].values() for object in objects]

    @cached_property
    def alone(self) -> Surroundings:
        """The environment without its sync tool: what decides whether the API server refuses one of its objects."""
        sides, stack = (self.objects(0), self.objects(1)), self.stack(1)
        return Surroundings(
            self.name,
            default_class=self._default_class,
            beyond=find_beyond(self.changes, *sides, self.learned[1]),
            undefined=undefined_groups(*sides, self.facts[1].known_names("APIService", "CustomResourceDefinition")),
            linked=self.linked if stack is not None and stack.gitops.sync.tool == "flux" else (),
            untold=tuple(Untold(unit, why, tuple(self.units[1].get(unit, ()))) for unit, why in self.untold.items()),
        )

    @property
    def _default_class(self) -> str | None:
        """The cluster's default StorageClass; None where facts know none, or several."""
        known = self.learned[1]
        found = [each.name for each in known.storage_classes or () if each.default] if known is not None else []
        return found[0] if len(found) == 1 else None

    def built(self, side: int) -> dict[str, Sequence[dict[str, Any]]]:
        """What each unit's folder builds to."""
        return {folder: self.units[side].get(unit, ()) for unit, folder in self.folders[side].items()}


Affected = Task[Mapping[str, Sequence[str]]]
"""What gives the units whose build may differ, by environment; raises FoundError where one is not safe to build."""


def unaffected() -> dict[str, Sequence[str]]:
    """No unit of any environment: what stays as it is."""
    return {}


class Begun(Struct, frozen=True):
    """An environment that is being read: the cluster that it is in after the change, else before, and what waits for
    the rest."""

    home: str
    finish: Task[Case]


def read_case(comparison: Comparison, name: str, find_affected: Affected, tool_folder: Path | None) -> Case:
    """Read one environment on both sides."""
    return begin_case(comparison, name, find_affected, tool_folder).finish()


def begin_case(
    comparison: Comparison,
    name: str,
    find_affected: Affected,
    tool_folder: Path | None,
    reading: Reading | None = None,
) -> Begun:
    """Begin to read one environment on both sides; `reading` is what its values say on both, where that is known."""
    later = reading or read_side(comparison.after, name)
    holding = hold_against_values(comparison.after, name, later, comparison.base)
    former, unseen = (reading, []) if reading is not None else read_former(comparison.before, name)
    stacks = [each.stack for each in (later, former) if each is not None and each.stack is not None]
    home = cluster_of(stacks[0], name) if stacks else f"env:{name}"
    rest = partial(_finish_case, comparison, name, (former, later), unseen, holding, find_affected, tool_folder)
    return Begun(home, rest)


def _finish_case(
    comparison: Comparison,
    name: str,
    readings: tuple[Reading | None, Reading | None],
    unseen: Sequence[Finding],
    holding: Task[Held],
    find_affected: Affected,
    tool_folder: Path | None,
) -> Case:
    before, after = comparison.before, comparison.after
    affected = find_affected().get(name, ())
    folders = (former_folders(before, after, name), unit_folders(after.read, name))
    held = holding()
    built = _build_sides(comparison, name, readings, held, folders, affected, tool_folder)
    old, new = built.affected_units(0), built.affected_units(1)
    learned, unread = _learned(comparison, name, readings)
    changes = with_unread(compare(old, new), new, built.unread)
    kept = find_kept(before, after, name, _only(folders[1], built.affected), changes, tool_folder)
    return Case(
        name,
        readings,
        held,
        built.units,
        folders,
        changes,
        _facts(comparison, name, readings, built, learned[1]),
        (*built.findings, *_unread_facts(readings[1]), *unread, *unseen, *kept),
        learned,
        built.made.folders,
        built.made.broken,
        _linked(comparison, name),
        built.untold,
    )


class _Built(Struct, frozen=True):
    """What the units of an environment build to before and after."""

    units: tuple[Units, Units]
    affected: Sequence[str]
    """Those that may differ."""
    unread: tuple[Unread, Unread]
    findings: Sequence[Finding]
    """On what the API server could not read after the change."""
    made: Made
    untold: Mapping[str, str]
    """Those of which nobody can tell what they built to before, and why."""

    def affected_units(self, side: int) -> Units:
        return _only(self.units[side], self.affected)


def _build_sides(
    comparison: Comparison,
    name: str,
    readings: tuple[Reading | None, Reading | None],
    held: Held,
    folders: tuple[Mapping[str, str], Mapping[str, str]],
    affected: Sequence[str],
    tool_folder: Path | None,
) -> _Built:
    """Build the units of both sides; those before that are not `affected` are as they are after."""
    before, after = comparison.before, comparison.after
    known = held.unchanged(custom_units(after, name))
    units = build_units(after, name, folders[1], tool_folder, known=known)
    later = leave_out_unsound(units, folders[1], held.sound.intersection(known))
    same = {unit: objects for unit, objects in later.units.items() if unit not in affected}
    found, untold = build_former(before, name, folders[0], tool_folder, known=same)
    same |= {unit: later.units[unit] for unit in untold if unit in later.units}
    former = leave_out_unsound({unit: objects for unit, objects in found.items() if unit not in same}, folders[0])
    old = {unit: objects for unit, objects in {**found, **same}.items() if unit in same and unit in folders[0]}
    made = make_units(comparison, name, readings, held, folders, ({**old, **former.units}, later.units), tool_folder)
    touched = [*affected, *(unit for unit in made.touched if unit not in affected)]
    return _Built(made.units, touched, (former.unread, later.unread), later.findings, made, untold)


def _facts(
    comparison: Comparison,
    name: str,
    readings: tuple[Reading | None, Reading | None],
    built: _Built,
    learned: ClusterFacts | None,
) -> tuple[Facts, Facts]:
    """The facts of both sides, by what is `learned` of the cluster."""
    workloads = {identity_of(obj) for side in built.units for objects in side.values() for obj in objects}
    before, after = (
        replace(
            read_facts(readings[number], built.affected_units(number)),
            cluster=learned,
            present=_present(comparison, name, readings[number], workloads),
            recipients=read_recipients(side, name, reading.stack if (reading := readings[number]) else None),
        )
        for number, side in enumerate((comparison.before, comparison.after))
    )
    return before, after if comparison.rules is None else _by_rules_of(comparison.rules, name, after)


def _linked(comparison: Comparison, name: str) -> tuple[str, ...]:
    """The symbolic links that a change brings to custom/<env>/, and to what the environments share there."""
    found = [path for path in sorted(comparison.changed) if path.startswith("custom/")]
    others = {each for each in generated_environments(comparison.after) if each != name} if found else ()
    own = (path for path in found if path.split("/")[1] not in others)
    return tuple(path for path in own if comparison.after.resolve(path) != path)


def _present(
    comparison: Comparison, name: str, reading: Reading | None, workloads: Collection[Identity]
) -> dict[Identity, Present]:
    """What runs now of the environment's workloads, where somebody looked."""
    stack = reading.stack if reading is not None else None
    seen = comparison.seen.get(cluster_of(stack, name).removeprefix("env:")) if stack is not None else None
    return present_of(seen, workloads) if seen is not None else {}


def _learned(
    comparison: Comparison, name: str, readings: Sequence[Reading | None]
) -> tuple[tuple[ClusterFacts | None, ClusterFacts | None], list[Finding]]:
    """What was and is known of the environment's cluster (the one after the change, else the one before)."""
    stacks = [reading.stack for reading in readings if reading is not None and reading.stack is not None]
    if not stacks:
        return (None, None), []
    cluster = cluster_of(stacks[-1], name)
    latest, unread = latest_facts((comparison.before, comparison.after), cluster)
    seen = comparison.seen.get(cluster.removeprefix("env:"))
    if seen is not None:
        latest = facts_now(seen, stacks_of(comparison.after, cluster.removeprefix("env:")), latest)
    return (read_cluster_facts(comparison.before, cluster)[0], latest), unread


def _unread_facts(reading: Reading | None) -> list[Finding]:
    """What says of facts of models and engines that they are there and cannot be read: `lint` has the other findings on
    values."""
    return [each for each in reading.findings if each.id == BAD_FACTS] if reading is not None else []


def _by_rules_of(rules: Snapshot, name: str, facts: Facts) -> Facts:
    """The facts of an environment with the capacity and the acknowledgements of another revision; none where it has no
    such environment, or cannot be read there."""
    ruled = read_facts(read_side(rules, name), {})
    return replace(facts, pools=ruled.pools, acknowledgements=ruled.acknowledgements)


def _only(units: Mapping[str, Item], names: Iterable[str]) -> dict[str, Item]:
    return {name: units[name] for name in names if name in units}
