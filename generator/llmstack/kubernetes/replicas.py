"""How many pods an object asks for, of which specs, and which model they serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, pod_specs, value_at
from llmstack.kubernetes.quantities import whole

_SERVING = frozenset(("engine", "engine-worker", "serving-engine"))
"""Components of engines, the chart's too."""

Scalers = Mapping[tuple[str, str], int]
"""Least replicas by (kind, name) of what a HorizontalPodAutoscaler or ScaledObject scales."""

_LEAST = {"HorizontalPodAutoscaler": "minReplicas", "ScaledObject": "minReplicaCount"}
"""By kind of scaler, where it says how few replicas it leaves."""


def scalers(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with their least replicas (at least 1: what can
    restart)."""
    owned = {}
    for obj in objects:
        least = _LEAST.get(str(obj.get("kind")))
        if least is not None:
            spec = obj.get("spec") or {}
            target = spec.get("scaleTargetRef") or {}
            owned[str(target.get("kind", "Deployment")), str(target.get("name"))] = max(1, whole(spec.get(least), 1))
    return owned


def model_of(obj: Object) -> str | None:
    """Return the model a workload serves, by its labels; None for the router and whatever serves none."""
    template = value_at(obj, "spec", "template") or value_at(obj, "spec", "leaderWorkerTemplate", "workerTemplate")
    for holder in (obj, template):
        labels = value_at(holder, "metadata", "labels")
        component = value_at(labels, "app.kubernetes.io/component")
        if component is not None and str(component) not in _SERVING:
            return None
        model = value_at(labels, "app.kubernetes.io/name") or value_at(labels, "model")
        if model:
            return str(model)
    return None


def replicas_of(obj: Object, owned: Scalers) -> int:
    """Return how many replicas an object asks for; a scaler's least where it leaves them to one.

    A Pod and a Ray cluster are one replica each. Of kinds whose manifest does not say (`is_counted`) it is the
    pods of one node, or of one run.
    """
    spec = obj.get("spec") or {}
    cluster = ray_cluster_of(obj)
    if cluster is not None:
        return 0 if cluster.get("suspend") is True else 1
    least = owned.get((str(obj.get("kind")), str(obj["metadata"]["name"])), 1)
    return max(0, whole(spec.get("replicas"), least))


def ray_cluster_of(obj: Object) -> Mapping[str, Any] | None:
    """Return the specification of the Ray cluster that an object runs, None where it runs none."""
    spec: Mapping[str, Any] = obj.get("spec") or {}
    if obj.get("kind") == "RayService":
        return spec.get("rayClusterConfig") or {}
    return spec if obj.get("kind") == "RayCluster" else None


def specs_of_replica(obj: Object) -> list[tuple[Mapping[str, Any], int]]:
    """Return the pod specs of one replica with their number; the one that serves comes first."""
    spec = obj.get("spec") or {}
    cluster = ray_cluster_of(obj)
    if cluster is not None:
        groups = cluster.get("workerGroupSpecs") or ()
        head = (_pod((cluster.get("headGroupSpec") or {}).get("template")), 1)
        return [head, *((_pod(group.get("template")), _workers(group)) for group in groups)]
    if group := spec.get("leaderWorkerTemplate"):
        worker = _pod(group.get("workerTemplate"))
        leader = _pod(group.get("leaderTemplate")) if group.get("leaderTemplate") else worker
        return [(leader, 1), (worker, max(0, whole(group.get("size"), 1) - 1))]
    return [(pod, 1) for _, pod in pod_specs(dict(obj))] or [({}, 1)]


def _pod(template: Any) -> Mapping[str, Any]:
    return (template or {}).get("spec") or {}


def _workers(group: Mapping[str, Any]) -> int:
    return max(0, whole(group.get("replicas"), whole(group.get("minReplicas"), 0))) * whole(group.get("numOfHosts"), 1)
