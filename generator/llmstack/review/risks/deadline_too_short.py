"""A deadline ends before a pod has loaded its model.

Why it matters: a startup or liveness probe that ends too early restarts the container, which begins to load again,
and never gets ready. A `progressDeadlineSeconds` or a sync timeout that is too short reports a failure while the
rollout goes on; with Flux, `wait` then ends, and what depends on the unit is not applied.

How it is judged: the load time plus the time a pod waits for GPUs is compared with what the probes allow, with
`progressDeadlineSeconds`, and with the time that the sync tool waits for the model's unit (where that becomes shorter
than a load, of a model that stays as it is too: its next rollout is meant). The load time is
`modelSpec[].gitops.loadTime`, else the longest that facts/ has. Else it is foreseen: the bytes of the weights over the
pool's `readRate`, and what published starts of such an engine took beside that (docs/engine.md), a wide band, of which
the most is compared, with "may"; where no start bears a band out, reading the weights is the least that it can be.
Models of which none is known are not judged. Its amount is by how many seconds the deadline is too short.

Fix: allow more time than the advice says, with a margin for slow disks and registries. Fewer models in one commit
wait less for one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf

from msgspec import Struct

from llmstack.finding import Severity
from llmstack.kubernetes.pods import identity_of, told
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.loads import load_of
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.times import Outcomes
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import say_exactly

RISK = Declaration("deadline-too-short", Severity.WARNING, unit="seconds")


class Step(Struct, frozen=True):
    """The load and the longest step of a workload in seconds, and the words that say how sure they are."""

    load: float | None
    wait: float
    step: float
    verb: str = "takes"

    @property
    def waited(self) -> float:
        """The part of the step that is no load: a pod may wait for longer, while others get ready."""
        return max(0.0, min(self.wait, self.step - (self.load or 0)))

    def __str__(self) -> str:
        parts = ((self.waited, "waiting"), (self.step - self.waited, "loading"))
        said = ", ".join(f"{say_exactly(seconds)} of {what}" for seconds, what in parts if seconds)
        return f"one step {self.verb} {say_exactly(self.step)} ({said})"


def find(assessment: Assessment) -> Iterator[Risk]:
    """Probes, progress deadlines and sync timeouts that end before one pod has waited and loaded."""
    for workload, outcomes in zip(assessment.workloads, assessment.least.times.outcomes, strict=True):
        if outcomes is None or workload.new is None or not workload.after or workload.move == "remove":
            continue
        step = _step(assessment, workload, workload.new, outcomes)
        problems = list(_too_short(assessment, workload, workload.new, step))
        if problems:
            least = max(step.step, step.load or 0)
            over = ceil(max(seconds for _, seconds in problems))
            advice = f"Allow more than {say_exactly(least)}, with a margin for slow disks and registries."
            if step.waited > least / 2:
                advice += " Fewer models in one commit wait less for one another."
            yield RISK.at(workload.key, "; ".join(said for said, _ in problems), advice, amount=over)
    yield from _of_those_that_stay(assessment)


def _of_those_that_stay(assessment: Assessment) -> Iterator[Risk]:
    """Sync timeouts that become shorter than a load, of workloads that do not roll now: their next rollout fails its
    health check (kustomize-controller, docs/spec/v1/kustomizations.md, "Health checks")."""
    moving = {workload.identity for workload in assessment.workloads}
    for obj, seconds in assessment.near.hurried:
        key = identity_of(obj)
        load = load_of(obj, assessment.facts[1]) if is_lasting(key[0]) and key not in moving else None
        if load is not None and load.worst > seconds:
            said = (
                f"the sync tool waits {say_exactly(seconds)} from now on, and loading takes {say_exactly(load.worst)}: "
                "of its next rollout a failure is reported while it goes on, and what waits for it (`dependsOn`) is "
                "not applied before a later try (`retryInterval`)"
            )
            advice = f"Allow more than {say_exactly(load.worst)}, with a margin for slow disks and registries."
            yield RISK.at(told(key), said, advice, amount=ceil(load.worst - seconds))


def _step(assessment: Assessment, workload: Workload, template: Template, outcomes: Outcomes) -> Step:
    """As it was measured, the longest of them; else the most that published starts bear out; else the least that
    reading the weights takes, which exceeds for sure what it exceeds."""
    shortest, longest = outcomes.shortest, outcomes.longest
    if template.load is not None:
        worst = template.load if template.load_worst is None else template.load_worst
        return Step(worst, shortest.longest_wait, shortest.longest_step + worst - template.load)
    if template.load_band is not None:
        most = template.load_band[1]
        return Step(most, longest.longest_wait, max(longest.longest_step, longest.longest_wait + most), "may take")
    foreseen = assessment.facts[1].foreseen_loads.get(workload.model) if workload.model is not None else None
    least = foreseen.least if foreseen is not None else None
    return Step(least, shortest.longest_wait, shortest.longest_step, "takes at least" if least is not None else "takes")


def _too_short(
    assessment: Assessment, workload: Workload, template: Template, step: Step
) -> Iterator[tuple[str, float]]:
    """What ends too early, and by how many seconds."""
    if step.load is not None and template.load_max is not None and step.load > template.load_max:
        limit = say_exactly(template.load_max)
        yield (
            f"the probes kill a pod that is not ready after {limit}, and loading {step.verb} {say_exactly(step.load)}",
            step.load - template.load_max,
        )
    if workload.deadline is not None and step.step > workload.deadline:
        limit = say_exactly(workload.deadline)
        said = f"progressDeadlineSeconds is {limit} and {step}: the rollout is reported as failed while it goes on"
        yield said, step.step - workload.deadline
    timeout = _sync_timeout(assessment, workload)
    if timeout is not None and step.step > timeout:
        said = f"the sync tool waits {say_exactly(timeout)} and {step}: it reports a failure while the rollout goes on"
        yield said, step.step - timeout


def _sync_timeout(assessment: Assessment, workload: Workload) -> float | None:
    """How long the sync tool waits for a workload: as its unit's owner in clusters/ says, else as it is generated; None
    where it does not wait."""
    held = assessment.near.queue.units
    if held:
        own = held.get(workload.unit)
        return own.timeout if own is not None and own.timeout < inf else None
    return assessment.facts[1].sync_timeout_seconds.get(workload.model) if workload.model is not None else None
