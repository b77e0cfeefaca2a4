"""Pods of kinds that nobody here knows: where their specs are, and how many of them make one engine."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.facts import Facts, Pool
from llmstack.review.foreign import foreign_pools, foreign_specs, pod_specs_anywhere, runs_foreign_pods

NVIDIA = "nvidia.com/gpu"
POD = {"containers": [{"name": "c", "image": "x", "resources": {"limits": {NVIDIA: 2}}}]}


def thing(kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "a.example.com/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def nested(depth: int) -> dict[str, Any]:
    return POD if not depth else {"a": nested(depth - 1)}


PLACES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "a Deployment": (thing("Deployment", template={"spec": POD}), [(("spec", "template", "spec"), 1)]),
    "a Ray cluster": (thing("RayCluster", headGroupSpec={"template": {"spec": POD}}), [(("spec", "headGroupSpec", "template", "spec"), None)]),
    "a group of one": (
        thing("LeaderWorkerSet", leaderWorkerTemplate={"size": 1, "workerTemplate": {"spec": POD}}),
        [(("spec", "leaderWorkerTemplate", "workerTemplate", "spec"), 1)],
    ),
    "a group of two": (
        thing("LeaderWorkerSet", leaderWorkerTemplate={"size": 2, "workerTemplate": {"spec": POD}}),
        [(("spec", "leaderWorkerTemplate", "workerTemplate", "spec"), None)],
    ),
    "roles of groups of one": (
        thing("DisaggregatedSet", roles=[{"leaderWorkerTemplate": {"size": 1, "workerTemplate": {"spec": POD}}}]),
        [(("spec", "roles", 0, "leaderWorkerTemplate", "workerTemplate", "spec"), 1)],
    ),
    "roles of groups of two": (
        thing("DisaggregatedSet", roles=[{"leaderWorkerTemplate": {"size": 2, "workerTemplate": {"spec": POD}}}]),
        [(("spec", "roles", 0, "leaderWorkerTemplate", "workerTemplate", "spec"), None)],
    ),
    "an unknown kind": (thing("Widget", **POD), [(("spec",), None)]),
    "an item of a list": (thing("Widget", roles=[{}, {"template": POD}]), [(("spec", "roles", 1, "template"), None)]),
    "a container without an image": (thing("Widget", containers=[{"args": ["a"]}]), [(("spec",), None)]),
    "containers that are none": (thing("Widget", containers=["a", {"name": "c"}]), []),
    "containers that are no list": (thing("Widget", containers={"image": "x"}), []),
    "KServe's short form": (
        thing("InferenceService", predictor={"model": {"modelFormat": {"name": "vllm"}, "image": "x"}}), [(("spec", "predictor"), None)],
    ),
    "a predictor without a format": (thing("InferenceService", predictor={"model": {"name": "x"}}), []),
    "a component of Dynamo": (
        thing("DynamoGraphDeployment", services={"Worker": {"extraPodSpec": {"mainContainer": {"image": "x"}}}}),
        [(("spec", "services", "Worker"), None)],
    ),
    "an extra spec that is none": (thing("DynamoGraphDeployment", services={"Worker": {"extraPodSpec": "x"}}), []),
    "a model elsewhere": (thing("Widget", serving={"model": {"modelFormat": {"name": "vllm"}}}), []),
    "a template": (thing("ServingRuntime", **POD), []),
    "as deep as is looked": (thing("Widget", **nested(15)), [(("spec", *("a",) * 15), None)]),
    "too deep": (thing("Widget", **nested(16)), []),
    "no spec": ({"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "x"}}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_where_pods_are(case: str) -> None:
    object, places = PLACES[case]
    assert [(route, copies) for route, _, copies in pod_specs_anywhere(object)] == places
    foreign = [] if object["kind"] in ("Deployment", "RayCluster", "LeaderWorkerSet") else places
    assert len(list(foreign_specs(object))) == len(foreign)
    assert runs_foreign_pods(object) is bool(foreign)


def test_the_pools_from_which_they_take_gpus() -> None:
    facts = Facts(pools=(Pool("h100", NVIDIA, 8, 8, {"gpu": "h100"}), Pool("l4", NVIDIA, 8, 8, {"gpu": "l4"})))
    pinned = thing("Widget", **POD, nodeSelector={"gpu": "l4"})
    assert foreign_pools([pinned, thing("Widget", containers=[{"image": "x"}])], facts) == {("l4", NVIDIA)}
    short = thing(
        "InferenceService",
        predictor={"model": {"modelFormat": {}, **POD["containers"][0]}, "nodeSelector": {"gpu": "h100"}},
    )
    assert foreign_pools([short], facts) == {("h100", NVIDIA)}
    assert foreign_pools([thing("Deployment", template={"spec": POD})], facts) == frozenset()


def test_the_gpus_of_a_component_of_dynamo_stand_beside_its_pod() -> None:
    worker = {"resources": {"limits": {"gpu": "2", "gpuType": "x"}}, "extraPodSpec": {"mainContainer": {"image": "x"}}}
    [pod] = foreign_specs(thing("DynamoGraphDeployment", services={"Worker": worker}))
    assert pod["containers"] == [{"name": "main", "image": "x", "resources": {"limits": {NVIDIA: "2"}}}]


@pytest.mark.parametrize(
    ("group", "kind"), [("kubeai.org", "Model"), ("kaito.sh", "Workspace"), ("apps.nvidia.com", "NIMService")]
)
def test_kinds_without_a_container_are_known(group: str, kind: str) -> None:
    assert runs_foreign_pods({**thing(kind), "apiVersion": f"{group}/v1"})
    assert not runs_foreign_pods(thing(kind))
