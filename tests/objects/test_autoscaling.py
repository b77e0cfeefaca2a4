"""KEDA and HorizontalPodAutoscaler: who owns the replicas."""

from __future__ import annotations

import pytest

from tests.objects.support import MODEL, objects_of, one

KEDA = MODEL + "    keda: {enabled: true, maxReplicaCount: 3%s}\n"
ENGINE = "llmstack-llama-deployment-vllm"


def test_a_scaled_deployment_states_no_replicas() -> None:
    assert "replicas" not in one(KEDA % "", "Deployment", ENGINE)["spec"]
    assert one(MODEL, "Deployment", ENGINE)["spec"]["replicas"] == 1


def test_what_is_not_set_is_left_to_keda() -> None:
    spec = one(KEDA % "", "ScaledObject")["spec"]
    assert spec.keys() == {"scaleTargetRef", "maxReplicaCount", "triggers"}
    assert one(KEDA % ", minReplicaCount: 0", "ScaledObject")["spec"]["minReplicaCount"] == 0


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ("", "meta-llama/Llama-3.1-8B-Instruct"),
        ("    vllmConfig: {extraArgs: [--served-model-name, llama]}\n", "llama"),
        ("    extraArgs: [--served_model_name=short, other]\n", "short"),
    ],
)
def test_the_default_trigger_asks_for_what_vllm_reports(extra: str, name: str) -> None:
    (trigger,) = one(KEDA % "" + extra, "ScaledObject")["spec"]["triggers"]
    assert trigger["type"] == "prometheus"
    asked = trigger["metadata"]["query"]
    assert asked == f'sum(vllm:num_requests_waiting{{model_name="{name}",namespace="default"}})'


@pytest.mark.parametrize("form", ["{type: cpu, metadata: {value: '5'}}", "[{type: cpu, metadata: {value: '5'}}]"])
def test_triggers_are_a_list(form: str) -> None:
    spec = one(KEDA % f", triggers: {form}", "ScaledObject")["spec"]
    assert spec["triggers"] == [{"type": "cpu", "metadata": {"value": "5"}}]


def test_advanced_and_fallback_without_what_is_empty() -> None:
    scaler = "horizontalPodAutoscalerConfig: {name: h, behavior: {}}"
    advanced = f"restoreToOriginalReplicaCount: false, {scaler}, scalingModifiers: {{target: '', formula: ''}}"
    stated = f", fallback: {{failureThreshold: 3, replicas: 2}}, advanced: {{{advanced}}}"
    spec = one(KEDA % stated, "ScaledObject")["spec"]
    assert spec["fallback"] == {"failureThreshold": 3, "replicas": 2}
    assert spec["advanced"] == {
        "restoreToOriginalReplicaCount": False,
        "horizontalPodAutoscalerConfig": {"name": "h"},
    }


def test_a_ray_cluster_is_not_scaled() -> None:
    kinds = {kind for kind, _ in objects_of(KEDA % "" + "    raySpec: {enabled: true}\n")}
    assert "ScaledObject" not in kinds
    assert "RayCluster" in kinds


def test_the_routers_scaler() -> None:
    values = MODEL + "routerSpec: {autoscaling: {enabled: true, maxReplicas: 5}}\n"
    assert "replicas" not in one(values, "Deployment", "llmstack-deployment-router")["spec"]
    spec = one(values, "HorizontalPodAutoscaler", "llmstack-router-hpa")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 5)
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
