"""What a workload's controller compares to see whether its pods are as they should be, and when it does not act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from llmstack.kubernetes.pods import CONTAINER_LISTS, Object, maps, value_at
from llmstack.kubernetes.replicas import group_replicas
from llmstack.kubernetes.stored import decoded, stored_template
from llmstack.kubernetes.workloads import partition_of

Compared = dict[str, Any]

_TEMPLATE = ("spec", "template")
_GROUPS = "workerGroupSpecs"
_GROUP_SCALE = ("replicas", "minReplicas", "maxReplicas")

Unapplied = Literal["paused", "on-delete", "partition", "ray-cluster", "ray-service", "replica-set"]
"""What keeps running pods at their old template."""


def why_unapplied(workload: Object) -> Unapplied | None:
    """What keeps running pods at the old template when a workload's template changes; None where they follow.

    A Deployment that is paused, `OnDelete`, and a partition above the last ordinal (Kubernetes documentation,
    "Deployments", "StatefulSets", "DaemonSets"). KubeRay replaces a RayCluster's pods only with
    `upgradeStrategy.type: Recreate` (ray-operator 1.6, controllers/ray/raycluster_controller.go,
    `shouldRecreatePodsForUpgrade`), older operators never, and a RayService's unless that type is `None`
    (rayservice_controller.go, `isZeroDowntimeUpgradeEnabled`). A ReplicaSet asks for new pods alone.
    """
    spec = value_at(workload, "spec")
    spec = spec if isinstance(spec, Mapping) else {}
    upgrade = value_at(spec, "upgradeStrategy", "type")
    replicas = spec.get("replicas", 1 if "replicas" in spec else None)
    match str(workload.get("kind")):
        case "Deployment":
            return "paused" if spec.get("paused") is True else None
        case "StatefulSet" | "DaemonSet" if value_at(spec, "updateStrategy", "type") == "OnDelete":
            return "on-delete"
        case "StatefulSet" | "LeaderWorkerSet":
            return "partition" if replicas is not None and 0 < replicas <= partition_of(workload) else None
        case "RayCluster":
            return None if upgrade == "Recreate" else "ray-cluster"
        case "RayService":
            return "ray-service" if upgrade == "None" else None
        case "ReplicaSet":
            return "replica-set"
    return None


def compared(workload: Object) -> Compared | None:
    """What the controller of a workload compares, under the paths of its manifest; None for what runs no pods that a
    changed template may reach."""
    compare = _COMPARED.get(str(workload.get("kind")))
    return compare(workload) if compare is not None else None


def goal_of(before: Object, after: Object) -> Object:
    """What of `after` asks for other pods: a RayService less the worker groups behind those it had, for they go to the
    running cluster; any other object as it is.

    (ray-operator 1.6, controllers/ray/rayservice_controller.go, `isClusterSpecHashEqual`, partial.)
    """
    if after.get("kind") != "RayService":
        return after
    cluster = value_at(after, "spec", "rayClusterConfig")
    groups = cluster.get(_GROUPS) if isinstance(cluster, dict) else None
    if not isinstance(groups, list):
        return after
    had = value_at(before, "spec", "rayClusterConfig", _GROUPS)
    kept = {**cluster, _GROUPS: groups[: len(had) if isinstance(had, list) else 0]}
    return {**after, "spec": {**after["spec"], "rayClusterConfig": kept}}


def as_it_runs(before: Object, after: Object) -> Object:
    """What a changed RayCluster runs, as an object: pods that do not follow their template (`why_unapplied`) keep the
    old one, and a group that grows makes further ones of the new.

    (ray-operator 1.6, controllers/ray/raycluster_controller.go, `reconcilePods`: the head and each group by its name.)
    """
    if why_unapplied(after) != "ray-cluster" or before.get("kind") != after.get("kind"):
        return after
    old, new = before.get("spec") or {}, after.get("spec") or {}
    had = {group.get("groupName"): group for group in old.get(_GROUPS) or ()}
    groups = [part for group in new.get(_GROUPS) or () for part in _parts(had.get(group.get("groupName")), group)]
    return {**after, "spec": {**new, "headGroupSpec": old.get("headGroupSpec"), _GROUPS: groups}}


def _parts(before: Object | None, group: Object) -> list[Object]:
    """A group as it runs: its pods of before, and those it makes."""
    if before is None:
        return [group]
    ends = [group_replicas(each) for each in (before, group)]
    made = {key: each for key, each in group.items() if key not in _GROUP_SCALE and key != "suspend"}
    stays = {**made, "template": before.get("template"), "replicas": min(ends), "numOfHosts": before.get("numOfHosts")}
    return [stays, {**made, "replicas": max(0, ends[1] - ends[0])}]


def _deployment(workload: Object) -> Compared:
    return {"spec": {"template": stored_template(value_at(workload, *_TEMPLATE) or {})}}


def _revision(workload: Object) -> Compared:
    """What the ControllerRevision of a StatefulSet or DaemonSet holds: the bytes of the stored template.

    (k8s.io/kubernetes, pkg/controller/statefulset/stateful_set_utils.go and pkg/controller/daemon/update.go,
    `getPatch`.) So the spelling of a quantity counts, as far as the API server keeps it.
    """
    return {"spec": {"template": stored_template(value_at(workload, *_TEMPLATE) or {}, canonical=True)}}


def _images(pod: Object) -> Compared:
    """What of a Pod may change and restarts a container: its image."""
    spec = pod.get("spec") or {}
    return {"spec": {group: [_image(each) for each in spec.get(group) or ()] for group in CONTAINER_LISTS}}


def _image(container: Object) -> Object:
    return {field: container.get(field) for field in ("name", "image")}


def _leader_worker_set(workload: Object) -> Compared:
    return {"spec": _leader_worker_revision(value_at(workload, "spec") or {})}


def _ray_cluster(cluster: Object) -> Compared:
    """All but whether it is suspended, which ends its pods, or makes them, whatever their templates."""
    spec = _ray_hash(value_at(cluster, "spec") or {})
    groups = [{key: each for key, each in group.items() if key != "suspend"} for group in maps(spec.get(_GROUPS))]
    kept = {key: each for key, each in spec.items() if key != "suspend"}
    return {"spec": {**kept, **({_GROUPS: groups} if _GROUPS in spec else {})}}


def _ray_service(service: Object) -> Compared:
    return {"spec": {"rayClusterConfig": _ray_hash(value_at(service, "spec", "rayClusterConfig") or {})}}


def _leader_worker_revision(spec: Object) -> dict[str, Any]:
    """What a LeaderWorkerSet's revision holds, less what lives outside it.

    The controller compares the bytes of these two fields (lws, pkg/utils/revision/revision_utils.go,
    `getPatch`), after the defaults of its CRD and webhook; the defaults of pods are not applied, so one
    written out restarts.
    """
    template = decoded(spec.get("leaderWorkerTemplate") or {}, canonical=True)
    for field in ("maxGroupRestarts", "restartBackoff"):
        template.pop(field, None)
    template = {"size": 1, "restartPolicy": "RecreateGroupOnPodRestart"} | template
    if template["restartPolicy"] == "Default":
        template["restartPolicy"] = "None"
    network = {"subdomainPolicy": "Shared"} | decoded(spec.get("networkConfig") or {}, canonical=True)
    return {"leaderWorkerTemplate": _with_schema_defaults(template), "networkConfig": network}


def _ray_hash(cluster: Object) -> dict[str, Any]:
    """What KubeRay hashes of a cluster's specification, to see whether it changed.

    Replicas, workers to delete, tolerations and scheduling gates are left out, all else counts (ray-operator
    1.6, controllers/ray/utils/util.go, `GenerateHashWithoutReplicasAndWorkersToDelete`).
    """
    spec = _with_schema_defaults(decoded(cluster, canonical=True))
    spec.pop("upgradeStrategy", None)
    head = spec.get("headGroupSpec", {})
    groups = [group for group in spec.get(_GROUPS, ()) if isinstance(group, dict)]
    for group in groups:
        _without_scale(group)
    for group in (head, *groups):
        pod = value_at(group, *_TEMPLATE[1:], "spec")
        for field in ("tolerations", "schedulingGates"):
            if isinstance(pod, dict):
                pod.pop(field, None)
    return spec


def _without_scale(group: dict[str, Any]) -> None:
    for field in _GROUP_SCALE:
        group.pop(field, None)
    group.get("scaleStrategy", {}).pop("workersToDelete", None)
    if not group.get("scaleStrategy", True):
        del group["scaleStrategy"]


def _with_schema_defaults(fields: Mapping[str, Any], key: str = "") -> dict[str, Any]:
    """The fields with the defaults that the schema of a CRD carries for them, at any depth."""
    filled = dict(_SCHEMA_DEFAULTS.get(key, {}))
    for name, value in fields.items():
        if isinstance(value, dict):
            filled[name] = _with_schema_defaults(value, name)
        elif isinstance(value, list):
            filled[name] = [_with_schema_defaults(item, name) if isinstance(item, dict) else item for item in value]
        else:
            filled[name] = value
    return filled


_SCHEMA_DEFAULTS: dict[str, dict[str, Any]] = {
    "subGroupPolicy": {"subGroupPolicyType": "LeaderWorker"},
    _GROUPS: {"numOfHosts": 1},
    "ports": {"protocol": "TCP"},
    "fileKeyRef": {"optional": False},
    "grpc": {"service": ""},
    "azureDisk": {"fsType": "ext4", "readOnly": False},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"keyring": "/etc/ceph/keyring", "pool": "rbd", "user": "admin"},
    "scaleIO": {"fsType": "xfs", "storageMode": "ThinProvisioned"},
}
"""By field, from the CRDs of LeaderWorkerSet and KubeRay (`+default` markers of k8s.io/api)."""

_COMPARED: Mapping[str, Callable[[Object], Compared]] = {
    "Pod": _images,
    "Deployment": _deployment,
    "ReplicaSet": _deployment,
    "StatefulSet": _revision,
    "DaemonSet": _revision,
    "LeaderWorkerSet": _leader_worker_set,
    "RayCluster": _ray_cluster,
    "RayService": _ray_service,
}
"""By kind: what of an object its controller compares, under the paths that the manifest has."""
