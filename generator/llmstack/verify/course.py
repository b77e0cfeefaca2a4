"""What the pods of one workload were seen to do: which are of after, when it began and ended, how many were ready."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.observed.observation import Seen
from llmstack.observed.things import Pod
from llmstack.verify.steps import Step, lasting
from llmstack.verify.subjects import Subject, revision_of

AT_ONCE = timedelta(seconds=1)
"""Between two moments in whole seconds that may be one."""


class Course(Struct):
    """What was seen of one workload's pods."""

    pods: dict[str, Pod] = field(default_factory=dict)
    """The last that was seen of each, by name."""
    gone: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    """Those of the template of after."""
    further: set[str] = field(default_factory=set)
    """Those that came after these, of neither template: of a change that followed."""
    began: datetime | None = None
    """When the first of them came, or the first of the others was to go."""
    whole: bool = False
    """Whether a recording has it from its beginning on."""
    ready: list[Step] = field(default_factory=list)

    def there(self) -> list[Pod]:
        """The pods that are there and not to go, as they were seen last."""
        return [pod for name, pod in self.pods.items() if name not in self.gone and not pod.meta.deleting]

    @property
    def is_taken_back(self) -> bool:
        """Whether pods of after came, and those that are there are of before again."""
        there = {pod.meta.name for pod in self.there()}
        return bool(self.new and there) and not there & (self.new | self.further)

    @property
    def is_skewed(self) -> bool:
        """Whether pods were ready before they were scheduled: then the clocks of nodes and of the control plane differ,
        and no two moments can be compared."""
        pairs = ((pod.scheduled, pod.ready_since) for pod in self.came())
        return any(scheduled and ready and ready < scheduled - AT_ONCE for scheduled, ready in pairs)

    @property
    def least_ready(self) -> int | None:
        """The fewest ready replicas while it changed; None where not all of it was seen."""
        return lasting(self.ready, least=True) if self.whole else None

    @property
    def ended(self) -> datetime | None:
        """When the last pod that came was ready, or the last of the others was to go."""
        moments = [pod.ready_since for pod in self.came()]
        moments += [pod.meta.deleted for name, pod in self.pods.items() if name not in self.new]
        return max((each for each in moments if each is not None), default=None)

    def came(self) -> list[Pod]:
        """The pods of after, and those that were made since it began."""
        return [
            pod
            for name, pod in self.pods.items()
            if name in self.new or (self.began and pod.meta.created and pod.meta.created >= self.began)
        ]

    def loads(self) -> list[int]:
        """Seconds from scheduled to ready of the pods of after."""
        return sorted(
            round((pod.ready_since - pod.scheduled).total_seconds())
            for pod in self.came()
            if pod.scheduled is not None
            and pod.ready_since is not None
            and pod.ready_since >= pod.scheduled
            and not pod.restarts
        )


def mark(course: Course, subject: Subject, sights: Sequence[Seen]) -> None:
    """Note the pods that there were, and which are of after: by their containers, where those differ, else by their
    revision, where that is another than the oldest pod's."""
    for seen in sights:
        pod = seen.thing
        assert isinstance(pod, Pod)
        name = pod.meta.name
        kept = course.pods.get(name)
        was_ready = kept.ready_since if kept is not None else None
        course.pods[name] = replace(pod, ready_since=pod.ready_since or was_ready)
        (course.gone.add if seen.event == "DELETED" or pod.is_over else course.gone.discard)(name)
    if subject.is_told_by_containers:
        course.new = {name for name, pod in course.pods.items() if subject.is_new(pod)}
        first = min((each for name in course.new if (each := course.pods[name].meta.created)), default=None)
        others = ((name, pod) for name, pod in course.pods.items() if not (subject.is_new(pod) or subject.is_old(pod)))
        course.further = {name for name, pod in others if first and pod.meta.created and pod.meta.created > first}
        return
    oldest = min(course.pods.values(), key=_age, default=None)
    if oldest is not None and revision_of(oldest):
        course.new = {name for name, pod in course.pods.items() if revision_of(pod) != revision_of(oldest)}


def is_cut(sights: Sequence[Seen]) -> bool:
    """Whether a recording lacks its beginning: a watch shows every object first as added."""
    first: dict[str, str] = {}
    for seen in sights:
        first.setdefault(seen.thing.meta.name, seen.event)
    return any(event in ("MODIFIED", "DELETED") for event in first.values())


def start(course: Course, sights: Sequence[Seen], had: int) -> tuple[int | None, bool]:
    """Note when a workload began to change; returns the version of the object that shows it, and whether that is the
    change itself: a pod before it was scheduled, or one that was there and is now to go, while all pods of before, at
    least `had`, are there."""
    there: set[str] = set()
    known: set[str] = set()
    for seen in sights:
        pod = seen.thing
        assert isinstance(pod, Pod)
        name = pod.meta.name
        comes = name not in known and (name in course.new or pod.scheduled is None)
        if comes or pod.meta.deleting or seen.event == "DELETED":
            moments = [pod.meta.deleted if pod.meta.deleting else pod.meta.created]
            course.began = min((each for each in moments if each is not None), default=None)
            fresh = pod.scheduled is None if comes else name in known
            return pod.meta.version, fresh and len(there) >= had
        known.add(name)
        there.add(name)
    moments = [pod.meta.created for name, pod in course.pods.items() if name in course.new]
    course.began = min((each for each in moments if each is not None), default=None)
    return None, False


def _age(pod: Pod) -> tuple[str, str]:
    """By when it was made; one that does not say it last."""
    return pod.meta.created.isoformat() if pod.meta.created is not None else "~", pod.meta.name
