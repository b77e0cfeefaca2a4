"""An order of commits for a change that cannot finish at once, or runs short of GPUs at its peak.

Which models go in which commit, so that all of it is done soonest: each commit is played by the simulator and judged in
every order, with the pods of the commits before it and those that still wait. None falls under the readiness that is
asked for (replicas less maxUnavailable), and none asks for more GPUs than there are, where any order can do without.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations

from msgspec import Struct

from llmstack.kubernetes.pods import Identity
from llmstack.review.facts import Pool
from llmstack.review.rollout.gpus import goal_of, with_pods
from llmstack.review.rollout.placement import Fixed, PoolKey, gpus_in
from llmstack.review.rollout.queue import Queue
from llmstack.review.rollout.staged import find_verdicts_in_line
from llmstack.review.rollout.times import Times, time_rollouts
from llmstack.review.rollout.workload import Workload
from llmstack.review.wave import Member, Wave

EXACT = 6
"""Models of which every order is looked at: some seven hundred commits."""
MOST_MODELS = 40
MOST_PODS = 1_000
"""Of all that moves: beyond these no order is looked for."""


def find_waves(
    workloads: Sequence[Workload],
    members: Mapping[Identity, Member],
    pools: Sequence[Pool],
    fixed: Fixed,
    judged: Collection[PoolKey],
    queue: Queue | None = None,
) -> tuple[Wave, ...]:
    """Return the commits, in order, that get there soonest; nothing where the change does at once, or no order does.

    `members` says whose each workload is, `fixed` are the pods that stay, `judged` the pools whose
    rollouts can be judged at all, and `queue` is what the sync tool does not apply at once.
    """
    search = _Search(workloads, members, [pool for pool in pools if (pool.name, pool.resource) in judged], fixed, queue)
    movers = search.movers
    if not 1 < len(movers) <= MOST_MODELS or sum(workload.pods for workload in workloads) > MOST_PODS:
        return ()
    if search.is_short or search.step(movers, (), sparing=True) is not None:
        return ()
    finishes = search.step(movers, (), sparing=False) is not None
    for sparing in (True,) if finishes else (True, False):
        found = search.exact(sparing) if len(movers) <= EXACT else search.greedy(sparing)
        if found:
            return found
    return ()


class _Search(Struct, dict=True):
    """The orders of one change."""

    workloads: Sequence[Workload]
    members: Mapping[Identity, Member]
    pools: Sequence[Pool]
    fixed: Fixed
    queue: Queue | None = None

    def __post_init__(self) -> None:
        self._tried: dict[tuple[frozenset[Member], frozenset[Member], bool], int | None] = {}

    @cached_property
    def of(self) -> dict[Member, list[Workload]]:
        """The workloads of each member."""
        found: dict[Member, list[Workload]] = {}
        for workload in self.workloads:
            found.setdefault(self.members[workload.identity], []).append(workload)
        return found

    @cached_property
    def movers(self) -> tuple[Member, ...]:
        """The members that take GPUs of pools with a size."""
        declared = {(pool.name, pool.resource) for pool in self.pools}
        return tuple(member for member, own in self.of.items() if any(_pools(each) & declared for each in own))

    @property
    def is_short(self) -> bool:
        """Whether the goal itself is more than there is."""
        goal = goal_of(self.workloads, self.fixed)
        return any(goal[pool.name, pool.resource] > pool.count for pool in self.pools)

    def step(self, wave: Sequence[Member], done: Sequence[Member], *, sparing: bool) -> int | None:
        """Return the seconds of a commit after those that are done; None where it does not get there as it should."""
        key = frozenset(wave), frozenset(done), sparing
        if key not in self._tried:
            self._tried[key] = self._play(wave, done, sparing=sparing)
        return self._tried[key]

    def _play(self, wave: Sequence[Member], done: Sequence[Member], *, sparing: bool) -> int | None:
        own = [workload for member in wave for workload in self.of[member]]
        ahead = [(each.new, each.after) for member in done for each in self.of[member]]
        behind = [
            (each.old, each.before)
            for member in self.movers
            if member not in wave and member not in done
            for each in self.of[member]
        ]
        fixed = with_pods(self.fixed, [*ahead, *behind])
        verdicts = find_verdicts_in_line(own, self.pools, fixed, self.queue)
        if any(verdict.deadlock or verdict.shortage for verdict in verdicts.values()):
            return None
        times = time_rollouts(own, self.pools, fixed)
        short = sparing and any(_peak(times, pool, fixed) > pool.count for pool in self.pools)
        ready = all(
            outcomes is not None and outcomes.likely.least >= _asked(workload)
            for workload, outcomes in zip(own, times.outcomes, strict=True)
        )
        return None if short or not ready or not times.likely.finished else round(times.likely.end)

    def exact(self, sparing: bool) -> tuple[Wave, ...]:
        """The soonest of all orders; of equal ones the one with the fewest commits."""
        best: dict[frozenset[Member], tuple[int, int, tuple[tuple[Member, ...], ...]]] = {frozenset(): (0, 0, ())}
        for done in _subsets(self.movers):
            reached = best.get(frozenset(done))
            if reached is None:
                continue
            for wave in _subsets([member for member in self.movers if member not in done]):
                seconds = self.step(wave, done, sparing=sparing) if wave else None
                if seconds is not None:
                    to = frozenset((*done, *wave))
                    way = reached[0] + seconds, reached[1] + 1, (*reached[2], wave)
                    if to not in best or way[:2] < best[to][:2]:
                        best[to] = way
        found = best.get(frozenset(self.movers))
        return self._waves(found[2], sparing=sparing) if found is not None else ()

    def greedy(self, sparing: bool) -> tuple[Wave, ...]:
        """An order where the models are many: what frees GPUs first, and in each commit as many as get there."""
        left = sorted(self.movers, key=lambda member: (self._grows(member), member.environment, member.name))
        done: list[Member] = []
        waves: list[tuple[Member, ...]] = []
        while left:
            wave: list[Member] = []
            for member in left:
                if self.step([*wave, member], done, sparing=sparing) is not None:
                    wave.append(member)
            if not wave:
                return ()
            waves.append(tuple(wave))
            done += wave
            left = [member for member in left if member not in wave]
        return self._waves(waves, sparing=sparing)

    def _grows(self, member: Member) -> int:
        """GPUs that a member asks for more than before."""
        own = self.of[member]
        after = sum(each.after * each.new.total for each in own if each.new is not None)
        return after - sum(each.before * each.old.total for each in own if each.old is not None)

    def _waves(self, waves: Sequence[tuple[Member, ...]], *, sparing: bool) -> tuple[Wave, ...]:
        """The commits; what takes no GPUs of these pools goes with the first."""
        beside = tuple(member for member in self.of if member not in self.movers)
        found, done = [], list[Member]()
        for number, wave in enumerate(waves):
            known = all(_is_known(each) for member in wave for each in self.of[member])
            seconds = self.step(wave, done, sparing=sparing) if known else None
            found.append(Wave((*wave, *(beside if number == 0 else ())), seconds))
            done += wave
        return tuple(found)


def _subsets(members: Sequence[Member]) -> Iterator[tuple[Member, ...]]:
    """Yield every subset, the smaller ones first."""
    return (each for size in range(len(members) + 1) for each in combinations(members, size))


def _pools(workload: Workload) -> set[PoolKey]:
    templates = (template for template in (workload.old, workload.new) if template is not None)
    return {template.pool for template in templates if template.pool is not None}


def _peak(times: Times, pool: Pool, fixed: Fixed) -> int:
    key = pool.name, pool.resource
    return gpus_in(fixed, key) + max(run.peaks.get(key, 0) for run in (times.likely, times.shortest, times.longest))


def _asked(workload: Workload) -> int:
    """The ready replicas that are asked for while a workload changes: none of what is new, goes, or is recreated."""
    if workload.move == "scale":
        return min(workload.before, workload.after)
    return max(0, min(workload.before, workload.after - workload.unavailable)) if workload.rolls else 0


def _is_known(workload: Workload) -> bool:
    return workload.new is None or workload.new.load is not None
