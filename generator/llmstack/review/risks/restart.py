"""The pods of a workload restart.

Why it matters: each new pod pulls its image and loads the model before it serves. Whether anybody notices depends on
the strategy: see `outage`, `gpu-deadlock` and `deadline-too-short`, which are risks of their own.

How it is judged: the pod template, with the defaults that the API server fills in, differs before and after the
change; the fields that differ are named. A changed config map shows as the annotation `checksum/config`. A change of
`replicas` alone restarts no pod. A Deployment that is no longer paused (or a partition, or `OnDelete`, that is lifted)
rolls out what was held back: that is counted as a restart, as this change does not say of which template its pods are.
Its amount is the number of replicas that restart.

Fix: nothing needs to be done. If the restart is not meant, take back the fields that are named.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.forecast import Rollout
from llmstack.review.restarts import is_resumed
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.per_node import changes_on_nodes
from llmstack.review.wording import plural

RISK = Declaration("restart", Severity.NOTE, unit="replicas")

_NAMED = 5
"""Fields that are named before they are counted."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """A note for each workload that restarts."""
    rolled = {each.identity: each for each in assessment.rollouts}
    for workload in assessment.workloads:
        replicas = workload.after or workload.before
        if workload.move == "restart" and replicas:
            said = _say_replicas(rolled.get(workload.identity), replicas)
            if is_resumed(workload.causes):
                said = f"what was held back is rolled out, and {said}, unless the template is as it was before that,"
            if workload.anew:
                message = f"{said}, as the sync tool deletes the object and makes it anew"
                yield RISK.at(workload.key, message, amount=replicas)
                continue
            yield _restart(assessment, workload.key, said, workload.causes, amount=replicas)
    for change, why in changes_on_nodes(assessment.changes):
        if why == "restart" and change.identity not in assessment.applied.refused:
            said = "the pod on every node restarts (on how many nodes is not known)"
            yield _restart(assessment, change.key, said, change.causes)


def _say_replicas(rolled: Rollout | None, replicas: int) -> str:
    """`1 replica restarts`, `1 to 8 replicas restart` where a scaler decides."""
    if rolled is not None and rolled.replicas_min is not None and rolled.replicas_min != rolled.replicas_max:
        return f"{rolled.replicas_min} to {plural(rolled.replicas_max or 0, 'replica')} restart"
    return f"{plural(replicas, 'replica')} {'restarts' if replicas == 1 else 'restart'}"


def _restart(
    assessment: Assessment, subject: str, what: str, causes: tuple[str, ...], amount: int | None = None
) -> Risk:
    path = causes[0] if causes else ""
    return RISK.at(subject, f"{what} because of {_causes(causes)}", path=path, amount=amount)


def _causes(causes: tuple[str, ...]) -> str:
    """The fields that differ: ``changes of `spec.a` and `spec.b` ``."""
    if not causes:
        return "a change of the pod template"
    named = [f"`{cause}`" for cause in causes[:_NAMED]]
    more = len(causes) - _NAMED
    return f"{', '.join(named)}{f' and {more} more' if more > 0 else ''}"
