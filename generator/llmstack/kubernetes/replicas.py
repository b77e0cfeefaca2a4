"""How many pods an object asks for, of which specs, and which model they serve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, pod_specs, value_at
from llmstack.kubernetes.quantities import whole

_SERVING = frozenset(("engine", "engine-worker", "serving-engine"))
"""Components of engines, the chart's too."""

Scalers = Mapping[tuple[str, str], int]
"""Least replicas by (kind, name) of what a HorizontalPodAutoscaler or ScaledObject scales."""

_ENDS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}
"""By kind of scaler, where it says how few and how many replicas it gives."""
_KEDA_MOST = 100
"""maxReplicaCount where it is not stated (`GetHPAMaxReplicas`, keda apis/keda/v1alpha1/scaledobject_types.go)."""


def scalers(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with their least replicas (at least 1: what can
    restart)."""
    return {target: max(1, whole(spec.get(ends[0]), 1)) for target, spec, ends in _scaling(objects)}


def fewest_scaled(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with the fewest replicas that they leave: none where they may.

    KEDA goes down to 0 where it is not told, and to `idleReplicaCount` where nothing happens (KEDA documentation,
    "ScaledObject specification"); a HorizontalPodAutoscaler to 1.
    """
    fewest = {}
    for target, spec, ends in _scaling(objects):
        least = whole(spec.get(ends[0]), 0 if "Count" in ends[0] else 1)
        fewest[target] = max(0, min(least, whole(spec.get("idleReplicaCount"), least)))
    return fewest


def most_scaled(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with the most replicas that they give.

    KEDA goes up to 100 where it is not told; a HorizontalPodAutoscaler has to say it.
    """
    most = {}
    for target, spec, ends in _scaling(objects):
        least = max(1, whole(spec.get(ends[0]), 1))
        most[target] = max(least, whole(spec.get(ends[1]), _KEDA_MOST if "Count" in ends[1] else least))
    return most


def scaler_kinds(objects: Iterable[Object]) -> dict[tuple[str, str], str]:
    """Return the kind of scaler that owns the replicas, by (kind, name) of what it scales."""
    found = {}
    for obj in objects:
        for target, _, _ in _scaling([obj]):
            found[target] = str(obj["kind"])
    return found


def _scaling(
    objects: Iterable[Object],
) -> Iterator[tuple[tuple[str, str], Mapping[str, Any], tuple[str, str]]]:
    for obj in objects:
        ends = _ENDS.get(str(obj.get("kind")))
        if ends is not None:
            spec = obj.get("spec") or {}
            target = spec.get("scaleTargetRef") or {}
            yield (str(target.get("kind", "Deployment")), str(target.get("name"))), spec, ends


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
