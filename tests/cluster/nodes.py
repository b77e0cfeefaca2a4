"""Nodes with GPUs that exist on paper: KWOK keeps them ready."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.cluster.kubectl import Kubectl, Object, wait_until

GPU = "nvidia.com/gpu"
PRODUCT = "nvidia.com/gpu.product"


def gpu_node(name: str, gpus: int, *, labels: Mapping[str, str] | None = None, taints: list[Object] | None = None) -> Object:
    """A Node with so many GPUs and more of everything else than any test asks for."""
    capacity = {"cpu": "256", "memory": "4Ti", "ephemeral-storage": "10Ti", "pods": "500", GPU: str(gpus)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {"taints": taints} if taints else {},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def add_nodes(kubectl: Kubectl, nodes: list[Object]) -> None:
    """Add nodes and wait until the scheduler may use them."""
    for node in nodes:
        kubectl("create", "-f", "-", stdin=json.dumps(node))
    names = {node["metadata"]["name"] for node in nodes}
    wait_until(lambda: names <= _usable(kubectl), f"nodes ready: {sorted(names)}")


def _usable(kubectl: Kubectl) -> set[str]:
    usable = set()
    for node in kubectl.list("nodes"):
        ready = any(each["type"] == "Ready" and each["status"] == "True" for each in node["status"].get("conditions", ()))
        held = any(each["key"].startswith("node.kubernetes.io/") for each in node["spec"].get("taints", ()))
        if ready and not held:
            usable.add(node["metadata"]["name"])
    return usable



