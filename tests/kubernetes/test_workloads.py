"""The kinds that run pods, and what a changed template of each does."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from llmstack.kubernetes.pods import pod_specs, pod_templates
from llmstack.kubernetes.replicas import replicas_of, specs_of_replica
from llmstack.kubernetes.revisions import compared, why_unapplied
from llmstack.kubernetes.workloads import (
    WORKLOADS,
    is_counted,
    is_lasting,
    partition_of,
    strategy_of,
)
from llmstack.review.restarts import template_causes, unapplied_causes

Object = dict[str, Any]


def pod(image: str = "vllm:1", **spec: Any) -> Object:
    return {"spec": {"containers": [{"name": "vllm", "image": image}], **spec}}


def workload(kind: str, image: str = "vllm:1", **spec: Any) -> Object:
    """An object of a kind with one image everywhere."""
    ray = {
        "headGroupSpec": {"template": pod(image)},
        "workerGroupSpecs": [{"groupName": "w", "replicas": 2, "template": pod(image)}],
    }
    bodies: dict[str, Object] = {
        "Pod": pod(image)["spec"],
        "CronJob": {"jobTemplate": {"spec": {"template": pod(image)}}},
        "LeaderWorkerSet": {
            "leaderWorkerTemplate": {"size": 3, "leaderTemplate": pod(image), "workerTemplate": pod(image)}
        },
        "RayCluster": {"upgradeStrategy": {"type": "Recreate"}, **ray},
        "RayService": {"rayClusterConfig": ray},
    }
    body = bodies.get(kind, {"template": pod(image)})
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "spec": copy.deepcopy(body) | spec}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_pods_are_found_in_every_kind(kind: str) -> None:
    found = [spec["containers"][0]["name"] for _, spec in pod_specs(workload(kind))]
    assert found == ["vllm"] * len(WORKLOADS[kind].templates)
    assert len(list(pod_templates(workload(kind)))) == len(found)
    assert all(spec["containers"] for spec, _ in specs_of_replica(workload(kind)))


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_new_image_restarts_the_pods_of_the_kinds_that_follow_it(kind: str) -> None:
    before, after = workload(kind), workload(kind, "vllm:2")
    causes = template_causes(before, after)
    assert bool(causes) == (WORKLOADS[kind].replaces != "stays")
    assert all(cause.endswith("containers[vllm].image") for cause in causes)
    assert template_causes(before, before) == unapplied_causes(before, before) == ()


def test_what_is_compared_is_known_for_every_kind_whose_pods_may_follow() -> None:
    known = {kind for kind in WORKLOADS if compared(workload(kind)) is not None}
    assert known == {kind for kind in WORKLOADS if is_lasting(kind)}
    assert known - {"ReplicaSet"} == {kind for kind in WORKLOADS if WORKLOADS[kind].replaces != "stays"}


def test_how_many_pods_a_daemon_set_or_a_job_runs_is_not_known() -> None:
    assert {kind for kind in WORKLOADS if not is_counted(kind)} == {"DaemonSet", "Job", "CronJob"}
    assert {kind for kind in WORKLOADS if not is_lasting(kind)} == {"Job", "CronJob"}


ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
KEPT: dict[str, tuple[str, Object]] = {
    "a paused Deployment": ("Deployment", {"paused": True}),
    "a StatefulSet's OnDelete": ("StatefulSet", ON_DELETE),
    "a DaemonSet's OnDelete": ("DaemonSet", ON_DELETE),
    "a partition of all": ("StatefulSet", {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 3}}}),
    "a partition of all groups": (
        "LeaderWorkerSet",
        {"replicas": 2, "rolloutStrategy": {"rollingUpdateConfiguration": {"partition": 2}}},
    ),
    "a Ray cluster that does not say Recreate": ("RayCluster", {"upgradeStrategy": None}),
    "a Ray service that says None": ("RayService", {"upgradeStrategy": {"type": "None"}}),
    "a ReplicaSet": ("ReplicaSet", {}),
}


@pytest.mark.parametrize("case", KEPT)
def test_pods_that_stay_as_they_are(case: str) -> None:
    kind, spec = KEPT[case]
    before, after = workload(kind, **spec), workload(kind, "vllm:2", **spec)
    assert why_unapplied(after) is not None
    assert template_causes(before, after) == ()
    assert any(cause.endswith("containers[vllm].image") for cause in unapplied_causes(before, after))


def test_a_partition_below_the_last_ordinal_lets_the_others_follow() -> None:
    spec = {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}
    after = workload("StatefulSet", "vllm:2", **spec)
    assert partition_of(after) == 2
    assert template_causes(workload("StatefulSet", **spec), after)
    scaled = workload("StatefulSet", "vllm:2", updateStrategy={"rollingUpdate": {"partition": 3}})
    assert template_causes(workload("StatefulSet"), scaled), "how many replicas there are is a scaler's to say"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_revision_holds_the_bytes_of_a_quantity_and_a_replica_set_its_value(kind: str) -> None:
    def asks(kind: str, cpu: str, memory: str) -> Object:
        found = workload(kind)
        limits = {"limits": {"cpu": cpu, "memory": memory}}
        found["spec"]["template"]["spec"]["containers"][0]["resources"] = limits
        return found

    assert template_causes(asks(kind, "1", "1Gi"), asks(kind, "1000m", "1024Mi")) == ()
    assert template_causes(asks(kind, "1", "1Gi"), asks(kind, "1", "1073741824"))
    assert template_causes(asks(kind, "0.1001", "1Gi"), asks(kind, "101m", "1Gi")) == ()
    assert template_causes(asks("Deployment", "1", "1Gi"), asks("Deployment", "1", "1073741824")) == ()


def test_of_a_pod_only_the_image_restarts_anything() -> None:
    before = workload("Pod")
    labelled = before | {"metadata": {"name": "a", "labels": {"a": "b"}}}
    assert template_causes(before, labelled) == ()
    assert template_causes(before, workload("Pod", activeDeadlineSeconds=5)) == ()
    assert template_causes(before, workload("Pod", "vllm:2")) == ("spec.containers[vllm].image",)


def test_worker_groups_behind_the_others_go_to_the_running_cluster_of_a_ray_service() -> None:
    before, after = workload("RayService"), workload("RayService")
    after["spec"]["rayClusterConfig"]["workerGroupSpecs"].append({"groupName": "x", "template": pod("vllm:3")})
    assert template_causes(before, after) == ()
    assert template_causes(after, before), "a group that goes makes a new cluster"
    after["spec"]["rayClusterConfig"]["workerGroupSpecs"].reverse()
    assert template_causes(before, after), "one before the others, too"
    more = workload("RayService")
    more["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["replicas"] = 5
    assert template_causes(before, more) == ()


def test_a_ray_service_needs_a_second_cluster() -> None:
    service = workload("RayService")
    assert replicas_of(service, {}) == 1
    assert [number for _, number in specs_of_replica(service)] == [1, 2]
    assert strategy_of(service, 1) == (1, 0, False)
    assert strategy_of(workload("RayCluster"), 1) == (0, 1, True)
