"""What nodes that facts know keep from a pod: taints, labels, CPU and memory, and how it is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.observed.things import Taint
from llmstack.review.facts import Pool
from llmstack.review.rollout.known_nodes import refusals, refused_anywhere

GPU = "nvidia.com/gpu"
Object = dict[str, Any]


def group(name: str = "h100", count: int = 1, memory: str = "64Gi", **more: Any) -> NodeGroup:
    return NodeGroup(name, count, allocatable={GPU: 8, "cpu": 32, "memory": memory}, **more)


def pool(*groups: NodeGroup) -> Pool:
    nodes = tuple(free for each in groups for free in each.nodes)
    return Pool("h100", GPU, sum(nodes), 8, nodes=nodes, groups=groups)


def pod(memory: str = "16Gi", **spec: Any) -> Object:
    return {"containers": [{"name": "c", "resources": {"requests": {"memory": memory}}}], **spec}


TAINTED = Taint("gpu", effect="NoSchedule", value="yes")
ROOM = "the nodes of pool `h100` have `memory` for {}, and {} are needed at a time: the rest stays Pending"
CASES: dict[str, tuple[Pool | None, Object, int, int, str | None]] = {
    "no pool": (None, pod(), 1, 9, None),
    "nodes that nobody knows": (Pool("h100", GPU, 8, 8), pod("1Ti"), 1, 9, None),
    "more nodes than are known": (
        Pool("h100", GPU, 16, 8, nodes=(8, 8), groups=(group(),)), pod("32Gi"), 1, 3, None,
    ),
    "room for all": (pool(group()), pod(), 1, 4, None),
    "room for all but one": (pool(group()), pod(), 1, 5, ROOM.format("4 such pods", 5)),
    "room for one": (pool(group()), pod("64Gi"), 1, 2, ROOM.format("1 such pod", 2)),
    "room on two nodes": (pool(group(count=2)), pod(), 1, 8, None),
    "room on two nodes for all but one": (pool(group(count=2)), pod(), 1, 9, ROOM.format("8 such pods", 9)),
    "GPUs are scarcer": (pool(group()), pod(), 4, 5, None),
    "too many for the GPUs too": (pool(group()), pod(), 1, 9, None),  # that is a shortage of GPUs
    "without GPUs": (pool(group()), pod(), 0, 5, None),
    "a pod too large": (
        pool(group()), pod("65Gi"), 1, 1,
        "a pod asks for more `memory` than a node of pool `h100` has (64Gi): it stays Pending",
    ),
    "a taint": (
        pool(group(taints=(TAINTED,))), pod(), 1, 1,
        "the nodes of pool `h100` have the taint `gpu=yes:NoSchedule`, which the pods do not tolerate: they stay Pending",
    ),
    "a taint without a value": (
        pool(group(taints=(Taint("gpu", effect="NoExecute", value=""),))), pod(), 1, 1,
        "the nodes of pool `h100` have the taint `gpu:NoExecute`, which the pods do not tolerate: they stay Pending",
    ),
    "a taint on some nodes": (pool(group("a", taints=(TAINTED,)), group("b")), pod(), 1, 4, None),
    "a taint on some, and too little room on the rest": (
        pool(group("a", taints=(TAINTED,)), group("b")), pod(), 1, 5, ROOM.format("4 such pods", 5),
    ),
    "a tolerated taint": (
        pool(group(taints=(TAINTED,))), pod(tolerations=[{"key": "gpu", "operator": "Exists"}]), 1, 1, None,
    ),
    "another label": (
        pool(group(labels={"zone": "a", "rack": "1"})), pod(nodeSelector={"zone": "b", "rack": "1"}), 1, 1,
        "the nodes of pool `h100` have `zone=a`, and the pods ask for others: they stay Pending",
    ),
    "another label by affinity": (
        pool(group(labels={"zone": "a"})),
        pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]},
        ]}}}), 1, 1,
        "the nodes of pool `h100` have other labels, and the pods ask for others: they stay Pending",
    ),
    "its label": (pool(group(labels={"zone": "a"})), pod(nodeSelector={"zone": "a"}), 1, 1, None),
    "a label that is not known": (pool(group()), pod(nodeSelector={"zone": "a"}), 1, 1, None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_why_nodes_of_a_pool_do_not_hold_pods(case: str) -> None:
    known, asking, gpus, most, said = CASES[case]
    assert [message for message, _ in refusals(asking, known, gpus, most)] == ([said] if said else [])


@pytest.mark.parametrize(
    ("taint", "advice"),
    [
        (TAINTED, "Add the toleration {key: gpu, operator: Equal, value: yes, effect: NoSchedule}."),
        (
            Taint("gpu", effect="NoExecute", value=""),
            "Add the toleration {key: gpu, operator: Exists, effect: NoExecute}.",
        ),
    ],
)
def test_the_toleration_that_would_do(taint: Taint, advice: str) -> None:
    assert [told for _, told in refusals(pod(), pool(group(taints=(taint,))), 1, 1)] == [advice]


@pytest.mark.parametrize(
    ("groups", "asking", "said"),
    [
        ([], pod(), None),
        ([group()], pod(), None),
        ([group(), group("big", memory="1Ti")], pod("128Gi"), None),
        ([group()], pod("128Gi"), "a pod asks for more `memory` than a node of group `h100` has (64Gi)"),
        ([group(), group("big", memory="1Ti", cordoned=1)], pod("128Gi"), "a node of group `h100` has (64Gi)"),
        ([group(cordoned=1)], pod("128Gi"), None),  # no node takes any pod: that is told elsewhere
        ([group("a", taints=(TAINTED,)), group("b")], pod("128Gi"), "a node of group `b` has"),
        ([group("a", taints=(TAINTED,))], pod(), "the nodes of group `a` have the taint `gpu=yes:NoSchedule`"),
        ([group(labels={"zone": "a"})], pod(nodeSelector={"zone": "b"}), "the nodes of group `h100` have `zone=a`"),
    ],
)
def test_why_no_node_of_a_cluster_takes_a_pod(groups: list[NodeGroup], asking: Object, said: str | None) -> None:
    found = refused_anywhere(asking, ClusterFacts(date(2026, 1, 1), nodes=tuple(groups)))
    assert (found is not None) is (said is not None)
    assert found is None or (
        found[0].startswith("no node of the cluster takes the pods; ") and (said or "") in found[0]
    )
    assert refused_anywhere(asking, None) is None
