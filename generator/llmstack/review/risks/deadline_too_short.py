"""A deadline ends before a pod has loaded its model.

Why it matters: a startup or liveness probe that ends too early restarts the container, which begins to load again,
and never gets ready. A `progressDeadlineSeconds` or a sync timeout that is too short reports a failure while the
rollout goes on; with Flux, `wait` then ends, and what depends on the unit is not applied.

How it is judged: the shortest load time that is known plus the time a pod waits for GPUs is compared with what the
probes allow, with `progressDeadlineSeconds`, and with the time that the sync tool waits for the model's unit. The load
time is `modelSpec[].gitops.loadTime`, else the longest that facts/ has, else the bytes of the weights over the pool's
`readRate`, the least that it can be. Models of which none is known are not judged. Its amount is by how many seconds
the deadline is too short.

Fix: allow more time than the advice says, with a margin for slow disks and registries. Fewer models in one commit
wait less for one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf

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
    for workload, outcomes in zip(assessment.workloads, assessment.least.times.outcomes, strict=True):
        if outcomes is None or workload.new is None or not workload.after or workload.move == "remove":
            continue
        outcome = outcomes.shortest
        later = (workload.new.load_worst or 0) - (workload.new.load or 0)
        problems = list(_too_short(assessment, workload, outcome, later))
        if problems:
            least = max(outcome.longest_step, _least(assessment, workload) or 0) + later
            over = ceil(max(seconds for _, seconds in problems))
            advice = f"Allow more than {say_exactly(least)}, with a margin for slow disks and registries."
            if outcome.longest_wait > least / 2:
                advice += " Fewer models in one commit wait less for one another."
            yield RISK.at(workload.key, "; ".join(said for said, _ in problems), advice, amount=over)


def _least(assessment: Assessment, workload: Workload) -> int | None:
    """The measured load time, else the least that it can be."""
    measured = workload.new.load if workload.new is not None else None
    if measured is not None or workload.model is None:
        return measured
    return assessment.facts[1].least_load_seconds.get(workload.model)


def _too_short(assessment: Assessment, workload: Workload, outcome: Outcome, later: int) -> Iterator[tuple[str, float]]:
    """What ends too early, and by how many seconds; `outcome` is of the shortest loads, so what it exceeds is exceeded
    for sure. The longest load that was measured takes `later` seconds more."""
    template = workload.new
    if template is None:
        return
    load = template.load_worst if template.load_worst is not None else _least(assessment, workload)
    step = outcome.longest_step + later
    wait = f"{say_exactly(outcome.longest_wait)} of waiting, " if outcome.longest_wait else ""
    one = f"one step takes {say_exactly(step)} ({wait}{say_exactly(step - outcome.longest_wait)} of loading)"
    if load is not None and template.load_max is not None and load > template.load_max:
        limit, at_least = say_exactly(template.load_max), "" if template.load is not None else "at least "
        yield (
            f"the probes kill a pod that is not ready after {limit}, and loading takes {at_least}{say_exactly(load)}",
            load - template.load_max,
        )
    if workload.deadline is not None and step > workload.deadline:
        limit = say_exactly(workload.deadline)
        said = f"progressDeadlineSeconds is {limit} and {one}: the rollout is reported as failed while it goes on"
        yield said, step - workload.deadline
    timeout = _sync_timeout(assessment, workload)
    if timeout is not None and step > timeout:
        said = f"the sync tool waits {say_exactly(timeout)} and {one}: it reports a failure while the rollout goes on"
        yield said, step - timeout


def _sync_timeout(assessment: Assessment, workload: Workload) -> float | None:
    """How long the sync tool waits for a workload: as its unit's owner in clusters/ says, else as it is generated; None
    where it does not wait."""
    held = assessment.near.queue.units
    if held:
        own = held.get(workload.unit)
        return own.timeout if own is not None and own.timeout < inf else None
    return assessment.facts[1].sync_timeout_seconds.get(workload.model) if workload.model is not None else None
