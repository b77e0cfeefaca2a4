"""Rollouts whose outcome was observed on a real control plane, with the figures that were seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

LOAD = 600
GRACE = 30


@dataclass(frozen=True)
class Scenario:
    """One Deployment from `v1` to `v2`; capacity None: not declared."""

    name: str
    replicas: tuple[int, int]
    surge: Any
    unavailable: Any
    capacity: int | None
    peak: int
    seconds: int | None
    min_ready: int
    hangs: tuple[bool, bool] | None = (False, False)
    gpus: int = 1
    image: str = "v2"


SCENARIOS = [
    Scenario("one at a time with a GPU to spare", (2, 2), 0, 1, 16, 2, 2 * LOAD, 1),
    Scenario(
        "one at a time with none to spare: each step waits for the old pod",
        (2, 2),
        0,
        1,
        2,
        2,
        2 * (LOAD + GRACE),
        1,
    ),
    Scenario("surge with none to spare hangs", (2, 2), 1, 0, 2, 3, None, 2, (True, True)),
    Scenario("surge with one to spare", (2, 2), 1, 0, 3, 3, 2 * LOAD + GRACE, 2),
    Scenario("surge with two to spare", (2, 2), 1, 0, 4, 3, 2 * LOAD, 2),
    Scenario("surge is capped by replicas", (2, 2), 5, 0, 16, 4, LOAD, 2),
    Scenario("surge is capped by replicas, percentages round up", (2, 2), "160%", "0%", 16, 4, LOAD, 2),
    Scenario("both round to zero: one unavailable", (2, 2), "0%", "40%", 2, 2, 2 * (LOAD + GRACE), 1),
    Scenario("defaults of four: one surge, one unavailable", (4, 4), "25%", "25%", 16, 5, 2 * LOAD, 3),
    Scenario("the old template is scaled first: four loads, not three", (2, 4), 0, 1, 16, 4, 4 * LOAD, 2),
    Scenario("from no replicas there is no such step", (0, 4), 0, 1, 16, 4, LOAD, 0),
    Scenario("shrinking, with the grace period of the first step", (4, 2), 0, 1, 4, 4, 2 * LOAD + GRACE, 1),
    Scenario("recreate waits for the old pods", (2, 2), None, None, 2, 2, LOAD + GRACE, 0),
    Scenario("recreate waits for the old pods, GPUs to spare or not", (2, 2), None, None, 16, 2, LOAD + GRACE, 0),
    Scenario("one replica, one unavailable: nothing is ready", (1, 1), 0, 1, 1, 1, LOAD + GRACE, 0),
    Scenario("one replica, surge, no spare set", (1, 1), 1, 0, 8, 8, None, 1, (True, True), gpus=4, image="v2"),
    Scenario("scaled up alone", (2, 4), 0, 1, 4, 4, LOAD, 2, image="v1"),
    Scenario("scaled down alone", (4, 2), 0, 1, 4, 4, 0, 2, image="v1"),
    Scenario("capacity not declared", (2, 2), 1, 0, None, 3, 2 * LOAD, 2, None),
]


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda case: case.name)
def test_one_rollout(
    case: Scenario, deployment: Callable[..., Any], review: Callable[..., Any], pool: Callable[..., Any]
) -> None:
    sides = [
        deployment(replicas=replicas, gpus=case.gpus, image=image, surge=case.surge, unavailable=case.unavailable)
        for replicas, image in zip(case.replicas, ("v1", case.image), strict=True)
    ]
    capacity = 4 if case.gpus == 4 else case.capacity
    pools = [pool(capacity)] if case.capacity is not None else []
    result = review((sides[0], sides[1]), pools=pools, loads={"llama": LOAD})
    [rollout], [gpus] = result.rollouts, result.gpus
    hangs = None if gpus.deadlock is None else (gpus.deadlock, gpus.certain)
    assert (gpus.peak, rollout.seconds, rollout.min_ready, hangs) == (
        case.peak,
        case.seconds,
        case.min_ready,
        case.hangs,
    )
    assert result.seconds == case.seconds


def group(image: str, replicas: int, size: int = 2) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"name": "vllm", "image": image, "resources": {"limits": {"nvidia.com/gpu": 4}}}]}}
    labels = {"app.kubernetes.io/name": "llama", "app.kubernetes.io/component": "engine"}
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "llama", "labels": labels},
        "spec": {"replicas": replicas, "leaderWorkerTemplate": {"size": size, "workerTemplate": pod}},
    }


def test_a_group_waits_for_its_predecessor(review: Callable[..., Any], pool: Callable[..., Any]) -> None:
    """A group's pods have fixed names, so a new one starts once the old one is gone."""
    result = review((group("v1", 2), group("v2", 2)), pools=[pool(64)], loads={"llama": LOAD})
    [rollout] = result.rollouts
    assert (rollout.gpus_per_replica, rollout.min_ready, rollout.seconds) == (8, 1, 2 * (LOAD + GRACE))
    assert (result.gpus[0].before, result.gpus[0].peak) == (16, 16)


def test_groups_grow_at_the_new_revision(review: Callable[..., Any], pool: Callable[..., Any]) -> None:
    result = review((group("v1", 2), group("v2", 4)), pools=[pool(64)], loads={"llama": LOAD})
    assert (result.rollouts[0].seconds, result.gpus[0].peak) == (LOAD + 2 * (LOAD + GRACE), 32)


def test_a_new_pod_that_needs_a_whole_node(
    deployment: Callable[..., Any], review: Callable[..., Any], pool: Callable[..., Any]
) -> None:
    """Two small pods that stay may be on one node or on two, which nobody can tell from the manifests."""
    small = deployment("small", replicas=2, gpus=1, surge=0, unavailable=1)
    added = deployment("large", gpus=8, surge=0, unavailable=1)
    [row] = review((None, added), pools=[pool(16, 8)], loads={"large": LOAD}, stays=[small]).gpus
    assert (row.before, row.after, row.peak, row.deadlock, row.certain) == (2, 10, 10, True, False)
    [row] = review((None, added), pools=[pool(16)], loads={"large": LOAD}, stays=[small]).gpus
    assert (row.deadlock, row.certain) == (None, None)
