"""What cannot be counted is said; advice is what can be followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import reviewed, told, values

from llmstack.review.facts import Pool

Make = Callable[..., Any]
MIG = "nvidia.com/mig-1g.10gb"


def claim(size: str, **spec: Any) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": size}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": wanted}


def storage_class(name: str = "fast", *, expands: bool, default: bool = False) -> dict[str, Any]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    return head | {"metadata": {"name": name, "annotations": annotations}, "allowVolumeExpansion": expands}


@pytest.mark.parametrize(
    ("spec", "there", "risk"),
    [
        ({"storageClassName": "fast"}, storage_class(expands=True), None),
        ({"storageClassName": "fast"}, storage_class(expands=False), ("immutable-field", "error")),
        ({}, storage_class(expands=False, default=True), ("immutable-field", "error")),
        ({}, storage_class(expands=False), ("not-judged", "note")),
        ({"storageClassName": "fast"}, None, ("not-judged", "note")),
        (
            {"storageClassName": "static"},
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {"storageClassName": "static"}},
            ("not-judged", "warning"),
        ),
    ],
)  # fmt: skip
def test_a_claim_grows_as_its_class_says(spec: Any, there: Any, risk: Any, review: Make) -> None:
    result = review((claim("1Gi", **spec), claim("2Gi", **spec)), stays=[there] if there else [])
    assert [(each.id, str(each.severity)) for each in result.risks] == ([risk] if risk else [])
    shrinks = review((claim("2Gi", **spec), claim("1Gi", **spec)), stays=[there] if there else [])
    assert [each.id for each in shrinks.risks] == ["immutable-field"]


def test_two_kinds_of_gpu_in_one_pod(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=each, replicas=2, gpus=2, surge=1, unavailable=0) for each in ("v1", "v2")]
    for obj in pair:
        obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"][MIG] = "1"
    pools = {size: [pool(8), Pool("mig", MIG, size)] for size in (1, 2, 4)}
    rows = {size: review(tuple(pair), pools=pools[size]).gpus[1] for size in pools}
    assert [(row.before, row.after, row.peak) for row in rows.values()] == [(2, 2, 3)] * 3
    assert [row.deadlock for row in rows.values()] == [True, None, False]
    assert told(review(tuple(pair), pools=pools[4]), "not-judged") == []
    [(severity, _, message)] = told(review(tuple(pair), pools=pools[2]), "not-judged")
    assert (severity, MIG in message) == ("note", True)
    assert len(told(review(tuple(pair), pools=pools[1]), "gpu-shortage")) == 1


@pytest.mark.parametrize(("kind", "said"), [("DaemonSet", "on every node that fits"), ("CronJob", "while it runs")])
def test_pods_that_no_manifest_counts(kind: str, said: str, deployment: Make, review: Make) -> None:
    obj = {**deployment("agent"), "kind": kind}
    if kind == "CronJob":
        obj["spec"] = {"jobTemplate": {"spec": {"template": obj["spec"]["template"]}}}
    [(severity, object, message)] = told(review((None, obj)), "not-judged")
    assert (severity, object) == ("note", f"{kind}/agent")
    assert f"a pod takes 1 GPU {said}" in message
    assert told(review((obj, obj)), "not-judged") == []


def scaler(kind: str = "HorizontalPodAutoscaler") -> dict[str, Any]:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "llama"}, "minReplicas": 2, "maxReplicas": 6}
    return {"apiVersion": "autoscaling/v2", "kind": kind, "metadata": {"name": "s"}, "spec": spec}


def test_replicas_that_two_say(deployment: Make, review: Make, pool: Make) -> None:
    pair = deployment(replicas=2), deployment(replicas=2)
    result = review(pair, (None, scaler()), pools=[pool(4)])
    [(severity, _, message)] = told(result, "scaler-handover")
    assert severity == "warning"
    assert "both the manifest (2 replicas) and a scaler say how many replicas there are" in message
    assert result.gpus[0].after_max == 6
    assert told(review(pair, (scaler(), scaler())), "scaler-handover") == []
    assert told(review((deployment(replicas=0), deployment(replicas=0)), (None, scaler())), "scaler-handover") == []


def priority(name: str, value: int) -> dict[str, Any]:
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}


def test_who_loses_when_scalers_are_at_their_most(deployment: Make, review: Make, pool: Make) -> None:
    high, low = deployment("llama", None), deployment("low", 2)
    for obj, name in ((high, "high"), (low, "low")):
        obj["spec"]["template"]["spec"]["priorityClassName"] = name
    stays = [high, low, priority("high", 10), priority("low", 1)]
    grown = scaler(), {**scaler(), "spec": {**scaler()["spec"], "maxReplicas": 8}}
    [(severity, object, message)] = told(review(grown, pools=[pool(8)], stays=stays), "preemption")
    assert (severity, object) == ("warning", "Deployment/low")
    assert message.startswith("with scalers at their most, all its replicas end")
    assert told(review(grown, pools=[pool(12)], stays=stays), "preemption") == []


def test_a_ray_service_has_no_strategy_to_set(deployment: Make, review: Make, pool: Make) -> None:
    def service(image: str) -> dict[str, Any]:
        template = deployment(image=image, gpus=2)["spec"]["template"]
        head = {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "ray"}}
        return head | {"spec": {"rayClusterConfig": {"headGroupSpec": {"rayStartParams": {}, "template": template}}}}

    [risk] = [
        each for each in review((service("v1"), service("v2")), pools=[pool(2)]).risks if each.id == "gpu-deadlock"
    ]
    assert "a second cluster (2 GPUs) must be ready before the first is removed" in risk.message
    assert "maxSurge" not in risk.advice


@pytest.mark.parametrize(("size", "advice"), [(2, "Set maxSurge 1"), (1, "Add 1 GPU to the pool, and set maxSurge 1")])
def test_spare_gpus_are_asked_for_where_they_are(
    size: int, advice: str, deployment: Make, review: Make, pool: Make
) -> None:
    pair = tuple(deployment(image=each, surge=0, unavailable=1) for each in ("v1", "v2"))
    [risk] = [each for each in review(pair, pools=[pool(size)]).risks if each.id == "outage"]
    assert risk.advice.startswith(advice)


@pytest.mark.parametrize(("count", "room"), [(2, False), (4, True)])
def test_two_run_side_by_side_where_there_is_room(count: int, room: bool) -> None:
    capacity = [{"pool": "h100", "resource": "nvidia.com/gpu", "count": count}]
    sides = [values([{"name": name}], gitops={**values()["gitops"], "capacity": capacity}) for name in ("a", "b")]
    [risk] = [each for each in reviewed(*sides).risks if each.id == "outage"]
    assert risk.advice.startswith("Add the new one in one commit" if room else "There are not enough GPUs to run both")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"servicePort": 81}, "has another port"), ({"replicaCount": 2}, "each replica of the cache server")],
)
def test_a_cache_server_that_is_found_otherwise(change: dict[str, Any], said: str) -> None:
    cache = {"enableServer": True}
    [(severity, _, message)] = told(
        reviewed(values(cacheServerSpec=cache), values(cacheServerSpec=cache | change)), "cold-cache"
    )
    assert (severity, said in message) == ("note", True)


@pytest.mark.parametrize(("group", "notes"), [("acme.io", 1), ("keda.sh", 0)])
def test_what_may_be_the_same_in_another_namespace(group: str, notes: int, compared: Make) -> None:
    """Only its definition tells whether a custom resource has namespaces; those of KEDA's groups are known."""
    kind = "Widget" if group == "acme.io" else "ClusterTriggerAuthentication"
    obj = {"apiVersion": f"{group}/v1", "kind": kind, "spec": {}}
    sides = [[obj | {"metadata": {"name": "a", "namespace": space}}] for space in ("ai", "llm")]
    found = [each for each in told(compared(*sides), "not-judged") if "definition" in each[2]]
    assert [(severity, subject) for severity, subject, _ in found] == [("note", f"{kind}/a")] * notes
