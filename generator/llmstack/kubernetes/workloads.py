"""The kinds of objects that run pods: where their pod templates are, and what a changed template does to the pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from llmstack.finding import Route
from llmstack.kubernetes.quantities import scaled, whole
from llmstack.kubernetes.untyped import mapping

Replaces = Literal["rolls", "recreates", "beside", "stays"]
"""How running pods follow a changed template: some at a time; all at once, the old ones first; all at once, beside
the old ones; not at all."""

PROGRESS_DEADLINE = 600
"""progressDeadlineSeconds of a Deployment that states none (kubernetes.io, "Deployments")."""

_SEVERAL_IN_PART, _SEVERAL_SINCE = 35, 37
"""The minor version of which some patches have MaxUnavailableStatefulSet on, and the one from which all have."""


class Kind(Struct, frozen=True):
    """What holds for the pods of one kind of workload."""

    templates: tuple[Route, ...]
    """Where its pod templates are; `*` is every item of a list."""
    replaces: Replaces
    scales: bool = False
    """Whether it has the subresource `scale`, by which a scaler may own `spec.replicas`."""
    ordinals: bool = False
    """Whether pods have places: a replacement waits until its predecessor is gone, and growth starts at the new
    revision."""
    per_node: bool = False
    """Whether there is a pod for each node that fits, so that no manifest says how many there are."""
    ends: bool = False
    """Whether its pods end by themselves, so that no manifest says when they are there."""
    rolling: tuple[str, str] = ("strategy", "rollingUpdate")
    """Where below `spec` the numbers of its rolling update are."""
    surge: str = "0"
    unavailable: str = "1"
    """What maxSurge and maxUnavailable are where they are not stated."""


_TEMPLATE: Route = ("spec", "template")
_RAY: tuple[Route, ...] = (("headGroupSpec", "template"), ("workerGroupSpecs", "*", "template"))

WORKLOADS: Mapping[str, Kind] = {
    "Pod": Kind(((),), "recreates"),
    "Deployment": Kind((_TEMPLATE,), "rolls", scales=True, surge="25%", unavailable="25%"),
    "ReplicaSet": Kind((_TEMPLATE,), "stays", scales=True),
    "StatefulSet": Kind(
        (_TEMPLATE,), "rolls", scales=True, ordinals=True, rolling=("updateStrategy", "rollingUpdate")
    ),
    "DaemonSet": Kind((_TEMPLATE,), "rolls", per_node=True, rolling=("updateStrategy", "rollingUpdate")),
    "Job": Kind((_TEMPLATE,), "stays", ends=True),
    "CronJob": Kind((("spec", "jobTemplate", *_TEMPLATE),), "stays", ends=True),
    "LeaderWorkerSet": Kind(
        (("spec", "leaderWorkerTemplate", "leaderTemplate"), ("spec", "leaderWorkerTemplate", "workerTemplate")),
        "rolls", scales=True, ordinals=True, rolling=("rolloutStrategy", "rollingUpdateConfiguration"),
    ),
    "RayCluster": Kind(tuple(("spec", *route) for route in _RAY), "recreates"),
    "RayService": Kind(tuple(("spec", "rayClusterConfig", *route) for route in _RAY), "beside"),
}  # fmt: skip
"""By kind.

A ReplicaSet gives a changed template to new pods only, a CronJob to its next run (Kubernetes documentation); the API
refuses to change a Job's, and of a Pod all but its images, for which the kubelet starts the container again
(ValidatePodUpdate, pkg/apis/core/validation). A LeaderWorkerSet rolls like a StatefulSet (lws, `rolloutStrategy`).
KubeRay deletes the pods of a RayCluster and makes them anew (RayClusterUpgradeStrategy `Recreate`), and for a
RayService brings up a second cluster, to which it switches once that serves (`NewCluster`; Ray documentation,
"RayService", zero downtime upgrade).
"""


def is_lasting(kind: str) -> bool:
    """Whether objects of a kind run pods until they are removed."""
    return kind in WORKLOADS and not WORKLOADS[kind].ends


def is_counted(kind: str) -> bool:
    """Whether the manifest of such an object says how many pods it runs, at any time."""
    return is_lasting(kind) and not WORKLOADS[kind].per_node


def strategy_of(obj: Mapping[str, Any], replicas: int) -> tuple[int, int, bool]:
    """Return maxSurge and maxUnavailable in replicas, and whether all are recreated together.

    Surge rounds up and is capped by the replicas, unavailable rounds down, both zero is one unavailable
    (`ResolveFenceposts`, pkg/controller/deployment/util/deployment_util.go); Recreate is 0 and all of them. A
    second cluster beside the first is a surge of all.
    """
    spec = mapping(obj.get("spec"))
    kind = WORKLOADS[str(obj.get("kind"))]
    if kind.replaces == "recreates" or mapping(spec.get("strategy")).get("type") == "Recreate":
        return 0, replicas, True
    if kind.replaces == "beside":
        return replicas, 0, False
    block, numbers = kind.rolling
    rolling = mapping(mapping(spec.get(block)).get(numbers))
    surge = scaled(rolling.get("maxSurge"), replicas, up=True, default=kind.surge)
    unavailable = scaled(rolling.get("maxUnavailable"), replicas, up=False, default=kind.unavailable)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return min(surge, replicas), min(unavailable, replicas), False


def updates_several(obj: Mapping[str, Any], version: str | None) -> bool | None:
    """Whether a rolling update replaces several pods at a time where `maxUnavailable` says so, in Kubernetes `version`
    (`1.34`); None where that is not known.

    Pods of a StatefulSet, and leaders of a LeaderWorkerSet, go one at a time without the feature gate
    MaxUnavailableStatefulSet (lws, issue 315). That is off up to 1.34, on in 1.35.0 to 1.35.3, off in later 1.35 and in
    1.36 (kubernetes/kubernetes, pull requests 137904 and 137926; pkg/features/kube_features.go), and on from 1.37 (pull
    request 139466).
    """
    if not WORKLOADS[str(obj.get("kind"))].ordinals:
        return True
    minor = version.removeprefix("v").split(".")[1] if version is not None and version.count(".") else ""
    if not minor.isdecimal() or int(minor) == _SEVERAL_IN_PART:
        return None
    return int(minor) >= _SEVERAL_SINCE


def partition_of(obj: Mapping[str, Any]) -> int:
    """Return how many replicas, counted from ordinal 0, a rolling update leaves at the old template."""
    kind = WORKLOADS.get(str(obj.get("kind")))
    if kind is None or not kind.ordinals:
        return 0
    block, numbers = kind.rolling
    return whole(mapping(mapping(mapping(obj.get("spec")).get(block)).get(numbers)).get("partition"), 0)


def is_ordered(obj: Mapping[str, Any]) -> bool:
    """Whether pods are made one after another, each once those before it are ready (`OrderedReady`, the default of a
    StatefulSet's podManagementPolicy; kubernetes.io, "StatefulSets"). Those of a LeaderWorkerSet come together (lws,
    pkg/controllers/leaderworkerset_controller.go, `constructLeaderStatefulSetApplyConfiguration`)."""
    return obj.get("kind") == "StatefulSet" and mapping(obj.get("spec")).get("podManagementPolicy") != "Parallel"


def is_below_partition(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether all replicas that there were are below the partition of after, so that none follows its template."""
    return 0 < _stated(before, partition_of(after) + 1) <= partition_of(after)


def released(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Return how many replicas a lowered partition lets follow their template, after it has kept them at an older one,
    if one was held back (kubernetes.io, "StatefulSets", partitioned rolling updates)."""
    if before.get("kind") != after.get("kind"):
        return 0
    held = partition_of(before)
    return max(0, min(held, _stated(before, held), _stated(after, held)) - partition_of(after))


def _stated(obj: Mapping[str, Any], unknown: int) -> int:
    """The replicas that a manifest states, `unknown` where it leaves them to a scaler."""
    spec = mapping(obj.get("spec"))
    return whole(spec.get("replicas"), 1) if "replicas" in spec else unknown


def ordinals_of(obj: Mapping[str, Any] | None, replicas: int) -> range:
    """Return the ordinals of a StatefulSet's pods; from 0 on for any other kind.

    Of another `ordinals.start` pods outside the new range end, and those that it lacks are made beside them first
    (pkg/controller/statefulset/stateful_set_control.go, updateStatefulSet: `condemned` come last).
    """
    spec = mapping((obj or {}).get("spec")) if (obj or {}).get("kind") == "StatefulSet" else {}
    start = whole(mapping(spec.get("ordinals")).get("start"), 0)
    return range(start, start + replicas)


def renumbered(old: range, new: range) -> tuple[int, int]:
    """Return how many pods of the old ordinals end, and how many of the new ones are made."""
    kept = max(0, min(old.stop, new.stop) - max(old.start, new.start))
    return len(old) - kept, len(new) - kept
