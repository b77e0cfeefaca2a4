"""One run of all rollouts of an environment, second by second: which pod waits, loads, serves and goes.

An event-driven simulation of the controllers (`controller.py`) and the scheduler (`cluster.py`). A pod
that is deleted counts in no replica set and holds its GPUs for its grace period; a pod that finds no node
with enough free GPUs waits. Of several that wait, those of a rollout that cannot move without spare GPUs
come first, then the oldest: one of the orders that a cluster may take, and one that finishes wherever any
does while all pods are of one size (`deadlock.py`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from llmstack.review.facts import Pool
from llmstack.review.result import Demand, PodPhase
from llmstack.review.rollout.cluster import Cluster, Pod, Revision
from llmstack.review.rollout.controller import Counts, begin, settle
from llmstack.review.rollout.nodes import Nodes, node_sizes
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.workload import Template, Workload

Event = Literal["ready", "gone"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one workload fared. Times in seconds."""

    finish: float | None
    """None: never."""
    least: int
    """Available replicas at the worst moment."""
    longest_step: float
    """The longest stretch without progress, as a Deployment's progress deadline counts it."""
    longest_wait: float
    """The longest time that one of its pods waited for GPUs."""
    down_for: float | None
    """How long no replica was available, all such stretches together; None: to the end."""
    old_until: float | None = None
    """When the last replica of before went; None: never. Where replicas stay and only their number changes, they count
    as new from the start."""
    new_from: float | None = None
    """When the first replica of after was available; None: never."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a simulation; outcomes are in the order of the workloads."""

    outcomes: tuple[Outcome, ...]
    peaks: Mapping[PoolKey, int]
    """Largest sum of GPUs over bound and pending pods of the workloads, terminating ones left out."""
    demand: Mapping[PoolKey, Sequence[Demand]]
    """What pods of the workloads hold and wait for, from each second on."""
    phases: Sequence[PodPhase]
    end: float
    """When the last rollout finished or nothing moved any more."""

    @property
    def finished(self) -> bool:
        return all(outcome.finish is not None for outcome in self.outcomes)


def simulate(
    workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Fixed, load: Callable[[Template], float]
) -> Run:
    """Run the rollouts until nothing moves any more.

    `load` gives a template's seconds from bound to ready, infinite for never.
    """
    simulation = _Simulation(workloads, pools, load)
    simulation.place(fixed)
    simulation.apply_change()
    while simulation.advance():
        pass
    return simulation.result()


class _Rollout:
    """The pods of one workload, available (`up`) or not (`down`); terminating ones are only counted."""

    def __init__(self, workload: Workload, position: int) -> None:
        self.workload = workload
        self.position = position
        self.up: dict[Revision, list[Pod]] = {"old": [], "new": []}
        self.down: dict[Revision, list[Pod]] = {"old": [], "new": []}
        self.ordinals: dict[Revision, int] = {"old": 0, "new": 0}
        self.terminating = 0
        self.least = workload.before
        self.progressed = 0.0
        self.longest_step = 0.0
        self.longest_wait = 0.0
        self.down_for = 0.0
        self.down_since: float | None = None
        self.old_until: float | None = None
        self.new_from: float | None = None
        self.finish: float | None = None

    def counts(self) -> Counts:
        return Counts(len(self.up["old"]), len(self.down["old"]), len(self.up["new"]), len(self.down["new"]))

    def pods(self) -> list[Pod]:
        return [pod for side in (self.up, self.down) for pods in side.values() for pod in pods]

    def pools(self) -> list[PoolKey]:
        templates = (self.workload.old, self.workload.new)
        return [template.pool for template in templates if template is not None and template.pool is not None]

    def take_over(self) -> None:
        """The replica set stays when only the number of replicas changes: what runs is already new."""
        for side in (self.up, self.down):
            side["new"], side["old"] = side["old"], []
        self.ordinals["new"] = self.ordinals["old"]
        for pod in self.pods():
            pod.revision = "new"

    def progress(self, now: float) -> None:
        self.longest_step = max(self.longest_step, now - self.progressed)
        self.progressed = now

    def note(self, now: float) -> None:
        """Take down what is available, and whether that is all."""
        available = len(self.up["old"]) + len(self.up["new"])
        self.least = min(self.least, available)
        if not available and self.down_since is None:
            self.down_since = now
        elif available and self.down_since is not None:
            self.down_for += now - self.down_since
            self.down_since = None
        if not self.up["old"] and self.old_until is None:
            self.old_until = now
        if self.up["new"] and self.new_from is None:
            self.new_from = now
        if self.finish is None and self.counts() == Counts(0, 0, self.workload.after, 0):
            self.finish = now

    def outcome(self) -> Outcome:
        workload = self.workload
        least = 0 if workload.move == "new" else min(self.least, workload.after)
        if workload.falls_to is not None:
            least = min(least, workload.falls_to)
        down_for = self.down_for if self.down_since is None else None
        return Outcome(
            self.finish, least, self.longest_step, self.longest_wait, down_for, self.old_until, self.new_from
        )


class _Simulation:
    """The state of one run."""

    def __init__(self, workloads: Sequence[Workload], pools: Sequence[Pool], load: Callable[[Template], float]) -> None:
        self.load = load
        self.rollouts = [_Rollout(workload, position) for position, workload in enumerate(workloads)]
        self.cluster = Cluster({(pool.name, pool.resource): Nodes(node_sizes(pool)) for pool in pools})
        self.events: list[tuple[float, int, Event, Pod]] = []
        self.scheduled = 0

    def place(self, fixed: Fixed) -> None:
        """Bind the pods that are there before the change, large ones first."""
        nodes = self.cluster.nodes
        queue: list[tuple[int, PoolKey | None, Pod | None]] = [
            (gpus, pool, None)
            for pool, sizes in fixed.items()
            if pool in nodes
            for gpus, number in sizes.items()
            for _ in range(min(number, sum(nodes[pool].free) // max(gpus, 1)))  # of more, none would find a node
        ]
        for rollout in self.rollouts:
            for _ in range(rollout.workload.before):
                pod = self.new_pod(rollout, "old")
                rollout.down["old"].append(pod)
                queue.append((max(pod.template.gpus, default=0), pod.template.pool, pod))
        for gpus, pool, waiting in sorted(queue, key=lambda entry: -entry[0]):
            if waiting is not None:
                at_once = self.cluster.create(waiting)
                for pod in [waiting] if at_once else self.cluster.bind_waiting(pool) if pool else []:
                    self.serve(pod)
            elif pool is not None:
                nodes[pool].take(gpus)

    def new_pod(self, rollout: _Rollout, revision: Revision) -> Pod:
        workload, now = rollout.workload, self.cluster.now
        template = workload.new if revision == "new" else workload.old
        assert template is not None
        rollout.ordinals[revision] += 1
        return Pod(workload, rollout.position, revision, template, rollout.ordinals[revision] - 1, now, now)

    def serve(self, pod: Pod) -> None:
        rollout = self.rollouts[pod.owner]
        self.cluster.become_ready(pod)
        rollout.down[pod.revision].remove(pod)
        rollout.up[pod.revision].append(pod)
        rollout.progress(self.cluster.now)

    def apply_change(self) -> None:
        """Apply all objects at once."""
        for rollout in self.rollouts:
            if rollout.workload.move == "scale":
                rollout.take_over()
            self.adjust(rollout, begin(rollout.workload, len(rollout.up["old"]) + len(rollout.up["new"])))
        self.end_instant(self.rollouts)

    def advance(self) -> bool:
        """Play the next instant; False when nothing is left that happens by itself."""
        if not self.events or self.events[0][0] == inf:
            return False
        self.cluster.now = now = self.events[0][0]
        touched: dict[int, _Rollout] = {}
        while self.events and self.events[0][0] == now:
            _, _, event, pod = heapq.heappop(self.events)
            rollout = touched[pod.owner] = self.rollouts[pod.owner]
            if event == "gone":
                self.cluster.vanish(pod)
                rollout.terminating -= 1
            elif not pod.deleted:
                self.serve(pod)
        self.end_instant([touched[position] for position in sorted(touched)])
        return True

    def end_instant(self, touched: Sequence[_Rollout]) -> None:
        """Let controllers and scheduler act on what happened, and take down the sums."""
        pools: dict[PoolKey, None] = {}
        for rollout in touched:
            while (wanted := settle(rollout.workload, rollout.counts(), rollout.terminating)) != rollout.counts():
                self.adjust(rollout, wanted)
            pools |= dict.fromkeys(rollout.pools())
        for pool in pools:
            if pool in self.cluster.nodes:
                for pod in self.cluster.bind_waiting(pool):
                    self.begin_loading(pod)
        for rollout in touched:
            rollout.note(self.cluster.now)
        self.cluster.end_instant(pools)

    def adjust(self, rollout: _Rollout, wanted: Counts) -> None:
        """Create and delete pods until the counts are those wanted."""
        before = rollout.counts()
        if before == wanted:
            return
        self.adjust_side(rollout, "old", wanted.old_up, wanted.old_down)
        self.adjust_side(rollout, "new", wanted.new_up, wanted.new_down)
        grown = wanted.new_up + wanted.new_down > before.new_up + before.new_down
        shrunk = wanted.old_up + wanted.old_down < before.old_up + before.old_down
        if grown or shrunk:
            rollout.progress(self.cluster.now)

    def adjust_side(self, rollout: _Rollout, revision: Revision, up: int, down: int) -> None:
        """Delete waiting pods first, then loading ones, then the youngest; create what is missing."""
        rollout.down[revision].sort(key=lambda pod: not pod.bound)
        for pods, target in ((rollout.down[revision], down), (rollout.up[revision], up)):
            while len(pods) > target:
                pod = pods.pop()
                if not self.cluster.delete(pod):
                    rollout.terminating += 1
                    self.schedule(pod.template.grace, "gone", pod)
        while len(rollout.down[revision]) < down:
            pod = self.new_pod(rollout, revision)
            rollout.down[revision].append(pod)
            if self.cluster.create(pod):
                self.begin_loading(pod)

    def begin_loading(self, pod: Pod) -> None:
        rollout = self.rollouts[pod.owner]
        rollout.longest_wait = max(rollout.longest_wait, self.cluster.now - pod.created)
        self.schedule(self.load(pod.template) + pod.template.min_ready, "ready", pod)

    def schedule(self, delay: float, event: Event, pod: Pod) -> None:
        self.scheduled += 1
        heapq.heappush(self.events, (self.cluster.now + delay, self.scheduled, event, pod))

    def result(self) -> Run:
        self.cluster.close(
            (pod for rollout in self.rollouts for pod in rollout.pods()), max(self.cluster.now, 1.0) * 1.05
        )
        outcomes = tuple(rollout.outcome() for rollout in self.rollouts)
        end = max((outcome.finish for outcome in outcomes if outcome.finish is not None), default=0.0)
        return Run(outcomes, self.cluster.peaks, self.cluster.demand, tuple(self.cluster.phases), end)
