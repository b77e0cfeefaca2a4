"""No replica of a model is ready for a while.

Why it matters: requests to the model fail until a new pod has loaded the weights, which takes minutes.

How it is judged: the rollout is played step by step, with `maxSurge`, `maxUnavailable`, `Recreate`, and the order of
the controllers; the risk is told where the least number of ready replicas is 0. The outage lasts for the load time
(`modelSpec[].gitops.loadTime`), where that is known. A workload that is replaced by one of another kind or name has
an outage too, unless another workload serves the model meanwhile. A model that is new, or that is removed, has none.

Fix: run two replicas, or set `maxSurge: 1` and `maxUnavailable: 0` where GPUs are free; a Ray cluster is replaced as
a whole: add the new one under another name first, then remove the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.simulate import Outcome
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural, say_exactly

RISK = Declaration("outage", Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Workloads of which no replica is ready for a while."""
    abandoned = _abandoned_models(assessment)
    for workload, outcome in zip(assessment.workloads, assessment.times.likely.outcomes, strict=True):
        if workload.before and workload.after and outcome.least == 0 and workload.move in ("restart", "scale"):
            message, advice = _outage(workload, outcome), _spare_it(workload)
            yield RISK.at(assessment, workload.key, message, advice)
        elif workload.move == "new" and abandoned & {workload.model, _former(assessment, workload)}:
            message = "the workload it replaces is removed at once, and no replica is ready until this one has loaded"
            advice = "Add the new one in one commit and remove the old one in the next, if the GPUs suffice."
            yield RISK.at(assessment, workload.key, message, advice)


def _former(assessment: Assessment, workload: Workload) -> str | None:
    """The name that the model had before, where the values say so."""
    return assessment.facts[1].moved_from.get(workload.model or "")


def _abandoned_models(assessment: Assessment) -> set[str]:
    """Models whose workload is removed with no other to serve them but what is new."""
    moves = {workload.key: workload.move for workload in assessment.workloads}
    removed = {
        workload.model
        for workload in assessment.workloads
        if workload.move == "remove" and workload.before and workload.model is not None
    }
    if not removed:
        return set()
    kept = {
        model_of(obj)
        for obj in assessment.after
        if is_lasting(str(obj.get("kind"))) and moves.get(f"{obj['kind']}/{obj['metadata']['name']}") != "new"
    }
    return {model for model in removed if model not in kept}


def _outage(workload: Workload, outcome: Outcome) -> str:
    lasting = " for a while"
    if workload.new is not None and workload.new.load is not None and outcome.down_for is not None:
        lasting = f" for {say_exactly(outcome.down_for)}"
    if workload.recreate:
        cause = "all replicas are deleted before new ones start"
    elif workload.falls_to is not None:
        cause = "a scaler takes over"
    else:
        cause = f"up to {workload.unavailable} of {plural(workload.after, 'replica')} may be unavailable"
    return f"no replica is ready{lasting}: {cause}"


def _spare_it(workload: Workload) -> str:
    if workload.kind == "RayCluster":
        return "A Ray cluster is replaced whole: add it under another name first, then remove the old one."
    if workload.kind == "Pod":
        return "A Pod has no second one to take its place: run it as a Deployment."
    gpus = workload.new.total if workload.new is not None else 0
    spare = f" (needs {plural(gpus, 'spare GPU')})" if gpus else ""
    if workload.after == 1:
        return f"Set maxSurge 1 and maxUnavailable 0{spare}, or run two replicas."
    return f"Set maxUnavailable below {workload.after}, or maxSurge 1 and maxUnavailable 0{spare}."
