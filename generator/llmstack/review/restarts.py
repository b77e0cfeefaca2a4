"""Which changes make a workload's controller replace its pods, and which fields do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.stored import decoded, stored_template
from llmstack.review.differences import differences

Object = Mapping[str, Any]

WORKLOADS = frozenset({"Deployment", "LeaderWorkerSet", "RayCluster"})
CHECKSUM = "checksum/config"

_TEMPLATE = ("spec", "template")
_CHECKSUM_PATH = f"spec.template.metadata.annotations[{CHECKSUM}]"
_GROUP_SCALE = ("replicas", "minReplicas", "maxReplicas")


def template_causes(before: Object, after: Object) -> tuple[str, ...]:
    """The fields for which the controller of a workload replaces its pods, sorted; empty when it keeps them.

    Both arguments are the same Deployment, LeaderWorkerSet or RayCluster at two times. A RayCluster's pods
    are all replaced at once, and only with `upgradeStrategy.type: Recreate` (ray-operator
    1.6, controllers/ray/raycluster_controller.go, `shouldRecreatePodsForUpgrade`; older operators never do).
    """
    kind = after.get("kind")
    if kind == "RayCluster":
        return _ray_causes(before, after) if recreates(after) else ()
    if kind not in WORKLOADS:
        return ()
    return _named(_stored(before), _stored(after), before, after)


def recreates(cluster: Object) -> bool:
    """Whether a RayCluster says that a changed spec replaces its pods."""
    return bool(_at(cluster, "spec", "upgradeStrategy", "type") == "Recreate")


def config_causes(workload: Object, causes: Iterable[str], changed: Iterable[Object]) -> tuple[str, ...]:
    """The config maps among `changed` that a restarting workload reads, as `ConfigMap/name`, sorted.

    They count when the checksum of the configuration is one of the causes: without it no pod would notice.
    """
    if not any(cause.endswith(f"[{CHECKSUM}]") for cause in causes):
        return ()
    namespace = _at(workload, "metadata", "namespace")
    read = set(_config_names(workload))
    names = {
        item["metadata"]["name"]
        for item in changed
        if item.get("kind") == "ConfigMap" and item["metadata"].get("namespace") == namespace
    }
    return tuple(f"ConfigMap/{name}" for name in sorted(names & read))


def _config_names(value: Any, key: str = "") -> Iterable[str]:
    """Every config map that something below `value` names."""
    if isinstance(value, Mapping):
        if key in ("configMap", "configMapRef", "configMapKeyRef") and isinstance(value.get("name"), str):
            yield value["name"]
        for name, item in value.items():
            yield from _config_names(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _config_names(item, key)


def _stored(workload: Object) -> dict[str, Any]:
    """What the controller compares, under the paths that the manifest has."""
    if workload.get("kind") == "Deployment":
        return {"spec": {"template": stored_template(_at(workload, *_TEMPLATE) or {})}}
    return {"spec": _leader_worker_revision(_at(workload, "spec") or {})}


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


def _ray_causes(before: Object, after: Object) -> tuple[str, ...]:
    return _named({"spec": _ray_hash(before)}, {"spec": _ray_hash(after)}, before, after)


def _ray_hash(cluster: Object) -> dict[str, Any]:
    """What KubeRay hashes of a RayCluster's spec, to see whether it changed.

    Replicas, workers to delete, tolerations and scheduling gates are left out, all else counts (ray-operator
    1.6, controllers/ray/utils/util.go, `GenerateHashWithoutReplicasAndWorkersToDelete`).
    """
    spec = _with_schema_defaults(decoded(_at(cluster, "spec") or {}, canonical=True))
    spec.pop("upgradeStrategy", None)
    head = spec.get("headGroupSpec", {})
    groups = [group for group in spec.get("workerGroupSpecs", ()) if isinstance(group, dict)]
    for group in groups:
        for field in _GROUP_SCALE:
            group.pop(field, None)
        group.get("scaleStrategy", {}).pop("workersToDelete", None)
        if not group.get("scaleStrategy", True):
            del group["scaleStrategy"]
    for group in (head, *groups):
        pod = _at(group, *_TEMPLATE[1:], "spec")
        for field in ("tolerations", "schedulingGates"):
            if isinstance(pod, dict):
                pod.pop(field, None)
    return spec


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
    "workerGroupSpecs": {"numOfHosts": 1},
    "ports": {"protocol": "TCP"},
    "fileKeyRef": {"optional": False},
    "grpc": {"service": ""},
    "azureDisk": {"fsType": "ext4", "readOnly": False},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"keyring": "/etc/ceph/keyring", "pool": "rbd", "user": "admin"},
    "scaleIO": {"fsType": "xfs", "storageMode": "ThinProvisioned"},
}
"""By field, from the CRDs of LeaderWorkerSet and KubeRay (`+default` markers of k8s.io/api)."""


def _named(stored_before: Any, stored_after: Any, before: Object, after: Object) -> tuple[str, ...]:
    """The paths that differ in what is stored, in the terms of the manifests where those differ there too."""
    stored = {each.path for each in differences(stored_before, stored_after)}
    if not stored:
        return ()
    written = {each.path for each in differences(before, after)}
    both = {path for path in stored if any(_touches(path, other) for other in written)}
    return tuple(sorted(both or stored))


def _touches(path: str, other: str) -> bool:
    return (
        path == other
        or (path.startswith(other) and path[len(other)] in ".[(")
        or (other.startswith(path) and other[len(path)] in ".[(")
    )


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
