"""No replica of a model is ready, or none is reached, for a while.

Why it matters: requests to the model fail until a new pod has loaded the weights, which takes minutes.

How it is judged: the rollout is played step by step, with `maxSurge`, `maxUnavailable`, `Recreate`, and the order of
the controllers; the risk is told where the least number of ready replicas is 0. The outage lasts for the load time
(`modelSpec[].gitops.loadTime`), where that is known. Then the ways in are followed, host to Service to router to
engine: a model whose router and engines change their port, API key or namespace at different speed, or whose workload
is replaced by one of another kind, name or namespace, is not served for as long as no router finds an engine, unless
another workload serves its id meanwhile. So is one that an owner deletes as it goes, while another one of the cluster
applies it: that makes it anew; or one that the sync tool deletes because the API refuses to change it (Flux `force`,
Argo CD `Force=true`), or that Argo CD deletes at each sync, as its annotations make a hook of it, or say
`Force=true,Replace=true`. So is one whose pods lose their probes of readiness and start, as nothing then waits for
their load. A model that is new, or that is removed, has no outage. Its amount is how long it may last, in seconds; not
known without a load time.

Fix: run two replicas, or set `maxSurge: 1` and `maxUnavailable: 0` where GPUs are free; a Ray cluster is replaced as
a whole: add the new one under another name first, then remove the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import ceil, inf

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object, identity_of, maps
from llmstack.kubernetes.replicas import component_of, specs_of_replica
from llmstack.kubernetes.served import find_served
from llmstack.review.applied import becomes_of
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.endless import stopped_by
from llmstack.review.rollout.gpus import with_pods
from llmstack.review.rollout.rolling import Outcome
from llmstack.review.rollout.shortfall import lacks_spare
from llmstack.review.rollout.template import load_in
from llmstack.review.rollout.workload import Workload
from llmstack.review.ways_in.breaks import SIDE_BY_SIDE, Break, say_for
from llmstack.review.wording import plural, say_exactly

RISK = Declaration("outage", Severity.WARNING, unit="seconds")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Workloads of which no replica is ready for a while, and models that no request reaches meanwhile."""
    for workload, outcomes in zip(assessment.workloads, assessment.least.times.outcomes, strict=True):
        moves = workload.before and workload.after and workload.move in ("restart", "scale")
        if outcomes is not None and moves and not outcomes.likely.least + workload.kept_ready:
            stopped = workload.identity in stopped_by(assessment.obstacles)
            message, advice = _outage(workload, outcomes.likely, stopped=stopped), _spare_it(assessment, workload)
            amount = _whole(outcomes.longest.down_for) if _is_measured(workload) and not stopped else None
            yield RISK.at(workload.key, f"{_at_least(assessment, workload)}{message}", advice, amount=amount)
    yield from _made_anew(assessment)
    yield from _unawaited(assessment)
    broken = [(each, each.lasts[1]) for each in assessment.breaks if each.lasts is not None]
    yield from _moved(assessment, {each.subject for each, _ in broken})
    for each, longest in broken:
        yield RISK.at(each.subject, each.message, _side_by_side(assessment, each), amount=_whole(longest))


def _made_anew(assessment: Assessment) -> Iterator[Risk]:
    """Workloads that an owner deletes as it loses them, and that another one makes anew."""
    for (kind, _, name), (obj, change) in assessment.made_anew.items():
        load = load_in(obj, assessment.facts[0])
        lasting = f"for {say_exactly(load)}" if load is not None else "for a while"
        message = (
            f"{change.tool_name} deletes it, unless what takes it over has applied it first: no replica is ready "
            f"{lasting}, until it is made anew and has started"
        )
        yield RISK.at(f"{kind}/{name}", message, "Let it keep its objects first, in a commit before.", amount=load)


def _unawaited(assessment: Assessment) -> Iterator[Risk]:
    """Engines that lose their readiness and start-up probes and roll: a pod without them is ready as soon as it runs
    (Kubernetes documentation, "Pod Lifecycle", container probes), so that nothing waits for a load."""
    rolling = {each.identity: each for each in assessment.workloads if each.rolls and each.model is not None}
    for change in assessment.changes:
        workload = rolling.get(change.identity)
        if workload is None or change.before is None or change.after is None:
            continue
        if _is_awaited(change.before) and not _is_awaited(change.after):
            load = load_in(change.after, assessment.facts[1])
            lasting = f"for {say_exactly(load)}" if load is not None else "for a while"
            message = (
                "without a readiness and a start-up probe its pods count as ready as soon as they run: all replicas "
                f"are replaced before one has loaded, and requests fail {lasting}"
            )
            yield RISK.at(workload.key, message, "Keep one of the two probes.", amount=load)


def _is_awaited(obj: Object) -> bool:
    """Whether a probe tells when the container that serves is ready."""
    pod = specs_of_replica(obj)[0][0]
    served = next(find_served(pod), None)
    containers = [
        each for each in maps(pod.get("containers")) if served is None or each.get("name") == served.container
    ]
    return any(each.get("readinessProbe") or each.get("startupProbe") for each in containers)


def _moved(assessment: Assessment, followed: Collection[str]) -> Iterator[Risk]:
    """Workloads of no part of the stack, whose ways in are not `followed`, that go on in another namespace or as
    another kind: the sync tool applies first and prunes then, so that the old pods end while the new ones start."""
    parts = {identity_of(each) for each in assessment.after if component_of(each) is not None}
    gone: dict[str, list[Workload]] = {}
    for each in assessment.workloads:
        if each.before and not each.after:
            gone.setdefault(each.name, []).append(each)
    for workload, outcomes in zip(assessment.workloads, assessment.least.times.outcomes, strict=True):
        former = next((each for each in gone.get(workload.name, ()) if _goes_on_as(each, workload)), None)
        if outcomes is None or former is None or workload.before or not workload.after:
            continue
        if workload.identity in parts or workload.key in followed:
            continue
        lasts = outcomes.longest.new_from if _is_measured(workload) else None
        until = say_for((lasts, lasts)) if lasts is not None else "for a while"
        way = (
            f"moves from namespace `{former.namespace}` to `{workload.namespace}`"
            if former.kind == workload.kind
            else f"takes the place of {former.kind}/{former.name}"
        )
        gap = f"the old pods are removed at once, and no replica is ready {until}, until new ones have started"
        yield RISK.at(workload.key, f"it {way}: {gap}", SIDE_BY_SIDE, amount=_whole(lasts))


def _goes_on_as(former: Workload, workload: Workload) -> bool:
    """Whether one is another of its name, in another namespace or as another kind."""
    return (former.kind == workload.kind) != (former.namespace == workload.namespace)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None or seconds == inf else ceil(seconds)


def _is_measured(workload: Workload) -> bool:
    return workload.new is not None and workload.new.load is not None


def _at_least(assessment: Assessment, workload: Workload) -> str:
    """What the outage depends on where a scaler may run more replicas."""
    most = assessment.most
    if most is None or workload.falls_to is not None or most.owned[1].get(workload.identity, 0) <= workload.replicas:
        return ""
    return f"while its scaler is at {plural(workload.replicas, 'replica')}, "


def _outage(workload: Workload, outcome: Outcome, *, stopped: bool) -> str:
    lasting = " any more, as no new one starts" if stopped else " for a while"
    if not stopped and _is_measured(workload) and outcome.down_for is not None:
        lasting = f" for {say_exactly(outcome.down_for)}"
    if workload.anew:
        cause = "the sync tool deletes it with all its pods, and makes it anew"
    elif workload.recreate:
        cause = "all replicas are deleted before new ones start"
    elif workload.falls_to is not None:
        cause = "a scaler takes over, and the one that is left until it looks is replaced"
    else:
        cause = f"up to {workload.unavailable} of {plural(workload.after, 'replica')} may be unavailable"
        if workload.perhaps_one:
            cause += ", where the cluster has `maxUnavailable` of StatefulSets (by default from Kubernetes 1.37 on)"
    return f"no replica is ready{lasting}: {cause}"


def _spare_it(assessment: Assessment, workload: Workload) -> str:
    if workload.anew:
        own = (each for each in assessment.changes if each.identity == workload.identity)
        if any(becomes_of(each, assessment.near) for each in own):
            return "Take the annotation away that asks for it: Argo CD does the same at each later sync."
        return "Keep the field that the API refuses to change; or give it another name, and let both run for a while."
    gpus = workload.new.total if workload.new is not None else 0
    told = _spare_by_kind(assessment, workload)
    if told is not None:
        return told
    if missing := lacks_spare(assessment, workload):
        more = f"Add {missing} to the pool, and set maxSurge 1 and maxUnavailable 0"
        return f"{more}; with the GPUs that are there, merge at a quiet time."
    spare = f" (needs {plural(gpus, 'spare GPU')})" if gpus else ""
    if workload.recreate:
        return f"Use `type: RollingUpdate` with maxSurge 1 and maxUnavailable 0{spare}."
    if workload.after == 1:
        return f"Set maxSurge 1 and maxUnavailable 0{spare}, or run two replicas."
    return f"Set maxUnavailable below {workload.after}, or maxSurge 1 and maxUnavailable 0{spare}."


def _spare_by_kind(assessment: Assessment, workload: Workload) -> str | None:
    """What helps where no strategy does."""
    match workload.kind:
        case "RayCluster" if lacks_spare(assessment, workload):
            return (
                "A Ray cluster is replaced whole, and the GPUs for a second one are not there: merge at a quiet time."
            )
        case "RayCluster":
            return "A Ray cluster is replaced whole: add it under another name first, then remove the old one."
        case "Pod":
            return "A Pod has no second one to take its place: run it as a Deployment."
        case "StatefulSet":
            fewer = "Set maxUnavailable to 1" if workload.after > 1 else "Run two replicas"
            return f"{fewer}: a StatefulSet has no surge."
    return None


def _side_by_side(assessment: Assessment, each: Break) -> str:
    """Advice to run both for a while, where there is room for both."""
    if not each.side_by_side:
        return each.advice
    own = [workload for workload in assessment.workloads if workload.key == each.subject and workload.after]
    old = [(workload.old, workload.before) for workload in assessment.workloads if workload.move == "remove"]
    beside = with_pods(assessment.least.fixed, old)
    pools = {workload.new.pool for workload in own if workload.new is not None and workload.new.pool is not None}
    verdicts = find_verdicts(own, assessment.facts[1].pools, beside)
    if any(verdicts[pool].deadlock for pool in pools if pool in verdicts):
        return "There are not enough GPUs to run both for a while: add some, or merge at a quiet time."
    return each.advice if pools <= verdicts.keys() else f"{each.advice[:-1]}, if the GPUs suffice."
