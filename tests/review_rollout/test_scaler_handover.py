"""Who gives a workload its replicas, and what happens where that changes: each risk as it is told, whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.test_scalers import hpa, keda

Make = Callable[..., Any]
Told = tuple[str, str, str, int | None, str]
"""Severity, message, advice, amount and path."""

LEFT = "and no manifest says `replicas`: they stay what it gave last, whatever comes"
BOTH = "each sync sets back what the scaler gave, and pods end with their requests"
OUT = "Take `replicas` out of the manifest in a commit of its own, as for a scaler that is added."
HAND_OVER = (
    "Hand the field over before the merge: server-side apply an object with nothing but `spec.replicas: {}` under "
    "another field manager (`kubectl apply --server-side --validate=false --field-manager=handover-to-scaler`)."
)
KEDA_FIRST = (
    "KEDA refuses the ScaledObject while the HorizontalPodAutoscaler is there, and that is pruned after the rest is "
    "applied: nothing of the unit may be applied; if it is, `replicas` leaves the manifest too, and may fall to 1"
)
REFUSED = "KEDA refuses the ScaledObject that comes, and nothing of its unit is applied"
AIMLESS = "it scales nothing"
NAME_IT = "Name in `spec.scaleTargetRef` what it is to scale, or remove it."
AT = "spec.scaleTargetRef.name"
OTHER = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}, "spec": {}}
ONE_OF = "Keep one of them, and remove the other in a commit before."


def another() -> dict[str, Any]:
    """A second ScaledObject of the same Deployment."""
    return keda() | {"metadata": {"name": "another"}}


CASES: dict[str, tuple[int | None, int | None, tuple[Any, ...], list[Told]]] = {
    "a scaler takes what the manifest gave": (3, None, ((None, keda()),), [
        ("error", "`replicas` leaves the manifest for a scaler that does not own it yet: it falls from 3 to 1 at the apply",
         HAND_OVER.format(3), 2, "spec.replicas")]),
    "it takes one": (1, None, ((None, keda()),), []),
    "it scales another": (3, 3, ((None, keda(name="other")), (OTHER, OTHER)), []),
    "it scales what is nowhere": (3, 3, ((None, keda(name="other")),), [
        ("warning", f"it is to scale `Deployment/other`, which nothing in the cluster's files makes: {AIMLESS}", NAME_IT, None, AT)]),
    "it did so before": (3, 4, ((keda(name="other"), keda(name="other")),), []),
    "what it scales goes": (3, 3, ((keda(name="other"), keda(name="other")), (OTHER, None)), [
        ("warning", f"it is to scale `Deployment/other`, which goes: {AIMLESS}", NAME_IT, None, AT)]),
    "it goes with what it scales": (3, 3, ((keda(name="other"), None), (OTHER, None)), []),
    "KEDA in the place of an HPA": (None, None, ((hpa(), None), (None, keda())), [
        ("error", KEDA_FIRST, "Remove the HorizontalPodAutoscaler in one commit, and add the ScaledObject in the next.", None, "")]),
    "an HPA in the place of KEDA": (None, None, ((keda(), None), (None, hpa())), []),
    "a second scaler": (None, None, ((None, keda()), (hpa(), hpa())), [
        ("error", f"2 scalers want it (HorizontalPodAutoscaler, ScaledObject): {REFUSED}", ONE_OF, None, "")]),
    "a second ScaledObject": (None, None, ((keda(), keda()), (None, another())), [
        ("error", f"2 scalers want it (ScaledObject, ScaledObject): {REFUSED}", ONE_OF, None, "")]),
    "an HPA beside KEDA": (None, None, ((keda(), keda()), (None, hpa())), [
        ("warning", "2 scalers want it (HorizontalPodAutoscaler, ScaledObject): neither acts, or each undoes the other",
         "Keep one of them.", None, "")]),
    "two that were there": (None, None, ((keda(), keda()), (hpa(), hpa())), []),
    "KEDA goes": (None, None, ((keda(), None),), [
        ("warning", f"the scaler goes, {LEFT} (KEDA sets back what it found, where `restoreToOriginalReplicaCount` says so)",
         "State `replicas` in the manifest, with what runs then.", None, "")]),
    "an HPA goes": (None, None, ((hpa(), None),), [
        ("warning", f"the scaler goes, {LEFT}", "State `replicas` in the manifest, with what runs then.", None, "")]),
    "both say": (3, 3, ((None, keda()),), [
        ("warning", f"both the manifest (3 replicas) and a scaler say how many replicas there are: {BOTH}", OUT, None, "spec.replicas")]),
    "both said": (3, 3, ((keda(), keda()),), []),
    "the manifest begins to say, too": (None, 1, ((keda(), keda()),), [
        ("warning", f"both the manifest (1 replica) and a scaler say how many replicas there are: {BOTH}", OUT, None, "spec.replicas")]),
    "the manifest takes it back": (None, 3, ((keda(), None),), [
        ("warning", "the scaler goes, and the apply sets 3 replicas whatever runs: up to 5 pods end at once",
         "Set `replicas` to what runs now, up to 8, and lower it later.", 5, "spec.replicas")]),
    "with one less than the most": (None, 7, ((keda(), None),), [
        ("warning", "the scaler goes, and the apply sets 7 replicas whatever runs: up to 1 pod ends",
         "Set `replicas` to what runs now, up to 8, and lower it later.", 1, "spec.replicas")]),
    "with the most": (None, 8, ((keda(), None),), []),
    "with none": (None, 0, ((keda(), None),), []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_who_gives_the_replicas(case: str, deployment: Make, review: Make, pool: Make) -> None:
    before, after, scalers, expected = CASES[case]
    pair = tuple(deployment(replicas=replicas, surge=0, unavailable=1) for replicas in (before, after))
    result = review(pair, *scalers, pools=[pool(16)])
    told = [risk for risk in result.risks if risk.id == "scaler-handover"]
    assert [(str(each.severity), each.message, each.advice, each.amount, each.path) for each in told] == expected
    assert {each.object for each in told} <= {"Deployment/llama", "ScaledObject/other"}
