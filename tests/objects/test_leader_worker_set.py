"""LeaderWorkerSet: one engine over a group of pods."""

from __future__ import annotations

from tests.objects.support import MODEL, one, pods

LWS = MODEL + "    lwsSpec: {enabled: true, size: 4}\n"


def test_groups_and_size() -> None:
    spec = one(LWS + "    replicaCount: 2\n", "LeaderWorkerSet")["spec"]
    assert (spec["replicas"], spec["leaderWorkerTemplate"]["size"]) == (2, 4)
    assert spec["leaderWorkerTemplate"]["restartPolicy"] == "RecreateGroupOnPodRestart"


def test_leader_serves_and_workers_are_headless() -> None:
    roles = pods(one(LWS + "    vllmConfig: {extraArgs: [--seed, '1']}\n", "LeaderWorkerSet"))
    leader, worker = (roles[role]["spec"]["containers"][0]["args"] for role in ("serves", "works"))
    group = [
        "--distributed-executor-backend", "mp", "--pipeline-parallel-size", "$(LWS_GROUP_SIZE)",
        "--nnodes", "$(LWS_GROUP_SIZE)", "--node-rank", "$(LWS_WORKER_INDEX)",
        "--master-addr", "$(LWS_LEADER_ADDRESS)",
    ]  # fmt: skip
    model = "meta-llama/Llama-3.1-8B-Instruct"
    assert leader == [model, "--host", "0.0.0.0", "--port", "8000", *group, "--seed", "1"]
    assert worker == [model, *group, "--headless", "--seed", "1"]


def test_stated_pipeline_size_is_given_once() -> None:
    roles = pods(one(LWS + "    vllmConfig: {pipelineParallelSize: 1}\n", "LeaderWorkerSet"))
    for pod in roles.values():
        args = pod["spec"]["containers"][0]["args"]
        assert args.count("--pipeline-parallel-size") == 1
        assert args[args.index("--pipeline-parallel-size") + 1] == "1"


def test_keda_scales_groups() -> None:
    scaled = LWS + "    keda: {enabled: true, maxReplicaCount: 3}\n"
    assert "replicas" not in one(scaled, "LeaderWorkerSet")["spec"]
    assert one(scaled, "ScaledObject")["spec"]["scaleTargetRef"] == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "name": "llmstack-llama-lws",
    }
