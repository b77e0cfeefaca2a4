"""From which pool a pod takes its GPUs: what it asks of nodes, against what each pool's nodes are known to be."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.facts.cluster import NodeGroup
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.placement import gpus_in, pool_of, pools_allowed

GPU = "nvidia.com/gpu"
Object = dict[str, Any]


def pool(name: str, resource: str = GPU, **more: Any) -> Pool:
    return Pool(name, resource, 8, 8, **more)


def labelled(name: str, **labels: str) -> Pool:
    return pool(name, node_selector=labels)


def affinity(*terms: list[Object], **pod: Any) -> Object:
    selector = {"nodeSelectorTerms": [{"matchExpressions": each} for each in terms]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": selector}
    return {"affinity": {"nodeAffinity": required}, **pod}


def is_in(key: str, *values: str, operator: str = "In") -> Object:
    return {"key": key, "operator": operator, "values": list(values)}


A, B = labelled("a", zone="a"), labelled("b", zone="b")
SMALL, LARGE = labelled("small", size="4"), labelled("large", size="16")
CASES: dict[str, tuple[list[Pool], Object, str | None]] = {
    "no pool": ([], {}, None),
    "the only one": ([pool("a")], {}, "a"),
    "one of another resource": ([pool("a", "amd.com/gpu")], {}, None),
    "the one of its resource": ([pool("x", "amd.com/gpu"), pool("a")], {}, "a"),
    "one of two": ([pool("a"), pool("b")], {}, None),
    "a label": ([A, B], {"nodeSelector": {"zone": "b"}}, "b"),
    "a label that no pool has": ([A, B], {"nodeSelector": {"zone": "c"}}, None),
    "a label that pools do not name": ([A], {"nodeSelector": {"rack": "1"}}, "a"),
    "a label by affinity": ([A, B], affinity([is_in("zone", "b")]), "b"),
    "one of two values": ([A, B], affinity([is_in("zone", "a", "b")]), None),
    "terms are alternatives": ([A, B], affinity([is_in("zone", "a")], [is_in("zone", "b")]), None),
    "alternatives that agree": (
        [A, B], affinity([is_in("zone", "a"), is_in("rack", "1")], [is_in("zone", "a"), is_in("rack", "2")]), "a",
    ),
    "expressions of a term hold together": ([A, B], affinity([is_in("zone", "a", "b"), is_in("zone", "b", "c")]), "b"),
    "selector and affinity hold together": (
        [A, B], affinity([is_in("zone", "a", "b")], nodeSelector={"zone": "a"}), "a",
    ),
    "not in": ([A, B], affinity([is_in("zone", "a", operator="NotIn")]), "b"),
    "not in either": ([A, B], affinity([is_in("zone", "a", operator="NotIn"), is_in("zone", "b", operator="NotIn")]), None),
    "without the label": ([A, pool("plain")], affinity([{"key": "zone", "operator": "DoesNotExist"}]), "plain"),
    "with the label": ([A, labelled("c", rack="1")], affinity([{"key": "zone", "operator": "Exists"}]), None),
    "more than a number": ([SMALL, LARGE], affinity([is_in("size", "8", operator="Gt")]), "large"),
    "less than a number": ([SMALL, LARGE], affinity([is_in("size", "8", operator="Lt")]), "small"),
    "a number of another label": ([SMALL, LARGE], affinity([is_in("cores", "8", operator="Gt")]), None),
    "the one whose labels it asks for": ([pool("any"), A], {"nodeSelector": {"zone": "a"}}, "a"),
    "the one with most of them": (
        [A, labelled("both", zone="a", rack="1")], {"nodeSelector": {"zone": "a", "rack": "1"}}, "both",
    ),
    "two with as many": (
        [labelled("x", zone="a"), labelled("y", rack="1")], {"nodeSelector": {"zone": "a", "rack": "1"}}, None,
    ),
    "one that is declared before one that is learned": ([pool("a"), pool("b", learned=True)], {}, "a"),
    "one that is learned": ([pool("b", learned=True)], {}, "b"),
    "preferred nodes decide nothing": (
        [A, B],
        {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "preference": {"matchExpressions": [is_in("zone", "a")]}},
        ]}}},
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_pool_that_a_pod_takes_its_gpus_from(case: str) -> None:
    pools, pod, name = CASES[case]
    assert pool_of(pod, GPU, None, Facts(pools=tuple(pools))) == name


def test_a_pool_that_the_model_names_holds_unless_the_pod_rules_it_out() -> None:
    facts = Facts(pools=(A, B, pool("c")), pool_of={"llama": "a", "gone": "x"})
    assert pool_of({}, GPU, "llama", facts) == "a"
    assert pool_of({}, "", "llama", facts) == "a"
    assert pool_of({"nodeSelector": {"zone": "b"}}, GPU, "llama", facts) == "b"
    assert pool_of({}, GPU, "gone", facts) == "x"
    assert pool_of({}, "", None, facts) is None
    assert pool_of({}, GPU, "other", Facts(pools=(A,))) == "a"


def test_devices_of_a_class_are_of_the_pool_that_names_it() -> None:
    pools = (pool("a"), pool("b", device_classes=frozenset({"gpu.nvidia.com"})))
    assert pool_of({}, GPU, None, Facts(pools=pools), ["gpu.nvidia.com"]) == "b"
    assert pool_of({}, GPU, None, Facts(pools=pools), ["other"]) is None
    assert pool_of({}, GPU, None, Facts(pools=pools[:1]), ["gpu.nvidia.com"]) == "a"


def test_of_pools_whose_nodes_are_known_one_that_takes_the_pod() -> None:
    def known(name: str, memory: str) -> Pool:
        return pool(name, groups=(NodeGroup(name, 1, allocatable={GPU: 8, "memory": memory}),))

    pod = {"containers": [{"name": "c", "resources": {"requests": {"memory": "64Gi"}}}]}
    pools = known("small", "32Gi"), known("large", "128Gi")
    assert pool_of(pod, GPU, None, Facts(pools=pools)) == "large"
    assert pool_of({}, GPU, None, Facts(pools=pools)) is None
    assert pool_of(pod, GPU, None, Facts(pools=pools[:1])) == "small", "where none takes it, that is another finding"
    assert pool_of(pod, GPU, None, Facts(pools=(pools[0], pool("any")))) == "any"


def test_the_pools_that_a_pod_does_not_rule_out() -> None:
    pools = [A, B, pool("c")]
    assert [each.name for each in pools_allowed({}, pools)] == ["a", "b", "c"]
    assert [each.name for each in pools_allowed({"nodeSelector": {"zone": "a"}}, pools)] == ["a", "c"]


def test_gpus_of_the_pods_that_stay() -> None:
    fixed = {("a", GPU): {8: 2, 1: 3}, ("b", GPU): {4: 1}}
    assert [gpus_in(fixed, key) for key in (("a", GPU), ("b", GPU), ("c", GPU))] == [19, 4, 0]
