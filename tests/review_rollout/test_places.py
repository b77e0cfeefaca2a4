"""What the scheduler and admission ask beyond GPUs: pods that must be together, places, gates, runtime classes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.facts.cluster import ClusterFacts, NodeGroup
from llmstack.observed.things import Taint
from llmstack.review.facts import Pool

Make = Callable[..., Any]
Object = dict[str, Any]
HOST = "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
LABELS = {"app.kubernetes.io/name": "llama"}
POOLS = (Pool("h100", "nvidia.com/gpu", 16, 8, {"gpu.memory": "80000"}),)


def with_pod(obj: Object, **spec: Any) -> Object:
    obj["spec"]["template"]["spec"] |= spec
    return obj


def beside(labels: Object, key: str = HOST) -> Object:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": labels}}
    return {"affinity": {"podAffinity": {REQUIRED: [term]}}}


def spread(least: int, skew: int = 1, **more: Any) -> Object:
    rule = {"topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule", "maxSkew": skew, "minDomains": least}
    return {"topologySpreadConstraints": [{**rule, "labelSelector": {"matchLabels": LABELS}, **more}]}


def nodes(operator: str, *values: str) -> Object:
    expression = {"key": "gpu.memory", "operator": operator, "values": list(values)}
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}}


ASKED = {"nodeSelector": {"gpu.memory": "80000"}}

TOLD: dict[str, tuple[int, Object, list[tuple[str, str]]]] = {
    "together on one node": (10, beside(LABELS), [("rollout-stuck", "error")]),
    "together and few": (8, beside(LABELS), []),
    "together in a zone": (10, beside(LABELS, "zone"), []),
    "beside what nobody runs": (1, beside({"app": "nobody"}), [("not-judged", "warning")]),
    "more places than nodes": (4, {**spread(3), **ASKED}, [("rollout-stuck", "error")]),
    "more places, and not only those of the pool": (4, spread(3), [("rollout-stuck", "warning")]),
    "more places, and pods enough on each": (4, {**spread(3, 2), **ASKED}, []),
    "as many places": (4, {**spread(2), **ASKED}, []),
    "more places, preferred": (4, {**spread(3, whenUnsatisfiable="ScheduleAnyway"), **ASKED}, []),
    "a gate": (1, {"schedulingGates": [{"name": "a/b"}]}, [("not-judged", "warning")]),
    "more memory than there is": (1, nodes("Gt", "90000"), [("not-judged", "warning")]),
    "memory enough": (1, nodes("Gt", "40000"), []),
    "less memory": (1, nodes("Lt", "80000"), [("not-judged", "warning")]),
}


@pytest.mark.parametrize(("replicas", "spec", "expected"), TOLD.values(), ids=TOLD)
def test_where_new_pods_find_a_place(
    replicas: int, spec: Object, expected: list[tuple[str, str]], deployment: Make, compared: Make
) -> None:
    new = with_pod(deployment(replicas=replicas, surge=0, unavailable=1), **spec)
    risks = compared([], [new], pools=POOLS).risks
    assert [(each.id, each.severity.value) for each in risks if each.id in ("rollout-stuck", "not-judged")] == expected


def test_the_pods_of_others_are_a_place_to_be_beside(deployment: Make, compared: Make) -> None:
    other = deployment("other", gpus=0, surge=0, unavailable=1)
    new = with_pod(deployment(replicas=10, surge=0, unavailable=1), **beside({"app.kubernetes.io/name": "other"}))
    assert told(compared([other], [other, new], pools=POOLS), "not-judged") == []


def runtime_class(**fields: Any) -> Object:
    return {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "kata"}, **fields}


def test_a_runtime_class_asks_for_nodes(deployment: Make, compared: Make) -> None:
    old, new = (with_pod(deployment(surge=0, unavailable=1), **each) for each in ({}, {"runtimeClassName": "kata"}))
    here, there = (runtime_class(scheduling={"nodeSelector": {"gpu.memory": size}}) for size in ("80000", "40000"))
    assert told(compared([here, old], [here, new], pools=POOLS), "not-judged") == []
    [(severity, _, message)] = told(compared([there, old], [there, new], pools=POOLS), "not-judged")
    assert (severity, "none of the declared pools" in message) == ("warning", True)


@pytest.mark.parametrize(("limit", "is_stuck"), [("9", False), ("8", True)])
def test_the_overhead_of_a_runtime_class_counts_in_a_quota(
    limit: str, is_stuck: bool, deployment: Make, compared: Make
) -> None:
    """Two pods and one that surges, each of one CPU and two beside it."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"cpu": limit}}}
    around = [quota, runtime_class(overhead={"podFixed": {"cpu": "2"}})]
    sides = [
        with_pod(deployment(replicas=2, image=image, surge=1, unavailable=0), runtimeClassName="kata")
        for image in ("a", "b")
    ]
    for side in sides:
        side["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "1"}
    found = told(compared([*around, sides[0]], [*around, sides[1]], pools=POOLS), "rollout-stuck")
    assert bool(found) == is_stuck


GROUPS = (
    NodeGroup("cpu", 3, labels={"kubernetes.io/arch": "amd64"}, allocatable={"cpu": "15"}),
    NodeGroup(
        "gpu", 1, taints=(Taint(key="gpu", effect="NoSchedule"),), allocatable={"cpu": "190", "nvidia.com/gpu": 8}
    ),
)


@pytest.mark.parametrize(
    ("cpu", "spec", "said"),
    [
        ("10", {}, None),
        ("40", {}, "a pod asks for more `cpu` than a node of group `cpu` has (15)"),
        ("40", {"tolerations": [{"operator": "Exists"}]}, None),
        ("1", {"nodeSelector": {"kubernetes.io/arch": "arm64"}}, "the nodes of group `cpu` have `kubernetes.io/arch=amd64`"),
        ("1", {"nodeSelector": {"disk": "ssd"}}, None),
    ],
)  # fmt: skip
def test_pods_without_gpus_need_a_node_of_the_cluster_too(
    cpu: str, spec: Object, said: str | None, deployment: Make, compared: Make
) -> None:
    old, new = (deployment(gpus=0, image=image, surge=0, unavailable=1) for image in ("a", "b"))
    with_pod(new, **spec)["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    found = told(compared([old], [new], cluster=ClusterFacts(date(2026, 1, 1), nodes=GROUPS)), "rollout-stuck")
    assert [severity for severity, _, _ in found] == ([] if said is None else ["error"])
    assert said is None or said in found[0][2]
