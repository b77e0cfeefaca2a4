"""The review of a comparison: what changes in the clusters between its two sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from llmstack.finding import Finding, Place, Severity
from llmstack.fit.changes import Side, engine_changes
from llmstack.repository.acknowledged import acknowledgement_findings, base_acknowledgements
from llmstack.repository.cases import Case, read_case
from llmstack.repository.clusters import (
    Synced,
    merge_pools,
    neighbours,
    read_synced,
    shared_pools,
    synced_environments,
    touched_clusters,
)
from llmstack.repository.comparison import Comparison, find_affected, refuse_unsafe
from llmstack.repository.expected import Held, stale_tree
from llmstack.repository.read import Reading
from llmstack.repository.rules import altered_rules
from llmstack.review.assess import assess, read_moves, refused_objects
from llmstack.review.cluster import review_cluster
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EnvironmentReview, Review
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.play import add_fixed, key_of
from llmstack.review.rollout.workload import Workload
from llmstack.review.surroundings import PoolConflict, Surroundings
from llmstack.sync.changes import OwnerChange
from llmstack.sync.manifests import identify


@dataclass(frozen=True)
class _Cluster:
    """A cluster after the change, all of its environments together."""

    pools: tuple[Pool, ...]
    conflicts: tuple[PoolConflict, ...]
    moves: Mapping[str, tuple[Sequence[Workload], Fixed]]
    """What each environment brings to the pools."""


def make_review(comparison: Comparison, *, today: date, tool_folder: Path | None = None) -> Review:
    """Review every environment that the comparison touches, and those whose values or sync alone changed."""
    affected = find_affected(comparison)
    valued = _valued(comparison) | synced_environments(comparison)
    for side in (comparison.before, comparison.after):
        refuse_unsafe(side, valued - affected.keys())
    names = sorted(affected.keys() | valued)
    cases = {name: read_case(comparison, name, affected.get(name, []), tool_folder) for name in names}
    others = neighbours(comparison.after, {case.home for case in cases.values()}, cases)
    beside = [read_case(comparison, name, [], tool_folder) for name in sorted(others)]
    clusters = _clusters([*cases.values(), *beside])
    synced = _synced(comparison, list(cases.values()), tool_folder)
    reviews = {}
    for name, case in cases.items():
        near = _surroundings(case, clusters[case.home], cases, synced)
        reviews[name] = _review_environment(comparison, case, clusters[case.home], near, today)
    groups: dict[str, list[str]] = {}
    for each in sorted([*cases.values(), *beside], key=lambda each: each.name):
        for home in dict.fromkeys(filter(None, (each.cluster(0), each.cluster(1), each.home))):
            groups.setdefault(home, []).append(each.name)
    groups |= {name: [] for name in synced if name not in groups}
    reviewed = {
        home: review_cluster(
            home, members, reviews, synced.get(home, Synced()).changes, synced.get(home, Synced()).foreign
        )
        for home, members in sorted(groups.items())
    }
    altered = altered_rules(comparison, {name: case.readings for name, case in cases.items()})
    return Review(
        comparison.before.name,
        comparison.after.name,
        reviews,
        reviewed,
        comparison.is_generated,
        rules=altered,
        rules_from=comparison.rules.name if comparison.rules is not None else None,
    )


def _valued(comparison: Comparison) -> set[str]:
    """Environments whose values changed and that are generated at all."""
    touched = {path.split("/")[1].rpartition(".")[0] for path in comparison.changed if path.startswith("values/")}
    names = touched - {"base"}
    return {name for name in names if comparison.after.read(f"overlays/{name}/kustomization.yaml") is not None}


def _clusters(cases: Sequence[Case]) -> dict[str, _Cluster]:
    """By name: the pools that the environments of a cluster share, and what each brings to them."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.home, []).append(case)
    found = {}
    for home, members in groups.items():
        pools, conflicts = shared_pools([(case.name, case.facts[1]) for case in members])
        moves: dict[str, tuple[Sequence[Workload], Fixed]] = {}
        if len(members) > 1:
            for case in members:
                facts = merge_pools(case.facts[0], pools), merge_pools(case.facts[1], pools)
                moves[case.name] = read_moves(case.changes, case.objects(0), case.objects(1), facts)
        found[home] = _Cluster(pools, conflicts, moves)
    return found


def _synced(comparison: Comparison, cases: Sequence[Case], tool_folder: Path | None) -> dict[str, Synced]:
    """What becomes of the units of each cluster whose folder differs, or one of whose units is refused."""
    refused: dict[str, list[str]] = {}
    homes = set(touched_clusters(comparison))
    for case in cases:
        names = refused_objects(case.changes)
        for change in case.changes:
            if key_of(change) in names:
                refused.setdefault(case.folders[1].get(change.unit, change.unit), []).append(
                    f"{change.kind}/{change.name}"
                )
                homes.add(case.home)
    return {
        home: read_synced(comparison, home, cases, refused, tool_folder)
        for home in sorted(homes)
        if not home.startswith("env:")
    }


def _surroundings(
    case: Case, cluster: _Cluster, cases: Mapping[str, Case], synced: Mapping[str, Synced]
) -> Surroundings:
    """The rest of the cluster of one environment."""
    ahead: list[Workload] = []
    behind: list[Workload] = []
    fixed: Fixed = {}
    for name, (workloads, stays) in sorted(cluster.moves.items()):
        if name != case.name:
            (ahead if name < case.name else behind).extend(_named(each, name) for each in workloads)
            fixed = add_fixed(fixed, stays)
    homes = [home for home in dict.fromkeys((case.cluster(0), case.cluster(1), case.home)) if home in synced]
    changes = [
        each for home in homes if home is not None for each in synced[home].changes if _concerns(each, case.name, cases)
    ]
    return Surroundings(
        environment=case.name,
        ahead=tuple(ahead),
        behind=tuple(behind),
        fixed=fixed,
        sync=tuple(changes),
        brought=tuple(each for home in homes if home is not None for each in synced[home].brought),
        conflicts=cluster.conflicts,
        goes=case.readings[1] is None and not case.units[1],
        renamed_to=_renamed_to(case, cases.values()),
    )


def _named(workload: Workload, environment: str) -> Workload:
    """A workload of another environment, told apart from this one's own by its name."""
    model = f"{workload.model} of {environment}" if workload.model is not None else None
    return replace(workload, name=f"{environment}/{workload.name}", model=model)


def _concerns(change: OwnerChange, environment: str, cases: Mapping[str, Case]) -> bool:
    """Whether a change of owners is one of this environment's units, or of the whole cluster."""
    owners = {part for path in (change.file, change.path) for part in path.split("/")[:4]} & cases.keys()
    return environment in owners or not owners


def _renamed_to(case: Case, cases: Iterable[Case]) -> str | None:
    """The environment that is new and has objects of the same names as one that goes."""
    if case.readings[1] is not None:
        return None
    own = {identify(each) for each in case.objects(0)}
    for other in cases:
        if other.readings[0] is None and own & {identify(each) for each in other.objects(1)}:
            return other.name
    return None


def _review_environment(
    comparison: Comparison, case: Case, cluster: _Cluster, near: Surroundings, today: date
) -> EnvironmentReview:
    """The review of one environment, with the pools of its cluster."""
    old, new = case.facts
    own = {(pool.name, pool.resource) for facts in case.facts for pool in facts.pools}
    pools = cluster.pools if case.readings[1] is not None or cluster.pools else old.pools
    facts = (old if not cluster.moves else _old_pools(old, new, pools), merge_pools(new, pools))
    if near.goes:
        sides = (comparison.before, comparison.rules or comparison.after)
        base = [base_acknowledgements(side) for side in sides]
        facts = replace(facts[0], acknowledgements=base[0]), replace(facts[1], acknowledgements=base[1])
    engines = engine_changes(_side(case.readings[0]), _side(case.readings[1]))
    review = assess(case.changes, case.objects(0), case.objects(1), *facts, today, engines, near)
    used = {(rollout.pool, rollout.resource) for rollout in review.rollouts} | set(
        cluster.moves.get(case.name, ((), {}))[1]
    )
    shown = tuple(row for row in review.gpus if not cluster.moves or (row.pool, row.resource) in own | used)
    reading = case.readings[1]
    layers = reading.layers if reading is not None and comparison.rules is None else None
    accepted = acknowledgement_findings(review, facts[0], facts[1], layers, today)
    found = (*case.unsound, *_stale(case.held, case.name, reading), *accepted)
    return replace(review, gpus=shown, findings=(*review.findings, *found))


def _old_pools(old: Facts, new: Facts, pools: tuple[Pool, ...]) -> Facts:
    """The facts before, with the pools of the cluster save those whose declaration this environment changes."""
    stated = {(pool.name, pool.resource): pool for pool in old.pools}
    changed = {(pool.name, pool.resource) for pool in new.pools if stated.get((pool.name, pool.resource)) != pool}
    kept = tuple(pool for pool in pools if (pool.name, pool.resource) not in changed)
    return merge_pools(old, (*kept, *(pool for key, pool in stated.items() if key in changed)))


def _side(reading: Reading | None) -> Side | None:
    """What the values say of engines; None where they are gone or have errors."""
    subject = reading.subject if reading is not None else None
    return Side(subject.stack, subject.facts) if subject is not None else None


def _stale(held: Held, environment: str, reading: Reading | None) -> list[Finding]:
    """`stale-tree` when the tree is not what the values at the same revision generate."""
    if held.stale is None:
        message = f"the values of {environment} have errors: the tree cannot be compared with them"
        place = Place(reading.environment.label if reading is not None else f"values/{environment}.yaml")
        return [Finding("stale-tree", Severity.WARNING, message, place=place, help="run `llmstack lint`")]
    return [stale_tree(held.stale)] if held.stale else []
