"""What pools hold by what facts know of their nodes: declared ones, and those that no values speak of."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.review.capacity import GpuPod, gpu_pods, know_pools, takes
from llmstack.review.facts import Pool

NVIDIA, AMD = "nvidia.com/gpu", "amd.com/gpu"


def group(name: str = "h100", count: int = 2, gpus: int = 8, resource: str = NVIDIA, **more: Any) -> NodeGroup:
    allocatable = {resource: gpus, **more.pop("allocatable", {})} if gpus else more.pop("allocatable", {})
    return NodeGroup(name, count, allocatable=allocatable, **more)


def pod(gpus: int = 1, resource: str = NVIDIA, **spec: Any) -> GpuPod:
    return GpuPod({"containers": [{"name": "c", "resources": {"limits": {resource: gpus}}}], **spec})


def pool(count: int = 16, per_node: int | None = 8, name: str = "h100", **labels: str) -> Pool:
    return Pool(name, NVIDIA, count, per_node, labels)


A, B = {"zone": "a"}, {"zone": "b"}
CASES: dict[str, tuple[list[Pool], list[NodeGroup], list[Any], list[tuple[Any, ...]]]] = {
    "as declared": ([pool()], [group()], [], [("h100", 16, 8, (8, 8), 16, ())]),
    "others hold some": ([pool()], [group(free={3: 1})], [], [("h100", 11, 8, (8, 3), 16, ())]),
    "a node takes none": ([pool()], [group(cordoned=1)], [], [("h100", 8, 8, (8,), 16, (8,))]),
    "more than there is": ([pool(20)], [group()], [], [("h100", 20, 8, (8, 8, 4), 20, ())]),
    "less than there is": ([pool(12)], [group()], [], [("h100", 12, 8, (8, 4), 12, ())]),
    "nodes of another size": ([pool(per_node=4)], [group()], [], [("h100", 16, 4, None, None, ())]),
    "of no size": ([pool(per_node=None)], [group()], [], [("h100", 16, 8, (8, 8), 16, ())]),
    "found by its labels": ([pool(8, **A)], [group("x", 1, labels=A), group("h100", 1, labels=B)], [], [("h100", 8, 8, (8,), 8, ())]),
    "found by its name": ([pool(8), pool(8, name="l4")], [group(count=1), group("l4-2", 1)], [], [
        ("h100", 8, 8, (8,), 8, ()), ("l4", 8, 8, (8,), 8, ()),
    ]),
    "the only one": ([pool(name="any")], [group()], [], [("any", 16, 8, (8, 8), 16, ())]),
    "of labels that nobody knows": ([pool(name="any", zone="a")], [group()], [], [("any", 16, 8, None, None, ())]),
    "one of two without a name": ([pool(name="x"), pool(name="y")], [group()], [], [
        ("x", 16, 8, None, None, ()), ("y", 16, 8, None, None, ()),
    ]),
    "of another accelerator": ([pool()], [group(resource=AMD)], [], [
        ("h100", 16, 8, None, None, ()), ("h100", 16, 8, (8, 8), 16, ()),
    ]),
    "not declared": ([], [group(), group("cpu", gpus=0)], [], [("h100", 16, 8, (8, 8), 16, ())]),
    "not declared, and shared": ([], [group("a", 1, labels=A), group("b", 1, 4, labels=B)], [pod()], [("a+b", 12, 8, (8, 4), 12, ())]),
    "not declared, and apart": ([], [group("a", 1, labels=A), group("b", 1, 4, labels=B)], [pod(nodeSelector=A)], [
        ("a", 8, 8, (8,), 8, ()), ("b", 4, 4, (4,), 4, ()),
    ]),
    "nodes on which no pod may run": ([pool(12)], [group("h100-1", 1, labels=A), group("h100-2", 1, 4, labels=B)], [pod(nodeSelector=B)], [
        ("h100", 12, 8, None, None, ()),
    ]),
    "no nodes": ([pool()], [group(count=0)], [], [("h100", 16, 8, None, None, ())]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_pool_holds(case: str) -> None:
    declared, groups, pods, expected = CASES[case]
    found = know_pools(declared, ClusterFacts(date(2026, 1, 1), nodes=tuple(groups)), pods)
    assert [(each.name, each.count, each.per_node, each.nodes, each.whole, each.closed) for each in found] == expected
    assert [each.learned for each in found] == [False] * len(declared) + [True] * (len(found) - len(declared))
    assert know_pools(declared, None, pods) == tuple(declared)


def test_pods_that_may_not_all_run_on_the_same_nodes() -> None:
    nodes = (group("h100-1", 1, labels=A), group("h100-2", 1, labels=B))
    for pods, mixed in (
        ([pod()], False),
        ([pod(nodeSelector=A), pod(nodeSelector=B)], True),
        ([pod(nodeSelector=A)], False),
    ):
        [found] = know_pools([pool()], ClusterFacts(date(2026, 1, 1), nodes=nodes), pods)
        assert found.mixed is mixed, pods
        names = ["h100-1", "h100-2"] if pods != [pod(nodeSelector=A)] else ["h100-1"]
        assert [each.name for each in found.groups] == names


@pytest.mark.parametrize(
    ("there", "asked", "fits"),
    [
        ({}, {}, True),
        ({"cpu": 4}, {}, True),
        ({"cpu": 4}, {"cpu": 4}, True),
        ({"cpu": 4}, {"cpu": 5}, False),
        ({}, {"cpu": 5}, True),
    ],
)
def test_a_node_takes_a_pod_for_which_it_is_large_enough(there: Any, asked: Any, fits: bool) -> None:
    asking = {"containers": [{"name": "c", "resources": {"requests": asked}}]}
    assert takes(group(gpus=0, allocatable=there), asking) is fits


def test_pods_that_take_accelerators(deployment: Any) -> None:
    objects = [
        deployment("a", gpus=2),
        deployment("b", gpus=0),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "c"}},
    ]
    assert [each.spec["containers"][0]["resources"]["limits"] for each in gpu_pods(objects)] == [{NVIDIA: "2"}]
