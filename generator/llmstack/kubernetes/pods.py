"""Pods inside objects of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.finding import Route

Object = Mapping[str, Any]
"""A Kubernetes object as plain data."""

_TEMPLATES: dict[str, tuple[Route, ...]] = {
    "Pod": ((),),
    "Deployment": (("spec", "template"),),
    "ReplicaSet": (("spec", "template"),),
    "StatefulSet": (("spec", "template"),),
    "DaemonSet": (("spec", "template"),),
    "Job": (("spec", "template"),),
    "CronJob": (("spec", "jobTemplate", "spec", "template"),),
    "LeaderWorkerSet": (
        ("spec", "leaderWorkerTemplate", "leaderTemplate"),
        ("spec", "leaderWorkerTemplate", "workerTemplate"),
    ),
    "RayCluster": (("spec", "headGroupSpec", "template"), ("spec", "workerGroupSpecs", "*", "template")),
    "RayService": (
        ("spec", "rayClusterConfig", "headGroupSpec", "template"),
        ("spec", "rayClusterConfig", "workerGroupSpecs", "*", "template"),
    ),
}
"""Where the pod templates of a kind are; `*` is every item of a list."""


def pod_templates(object: dict[str, Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Yield each pod template of an object (a Pod is its own), with its route in the object."""
    for path in _TEMPLATES.get(str(object.get("kind")), ()):
        yield from _follow(object, path, ())


def pod_specs(object: dict[str, Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Yield the pod spec of each pod template of an object, with its route in the object."""
    for route, template in pod_templates(object):
        spec = template.get("spec")
        if isinstance(spec, dict):
            yield (*route, "spec"), spec


def containers(spec: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield each container of a pod spec: the list it is in, its index, and itself."""
    for kind in ("containers", "initContainers"):
        found = spec.get(kind)
        for number, container in enumerate(found if isinstance(found, list) else []):
            if isinstance(container, dict):
                yield kind, number, container


def pod_labels(template: dict[str, Any]) -> dict[str, str]:
    """The labels of a pod template."""
    metadata = template.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return labels if isinstance(labels, dict) else {}


def _follow(value: Any, path: Route, route: Route) -> Iterator[tuple[Route, dict[str, Any]]]:
    if not path:
        if isinstance(value, dict):
            yield route, value
    elif path[0] == "*":
        for number, item in enumerate(value if isinstance(value, list) else []):
            yield from _follow(item, path[1:], (*route, number))
    elif isinstance(value, dict):
        yield from _follow(value.get(path[0]), path[1:], (*route, path[0]))
