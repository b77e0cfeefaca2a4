"""What the pods of all workloads were seen to do: how many GPUs they asked for, and whether all of it was seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from llmstack.observed.observation import Observation, Seen
from llmstack.observed.things import Pod, Workload
from llmstack.review.rollout.placement import PoolKey
from llmstack.verify.course import Course, is_cut, mark, start
from llmstack.verify.steps import Step, lasting
from llmstack.verify.subjects import Key, Subject, deployments, owner_of


class Courses(Struct, frozen=True):
    """All that was seen: of workloads, and GPUs asked for in pools."""

    of: Mapping[Key, Course]
    peaks: Mapping[PoolKey, int]
    """The most GPUs that pods asked for, of pools whose changes were seen from their beginning on."""
    newest: datetime | None
    recorded: bool
    """Whether any of it is a recording, which alone shows what was between two moments."""


def follow(observation: Observation, subjects: Mapping[Key, Subject], moving: Iterable[Key]) -> Courses:
    """Return what the pods of the subjects were seen to do; `moving` are those that a review says to change."""
    sights = list(_sights(observation, subjects))
    recorded = any(seen.event for seen in observation.history if isinstance(seen.thing, Pod))
    own: dict[Key, list[Seen]] = {key: [] for key in subjects}
    for key, seen, _ in sights:
        own[key].append(seen)
    courses = {key: Course() for key in subjects}
    starts = {}
    for key, subject in subjects.items():
        mark(courses[key], subject, own[key])
        starts[key] = version, fresh = start(courses[key], own[key], subject.had)
        courses[key].whole = (
            recorded and version is not None and fresh and not is_cut(own[key]) and not courses[key].is_skewed
        )
    changing = frozenset(moving) & subjects.keys()
    first = min((version for key in changing if (version := starts[key][0]) is not None), default=None)
    peaks = _walk(sights, subjects, courses, first, changing) if recorded and first is not None else {}
    return Courses(courses, peaks, observation.newest, recorded)


_Sight = tuple[Key, Seen, str]
"""Whose pod it is, how it was seen, and which replica it is of."""


def _sights(observation: Observation, subjects: Mapping[Key, Subject]) -> Iterator[_Sight]:
    replica_sets = deployments(observation.all_of(Workload))
    for seen in observation.history:
        if isinstance(seen.thing, Pod):
            found = owner_of(seen.thing, replica_sets)
            if found is not None and found[0] in subjects:
                yield found[0], seen, found[1]


class _Cluster(Struct):
    """The pods that count at a moment: those that are there and not to go."""

    pods: dict[Key, dict[str, tuple[Pod, str]]]
    held: dict[PoolKey, int] = field(default_factory=dict)
    now: datetime | None = None

    def take(self, key: Key, seen: Seen, replica: str, pool: PoolKey | None) -> None:
        """Put in what was seen of a pod of a workload; `pool` is the one that the workload takes GPUs of."""
        pod = seen.thing
        assert isinstance(pod, Pod)
        moment = _moment(pod)
        self.now = moment if self.now is None or (moment is not None and moment > self.now) else self.now
        before = self.pods[key].pop(pod.meta.name, None)
        here = not (seen.event == "DELETED" or pod.meta.deleting or pod.is_over)
        if here:
            self.pods[key][pod.meta.name] = pod, replica
        if pool is not None:
            change = (pod.gpus.get(pool[1], 0) if here else 0) - (before[0].gpus.get(pool[1], 0) if before else 0)
            self.held[pool] = self.held.get(pool, 0) + change

    def note(self, key: Key, course: Course, steps: dict[PoolKey, list[Step]]) -> None:
        """Take down how many replicas of a workload are ready, and the GPUs that are asked for."""
        if self.now is None:
            return
        replicas: dict[str, bool] = {}
        for pod, replica in self.pods[key].values():
            replicas[replica] = replicas.get(replica, True) and pod.ready
        course.ready.append((self.now, sum(replicas.values())))
        for pool, number in self.held.items():
            known = steps.setdefault(pool, [])
            if not known or known[-1][1] != number:
                known.append((self.now, number))


def _walk(
    sights: Sequence[_Sight],
    subjects: Mapping[Key, Subject],
    courses: Mapping[Key, Course],
    first: int,
    changing: Collection[Key],
) -> dict[PoolKey, int]:
    """Note how many replicas were ready from before the change on; returns the peaks of the pools."""
    cluster = _Cluster({key: {} for key in subjects})
    steps: dict[PoolKey, list[Step]] = {}
    for key, seen, replica in sights:
        begun = seen.thing.meta.version >= first
        if begun and (not steps or not courses[key].ready):
            cluster.note(key, courses[key], steps)
        cluster.take(key, seen, replica, subjects[key].pool)
        if begun:
            cluster.note(key, courses[key], steps)
    return {
        pool: lasting(numbers, least=False) or 0
        for pool, numbers in steps.items()
        if _is_whole(pool, subjects, changing, cluster.pods, courses)
    }


def _is_whole(
    pool: PoolKey,
    subjects: Mapping[Key, Subject],
    changing: Collection[Key],
    state: Mapping[Key, Mapping[str, object]],
    courses: Mapping[Key, Course],
) -> bool:
    """Whether all pods that take GPUs of a pool were seen, those that change from their beginning on."""
    of_pool = [key for key, subject in subjects.items() if subject.pool == pool]
    return all(
        courses[key].whole if key in changing else bool(state[key]) or not subjects[key].after for key in of_pool
    )


def _moment(pod: Pod) -> datetime | None:
    moments = (pod.meta.created, pod.scheduled, pod.started, pod.ready_since, pod.meta.deleted)
    return max((each for each in moments if each is not None), default=None)
