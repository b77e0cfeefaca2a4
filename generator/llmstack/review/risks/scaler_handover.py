"""Another owner takes over the number of replicas: a scaler, another kind of scaler, or the manifest.

Why it matters: with a HorizontalPodAutoscaler or KEDA, `replicas` leaves the manifest, so that Git and the scaler do
not overwrite each other. When server-side apply removes a field that nobody else owns, the API server sets its
default, 1: all replicas but one are deleted at the apply, and the scaler starts them again afterwards.

How it is judged: the manifest has `replicas` above 1 before the change, and after it none, because a scaler is added
that does not own the field yet. (Kubernetes documentation, "Server-Side Apply", transferring ownership.) An error too:
a HorizontalPodAutoscaler makes way for a ScaledObject in one commit, as KEDA's webhook refuses that while the first is
there, and what leaves Git is pruned after the rest is applied (kedacore/keda, scaledobject_webhook.go, `verifyHpas`);
or a ScaledObject comes for a workload that another scaler has. A warning: a scaler goes, or KEDA is paused
(`autoscaling.keda.sh/paused`), and the manifest sets fewer replicas than it may have given; or both go on to say how
many there are, as where KEDA is paused at another number than is stated; or a scaler begins to name a workload that
goes, or that no file of the cluster makes: it scales nothing. Its amount is the number of pods that end.

Fix: hand the field over before the merge: apply an object with nothing but `spec.replicas` under another field
manager, as the advice says. Or merge at a time of few requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Identity, Object, identity_of, told, value_at
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.replicas import (
    frozen_targets,
    paused_targets,
    scaler_kinds,
    scalers_of,
    targets_of_scalers,
)
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.play import Played
from llmstack.review.wording import plural, say_ending

RISK = Declaration("scaler-handover", Severity.ERROR, milder=Severity.WARNING, unit="pods")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Workloads whose `replicas` leave the manifest because a scaler is added."""
    for workload in assessment.workloads:
        if workload.falls_to is not None:
            falls = f"from {workload.before} to {workload.falls_to} at the apply"
            message = f"`replicas` leaves the manifest for a scaler that does not own it yet: it falls {falls}"
            advice = (
                "Hand the field over before the merge: server-side apply an object with nothing but "
                f"`spec.replicas: {workload.before}` under another field manager (`kubectl apply "
                "--server-side --validate=false --field-manager=handover-to-scaler`)."
            )
            lost = workload.before - workload.falls_to
            yield RISK.at(workload.key, message, advice, path="spec.replicas", amount=lost)
    yield from _other_kind(assessment)
    yield from _two_owners(assessment)
    yield from _several(assessment)
    yield from _left(assessment)
    yield from _aimless(assessment)
    if assessment.most is not None:
        yield from _back_to_the_manifest(assessment, assessment.most)


def _other_kind(assessment: Assessment) -> Iterator[Risk]:
    before, after = scaler_kinds(assessment.before), scaler_kinds(assessment.after)
    for target, scaler in sorted(after.items()):
        if scaler == "ScaledObject" and before.get(target) == "HorizontalPodAutoscaler":
            message = (
                "KEDA refuses the ScaledObject while the HorizontalPodAutoscaler is there, and that is pruned after "
                "the rest is applied: nothing of the unit may be applied; if it is, `replicas` leaves the manifest "
                "too, and may fall to 1"
            )
            advice = "Remove the HorizontalPodAutoscaler in one commit, and add the ScaledObject in the next."
            yield RISK.at(told(target), message, advice)


def _several(assessment: Assessment) -> Iterator[Risk]:
    """Workloads that begin to have a second scaler: of two HorizontalPodAutoscalers neither acts (`AmbiguousSelector`,
    pkg/controller/podautoscaler/horizontal.go), and KEDA refuses what another one scales
    (kedacore/keda, scaledobject_webhook.go, `verifyScaledObjects` and `verifyHpas`)."""
    before, after = scalers_of(assessment.before), scalers_of(assessment.after)
    for target, kinds in sorted(after.items()):
        former = before.get(target, ())
        if len(kinds) < 2 or len(former) > 1:
            continue
        wanted = f"{len(kinds)} scalers want it ({', '.join(sorted(kinds))})"
        if former and kinds.count("ScaledObject") > former.count("ScaledObject"):
            message = f"{wanted}: KEDA refuses the ScaledObject that comes, and nothing of its unit is applied"
            yield RISK.at(told(target), message, "Keep one of them, and remove the other in a commit before.")
        else:
            message = f"{wanted}: neither acts, or each undoes the other"
            yield RISK.at(told(target), message, "Keep one of them.", milder=True)


def _left(assessment: Assessment) -> Iterator[Risk]:
    """Workloads that lose their scaler, and of which no manifest says how many replicas they have."""
    before = scalers_of(assessment.before)
    lost = before.keys() - scalers_of(assessment.after).keys()
    frozen = frozen_targets(assessment.after) - frozen_targets(assessment.before)
    for obj in assessment.after if lost | frozen else ():
        target = identity_of(obj)
        if target in (lost | frozen) & assessment.least.owned[1].keys():
            ends = "KEDA is paused" if target in frozen else "the scaler goes"
            back = " (KEDA sets back what it found, where `restoreToOriginalReplicaCount` says so)"
            message = f"{ends}, and no manifest says `replicas`: they stay what it gave last, whatever comes"
            message += back if target in lost and "ScaledObject" in before[target] else ""
            advice = "State `replicas` in the manifest, with what runs then."
            yield RISK.at(told(target), message, advice, milder=True)


def _aimless(assessment: Assessment) -> Iterator[Risk]:
    """Scalers that begin to name what is not there: it was renamed or removed, or never was (`FailedGetScale`,
    pkg/controller/podautoscaler/horizontal.go; `checkTargetResourceIsScalable`, kedacore/keda,
    controllers/keda/scaledobject_controller.go)."""
    before, after = targets_of_scalers(assessment.before), targets_of_scalers(assessment.after)
    if not after:
        return
    had, has = ({identity_of(obj) for obj in side} for side in (assessment.before, assessment.after))
    elsewhere = {identity_of(obj) for _, obj in assessment.near.objects}
    elsewhere |= {identity_of(each.after) for each in assessment.near.brought} | assessment.facts[1].present.keys()
    for scaler, target in sorted(after.items()):
        begins = before.get(scaler) != target and assessment.near.has_values  # of a stream the rest may be elsewhere
        if target in has | elsewhere or not (target in had or begins):
            continue
        why = "which goes" if target in had else "which nothing in the cluster's files makes"
        message = f"it is to scale `{told(target)}`, {why}: it scales nothing"
        advice = "Name in `spec.scaleTargetRef` what it is to scale, or remove it."
        yield RISK.at(told(scaler), message, advice, path="spec.scaleTargetRef.name", milder=True)


def _two_owners(assessment: Assessment) -> Iterator[Risk]:
    """Replicas that the manifest states and a scaler gives: a sync sets back what the scaler set."""
    before, after = (_owned_twice(objects) for objects in (assessment.before, assessment.after))
    yield from _paused(assessment, after)
    for target in sorted(after.keys() - before.keys()):
        message = (
            f"both the manifest ({plural(after[target], 'replica')}) and a scaler say how many replicas there are: "
            "each sync sets back what the scaler gave, and pods end with their requests"
        )
        advice = "Take `replicas` out of the manifest in a commit of its own, as for a scaler that is added."
        yield RISK.at(told(target), message, advice, path="spec.replicas", milder=True)


def _paused(assessment: Assessment, stated: dict[Identity, int]) -> Iterator[Risk]:
    """Workloads for which KEDA begins to be paused at another number than the manifest states."""
    before, after = paused_targets(assessment.before), paused_targets(assessment.after)
    for target in sorted(after.keys() & stated.keys()):
        if after[target] not in (before.get(target), stated[target]):
            message = (
                f"KEDA is paused at {plural(after[target], 'replica')} and sets that, while the manifest states "
                f"{stated[target]}: each sync sets it back, and KEDA follows only when its object changes"
            )
            advice = "State the same in the manifest, or take `replicas` out of it in a commit of its own."
            yield RISK.at(told(target), message, advice, path="spec.replicas", milder=True)


def _owned_twice(objects: Sequence[Object]) -> dict[Identity, int]:
    scaled = scaler_kinds(objects)
    stated = {identity_of(obj): whole(value_at(obj, "spec", "replicas"), 0) for obj in objects}
    return {target: stated[target] for target in scaled if stated.get(target)}


def _back_to_the_manifest(assessment: Assessment, most: Played) -> Iterator[Risk]:
    frozen = frozen_targets(assessment.after)
    for workload in most.workloads:
        target = workload.identity
        if target in most.owned[0] and target not in most.owned[1] and 0 < workload.after < workload.before:
            ends = "KEDA is paused" if target in frozen else "the scaler goes"
            lost = workload.before - workload.after
            message = (
                f"{ends}, and the apply sets {plural(workload.after, 'replica')} whatever runs: up to "
                f"{say_ending(lost)}"
            )
            advice = f"Set `replicas` to what runs now, up to {workload.before}, and lower it later."
            yield RISK.at(workload.key, message, advice, path="spec.replicas", milder=True, amount=lost)
