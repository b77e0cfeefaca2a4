"""What the environments of one cluster share: pools, hosts, objects, and who waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import scalers
from llmstack.repository.cases import Case
from llmstack.repository.pools import merge_pools, shared_pools, with_former_pools
from llmstack.repository.renamed import renamed_to
from llmstack.review.applied import what_is_applied
from llmstack.review.capacity import gpu_pods, know_pools
from llmstack.review.ends import Moved, find_moved
from llmstack.review.facts import Pool
from llmstack.review.rollout.per_node import uncounted
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.play import add_fixed
from llmstack.review.rollout.template import fixed_gpus
from llmstack.review.rollout.workload import Workload
from llmstack.review.shared_objects import Definitions, Stated, definitions_in, find_twins, stated_by
from llmstack.review.surroundings import Neighbours, PoolConflict, Surroundings
from llmstack.review.ways_in.shared_hosts import Claim, read_claims


class SharedCluster(Struct, frozen=True):
    """A cluster after the change, all of its environments together."""

    pools: tuple[Pool, ...]
    before: tuple[Pool, ...]
    """The same pools, by what was known of their nodes before the change."""
    conflicts: tuple[PoolConflict, ...]
    claims: tuple[Claim, ...]
    """The hosts that its environments claim; nothing where there is one alone."""
    moves: Mapping[str, tuple[Moved, Moved, Moved]]
    """What each environment brings to the pools: its scalers at their least, at their most, and where they sleep."""
    remade: Fixed = field(default_factory=dict)
    """The pods that were there before and are made anew (`Case.remade`)."""
    objects: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    """What each runs after the change, where several share the cluster; with PriorityClasses and scalers."""
    uncounted: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    """What of that runs pods that no manifest counts."""
    stated: Mapping[str, tuple[Stated, Stated]] = field(default_factory=dict)
    """What each states on both sides, where several share the cluster."""
    defined: Definitions = field(default_factory=dict)
    """Where custom resources stand, as definitions among all of that say."""


def share_clusters(
    cases: Sequence[Case], near: Mapping[str, Surroundings], seen: Collection[str]
) -> dict[str, SharedCluster]:
    """By name: the pools that the environments of a cluster share, and what each brings to them. `near` says by
    environment what the sync tool makes of it, `seen` in which clusters somebody looked."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.home, []).append(case)
    found = {}
    for home, members in groups.items():
        known = shared_pools([(case.name, case.facts[0]) for case in members])[1]
        declared, found_now = shared_pools([(case.name, case.facts[1]) for case in members])
        conflicts = tuple(replace(each, is_new=each not in known) for each in found_now)
        before, pools = _known_pools(declared, members, now=home.removeprefix("env:") in seen)
        moves: dict[str, tuple[Moved, Moved, Moved]] = {}
        if len(members) > 1:
            for case in members:
                facts = with_former_pools(*case.facts, before), merge_pools(case.facts[1], pools)
                tool = near.get(case.name, Surroundings())
                applied = what_is_applied(case.changes, case.objects(0), case.objects(1), tool)
                moves[case.name] = find_moved(applied, facts)
        claims = [claim for case in members if len(members) > 1 for claim in read_claims(case.objects(1), case.name)]
        shared = {case.name: case.objects(1) for case in members} if len(members) > 1 else {}
        lingering = {name: tuple(uncounted(objects)) for name, objects in shared.items()}
        sides = {case.name: (case.objects(0), case.objects(1)) for case in members} if shared else {}
        defined = definitions_in(obj for pair in sides.values() for side in pair for obj in side)
        stated = {name: (stated_by(old, defined), stated_by(new, defined)) for name, (old, new) in sides.items()}
        remade = _remade(members, pools)
        found[home] = SharedCluster(
            pools, before, conflicts, tuple(claims), moves, remade, shared, lingering, stated, defined
        )
    return found


def _remade(members: Sequence[Case], pools: tuple[Pool, ...]) -> Fixed:
    """The pods that `Case.remade` of environments had."""
    found: Fixed = {}
    for case in members:
        facts = merge_pools(case.facts[1], pools)
        found = add_fixed(found, fixed_gpus(case.remade, facts, scalers(case.objects(0))))
    return found


def _known_pools(
    declared: tuple[Pool, ...], members: Sequence[Case], *, now: bool
) -> tuple[tuple[Pool, ...], tuple[Pool, ...]]:
    """The pools of a cluster, by what was known of their nodes before the change and by what is; the same for both
    where somebody looked."""
    resources = {pool.resource for pool in declared}
    pods = [pod for case in members for pod in gpu_pods(case.objects(1) or case.objects(0), resources)]
    asked = {name for case in members for pod in gpu_pods(case.objects(0), resources) for name in pod.classes}
    was, known = members[0].learned
    pools = know_pools(declared, known, pods, now=now, asked=asked)
    return pools if now else know_pools(declared, was, pods, asked=asked), pools


def surroundings_of(
    case: Case, cluster: SharedCluster, cases: Mapping[str, Case], tools: Mapping[str, Surroundings]
) -> Surroundings:
    """The rest of the cluster of one environment; `tools` is what the sync tool makes of each."""
    tool = tools[case.name]
    heir = renamed_to(case, cases.values())
    least, most, fewest = (
        _neighbours(case.name, {name: moves[end] for name, moves in cluster.moves.items()}, cluster.uncounted)
        for end in range(3)
    )
    queue = tool.queue
    for name, other in tools.items():
        if name != case.name and name in cluster.moves:
            queue = queue.together(other.queue.named(name))
    return replace(
        tool,
        queue=queue,
        neighbours=least,
        most=most if most != least else None,
        fewest=fewest if fewest != least else None,
        objects=tuple((name, obj) for name, found in cluster.objects.items() if name != case.name for obj in found),
        ran=() if case.objects(0) else tuple(_ran_beside(case, cases)),
        conflicts=cluster.conflicts,
        claims=tuple(claim for claim in cluster.claims if claim.environment != case.name),
        twins=tuple(find_twins(case.name, cluster.stated, cluster.defined)) if case.name in cluster.stated else (),
        goes=case.readings[1] is None and not case.units[1],
        renamed_to=heir.name if heir is not None else None,
    )


def _ran_beside(case: Case, cases: Mapping[str, Case]) -> Iterator[Object]:
    return (obj for each in cases.values() if each.home == case.home for obj in each.objects(0))


def _neighbours(environment: str, moves: Mapping[str, Moved], lingering: Mapping[str, Sequence[Object]]) -> Neighbours:
    """What the others of a cluster have beside an environment."""
    ahead: list[Workload] = []
    behind: list[Workload] = []
    fixed: Fixed = {}
    for name, (workloads, stays) in sorted(moves.items()):
        if name != environment:
            (ahead if name < environment else behind).extend(_named(each, name) for each in workloads)
            fixed = add_fixed(fixed, stays)
    others = (obj for name, objects in lingering.items() if name != environment for obj in objects)
    return Neighbours(tuple(ahead), tuple(behind), fixed, tuple(others))


def _named(workload: Workload, environment: str) -> Workload:
    """A workload of another environment, told apart from this one's own by its name."""
    model = f"{workload.model} of {environment}" if workload.model is not None else None
    return replace(workload, name=f"{environment}/{workload.name}", model=model, unit=f"{environment}/{workload.unit}")
