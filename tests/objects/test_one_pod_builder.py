"""Deployment, RayCluster and LeaderWorkerSet come of one pod builder: a key does the same in all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.objects.support import env_of, objects_of, one, pods

RICH = """
servingEngineSpec:
  vllmApiKey: {secretName: keys, secretKey: api}
  configs: {LOG: info}
  extraPorts: [{name: metrics, port: 9400, targetPort: 9400}]
  tolerations: [{key: gpu, operator: Exists}]
  schedulerName: slow
  securityContext: {fsGroup: 1000}
  containerSecurityContext: {runAsUser: 1000}
  labels: {team: a}
  modelSpec:
  - name: llama
    repository: vllm/vllm-openai
    tag: v0.11.2
    modelURL: meta-llama/Llama-3.1-8B-Instruct
    replicaCount: 3
    requestCPU: 4
    requestMemory: 32Gi
    requestGPU: 2
    pvcStorage: 50Gi
    hf_token: {secretName: hf, secretKey: token}
    envFromSecret: {name: s3}
    env: [{name: A, value: b}]
    podLabels: {pod: x}
    podAnnotations: {note: y}
    labels: {own: z}
    annotations: {top: w}
    serviceAccountName: runner
    priorityClassName: high
    imagePullSecret: registry
    nodeSelector: {disk: fast}
    nodeSelectorTerms: [{matchExpressions: [{key: k, operator: Exists}]}]
    tolerations: [{key: model, operator: Exists}]
    chatTemplate: "{{ messages }}"
    extraVolumes: [{name: more, emptyDir: {}}]
    extraVolumeMounts: [{name: more, mountPath: /more}]
    initContainer: {name: fetch, image: busybox, mountPvcStorage: true}
    vllmConfig: {tensorParallelSize: 2, maxModelLen: 4096, extraArgs: [--seed, "1"]}
    lmcacheConfig: {enabled: true, diskOffloadingBufferSize: 10Gi}
    WORKLOAD
sharedStorage: {enabled: true}
"""
KINDS = {
    "Deployment": "",
    "RayCluster": "raySpec: {enabled: true, headNode: {requestCPU: 4, requestMemory: 32Gi, requestGPU: 2,"
    " initContainer: {name: fetch, image: busybox, mountPvcStorage: true}}}",
    "LeaderWorkerSet": "lwsSpec: {enabled: true, size: 2}",
}
OWN_ENV = {"POD_IP", "VLLM_HOST_IP", "EXPECTED_NODES", "PROMETHEUS_MULTIPROC_DIR"}


def workload(kind: str) -> dict[str, Any]:
    values = RICH.replace("WORKLOAD", KINDS[kind])
    return one(values, kind, None if kind != "Deployment" else "llmstack-llama-deployment-vllm")


@pytest.mark.parametrize("kind", ["RayCluster", "LeaderWorkerSet"])
@pytest.mark.parametrize("role", ["serves", "works"])
def test_pods_agree_with_the_deployments(kind: str, role: str) -> None:
    """Everything but command, own environment, own volumes and, in a worker, ports and probes."""
    model = pods(workload("Deployment"))["serves"]["spec"]
    pod = pods(workload(kind))[role]["spec"]
    serving = {"ports", "startupProbe", "livenessProbe", "readinessProbe"}
    container, wanted = dict(pod["containers"][0]), dict(model["containers"][0])
    assert not serving & container.keys() if role == "works" else serving <= container.keys()
    env, wanted_env = env_of(container), env_of(wanted)
    assert {k: v for k, v in env.items() if k not in OWN_ENV} == {
        k: v for k, v in wanted_env.items() if k not in OWN_ENV
    }
    assert env["VLLM_HOST_IP"] == wanted_env["POD_IP"]
    mounts = [m for m in container["volumeMounts"] if m["mountPath"] not in ("/scripts", "/entrypoint")]
    assert mounts == wanted["volumeMounts"]
    left_out = {"name", "command", "args", "env", "volumeMounts", *(serving if role == "works" else ())}
    assert {k: v for k, v in container.items() if k not in left_out} == {
        k: v for k, v in wanted.items() if k not in left_out
    }
    own = {"containers", "volumes", "terminationGracePeriodSeconds"}
    assert {k: v for k, v in pod.items() if k not in own} == {k: v for k, v in model.items() if k not in own}
    assert [v for v in pod["volumes"] if not v["name"].endswith("-script")] == model["volumes"]


@pytest.mark.parametrize("kind", KINDS)
def test_service_and_budget_find_exactly_the_pods_that_serve(kind: str) -> None:
    values = RICH.replace("WORKLOAD", KINDS[kind] + "\n    pdb: {enabled: true, minAvailable: 1}")
    found = objects_of(values)
    roles = pods(workload(kind))
    budget = found["PodDisruptionBudget", "llmstack-llama-pdb-vllm"]["spec"]["selector"]["matchLabels"]
    for selector in (found["Service", "llmstack-llama-engine-service"]["spec"]["selector"], budget):
        assert selector.keys() <= roles["serves"]["metadata"]["labels"].keys()
        assert selector.items() <= roles["serves"]["metadata"]["labels"].items()
        if "works" in roles:
            assert not selector.items() <= roles["works"]["metadata"]["labels"].items()


@pytest.mark.parametrize("kind", KINDS)
def test_the_router_finds_exactly_the_pods_that_serve(kind: str) -> None:
    values = RICH.replace("WORKLOAD", KINDS[kind])
    args = one(values, "Deployment", "llmstack-deployment-router")["spec"]["template"]["spec"]["containers"][0]["args"]
    wanted = dict(pair.split("=") for pair in args[args.index("--k8s-label-selector") + 1].split(","))
    for role, pod in pods(workload(kind)).items():
        assert (wanted.items() <= pod["metadata"]["labels"].items()) is (role == "serves")


@pytest.mark.parametrize("kind", KINDS)
def test_user_labels_and_annotations_are_on_object_and_pods(kind: str) -> None:
    found = workload(kind)
    assert found["metadata"]["labels"].items() >= {"team": "a", "own": "z", "model": "llama"}.items()
    assert found["metadata"]["annotations"]["top"] == "w"
    for pod in pods(found).values():
        labels, annotations = pod["metadata"]["labels"], pod["metadata"]["annotations"]
        assert labels.items() >= {"team": "a", "own": "z", "pod": "x", "helm-release-name": "llmstack"}.items()
        assert annotations["note"] == "y"
        assert len(annotations["checksum/config"]) == 64


@pytest.mark.parametrize("kind", ["RayCluster", "LeaderWorkerSet"])
def test_a_model_has_one_workload(kind: str) -> None:
    names = [(k, n) for k, n in objects_of(RICH.replace("WORKLOAD", KINDS[kind])) if k == "Deployment"]
    assert names == [("Deployment", "llmstack-deployment-router")]
