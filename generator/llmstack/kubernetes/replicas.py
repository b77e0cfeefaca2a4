"""How many pods an object asks for, of which specs, and which model they serve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Identity, Object, identity_of, pod_specs, value_at
from llmstack.kubernetes.quantities import read_whole, whole
from llmstack.kubernetes.served import find_served

_SERVING = frozenset(("engine", "engine-worker", "serving-engine"))
"""Components of engines, the chart's too."""

Scalers = Mapping[Identity, int]
"""Replicas, least or most, of what a HorizontalPodAutoscaler or ScaledObject scales."""

_ENDS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}
"""By kind of scaler, where it says how few and how many replicas it gives."""
_KEDA_MOST = 100
"""maxReplicaCount where it is not stated (`GetHPAMaxReplicas`, keda apis/keda/v1alpha1/scaledobject_types.go)."""
_PAUSED = "autoscaling.keda.sh/paused-replicas"
"""The annotation by which KEDA keeps a number of replicas and looks at no trigger (keda.sh, "Scaling Deployments,
StatefulSets & Custom Resources", pausing autoscaling)."""


def scalers(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with their least replicas (at least 1: what can restart; 0 where
    KEDA is paused at that)."""
    return {target: _ends_of(scaler)[0] for target, scaler in _scaling(objects)}


def fewest_scaled(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with the fewest replicas that they leave: none where they may.

    KEDA goes down to 0 where it is not told, and to `idleReplicaCount` where nothing happens (KEDA documentation,
    "ScaledObject specification"); a HorizontalPodAutoscaler to 1.
    """
    return {target: _fewest_of(scaler) for target, scaler in _scaling(objects)}


def most_scaled(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with the most replicas that they give.

    KEDA goes up to 100 where it is not told; a HorizontalPodAutoscaler has to say it.
    """
    return {target: _ends_of(scaler)[1] for target, scaler in _scaling(objects)}


def with_left(given: tuple[Scalers, Scalers], before: Iterable[Object], after: Iterable[Object]) -> Scalers:
    """Return what scalers give after the change, with what those that go leave behind.

    Where no manifest states `replicas`, neither before nor after, nobody sets them back: an apply leaves alone what it
    does not own (kubernetes.io, "Server-Side Apply"), and what the scaler set last stays.
    """
    gone = given[0].keys() - given[1].keys()
    if not gone:
        return given[1]
    silent = [{identity_of(obj) for obj in side if not _states(obj)} for side in (before, after)]
    return {**given[1], **{target: given[0][target] for target in gone & silent[0] & silent[1]}}


def _states(obj: Object) -> bool:
    return value_at(obj, "spec", "replicas") is not None


def scalers_of(objects: Iterable[Object]) -> dict[Identity, list[str]]:
    """Return the kinds of all scalers of what is scaled."""
    found: dict[Identity, list[str]] = {}
    for target, scaler in _scaling(objects):
        found.setdefault(target, []).append(str(scaler.get("kind")))
    return found


def scaler_kinds(objects: Iterable[Object]) -> dict[Identity, str]:
    """Return the kind of scaler that owns the replicas of what it scales."""
    return {target: str(scaler.get("kind")) for target, scaler in _scaling(objects)}


def _scaling(objects: Iterable[Object]) -> Iterator[tuple[Identity, Object]]:
    """What is scaled, and by which scaler."""
    for obj in objects:
        if str(obj.get("kind")) in _ENDS:
            target = value_at(obj, "spec", "scaleTargetRef") or {}
            yield (str(target.get("kind", "Deployment")), identity_of(obj)[1], str(target.get("name"))), obj


def _ends_of(scaler: Object) -> tuple[int, int]:
    """The fewest and the most replicas that a scaler gives to what serves."""
    paused = _paused_at(scaler)
    if paused is not None:
        return paused, paused
    kind, spec = str(scaler.get("kind")), scaler.get("spec") or {}
    low, high = _ENDS[kind]
    least = max(1, whole(spec.get(low), 1))
    return least, max(least, whole(spec.get(high), _KEDA_MOST if kind == "ScaledObject" else least))


def _fewest_of(scaler: Object) -> int:
    """The fewest replicas that a scaler leaves."""
    paused = _paused_at(scaler)
    if paused is not None:
        return paused
    kind, spec = str(scaler.get("kind")), scaler.get("spec") or {}
    least = whole(spec.get(_ENDS[kind][0]), 0 if kind == "ScaledObject" else 1)
    return max(0, min(least, whole(spec.get("idleReplicaCount"), least)))


def _paused_at(scaler: Object) -> int | None:
    paused = str(value_at(scaler, "metadata", "annotations", _PAUSED) or "")
    return read_whole(paused) if scaler.get("kind") == "ScaledObject" else None


def model_of(obj: Object) -> str | None:
    """Return the model a workload serves, by its labels; None for the router and whatever serves none.

    One whose labels do not tell, and whose containers start vLLM, goes by its own name.
    """
    template = value_at(obj, "spec", "template") or value_at(obj, "spec", "leaderWorkerTemplate", "workerTemplate")
    for holder in (obj, template):
        labels = value_at(holder, "metadata", "labels")
        component = value_at(labels, "app.kubernetes.io/component")
        if component is not None and str(component) not in _SERVING:
            return None
        model = value_at(labels, "app.kubernetes.io/name") or value_at(labels, "model")
        if model:
            return str(model)
    pods = (pod for _, pod in pod_specs(dict(obj)))
    return str(obj["metadata"]["name"]) if any(next(find_served(pod), None) for pod in pods) else None


def component_of(obj: Object) -> str | None:
    """Return what a workload is beside the models (`router`, `cache-server`), by its labels; None where they do not
    say."""
    for holder in (obj, value_at(obj, "spec", "template")):
        component = value_at(holder, "metadata", "labels", "app.kubernetes.io/component")
        if component is not None:
            return str(component)
    return None


def replicas_of(obj: Object, owned: Scalers) -> int:
    """Return how many replicas an object asks for, by `owned` where a scaler gives them.

    Where the manifest states them too, each apply sets them, and the scaler raises them again: the larger number. A
    scaler leaves alone what is stated as 0 (kubernetes.io, "Horizontal Pod Autoscaling", implicit maintenance-mode
    deactivation). A Pod and a Ray cluster are one replica each. Of kinds whose manifest does not say (`is_counted`) it
    is the pods of one node, or of one run.
    """
    spec = obj.get("spec") or {}
    cluster = ray_cluster_of(obj)
    if cluster is not None:
        return 0 if cluster.get("suspend") is True else 1
    given = owned.get(identity_of(obj))
    stated = max(0, whole(spec.get("replicas"), 1 if given is None else given))
    return stated if given is None or not stated else max(stated, given)


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
