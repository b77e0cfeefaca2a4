"""The change is applied, and the running pods stay as they are.

Why it matters: Git says one thing and the pods run another, without an error; the next restart of a pod, for whatever
reason, brings the change at a time that nobody chose.

How it is judged: a RayCluster whose pods change without `upgradeStrategy.type: Recreate` (KubeRay leaves running pods
alone: ray-operator/apis/ray/v1/raycluster_types.go, RayClusterUpgradeStrategy); a Deployment with `paused: true`; a
StatefulSet or DaemonSet with `OnDelete`; a `partition` above 0, which keeps the replicas below it at the old template;
a RayService with `upgradeStrategy.type: None`; a ReplicaSet. An object that Flux is told to pass over (`reconcile:
disabled`, `ssa: Ignore`, of one that exists `ssa: IfNotPresent`), fields that an Application's `ignoreDifferences`
(`RespectIgnoreDifferences=true`) or a Kustomization's `ignore` leaves alone, and a workload, a scaler, a way in or a
limit that leaves the manifests and is kept; an object with `ownerReferences`, which the garbage collector deletes. Then
what pods read at their start: a ConfigMap, Secret, SealedSecret, ExternalSecret or SecretProviderClass whose content
changes, and that no checksum in the pod template covers, reaches no running pod as environment, and none of vLLM's as
files. (A text that is encrypted anew may hide the same value.) Those that restart with the change, or that Reloader
restarts, are left out.

Fix: set the field that the advice names, or delete the pods by hand when it suits you.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmstack.finding import Severity
from llmstack.kubernetes.revisions import Unapplied
from llmstack.kubernetes.workloads import is_lasting, partition_of
from llmstack.review.applied import Held
from llmstack.review.change import ObjectChange
from llmstack.review.restarts import why_unmoved
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.ways_in.unread import Unread, unread_changes

RISK = Declaration("not-applied", Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Changes that reach no running pod, or not all."""
    for change in assessment.changes:
        why = why_unmoved(change)
        reason = _UNAPPLIED[why] if why is not None else _partly_applied(change)
        if reason is not None and change.identity not in assessment.applied.refused:
            yield RISK.at(change.key, *reason)
    staying = {change.unit for change, _ in assessment.applied.held if is_lasting(change.kind)}
    for change, held in assessment.applied.held:
        told = _held(change, held)
        beside = change.kind in _ACTING and change.unit in staying
        if told is not None and not beside:
            yield RISK.at(change.key, *told)
    restarting = {workload.identity for workload in assessment.workloads if workload.move in ("restart", "new")}
    for each in unread_changes(assessment.changes, assessment.after, restarting):
        yield RISK.at(each.key, _unread(each), _MADE_ONCE if each.is_copied else _RESTART)


def _held(change: ObjectChange, why: Held) -> tuple[str, str] | None:
    """Why the sync tool leaves a change out, and what to do; None where the change of its unit's owner says it."""
    if why in ("kept", "left"):
        if not (is_lasting(change.kind) or change.kind in _ACTING):
            return None
        reason = "its annotation" if why == "kept" else "its owner, which deletes nothing,"
        rest = "with its pods and what they hold" if is_lasting(change.kind) else "and does what it did"
        message = f"it leaves the manifests and stays in the cluster, by {reason} {rest}"
        return message, "Delete it by hand if it shall go."
    if why == "stopped":
        return None
    if why == "ignored":
        message = (
            "the sync tool leaves some of the changed fields as they are in the cluster (its rules on what to ignore)"
        )
        return message, "Take the fields out of `ignoreDifferences` (Argo CD) or `ignore` (Flux) to have them applied."
    if why == "goes":
        message = (
            "its annotations make a hook of Argo CD of it: the sync deletes the object that is there, and leaves none "
            "behind"
        )
        return message, "Take the annotations away: only what runs once and ends is a hook."
    if why == "collected":
        message = (
            "its `ownerReferences` name an owner by uid: where the cluster has none of that uid, its garbage collector "
            "deletes the object, each time that it is applied"
        )
        return message, "Leave `ownerReferences` to controllers: a manifest cannot know a uid."
    verb = "not created" if change.before is None else "not changed"
    return (
        f"the sync tool passes it over ({_SKIPPED[why]}): it is {verb}",
        "Take the annotation away to have it applied.",
    )


_ACTING = frozenset((
    "HTTPRoute", "HorizontalPodAutoscaler", "Ingress", "LimitRange", "NetworkPolicy", "PodDisruptionBudget",
    "ResourceQuota", "ScaledObject", "Service",
))  # fmt: skip
"""Kinds without pods that go on scaling, letting in, or keeping out while they are in the cluster; told where no
workload of their unit stays with them."""

_SKIPPED: Mapping[Held, str] = {
    "reconcile": "`kustomize.toolkit.fluxcd.io/reconcile: disabled`",
    "ssa-ignore": "`kustomize.toolkit.fluxcd.io/ssa: Ignore`",
    "ssa-if-not-present": "`kustomize.toolkit.fluxcd.io/ssa: IfNotPresent`",
    "hook-skip": "`argocd.argoproj.io/hook: Skip`",
}


_RESTART = "Restart the pods when it suits you (`kubectl rollout restart`), or change an annotation of theirs with it."
_MADE_ONCE = (
    "Delete the Secret that the driver makes of it, then restart the pods (`kubectl rollout restart`): without "
    "rotation it changes no Secret that is there."
)


def _unread(each: Unread) -> str:
    how = "as environment, which is read" if each.how == "environment" else "as files, which vLLM reads"
    return f"`{each.source}` changes, and the pods read it {how} when they start: they go on with what it was"


_UNAPPLIED: Mapping[Unapplied, tuple[str, str]] = {
    "paused": ("the Deployment is paused, so its pods stay as they are", "Set `paused: false` to roll it out."),
    "on-delete": ("the pods keep the old template until they are deleted (OnDelete)", "Delete them one by one."),
    "partition": ("`partition` keeps every replica at the old template", "Set `partition: 0` to roll all of them."),
    "ray-cluster": (
        "KubeRay leaves running pods as they are: that needs `upgradeStrategy.type: Recreate`",
        "Set `upgradeStrategy: {type: Recreate}` (an outage while it loads), or delete the pods by hand.",
    ),
    "ray-service": (
        "KubeRay leaves the running cluster as it is: `upgradeStrategy.type` is `None`",
        "Set `upgradeStrategy: {type: NewCluster}` (a second cluster beside the first while it loads).",
    ),
    "replica-set": ("a ReplicaSet leaves running pods as they are", "Delete them one by one, or use a Deployment."),
}
"""By what keeps running pods at their old template: the message, and what to do."""


def _partly_applied(change: ObjectChange) -> tuple[str, str] | None:
    partition = partition_of(change.after) if change.restarts and change.after is not None else 0
    if not partition:
        return None
    message = f"`partition: {partition}` keeps the replicas below it at the old template"
    return message, "Set `partition: 0` to roll all of them."
