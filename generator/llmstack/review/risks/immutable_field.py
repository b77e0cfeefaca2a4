"""The API server refuses the change, because the field cannot change on an object that exists.

Why it matters: the whole object is refused, so the other changes of it are not applied either. Flux reports the
Kustomization as failed and Argo CD the sync; what was applied before it stays applied.

How it is judged: the fields that the API's validation compares on an update, for example the selector of a
Deployment, most of a StatefulSet's spec, and a claim's spec, apart from a size that grows (k8s.io/kubernetes
pkg/apis/*/validation, the webhook of LeaderWorkerSet, the CRD of RayCluster). Objects that are removed and added
under another name are not updates.

Fix: keep the field, or give the object another name. To replace the object itself, delete it by hand at a time when
its absence does no harm; then the next sync creates it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.immutable import may_grow, refused_fields
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.applied import makes_anew
from llmstack.review.change import ObjectChange
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.data_loss import HOLDS_DATA
from llmstack.review.risks.declaration import Declaration
from llmstack.review.storage import class_that_refuses
from llmstack.sync.policies import is_renewed

RISK = Declaration("immutable-field", Severity.ERROR, milder=Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Changes of fields that the API does not let change."""
    for change in assessment.changes:
        grown = class_that_refuses(change, assessment.facts[1].cluster)
        if grown is not None:
            message = (
                f"the claim grows, and its class `{grown.name}` does not expand volumes: the API server refuses it"
            )
            yield RISK.at(f"{change.kind}/{change.name}", message, _STAYS, path=_SIZE)
        paths = refused_fields(change.kind, change.before, change.after, assessment.near.default_class)
        if not paths and grown is None and may_grow(change.before, change.after, assessment.after) is False:
            message = (
                "its StorageClass does not let claims grow (`allowVolumeExpansion`): the API server refuses the size"
            )
            advice = "Let the class expand in a commit before, or move to a larger claim of another name."
            yield RISK.at(change.key, message, advice, path=_SIZE)
        if paths and makes_anew(change, assessment.near):
            if change.kind not in HOLDS_DATA and not is_renewed(change.after or {}):
                message = f"the API server refuses to change `{paths[0]}`, so the sync tool deletes the object first"
                subject = f"{change.kind}/{change.name}"
                yield RISK.at(subject, message, _KEEP, path=paths[0], milder=True)
        elif paths:
            fields = " and ".join(f"`{path}`" for path in paths)
            message = f"the API server refuses to change {fields}: no change of this object is applied"
            subject = f"{change.kind}/{change.name}"
            yield RISK.at(subject, message, _way_out(change, paths), path=paths[0])


_STAYS = "Keep the size, let the class expand (`allowVolumeExpansion`), or move to a larger claim of another name."
_SIZE = "spec.resources.requests.storage"
_KEEP = "Keep the field, or expect the object to be gone for a moment, with all pods that it owns."


def _way_out(change: ObjectChange, paths: tuple[str, ...]) -> str:
    if change.kind == "PersistentVolumeClaim":
        if paths == (_SIZE,):
            if (change.after or {}).get("spec", {}).get("storageClassName") == "":
                return (
                    "A claim of static volumes does not grow: keep the size, or move to a larger claim of another name."
                )
            return "A claim never shrinks: keep the size, or copy the data to a smaller claim of another name."
        return "Keep the fields, or copy the data to a claim of another name and point the model at that."
    if is_lasting(change.kind):
        return "Give it another name and run both side by side, or agree on an outage and delete it by hand."
    return "Keep the field, or give the object another name."
