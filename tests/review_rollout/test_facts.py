"""What is known besides the objects, and how it is told: sizes of pools, names of things, who takes GPUs with which priority."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts, NodeGroup, PriorityClass
from llmstack.kubernetes.priorities import Priority
from llmstack.kubernetes.replicas import scalers
from llmstack.review.engine_change import EngineChange, EngineState
from llmstack.review.facts import Facts, Pool, names_of
from llmstack.review.rollout.tenants import known_classes, tenants_of, tenants_of_sides
from llmstack.review.routers import router_changes

Make = Callable[..., Any]
Object = dict[str, Any]
GPU = "nvidia.com/gpu"
DAY = date(2026, 1, 1)


def group(count: int = 2, *, cordoned: int = 0, free: Any = None) -> NodeGroup:
    return NodeGroup("h100", count, cordoned=cordoned, allocatable={GPU: 8}, free=free or {})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "16"),
        ({"whole": 16}, "16"),
        ({"whole": 12}, "16"),
        ({"count": 11, "whole": 16, "groups": (group(free={3: 1}),)}, "11 of 16 (5 held by other tenants)"),
        ({"count": 8, "whole": 16, "groups": (group(cordoned=1),), "closed": (8,)}, "8 of 16 (8 on nodes that take no pods)"),
        ({"count": 8, "whole": 16, "groups": (group(1),)}, "8 of 16 (8 on nodes that do not let its pods in)"),
        (
            {"count": 3, "whole": 32, "groups": (group(2, cordoned=1, free={3: 1}),), "closed": (8,)},
            "3 of 32 (5 held by other tenants, 8 on nodes that take no pods, 16 on nodes that do not let its pods in)",
        ),
    ],
)  # fmt: skip
def test_how_many_gpus_a_pool_has_and_why_not_more(fields: Any, told: str) -> None:
    assert replace(Pool("h100", GPU, 16), **fields).told == told


def test_pools_that_pods_may_claim_devices_of() -> None:
    assert Pool("a", GPU, 8).may_be_devices, "nobody says what its nodes offer"
    assert not Pool("a", GPU, 8, groups=(group(),)).may_be_devices
    assert Pool("a", GPU, 8, groups=(group(),), device_classes=frozenset({"gpu"})).may_be_devices


def test_names_that_a_cluster_was_seen_to_have() -> None:
    seen = ClusterFacts(DAY, exists={"runtimeClasses": ("nvidia",), "priorityClasses": ("high", "low")})
    facts = Facts(cluster=seen)
    assert facts.known_names("RuntimeClass") == {"nvidia"}
    assert facts.known_names("RuntimeClass", "PriorityClass") == {"nvidia", "high", "low"}
    assert facts.known_names("ServiceAccount") is None
    assert Facts().known_names("RuntimeClass") is None


def test_the_names_that_a_model_goes_by() -> None:
    assert names_of("new", {"new": "old"}) == {"new", "old"}
    assert names_of("other", {"new": "old"}) == {"other"}
    assert names_of(None, {"new": "old"}) == frozenset()


def cls(name: str, value: int, **more: Any) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        **more,
    }


def seen(*classes: PriorityClass) -> Facts:
    return Facts(cluster=ClusterFacts(DAY, priority_classes=classes), pools=(Pool("h100", GPU, 8),))


def test_priority_classes_of_objects_come_before_those_that_facts_know() -> None:
    facts = seen(PriorityClass("high", 100), PriorityClass("low", 1, preempts=False))
    found = known_classes([cls("high", 500)], [], facts)
    assert (found["high"], found["low"], found[""]) == (Priority(500), Priority(1, False), Priority(0))
    default = seen(PriorityClass("base", 7, default=True))
    assert known_classes([], [], default)[""] == Priority(7)
    assert known_classes([cls("x", 9, globalDefault=True)], [], default)[""] == Priority(9)
    assert known_classes([], [("dev", cls("x", 9, globalDefault=True))], Facts())[""] == Priority(9)
    assert known_classes([], [], Facts())[""] == Priority(0)


def model(deployment: Make, name: str, of: str | None = None, **more: Any) -> Object:
    obj: Object = deployment(name, **more)
    obj["spec"]["template"]["spec"] |= {"priorityClassName": of} if of else {}
    return obj


def test_who_takes_gpus_of_a_pool(deployment: Make) -> None:
    facts = seen()
    classes = known_classes([cls("high", 100)], [], facts)
    objects = [
        model(deployment, "a", "high", replicas=2, gpus=4), model(deployment, "b", "unknown"), model(deployment, "c", gpus=0),
        model(deployment, "d", replicas=0), {"kind": "ConfigMap", "metadata": {"name": "e"}},
    ]  # fmt: skip
    others = [("dev", model(deployment, "a", replicas=3))]
    found = list(tenants_of(objects, others, facts, classes, scalers([])))
    assert [(each.identity, each.priority, each.replicas, each.gpus) for each in found] == [
        (("Deployment", "", "a"), 100, 2, 4),
        (("Deployment", "", "dev/a"), 0, 3, 1),
    ]
    assert {each.pool for each in found} == {("h100", GPU)}


def test_pods_keep_the_priority_that_they_were_made_with(deployment: Make) -> None:
    facts, nobody = seen(), (scalers([]), scalers([]))
    pods = [model(deployment, "a", "high"), model(deployment, "b", "high")]
    sides = [*pods, cls("high", 100)], [*pods, cls("high", 5)]
    found = tenants_of_sides(sides, [], facts, nobody, {("Deployment", "", "b")})
    assert found is not None
    before, after = found
    assert [each.priority for each in before.values()] == [100, 100]
    assert [each.priority for each in after.values()] == [100, 5]
    gone = tenants_of_sides((sides[0], pods), [], facts, nobody, {("Deployment", "", "b")})
    assert gone is not None
    assert [each.priority for each in gone[1].values()] == [100, 100], "a class that goes is known still"
    assert tenants_of_sides((pods, pods), [], facts, nobody, ()) is None, "all have one priority"


def router(tag: str, name: str = "router", image: str = "lmcache/lmstack-router", **container: Any) -> Object:
    body = {"containers": [{"name": name, "image": f"{image}:{tag}", **container}]}
    metadata = {"name": "r", "namespace": "llm"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": body}}}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (router("v0.1.5"), router("v0.1.10"), True),
        (router("v0.1.10"), router("v0.1.10"), False),
        (None, router("v0.1.10"), False),
        (router("v0.1.5"), None, False),
        (router("v0.1.5", "other"), router("v0.1.10"), False),
        (router("v0.1.5", image="x/y"), router("v0.1.10", image="x/y"), False),
        (router("v0.1.5", image="mirror.example.com/z/lmstack-router"), router("v0.1.10"), True),
    ],
)
def test_a_router_of_another_release(before: Any, after: Any, told: bool, change: Make) -> None:
    found = list(router_changes([change(before, after)] if before != after else []))
    assert [(each.object, each.before, each.after) for each in found] == [("Deployment/r", "v0.1.5", "v0.1.10")] * told
    assert all(each.items for each in found)


@pytest.mark.parametrize(
    ("before", "after", "loses"),
    [((10, 20), (5, 10), 0.5), ((10, 20), (10, 20), 0), ((10, None), (5, 10), None), ((10, 20), (None, 10), None), ((0, 0), (5, 10), None)],
)  # fmt: skip
def test_the_part_of_the_cache_that_goes(before: Any, after: Any, loses: float | None) -> None:
    sides = [EngineState("0.20.2", "H100", low=low, high=high) for low, high in (before, after)]
    made = EngineChange("llama", "Deployment/a", "starts", "", sides[0], sides[1])
    assert made.loses == loses
    assert replace(made, before=None).loses is None
