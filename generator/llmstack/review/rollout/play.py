"""The rollouts of a change, played: with scalers at their least, and at their most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.kubernetes.pods import Object, identity_of
from llmstack.kubernetes.replicas import Scalers
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.applied import Applied
from llmstack.review.change import ObjectChange
from llmstack.review.facts import Facts, Pool
from llmstack.review.foreign import foreign_pools
from llmstack.review.rollout import gpus
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.kept import less_kept
from llmstack.review.rollout.per_node import pods_of_jobs, pools_of_uncounted
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.queue import Queue
from llmstack.review.rollout.races import with_races
from llmstack.review.rollout.shared_claims import shared_gpus
from llmstack.review.rollout.staged import find_verdicts_in_line
from llmstack.review.rollout.template import fixed_gpus
from llmstack.review.rollout.times import Times, own_times, time_rollouts
from llmstack.review.rollout.workload import Workload, as_anew, read_workload
from llmstack.review.surroundings import Neighbours


class Played(Struct, frozen=True, dict=True):
    """The workloads whose pods change, the pods that stay, and how it goes. Pairs are before and after."""

    workloads: tuple[Workload, ...]
    fixed: dict[PoolKey, dict[int, int]]
    times: Times
    verdicts: dict[PoolKey, Verdict]
    owned: tuple[Scalers, Scalers]
    first: int
    """Where the environment's own workloads begin: before and after them are those of others in its cluster."""
    count: int
    """How many are its own."""
    queue: Queue | None = None
    """What the sync tool does not apply at once."""
    leaving: Fixed = field(default_factory=dict)
    """Pods beyond all replicas that hold GPUs now: of rollouts in progress, or terminating."""

    @property
    def own(self) -> tuple[Workload, ...]:
        return self.workloads[self.first : self.first + self.count]

    @cached_property
    def goal(self) -> Counter[PoolKey]:
        """The GPUs that all pods take of each pool after the change: asked of each workload, and summed up once."""
        return gpus.goal_of(self.workloads, self.fixed)

    @property
    def own_times(self) -> Times:
        return own_times(self.times, self.first, self.count)


def play(
    applied: Applied,
    owned: tuple[Scalers, Scalers],
    facts: tuple[Facts, Facts],
    near: Neighbours,
    queue: Queue,
) -> Played:
    """Play the rollouts with the replicas that scalers give by `owned`, and beside them those of the neighbours.

    `queue` is what the sync tool does not apply at once.
    """
    own, stays = find_moves(applied, owned, facts)
    workloads = (*near.ahead, *own, *near.behind)
    fixed = add_fixed(stays, near.fixed)
    times = time_rollouts(workloads, facts[1].pools, fixed, queue)
    leaving = gpus.pods_beyond([*applied.after, *_removed(applied.changes)], facts[1])
    verdicts = _judge(workloads, facts[1].pools, (fixed, leaving), queue)
    there = (*applied.after, *near.uncounted)
    jobs = pods_of_jobs(there, facts[1])
    if jobs:
        beside = _judge(workloads, facts[1].pools, (add_fixed(fixed, jobs), leaving), queue)
        verdicts = {key: each for key, each in verdicts.items() if each.certain or each == beside[key]}
    _judge_beside(verdicts, workloads, facts[1].pools, fixed)
    mixed = {(pool.name, pool.resource) for pool in facts[1].pools if pool.mixed}
    for pool in (*pools_of_uncounted(there, facts[1]), *_lumped(workloads, facts[1].pools, fixed), *mixed):
        verdicts.pop(pool, None)
    for pool in foreign_pools(applied.after, facts[1]):
        if pool in verdicts and not (verdicts[pool].shortage or verdicts[pool].deadlock):
            del verdicts[pool]  # further pods may take what is free
    verdicts = with_races(verdicts, workloads, facts[1].pools, fixed)
    return Played(workloads, fixed, times, verdicts, owned, len(near.ahead), len(own), queue, leaving)


def _removed(changes: Iterable[ObjectChange]) -> Iterator[Object]:
    return (change.before for change in changes if change.after is None and change.before is not None)


def _judge(
    workloads: Sequence[Workload], pools: Sequence[Pool], fixed: tuple[Fixed, Fixed], queue: Queue | None
) -> dict[PoolKey, Verdict]:
    """The verdicts beside pods that stay, and those that leave sooner or later: while these are there, what hangs may
    go on by itself once they are gone."""
    verdicts = find_verdicts_in_line(workloads, pools, fixed[0], queue)
    if not fixed[1]:
        return verdicts
    meanwhile = find_verdicts_in_line(workloads, pools, add_fixed(*fixed), queue)
    return {
        key: replace(verdict, deadlock=True, stuck=verdict.stuck | meanwhile[key].stuck)
        if key in meanwhile and meanwhile[key].deadlock and not verdict.deadlock
        else verdict
        for key, verdict in verdicts.items()
    }


def find_moves(
    applied: Applied, owned: tuple[Scalers, Scalers], facts: tuple[Facts, Facts]
) -> tuple[tuple[Workload, ...], dict[PoolKey, dict[int, int]]]:
    """Return the workloads whose pods come, go or are replaced, with the replicas that scalers give by `owned`, and the
    pods that stay. A change that reaches no pod of a template may all the same change how many there are."""
    workloads = tuple(
        as_anew(workload) if _is_made_anew(workload, applied) else less_kept(change, workload)
        for change in [*applied.changes, *_rescaled(applied, owned)]
        if is_counted(change.kind) and change.identity not in applied.refused
        if (workload := read_workload(change, owned, facts)) is not None
    )
    return workloads, _fixed(applied, workloads, facts[1], owned)


def _is_made_anew(workload: Workload, applied: Applied) -> bool:
    return workload.identity in applied.anew and workload.move == "restart"


def add_fixed(fixed: Fixed, more: Fixed) -> dict[PoolKey, dict[int, int]]:
    """Return the pods that stay, of both."""
    added = {pool: dict(sizes) for pool, sizes in fixed.items()}
    for pool, sizes in more.items():
        counts = added.setdefault(pool, {})
        for size, number in sizes.items():
            counts[size] = counts.get(size, 0) + number
    return added


def _judge_beside(
    verdicts: dict[PoolKey, Verdict], workloads: Sequence[Workload], pools: Iterable[Pool], fixed: Fixed
) -> None:
    """Pools of which pods take GPUs beside others: short where the goal is more than there is, fine where all that
    may ever be asked is there, and else not judged."""
    beside = gpus.pools_beside(workloads)
    goal = gpus.goal_of(workloads, fixed) if beside else {}
    for pool in pools:
        key = (pool.name, pool.resource)
        if key not in beside:
            continue
        stays = gpus_in(fixed, key)
        if goal.get(key, 0) > pool.count:
            verdicts[key] = Verdict(True, True, True, gpus.asking_beside(workloads, key))
        elif stays + gpus.most_beside(workloads, key) > pool.count:
            verdicts.pop(key, None)


def _lumped(workloads: Sequence[Workload], pools: Iterable[Pool], fixed: Fixed) -> set[PoolKey]:
    """Pools of workloads whose pods are too many to be told apart, and might fit: on which nodes, cannot be judged."""
    templates = [template for workload in workloads for template in (workload.old, workload.new) if template]
    lumped = {template.pool for template in templates if template.is_lumped}
    counts = {(pool.name, pool.resource): pool.count for pool in pools}
    goal = gpus.goal_of(workloads, fixed) if lumped else {}
    return {pool for pool, count in counts.items() if pool in lumped and goal.get(pool, 0) <= count}


def _rescaled(applied: Applied, owned: tuple[Scalers, Scalers]) -> list[ObjectChange]:
    """Workloads that stay as they are written while the replicas of their scaler change."""
    targets = {target for target in owned[0].keys() | owned[1].keys() if owned[0].get(target) != owned[1].get(target)}
    targets -= {change.identity for change in applied.changes}
    if not targets:
        return []
    return [
        ObjectChange(
            api_version=str(obj.get("apiVersion")),
            kind=obj["kind"],
            namespace=str(obj["metadata"].get("namespace") or ""),
            name=obj["metadata"]["name"],
            unit="",
            action="change",
            changes=(),
            restarts=False,
            causes=(),
            before=obj,
            after=obj,
        )
        for obj in applied.after
        if identity_of(obj) in targets
    ]


def standing(
    applied: Applied, workloads: Iterable[Workload]
) -> tuple[tuple[Literal[1], list[Object]], tuple[Literal[0], list[Object]]]:
    """Return the objects whose pods stay: those that are not of the workloads that move, as they are after (1), and
    those whose change comes to nothing, as they were before (0)."""
    moving = frozenset(workload.identity for workload in workloads)
    idle = applied.refused | (applied.unmoved - moving)
    kept = [change.before for change in applied.changes if change.before is not None and change.identity in idle]
    stay = [obj for obj in applied.after if identity_of(obj) not in moving and identity_of(obj) not in idle]
    return (1, stay), (0, kept)


def _fixed(
    applied: Applied, workloads: Sequence[Workload], facts: Facts, owned: tuple[Scalers, Scalers]
) -> dict[PoolKey, dict[int, int]]:
    """The pods that stay, by pool."""
    fixed = shared_gpus(applied.after, facts)
    extra = [fixed_gpus(objects, facts, owned[side]) for side, objects in standing(applied, workloads)]
    for pools in extra:
        fixed = add_fixed(fixed, pools)
    return gpus.with_pods(fixed, [each for workload in workloads for each in workload.stays])


def gpus_of(played: Played, pool: PoolKey, *, before: bool = False) -> int:
    """The GPUs that all pods ask of a pool after the change, or before it."""
    if not before:
        return played.goal[pool]
    return gpus_in(played.fixed, pool) + gpus.sums(played.workloads)[0].get(pool, 0)
