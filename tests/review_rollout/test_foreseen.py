"""Changes of one environment and what a cluster makes of them, one row each: the risk that tells it, and its figures.

`tests/sync/test_diff_clusters.py` has those of owners and of several environments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.review_rollout.values_review import Values, reviewed, told, values

DEPLOYMENT = "Deployment/r-llama-deployment-vllm"
SURGE = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
IN_PLACE = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}
BUMP = {"tag": "v0.11.1"}
KEY = {"vllmApiKey": {"secretName": "key", "secretKey": "k"}}
POOLS = [{"pool": each, "resource": "nvidia.com/gpu", "count": 2, "perNode": 2, "nodeSelector": {"gpu": each}} for each in ("h100", "a100")]  # fmt: skip
WIDE = [{"pool": "h100", "resource": "nvidia.com/gpu", "count": 16, "perNode": 8}]
OF_A100 = [{"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a100"]}]}]
NOT_H100 = [{"matchExpressions": [{"key": "gpu", "operator": "NotIn", "values": ["h100"]}]}]


def one(*changes: Values, **sections: Any) -> Values:
    """One model with all of these changes."""
    return values([{key: value for each in changes for key, value in each.items()}], **sections)


def extra(*objects: Values, count: int = 8) -> Values:
    """Objects of people's own beside a model of two GPUs, in a pool of so many."""
    pool = {"pool": "h100", "resource": "nvidia.com/gpu", "count": count, "perNode": 8}
    return values(gitops={"capacity": [pool]}) | {"extraObjects": list(objects)}


def pod(image: str = "v1", gpus: int = 1, **spec: Any) -> Values:
    limits = {"limits": {"nvidia.com/gpu": str(gpus)}} if gpus else {}
    container = {"name": "vllm", "image": f"vllm/vllm-openai:{image}", "resources": limits}
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container], **spec}}


def workload(kind: str, template: Values, api: str = "apps/v1", **spec: Any) -> Values:
    own = {"selector": {"matchLabels": {"app": "x"}}} if api == "apps/v1" else {}
    head = {"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "llm"}}
    return {**head, "spec": {**own, "template": template, **spec}}


def ray(image: str) -> Values:
    head = {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "x", "namespace": "llm"}}
    return {**head, "spec": {"rayClusterConfig": {"headGroupSpec": {"template": pod(image, 2)}}}}


def config(value: str) -> Values:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "llm"},
        "data": {"A": value},
    }


READS = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "A"}}}]}
CLAIM = {"pvcStorage": "50Gi", "pvcAccessMode": ["ReadWriteOnce"]}


@dataclass(frozen=True)
class Row:
    before: Values
    after: Values
    risks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By id: severity, and a part of the message."""
    rollouts: list[tuple[Any, ...]] | None = None
    """Kind, why, replicas, the fewest that are ready, seconds; None where the row is not about them."""
    hangs: tuple[bool | None, bool | None] | None = None
    """`deadlock` and `certain` of the first pool."""


ROWS: dict[str, Row] = {
    "no model is left": Row(values(), values([]) | {"servingEngineSpec": {"modelSpec": []}},
        {"removal": ("warning", "model `llama` goes with 2 replicas and 2 GPUs")}, []),
    "a model is turned off": Row(values(), one({"enabled": False}), {"removal": ("warning", "nothing takes its place")}, []),
    "the router is turned off": Row(values(), values(routerSpec={"enableRouter": False}),
        {"removal": ("error", "the router goes with 1 replica"), "unreachable": ("error", "r-router-service.llm:80")}, []),
    "the port of the engines": Row(values(), values(servingEngineSpec={"containerPort": 8100}),
        {"outage": ("warning", "for 4 min to 4 min 30 s: the router asks port 8100")}),
    "no key any more": Row(values(servingEngineSpec=KEY), values(), {"outage": ("warning", "the router sends no API key")}),
    "a key": Row(values(), values(servingEngineSpec=KEY), {"unreachable": ("error", "answered 401")}),
    "the namespace": Row(values(), values(gitops={"namespace": "ai"}),
        {"outage": ("warning", "is not served for 5 min"), "unreachable": ("error", "r-router-service.ai:80` is new")}),
    "the release": Row(values(), values(gitops={"release": "s"}),
        {"outage": ("warning", "is not served for 5 min"), "unreachable": ("error", "s-router-service.llm:80` is new")}),
    "the name of a model": Row(values(), one({"name": "chat"}), {"outage": ("warning", "is not served for 5 min")},
        [("Deployment", "new", 2, 0, 300)]),
    "the port of the router": Row(values(), values(routerSpec={"servicePort": 8080}),
        {"unreachable": ("error", "r-router-service.llm:8080` is new")}, []),
    "a tag, one replica in place": Row(one({"replicaCount": 1}, IN_PLACE), one({"replicaCount": 1}, IN_PLACE, BUMP),
        {"outage": ("warning", "no replica is ready for 5 min")}, [("Deployment", "restart", 1, 0, 300)]),
    "a claim of one node beside a surge": Row(one({"replicaCount": 1}, SURGE, CLAIM, gitops={"capacity": WIDE}), one({"replicaCount": 1}, SURGE, CLAIM, BUMP, gitops={"capacity": WIDE}),
        {"rollout-stuck": ("warning", "waits in ContainerCreating")}, hangs=(True, False)),
    "a claim of one node for two replicas": Row(one({"replicaCount": 1}, CLAIM, gitops={"capacity": WIDE}), one(CLAIM, gitops={"capacity": WIDE}),
        {"rollout-stuck": ("warning", "is ReadWriteOnce")}, hangs=(True, False)),
    "all on one node": Row(*(one({"requestGPU": 4, "nodeName": "a"}, SURGE, each) for each in ({}, BUMP)),
        {"rollout-stuck": ("error", "all pods are on node `a`, which has 8 GPUs, and 12 are needed")}, hangs=(True, True)),
    "a selector that the pool contradicts": Row(
        *(one({"nodeSelectorTerms": OF_A100, "gitops": {"pool": "h100"}}, SURGE, each, gitops={"capacity": POOLS[::-1]}) for each in ({}, BUMP)),
        {"gpu-deadlock": ("error", "0 of 2 GPUs in pool `a100` are free")}, hangs=(True, True)),
    "nodes that are ruled out": Row(
        *(one({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": NOT_H100}}}}, SURGE, each, gitops={"capacity": POOLS[::-1]}) for each in ({}, BUMP)),
        {"gpu-deadlock": ("error", "0 of 2 GPUs in pool `a100` are free")}, hangs=(True, True)),
    "a StatefulSet": Row(*(extra(workload("StatefulSet", pod(each), replicas=2, serviceName="x")) for each in ("v1", "v2")),
        {"restart": ("note", "2 replicas restart")}, [("StatefulSet", "restart", 2, 1, None)]),
    "a DaemonSet": Row(*(extra(workload("DaemonSet", pod(each))) for each in ("v1", "v2")),
        {"restart": ("note", "the pod on every node restarts")}, [("DaemonSet", "restart", None, None, None)], (None, None)),
    "a Job": Row(extra(count=4), extra(workload("Job", pod(gpus=4, restartPolicy="Never"), "batch/v1"), count=4),
        {"gpu-shortage": ("error", "its pods ask for 4 GPUs, and 2 of 4 in pool `h100` are free")}),
    "a RayService": Row(extra(ray("v1"), count=4), extra(ray("v2"), count=4),
        {"gpu-deadlock": ("error", "a second cluster (2 GPUs) must be ready before the first is removed")}, hangs=(True, True)),
    "a class that nobody makes": Row(one(IN_PLACE), one(IN_PLACE, {"priorityClassName": "nope"}),
        {"not-judged": ("warning", "PriorityClass `nope` is made by nothing here")}, hangs=(None, None)),
    "a Deployment that goes on after a pause": Row(*(extra(workload("Deployment", pod(), replicas=2, paused=each)) for each in (True, False)),
        {"restart": ("note", "what was held back is rolled out")}, [("Deployment", "restart", 2, 2, None)]),
    "a config map that is read at the start": Row(one(READS) | {"extraObjects": [config("1")]}, one(READS) | {"extraObjects": [config("2")]},
        {"not-applied": ("warning", "which is read when they start")}, []),
    "a tag, and what is asked meanwhile": Row(values(), one(BUMP), {"requests-cut": ("note", "nothing lets the engine finish them")}),
    "a claim of static volumes that grows": Row(*(one({"pvcStorage": each, "storageClass": ""}) for each in ("50Gi", "100Gi")),
        {"immutable-field": ("error", "spec.resources.requests.storage")}),
    "a namespace that is made elsewhere": Row(values(gitops={"createNamespace": True}), values(), {}, []),
    "shorter requests": Row(*(one({"vllmConfig": {"maxModelLen": each}}) for each in (65536, 8192)),
        {"unreachable": ("warning", "more than 8,192 tokens")}),
    "another routing": Row(values(routerSpec={"routingLogic": "session", "sessionKey": "x"}), values(),
        {"cold-cache": ("note", "sessions are spread anew")}),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_a_cluster_makes_of_it(name: str) -> None:
    row = ROWS[name]
    result = reviewed(row.before, row.after)
    for id, (severity, message) in row.risks.items():
        found = [(level, said) for level, _, said in told(result, id)]
        assert any(level == severity and message in said for level, said in found), found
    errors = {risk.id for risk in result.risks if str(risk.severity) == "error"}
    assert errors == {id for id, (severity, _) in row.risks.items() if severity == "error"}
    if row.rollouts is not None:
        rolled = [each for each in result.rollouts if each.name != "r-deployment-router"]
        assert [(each.kind, each.why, each.replicas, each.min_ready, each.seconds) for each in rolled] == row.rollouts
    if row.hangs is not None:
        assert (result.gpus[0].deadlock, result.gpus[0].certain) == row.hangs
