"""Risks of rollouts as such: outages, deadlines, scalers, changes without effect, and restarts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.finding import Severity
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.revisions import Unapplied, why_unapplied
from llmstack.kubernetes.workloads import is_lasting, partition_of
from llmstack.review.restarts import unapplied_causes
from llmstack.review.result import ObjectChange, Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.rollout.per_node import changes_on_nodes
from llmstack.review.rollout.simulate import Outcome
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural, say_exactly


def outages(assessment: Assessment) -> Iterator[Risk]:
    """Workloads of which no replica is ready for a while."""
    abandoned = _abandoned_models(assessment)
    for workload, outcome in zip(assessment.workloads, assessment.times.likely.outcomes, strict=True):
        if workload.before and workload.after and outcome.least == 0 and workload.move in ("restart", "scale"):
            message, advice = _outage(workload, outcome), _spare_it(workload)
            yield assessment.risk("outage", Severity.WARNING, workload.key, message, advice)
        elif workload.move == "new" and workload.model in abandoned:
            message = "its predecessor goes at once, and no replica is ready until this one has loaded"
            advice = "Add the new one in one commit and remove the old one in the next, if the GPUs suffice."
            yield assessment.risk("outage", Severity.WARNING, workload.key, message, advice)


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


def short_deadlines(assessment: Assessment) -> Iterator[Risk]:
    """Probes, progress deadlines and sync timeouts that end before one pod has waited and loaded."""
    for workload, outcome in zip(assessment.workloads, assessment.times.shortest.outcomes, strict=True):
        if workload.new is None or not workload.after or workload.move == "remove":
            continue
        problems = list(_too_short(assessment, workload, outcome))
        if problems:
            least = max(outcome.longest_step, workload.new.load or 0)
            advice = f"Allow more than {say_exactly(least)}, with a margin for slow disks and registries."
            if outcome.longest_wait > least / 2:
                advice += " Fewer models in one commit wait less for one another."
            message = "; ".join(problems)
            yield assessment.risk("deadline-too-short", Severity.WARNING, workload.key, message, advice)


def _too_short(assessment: Assessment, workload: Workload, outcome: Outcome) -> Iterator[str]:
    """`outcome` is of the shortest loads, so what it exceeds is exceeded for sure."""
    template = workload.new
    if template is None:
        return
    load, step = template.load, outcome.longest_step
    wait = f"{say_exactly(outcome.longest_wait)} of waiting, " if outcome.longest_wait else ""
    one = f"one step takes {say_exactly(step)} ({wait}{say_exactly(step - outcome.longest_wait)} of loading)"
    if load is not None and template.load_max is not None and load > template.load_max:
        limit = say_exactly(template.load_max)
        yield f"the probes kill a pod that is not ready after {limit}, and loading takes {say_exactly(load)}"
    if workload.deadline is not None and step > workload.deadline:
        limit = say_exactly(workload.deadline)
        yield f"progressDeadlineSeconds is {limit} and {one}: it is reported as failed while it goes on"
    timeout = assessment.facts[1].sync_timeout_seconds.get(workload.model) if workload.model is not None else None
    if timeout is not None and step > timeout:
        yield f"the sync tool waits {say_exactly(timeout)} and {one}: it reports a failure while it goes on"


def handovers(assessment: Assessment) -> Iterator[Risk]:
    """Replicas that leave the manifest because a scaler is added: the field falls to 1 at the apply.

    The way out is that of the Kubernetes documentation, "Server-Side Apply", transferring ownership.
    """
    for workload in assessment.workloads:
        if workload.falls_to is not None:
            falls = f"from {workload.before} to {workload.falls_to} at the apply"
            message = f"`replicas` leaves the manifest for a scaler that does not own it yet: it falls {falls}"
            advice = (
                "Hand the field over before the merge: server-side apply an object with nothing but "
                f"`spec.replicas: {workload.before}` under another field manager (`kubectl apply "
                "--server-side --validate=false --field-manager=handover-to-scaler`)."
            )
            yield assessment.risk("scaler-handover", Severity.ERROR, workload.key, message, advice, "spec.replicas")


def without_effect(assessment: Assessment) -> Iterator[Risk]:
    """Changes that reach no running pod, or not all."""
    for change in assessment.changes:
        reason = not_applied(change) or _partly_applied(change)
        if reason is not None and f"{change.kind}/{change.name}" not in assessment.refused:
            message, advice = reason
            yield assessment.risk("not-applied", Severity.WARNING, f"{change.kind}/{change.name}", message, advice)


_UNAPPLIED: Mapping[Unapplied, tuple[str, str]] = {
    "paused": ("the Deployment is paused: its pods stay as they are", "Set `paused: false` to roll it out."),
    "on-delete": ("pods keep the old template until they are deleted (OnDelete)", "Delete them one by one."),
    "partition": ("`partition` keeps every replica at the old template", "Set `partition: 0` to roll all of them."),
    "ray-cluster": (
        "KubeRay leaves running pods as they are: that needs `upgradeStrategy.type: Recreate`",
        "Set `upgradeStrategy: {type: Recreate}` (an outage while it loads), or delete the pods by hand.",
    ),
    "ray-service": (
        "KubeRay leaves the running cluster as it is: `upgradeStrategy.type` is `None`",
        "Set `upgradeStrategy: {type: NewCluster}` (a second cluster beside the first while it loads).",
    ),
    "replica-set": ("a ReplicaSet leaves running pods as they are", "Delete them one by one, or use a Deployment."),
}
"""By what keeps running pods at their old template: the message, and what to do."""


def not_applied(change: ObjectChange) -> tuple[str, str] | None:
    """Why a change of a pod template reaches no pod, and what to do; None when it does."""
    if change.before is None or change.after is None or not unapplied_causes(change.before, change.after):
        return None
    why = why_unapplied(change.after)
    return _UNAPPLIED[why] if why is not None else None


def _partly_applied(change: ObjectChange) -> tuple[str, str] | None:
    partition = partition_of(change.after) if change.restarts and change.after is not None else 0
    if not partition:
        return None
    message = f"`partition: {partition}` keeps the replicas below it at the old template"
    return message, "Set `partition: 0` to roll all of them."


def restarts(assessment: Assessment) -> Iterator[Risk]:
    """A note for each workload that restarts."""
    for workload in assessment.workloads:
        if workload.move == "restart":
            replicas = plural((workload.after or workload.before) - workload.partition, "replica")
            yield _restart(assessment, workload.key, f"{replicas} restart", workload.causes)
    for change, why in changes_on_nodes(assessment.changes):
        subject = f"{change.kind}/{change.name}"
        if why == "restart" and subject not in assessment.refused:
            said = "its pod on every node restarts, on how many nodes is not known,"
            yield _restart(assessment, subject, said, change.causes)


def _restart(assessment: Assessment, subject: str, what: str, causes: Sequence[str]) -> Risk:
    named = ", ".join(f"`{cause}`" for cause in causes[:5]) or "its pod template changes"
    more = f" and {len(causes) - 5} more" if len(causes) > 5 else ""
    first = causes[0] if causes else ""
    return assessment.risk("restart", Severity.NOTE, subject, f"{what} for {named}{more}", "", first)
