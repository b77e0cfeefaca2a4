"""What a workload's manifest says of its pods: how many, what they run, how they start and how they are
replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import scaled, whole

KINDS = frozenset(("Deployment", "LeaderWorkerSet", "RayCluster", "StatefulSet"))
"""Kinds whose pods are counted and rolled."""

_SERVING = frozenset(("engine", "engine-worker", "serving-engine"))
"""Components of engines, the chart's too."""

Scalers = Mapping[tuple[str, str], int]
"""Least replicas by (kind, name) of what a HorizontalPodAutoscaler or ScaledObject scales."""


def scalers(objects: Iterable[Object]) -> Scalers:
    """Return what the scalers among `objects` own, with their least replicas (at least 1: what can
    restart)."""
    owned = {}
    for obj in objects:
        if obj.get("kind") in ("HorizontalPodAutoscaler", "ScaledObject"):
            spec = obj.get("spec") or {}
            target = spec.get("scaleTargetRef") or {}
            least = spec.get("minReplicas" if obj["kind"] == "HorizontalPodAutoscaler" else "minReplicaCount")
            owned[str(target.get("kind", "Deployment")), str(target.get("name"))] = max(1, whole(least, 1))
    return owned


def model_of(obj: Object) -> str | None:
    """Return the model a workload serves, by its labels; None for the router and whatever serves none."""
    spec = obj.get("spec") or {}
    template = spec.get("template") or (spec.get("leaderWorkerTemplate") or {}).get("workerTemplate") or {}
    for metadata in (obj.get("metadata") or {}, template.get("metadata") or {}):
        labels = metadata.get("labels") or {}
        if labels.get("app.kubernetes.io/component", "engine") not in _SERVING:
            return None
        model = labels.get("app.kubernetes.io/name") or labels.get("model")
        if model:
            return str(model)
    return None


def replicas_of(obj: Object, owned: Scalers) -> int:
    """Return how many replicas an object asks for; a scaler's least where it leaves them to one."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "RayCluster":
        return 0 if spec.get("suspend") is True else 1
    least = owned.get((str(obj.get("kind")), str(obj["metadata"]["name"])), 1)
    return max(0, whole(spec.get("replicas"), least))


def pod_specs(obj: Object) -> list[tuple[Mapping[str, Any], int]]:
    """Return the pod specs of one replica with their number; the one that serves comes first."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "LeaderWorkerSet":
        group = spec.get("leaderWorkerTemplate") or {}
        worker = _pod(group.get("workerTemplate"))
        leader = _pod(group.get("leaderTemplate")) if group.get("leaderTemplate") else worker
        return [(leader, 1), (worker, max(0, whole(group.get("size"), 1) - 1))]
    if obj.get("kind") == "RayCluster":
        groups = spec.get("workerGroupSpecs") or ()
        head = (_pod((spec.get("headGroupSpec") or {}).get("template")), 1)
        return [head, *((_pod(group.get("template")), _workers(group)) for group in groups)]
    return [(_pod(spec.get("template")), 1)]


def _pod(template: Any) -> Mapping[str, Any]:
    return (template or {}).get("spec") or {}


def _workers(group: Mapping[str, Any]) -> int:
    return max(0, whole(group.get("replicas"), whole(group.get("minReplicas"), 0))) * whole(group.get("numOfHosts"), 1)


def start_up_bounds(pod: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the earliest and latest second at which a pod becomes ready by its probes, None where none says.

    A probe first runs after initialDelaySeconds and then every periodSeconds (10), and needs
    successThreshold (1) successes; the start-up probe, else the liveness probe, ends the container after
    failureThreshold (3) failures (Kubernetes documentation, "Configure Liveness, Readiness and Startup
    Probes").
    """
    lows, highs = [0], []
    probed = False
    for container in pod.get("containers") or ():
        readiness, startup = container.get("readinessProbe"), container.get("startupProbe")
        probed = probed or bool(readiness or startup)
        if readiness:
            lows.append(_delay(readiness) + _period(readiness) * (whole(readiness.get("successThreshold"), 1) - 1))
        if startup:
            lows.append(_delay(startup))
        ends = startup or container.get("livenessProbe")
        if ends:
            highs.append(_delay(ends) + _period(ends) * whole(ends.get("failureThreshold"), 3))
    return (max(lows) if probed else None), (max(*highs, *lows) if highs else None)


def _delay(probe: Mapping[str, Any]) -> int:
    return whole(probe.get("initialDelaySeconds"), 0)


def _period(probe: Mapping[str, Any]) -> int:
    return whole(probe.get("periodSeconds"), 10) or 10


def strategy_of(obj: Object, replicas: int) -> tuple[int, int, bool]:
    """Return maxSurge and maxUnavailable in replicas, and whether all are recreated together.

    Surge rounds up and is capped by the replicas, unavailable rounds down, both zero is one unavailable
    (`ResolveFenceposts`, pkg/controller/deployment/util/deployment_util.go); Recreate is 0 and all of them. A
    LeaderWorkerSet's and a StatefulSet's defaults are 0 and 1.
    """
    spec = obj.get("spec") or {}
    kind = obj.get("kind")
    if kind == "RayCluster" or (spec.get("strategy") or {}).get("type") == "Recreate":
        return 0, replicas, True
    surge_default, unavailable_default = ("25%", "25%") if kind == "Deployment" else ("0", "1")
    if kind == "LeaderWorkerSet":
        rolling = (spec.get("rolloutStrategy") or {}).get("rollingUpdateConfiguration")
    else:
        rolling = (spec.get("updateStrategy" if kind == "StatefulSet" else "strategy") or {}).get("rollingUpdate")
    rolling = rolling or {}
    surge = scaled(rolling.get("maxSurge"), replicas, up=True, default=surge_default)
    unavailable = scaled(rolling.get("maxUnavailable"), replicas, up=False, default=unavailable_default)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return min(surge, replicas), min(unavailable, replicas), False
