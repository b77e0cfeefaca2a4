"""The change is applied, and the running pods stay as they are.

Why it matters: Git says one thing and the pods run another, without an error; the next restart of a pod, for whatever
reason, brings the change at a time that nobody chose.

How it is judged: a RayCluster whose pods change without `upgradeStrategy.type: Recreate` (KubeRay leaves running pods
alone: ray-operator/apis/ray/v1/raycluster_types.go, RayClusterUpgradeStrategy); a Deployment with `paused: true`; a
StatefulSet or DaemonSet with `OnDelete`; a `partition` above 0, which keeps the replicas below it at the old
template.

Fix: set the field that the advice names, or delete the pods by hand when it suits you.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import whole
from llmstack.review.result import ObjectChange, Risk
from llmstack.review.risks.context import Case
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("not-applied", Severity.WARNING)


def find(case: Case) -> Iterator[Risk]:
    """Changes that reach no running pod, or not all."""
    for change in case.changes:
        reason = why_not_applied(change) or _partly_applied(change)
        if reason is not None and f"{change.kind}/{change.name}" not in case.refused:
            message, advice = reason
            yield RISK.at(case, f"{change.kind}/{change.name}", message, advice)


def why_not_applied(change: ObjectChange) -> tuple[str, str] | None:
    """Why a change of a pod template reaches no pod, and what to do; None when it does.

    KubeRay acts on a changed template only with `upgradeStrategy: Recreate`; without it, running pods
    stay and new ones are as the new template says (ray-operator/apis/ray/v1/raycluster_types.go,
    RayClusterUpgradeStrategy).
    """
    if change.before is None or change.after is None:
        return None
    old, new = change.before.get("spec") or {}, change.after.get("spec") or {}
    strategy = (new.get("upgradeStrategy") or new.get("updateStrategy") or {}).get("type")
    if change.kind == "RayCluster" and strategy != "Recreate" and _ray_pods(old) != _ray_pods(new):
        return (
            "KubeRay leaves running pods as they are: that needs `upgradeStrategy.type: Recreate`",
            "Set `upgradeStrategy: {type: Recreate}` (an outage while it loads), or delete the pods by hand.",
        )
    if change.kind == "Deployment" and new.get("paused") is True and change.restarts:
        return "the Deployment is paused, so its pods stay as they are", "Set `paused: false` to roll it out."
    if change.kind in ("StatefulSet", "DaemonSet") and strategy == "OnDelete" and change.restarts:
        return "the pods keep the old template until they are deleted (OnDelete)", "Delete them one by one."
    return None


def _ray_pods(spec: Mapping[str, Any]) -> Object:
    """What of a RayCluster reaches its pods: all but strategy and the number of workers."""
    not_pods = ("upgradeStrategy", "suspend", "workerGroupSpecs")
    numbers = ("replicas", "minReplicas", "maxReplicas", "scaleStrategy")
    groups = [_without(group, numbers) for group in spec.get("workerGroupSpecs") or ()]
    return {**_without(spec, not_pods), "groups": groups}


def _without(fields: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in keys}


def _partly_applied(change: ObjectChange) -> tuple[str, str] | None:
    if change.kind not in ("LeaderWorkerSet", "StatefulSet") or not change.restarts or change.after is None:
        return None
    spec = change.after.get("spec") or {}
    rolling = (spec.get("rolloutStrategy") or {}).get("rollingUpdateConfiguration")
    rolling = rolling or (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    partition = whole(rolling.get("partition"), 0)
    if not partition:
        return None
    message = f"`partition: {partition}` keeps the replicas below it at the old template"
    return message, "Set `partition: 0` to roll all of them."
