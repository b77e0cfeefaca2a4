"""A change played with its scalers at each end: at their least, at their most, and asleep where they let pods sleep."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.devices import read_claims
from llmstack.kubernetes.pods import Object, identity_of
from llmstack.kubernetes.replicas import Scalers, fewest_scaled, most_scaled, scalers, with_left
from llmstack.review.applied import Applied
from llmstack.review.facts import Facts
from llmstack.review.present import present_scale
from llmstack.review.rollout.interval import hangs_awake, short_awake
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.play import Played, find_moves, play
from llmstack.review.rollout.preempted import Preempting, with_priorities
from llmstack.review.rollout.shared_claims import find_shared
from llmstack.review.rollout.tenants import tenants_of_sides
from llmstack.review.rollout.workload import Workload
from llmstack.review.surroundings import Surroundings

MOST_SCALED = 5_000
"""Replicas at the most of all scalers beyond which that is not played: then no end is said."""
Moved = tuple[Sequence[Workload], Fixed]
"""The workloads that change, and the pods that stay."""


class Ends(Struct, frozen=True):
    """A change played with its scalers at each end: at their least (with what priorities do to it), at their most, with
    what they let sleep at zero, and with what is new among that at zero too. None where that is played no other way."""

    least: Played
    most: Played | None
    asleep: Played | None
    rested: Played | None
    preempting: Preempting


def play_ends(applied: Applied, facts: tuple[Facts, Facts], near: Surroundings) -> Ends:
    """Return how a change goes at each end. `facts` have what the objects say of claims (`with_claims`)."""
    least = play(applied, _least_scaled(applied, facts[1]), facts, near.neighbours, near.queue)
    most = _at_most(applied, least, facts, near)
    asleep = _at_fewest(applied, least, facts, near)
    rested = _at_rest(applied, (least, most or least), facts, near) or asleep
    if most_replicas(applied) == least.owned and most is None and short_awake(least, rested):
        most = least
    least, preempting = _with_priorities(applied, hangs_awake(least, rested), facts, near)
    return Ends(least, most, asleep, rested, preempting)


def find_moved(applied: Applied, facts: tuple[Facts, Facts]) -> tuple[Moved, Moved, Moved]:
    """Return what an environment brings to the pools of its cluster with its scalers at their least, at their most, and
    at zero where they let what was there sleep."""
    least, known = _least_scaled(applied, facts[1]), with_claims(facts, applied)
    found = find_moves(applied, least, known)
    most, fewest = (
        found if owned == least else find_moves(applied, owned, known)
        for owned in (most_replicas(applied), _fewest_replicas(applied, least, facts[1]))
    )
    return found, most, fewest


def with_claims(facts: tuple[Facts, Facts], applied: Applied) -> tuple[Facts, Facts]:
    """Return the facts with what the objects of each side say of devices that pods claim (DRA)."""
    known = _with_claims(facts[0], applied.before), _with_claims(facts[1], applied.after)
    shared = find_shared((applied.before, applied.after), known[1])
    return (replace(known[0], shared_claims=shared), replace(known[1], shared_claims=shared)) if shared else known


def _with_claims(facts: Facts, objects: Sequence[Object]) -> Facts:
    claims = read_claims(objects)
    return replace(facts, device_claims=claims) if claims else facts


def most_replicas(applied: Applied) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give at their most, on both sides."""
    return _scaled(applied, most_scaled)


def _least_scaled(applied: Applied, facts: Facts) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give: those of now where somebody looked, else their least."""
    return _scaled(applied, lambda objects: present_scale(scalers(objects), most_scaled(objects), facts.present))


def _scaled(applied: Applied, read: Callable[[Sequence[Object]], Scalers]) -> tuple[Scalers, Scalers]:
    """The replicas that scalers give on both sides, those of before too that one which goes has left."""
    given = read(applied.before), read(applied.after)
    return given[0], with_left(given, applied.before, applied.after)


def _fewest_replicas(
    applied: Applied, least: tuple[Scalers, Scalers], facts: Facts, *, begun: bool = False
) -> tuple[Scalers, Scalers]:
    """The replicas that scalers leave at their least, none included, of what was there before; what is new begins with
    one, unless it has `begun`. Where somebody looked, it is as then."""
    old = {identity_of(obj) for obj in applied.before}
    sides = zip(least, (fewest_scaled(applied.before), fewest_scaled(applied.after)), strict=True)
    found = [
        {**given, **{key: few for key, few in fewest.items() if (begun or key in old) and key not in facts.present}}
        for given, fewest in sides
    ]
    return found[0], found[1]


def _at_most(applied: Applied, least: Played, facts: tuple[Facts, Facts], near: Surroundings) -> Played | None:
    """The rollouts with scalers at their most; None where that is their least, or more than is played."""
    owned = most_replicas(applied)
    if owned == least.owned and near.most is None:
        return None
    if max(sum(side.values()) for side in owned) > MOST_SCALED:
        return None
    return play(applied, owned, facts, near.most or near.neighbours, near.queue)


def _at_fewest(applied: Applied, least: Played, facts: tuple[Facts, Facts], near: Surroundings) -> Played | None:
    """The rollouts with what scalers let sleep at zero; None where nothing sleeps."""
    owned = _fewest_replicas(applied, least.owned, facts[1])
    if owned == least.owned and near.fewest is None:
        return None
    return play(applied, owned, facts, near.fewest or near.neighbours, near.queue)


def _at_rest(
    applied: Applied, ends: tuple[Played, Played], facts: tuple[Facts, Facts], near: Surroundings
) -> Played | None:
    """The rollouts with what scalers let sleep at zero, what is new among it, where a pool is short at the least or at
    the most; None where none is, or nothing new sleeps."""
    if not any(verdict.shortage for end in ends for verdict in end.verdicts.values()):
        return None
    least = ends[0].owned
    owned = _fewest_replicas(applied, least, facts[1], begun=True)
    if owned == _fewest_replicas(applied, least, facts[1]):
        return None
    return play(applied, owned, facts, near.fewest or near.neighbours, near.queue)


def _with_priorities(
    applied: Applied, played: Played, facts: tuple[Facts, Facts], near: Surroundings
) -> tuple[Played, Preempting]:
    """The prediction with what pods of a higher priority do to those below, where there are several."""
    if not any(each.deadlock for each in played.verdicts.values()):
        return played, Preempting()
    moving = {workload.identity for workload in played.workloads}
    sides = tenants_of_sides((applied.before, applied.after), near.objects, facts[1], played.owned, moving)
    return (played, Preempting()) if sides is None else with_priorities(played, facts[1].pools, *sides)
