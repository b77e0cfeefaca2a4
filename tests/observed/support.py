"""Objects as a cluster has them, and files that hold them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

from llmstack.observed.documents import Source
from llmstack.observed.observation import Observation, observe

Object = dict[str, Any]


def source(text: str, name: str = "cluster.json") -> Source:
    return Source(name, io.StringIO(text).read)


def seen(*objects: Object) -> Observation:
    """What a list of objects shows."""
    return observe([source(listed(objects))])


def listed(objects: Iterable[Object]) -> str:
    """As `kubectl get -o json` prints them."""
    return json.dumps({"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {}}, indent=4)


def event(type: str, obj: Object) -> str:
    """As `kubectl get --watch --output-watch-events -o json` prints it."""
    return json.dumps({"type": type, "object": obj}, indent=4) + "\n"


def meta(kind: str, name: str, namespace: str = "", **more: Any) -> Object:
    """The beginning of an object."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **where, **more}}


def node(name: str, gpus: int = 8, *, version: int = 1, **spec: Any) -> Object:
    """A node of so many H100s; what is not its specification: `labels`."""
    labels = spec.pop("labels", {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"})
    allocatable = {"cpu": "95500m", "memory": "734003200Ki", "pods": "110"}
    if gpus:
        allocatable["nvidia.com/gpu"] = str(gpus)
    status = {
        "allocatable": allocatable,
        "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-20T12:00:00Z"}],
        "nodeInfo": {"kubeletVersion": "v1.34.2"},
    }
    return {**meta("Node", name, labels=labels, resourceVersion=str(version)), "spec": spec, "status": status}


def pod(
    name: str,
    namespace: str = "llm",
    *,
    gpus: int = 1,
    on: str = "",
    image: str = "vllm/vllm-openai:v0.11.2",
    labels: dict[str, str] | None = None,
    load: int | None = None,
    phase: str = "Running",
    version: int = 1,
    priority: int = 0,
    restarts: int = 0,
) -> Object:
    """A pod, on a node or none; with `load` it was ready so many seconds after it was scheduled."""
    minutes, seconds = divmod(load or 0, 60)
    conditions = [
        {"type": "PodScheduled", "status": "True" if on else "False", "lastTransitionTime": "2026-11-20T10:00:00Z"}
    ]
    if load is not None:
        ready = f"2026-11-20T10:{minutes:02}:{seconds:02}Z"
        conditions.append({"type": "Ready", "status": "True", "lastTransitionTime": ready})
    container = {
        "name": "vllm",
        "image": image,
        "resources": {"limits": {"nvidia.com/gpu": str(gpus)} if gpus else {}, "requests": {"cpu": "8"}},
        "startupProbe": {"periodSeconds": 10, "failureThreshold": 90},
    }
    state = {"running": {"startedAt": "2026-11-20T10:00:10Z"}} if on else {"waiting": {"reason": "ContainerCreating"}}
    return {
        **meta("Pod", name, namespace, labels=labels or {}, resourceVersion=str(version)),
        "spec": {"nodeName": on or None, "priority": priority, "containers": [container]},
        "status": {
            "phase": phase,
            "conditions": conditions,
            "containerStatuses": [{"name": "vllm", "restartCount": restarts, "state": state}],
        },
    }
