"""A model over several nodes without Ray: a LeaderWorkerSet of groups, each one engine.

vLLM's multiprocessing spreads an engine over `--nnodes` pods (vLLM's documentation, "Parallelism and
scaling": each node has its `--node-rank` and the leader's `--master-addr`; all but the leader `--headless`).
The controller puts LWS_GROUP_SIZE, LWS_WORKER_INDEX and LWS_LEADER_ADDRESS into every container
(lws.sigs.k8s.io, "Labels, annotations and environment variables").
"""

from __future__ import annotations

from typing import Any

from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import engine_container, engine_pod, labels, names
from llmstack.objects.arguments import headless_arguments, serve_arguments, serve_command
from llmstack.objects.autoscaling import is_scaled
from llmstack.objects.engine_container import Role
from llmstack.objects.metadata import metadata

LEADER = Role(container="vllm-leader", address="VLLM_HOST_IP")
WORKER = Role(container="vllm-worker", address="VLLM_HOST_IP", serves=False)


def leader_worker_set(stack: Stack, model: Model) -> dict[str, Any]:
    """The LeaderWorkerSet; `replicas` counts groups, and is absent where a scaler owns it."""
    name = model.name or labels.ENGINE
    spec = model.lws_spec
    own = labels.engine_labels(stack, model)
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": metadata(stack, names.leader_worker_set(stack, name), own, model.annotations),
        "spec": {
            "replicas": None if is_scaled(model) else model.replica_count,
            "leaderWorkerTemplate": {
                "size": (spec.size if spec else None) or 2,
                "restartPolicy": (spec.restart_policy if spec else None) or "RecreateGroupOnPodRestart",
                "leaderTemplate": leader(stack, model),
                "workerTemplate": worker(stack, model),
            },
        },
    }


def leader(stack: Stack, model: Model) -> dict[str, Any]:
    """The leader's pod, which serves the API."""
    args = serve_arguments(stack, model, distributed(model))
    container = engine_container.container(stack, model, serve_command(model), args, LEADER)
    own = labels.engine_pod_labels(stack, model, {"vllm-role": "leader"}, model.pod_labels)
    return {
        "metadata": {"labels": own, "annotations": engine_pod.pod_annotations(stack, model)},
        "spec": engine_pod.pod_spec(stack, model, [container, engine_container.sidecar(stack, model)], LEADER),
    }


def worker(stack: Stack, model: Model) -> dict[str, Any]:
    """A worker's pod: the same engine, headless."""
    args = headless_arguments(model, distributed(model))
    container = engine_container.container(stack, model, serve_command(model), args, WORKER)
    more = ({"vllm-role": "worker"}, model.pod_labels)
    own = labels.engine_pod_labels(stack, model, *more, component=labels.ENGINE_WORKER)
    return {
        "metadata": {"labels": own, "annotations": engine_pod.pod_annotations(stack, model)},
        "spec": engine_pod.pod_spec(stack, model, [container], WORKER),
    }


def distributed(model: Model) -> list[str]:
    """How the engine spreads over its group: unset, in as many pipeline stages as pods (the chart's rule)."""
    stages = [] if model.vllm_config.pipeline_parallel_size else ["--pipeline-parallel-size", "$(LWS_GROUP_SIZE)"]
    nodes = ["--nnodes", "$(LWS_GROUP_SIZE)", "--node-rank", "$(LWS_WORKER_INDEX)"]
    return ["--distributed-executor-backend", "mp", *stages, *nodes, "--master-addr", "$(LWS_LEADER_ADDRESS)"]
