"""Pods can no longer be evicted, so that the nodes that they are on cannot be drained.

Why it matters: an upgrade of nodes, a cluster autoscaler or `kubectl drain` waits for as long as a PodDisruptionBudget
allows no eviction, and after its timeout ends the pods anyway, or never finishes. Nothing shows it before that day.

How it is judged: a PodDisruptionBudget that comes or changes, or whose pods become fewer, and that lets none of them
be evicted while all are ready: `maxUnavailable: 0`, or a `minAvailable` of all of them (percentages round up;
pkg/controller/disruption/disruption.go); with a scaler at its least. Or a second budget for the same pods: then each
eviction is refused. What was so before the change is not told. Its amount is the number of pods.

Fix: nothing, where it is meant to be so; else allow one: `maxUnavailable: 1`. With one replica that means an outage
for the length of a load; run two.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.budgets import Protected, read_budgets, twice_protected
from llmstack.kubernetes.pods import told
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.wording import plural

RISK = Declaration("drain-blocked", Severity.NOTE, unit="pods")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Budgets that allow no eviction from now on, and pods that come to have two."""
    before = read_budgets(assessment.before, assessment.least.owned[0])
    after = read_budgets(assessment.after, assessment.least.owned[1])
    for key, now in after.items():
        if now.allowed == 0 and (key not in before or before[key].allowed > 0):
            message = f"it allows no eviction of its {plural(now.number, 'pod')}: a drain of their nodes waits"
            yield RISK.at(told(key), message, _advice(now), amount=now.number)
    already = twice_protected(before)
    for key, names in twice_protected(after).items():
        if key not in already:
            message = (
                f"its pods have two PodDisruptionBudgets, `{names[0]}` and `{names[1]}`: every eviction is refused"
            )
            yield RISK.at(told(key), message, "Keep one of them.")


def _advice(budget: Protected) -> str:
    if budget.grows:
        return "Allow one (`maxUnavailable: 1`), or run more replicas."
    outage = "; run two replicas then, else an eviction is an outage" if budget.number == 1 else ""
    return f"Allow one (`maxUnavailable: 1`){outage}."
