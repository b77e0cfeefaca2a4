"""Pods on nodes, second by second: who is bound first, who waits, and what is held meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.forecast import Demand
from llmstack.review.rollout.cluster import TIMELINE_LIMIT, Cluster, Pod
from llmstack.review.rollout.nodes import Nodes, node_sizes, pack

Make = Callable[..., Any]
POOL = ("h100", "nvidia.com/gpu")


@pytest.fixture
def made(workload: Make) -> Callable[..., Pod]:
    def make(*gpus: int, held_up: bool = False, ordinal: int = 0, now: float = 0.0, pool: str = "h100") -> Pod:
        surge = {"surge": 1, "unavailable": 0} if held_up else {}
        of = workload(gpus=gpus, pool=pool, **surge)
        return Pod(of, 0, "new", of.new, ordinal, now, now)

    return make


def test_pods_of_a_pool_that_nobody_declared_are_bound_at_once(made: Make) -> None:
    cluster = Cluster({})
    assert cluster.create(made(2))
    assert (cluster.asked, cluster.held) == ({POOL: 2}, {POOL: 2})
    assert not Cluster({POOL: Nodes([8])}).create(made(2))


def test_the_first_that_waits_is_bound_first(made: Make) -> None:
    cluster = Cluster({POOL: Nodes([2])})
    first, second, third = (made(1, ordinal=at) for at in range(3))
    for pod in (first, second, third):
        cluster.create(pod)
    assert cluster.bind_waiting(POOL) == [first, second]
    assert [pod.phase for pod in (first, second, third)] == ["loading", "loading", "waiting"]
    assert cluster.bind_waiting(POOL) == []
    cluster.delete(first)
    assert cluster.bind_waiting(POOL) == [], "it holds its GPU for its grace period"
    cluster.vanish(first)
    assert cluster.bind_waiting(POOL) == [third]


def test_one_that_must_be_ready_before_another_goes_is_bound_before_the_rest(made: Make) -> None:
    cluster = Cluster({POOL: Nodes([1])})
    early, urgent = made(1), made(1, held_up=True)
    for pod in (early, urgent):
        cluster.create(pod)
    assert cluster.bind_waiting(POOL) == [urgent]


def test_smaller_pods_go_past_one_that_fits_nowhere(made: Make) -> None:
    cluster = Cluster({POOL: Nodes([4])})
    large, small, same = made(8), made(1), made(8)
    for pod in (large, same, small):
        cluster.create(pod)
    assert cluster.bind_waiting(POOL) == [small]


def test_a_group_is_bound_when_all_its_pods_are(made: Make) -> None:
    cluster = Cluster({POOL: Nodes([8])})
    group = made(8, 8)
    cluster.create(group)
    assert cluster.bind_waiting(POOL) == []
    assert (group.bound, cluster.held[POOL], cluster.asked[POOL]) == (False, 8, 16)
    cluster.now = 5.0
    assert not cluster.delete(group), "a part of it holds GPUs"
    assert (cluster.leaving[POOL], cluster.asked[POOL]) == (8, 0)
    cluster.now = 10.0
    cluster.vanish(group)
    assert (cluster.held[POOL], cluster.leaving[POOL], cluster.unserved[0, POOL]) == (0, 0, 80.0)


def test_what_waits_and_is_deleted_goes_at_once(made: Make) -> None:
    cluster = Cluster({POOL: Nodes([1])})
    first, second = made(1), made(1, ordinal=1)
    for pod in (first, second):
        cluster.create(pod)
    cluster.bind_waiting(POOL)
    assert cluster.delete(second)
    assert cluster.asked[POOL] == 1
    cluster.delete(first)
    cluster.vanish(first)
    assert cluster.bind_waiting(POOL) == []


def test_gpus_that_serve_nobody_are_counted_while_a_pod_loads_and_ends(made: Make) -> None:
    for nodes in ({}, {POOL: Nodes([8])}):
        cluster = Cluster(nodes)
        pod = made(2)
        cluster.create(pod)
        cluster.bind_waiting(POOL)
        cluster.now = 100.0
        cluster.become_ready(pod)
        cluster.now = 500.0
        cluster.delete(pod)
        cluster.now = 530.0
        cluster.vanish(pod)
        assert cluster.unserved == {(0, POOL): 2 * (100.0 + 30.0)}
        assert [(each.phase, each.start, each.end, each.gpus) for each in cluster.phases] == [
            ("loading", 0.0, 100.0, 2), ("ready", 100.0, 500.0, 2), ("terminating", 500.0, 530.0, 2),
        ]  # fmt: skip
        assert {(each.pod, each.pool, each.resource) for each in cluster.phases} == {("new-0", *POOL)}


def test_sums_at_the_end_of_each_instant(made: Make) -> None:
    cluster = Cluster({POOL: Nodes([1])})
    pods = [made(1, ordinal=at) for at in range(2)]
    for pod in pods:
        cluster.create(pod)
    cluster.bind_waiting(POOL)
    cluster.end_instant([POOL])
    cluster.now = 5.0
    cluster.end_instant([POOL])  # nothing is other than before
    cluster.delete(pods[0])
    cluster.now = 10.0
    cluster.end_instant([POOL])
    assert cluster.demand[POOL] == [Demand(0.0, 1, 1, 0), Demand(10.0, 0, 1, 1)]
    assert cluster.peaks == {POOL: 2}
    cluster.end_instant([("other", "nvidia.com/gpu")])
    assert cluster.peaks["other", "nvidia.com/gpu"] == 0


def test_no_more_phases_are_kept_than_a_picture_shows(made: Make) -> None:
    cluster = Cluster({})
    pod = made(1)
    cluster.create(pod)
    for second in range(1, TIMELINE_LIMIT + 5):
        cluster.now = float(second)
        cluster.become_ready(pod)
    assert len(cluster.phases) == TIMELINE_LIMIT
    cluster = Cluster({})
    cluster.now = 3.0
    cluster.create(pod := made(1, now=3.0))
    cluster.close([pod], 3.0)
    assert cluster.phases == [], "a phase without length is none"


def test_a_pod_goes_where_it_leaves_the_least_room() -> None:
    nodes = Nodes([8, 2, 4])
    assert [nodes.take(gpus) for gpus in (2, 3, 8, 1, 2)] == [1, 2, 0, 2, None]
    nodes.give(0, 8)
    assert nodes.take(8) == 0


def test_nodes_that_take_no_further_pods_keep_what_they_have() -> None:
    nodes = Nodes([2], [4])
    assert [nodes.take(gpus) for gpus in (4, 2, 1)] == [1, 0, None]
    nodes.give(1, 4)
    nodes.close()
    assert nodes.take(2) is None
    roomy = Nodes([], [2, 4])
    assert [roomy.take(3), roomy.take(2), roomy.take(1), roomy.take(1)] == [1, 0, 1, None]


@pytest.mark.parametrize(
    ("count", "per_node", "nodes", "sizes"),
    [
        (16, 8, None, [8, 8]), (12, 8, None, [8, 4]), (8, 8, None, [8]), (4, 8, None, [4]), (4, None, None, [4]),
        (0, 8, None, []), (0, None, None, []), (16, 8, (8, 0, 3), [8, 3]), (9, 1, None, [1] * 9),
    ],
)  # fmt: skip
def test_the_nodes_of_a_pool(count: int, per_node: int | None, nodes: Any, sizes: list[int], pool: Make) -> None:
    assert node_sizes(replace(pool(count, per_node), nodes=nodes)) == sizes


def test_pods_packed_on_nodes() -> None:
    assert pack([8, 8], {8: 1, 4: 2}) is not None
    assert pack([8, 8], {8: 1, 4: 3}) is None
    assert pack([8], {0: 99, 8: 1}) is not None
    left = pack([8, 4], {4: 1, 2: 1})
    assert left is not None
    assert left.free == [6, 0]
