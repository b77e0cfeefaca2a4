"""Who of the units is applied when: a sync tool works on a few at a time.

Flux applies `--concurrent` Kustomizations at a time, 4 where it is not told (kustomize-controller, main.go), and one
that checks the health of what it applied holds its worker until that is healthy or its timeout is over (docs/spec/v1/
kustomizations.md, "Health checks"). In which order it takes them nobody says: those behind one that they wait for come
after it, the others as they come (internal/indexers, and fluxcd/pkg, runtime/dependency).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from math import inf

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.review.rollout.workload import Workload

CONCURRENT = 4


class Held(Struct, frozen=True):
    """A unit that holds a worker while its rollouts go on."""

    timeout: float = inf
    """Seconds after which it lets go of it in any case."""
    awaits: frozenset[str] = frozenset()
    """Units that come before it."""
    judged: bool = True
    """Whether it is known what it takes for healthy."""


class Queue(Struct, frozen=True, dict=True):
    """What a sync tool works through: units by name, as `Workload.unit` has them. What is in no such unit is applied at
    once."""

    units: Mapping[str, Held] = field(default_factory=dict)
    workers: int = CONCURRENT

    def of(self, workloads: Iterable[Workload]) -> dict[str, list[int]]:
        """The positions of the workloads that wait for a worker, by their unit."""
        found: dict[str, list[int]] = {}
        for position, workload in enumerate(workloads):
            if workload.unit in self.units and workload.move != "remove":
                found.setdefault(workload.unit, []).append(position)
        return found

    def behind(self, unit: str) -> frozenset[str]:
        """The units that wait for one, and those that wait for these: also one without a change takes each revision of
        the source in its turn (kustomize-controller, internal/controller/kustomization_controller.go,
        `checkDependencies`)."""
        found: set[str] = set()
        left = {unit}
        while left:
            left = {name for each in left for name in self._next.get(each, ())} - found - {unit}
            found |= left
        return frozenset(found)

    @cached_property
    def _next(self) -> Mapping[str, Sequence[str]]:
        """By unit those that wait for it themselves."""
        found: dict[str, list[str]] = {}
        for name, held in self.units.items():
            for each in held.awaits:
                found.setdefault(each, []).append(name)
        return found

    def unsure(self, changed: Collection[str], workloads: Sequence[Workload]) -> frozenset[str]:
        """The units of which it is not known when they begin: those behind one that changes, and whose health is judged
        by rules that are not read; all, where there are more than workers."""
        holding = [unit for unit in changed if unit in self.units and not self.units[unit].judged]
        if holding and len(self.of(workloads)) > self.workers:
            return frozenset(self.units)
        return frozenset().union(*map(self.behind, holding))

    def ahead(self, units: Collection[str]) -> dict[str, frozenset[str]]:
        """For each of some units those among them that it waits for, by way of others too."""
        found: dict[str, set[str]] = {unit: set() for unit in units}
        for other in units:
            for unit in self.behind(other) & found.keys():
                found[unit].add(other)
        return {unit: frozenset(before) for unit, before in found.items()}

    def named(self, environment: str) -> Queue:
        """The same, its units told apart from those of other environments."""
        held = {
            f"{environment}/{unit}": replace(each, awaits=frozenset(f"{environment}/{name}" for name in each.awaits))
            for unit, each in self.units.items()
        }
        return Queue(held, self.workers)

    def together(self, other: Queue) -> Queue:
        """Both, for the same workers."""
        return Queue({**self.units, **other.units}, self.workers)


class Line:
    """The units that wait for a worker, and those that have one."""

    def __init__(self, queue: Queue, workloads: Sequence[Workload]) -> None:
        self._queue = queue
        held = queue.of(workloads)
        weight = {unit: sum(_growth(workloads[each]) for each in positions) for unit, positions in held.items()}
        # The largest first: while all others are as they were, that is when most GPUs are asked for.
        self._waiting = sorted(weight, key=lambda unit: (-weight[unit], unit))
        self._own = frozenset(weight)
        self._ahead = queue.ahead(weight)
        self._working: set[str] = set()
        self._done: set[str] = set()

    def covers(self, workload: Workload) -> bool:
        """Whether a workload waits until a worker comes to its unit."""
        return workload.unit in self._own and workload.move != "remove"

    def next(self) -> str | None:
        """Take a unit for a free worker; None where there is no worker, or no unit that may begin."""
        if len(self._working) >= self._queue.workers:
            return None
        for unit in self._waiting:
            if not self._ahead[unit] - self._done:
                self._waiting.remove(unit)
                self._working.add(unit)
                return unit
        return None

    def timeout(self, unit: str) -> float:
        return self._queue.units[unit].timeout

    def at_work(self) -> Collection[str]:
        """The units that hold a worker."""
        return sorted(self._working)

    def let_go(self, unit: str, *, done: bool) -> None:
        """Free the worker of a unit; those behind it may begin where it is `done`."""
        self._working.discard(unit)
        if done:
            self._done.add(unit)


def _growth(workload: Workload) -> int:
    """The GPUs that a workload asks for at most beyond those it has."""
    new = workload.new.total if workload.new is not None else 0
    old = workload.old.total if workload.old is not None else 0
    more = workload.after - workload.before
    return max(workload.surge * new if workload.move == "restart" else 0, 0) + max(more, 0) * max(new, old)


def latest_ends(lengths: Mapping[str, float], workers: int, *, chained: bool) -> Mapping[str, float]:
    """Return by unit the latest second at which it is done, whatever the order; `lengths` are those of units at work.

    A unit waits at most for an even share of all others (Graham, "Bounds on multiprocessing timing anomalies", 1969),
    and as long as the one worker is busy that had the fewest of them: no more than their number by the workers, rounded
    down. Where some wait for others, `chained`, it may wait for all of them.
    """
    if chained:
        return dict.fromkeys(lengths, sum(lengths.values()))
    total, rounds = sum(lengths.values()), (len(lengths) - 1) // workers
    longest = sum(sorted(lengths.values(), reverse=True)[:rounds])
    return {unit: length + min((total - length) / workers, longest) for unit, length in lengths.items()}
