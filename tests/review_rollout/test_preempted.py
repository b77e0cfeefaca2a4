"""A rollout that ends pods below it: the time of those that are ended comes before each replica."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.forecast import Rollout
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.preempted import Preempting, _is_below, _roomier, _waiting, _without
from llmstack.review.rollout.tenants import Tenant

Make = Callable[..., Any]
POOL: PoolKey = ("h100", "nvidia.com/gpu")
ROLLED = Rollout(
    "Deployment", "a", "a", "restart", 3, 1, POOL[1], POOL[0], 1, 0, 3, 900, None, None,
    basis={"seconds": "exact", "peak": "exact"},
)  # fmt: skip
ENDED = ("the grace period of what is ended",)


@pytest.mark.parametrize(
    ("rolled", "seconds", "without"),
    [
        (ROLLED, (None, 900, 990), ENDED),
        (replace(ROLLED, seconds=None, seconds_min=600, seconds_max=1200), (None, 600, 1290), ENDED),
        (replace(ROLLED, seconds=None, seconds_min=600), (None, 600, None), ()),
    ],
)
def test_each_replica_waits_for_what_it_ends(rolled: Rollout, seconds: Any, without: Any, workload: Make) -> None:
    found = _waiting(rolled, workload(before=3, after=3, surge=1, unavailable=0))
    assert (found.seconds, found.seconds_min, found.seconds_max) == seconds
    assert (found.seconds_max_without, found.basis) == (without, {"seconds": "bound", "peak": "exact"})


def test_the_longer_of_both_grace_periods_counts(workload: Make) -> None:
    made = workload(before=1, after=1)
    slow = replace(made, old=replace(made.old, grace=100))
    assert _waiting(ROLLED, slow).seconds_max == 1000
    assert _waiting(ROLLED, replace(slow, old=None)).seconds_max == 930


def test_a_pool_with_room_for_the_surge(workload: Make, pool: Make) -> None:
    surging = workload(before=2, after=2, gpus=(4,), surge=2, unavailable=0)
    assert _roomier(pool(16), surging).count == 24
    known = _roomier(replace(pool(16, 8), nodes=(8, 8)), surging)
    assert (known.count, known.nodes) == (24, (8, 8, 8))
    assert _roomier(pool(16), replace(surging, new=None)).count == 16


def tenant(name: str, priority: int) -> Tenant:
    return Tenant(("Deployment", "", name), priority, True, 1, (1,), POOL)


def test_who_is_below(workload: Make) -> None:
    own, other = tenant("a", 10), workload("b")
    key = other.identity

    def below(before: int | None, after: int | None) -> bool:
        sides = [{} if value is None else {key: tenant("b", value)} for value in (before, after)]
        return _is_below(other, own, *sides)

    assert below(1, 1)
    assert below(None, 9)
    assert below(9, None)
    assert not below(10, 1)
    assert not below(1, 10)
    assert not below(None, None), "of a class that nobody knows"


def test_pods_that_are_ended_are_not_there() -> None:
    other: PoolKey = ("l4", "nvidia.com/gpu")
    fixed = {POOL: {1: 3, 2: 1}, other: {1: 9}}
    assert _without(fixed, POOL, [(1, 2), (2, 5), (4, 1)]) == {POOL: {1: 1, 2: 0, 4: 0}, other: {1: 9}}
    assert fixed[POOL] == {1: 3, 2: 1}


def test_a_rollout_that_goes_on_takes_the_place_of_the_one_that_waits() -> None:
    going = replace(ROLLED, seconds=None, seconds_min=900)
    other = replace(ROLLED, name="b")
    assert Preempting({}, (going,)).over([other, ROLLED]) == (other, going)
    assert Preempting({POOL: Verdict()}).over([ROLLED]) == (ROLLED,)
