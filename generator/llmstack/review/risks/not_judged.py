"""Whether a rollout finishes depends on what the repository does not say.

Why it matters: no risk is told where nothing is known, and that reads like an answer. What the scheduler and the API
server look at and nobody wrote down is said instead, with the line that would settle it.

How it is judged: the pods of a rollout name a PriorityClass, RuntimeClass or ServiceAccount that nothing here makes and
nothing used before; mount an existing claim of which nobody says the access mode, while an old pod keeps it; or ask for
nodes that no declared pool has: a warning, as each of these usually hangs. A note: they must be spread evenly
(`whenUnsatisfiable: DoNotSchedule`) or apart over zones or nodes whose number is not known; lose a toleration; wait for
another scheduler; claim devices (DRA) or take a second kind of GPU that no pool counts; or begin to read a Secret or
config map that nothing here makes.

Fix: state it, as the advice says: in `gitops.capacity`, `gitops.existing` or `pvcAccessMode`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("not-judged", Severity.WARNING, milder=Severity.NOTE)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Every obstacle of which it is not known whether it is one."""
    for key, obstacles in assessment.obstacles.items():
        for each in obstacles:
            if each.hangs == "unknown":
                yield RISK.at(assessment, key, each.message, each.advice, milder=not each.likely)
