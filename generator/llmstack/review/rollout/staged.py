"""Which rollouts may or must hang where units are applied one after another.

A unit that waits for others (`dependsOn`) is applied once they are ready: until then its pods are as they were, with
the GPUs that they hold, and what it frees is not free. Units that wait for none come in no order that anybody knows;
each is applied in the end, also where all workers of the sync tool are taken, as one lets go after its timeout
(kustomize-controller, docs/spec/v1/kustomizations.md, "Dependencies" and "Health checks").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.gpus import with_pods
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.queue import Queue
from llmstack.review.rollout.workload import Workload


def find_verdicts_in_line(
    workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed, queue: Queue | None
) -> dict[PoolKey, Verdict]:
    """Return a verdict for every declared pool, as `find_verdicts` does, with units that wait for others.

    `deadlock` may be said of a rollout that waits for GPUs of a unit which in turn waits for a third one.
    """
    verdicts = find_verdicts(workloads, pools, fixed)
    stages = _stages(workloads, queue or Queue())
    if not any(stage.ahead or stage.behind for stage in stages):
        return verdicts
    judged: list[_Judged] = [(stage, *_judge(stage, pools, fixed)) for stage in stages if stage.own]
    return {
        key: verdict if verdict.shortage else _joined(key, verdict, judged)
        for key, verdict in verdicts.items()
        if all(key in found for _, likely, surely in judged for found in (likely, surely))
    }


class _Stage(Struct, frozen=True):
    """The workloads of one unit, those of units that it waits for, those of units that wait for it, and all others."""

    own: Sequence[Workload]
    ahead: Sequence[Workload]
    behind: Sequence[Workload]
    beside: Sequence[Workload]


_Judged = tuple[_Stage, Mapping[PoolKey, Verdict], Mapping[PoolKey, Verdict]]
"""A unit, how its rollouts may go, and how they go at best."""


def _stages(workloads: Sequence[Workload], queue: Queue) -> list[_Stage]:
    """One for each unit that the sync tool takes by itself, and one for all that it applies at once."""
    held = queue.of(workloads)
    ahead = queue.ahead(held)
    units = {position: unit for unit, positions in held.items() for position in positions}

    def of(names: Collection[str]) -> list[Workload]:
        return [workloads[position] for position, unit in units.items() if unit in names]

    stages = []
    for unit in held:
        behind = queue.behind(unit)
        apart = {unit} | behind | ahead[unit]
        beside = [each for position, each in enumerate(workloads) if units.get(position) not in apart]
        stages.append(_Stage(of({unit}), of(ahead[unit]), of(behind), beside))
    free = [each for position, each in enumerate(workloads) if position not in units]
    return [*stages, _Stage(free, [], [], of(held))]


def _judge(
    stage: _Stage, pools: Sequence[Pool], fixed: Fixed
) -> tuple[Mapping[PoolKey, Verdict], Mapping[PoolKey, Verdict]]:
    """How the rollouts of a unit may go beside all others, and how they go where those hold as little as they ever
    do."""
    there = [(each.new, each.after) for each in stage.ahead] + [(each.old, each.before) for each in stage.behind]
    stays = with_pods(fixed, there)
    least = with_pods(stays, [(each.old, _least(each)) for each in stage.beside])
    return find_verdicts([*stage.own, *stage.beside], pools, stays), find_verdicts(stage.own, pools, least)


def _least(workload: Workload) -> int:
    """The fewest of its old replicas, or as many new ones of the same size, that a workload has at any time."""
    old, new = workload.old, workload.new
    if old is None or new is None or workload.recreate or (old.pool, old.gpus) != (new.pool, new.gpus):
        return 0
    return max(0, min(workload.before, workload.after - workload.unavailable))


def _asks(workload: Workload) -> bool:
    """Whether it makes pods, which may wait."""
    return workload.after > workload.before or (workload.move == "restart" and workload.after > 0)


def _joined(key: PoolKey, at_once: Verdict, judged: Sequence[_Judged]) -> Verdict:
    """The verdict of a pool by those of each unit; what hangs were all applied at once hangs one after another too."""
    stuck: set[Identity] = set(at_once.stuck) if at_once.certain else set()
    certain = at_once.certain
    for stage, likely, surely in judged:
        own = {each.identity for each in stage.own}
        waiting = {each.identity for each in stage.own if _asks(each)}
        stuck |= waiting if likely[key].shortage else likely[key].stuck & own
        if surely[key].certain and surely[key].stuck & own:
            stuck |= surely[key].stuck & own
            certain = True
    return replace(at_once, deadlock=bool(stuck), certain=certain, stuck=frozenset(stuck))
