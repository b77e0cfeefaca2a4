"""Keys that are empty or null: the default, as Helm's `default` reads them, or what Kubernetes would do."""

from __future__ import annotations

from tests.objects.support import MODEL, env_of, one, pods

SPREAD = MODEL.replace("requestGPU: 1", "requestGPU: 2") + "    vllmConfig: {tensorParallelSize: 2}\n"


def _shared_memory(values: str) -> dict[str, str]:
    volumes = pods(one(values, "Deployment", "llmstack-llama-deployment-vllm"))["serves"]["spec"]["volumes"]
    (volume,) = [volume for volume in volumes if volume["name"] == "shm"]
    found: dict[str, str] = volume["emptyDir"]
    return found


def test_an_empty_size_of_shared_memory_is_the_default() -> None:
    assert _shared_memory(SPREAD + "    shmSize: ''\n") == {"medium": "Memory", "sizeLimit": "20Gi"}


def test_no_size_of_shared_memory_is_no_limit() -> None:
    assert _shared_memory(SPREAD + "    shmSize: null\n") == {"medium": "Memory"}


def test_an_empty_size_of_the_shared_storage_is_the_default() -> None:
    claim = one("sharedStorage: {enabled: true, size: ''}\n", "PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"] == {"storage": "100Gi"}


def test_empty_triggers_are_the_default() -> None:
    for empty in ("{}", "[]", "null"):
        scaler = one(MODEL + f"    keda: {{enabled: true, triggers: {empty}}}\n", "ScaledObject")
        assert [trigger["type"] for trigger in scaler["spec"]["triggers"]] == ["prometheus"]


def test_a_ray_cluster_without_a_count_has_one_worker() -> None:
    cluster = one(MODEL + "    raySpec: {enabled: true}\n    replicaCount: null\n", "RayCluster")
    (group,) = cluster["spec"]["workerGroupSpecs"]
    assert (group["replicas"], group["minReplicas"], group["maxReplicas"]) == (1, 1, 1)
    assert env_of(pods(cluster)["serves"]["spec"]["containers"][0])["EXPECTED_NODES"] == "2"
