"""Two runs as one: with scalers at their least, and what is other at their most as the end of an interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.rollout.interval import _both_pools, _interval, _only_at_least, _only_at_most

Make = Callable[..., Any]
BASIS: Any = {"seconds": "exact", "peak": "exact", "minReady": "exact"}
BOUND: Any = {"seconds": "bound", "peak": "bound", "minReady": "bound"}
LEAST = Rollout(
    "Deployment", "a", "a", "restart", 1, 1, "nvidia.com/gpu", "h100", 0, 1, 2, 300, None, None,
    replicas_min=1, replicas_max=1, basis=BASIS,
)  # fmt: skip


def at(**fields: Any) -> Rollout:
    return replace(LEAST, **fields)


def bounds(rollout: Rollout) -> tuple[Any, ...]:
    return rollout.seconds, rollout.seconds_min, rollout.seconds_max, rollout.min_ready, rollout.replicas_max


@pytest.mark.parametrize(
    ("most", "found", "seconds"),
    [
        (at(seconds=900, min_ready=5, replicas_max=8), (None, 300, 900, 2, 8), "bound"),
        (at(seconds=300, min_ready=1, replicas_max=8), (300, None, None, 1, 8), "exact"),
        (at(seconds=None, replicas_max=8), (None, 300, None, 2, 8), "bound"),
        (at(seconds=None, seconds_min=200, seconds_max=900, replicas_max=8), (None, 200, 900, 2, 8), "bound"),
        (at(seconds=900, min_ready=None, replicas_max=8), (None, 300, 900, None, 8), "bound"),
        (at(seconds=900, replicas_max=8, basis={**BASIS, "seconds": "assumed"}), (None, 300, 900, 2, 8), "assumed"),
    ],
)
def test_a_rollout_with_scalers_at_their_least_and_most(most: Rollout, found: tuple[Any, ...], seconds: str) -> None:
    merged = _interval(LEAST, most)
    assert bounds(merged) == found
    assert merged.basis == {**BOUND, "seconds": seconds}


def test_what_is_alike_is_no_interval() -> None:
    assert _interval(LEAST, None) == LEAST
    assert _interval(LEAST, replace(LEAST)) == LEAST


def test_what_neither_bounds_is_not_known() -> None:
    unknown = at(seconds=None)
    merged = _interval(unknown, replace(unknown, replicas_max=8))
    assert bounds(merged) == (None, None, None, 2, 8)
    told = _interval(at(seconds_max_without=("image pull",)), at(seconds=900, seconds_max_without=("second start",)))
    assert told.seconds_max_without == ("image pull",)
    assert _interval(LEAST, at(seconds=900, seconds_max_without=("x",))).seconds_max_without == ("x",)


@pytest.mark.parametrize(
    ("seconds", "found", "basis"),
    [(300, (None, 0, 300, 2, 8), BOUND), (0, (0, None, None, 2, 8), {**BOUND, "seconds": "exact"})],
)
def test_pods_that_come_unless_the_scaler_has_given_them(seconds: int, found: tuple[Any, ...], basis: Any) -> None:
    merged = _only_at_least(at(why="scale", seconds=seconds), {LEAST.identity: 8})
    assert (bounds(merged), merged.basis) == (found, basis)


def test_a_restart_and_what_no_scaler_owns_are_no_interval() -> None:
    assert _only_at_least(LEAST, {LEAST.identity: 8}) == LEAST
    assert _only_at_least(at(why="scale"), {}) == at(why="scale")


def test_pods_that_go_only_where_there_are_more_than_the_least() -> None:
    most = at(why="scale", replicas=8, min_ready=6, seconds=30)
    merged = _only_at_most(most, {LEAST.identity: 3})
    assert (merged.replicas, merged.replicas_min, bounds(merged)) == (3, 3, (None, 0, 30, 3, 1))
    assert merged.basis == BOUND
    assert _only_at_most(replace(most, min_ready=2), {LEAST.identity: 3}).min_ready == 2
    assert _only_at_most(replace(most, min_ready=None), {LEAST.identity: 3}).min_ready is None
    assert _only_at_most(most, {}).replicas == 8
    open_ended = _only_at_most(replace(most, seconds=None, seconds_max=60), {})
    assert (open_ended.seconds_min, open_ended.seconds_max) == (0, 60)


@pytest.mark.parametrize(
    ("least", "most", "hangs"),
    [(False, False, False), (False, True, True), (True, False, True), (None, True, None), (False, None, False)],
)
def test_a_pool_that_hangs_with_scalers_at_their_most_may_hang(
    least: bool | None, most: bool | None, hangs: bool | None
) -> None:
    rows = [GpuPool("h100", "nvidia.com/gpu", 8, 1, 2, 3, each, False) for each in (least, most)]
    merged = _both_pools(rows[0], replace(rows[1], before=4, after=5, peak=6))
    assert merged.deadlock is hangs
    assert (merged.before, merged.after, merged.peak) == (1, 2, 3)
    assert (merged.before_max, merged.after_max, merged.peak_max) == (4, 5, 6)


def scaled_by_keda(few: int, most: int) -> dict[str, Any]:
    trigger = {"type": "prometheus", "metadata": {"query": "router:waiting"}}
    spec = {"scaleTargetRef": {"name": "a"}, "minReplicaCount": few, "maxReplicaCount": most, "triggers": [trigger]}
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    ("few", "restarts", "row"),
    [
        (0, False, ((1, 5), (1, 5), (1, 5))),
        (0, True, ((1, 5), (1, 5), (1, 6))),
        (1, True, ((2, 5), (2, 5), (3, 6))),
        (3, True, ((4, 5), (4, 5), (5, 6))),
    ],
)
def test_what_sleeps_at_zero_takes_no_gpu_at_the_least(
    few: int, restarts: bool, row: Any, deployment: Make, review: Make, pool: Make
) -> None:
    """Before, after and at the peak, each at the least and at the most: one replica of another model, and those that
    KEDA gives from `few` to 4."""
    scaled = [deployment("a", image=each, replicas=None, surge=1, unavailable=0) for each in ("v1", "v2")]
    other = [deployment("b", image=each) for each in ("v1", "v1" if restarts else "v2")]
    pairs = [(scaled[0], scaled[1] if restarts else scaled[0]), (other[0], other[1])]
    [found] = review(*pairs, pools=[pool(16)], stays=[scaled_by_keda(few, 4)]).gpus
    low, high = (found.before, found.after, found.peak), (found.before_max, found.after_max, found.peak_max)
    assert tuple(zip(low, high, strict=True)) == row


def test_what_hangs_only_while_it_is_awake_may_hang(deployment: Make, review: Make, pool: Make) -> None:
    """No GPU is free for a second replica; at zero there is nothing to replace."""
    pair = [deployment("a", image=each, replicas=None, surge=1, unavailable=0) for each in ("v1", "v2")]
    for few, certain in ((0, False), (1, True)):
        [found] = review((pair[0], pair[1]), pools=[pool(1)], stays=[scaled_by_keda(few, 1)]).gpus
        assert (found.deadlock, found.certain) == (True, certain)


def test_a_pool_that_is_short_at_the_most_alone_is_at_its_least_before(
    deployment: Make, review: Make, pool: Make
) -> None:
    pair = [scaled_by_keda(0, 2), scaled_by_keda(0, 8)]
    stays = [deployment("a", replicas=None), deployment("b", replicas=4)]
    [found] = review((pair[0], pair[1]), pools=[pool(8)], stays=stays).gpus
    assert (found.before, found.after, found.before_max, found.after_max, found.deadlock) == (4, 4, 6, 12, True)
