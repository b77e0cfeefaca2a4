"""Fields that the API does not let change: an apply that changes one is refused as a whole.

Sources: validation of Kubernetes 1.36
(pkg/apis/{apps,batch,core,discovery,networking,node,rbac,resource,scheduling,storage}/validation and
apiextensions-apiserver), the webhook of
LeaderWorkerSet 0.7 (pkg/webhooks/leaderworkerset_webhook.go), the CRD of RayCluster (CEL `oldSelf`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import CONTAINER_LISTS, Object, value_at
from llmstack.kubernetes.quantities import quantity
from llmstack.kubernetes.storage import is_default_class
from llmstack.kubernetes.stored import stored_template

_MUTABLE_OF_STATEFUL_SET = frozenset((
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds",
    "persistentVolumeClaimRetentionPolicy",
))  # fmt: skip
_NOT_THE_SOURCE = frozenset((
    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
    "storageClassName", "volumeAttributesClassName", "volumeMode",
))  # fmt: skip


def refused_fields(
    kind: str, before: Object | None, after: Object | None, default_class: str | None = None
) -> tuple[str, ...]:
    """Return the paths of an object's fields whose change the API refuses; none for what is added or
    removed. `default_class` is the cluster's default StorageClass, where that is known: a claim that named none has
    it (plugin/pkg/admission/storage/storageclass/setdefault)."""
    if before is None or after is None:
        return ()
    if kind == "PersistentVolumeClaim" and default_class is not None and value_at(after, *_CLASS) == default_class:
        before = _with_class(before, default_class)
    rule = _RULES.get(kind)
    return tuple(rule(before, after)) if rule is not None else ()


_CLASS = ("spec", "storageClassName")


def _with_class(claim: Object, name: str) -> Object:
    """A claim as admission stores it: with the default class where it names none, not even an empty one."""
    if value_at(claim, *_CLASS) is not None:
        return claim
    return {**claim, "spec": {**(claim.get("spec") or {}), "storageClassName": name}}


def _fields(*paths: str, **defaults: str) -> Callable[[Object, Object], list[str]]:
    """A rule: these fields stay as they are. `defaults` are what an absent last key means."""

    def rule(before: Object, after: Object) -> list[str]:
        return [path for path in paths if _value(before, path, defaults) != _value(after, path, defaults)]

    return rule


def _value(obj: Object, path: str, defaults: Mapping[str, str]) -> Any:
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    value = _bare(value)
    return defaults.get(path.rpartition(".")[2]) if value is None else value


def _bare(value: Any) -> Any:
    """A value without what is null or empty, which the API does not tell from absent; an empty string
    stays."""
    if isinstance(value, Mapping):
        return {key: item for key, raw in value.items() if (item := _bare(raw)) is not None} or None
    if isinstance(value, list):
        return [_bare(item) for item in value] or None
    return value


def may_grow(before: Object | None, after: Object | None, objects: Iterable[Object]) -> bool | None:
    """Whether the API lets a claim grow: as its StorageClass says, where that is among the objects; None where it is
    not, and True for what is no claim that grows.

    (plugin/pkg/admission/storage/persistentvolume/resize/admission.go; the class of a claim that names none is the one
    that is marked as the default.)
    """
    if before is None or after is None or after.get("kind") != "PersistentVolumeClaim" or not _grows(before, after):
        return True
    name = (after.get("spec") or {}).get("storageClassName")
    for obj in objects:
        if obj.get("kind") == "StorageClass" and (
            obj["metadata"]["name"] == name or (name is None and is_default_class(obj))
        ):
            return obj.get("allowVolumeExpansion") is True
    return None


def _grows(before: Object, after: Object) -> bool:
    sizes = [
        quantity((((side.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage"))
        for side in (before, after)
    ]
    return sizes[0] is not None and sizes[1] is not None and sizes[1] > sizes[0]


def _claim(before: Object, after: Object) -> list[str]:
    """A claim keeps all but a request that grows and its attributes class.

    One of static volumes only (`storageClassName: ""`) does not grow either: a class has to allow it
    (plugin/pkg/admission/storage/persistentvolume/resize/admission.go).
    """
    old, new = before.get("spec") or {}, after.get("spec") or {}
    fixed = _fields(
        *(
            f"spec.{key}"
            for key in sorted(old.keys() | new.keys())
            if key not in ("resources", "volumeAttributesClassName")
        ),
        volumeMode="Filesystem",
    )(before, after)
    sizes = [quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage")) for spec in (old, new)]
    grows = new.get("storageClassName") != ""
    if sizes[0] is not None and sizes[1] is not None and (sizes[1] < sizes[0] or (sizes[1] > sizes[0] and not grows)):
        fixed.append("spec.resources.requests.storage")
    return fixed


def _volume(before: Object, after: Object) -> list[str]:
    keys = sorted((before.get("spec") or {}).keys() | (after.get("spec") or {}).keys())
    source = [f"spec.{key}" for key in keys if key not in _NOT_THE_SOURCE]
    return _fields(*source, "spec.volumeMode", volumeMode="Filesystem")(before, after)


def _stateful_set(before: Object, after: Object) -> list[str]:
    keys = sorted((before.get("spec") or {}).keys() | (after.get("spec") or {}).keys())
    paths = [f"spec.{key}" for key in keys if key not in _MUTABLE_OF_STATEFUL_SET]
    return _fields(*paths, podManagementPolicy="OrderedReady")(before, after)


def _service(before: Object, after: Object) -> list[str]:
    """The cluster IP and the first family, unless from or to ExternalName; leaving it out keeps what was given."""
    old, new = before.get("spec") or {}, after.get("spec") or {}
    if "ExternalName" in (old.get("type"), new.get("type")):
        return []
    wanted = new.get("clusterIP")
    refused = ["spec.clusterIP"] if wanted and wanted != old.get("clusterIP") else []
    families = [spec.get("ipFamilies") or [] for spec in (old, new)]
    if all(families) and families[0][0] != families[1][0]:
        refused.append("spec.ipFamilies")
    if old.get("type") == new.get("type") == "LoadBalancer":
        refused += _fields("spec.loadBalancerClass")(before, after)
    return refused


def _frozen_data(before: Object, after: Object) -> list[str]:
    if before.get("immutable") is not True:
        return []
    return _fields("immutable", "data", "binaryData", "stringData")(before, after)


def _secret(before: Object, after: Object) -> list[str]:
    return [*_fields("type", type="Opaque")(before, after), *_frozen_data(before, after)]


_MUTABLE_OF_POD = frozenset(
    ("activeDeadlineSeconds", "schedulingGates", "terminationGracePeriodSeconds", "tolerations")
)
"""Beside the images. Of these some changes are allowed and some are not (ValidatePodUpdate): they are not judged."""


def _pod(before: Object, after: Object) -> list[str]:
    """A Pod keeps all but its images; one that waits behind scheduling gates may still be directed to nodes."""
    directed = ("affinity", "nodeSelector") if (before.get("spec") or {}).get("schedulingGates") else ()
    stored = [_without_images(stored_template({"spec": side.get("spec") or {}})["spec"]) for side in (before, after)]
    keys = sorted((stored[0].keys() | stored[1].keys()) - _MUTABLE_OF_POD - {*directed})
    return [f"spec.{key}" for key in keys if stored[0].get(key) != stored[1].get(key)]


def _without_images(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The specification of a pod less its containers' images, and the pull policy that an image alone implies."""
    bare = {group: [_without_image(each) for each in spec.get(group) or ()] for group in CONTAINER_LISTS}
    return {**spec, **bare}


def _without_image(container: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in container.items() if key not in ("image", "imagePullPolicy")}


def _job(before: Object, after: Object) -> list[str]:
    rule = [
        "spec.selector",
        "spec.template",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.managedBy",
    ]
    rule += ["spec.backoffLimitPerIndex", "spec.successPolicy"]
    if (after.get("spec") or {}).get("completionMode") != "Indexed":
        rule.append("spec.completions")
    return _fields(*rule, completionMode="NonIndexed")(before, after)


def _leader_worker_set(before: Object, after: Object) -> list[str]:
    """Subgroups are decided at creation: their size, and whether there are any."""
    return _fields("spec.leaderWorkerTemplate.subGroupPolicy.subGroupSize")(before, after)


def _quota(before: Object, after: Object) -> list[str]:
    """Its scopes, in any order."""
    scopes = ({*((side.get("spec") or {}).get("scopes") or ())} for side in (before, after))
    return ["spec.scopes"] if len({*map(frozenset, scopes)}) > 1 else []


_RULES: Mapping[str, Callable[[Object, Object], list[str]]] = {
    "CSIDriver": _fields("spec.attachRequired", "spec.volumeLifecycleModes"),
    "ClusterRoleBinding": _fields("roleRef"),
    "ConfigMap": _frozen_data,
    "CustomResourceDefinition": _fields("spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"),
    "DaemonSet": _fields("spec.selector"),
    "Deployment": _fields("spec.selector"),
    "EndpointSlice": _fields("addressType"),
    "IngressClass": _fields("spec.controller"),
    "Job": _job,
    "LeaderWorkerSet": _leader_worker_set,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "PriorityClass": _fields("value", "preemptionPolicy", preemptionPolicy="PreemptLowerPriority"),
    "RayCluster": _fields("spec.managedBy", "spec.gcsFaultToleranceOptions.backend"),
    "ReplicaSet": _fields("spec.selector"),
    "ResourceClaim": _fields("spec"),
    "ResourceClaimTemplate": _fields("spec"),
    "ResourceQuota": _quota,
    "RoleBinding": _fields("roleRef"),
    "RuntimeClass": _fields("handler"),
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
    "StorageClass": _fields(
        "provisioner", "parameters", "reclaimPolicy", "volumeBindingMode",
        reclaimPolicy="Delete", volumeBindingMode="Immediate",
    ),
    "VolumeAttributesClass": _fields("driverName", "parameters"),
}  # fmt: skip
