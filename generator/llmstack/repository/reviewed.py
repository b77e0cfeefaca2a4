"""The review of a comparison: what changes in the clusters between its two sides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path
from posixpath import dirname

from msgspec.structs import replace

from llmstack.errors import FoundError
from llmstack.finding import Finding
from llmstack.kustomize.files import find_kustomization, is_kustomization
from llmstack.progress import Step, ignore
from llmstack.repository.acknowledged import acknowledgement_findings, base_acknowledgements
from llmstack.repository.arrivals import in_its_cluster, joined, review_left
from llmstack.repository.beside import differing, staleness
from llmstack.repository.cases import Affected, Begun, Case, begin_case
from llmstack.repository.cluster_facts import cluster_of, sources_of, stale
from llmstack.repository.clusters import Synced, begin_beside, in_turn
from llmstack.repository.comparison import Comparison, built_environments, find_affected
from llmstack.repository.costs import cluster_cost
from llmstack.repository.now import look
from llmstack.repository.overlaid import changed_engines
from llmstack.repository.overrides import is_override, refused_override
from llmstack.repository.places import with_places
from llmstack.repository.pools import merge_pools, with_former_pools
from llmstack.repository.read import read_side
from llmstack.repository.renamed import with_heirs
from llmstack.repository.rules import altered_rules
from llmstack.repository.shared_clusters import SharedCluster, share_clusters, surroundings_of
from llmstack.repository.synced import as_synced, find_synced, left_behind
from llmstack.repository.touched import is_generated, touched_environments
from llmstack.review.assess import assess
from llmstack.review.cluster import review_cluster
from llmstack.review.cost import Cost
from llmstack.review.facts import Acknowledgement, Facts
from llmstack.review.result import ClusterReview, EnvironmentReview, Review, Risk
from llmstack.review.surroundings import Surroundings
from llmstack.sync.local import CLUSTERS


def make_review(
    comparison: Comparison,
    begun: Affected | None = None,
    *,
    today: date,
    tool_folder: Path | None = None,
    step: Step = ignore,
) -> Review:
    """Review every environment that the comparison touches, and those whose values, sync or facts alone changed; `step`
    counts them, and `begun` waits for what somebody began to find of it (`begin_affected`). Raises FoundError where
    files bring overrides of Argo CD."""
    _refuse_overrides(comparison)
    valued = touched_environments(comparison)
    if begun is None or not valued <= built_environments(comparison):
        begun = partial(find_affected, comparison, valued)
    affected = cache(begun)
    cases, beside = _read(comparison, valued, affected, tool_folder, step)
    return review_cases(comparison, cases, beside, today=today, tool_folder=tool_folder)


def _read(
    comparison: Comparison, valued: Collection[str], affected: Affected, tool_folder: Path | None, step: Step
) -> tuple[dict[str, Case], list[Case]]:
    """Read what the change touches, and what is beside it in its clusters: each is begun before the last is done."""
    homes: dict[str, str] = {}

    def begin() -> Iterator[Begun]:
        for name, total in _wanted(valued, affected):
            step(len(homes), total)
            begun = begin_case(comparison, name, affected, tool_folder)
            homes[name] = begun.home
            yield begun
        yield from begin_beside(comparison, {*homes.values()}, homes, tool_folder)

    cases = {case.name: case for case in in_turn(begin())}
    own = {name: case for name, case in sorted(cases.items()) if name in homes}
    return own, [case for name, case in cases.items() if name not in homes]


def _wanted(valued: Collection[str], affected: Affected) -> Iterator[tuple[str, int]]:
    """The environments that a change touches, and how many there are as far as is known; those whose builds may differ
    are asked for last."""
    yield from ((name, len(valued)) for name in sorted(valued))
    others = affected().keys() - valued
    yield from ((name, len(valued) + len(others)) for name in sorted(others))


def _refuse_overrides(comparison: Comparison) -> None:
    """Refuse new contents of files that override what Argo CD builds. Raises FoundError, and KustomizationError for a
    second kustomization beside one, which no tool builds: clusters/ has a risk for that."""
    found = [path for path in sorted(comparison.changed) if _is_override(comparison, path)]
    there = [path for path in found if comparison.after.read_bytes(path) is not None]
    if there:
        raise FoundError([refused_override(path) for path in there])
    for path in filter(is_kustomization, sorted(comparison.changed)):
        if not path.startswith(f"{CLUSTERS}/"):
            find_kustomization(comparison.after.read, dirname(path))


def _is_override(comparison: Comparison, path: str) -> bool:
    folder = dirname(path)
    beside = (name for side in (comparison.before, comparison.after) for name in side.entries(folder))
    return is_override(path, beside)


def review_cases(
    comparison: Comparison,
    cases: Mapping[str, Case],
    beside: Sequence[Case],
    *,
    today: date,
    tool_folder: Path | None = None,
) -> Review:
    """Review environments that are read already, `beside` those that are in their clusters too."""
    synced = find_synced(comparison, list(cases.values()), tool_folder)
    left = {name: left_behind(case, synced, cases) for name, case in cases.items()}
    tools = {name: as_synced(case, synced, cases, left[name]) for name, case in cases.items()}
    found = with_heirs(cases, tools)
    there = [in_its_cluster(comparison, case, left[name]) for name, case in found.items()]
    clusters = share_clusters([*there, *beside], tools, comparison.seen)
    reviews = {}
    for name, case in found.items():
        near = surroundings_of(case, clusters[case.home], cases, tools)
        review = _review_environment(comparison, case, clusters[case.home], near, left[name], today)
        reviews[name] = replace(review, risks=with_places(review.risks, comparison, case))
    members = sorted([*found.values(), *beside], key=lambda each: each.name)
    within: dict[str, list[Case]] = {}
    for each in members:
        for home in _clusters_of(each):
            within.setdefault(home, []).append(each)
    accepted = base_acknowledgements(comparison.rules or comparison.after)
    reviewed = {}
    for home in sorted(within.keys() | synced.keys()):
        tool, here = synced.get(home, Synced()), within.get(home, [])
        own = () if here else with_places(_own_risks(tool, accepted, today), comparison)
        cost = cluster_cost(home, here, clusters[home].pools if home in clusters else (), reviews, tools)
        reviewed[home] = _review_cluster(comparison, home, here, reviews, tool, own, cost)
    return Review(
        comparison.before.name,
        comparison.after.name,
        reviews,
        reviewed,
        comparison.is_generated,
        rules=altered_rules(comparison, {name: case.readings for name, case in cases.items()}),
        rules_from=comparison.rules.name if comparison.rules is not None else None,
    )


def _review_cluster(
    comparison: Comparison,
    home: str,
    cases: Sequence[Case],
    reviews: Mapping[str, EnvironmentReview],
    synced: Synced,
    own: tuple[Risk, ...],
    cost: Cost | None,
) -> ClusterReview:
    """The review of one cluster, of all environments that were in it, or are."""
    names = [case.name for case in cases]
    staying = {case.name for case in cases if case.home == home}
    review = review_cluster(home, names, staying, reviews, synced.changes, synced.foreign, own, cost)
    judged = any(reviews[name].rollouts for name in staying & reviews.keys())
    seen = comparison.seen.get(home.removeprefix("env:"))
    return replace(review, facts=sources_of((comparison.before, comparison.after), home, seen) if judged else None)


def _own_risks(synced: Synced, accepted: tuple[Acknowledgement, ...], today: date) -> tuple[Risk, ...]:
    """The risks of a cluster's folder in which no environment of this repository stands."""
    facts = Facts(acknowledgements=accepted)
    near = Surroundings(sync=synced.changes, brought=synced.brought)
    return assess((), [], [], facts, facts, today, near=near).risks


def observed(comparison: Comparison, files: Sequence[str]) -> tuple[Comparison, list[Finding]]:
    """The comparison with what files of kubectl's JSON show of the clusters that it touches, and findings on them.

    Raises UsageError where a file may be of several clusters.
    """
    names = find_affected(comparison).keys() | touched_environments(comparison)
    readings = {name: read_side(comparison.after, name) or read_side(comparison.before, name) for name in names}
    stacks = {name: reading.stack for name, reading in readings.items() if reading is not None}
    clusters = {cluster_of(stack, name).removeprefix("env:") for name, stack in stacks.items() if stack is not None}
    seen, findings = look(files, clusters)
    return replace(comparison, seen=seen), findings


def _clusters_of(case: Case) -> list[str]:
    """The clusters that an environment was in, and is in."""
    return list(dict.fromkeys(filter(None, (case.cluster(0), case.cluster(1), case.home))))


def _review_environment(
    comparison: Comparison,
    case: Case,
    cluster: SharedCluster,
    near: Surroundings,
    left: Surroundings | None,
    today: date,
) -> EnvironmentReview:
    """The review of one environment, with the pools of its cluster; `left` is the one that it leaves."""
    old, new = case.facts
    own = {(pool.name, pool.resource) for facts in case.facts for pool in facts.pools}
    pools = cluster.pools if case.readings[1] is not None or cluster.pools else old.pools
    facts = (with_former_pools(old, new, cluster.before), _dated(merge_pools(new, pools), case, today))
    if near.goes:
        sides = (comparison.before, comparison.rules or comparison.after)
        base = [base_acknowledgements(side) for side in sides]
        facts = replace(facts[0], acknowledgements=base[0]), replace(facts[1], acknowledgements=base[1])
    engines = changed_engines(comparison, case)
    here = in_its_cluster(comparison, case, left)
    review = assess(here.changes, here.objects(0), here.objects(1), *facts, today, engines, near)
    if left is not None:
        review = joined(review_left(case, facts[1], left, today), review, case, cluster.remade)
    used = {(rollout.pool, rollout.resource) for rollout in review.rollouts} | set(
        cluster.moves[case.name][1][1] if case.name in cluster.moves else ()
    )
    shown = tuple(row for row in review.gpus if not cluster.moves or (row.pool, row.resource) in own | used)
    reading = case.readings[1]
    layers = reading.layers if reading is not None and comparison.rules is None else None
    accepted = acknowledgement_findings(review, facts[0], facts[1], layers, today)
    tree = staleness(case.held, case.name, reading, is_missing=not is_generated(comparison.after, case.name))
    found = (*case.unsound, *tree, *accepted, *differing(case))
    return replace(review, gpus=shown, findings=(*review.findings, *found))


def _dated(facts: Facts, case: Case, today: date) -> Facts:
    """The facts after the change, with what is to be said of their age."""
    stack, known = case.stack(1), case.learned[1]
    return facts if stack is None or known is None else replace(facts, stale=stale(known, case.home, stack, today))
