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
from math import inf
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from llmstack.review.facts import Pool
from llmstack.review.forecast import Demand, PodPhase
from llmstack.review.rollout.cluster import Cluster, Pod, Revision
from llmstack.review.rollout.controller import Counts, begin, settle
from llmstack.review.rollout.nodes import Nodes, node_sizes
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.queue import Line, Queue
from llmstack.review.rollout.rolling import Outcome, Rolling
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

Event = Literal["ready", "gone"]


class Run(Struct, frozen=True):
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
    workloads: Sequence[Workload],
    pools: Sequence[Pool],
    fixed: Fixed,
    load: Callable[[Template], float],
    queue: Queue | None = None,
) -> Run:
    """Run the rollouts until nothing moves any more.

    `load` gives a template's seconds from bound to ready, infinite for never; `queue` what the sync tool does not apply
    at once.
    """
    simulation = _Simulation(workloads, pools, load, Line(queue or Queue(), workloads))
    simulation.place(fixed)
    for nodes in simulation.cluster.nodes.values():
        nodes.close()
    simulation.cluster.by_chance = set()
    simulation.apply_change()
    while simulation.advance():
        pass
    return simulation.result()


class _Simulation:
    """The state of one run."""

    def __init__(
        self, workloads: Sequence[Workload], pools: Sequence[Pool], load: Callable[[Template], float], line: Line
    ) -> None:
        self.load = load
        self.line = line
        self.limits: list[tuple[float, str]] = []
        """When the sync tool stops waiting for each unit at work."""
        self.rollouts = [Rolling(workload, position) for position, workload in enumerate(workloads)]
        self.of_unit: dict[str, list[Rolling]] = {}
        """Those that wait for a worker, by their unit."""
        for rollout in self.rollouts:
            if line.covers(rollout.workload):
                self.of_unit.setdefault(rollout.workload.unit, []).append(rollout)
        self.cluster = Cluster({(pool.name, pool.resource): Nodes(node_sizes(pool), pool.closed) for pool in pools})
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
                    self.serve_or_load(pod)
            elif pool is not None:
                nodes[pool].take(gpus)

    def new_pod(self, rollout: Rolling, revision: Revision) -> Pod:
        workload, now = rollout.workload, self.cluster.now
        is_old = revision == "old" or rollout.ordinals["new"] < workload.made_old
        template = workload.old if is_old else workload.new
        assert template is not None
        rollout.ordinals[revision] += 1
        return Pod(workload, rollout.position, revision, template, rollout.ordinals[revision] - 1, now, now)

    def serve(self, pod: Pod) -> None:
        rollout = self.rollouts[pod.owner]
        self.cluster.become_ready(pod)
        rollout.down[pod.revision].remove(pod)
        rollout.up[pod.revision].append(pod)
        rollout.progress(self.cluster.now)

    def serve_or_load(self, pod: Pod) -> None:
        """What is there before the change serves, but for those pods that are known to load still."""
        rollout = self.rollouts[pod.owner]
        if rollout.unready:
            rollout.unready -= 1
            self.begin_loading(pod)
        else:
            self.serve(pod)

    def apply_change(self) -> None:
        """Apply at once what waits for no worker of the sync tool, and then what the first workers take."""
        begun = [rollout for rollout in self.rollouts if not self.line.covers(rollout.workload)]
        for rollout in begun:
            self.begin(rollout)
        self.end_instant(begun)
        self.take_units()

    def begin(self, rollout: Rolling) -> None:
        """Apply the change of a workload."""
        rollout.begun = rollout.progressed = self.cluster.now
        if rollout.workload.takes_over:
            rollout.take_over()
        self.adjust(rollout, begin(rollout.workload, len(rollout.up["old"]) + len(rollout.up["new"])))

    def take_units(self) -> None:
        """Let free workers take units, as long as there are both."""
        while True:
            for working in self.line.at_work():
                if all(rollout.finish is not None for rollout in self.of_unit[working]):
                    self.line.let_go(working, done=True)
            unit = self.line.next()
            if unit is None:
                return
            begun = self.of_unit[unit]
            for rollout in begun:
                self.begin(rollout)
            heapq.heappush(self.limits, (self.cluster.now + self.line.timeout(unit), unit))
            self.end_instant(begun)

    def advance(self) -> bool:
        """Play the next instant; False when nothing is left that happens by itself."""
        following = self.events[0][0] if self.events else inf
        while self.limits and self.limits[0][0] <= following and self.limits[0][0] < inf:
            moment, unit = heapq.heappop(self.limits)
            if unit in self.line.at_work():  # else it was done in time
                self.cluster.now = moment
                self.line.let_go(unit, done=False)
                self.take_units()
                return True
        if following == inf:
            return False
        self.cluster.now = now = following
        touched: dict[int, Rolling] = {}
        while self.events and self.events[0][0] == now:
            _, _, event, pod = heapq.heappop(self.events)
            rollout = touched[pod.owner] = self.rollouts[pod.owner]
            if event == "gone":
                self.cluster.vanish(pod)
                rollout.terminating -= 1
            elif not pod.deleted:
                self.serve(pod)
        self.end_instant([touched[position] for position in sorted(touched)])
        self.take_units()
        return True

    def end_instant(self, touched: Sequence[Rolling]) -> None:
        """Let controllers and scheduler act on what happened, and take down the sums."""
        pools: dict[PoolKey, None] = {}
        for rollout in touched:
            if rollout.begun is not None:
                self.settle(rollout)
            pools |= dict.fromkeys(rollout.pools())
        for pool in pools:
            if pool in self.cluster.nodes:
                for pod in self.cluster.bind_waiting(pool):
                    self.begin_loading(pod)
        for rollout in touched:
            if rollout.begun is not None:
                rollout.note(self.cluster.now)
        self.cluster.end_instant(pools)

    def settle(self, rollout: Rolling) -> None:
        """Let the controller act until nothing changes any more."""
        while (wanted := settle(rollout.workload, rollout.counts(), rollout.terminating)) != rollout.counts():
            self.adjust(rollout, wanted)

    def adjust(self, rollout: Rolling, wanted: Counts) -> None:
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

    def adjust_side(self, rollout: Rolling, revision: Revision, up: int, down: int) -> None:
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
        unserved: list[dict[PoolKey, float]] = [{} for _ in self.rollouts]
        for (position, pool), seconds in self.cluster.unserved.items():
            unserved[position][pool] = seconds
        outcomes = tuple(
            replace(rollout.outcome(), unserved=each, by_chance=rollout.position in (self.cluster.by_chance or ()))
            for rollout, each in zip(self.rollouts, unserved, strict=True)
        )
        end = max((outcome.finish for outcome in outcomes if outcome.finish is not None), default=0.0)
        return Run(outcomes, self.cluster.peaks, self.cluster.demand, tuple(self.cluster.phases), end)
