"""Replicas that a change leaves at their old template count with its GPUs, and go on serving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
Object = dict[str, Any]

ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
PAUSED = {"paused": True}


def partition(number: int) -> Object:
    return {"updateStrategy": {"rollingUpdate": {"partition": number}}}


@pytest.mark.parametrize(
    ("spec", "before", "after", "gpus", "told"),
    [
        (partition(2), (4, 4), (4, 8), (16, 24, 24), ("restart", 4, 8, 3)),
        (partition(2), (4, 4), (6, 8), (16, 40, 40), ("restart", 6, 8, 4)),
        (partition(9), (4, 4), (6, 8), (16, 24, 24), ("scale", 6, 4, 4)),  # further ones are of the old revision too
        (partition(2), (4, 4), (1, 8), (16, 4, 16), ("scale", 1, 4, 1)),
        (partition(4), (2, 1), (6, 4), (2, 12, 12), ("scale", 6, 4, 2)),  # two more of the old revision, two of the new
        (partition(4), (4, 1), (6, 4), (4, 12, 12), ("scale", 6, 4, 4)),
        (partition(4), (2, 4), (6, 1), (8, 18, 18), ("scale", 6, 1, 2)),
        (partition(9), (4, 4), (4, 8), (16, 16, 16), None),
        (ON_DELETE, (2, 4), (3, 2), (8, 10, 10), ("scale", 3, 2, 2)),  # further ones are of the new one
        (ON_DELETE, (3, 2), (2, 4), (6, 4, 6), ("scale", 2, 2, 2)),
        (PAUSED, (2, 2), (3, 4), (4, 6, 6), ("scale", 3, 2, 2)),
        (PAUSED, (2, 2), (1, 4), (4, 2, 4), ("scale", 1, 2, 1)),
    ],
)
def test_what_keeps_the_old_template(
    spec: Object,
    before: tuple[int, int],
    after: tuple[int, int],
    gpus: tuple[int, int, int],
    told: tuple[str, int, int, int] | None,
    deployment: Make,
    stateful: Make,
    compared: Make,
    pool: Make,
) -> None:
    """`before` and `after`: replicas, and the GPUs of each; `gpus`: before, after and at the peak."""
    make = deployment if spec is PAUSED else stateful
    sides = [make(replicas=replicas, gpus=each, **spec) for replicas, each in (before, after)]
    result = compared(sides[:1], sides[1:], pools=(pool(64, 8),), load_seconds={"llama": 60})
    [row] = result.gpus
    assert (row.before, row.after, row.peak, row.deadlock) == (*gpus, False)
    rolled = [(each.why, each.replicas, each.gpus_per_replica, each.min_ready) for each in result.rollouts]
    assert rolled == ([] if told is None else [told])


def test_only_those_above_the_partition_restart(stateful: Make, compared: Make, pool: Make) -> None:
    sides = [stateful(4, gpus, **partition(3)) for gpus in (1, 2)]
    result = compared(sides[:1], sides[1:], pools=(pool(16, 8),), load_seconds={"llama": 300})
    [rollout] = result.rollouts
    assert (rollout.seconds, rollout.min_ready) == (330, 3)  # one load, after one grace period
    assert (rollout.if_it_fails.ready_left, rollout.if_it_fails.gpus_held) == (3, 5)
    [risk] = [each for each in result.risks if each.id == "restart"]
    assert risk.message.startswith("1 replica restarts because of")
    assert not [each for each in result.risks if each.id == "outage"]


def test_the_last_ready_replica_may_be_one_that_is_kept(stateful: Make, compared: Make, pool: Make) -> None:
    """Of two replicas one restarts and the other stays: somebody serves. Without a partition of one, nobody."""
    outages = []
    for replicas, number in ((2, 1), (1, 0)):
        sides = [stateful(replicas, gpus, **partition(number)) for gpus in (1, 2)]
        result = compared(sides[:1], sides[1:], pools=(pool(16, 8),), load_seconds={"llama": 300})
        outages.append([each.id for each in result.risks if each.id == "outage"])
    assert outages == [[], ["outage"]]


def test_a_lowered_partition_lets_pods_follow(stateful: Make, compared: Make, pool: Make) -> None:
    """What it kept back is of an older template, if anything was: from the new partition on, below the old one."""
    told = []
    for replicas, lowered in ((4, 0), (6, 1), (4, 3)):
        sides = [stateful(before, **partition(number)) for before, number in ((4, 3), (replicas, lowered))]
        result = compared(sides[:1], sides[1:], pools=(pool(16, 8),), load_seconds={"llama": 300})
        told.append([(each.why, each.min_ready, each.seconds, each.basis["seconds"]) for each in result.rollouts])
    two, three = 2 * 300, 3 * 330
    assert told == [[("restart", 3, three, "assumed")], [("restart", 4, two + 2 * 330, "assumed")], []]


def test_the_partition_of_groups_is_somewhere_else(compared: Make) -> None:
    def groups(number: int) -> Object:
        pod = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
        rolling = {"rollingUpdateConfiguration": {"partition": number}}
        spec = {"replicas": 2, "leaderWorkerTemplate": {"size": 1, "workerTemplate": pod}, "rolloutStrategy": rolling}
        metadata = {"name": "l"}
        return {"apiVersion": "x/v1", "kind": "LeaderWorkerSet", "metadata": metadata, "spec": spec}

    [change] = compared([groups(1)], [groups(0)]).objects
    assert change.causes == ("spec.rolloutStrategy.rollingUpdateConfiguration.partition",)


@pytest.mark.parametrize(
    ("policy", "grown", "new", "held"),
    [({}, 600, 900, 2), ({"podManagementPolicy": "Parallel"}, 300, 300, 3)],
)
def test_pods_are_made_in_order(
    policy: Object, grown: int, new: int, held: int, stateful: Make, compared: Make, pool: Make
) -> None:
    """Each once those before it are ready, unless the policy is Parallel; one that never is keeps all others away."""
    facts = {"pools": (pool(16, 8),), "load_seconds": {"llama": 300}}
    [rollout] = compared([stateful(1, **policy)], [stateful(3, **policy)], **facts).rollouts
    assert (rollout.seconds, rollout.if_it_fails.ready_left, rollout.if_it_fails.gpus_held) == (grown, 1, held)
    [rollout] = compared([], [stateful(3, **policy)], **facts).rollouts
    assert rollout.seconds == new
    sides = [stateful(replicas, gpus, **policy) for replicas, gpus in ((2, 1), (4, 2))]
    [rollout] = compared(sides[:1], sides[1:], **facts).rollouts
    assert (rollout.seconds, rollout.min_ready) == (grown + 2 * 330, 2)  # grown first, then each in its place


def cluster(workers: int, gpus: int, *, recreate: bool = False) -> Object:
    def template(limit: int) -> Object:
        limits = {"limits": {"nvidia.com/gpu": limit}} if limit else {}
        return {"spec": {"containers": [{"name": "ray", "image": "ray", "resources": limits}]}}

    spec = {
        "headGroupSpec": {"template": template(0)},
        "workerGroupSpecs": [{"groupName": "w", "replicas": workers, "template": template(gpus)}],
        **({"upgradeStrategy": {"type": "Recreate"}} if recreate else {}),
    }
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "llama"}, "spec": spec}


@pytest.mark.parametrize(
    ("before", "after", "recreate", "gpus"),
    [
        ((2, 1), (2, 4), False, (2, 2, 2)),
        ((2, 1), (3, 4), False, (2, 6, 6)),
        ((3, 1), (1, 4), False, (3, 1, 3)),
        ((2, 1), (3, 1), False, (2, 3, 3)),
        ((2, 1), (2, 4), True, (2, 8, 8)),
    ],
)
def test_workers_of_a_ray_cluster_that_is_not_recreated(
    before: tuple[int, int],
    after: tuple[int, int],
    recreate: bool,
    gpus: tuple[int, int, int],
    compared: Make,
    pool: Make,
) -> None:
    sides = [cluster(*each, recreate=recreate) for each in (before, after)]
    [row] = compared(sides[:1], sides[1:], pools=(pool(64, 8),)).gpus
    assert (row.before, row.after, row.peak) == gpus
