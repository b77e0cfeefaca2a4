"""The pods of a workload restart.

Why it matters: each new pod pulls its image and loads the model before it serves. Whether anybody notices depends on
the strategy: see `outage`, `gpu-deadlock` and `deadline-too-short`, which are risks of their own.

How it is judged: the pod template, with the defaults that the API server fills in, differs before and after the
change; the fields that differ are named. A changed config map shows as the annotation `checksum/config`. A change of
`replicas` alone restarts no pod.

Fix: nothing needs to be done. If the restart is not meant, take back the fields that are named.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.context import Case, number_of
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("restart", Severity.NOTE)

_NAMED = 5
"""Fields that are named before they are counted."""


def find(case: Case) -> Iterator[Risk]:
    """A note for each workload that restarts."""
    for workload in case.workloads:
        if workload.move == "restart":
            replicas = workload.after or workload.before
            restart = f"{number_of(replicas, 'replica')} {'restarts' if replicas == 1 else 'restart'}"
            first = workload.causes[0] if workload.causes else ""
            yield RISK.at(case, workload.key, f"{restart} because of {_causes(workload.causes)}", path=first)


def _causes(causes: tuple[str, ...]) -> str:
    """The fields that differ: ``changes of `spec.a` and `spec.b` ``."""
    if not causes:
        return "a change of the pod template"
    named = [f"`{cause}`" for cause in causes[:_NAMED]]
    more = len(causes) - _NAMED
    return f"{', '.join(named)}{f' and {more} more' if more > 0 else ''}"
