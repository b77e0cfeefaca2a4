"""A pod restarts where `diff` says so, and nowhere else: each change of one key, against the ReplicaSets that come of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kubectl import Kubectl, namespace, wait_until
from tests.cluster.repository import new_repository

NAMESPACE = "restarts"
FIRST, SECOND = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
TOLERATION = {"key": "gpu", "value": "true", "effect": "NoSchedule"}
SETTINGS, SCRATCH = {"name": "settings", "configMap": {"name": "settings"}}, {"name": "scratch", "emptyDir": {}}
MODEL: dict[str, Any] = {
    "repository": "vllm/vllm-openai",
    "tag": "v0.11.2",
    "modelURL": "Qwen/Qwen2.5-1.5B-Instruct",
    "requestCPU": 1,
    "requestMemory": "1Gi",
    "env": [FIRST, SECOND],
    "tolerations": [TOLERATION],
    "podAnnotations": {"a": "1", "b": "2"},
    "extraVolumes": [SETTINGS, SCRATCH],
    "pvcStorage": "10Gi",
    "vllmConfig": {"maxModelLen": 4096},
}
"""What every model is before its change."""

CHANGES: dict[str, dict[str, Any]] = {
    "image": {"tag": "v0.12.0"},
    "registry": {"repository": "docker.io/vllm/vllm-openai"},
    "digest": {"tag": "sha256:" + "0" * 64},
    "pull-policy": {"imagePullPolicy": "IfNotPresent"},
    "pull-policy-as-before": {"imagePullPolicy": "Always"},
    "pull-secret": {"imagePullSecret": "registry"},
    "model": {"modelURL": "Qwen/Qwen2.5-3B-Instruct"},
    "model-revision": {"modelRevision": "main"},
    "max-model-len": {"vllmConfig": {"maxModelLen": 8192}},
    "max-num-seqs": {"vllmConfig": {"maxNumSeqs": 64}},
    "dtype": {"vllmConfig": {"dtype": "bfloat16"}},
    "prefix-caching": {"vllmConfig": {"enablePrefixCaching": False}},
    "extra-args": {"extraArgs": ["--enforce-eager"]},
    "tools": {"enableTool": True, "toolCallParser": "hermes"},
    "lora": {"enableLoRA": True},
    "chat-template": {"chatTemplate": "{{ messages[0].content }}"},
    "lmcache": {"lmcacheConfig": {"enabled": True, "cpuOffloadingBufferSize": "4"}},
    "cpu": {"requestCPU": 2},
    "cpu-in-millis": {"requestCPU": "1000m"},
    "memory": {"requestMemory": "2Gi"},
    "memory-in-mebi": {"requestMemory": "1024Mi"},
    "limit": {"limitMemory": "4Gi"},
    "limit-as-request": {"limitMemory": "1Gi"},
    "env-value": {"env": [FIRST, {"name": "B", "value": "3"}]},
    "env-added": {"env": [FIRST, SECOND, {"name": "C", "value": "3"}]},
    "env-added-empty": {"env": [FIRST, SECOND, {"name": "C"}]},
    "env-order": {"env": [SECOND, FIRST]},
    "env-from-field": {"env": [FIRST, SECOND, {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
    "env-from-secret": {"envFromSecret": {"name": "more"}},
    "token": {"hf_token": {"secretName": "hugging-face", "secretKey": "token"}},
    "toleration-operator": {"tolerations": [{**TOLERATION, "operator": "Equal"}]},
    "toleration-key-order": {"tolerations": [dict(reversed(TOLERATION.items()))]},
    "toleration-gone": {"tolerations": []},
    "node-selector": {"nodeSelector": {"kubernetes.io/os": "linux"}},
    "node-selector-empty": {"nodeSelector": {}},
    "node-terms": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]},
    "affinity-empty": {"affinity": {}},
    "affinity": {"affinity": {"podAntiAffinity": {}}},
    "priority": {"priorityClassName": "system-cluster-critical"},
    "service-account": {"serviceAccountName": "engine"},
    "runtime-class": {"runtimeClassName": "nvidia"},
    "volume-order": {"extraVolumes": [SCRATCH, SETTINGS]},
    "volume-optional": {"extraVolumes": [{"name": "settings", "configMap": {"name": "settings", "optional": False}}, SCRATCH]},
    "volume-mode-as-before": {"extraVolumes": [{"name": "settings", "configMap": {"name": "settings", "defaultMode": 420}}, SCRATCH]},
    "volume-mounted": {"extraVolumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]},
    "init-container": {"initContainer": {"name": "init", "image": "busybox:1.37", "command": ["true"]}},
    "pod-annotation": {"podAnnotations": {"a": "1", "b": "3"}},
    "pod-annotation-order": {"podAnnotations": {"b": "2", "a": "1"}},
    "pod-label": {"podLabels": {"team": "search"}},
    "label": {"labels": {"team": "search"}},
    "annotation": {"annotations": {"team": "search"}},
    "claim": {"pvcStorage": "20Gi"},
    "claim-labels": {"pvcLabels": {"team": "search"}},
    "service-annotation": {"serviceAnnotations": {"team": "search"}},
    "budget": {"pdb": {"enabled": True, "minAvailable": 1}},
    "replicas": {"replicaCount": 2},
    "scaler": {"keda": {"enabled": True}},
    "load-time": {"gitops": {"loadTime": "5m"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def restarts(
    kubectl: Kubectl, custom_resources: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[bool, bool]]:
    """Whether the review says that a model's pods restart, and whether its Deployment made a ReplicaSet, by change."""
    repository = new_repository(tmp_path_factory.mktemp("restarts") / "work")
    repository.commit({"prod": _values({name: {} for name in CHANGES})})
    before = [each for each in repository.objects("overlays/prod") if each["kind"] == "Deployment"]
    repository.commit({"prod": _values(CHANGES)})
    after = [each for each in repository.objects("overlays/prod") if each["kind"] == "Deployment"]
    review = repository.reviews()["prod"]
    said = {each["name"] for each in review["objects"] if each["kind"] == "Deployment" and each["restarts"]}
    with kubectl.holding(namespace(NAMESPACE)):
        kubectl.apply(before)
        first = _replica_sets(kubectl)
        kubectl.apply(after)
        second = _replica_sets(kubectl)
    made = {name for name, number in second.items() if number > first[name]}
    return {name: (_deployment(name) in said, _deployment(name) in made) for name in CHANGES}


@pytest.mark.parametrize("change", CHANGES)
def test_a_restart_is_foretold(change: str, restarts: dict[str, tuple[bool, bool]]) -> None:
    foretold, happened = restarts[change]
    assert foretold == happened


def test_there_are_changes_of_both_kinds(restarts: dict[str, tuple[bool, bool]]) -> None:
    happened = [seen for _, seen in restarts.values()]
    assert min(happened.count(True), happened.count(False)) >= 15
    assert len(happened) >= 40


def _values(models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    specs = []
    for name, change in models.items():
        config = {**MODEL["vllmConfig"], **change.get("vllmConfig", {})}
        specs.append({"name": name, **MODEL, **change, "vllmConfig": config})
    engine = {"runtimeClassName": "", "imagePullPolicy": None, "modelSpec": specs}
    return {"servingEngineSpec": engine, "routerSpec": {"enableRouter": False}, "gitops": {"namespace": NAMESPACE}}


def _deployment(model: str) -> str:
    return f"llmstack-{model}-deployment-vllm"


def _replica_sets(kubectl: Kubectl) -> dict[str, int]:
    """How many ReplicaSets each Deployment has, once the controller has acted on what was applied last."""

    def observed() -> bool:
        found = kubectl.items("deployments", NAMESPACE)
        return all(each.get("status", {}).get("observedGeneration") == each["metadata"]["generation"] for each in found)

    wait_until(observed, "the Deployments observed")
    owners = [each["metadata"]["ownerReferences"][0]["name"] for each in kubectl.items("replicasets", NAMESPACE)]
    return {name: owners.count(name) for name in owners}
