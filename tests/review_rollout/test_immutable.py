"""Changes that the API refuses, and their neighbours that it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


def claim(size: str = "10Gi", **fields: Any) -> dict[str, Any]:
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **fields}}


def balancer(kind: str | None) -> dict[str, Any]:
    return spec(type="LoadBalancer", loadBalancerClass=kind)


def pod(image: str = "a:1", **fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", "image": image}], **fields}}


SELECTOR = {"matchLabels": {"a": "b"}}
OTHER = {"matchLabels": {"a": "c"}}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("Deployment", spec(selector=SELECTOR), spec(selector=OTHER), ["spec.selector"]),
    ("Deployment", spec(selector=SELECTOR), spec(selector={**SELECTOR, "matchExpressions": []}), []),
    ("Deployment", spec(selector=SELECTOR, replicas=1), spec(selector=SELECTOR, replicas=2), []),
    ("StatefulSet", spec(serviceName="a"), spec(serviceName="b"), ["spec.serviceName"]),
    ("StatefulSet", spec(replicas=1), spec(replicas=2), []),
    ("StatefulSet", spec(), spec(podManagementPolicy="OrderedReady"), []),
    ("StatefulSet", spec(), spec(volumeClaimTemplates=[{"a": "b"}]), ["spec.volumeClaimTemplates"]),
    ("StatefulSet", spec(volumeClaimTemplates=[{"a": "b"}]), spec(), ["spec.volumeClaimTemplates"]),
    ("PersistentVolumeClaim", claim("10Gi"), claim("5Gi"), ["spec.resources.requests.storage"]),
    ("PersistentVolumeClaim", claim("10Gi"), claim("20Gi"), []),
    ("PersistentVolumeClaim", claim("1Gi"), claim("1024Mi"), []),
    ("PersistentVolumeClaim", spec(accessModes=["ReadWriteOnce"]), claim("1Gi"), []),
    ("PersistentVolumeClaim", claim("1Gi"), spec(accessModes=["ReadWriteOnce"]), []),
    ("PersistentVolumeClaim", claim(), claim(storageClassName="fast"), ["spec.storageClassName"]),
    ("PersistentVolumeClaim", claim(), claim(storageClassName=""), ["spec.storageClassName"]),
    ("PersistentVolumeClaim", claim(), claim(accessModes=["ReadWriteMany"]), ["spec.accessModes"]),
    ("PersistentVolumeClaim", claim(), claim(volumeName="v"), ["spec.volumeName"]),
    ("PersistentVolumeClaim", claim(), claim(volumeMode="Filesystem"), []),
    ("PersistentVolumeClaim", claim(), claim(volumeMode="Block"), ["spec.volumeMode"]),
    ("PersistentVolume", spec(nfs={"server": "a"}), spec(nfs={"server": "b"}), ["spec.nfs"]),
    (
        "PersistentVolume",
        spec(nfs={"server": "a"}),
        spec(hostPath={"path": "/a"}),
        ["spec.hostPath", "spec.nfs"],
    ),
    ("PersistentVolume", spec(capacity={"storage": "1Gi"}), spec(capacity={"storage": "2Gi"}), []),
    ("Service", spec(), spec(clusterIP="None"), ["spec.clusterIP"]),
    ("Service", spec(clusterIP="None"), spec(clusterIP="10.0.0.1"), ["spec.clusterIP"]),
    ("Service", spec(clusterIP="None"), spec(), []),
    ("Service", spec(type="ClusterIP"), spec(type="LoadBalancer"), []),
    ("Service", balancer("a"), balancer("b"), ["spec.loadBalancerClass"]),
    ("Service", balancer("a"), balancer(None), ["spec.loadBalancerClass"]),
    ("Service", balancer("a"), balancer("a"), []),
    ("Service", spec(type="ClusterIP"), balancer("a"), []),
    ("Service", balancer("a"), spec(type="ClusterIP"), []),
    ("Service", spec(type="ExternalName"), spec(type="ClusterIP", clusterIP="None"), []),
    ("ConfigMap", {"immutable": True, "data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}, ["data"]),
    ("ConfigMap", {"immutable": True}, {}, ["immutable"]),
    ("ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, []),
    ("Secret", {"type": "Opaque"}, {}, []),
    ("Secret", {}, {"type": "kubernetes.io/tls"}, ["type"]),
    ("RoleBinding", {"roleRef": {"name": "a"}}, {"roleRef": {"name": "b"}}, ["roleRef"]),
    ("RoleBinding", {"subjects": []}, {"subjects": [{"name": "a"}]}, []),
    ("Job", spec(template={"spec": {"a": 1}}), spec(template={"spec": {"a": 2}}), ["spec.template"]),
    ("Job", spec(parallelism=1), spec(parallelism=2), []),
    ("Job", spec(completions=1), spec(completions=2), ["spec.completions"]),
    ("StorageClass", {"provisioner": "a"}, {"provisioner": "a", "reclaimPolicy": "Delete"}, []),
    ("StorageClass", {"provisioner": "a"}, {"provisioner": "a", "parameters": {"t": "x"}}, ["parameters"]),
    ("RuntimeClass", {"handler": "nvidia"}, {"handler": "runc"}, ["handler"]),
    ("PriorityClass", {"value": 1}, {"value": 2}, ["value"]),
    (
        "LeaderWorkerSet",
        spec(leaderWorkerTemplate={"size": 2}),
        spec(leaderWorkerTemplate={"size": 2, "subGroupPolicy": {"subGroupSize": 1}}),
        ["spec.leaderWorkerTemplate.subGroupPolicy.subGroupSize"],
    ),
    ("LeaderWorkerSet", spec(leaderWorkerTemplate={"size": 2}), spec(leaderWorkerTemplate={"size": 4}), []),
    ("RayCluster", spec(managedBy="a"), spec(managedBy="b"), ["spec.managedBy"]),
    ("Pod", pod(), pod("a:2"), []),
    ("Pod", pod(), pod(dnsPolicy="ClusterFirst"), []),
    ("Pod", pod(), pod(activeDeadlineSeconds=5), []),
    ("Pod", pod(), pod(nodeSelector={"a": "b"}), ["spec.nodeSelector"]),
    ("Pod", pod(schedulingGates=[{"name": "a"}]), pod(nodeSelector={"a": "b"}), []),
    ("Pod", pod(), spec(containers=[{"name": "b", "image": "a:1"}]), ["spec.containers"]),
    ("HorizontalPodAutoscaler", spec(a=1), spec(a=2), []),
]


@pytest.mark.parametrize(("kind", "before", "after", "refused"), CASES)
def test_refused(
    kind: str, before: dict[str, Any], after: dict[str, Any], refused: list[str], review: Callable[..., Any]
) -> None:
    head = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}}
    result = review(({**head, **before}, {**head, **after}))
    risks = [risk for risk in result.risks if risk.id == "immutable-field"]
    assert [(risk.severity, risk.object) for risk in risks] == [("error", f"{kind}/x")] * bool(refused)
    for risk in risks:
        assert all(f"`{path}`" in risk.message for path in refused)
        assert risk.message.count("`") == 2 * len(refused)


def test_a_refused_change_rolls_nothing_out(
    deployment: Callable[..., Any], review: Callable[..., Any], pool: Callable[..., Any]
) -> None:
    before = deployment(image="v1", surge=1, unavailable=0)
    after = deployment(image="v2", gpus=4, surge=1, unavailable=0, selector={"matchLabels": {"other": "label"}})
    result = review((before, after), pools=[pool(1)], loads={"llama": 60})
    assert {risk.id for risk in result.risks} == {"immutable-field", "refused"}
    assert result.rollouts == ()
    assert (result.gpus[0].before, result.gpus[0].after, result.gpus[0].deadlock) == (1, 1, False)
