"""What the changes of one environment do to its pods, its GPUs and its users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.immutable import is_made_anew, refused_fields
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import most_scaled, scalers
from llmstack.review.facts import Facts
from llmstack.review.removal import find_removed
from llmstack.review.result import EngineChange, EnvironmentReview, ObjectChange, Rollout
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.not_applied import why_not_applied
from llmstack.review.risks.table import find_risks
from llmstack.review.rollout.endless import drawn, endless, stopped_by, with_demand, without_end
from llmstack.review.rollout.obstacles import find_obstacles
from llmstack.review.rollout.per_node import rollouts_on_nodes
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.play import Played, both, find_moves, key_of, play
from llmstack.review.rollout.times import MOST_PODS, too_many, total_seconds
from llmstack.review.rollout.workload import Workload
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.find import draw_ways, find_breaks

MOST_SCALED = 5_000
"""Replicas at the most of all scalers beyond which that is not played: then no end is said."""


def assess(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    facts_before: Facts,
    facts_after: Facts,
    today: date,
    engines: tuple[EngineChange, ...] = (),
    near: Surroundings | None = None,
) -> EnvironmentReview:
    """Return the review of one environment: rollouts, GPUs, risks and timeline of its `changes`.

    `before` and `after` are all objects of the environment on both sides. A change that the API refuses, or that
    reaches no pod, is a risk and no rollout. Where scalers own replicas, all is played with their least and with their
    most. Capacity is the one declared after the change; acknowledgements hold up to and including their day. `engines`
    are the models whose engine changes, as the values of both sides have them. `near` is the rest of the cluster: the
    rollouts of all its environments are played together.
    """
    near = near or Surroundings()
    facts = facts_before, facts_after
    idle = idle_changes(changes)
    least = play(changes, after, (scalers(before), scalers(after)), facts, idle, near)
    most = _at_most(changes, before, after, least, facts, idle, near)
    obstacles = find_obstacles(least.own, after, facts_after)
    breaks = find_breaks(before, after, least.own, least.own_times)
    rolled, pools = both(least, most, facts_after)
    removed = find_removed(least.own, before, after, least.owned[0], facts, near)
    assessment = Assessment(
        tuple(changes), after, least.workloads, least.times, least.verdicts, least.fixed, least.owned, facts,
        idle[0], engines, before, breaks, obstacles, most, near, removed, pools,
    )  # fmt: skip
    never = endless(obstacles, least.verdicts)
    rolled = without_end(rolled, never, frozenset(obstacles))
    alive = frozenset((*idle[0], *idle[1]))
    on_nodes = rollouts_on_nodes([change for change in changes if key_of(change) not in alive], facts)
    picture = drawn(least, facts_after.pools, stopped_by(obstacles))
    return EnvironmentReview(
        objects=tuple(changes),
        rollouts=(*rolled, *on_nodes),
        gpus=with_demand(pools, least, picture),
        risks=find_risks(assessment, today),
        timeline=tuple(phase for phase in picture.phases if phase.workload not in near.others),
        seconds=_total(rolled, least, known=not on_nodes and not obstacles and not _depends(rolled, most)),
        engines=engines,
        findings=tuple(map(_unplayed, sorted(too_many(least.workloads) - near.others))),
        removed=removed,
        ways=draw_ways(breaks, before) if breaks else (),
    )


def idle_changes(changes: Sequence[ObjectChange]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the changes, as `Kind/name`, that the API refuses, and those that reach no pod."""
    return refused_objects(changes), frozenset(key_of(each) for each in changes if why_not_applied(each) is not None)


def read_moves(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object], facts: tuple[Facts, Facts]
) -> tuple[Sequence[Workload], Fixed]:
    """Return what an environment brings to the pools of its cluster, its scalers at their least: the workloads that
    change, and the pods that stay."""
    return find_moves(changes, after, (scalers(before), scalers(after)), facts, idle_changes(changes))


def refused_objects(changes: Sequence[ObjectChange]) -> frozenset[str]:
    """Return what the API refuses to change, as `Kind/name`, and the sync tool does not make anew."""
    return frozenset(
        key_of(change)
        for change in changes
        if refused_fields(change.kind, change.before, change.after)
        and (change.after is None or not is_made_anew(change.after))
    )


def _at_most(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    least: Played,
    facts: tuple[Facts, Facts],
    idle: tuple[frozenset[str], frozenset[str]],
    near: Surroundings,
) -> Played | None:
    """The rollouts with scalers at their most; None where that is their least, or more than is played."""
    owned = most_scaled(before), most_scaled(after)
    if owned == least.owned or max(sum(side.values()) for side in owned) > MOST_SCALED:
        return None
    return play(changes, after, owned, facts, idle, near)


def _total(rolled: Sequence[Rollout], least: Played, *, known: bool) -> int | None:
    """How long all of it takes; None where that is not known, never, or depends on scalers."""
    return total_seconds(rolled, least.own_times) if known else None


def _depends(rolled: Sequence[Rollout], most: Played | None) -> bool:
    """Whether what takes long depends on how many replicas scalers give."""
    return most is not None and any(rollout.seconds is None for rollout in rolled)


def _unplayed(subject: str) -> Finding:
    message = f"{subject} has more pods than are played through: how its rollout goes cannot be judged"
    help = (
        f"its GPUs are counted all the same; correct its replicas if they are not meant: {MOST_PODS} pods are the most"
    )
    return Finding("too-many-pods", Severity.WARNING, message, help=help)
