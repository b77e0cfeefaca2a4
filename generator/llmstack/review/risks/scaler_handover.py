"""A scaler takes over the number of replicas, and it falls to 1 for a moment.

Why it matters: with a HorizontalPodAutoscaler or KEDA, `replicas` leaves the manifest, so that Git and the scaler do
not overwrite each other. When server-side apply removes a field that nobody else owns, the API server sets its
default, 1: all replicas but one are deleted at the apply, and the scaler starts them again afterwards.

How it is judged: the manifest has `replicas` above 1 before the change, and after it none, because a scaler is added
that does not own the field yet. (Kubernetes documentation, "Server-Side Apply", transferring ownership.)

Fix: hand the field over before the merge: apply an object with nothing but `spec.replicas` under another field
manager, as the advice says. Or merge at a time of few requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("scaler-handover", Severity.ERROR)


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
            yield RISK.at(assessment, workload.key, message, advice, path="spec.replicas")
