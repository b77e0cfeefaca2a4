"""Whether a rollout finishes depends on what the repository does not say.

Why it matters: no risk is told where nothing is known, and that reads like an answer. What the scheduler and the API
server look at and nobody wrote down is said instead, with the line that would settle it.

How it is judged: the pods of a rollout name a PriorityClass, RuntimeClass or ServiceAccount that nothing here makes and
nothing used before; mount an existing claim of which nobody says the access mode, while an old pod keeps it; or ask for
nodes that no declared pool has: a warning, as each of these usually hangs. A note: they must be spread evenly
(`whenUnsatisfiable: DoNotSchedule`) or apart over zones or nodes whose number is not known; lose a toleration; wait for
another scheduler; claim devices (DRA) or take a second kind of GPU that no pool counts; or begin to read a Secret or
config map that nothing here makes. A claim that grows, and whose StorageClass is not here: a note, a warning where its
volume is among the manifests.

Fix: state it, as the advice says: in `gitops.capacity`, `gitops.existing` or `pvcAccessMode`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.immutable import may_grow
from llmstack.kubernetes.pods import value_at
from llmstack.review.result import ObjectChange, Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("not-judged", Severity.WARNING, milder=Severity.NOTE)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Every obstacle of which it is not known whether it is one."""
    for key, obstacles in assessment.obstacles.items():
        for each in obstacles:
            if each.hangs == "unknown":
                yield RISK.at(assessment, key, each.message, each.advice, milder=not each.likely)
    for change in assessment.changes:
        refused = change.identity in assessment.refused
        if not refused and may_grow(change.before, change.after, assessment.after) is None:
            static = _is_static(change, assessment)
            why = "of a volume that the manifests bring" if static else "of a class that is not here"
            message = (
                f"it is a claim {why}: the API server lets it grow where its StorageClass is there and allows it "
                "(`allowVolumeExpansion`), and else refuses it with all of its unit"
            )
            advice = "See that the class lets claims grow before the merge."
            yield RISK.at(assessment, change.key, message, advice, milder=not static)


def _is_static(change: ObjectChange, assessment: Assessment) -> bool:
    """Whether a claim is of a volume that is among the objects: then its class is but a name that both share."""
    name = value_at(change.after, "spec", "storageClassName")
    return name is not None and any(
        obj.get("kind") == "PersistentVolume" and value_at(obj, "spec", "storageClassName") == name
        for obj in assessment.after
    )
