"""Objects of every kind that counts, each read into what counts of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from llmstack.kubernetes.pods import Object, maps, value_at
from llmstack.kubernetes.storage import is_default_class
from llmstack.observed.devices import read_claim, read_class, read_slice
from llmstack.observed.fields import amounts, condition, count, read_meta, text, texts
from llmstack.observed.pods import read_containers, read_pod
from llmstack.observed.things import (
    Claim,
    Meta,
    Named,
    Node,
    PriorityClass,
    Quota,
    Scaler,
    Scope,
    StorageClass,
    Synced,
    Taint,
    Thing,
    Workload,
)
from llmstack.observed.times import read_time


def read_thing(obj: Object) -> Thing | None:
    """What counts of an object; None for a kind of which nothing does, a Secret above all, and for one without a
    name."""
    kind = obj.get("kind")
    if kind == "Pod":
        return read_pod(obj)
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    meta = read_meta(obj) if reader is not None else None
    return None if reader is None or meta is None else reader(meta, obj)


def _node(meta: Meta, obj: Object) -> Node:
    spec = obj.get("spec")
    return Node(
        meta=meta,
        taints=tuple(
            Taint(text(each, "key"), text(each, "effect"), text(each, "value"))
            for each in maps(value_at(spec, "taints"))
        ),
        cordoned=value_at(spec, "unschedulable") is True,
        ready=condition(obj, "Ready").get("status") == "True",
        allocatable=amounts(value_at(obj, "status", "allocatable")),
        kubelet=text(obj, "status", "nodeInfo", "kubeletVersion"),
    )


def _workload(meta: Meta, obj: Object) -> Workload:
    spec, status = obj.get("spec"), obj.get("status")
    template = value_at(spec, "template") or value_at(spec, "leaderWorkerTemplate", "workerTemplate")
    return Workload(
        meta=meta,
        replicas=count(spec, "replicas"),
        current=count(status, "replicas") or 0,
        ready=count(status, "readyReplicas") or 0,
        available=count(status, "availableReplicas") or 0,
        updated=count(status, "updatedReplicas") or 0,
        generation=count(obj, "metadata", "generation") or 0,
        paused=value_at(spec, "paused") is True,
        containers=read_containers(value_at(template, "spec")),
        revision=meta.labels.get("pod-template-hash", ""),
    )


def _autoscaler(meta: Meta, obj: Object) -> Scaler:
    return _scaler(meta, obj, ("minReplicas", "maxReplicas"))


def _scaled_object(meta: Meta, obj: Object) -> Scaler:
    return _scaler(meta, obj, ("minReplicaCount", "maxReplicaCount"))


def _scaler(meta: Meta, obj: Object, ends: tuple[str, str]) -> Scaler:
    spec, status = obj.get("spec"), obj.get("status")
    return Scaler(
        meta=meta,
        target=(text(spec, "scaleTargetRef", "kind") or "Deployment", text(spec, "scaleTargetRef", "name")),
        least=count(spec, ends[0]),
        most=count(spec, ends[1]),
        current=count(status, "currentReplicas"),
        wanted=count(status, "desiredReplicas"),
    )


def _claim(meta: Meta, obj: Object) -> Claim:
    spec, status = obj.get("spec"), obj.get("status")
    name = value_at(spec, "storageClassName")
    return Claim(
        meta=meta,
        phase=text(status, "phase"),
        storage_class=text(spec, "storageClassName") if isinstance(name, str) else None,
        asked=amounts(value_at(spec, "resources", "requests")).get("storage"),
        modes=texts(value_at(spec, "accessModes")),
    )


def _storage_class(meta: Meta, obj: Object) -> StorageClass:
    return StorageClass(
        meta=meta,
        default=is_default_class(obj),
        expands=obj.get("allowVolumeExpansion") is True,
    )


def _priority_class(meta: Meta, obj: Object) -> PriorityClass:
    return PriorityClass(
        meta=meta,
        value=count(obj, "value") or 0,
        default=obj.get("globalDefault") is True,
        preempts=obj.get("preemptionPolicy") != "Never",
    )


def _quota(meta: Meta, obj: Object) -> Quota:
    spec = obj.get("spec")
    return Quota(
        meta=meta,
        hard=amounts(value_at(spec, "hard")),
        used=amounts(value_at(obj, "status", "used")),
        scopes=(
            *(Scope(each) for each in texts(value_at(spec, "scopes"))),
            *(
                Scope(text(each, "scopeName"), text(each, "operator"), texts(each.get("values")))
                for each in maps(value_at(spec, "scopeSelector", "matchExpressions"))
            ),
        ),
    )


def _named(meta: Meta, obj: Object) -> Named:
    return Named(meta)


def _api_service(meta: Meta, obj: Object) -> Named | None:
    """A group and version that somebody defines or serves: Kubernetes' own are in every cluster (`manageOnStart`,
    k8s.io/kube-aggregator, pkg/controllers/autoregister)."""
    return None if meta.labels.get("kube-aggregator.kubernetes.io/automanaged") == "onstart" else Named(meta)


def _kustomization(meta: Meta, obj: Object) -> Synced | None:
    """Flux: `status.history`, an entry for each content that was applied, the newest first; its revision is the last
    that had this content (`history` in the CRD of kustomize-controller; `Upsert` in kustomization_controller.go)."""
    if not text(obj, "apiVersion").startswith("kustomize.toolkit.fluxcd.io/"):
        return None
    spec, ready = obj.get("spec"), condition(obj, "Ready")
    applied = [
        (text(each, "metadata", "revision"), read_time(each.get("firstReconciled")))
        for each in maps(value_at(obj, "status", "history"))
        if each.get("lastReconciledStatus") not in ("ReconciliationFailed", "BuildFailed")
    ]
    known = {"True": True, "False": False}.get(text(ready, "status"))
    return Synced(meta, _revisions(applied), known, value_at(spec, "suspend") is True, text(ready, "reason"))


def _application(meta: Meta, obj: Object) -> Synced | None:
    """Argo CD: `status.history`, the oldest first (`RevisionHistory`, pkg/apis/application/v1alpha1/types.go)."""
    if not text(obj, "apiVersion").startswith("argoproj.io/"):
        return None
    status = obj.get("status")
    applied = [
        (text(each, "revision"), read_time(each.get("deployedAt"))) for each in maps(value_at(status, "history"))
    ]
    health = text(status, "health", "status")
    known = None if health in ("", "Unknown") else health == "Healthy"
    return Synced(meta, _revisions(applied), known, False, health if known is False else "")


def _revisions(applied: list[tuple[str, datetime | None]]) -> tuple[tuple[str, datetime], ...]:
    """Commits by their first moment; `main@sha1:<commit>` and `sha256:…` of Flux are what stands behind the colon."""
    found = [(revision.rpartition(":")[2], moment) for revision, moment in applied if revision and moment is not None]
    return tuple(sorted(found, key=lambda each: each[1]))


_READERS: Mapping[str, Callable[[Meta, Object], Thing | None]] = {
    "Application": _application,
    "APIService": _api_service,
    "ConfigMap": _named,
    "CustomResourceDefinition": _named,
    "DaemonSet": _workload,
    "Deployment": _workload,
    "DeviceClass": read_class,
    "HorizontalPodAutoscaler": _autoscaler,
    "IngressClass": _named,
    "Kustomization": _kustomization,
    "LeaderWorkerSet": _workload,
    "Namespace": _named,
    "Node": _node,
    "PersistentVolumeClaim": _claim,
    "PriorityClass": _priority_class,
    "RayCluster": _workload,
    "RayService": _workload,
    "ReplicaSet": _workload,
    "ResourceClaim": read_claim,
    "ResourceQuota": _quota,
    "ResourceSlice": read_slice,
    "RuntimeClass": _named,
    "ScaledObject": _scaled_object,
    "ServiceAccount": _named,
    "StatefulSet": _workload,
    "StorageClass": _storage_class,
}
"""By kind, what reads it; pods apart. A kind that is not here is passed over unread."""
