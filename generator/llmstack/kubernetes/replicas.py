"""How many pods an object asks for, of which specs, and which model they serve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from llmstack.kubernetes.keda import is_frozen, paused_at
from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, pod_specs, value_at
from llmstack.kubernetes.quantities import whole
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
_UNBOUND = 2**31 - 1
"""maxReplicas of a group of Ray workers where it is not stated (default of KubeRay's CRD)."""
_KEDA_MOST = 100
"""maxReplicaCount where it is not stated (`GetHPAMaxReplicas`, keda apis/keda/v1alpha1/scaledobject_types.go)."""


def scalers(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with their least replicas (at least 1: what can restart; 0 where
    KEDA is paused at that).

    Where the manifest states replicas too, each apply sets them, and the scaler raises them again: the larger number.
    A scaler leaves alone what is stated as 0 (kubernetes.io, "Horizontal Pod Autoscaling", implicit maintenance-mode
    deactivation); KEDA that is paused at a number sets that, whatever is stated.
    """
    return _given(objects, lambda scaler: _ends_of(scaler)[0])


def fewest_scaled(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with the fewest replicas that they leave: none where they may.

    KEDA goes down to 0 where it is not told, and to `idleReplicaCount` where nothing happens (KEDA documentation,
    "ScaledObject specification"); a HorizontalPodAutoscaler to 1.
    """
    return _given(objects, _fewest_of)


def most_scaled(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with the most replicas that they give.

    KEDA goes up to 100 where it is not told; a HorizontalPodAutoscaler has to say it.
    """
    return _given(objects, lambda scaler: _ends_of(scaler)[1])


def _given(objects: Iterable[Object], end: Callable[[Object], int]) -> Scalers:
    """What scalers give at one end of their interval, beside what the manifests state."""
    found = list(objects)
    scaling = list(_scaling(found))
    stated = _stated_of(found, {target for target, _ in scaling})
    return {target: _beside(stated.get(target), scaler, end(scaler)) for target, scaler in scaling}


def _beside(stated: int | None, scaler: Object, given: int) -> int:
    if stated is None or paused_at(scaler) is not None:
        return given
    return max(stated, given) if stated else 0


def _stated_of(objects: Iterable[Object], targets: Collection[Identity]) -> Scalers:
    """The replicas that manifests state of what is scaled."""
    if not targets:
        return {}
    there = ((identity_of(obj), obj) for obj in objects)
    return {key: max(0, whole(obj["spec"]["replicas"], 1)) for key, obj in there if key in targets and _states(obj)}


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


def targets_of_scalers(objects: Iterable[Object]) -> dict[Identity, Identity]:
    """Return what each scaler names as what it scales, there or not."""
    return {identity_of(obj): _target_of(obj) for obj in objects if str(obj.get("kind")) in _ENDS}


def scaler_kinds(objects: Iterable[Object]) -> dict[Identity, str]:
    """Return the kind of scaler that owns the replicas of what it scales."""
    return {target: str(scaler.get("kind")) for target, scaler in _scaling(objects)}


def _scaling(objects: Iterable[Object]) -> Iterator[tuple[Identity, Object]]:
    """What is scaled, and by which scaler; not what a paused one leaves to the manifest, which states replicas."""
    found = list(objects)
    all_targets = [(_target_of(obj), obj) for obj in found if str(obj.get("kind")) in _ENDS]
    left = _stated_of(found, {target for target, scaler in all_targets if is_frozen(scaler)})
    yield from ((target, scaler) for target, scaler in all_targets if target not in left)


def frozen_targets(objects: Iterable[Object]) -> set[Identity]:
    """Return what KEDA would scale, were it not paused where it stands."""
    return {_target_of(obj) for obj in objects if is_frozen(obj)}


def paused_targets(objects: Iterable[Object]) -> dict[Identity, int]:
    """Return what KEDA keeps at a number of replicas, with that number."""
    there = ((obj, paused_at(obj)) for obj in objects)
    return {_target_of(obj): number for obj, number in there if number is not None}


def _target_of(scaler: Object) -> Identity:
    target = value_at(scaler, "spec", "scaleTargetRef") or {}
    return str(target.get("kind", "Deployment")), identity_of(scaler)[1], str(target.get("name"))


def _ends_of(scaler: Object) -> tuple[int, int]:
    """The fewest and the most replicas that a scaler gives to what serves."""
    paused = paused_at(scaler)
    if paused is not None:
        return paused, paused
    kind, spec = str(scaler.get("kind")), scaler.get("spec") or {}
    low, high = _ENDS[kind]
    least = max(1, whole(spec.get(low), 1))
    return least, max(least, whole(spec.get(high), _KEDA_MOST if kind == "ScaledObject" else least))


def _fewest_of(scaler: Object) -> int:
    """The fewest replicas that a scaler leaves."""
    paused = paused_at(scaler)
    if paused is not None:
        return paused
    kind, spec = str(scaler.get("kind")), scaler.get("spec") or {}
    least = whole(spec.get(_ENDS[kind][0]), 0 if kind == "ScaledObject" else 1)
    return max(0, min(least, whole(spec.get("idleReplicaCount"), least)))


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

    A Pod and a Ray cluster are one replica each. Of kinds whose manifest does not say (`is_counted`) it is the pods of
    one node, or of one run.
    """
    spec = obj.get("spec") or {}
    cluster = ray_cluster_of(obj)
    if cluster is not None:
        return 0 if cluster.get("suspend") is True else 1
    given = owned.get(identity_of(obj))
    return max(0, whole(spec.get("replicas"), 1)) if given is None else given


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
    return group_replicas(group) * whole(group.get("numOfHosts"), 1)


def group_replicas(group: Mapping[str, Any]) -> int:
    """Return how many replicas a group of Ray workers has, each of `numOfHosts` pods: within its bounds, and none
    while it is suspended (ray-operator 1.6, controllers/ray/utils/util.go, `GetWorkerGroupDesiredReplicas`)."""
    if group.get("suspend") is True:
        return 0
    replicas = max(whole(group.get("replicas"), 0), whole(group.get("minReplicas"), 0), 0)
    return min(replicas, whole(group.get("maxReplicas"), replicas))


def is_autoscaled(obj: Object) -> bool:
    """Whether Ray's own autoscaler gives a Ray cluster more workers than its manifest says, up to `maxReplicas`
    (docs.ray.io, "KubeRay Autoscaling")."""
    cluster = ray_cluster_of(obj) or {}
    groups = maps(cluster.get("workerGroupSpecs")) if cluster.get("enableInTreeAutoscaling") is True else ()
    return any(whole(each.get("maxReplicas"), _UNBOUND) > group_replicas(each) for each in groups)
