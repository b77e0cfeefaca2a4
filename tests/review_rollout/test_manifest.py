"""What is read from a workload's manifest: GPUs, pool, strategy, replicas, start-up bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from llmstack.kubernetes.accelerators import gpus_of_pod
from llmstack.kubernetes.probes import start_up_bounds
from llmstack.kubernetes.quantities import quantity
from llmstack.kubernetes.replicas import model_of, replicas_of, scalers
from llmstack.kubernetes.workloads import strategy_of
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.placement import pool_of
from llmstack.review.rollout.template import template_of

GPU = "nvidia.com/gpu"


def container(count: Any, resource: str = GPU, **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"limits": {resource: count}}, **more}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ({"containers": [container("2")]}, (GPU, 2)),
        ({"containers": [container(1), container("1")]}, (GPU, 2)),
        ({"containers": [{"resources": {"requests": {GPU: "4"}}}]}, (GPU, 4)),
        ({"containers": [{"resources": {"requests": {GPU: "4"}, "limits": {GPU: "4"}}}]}, (GPU, 4)),
        ({"containers": [container("1")], "initContainers": [container("3")]}, (GPU, 3)),
        (
            {"containers": [container("1")], "initContainers": [container("1", restartPolicy="Always")]},
            (GPU, 2),
        ),
        (
            {
                "containers": [container("1")],
                "initContainers": [container("1", restartPolicy="Always"), container("2")],
            },
            (GPU, 3),
        ),
        ({"containers": [container("2", "nvidia.com/mig-1g.10gb")]}, ("nvidia.com/mig-1g.10gb", 2)),
        ({"containers": [container("2", "amd.com/gpu")]}, ("amd.com/gpu", 2)),
        ({"containers": [container("8000", "nvidia.com/gpumem")]}, ("", 0)),
        ({"containers": [container("1", "rdma/hca")]}, ("", 0)),
        ({"containers": [container("0")]}, ("", 0)),
        ({"containers": [{"name": "c"}]}, ("", 0)),
        ({}, ("", 0)),
    ],
)
def test_gpus_of_a_pod(pod: dict[str, Any], expected: tuple[str, int]) -> None:
    assert gpus_of_pod(pod) == expected


def test_a_declared_resource_is_counted() -> None:
    assert gpus_of_pod({"containers": [container("3", "example.com/npu")]}, ["example.com/npu"]) == (
        "example.com/npu",
        3,
    )


PRODUCT = "nvidia.com/gpu.product"
H100 = Pool("h100", GPU, 16, 8, {PRODUCT: "H100"})
A100 = Pool("a100", GPU, 16, 8, {PRODUCT: "A100"})
ANY = Pool("any", GPU, 16)


def affinity(*terms: dict[str, list[str]]) -> dict[str, Any]:
    selector = [
        {"matchExpressions": [{"key": key, "operator": "In", "values": values} for key, values in term.items()]}
        for term in terms
    ]
    return {
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": selector}}
        }
    }


@pytest.mark.parametrize(
    ("pod", "pools", "expected"),
    [
        ({"nodeSelector": {PRODUCT: "H100"}}, [A100, H100], "h100"),
        ({"nodeSelector": {PRODUCT: "H100"}}, [H100, ANY], "h100"),
        ({"nodeSelector": {PRODUCT: "L4"}}, [A100, H100], None),
        ({"nodeSelector": {PRODUCT: "L4"}}, [H100], None),
        ({"nodeSelector": {PRODUCT: "L4"}}, [H100, ANY], "any"),
        ({}, [H100], "h100"),
        ({}, [H100, A100], None),
        ({}, [], None),
        (affinity({PRODUCT: ["A100"]}), [A100, H100], "a100"),
        (affinity({PRODUCT: ["A100", "H100"]}), [A100, H100], None),
        (affinity({PRODUCT: ["A100"]}, {PRODUCT: ["H100"]}), [A100, H100], None),
        (affinity({PRODUCT: ["L4"]}, {PRODUCT: ["H100"]}), [A100, H100], "h100"),
        ({}, [Pool("tpu", "google.com/tpu", 4)], None),
    ],
)
def test_pool_by_labels(pod: dict[str, Any], pools: list[Pool], expected: str | None) -> None:
    assert pool_of(pod, GPU, "llama", Facts(pools=tuple(pools))) == expected


def test_a_named_pool_wins() -> None:
    facts = Facts(pools=(A100, H100), pool_of={"llama": "a100"})
    assert pool_of({}, GPU, "llama", facts) == "a100"
    assert pool_of({"nodeSelector": {PRODUCT: "A100"}}, GPU, "llama", facts) == "a100"


def test_a_named_pool_that_the_pod_rules_out_is_not_its_own() -> None:
    """The scheduler reads the selector."""
    facts = Facts(pools=(A100, H100), pool_of={"llama": "a100"})
    assert pool_of({"nodeSelector": {PRODUCT: "H100"}}, GPU, "llama", facts) == "h100"
    assert pool_of({"nodeSelector": {PRODUCT: "L4"}}, GPU, "llama", facts) is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"operator": "NotIn", "values": ["A100"]}, "h100"),
        ({"operator": "NotIn", "values": ["A100", "H100"]}, None),
        ({"operator": "NotIn", "values": ["L4"]}, None),
        ({"operator": "DoesNotExist"}, None),
        ({"operator": "Exists"}, None),
    ],
)
def test_nodes_that_affinity_rules_out(expression: dict[str, Any], expected: str | None) -> None:
    term = {"matchExpressions": [{"key": PRODUCT, **expression}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    pod = {"affinity": {"nodeAffinity": required}}
    assert pool_of(pod, GPU, "llama", Facts(pools=(A100, H100))) == expected


def rolling(surge: Any, unavailable: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "spec": {"strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}},
    }


@pytest.mark.parametrize(
    ("obj", "replicas", "expected"),
    [
        (rolling("25%", "25%"), 3, (1, 0, False)),
        (rolling("25%", "25%"), 8, (2, 2, False)),
        (rolling(0, "25%"), 3, (0, 1, False)),
        (rolling(5, 0), 2, (2, 0, False)),
        (rolling(None, None), 4, (1, 1, False)),
        (rolling("0", "2"), 4, (0, 2, False)),
        (rolling(0, 9), 4, (0, 4, False)),
        ({"kind": "Deployment"}, 1, (1, 0, False)),
        ({"kind": "Deployment", "spec": {"strategy": {"type": "Recreate"}}}, 3, (0, 3, True)),
        ({"kind": "LeaderWorkerSet"}, 3, (0, 1, False)),
        (
            {
                "kind": "LeaderWorkerSet",
                "spec": {"rolloutStrategy": {"rollingUpdateConfiguration": {"maxSurge": 1}}},
            },
            3,
            (1, 1, False),
        ),
        ({"kind": "RayCluster"}, 1, (0, 1, True)),
    ],
)
def test_strategy(obj: dict[str, Any], replicas: int, expected: tuple[int, int, bool]) -> None:
    assert strategy_of(obj, replicas) == expected


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ({}, (None, None)),
        (
            {"startupProbe": {"exec": {}, "initialDelaySeconds": 15, "periodSeconds": 10, "failureThreshold": 60}},
            (15, 615),
        ),
        (
            {
                "startupProbe": {"exec": {}, "failureThreshold": 120},
                "readinessProbe": {"exec": {}, "initialDelaySeconds": 60},
            },
            (60, 1200),
        ),
        (
            {"readinessProbe": {"exec": {}, "initialDelaySeconds": 5, "periodSeconds": 5, "successThreshold": 3}},
            (15, None),
        ),
        ({"livenessProbe": {"exec": {}, "initialDelaySeconds": 30}}, (None, 60)),
        (
            {
                "startupProbe": {"exec": {}, "periodSeconds": 5},
                "readinessProbe": {"exec": {}, "initialDelaySeconds": 30},
            },
            (30, 30),
        ),
    ],
)
def test_start_up_bounds(probes: dict[str, Any], expected: tuple[int | None, int | None]) -> None:
    assert start_up_bounds({"containers": [{"name": "vllm", **probes}, {"name": "sidecar"}]}) == expected


def test_replicas() -> None:
    hpa = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "s"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "minReplicas": 3},
    }
    keda = {"kind": "ScaledObject", "metadata": {"name": "s"}, "spec": {"scaleTargetRef": {"name": "b"}}}
    owned = scalers([hpa, keda])
    assert owned == {("Deployment", "", "a"): 3, ("Deployment", "", "b"): 1}
    named = {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {}}
    assert replicas_of(named, owned) == 3
    for stated, there in ((7, 7), (0, 0), (2, 3)):
        one = {**named, "spec": {"replicas": stated}}
        assert replicas_of(one, scalers([hpa, one])) == there
    assert replicas_of(named, {}) == 1
    assert replicas_of({**named, "metadata": {"name": "a", "namespace": "other"}}, owned) == 1
    assert replicas_of({"kind": "RayCluster", "metadata": {"name": "a"}, "spec": {"suspend": True}}, {}) == 0


def test_models() -> None:
    engine = {"app.kubernetes.io/component": "engine", "app.kubernetes.io/name": "llama"}
    router = {"app.kubernetes.io/component": "router", "app.kubernetes.io/name": "router"}
    assert model_of({"metadata": {"labels": engine}}) == "llama"
    assert model_of({"metadata": {"labels": router}}) is None
    assert model_of({"metadata": {"labels": {"model": "opt"}}}) == "opt"
    assert model_of({"metadata": {}, "spec": {"template": {"metadata": {"labels": {"model": "opt"}}}}}) == "opt"
    assert model_of({"metadata": {"name": "x"}}) is None
    chart = {"app.kubernetes.io/component": "serving-engine", "app.kubernetes.io/name": "opt", "model": "opt"}
    assert model_of({"metadata": {"labels": chart}}) == "opt"


def test_a_group_is_one_replica() -> None:
    pod = {"spec": {"containers": [container("4")], "terminationGracePeriodSeconds": 90}}
    lws = {
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "a"},
        "spec": {"leaderWorkerTemplate": {"size": 3, "workerTemplate": pod}},
    }
    template = template_of(lws, Facts(pools=(ANY,)), 600)
    assert (template.gpus, template.pool, template.grace, template.load) == ((4, 4, 4), ("any", GPU), 90, 600)
    head = {"spec": {"containers": [{"name": "head"}]}}
    ray = {
        "kind": "RayCluster",
        "metadata": {"name": "a"},
        "spec": {
            "headGroupSpec": {"template": head},
            "workerGroupSpecs": [{"replicas": 2, "template": pod}, {"replicas": 0, "template": pod}],
        },
    }
    assert template_of(ray, Facts(), None).gpus == (4, 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        (2, 2),
        ("1500m", Fraction(3, 2)),
        ("2Gi", 2 << 30),
        ("1e3", 1000),
        ("0.5", Fraction(1, 2)),
        ("10G", 10**10),
        ("1E", 10**18),
    ],
)
def test_quantities(text: Any, value: Any) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1 Gi", "1gi", None, True, [], "--1"])
def test_not_quantities(text: Any) -> None:
    assert quantity(text) is None
