"""The fact that was missing where something went otherwise than was foreseen, and what would have to be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from msgspec import Struct

from llmstack.engine.measured import Measured
from llmstack.observed.things import Synced
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.wording import plural, say_exactly
from llmstack.verify.course import Course
from llmstack.verify.follow import Courses
from llmstack.verify.subjects import Subject

SHARE, SLACK = 0.1, 5
"""By how much a time may be off: a tenth of it, and seconds. Moments are whole seconds, and loads differ."""


class Seen(Struct, frozen=True):
    """What there is to compare an environment's review with."""

    courses: Courses
    subjects: Mapping[tuple[str, str], Subject]
    """By environment and `Kind/name`."""
    facts: Facts
    measured: Mapping[str, Measured]
    """By model: what its engine was measured to take after the change."""
    owners: Mapping[str, Synced]
    """By model: the object of the sync tool that applies its unit."""


def why_fewer(rollout: Rollout, course: Course) -> Iterator[str]:
    began = course.ready[0][1] if course.ready else 0
    if rollout.replicas_max is not None and began > rollout.replicas_max:
        yield f"{plural(began, 'replica')} were ready when it began: what its scaler had"
    elif rollout.replicas is not None and began < rollout.replicas and rollout.why == "restart":
        yield f"{began} of {plural(rollout.replicas, 'replica')} were ready when it began"
    yield from mishaps(course)


def why_time(rollout: Rollout, course: Course, seen: Seen) -> Iterator[str]:
    """The facts by which a time is another than was foreseen."""
    loads, stated = course.loads(), seen.facts.load_seconds.get(rollout.model or "")
    if loads:
        middle = round(median(loads))
        took = f"pods were ready {say_exactly(middle)} after they were scheduled (median of {len(loads)})"
        if stated is None:
            yield f"gitops.loadTime of {rollout.model} is not known: {took}"
        elif abs(middle - stated) > stated * SHARE + SLACK:
            yield f"gitops.loadTime of {rollout.model} says {say_exactly(stated)}; {took}"
    waits = [
        (pod.scheduled - pod.meta.created).total_seconds()
        for pod in course.came()
        if pod.scheduled is not None and pod.meta.created is not None
    ]
    if waits and max(waits) > SLACK and rollout.pool is not None:
        yield f"pods waited up to {say_exactly(max(waits))} for a node: what others hold there was not known"
    yield from mishaps(course)


def mishaps(course: Course) -> Iterator[str]:
    """What befell pods that no review can foresee."""
    restarts = sum(pod.restarts for name, pod in course.pods.items() if name in course.new)
    reasons = sorted({pod.waiting for pod in course.there() if pod.waiting})
    if restarts:
        yield f"containers started again {plural(restarts, 'time')}"
    if reasons:
        yield f"pods wait: {', '.join(reasons)}"
    disrupted = [pod.disrupted for pod in course.pods.values() if pod.disrupted]
    if disrupted:
        yield f"{plural(len(disrupted), 'pod')} ended from outside: {', '.join(sorted(set(disrupted)))}"


def why_not_applied(rollout: Rollout, seen: Seen) -> Iterator[str]:
    owner = seen.owners.get(rollout.model or "")
    if owner is not None and owner.suspended:
        yield f"{owner.meta.kind} {owner.meta.name} is suspended"
    elif owner is not None and owner.ready is False:
        yield f"{owner.meta.kind} {owner.meta.name} is not ready: {owner.why}"
    else:
        yield "its pods are those of before: the change was not applied when it was observed"


def why_peak(environment: str, row: GpuPool, seen: Seen) -> Iterator[str]:
    for (of, object), subject in seen.subjects.items():
        course = seen.courses.of[subject.key]
        if of == environment and subject.pool == (row.pool, row.resource) and course.ready:
            yield f"{object} had {plural(course.ready[0][1], 'ready replica')} when it began"


SKEWED = "clocks that agree: pods were ready before they were scheduled"
FURTHER = "a recording that ends before the change which followed: pods of a third template came"
UNFINISHED = "a rollout that goes on to its end: this one was taken back"
BACK = "the change was taken back while it rolled out: its pods are those of before again"


def unseen(course: Course, seen: Seen) -> str:
    """Why the moments of a workload's pods tell nothing, or what to give so that they do."""
    return SKEWED if course.is_skewed else FURTHER if course.further else ask(seen, moments=True)


def ask(seen: Seen, *, moments: bool = False) -> str:
    """What to give so that it can be seen."""
    if moments and not seen.courses.recorded:
        return "a recording (`kubectl get pods -A -w --output-watch-events -o json`) begun before the change"
    return "a recording that begins before the change" if moments else "files that show its pods"
