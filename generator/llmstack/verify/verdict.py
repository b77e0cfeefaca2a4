"""What was foreseen beside what was seen: figure by figure, and which fact was missing where they differ.

What files cannot show is not observed, and never agreement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from llmstack.finding import Severity
from llmstack.review.engine_change import EngineChange
from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.removed import Removed
from llmstack.review.result import EnvironmentReview
from llmstack.review.wording import plural, say_exactly
from llmstack.verify.course import Course
from llmstack.verify.history import seconds_since_applied
from llmstack.verify.missing import (
    BACK,
    SHARE,
    SLACK,
    UNFINISHED,
    Seen,
    ask,
    mishaps,
    unseen,
    why_fewer,
    why_not_applied,
    why_peak,
    why_time,
)
from llmstack.verify.subjects import Subject

Verdict = Literal["as-foreseen", "off", "not-foreseen", "not-observed"]
Name = Literal["pods", "ready", "seconds", "peak", "kv"]

TAKEN_BACK = "taken back"


class Span(Struct, frozen=True):
    """Numbers from `low` to `high`; None where nothing is known on that side."""

    low: float | None
    high: float | None


class Figure(Struct, frozen=True):
    """One thing that was foreseen of an object, and what was seen of it."""

    environment: str
    object: str
    """`Kind/name`, or `Pool/name`."""
    model: str | None
    name: Name
    foreseen: Span | str
    seen: float | str | None
    verdict: Verdict
    missing: tuple[str, ...] = ()
    """The facts that would have told it, or what to give so that it can be seen."""


class Applied(Struct, frozen=True):
    """What a sync tool says of an environment: which commit it applied when."""

    owner: str
    commit: str
    moment: str


class Verification(Struct, frozen=True):
    """A review of two revisions beside what was observed."""

    from_revision: str
    to_revision: str
    figures: tuple[Figure, ...]
    applied: tuple[Applied, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return any(figure.verdict in ("off", "not-foreseen") for figure in self.figures)


def compare(environment: str, review: EnvironmentReview, seen: Seen) -> Iterator[Figure]:
    """Yield the figures of one environment: of its rollouts and removals, its pools, its engines."""
    for rollout in review.rollouts:
        subject = seen.subjects.get((environment, f"{rollout.kind}/{rollout.name}"))
        if subject is not None:
            yield from _rollout(environment, rollout, subject, review, seen)
    for removed in review.removed:
        yield _removed(environment, removed, seen)
    yield from _unforeseen(environment, review, seen)
    moved = {(rollout.pool, rollout.resource) for rollout in review.rollouts}
    yield from (_peak(environment, row, seen) for row in review.gpus if (row.pool, row.resource) in moved)
    yield from (_cache(environment, engine, seen) for engine in review.engines if engine.after.high is not None)


def _rollout(
    environment: str, rollout: Rollout, subject: Subject, review: EnvironmentReview, seen: Seen
) -> Iterator[Figure]:
    course = seen.courses.of[subject.key]
    at = environment, f"{rollout.kind}/{rollout.name}", rollout.model

    happened = _happened(rollout, course, subject)
    missing = tuple(why_not_applied(rollout, seen)) if happened == "nothing" else ()
    missing = (BACK,) if happened == TAKEN_BACK else missing
    missing = missing if happened is not None else (ask(seen),)
    yield Figure(*at, "pods", rollout.why, happened, _same(rollout.why, happened), missing)
    if rollout.why == "new" or happened == "nothing":
        yield from () if happened == "nothing" else [_time(at, rollout, course, review, seen)]
        return
    yield _ready(at, rollout, course, seen)
    yield _time(at, rollout, course, review, seen)


def _happened(rollout: Rollout, course: Course, subject: Subject) -> str | None:
    """What the pods did, in the word of the review; `nothing`, `taken back`, or None where that was not seen.

    Pods of one revision alone may be those of before or of after, where their containers do not tell.
    """
    there = course.there()
    if rollout.why == "scale":
        numbers = (rollout.replicas_min, rollout.replicas_max)
        if not there or rollout.replicas is None:
            return None if not course.pods else "nothing" if rollout.replicas else "scale"
        low, high = (rollout.replicas if each is None else each for each in numbers)
        return "scale" if low <= len(there) <= high else f"{plural(len(there), 'pod')}"
    if course.new:
        return TAKEN_BACK if course.is_taken_back else rollout.why
    is_told = subject.is_told_by_containers or course.whole
    return "nothing" if there and is_told else None


def _same(foreseen: str, happened: str | None) -> Verdict:
    return "not-observed" if happened is None else "as-foreseen" if happened == foreseen else "off"


def _removed(environment: str, removed: Removed, seen: Seen) -> Figure:
    object = f"{removed.kind}/{removed.name}"
    subject = seen.subjects.get((environment, object))
    course = seen.courses.of.get(subject.key) if subject is not None else None
    happened = None if course is None or not course.pods else "nothing" if course.there() else "removed"
    missing = (ask(seen),) if happened is None else ()
    return Figure(environment, object, removed.model, "pods", "removed", happened, _same("removed", happened), missing)


def _unforeseen(environment: str, review: EnvironmentReview, seen: Seen) -> Iterator[Figure]:
    """Workloads that were seen to restart while nothing was foreseen of them."""
    known = {f"{each.kind}/{each.name}" for each in review.rollouts}
    known |= {f"{each.kind}/{each.name}" for each in review.removed}
    for (of, object), subject in seen.subjects.items():
        course = seen.courses.of[subject.key]
        if of == environment and object not in known and course.whole and course.new and subject.after:
            missing = ("no file of the change does that: somebody, or a controller, changed its pod template",)
            yield Figure(environment, object, subject.model, "pods", "nothing", "restart", "off", missing)


def _ready(at: tuple[str, str, str | None], rollout: Rollout, course: Course, seen: Seen) -> Figure:
    """The fewest ready replicas."""
    least, foreseen = course.least_ready, rollout.min_ready
    exact = rollout.basis.get("minReady") == "exact"
    span = Span(foreseen, foreseen if exact else None)
    if least is None:
        return Figure(*at, "ready", span, None, "not-observed", (unseen(course, seen),))
    verdict = _judge(span, least)
    return Figure(*at, "ready", span, least, verdict, tuple(why_fewer(rollout, course)) if verdict == "off" else ())


def _time(
    at: tuple[str, str, str | None], rollout: Rollout, course: Course, review: EnvironmentReview, seen: Seen
) -> Figure:
    """How long it took, from its first pod that came or went to the last, or from its apply on."""
    low = rollout.seconds if rollout.seconds is not None else rollout.seconds_min
    high = rollout.seconds if rollout.seconds is not None else rollout.seconds_max
    span: Span | str = Span(low, high)
    if review.stuck.get(at[1]) is Severity.ERROR:
        span = "never ends"
    took = _took(rollout, course, seen)
    if took is None and (course.is_taken_back or course.further or not course.whole):
        why = UNFINISHED if course.is_taken_back else unseen(course, seen)
        return Figure(*at, "seconds", span, None, "not-observed", (why,))
    if took is None:
        return _undone(at, span, course, seen)
    verdict: Verdict = "off" if isinstance(span, str) else _judge(span, took, share=SHARE, slack=SLACK)
    missing = tuple(why_time(rollout, course, seen)) if verdict in ("off", "not-foreseen") else ()
    return Figure(*at, "seconds", span, took, verdict, missing)


def _took(rollout: Rollout, course: Course, seen: Seen) -> int | None:
    """Seconds of a rollout that was seen to end: by a recording, else by what the sync tool keeps and the pods say."""
    if not _is_done(rollout, course) or course.is_skewed:
        return None
    if not course.whole or course.began is None:
        return seconds_since_applied(course, seen.owners.get(rollout.model or ""))
    return round(((course.ended or course.began) - course.began).total_seconds())


def _undone(at: tuple[str, str, str | None], span: Span | str, course: Course, seen: Seen) -> Figure:
    """A rollout that was not seen to end: as foreseen, where that was said; off, where it should long be done."""
    newest, began = seen.courses.newest, course.began
    after = round((newest - began).total_seconds()) if newest is not None and began is not None else 0
    said = f"not done after {say_exactly(after)}"
    if isinstance(span, str):
        return Figure(*at, "seconds", span, said, "as-foreseen")
    if span.high is not None and after > span.high * (1 + SHARE) + SLACK:
        return Figure(*at, "seconds", span, said, "off", tuple(mishaps(course)))
    return Figure(*at, "seconds", span, None, "not-observed", ("a recording that goes on until it is done",))


def _is_done(rollout: Rollout, course: Course) -> bool:
    """Whether, as they were seen last, all replicas of after are ready and no other is left."""
    there = course.there()
    own = [pod for pod in there if rollout.why == "scale" or pod.meta.name in course.new]
    enough = rollout.replicas_min if rollout.replicas_min is not None else rollout.replicas
    return len(own) == len(there) and all(pod.ready for pod in own) and (enough is None or len(own) >= enough)


def _peak(environment: str, row: GpuPool, seen: Seen) -> Figure:
    span = Span(row.peak, row.peak if row.peak_max is None else row.peak_max)
    peak = seen.courses.peaks.get((row.pool, row.resource))
    name = f"Pool/{row.pool or row.resource}"
    if peak is None:
        return Figure(environment, name, None, "peak", span, None, "not-observed", (ask(seen, moments=True),))
    verdict = _judge(span, peak)
    missing = tuple(why_peak(environment, row, seen)) if verdict == "off" else ()
    return Figure(environment, name, None, "peak", span, peak, verdict, missing)


def _cache(environment: str, engine: EngineChange, seen: Seen) -> Figure:
    """GiB of KV cache: what was measured of the engine after the change, from its log."""
    span, measured = Span(engine.after.low, engine.after.high), seen.measured.get(engine.model)
    kv = measured.memory.get("kv") if measured is not None else None
    at = environment, engine.object, engine.model
    if kv is None:
        help = f"`llmstack learn log {environment} {engine.model} FILE` after the start"
        return Figure(*at, "kv", span, None, "not-observed", (help,))
    known = engine.after.low is not None
    verdict: Verdict = _judge(span, kv, slack=0.005) if known else "not-foreseen"
    missing = () if verdict == "as-foreseen" else ("its measured memory: facts/engines/ has it now",)
    return Figure(*at, "kv", span, kv, verdict, missing)


def _judge(span: Span, number: float, *, share: float = 0.0, slack: float = 0.0) -> Verdict:
    if span.low is None and span.high is None:
        return "not-foreseen"
    below = span.low is not None and number < span.low * (1 - share) - slack
    above = span.high is not None and number > span.high * (1 + share) + slack
    return "off" if below or above else "as-foreseen"


def count(figures: Sequence[Figure]) -> dict[Verdict, int]:
    """How many figures there are of each verdict."""
    verdicts: tuple[Verdict, ...] = ("as-foreseen", "off", "not-foreseen", "not-observed")
    return {verdict: sum(figure.verdict == verdict for figure in figures) for verdict in verdicts}
