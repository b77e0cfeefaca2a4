"""A deadline ends before a pod has loaded its model.

Why it matters: a startup or liveness probe that ends too early restarts the container, which begins to load again,
and never gets ready. A `progressDeadlineSeconds` or a sync timeout that is too short reports a failure while the
rollout goes on; with Flux, `wait` then ends, and what depends on the unit is not applied.

How it is judged: the shortest load time that is known (`modelSpec[].gitops.loadTime`) plus the time a pod waits for
GPUs is compared with what the probes allow, with `progressDeadlineSeconds`, and with the time that the sync tool waits
for the model's unit. Models without a load time are not judged. Its amount is by how many seconds the deadline is too
short.

Fix: allow more time than the advice says, with a margin for slow disks and registries. Fewer models in one commit
wait less for one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.rolling import Outcome
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import say_exactly

RISK = Declaration("deadline-too-short", Severity.WARNING, unit="seconds")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Probes, progress deadlines and sync timeouts that end before one pod has waited and loaded."""
    for workload, outcomes in zip(assessment.workloads, assessment.times.outcomes, strict=True):
        if outcomes is None or workload.new is None or not workload.after or workload.move == "remove":
            continue
        outcome = outcomes.shortest
        problems = list(_too_short(assessment, workload, outcome))
        if problems:
            least = max(outcome.longest_step, workload.new.load or 0)
            over = ceil(max(seconds for _, seconds in problems))
            advice = f"Allow more than {say_exactly(least)}, with a margin for slow disks and registries."
            if outcome.longest_wait > least / 2:
                advice += " Fewer models in one commit wait less for one another."
            yield RISK.at(assessment, workload.key, "; ".join(said for said, _ in problems), advice, amount=over)


def _too_short(assessment: Assessment, workload: Workload, outcome: Outcome) -> Iterator[tuple[str, float]]:
    """What ends too early, and by how many seconds; `outcome` is of the shortest loads, so what it exceeds is exceeded
    for sure."""
    template = workload.new
    if template is None:
        return
    load, step = template.load, outcome.longest_step
    wait = f"{say_exactly(outcome.longest_wait)} of waiting, " if outcome.longest_wait else ""
    one = f"one step takes {say_exactly(step)} ({wait}{say_exactly(step - outcome.longest_wait)} of loading)"
    if load is not None and template.load_max is not None and load > template.load_max:
        limit = say_exactly(template.load_max)
        yield (
            f"the probes kill a pod that is not ready after {limit}, and loading takes {say_exactly(load)}",
            load - template.load_max,
        )
    if workload.deadline is not None and step > workload.deadline:
        limit = say_exactly(workload.deadline)
        said = f"progressDeadlineSeconds is {limit} and {one}: the rollout is reported as failed while it goes on"
        yield said, step - workload.deadline
    timeout = assessment.facts[1].sync_timeout_seconds.get(workload.model) if workload.model is not None else None
    if timeout is not None and step > timeout:
        said = f"the sync tool waits {say_exactly(timeout)} and {one}: it reports a failure while the rollout goes on"
        yield said, step - timeout
