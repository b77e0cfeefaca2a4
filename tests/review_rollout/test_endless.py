"""Rollouts that never finish, pools that hang for another reason than GPUs, and what of nodes is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.review.facts import Facts, Pool, Stale
from llmstack.review.forecast import Demand, GpuPool, PodPhase, Rollout
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.endless import _moved_to_waiting, endless, hindered_pools, stopped_by, without_end
from llmstack.review.rollout.obstacles.case import Hangs, Obstacle
from llmstack.review.rollout.unplaced import UNSAID, unplaced_pools, why_unplaced

Make = Callable[..., Any]
POOL = ("h100", "nvidia.com/gpu")
A, B = ("Deployment", "", "a"), ("Deployment", "", "b")


def obstacle(hangs: Hangs, *, likely: bool = True) -> Obstacle:
    return Obstacle("m", "a", hangs, likely)


def test_what_never_finishes() -> None:
    obstacles = {A: [obstacle("sometimes"), obstacle("always")], B: [obstacle("unknown")]}
    assert stopped_by(obstacles) == {A}
    assert endless(obstacles, {}) == {A}
    assert endless({}, {POOL: Verdict(deadlock=True, certain=True, stuck=frozenset({B}))}) == {B}
    assert endless({}, {POOL: Verdict(deadlock=True, certain=False, stuck=frozenset({B}))}) == frozenset()


ROLLED = Rollout(
    "Deployment", "a", "a", "restart", 1, 1, POOL[1], POOL[0], 0, 1, 0, 300, None, None,
    seconds_max_without=("image pull",), basis={"seconds": "exact", "peak": "exact"},
)  # fmt: skip
BETWEEN = replace(ROLLED, seconds=None, seconds_min=100, seconds_max=500)


NEVER = Verdict(deadlock=True, certain=True, stuck=frozenset({A}))
IN_DOUBT = Verdict(deadlock=True, stuck=frozenset({A}))
A_RACE = Verdict(deadlock=True, certain=True, stuck=frozenset({A, B}), undecided=frozenset({A}))


@pytest.mark.parametrize(
    ("rolled", "verdict", "obstacles", "seconds", "basis"),
    [
        (ROLLED, Verdict(), {}, (300, None, None), "exact"),
        (ROLLED, Verdict(), {B: [obstacle("always")]}, (300, None, None), "exact"),
        (ROLLED, replace(IN_DOUBT, stuck=frozenset({B})), {}, (300, None, None), "exact"),
        (ROLLED, IN_DOUBT, {}, (300, None, None), "assumed"),
        (ROLLED, NEVER, {}, (None, None, None), "assumed"),
        (ROLLED, A_RACE, {}, (None, 300, None), "bound"),
        (ROLLED, NEVER, {A: [obstacle("always")]}, (None, None, None), "assumed"),
        (ROLLED, Verdict(), {A: [obstacle("sometimes")]}, (None, 300, None), "bound"),
        (BETWEEN, Verdict(), {A: [obstacle("sometimes")]}, (None, 100, None), "bound"),
        (ROLLED, Verdict(), {A: [obstacle("unknown", likely=False)]}, (300, None, None), "assumed"),
        (ROLLED, Verdict(), {A: [obstacle("unknown", likely=False), obstacle("unknown")]}, (None, 300, None), "bound"),
    ],
)
def test_seconds_of_what_something_hinders(
    rolled: Rollout, verdict: Verdict, obstacles: Any, seconds: Any, basis: str
) -> None:
    [found] = without_end([rolled], obstacles, {POOL: verdict})
    assert (found.seconds, found.seconds_min, found.seconds_max) == seconds
    assert found.basis == {"seconds": basis, "peak": "exact"}
    assert found.seconds_max_without == (("image pull",) if found.seconds else ())
    assert found.is_race == (verdict is A_RACE)


ROW = GpuPool(*POOL, 8, 1, 1, 1, False, False)


@pytest.mark.parametrize(
    ("row", "hangs", "judged"),
    [
        (ROW, [], (False, False)),
        (ROW, ["always"], (True, True)),
        (ROW, ["sometimes"], (True, False)),
        (ROW, ["unknown"], (None, None)),
        (ROW, ["unknown", "sometimes"], (True, False)),
        (replace(ROW, deadlock=True), ["unknown"], (True, False)),
        (replace(ROW, deadlock=True, certain=True), ["sometimes"], (True, True)),
        (replace(ROW, capacity=None, deadlock=None, certain=None), ["always"], (None, None)),
        (replace(ROW, pool="other"), ["always"], (False, False)),
    ],
)
def test_a_pool_whose_pods_wait_for_something_else(row: GpuPool, hangs: Any, judged: Any, workload: Make) -> None:
    pair = [workload("a"), replace(workload("b"), new=None)]
    [found] = hindered_pools([row], pair, {A: [obstacle(each) for each in hangs]})
    assert (found.deadlock, found.certain) == judged


def test_gpus_of_pods_that_never_start_are_waited_for() -> None:
    def phase(start: float, end: float, pool: str = "h100") -> PodPhase:
        return PodPhase(A, "new-0", "new", "loading", start, end, 2, pool, POOL[1])

    series = [Demand(0, 5), Demand(10, 7, 1), Demand(20, 5)]
    found = _moved_to_waiting(series, POOL, [phase(10, 20), phase(0, 99, "other")])
    assert found == [Demand(0, 5), Demand(10, 5, 3), Demand(20, 5)]
    assert _moved_to_waiting(series, POOL, [phase(5, 15)]) == [Demand(0, 5), Demand(10, 5, 3), Demand(20, 5)]


def of_size(workload: Make, name: str, gpus: int, before: int, after: int, move: str = "restart") -> Any:
    return workload(name, move, before=before, after=after, gpus=(gpus,))


COMES = replace(ROW, before=1, peak=2)
ODD = "by pods of 3 GPUs, and `perNode` is not declared: how many of them a node holds cannot be judged"


@pytest.mark.parametrize(
    ("sizes", "fixed", "said"),
    [
        ([1], {}, None),
        ([2], {2: 1}, None),
        ([2], {1: 1}, f"by pods of several sizes, {UNSAID}"),
        ([2], {1: 0}, None),
        ([1, 2], {}, f"by pods of several sizes, {UNSAID}"),
        ([3], {}, ODD),
        ([8], {}, None),
        ([], {}, None),
    ],
)
def test_a_pool_of_unknown_nodes_that_lends_more_than_before(
    sizes: list[int], fixed: Any, said: str | None, workload: Make
) -> None:
    moving = [of_size(workload, f"w{size}", size, 1, 1) for size in sizes]
    assert why_unplaced(COMES, moving, {POOL: fixed}, [Pool(*POOL, 8)]) == said
    assert why_unplaced(COMES, moving, {POOL: fixed}, [Pool(*POOL, 8, 8)]) is None
    assert why_unplaced(replace(COMES, deadlock=True), moving, {POOL: fixed}, [Pool(*POOL, 8)]) is None
    assert why_unplaced(COMES, moving, {POOL: fixed}, []) is None
    [row] = unplaced_pools([COMES], moving, {POOL: fixed}, Facts(pools=(Pool(*POOL, 8),)))
    assert row.deadlock is (None if said else False)


@pytest.mark.parametrize(
    ("moves", "mingled"),
    [
        ([(2, 1, 1, "restart")], False),
        ([(2, 1, 1, "restart"), (1, 1, 1, "restart")], True),
        ([(2, 1, 1, "restart"), (1, 2, 1, "scale")], True),  # a small one leaves its place
        ([(2, 1, 1, "restart"), (1, 1, 1, "scale")], False),
        ([(2, 2, 1, "scale"), (1, 1, 2, "scale")], False),  # a small one finds the place of a large one
        ([(1, 2, 1, "scale"), (2, 1, 2, "scale")], True),
        ([(2, 2, 1, "scale")], False),
    ],
)
def test_a_pool_of_unknown_nodes_in_which_places_change(moves: Any, mingled: bool, workload: Make) -> None:
    moving = [of_size(workload, f"w{at}", *each) for at, each in enumerate(moves)]
    found = why_unplaced(replace(ROW, before=8, peak=8), moving, {}, [Pool(*POOL, 8)])
    assert found == (f"pods of several sizes change places, {UNSAID}" if mingled else None)


def test_facts_that_are_too_old_or_blind_settle_nothing(workload: Make) -> None:
    group = NodeGroup("h100", 1, allocatable={POOL[1]: 8})
    known = Facts(pools=(Pool(*POOL, 8, 8, groups=(group,)),))
    day = date(2026, 1, 1)
    seen, blind = (replace(known, cluster=ClusterFacts(day, blind=each)) for each in (False, True))
    old = replace(known, stale=Stale("east", 30, 14))
    assert [each.is_unsettled for each in (known, seen, blind, old, replace(old, cluster=seen.cluster))] == [
        False, False, True, True, True,
    ]  # fmt: skip
    for facts, judged in ((seen, False), (blind, None), (old, None)):
        [row] = unplaced_pools([ROW], [workload("a")], {}, facts)
        assert row.deadlock is judged
    declared = replace(old, pools=(Pool(*POOL, 8, 8),))
    assert unplaced_pools([ROW], [workload("a")], {}, declared) == (ROW,), "of these nodes facts say nothing"
    assert unplaced_pools([ROW], [], {}, old) == (ROW,)
