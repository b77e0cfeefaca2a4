"""The scheduler's side of a simulated rollout: pods, the nodes they are bound to, and who waits."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.review.forecast import Demand, Phase, PodPhase
from llmstack.review.rollout.chance import rests_on_places
from llmstack.review.rollout.nodes import Nodes
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

Revision = Literal["old", "new"]
TIMELINE_LIMIT = 20_000
"""Phases kept for the timeline; a run of more keeps the first."""


class Pod(Struct, eq=False):
    """One replica: a pod, or all pods of a group."""

    workload: Workload
    owner: int
    """The workload's position in the run."""
    revision: Revision
    template: Template
    ordinal: int
    created: float
    since: float
    """When its phase began."""
    phase: Phase = "waiting"
    nodes: dict[int, int] = field(default_factory=dict)
    """The node of each bound part, by the part's position in `template.gpus`."""
    deleted: bool = False

    @property
    def bound(self) -> bool:
        return self.phase != "waiting"


class Cluster:
    """Pods on nodes. Pools without a declared capacity are boundless."""

    def __init__(self, nodes: Mapping[PoolKey, Nodes]) -> None:
        self.nodes = dict(nodes)
        self.now = 0.0
        self.held: dict[PoolKey, int] = {}
        self.asked: dict[PoolKey, int] = {}
        self.leaving: dict[PoolKey, int] = {}
        self.peaks: dict[PoolKey, int] = {}
        self.unserved: dict[tuple[int, PoolKey], float] = {}
        """GPU-seconds held by pods that load or terminate, by the workload's position and pool."""
        self.by_chance: set[int] | None = None
        """The positions of workloads whose pods find room, or wait, by where others are; None as long as those are
        placed that run already."""
        self.demand: dict[PoolKey, list[Demand]] = {}
        self.phases: list[PodPhase] = []
        self._queues: dict[PoolKey, dict[int, list[tuple[int, int, int, Pod]]]] = {}
        self._created = 0

    def create(self, pod: Pod) -> bool:
        """Add a pod; True when it is bound at once, for want of anything to wait for."""
        pool = pod.template.pool
        if pool is not None:
            self.asked[pool] = self.asked.get(pool, 0) + pod.template.total
        if pool is None or pool not in self.nodes:
            self._hold(pool, pod.template.total)
            self._idle(pod, pod.template.total)
            self._enter(pod, "loading")
            return True
        self._created += 1
        queues = self._queues.setdefault(pool, {})
        for part, gpus in enumerate(pod.template.gpus):
            entry = (0 if pod.workload.held_up else 1, self._created, part, pod)
            heapq.heappush(queues.setdefault(gpus, []), entry)
        return False

    def bind_waiting(self, pool: PoolKey) -> list[Pod]:
        """Bind what fits; the pods that are now bound whole."""
        queues = self._queues.get(pool, {})
        bound: list[Pod] = []
        blocked: int | None = None
        while True:
            heads = [
                (queue[0], gpus)
                for gpus, queue in queues.items()
                if _clean(queue) and (blocked is None or gpus < blocked)
            ]
            if not heads:
                return bound
            (_, _, part, pod), gpus = min(heads, key=lambda head: head[0][:3])
            self._note_chance(pod, gpus, self.nodes[pool])
            node = self.nodes[pool].take(gpus)
            if node is None:
                blocked = gpus
                continue
            heapq.heappop(queues[gpus])
            pod.nodes[part] = node
            self._hold(pool, gpus)
            self._idle(pod, gpus)
            if len(pod.nodes) == len(pod.template.gpus):
                self._enter(pod, "loading")
                bound.append(pod)

    def _note_chance(self, pod: Pod, gpus: int, nodes: Nodes) -> None:
        if self.by_chance is not None and pod.owner not in self.by_chance and rests_on_places(nodes, gpus):
            self.by_chance.add(pod.owner)

    def become_ready(self, pod: Pod) -> None:
        self._idle(pod, -pod.template.total)
        self._enter(pod, "ready")

    def delete(self, pod: Pod) -> bool:
        """Take a pod out of its replica set; True when it goes at once, as it held nothing."""
        pool = pod.template.pool
        if pool is not None:
            self.asked[pool] -= pod.template.total
        pod.deleted = True
        if pod.phase == "ready":
            self._idle(pod, pod.template.total)
        if not pod.bound and not pod.nodes:
            self._enter(pod, None)
            return True
        self._enter(pod, "terminating")
        if pool is not None:
            self.leaving[pool] = self.leaving.get(pool, 0) + self._held_by(pod, pool)
        return False

    def vanish(self, pod: Pod) -> None:
        """Free what a terminated pod held."""
        self._enter(pod, None)
        pool = pod.template.pool
        if pool is None:
            return
        self.leaving[pool] -= self._held_by(pod, pool)
        if pool not in self.nodes:
            self._hold(pool, -pod.template.total)
            self._idle(pod, -pod.template.total)
            return
        for part, node in pod.nodes.items():
            self.nodes[pool].give(node, pod.template.gpus[part])
            self._hold(pool, -pod.template.gpus[part])
            self._idle(pod, -pod.template.gpus[part])

    def end_instant(self, pools: Iterable[PoolKey]) -> None:
        """Note the sums of the pools, once all that happens now has happened."""
        for pool in pools:
            self.peaks[pool] = max(self.peaks.get(pool, 0), self.asked.get(pool, 0))
            bound = self.held.get(pool, 0) - self.leaving.get(pool, 0)
            now = Demand(self.now, bound, self.asked.get(pool, 0) - bound, self.leaving.get(pool, 0))
            series = self.demand.setdefault(pool, [])
            if not series or replace(series[-1], second=self.now) != now:
                series.append(now)

    def close(self, pods: Iterable[Pod], end: float) -> None:
        """End the phases of the pods that are left."""
        self.now = end
        for pod in pods:
            self._enter(pod, None)

    def _held_by(self, pod: Pod, pool: PoolKey) -> int:
        """The GPUs of a pod, of one that is not bound whole those of its bound parts."""
        return sum(pod.template.gpus[part] for part in pod.nodes) if pool in self.nodes else pod.template.total

    def _hold(self, pool: PoolKey | None, gpus: int) -> None:
        if pool is not None:
            self.held[pool] = self.held.get(pool, 0) + gpus

    def _idle(self, pod: Pod, gpus: int) -> None:
        """Begin to count GPUs that the pod holds without serving; less of them where it ends."""
        if pod.template.pool is not None:
            key = pod.owner, pod.template.pool
            self.unserved[key] = self.unserved.get(key, 0.0) - gpus * self.now

    def _enter(self, pod: Pod, phase: Phase | None) -> None:
        """Begin a phase (None: the end), and note the one that is over."""
        if self.now > pod.since and len(self.phases) < TIMELINE_LIMIT:
            template = pod.template
            self.phases.append(
                PodPhase(
                    workload=pod.workload.identity,
                    pod=f"{pod.revision}-{pod.ordinal}",
                    revision=pod.revision,
                    phase=pod.phase,
                    start=pod.since,
                    end=self.now,
                    gpus=template.total,
                    pool=template.pool[0] if template.pool else None,
                    resource=template.pool[1] if template.pool else "",
                )
            )
        pod.since = self.now
        if phase is not None:
            pod.phase = phase


def _clean(queue: list[tuple[int, int, int, Pod]]) -> bool:
    """Drop deleted pods from the head of a queue; whether anybody is left."""
    while queue and queue[0][3].deleted:
        heapq.heappop(queue)
    return bool(queue)
