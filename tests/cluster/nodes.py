"""What a cluster has before anything is applied: nodes with GPUs, storage, a runtime. KWOK keeps the nodes ready."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.cluster.kubectl import Kubectl, Object, condition, wait_until

GPU = "nvidia.com/gpu"
PRODUCT = "nvidia.com/gpu.product"
STORAGE_CLASS = "local"

RUNTIME_CLASS = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": "nvidia"},
    "handler": "nvidia",
}
DEFAULT_STORAGE = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": STORAGE_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kubernetes.io/no-provisioner",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowVolumeExpansion": True,
}
"""The default class: claims bind to volumes that are there, once a pod comes."""


def gpu_node(name: str, gpus: int, labels: Mapping[str, str] | None = None) -> Object:
    """A Node with so many GPUs, and more of everything else than any test asks for."""
    capacity = {"cpu": "256", "memory": "4Ti", "ephemeral-storage": "10Ti", "pods": "500", GPU: str(gpus)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


@contextmanager
def nodes(kubectl: Kubectl, *wanted: Object) -> Iterator[None]:
    """Have nodes while the block runs; it starts when the scheduler may use them."""
    for node in wanted:
        kubectl("create", "-f", "-", stdin=json.dumps(node))
    names = {node["metadata"]["name"] for node in wanted}
    try:
        wait_until(lambda: names <= _usable(kubectl), f"nodes ready: {sorted(names)}")
        yield
    finally:
        kubectl("delete", "nodes", *sorted(names))


def volumes(objects: Iterable[Mapping[str, Any]]) -> Iterator[Object]:
    """Yield a PersistentVolume of the default class for each claim that names no class."""
    for claim in objects:
        if claim["kind"] == "PersistentVolumeClaim" and "storageClassName" not in claim["spec"]:
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"for-{claim['metadata']['name']}"},
                "spec": {
                    "storageClassName": STORAGE_CLASS,
                    "accessModes": claim["spec"]["accessModes"],
                    "capacity": {"storage": "10Ti"},
                    "hostPath": {"path": "/var/lib/models"},
                },
            }


def _usable(kubectl: Kubectl) -> set[str]:
    """The nodes that are ready and that nothing keeps pods away from."""
    usable = set()
    for node in kubectl.items("nodes"):
        taints = [taint["key"] for taint in node["spec"].get("taints", ())]
        if condition(node, "Ready").get("status") == "True" and not any(
            key.startswith("node.kubernetes.io/") for key in taints
        ):
            usable.add(node["metadata"]["name"])
    return usable
