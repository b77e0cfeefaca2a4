"""A model over several nodes with Ray: a RayCluster of one head, which serves, and replicaCount workers.

KubeRay (1.1 or later) leaves a container's command alone where the annotation
`ray.io/overwrite-container-cmd` is "true", and puts its own `ray start … --block` into
KUBERAY_GEN_RAY_START_CMD (docs.ray.io, "Specify container commands for Ray head/worker Pods"). So the start
script is the container's main process: when Ray or vLLM ends, the container ends, and the kubelet starts both
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import engine_container, engine_pod, labels, names
from llmstack.objects.arguments import ON_RAY, serve_arguments
from llmstack.objects.engine_container import Role
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.pod import env

OVERWRITE = {"ray.io/overwrite-container-cmd": "true"}
START_FOLDER, START_FILE = "/entrypoint", "vllm-entrypoint.sh"
WAIT_FOLDER, WAIT_FILE = "/scripts", "wait_for_ray.py"

START_SCRIPT = """\
set -u
# Starts the Ray head, waits until all nodes have joined, then runs the command given as arguments.
# Ends when Ray or the command ends: the container starts again, and both with it.
export PATH="/opt/venv/bin:$PATH"
ulimit -n 65536 || echo "the limit of open files stays at $(ulimit -n)"

/bin/bash -c "$KUBERAY_GEN_RAY_START_CMD" &
running="$!"
trap 'kill -TERM $running 2>/dev/null; wait; exit 143' TERM INT

until python3 /scripts/wait_for_ray.py; do
  kill -0 $running 2>/dev/null || { echo "ray start has ended"; exit 1; }
  sleep 5
done

"$@" &
running="$running $!"
wait -n
code="$?"
echo "ray or vLLM has ended with code $code"
kill -TERM $running 2>/dev/null
exit "$((code == 0 ? 1 : code))"
"""

WAIT_SCRIPT = '''\
"""Ends with 0 once as many Ray nodes are alive as EXPECTED_NODES says."""

import os
import sys

import ray

try:
    ray.init(address="auto", logging_level="ERROR", log_to_driver=False)
except (ConnectionError, RuntimeError) as error:
    sys.exit(f"Ray does not answer yet: {error}")

expected = int(os.environ["EXPECTED_NODES"])
alive = sum(1 for node in ray.nodes() if node["Alive"])
print(f"{alive} of {expected} Ray nodes are alive", flush=True)
sys.exit(alive < expected)
'''

START, WAIT = {START_FILE: START_SCRIPT}, {WAIT_FILE: WAIT_SCRIPT}

START_RAY = 'ulimit -n 65536; export PATH="/opt/venv/bin:$PATH"; exec /bin/bash -c "$KUBERAY_GEN_RAY_START_CMD"'
"""The command of a worker, without KubeRay's own login shell, which forgets the image's PATH."""


def build(stack: Stack, model: Model, unit: str) -> Iterator[Placed]:
    """Yield the RayCluster of a model and the config maps of its head's scripts."""
    yield place(unit, ray_cluster(stack, model))
    name = model.name or labels.ENGINE
    for slot, config_map, data in (
        ("configmap-start", names.start_script(stack, name), START),
        ("configmap-wait", names.wait_script(stack, name), WAIT),
    ):
        own = metadata(stack, config_map, labels.engine_labels(stack, model))
        yield place(unit, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": own, "data": data}, slot)


def ray_cluster(stack: Stack, model: Model) -> dict[str, Any]:
    """The RayCluster. Only the head has the label that Service and router select by."""
    name = model.name or labels.ENGINE
    spec = model.ray_spec
    upgrade = spec.upgrade_strategy.type if spec and spec.upgrade_strategy else None
    annotations = {**(model.annotations or {}), **OVERWRITE}
    own = labels.engine_labels(stack, model)
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": metadata(stack, names.ray_cluster(stack, name), own, annotations),
        "spec": {
            "upgradeStrategy": {"type": upgrade or "Recreate"},
            "headGroupSpec": {
                "serviceType": "ClusterIP",
                "rayStartParams": {"dashboard-host": "0.0.0.0"},
                "template": head(stack, model),
            },
            "workerGroupSpecs": [
                {
                    "groupName": "ray",
                    "replicas": workers(model),
                    "minReplicas": workers(model),
                    "maxReplicas": workers(model),
                    "rayStartParams": {},
                    "template": worker(stack, model),
                }
            ],
        },
    }


def workers(model: Model) -> int:
    """How many nodes join the head; one where `replicaCount: null` leaves it to Kubernetes' default."""
    return 1 if model.replica_count is None else model.replica_count


def head(stack: Stack, model: Model) -> dict[str, Any]:
    """The head's pod: it runs `vllm serve` once its workers have joined."""
    name = model.name or labels.ENGINE
    stated = model.ray_spec.head_node if model.ray_spec else None
    role = Role(
        container="vllm-ray-head",
        address="VLLM_HOST_IP",
        ray=True,
        env=(env("EXPECTED_NODES", workers(model) + 1),),
        resources=head_resources(model),
        readiness=stated.readiness_probe if stated else None,
        inits=(stated.init_container if stated else None) or (),
        scripts={
            WAIT_FOLDER: names.wait_script(stack, name),
            START_FOLDER: names.start_script(stack, name),
        },
    )
    command = ["/bin/bash", f"{START_FOLDER}/{START_FILE}", "vllm", "serve"]
    args = serve_arguments(stack, model, ON_RAY)
    serving = engine_container.container(stack, model, command, args, role)
    pod = engine_pod.pod_spec(stack, model, [serving, engine_container.sidecar(stack, model)], role)
    return {
        "metadata": {
            "labels": labels.engine_pod_labels(stack, model, model.pod_labels),
            "annotations": engine_pod.pod_annotations(stack, model, START, WAIT),
        },
        "spec": {**pod, "terminationGracePeriodSeconds": pod["terminationGracePeriodSeconds"] or 0},
    }


def worker(stack: Stack, model: Model) -> dict[str, Any]:
    """A worker's pod. It serves nothing; KubeRay adds probes of Ray itself."""
    role = Role(container="vllm-ray-worker", address="VLLM_HOST_IP", ray=True, serves=False)
    container = engine_container.container(stack, model, ["/bin/bash", "-c", START_RAY], [], role)
    own = labels.engine_pod_labels(stack, model, model.pod_labels, component=labels.ENGINE_WORKER)
    return {
        "metadata": {"labels": own, "annotations": engine_pod.pod_annotations(stack, model)},
        "spec": engine_pod.pod_spec(stack, model, [container], role),
    }


def head_resources(model: Model) -> dict[str, Any]:
    """What `raySpec.headNode` requests; the model's own where it says nothing of the head."""
    stated = model.ray_spec.head_node if model.ray_spec else None
    if stated is None:
        return engine_container.resources(model) or {}
    fields = ("resources", "request_cpu", "request_memory", "request_gpu", "limit_cpu", "limit_memory")
    others = (
        "request_gpu_mem",
        "request_gpu_mem_percentage",
        "request_gpu_cores",
        "limit_gpu_mem",
        "limit_gpu_mem_percentage",
        "limit_gpu_cores",
    )
    sizes = {field: getattr(stated, field) for field in fields} | dict.fromkeys(others)
    return engine_container.resources(model.model_copy(update=sizes)) or {}
