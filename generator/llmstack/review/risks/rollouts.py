"""Risks of rollouts as such: outages, deadlines, scalers, changes without effect, and restarts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.workloads import KINDS, model_of
from llmstack.review.result import ObjectChange, Risk
from llmstack.review.risks.context import Case, number_of, seconds_text
from llmstack.review.rollout.simulate import Course
from llmstack.review.rollout.workload import Workload


def outages(case: Case) -> Iterator[Risk]:
    """Workloads of which no replica is ready for a while."""
    abandoned = _abandoned_models(case)
    for workload, course in zip(case.workloads, case.times.likely.courses, strict=True):
        if workload.before and workload.after and course.least == 0 and workload.move in ("restart", "scale"):
            message, advice = _outage(workload, course), _spare_it(workload)
            yield case.risk("outage", Severity.WARNING, workload.key, message, advice)
        elif workload.move == "new" and workload.model in abandoned:
            message = "its predecessor goes at once, and no replica is ready until this one has loaded"
            advice = "Add the new one in one commit and remove the old one in the next, if the GPUs suffice."
            yield case.risk("outage", Severity.WARNING, workload.key, message, advice)


def _abandoned_models(case: Case) -> set[str]:
    """Models whose workload is removed with no other to serve them but what is new."""
    moves = {workload.key: workload.move for workload in case.workloads}
    removed = {
        workload.model
        for workload in case.workloads
        if workload.move == "remove" and workload.before and workload.model is not None
    }
    if not removed:
        return set()
    kept = {
        model_of(obj)
        for obj in case.after
        if obj.get("kind") in KINDS and moves.get(f"{obj['kind']}/{obj['metadata']['name']}") != "new"
    }
    return {model for model in removed if model not in kept}


def _outage(workload: Workload, course: Course) -> str:
    lasting = " for a while"
    if workload.new is not None and workload.new.load is not None and course.down_for is not None:
        lasting = f" for {seconds_text(course.down_for)}"
    if workload.recreate:
        cause = "all replicas are deleted before new ones start"
    elif workload.falls_to is not None:
        cause = "a scaler takes over"
    else:
        cause = f"up to {workload.unavailable} of {number_of(workload.after, 'replica')} may be unavailable"
    return f"no replica is ready{lasting}: {cause}"


def _spare_it(workload: Workload) -> str:
    if workload.kind == "RayCluster":
        return "A Ray cluster is replaced whole: add it under another name first, then remove the old one."
    gpus = workload.new.total if workload.new is not None else 0
    spare = f" (needs {number_of(gpus, 'spare GPU')})" if gpus else ""
    if workload.after == 1:
        return f"Set maxSurge 1 and maxUnavailable 0{spare}, or run two replicas."
    return f"Set maxUnavailable below {workload.after}, or maxSurge 1 and maxUnavailable 0{spare}."


def short_deadlines(case: Case) -> Iterator[Risk]:
    """Probes, progress deadlines and sync timeouts that end before one pod has waited and loaded."""
    for workload, course in zip(case.workloads, case.times.shortest.courses, strict=True):
        if workload.new is None or not workload.after or workload.move == "remove":
            continue
        problems = list(_too_short(case, workload, course))
        if problems:
            least = max(course.longest_step, workload.new.load or 0)
            advice = f"Allow more than {seconds_text(least)}, with a margin for slow disks and registries."
            if course.longest_wait > least / 2:
                advice += " Fewer models in one commit wait less for one another."
            message = "; ".join(problems)
            yield case.risk("deadline-too-short", Severity.WARNING, workload.key, message, advice)


def _too_short(case: Case, workload: Workload, course: Course) -> Iterator[str]:
    """`course` is of the shortest loads, so what it exceeds is exceeded for sure."""
    template = workload.new
    if template is None:
        return
    load, step = template.load, course.longest_step
    wait = f"{seconds_text(course.longest_wait)} of waiting, " if course.longest_wait else ""
    one = f"one step takes {seconds_text(step)} ({wait}{seconds_text(step - course.longest_wait)} of loading)"
    if load is not None and template.load_max is not None and load > template.load_max:
        limit = seconds_text(template.load_max)
        yield f"the probes kill a pod that is not ready after {limit}, and loading takes {seconds_text(load)}"
    if workload.deadline is not None and step > workload.deadline:
        limit = seconds_text(workload.deadline)
        yield f"progressDeadlineSeconds is {limit} and {one}: it is reported as failed while it goes on"
    timeout = case.facts[1].sync_timeout_seconds.get(workload.model) if workload.model is not None else None
    if timeout is not None and step > timeout:
        yield f"the sync tool waits {seconds_text(timeout)} and {one}: it reports a failure while it goes on"


def handovers(case: Case) -> Iterator[Risk]:
    """Replicas that leave the manifest because a scaler is added: the field falls to 1 at the apply.

    The way out is that of the Kubernetes documentation, "Server-Side Apply", transferring ownership.
    """
    for workload in case.workloads:
        if workload.falls_to is not None:
            falls = f"from {workload.before} to {workload.falls_to} at the apply"
            message = f"`replicas` leaves the manifest for a scaler that does not own it yet: it falls {falls}"
            advice = (
                "Hand the field over before the merge: server-side apply an object with nothing but "
                f"`spec.replicas: {workload.before}` under another field manager (`kubectl apply "
                "--server-side --validate=false --field-manager=handover-to-scaler`)."
            )
            yield case.risk("scaler-handover", Severity.ERROR, workload.key, message, advice, "spec.replicas")


def without_effect(case: Case) -> Iterator[Risk]:
    """Changes that reach no running pod, or not all."""
    for change in case.changes:
        reason = not_applied(change) or _partly_applied(change)
        if reason is not None and f"{change.kind}/{change.name}" not in case.refused:
            message, advice = reason
            yield case.risk("not-applied", Severity.WARNING, f"{change.kind}/{change.name}", message, advice)


def not_applied(change: ObjectChange) -> tuple[str, str] | None:
    """Why a change of a pod template reaches no pod, and what to do; None when it does.

    KubeRay acts on a changed template only with `upgradeStrategy: Recreate`; without it, running pods
    stay and new ones are as the new template says (ray-operator/apis/ray/v1/raycluster_types.go,
    RayClusterUpgradeStrategy).
    """
    if change.before is None or change.after is None:
        return None
    old, new = change.before.get("spec") or {}, change.after.get("spec") or {}
    strategy = (new.get("upgradeStrategy") or new.get("updateStrategy") or {}).get("type")
    if change.kind == "RayCluster" and strategy != "Recreate" and _ray_pods(old) != _ray_pods(new):
        return (
            "KubeRay leaves running pods as they are: that needs `upgradeStrategy.type: Recreate`",
            "Set `upgradeStrategy: {type: Recreate}` (an outage while it loads), or delete the pods by hand.",
        )
    if change.kind == "Deployment" and new.get("paused") is True and change.restarts:
        return "the Deployment is paused: its pods stay as they are", "Set `paused: false` to roll it out."
    if change.kind in ("StatefulSet", "DaemonSet") and strategy == "OnDelete" and change.restarts:
        return "pods keep the old template until they are deleted (OnDelete)", "Delete them one by one."
    return None


def _ray_pods(spec: Mapping[str, Any]) -> Object:
    """What of a RayCluster reaches its pods: all but strategy and the number of workers."""
    not_pods = ("upgradeStrategy", "suspend", "workerGroupSpecs")
    numbers = ("replicas", "minReplicas", "maxReplicas", "scaleStrategy")
    groups = [_without(group, numbers) for group in spec.get("workerGroupSpecs") or ()]
    return {**_without(spec, not_pods), "groups": groups}


def _without(fields: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in keys}


def _partly_applied(change: ObjectChange) -> tuple[str, str] | None:
    if change.kind not in ("LeaderWorkerSet", "StatefulSet") or not change.restarts or change.after is None:
        return None
    spec = change.after.get("spec") or {}
    rolling = (spec.get("rolloutStrategy") or {}).get("rollingUpdateConfiguration")
    rolling = rolling or (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    partition = whole(rolling.get("partition"), 0)
    if not partition:
        return None
    message = f"`partition: {partition}` keeps the replicas below it at the old template"
    return message, "Set `partition: 0` to roll all of them."


def restarts(case: Case) -> Iterator[Risk]:
    """A note for each workload that restarts."""
    for workload in case.workloads:
        if workload.move == "restart":
            causes = ", ".join(f"`{cause}`" for cause in workload.causes[:5]) or "its pod template changes"
            more = f" and {len(workload.causes) - 5} more" if len(workload.causes) > 5 else ""
            message = f"{number_of(workload.after or workload.before, 'replica')} restart for {causes}{more}"
            first = workload.causes[0] if workload.causes else ""
            yield case.risk("restart", Severity.NOTE, workload.key, message, "", first)
