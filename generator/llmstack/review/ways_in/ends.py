"""Routers and engines on both sides of a change, and when the pods of each side are there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import TypeVar

from msgspec import Struct

from llmstack.kubernetes.pods import Identity
from llmstack.review.rollout.times import Outcomes, Times
from llmstack.review.rollout.workload import Move, Workload
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.moments import ALWAYS, Presence, Span, presence, uncovered

Item = TypeVar("Item")

RUNS = range(3)
"""The likely, the shortest and the longest run."""
SLACK = 1.0
"""Seconds by which a gap must be longer than one of its causes to be told apart from it."""


class Ends(Struct, frozen=True):
    """A workload on both sides, and when the pods of each are there: in the likely, shortest and longest run."""

    old: Backend | None
    new: Backend | None
    runs: tuple[Presence, ...]
    alone: tuple[float, ...]
    """Seconds in which none of its own pods is available, by run."""

    @property
    def any(self) -> Backend:
        backend = self.new or self.old
        assert backend is not None
        return backend

    @property
    def stays(self) -> bool:
        return self.old is not None and self.new is not None

    @property
    def changes(self) -> bool:
        return self.old != self.new or self.runs != (ALWAYS,)

    def sides(self, run: int) -> tuple[tuple[Backend | None, Span | None], ...]:
        """The pods of before and of after, each with when they are there."""
        here = of_run(self.runs, run)
        return (self.old, here.old), (self.new, here.new)


def of_run(items: tuple[Item, ...], run: int) -> Item:
    """What holds in a run; of pods that stay all runs are one."""
    return items[run if len(items) > 1 else 0]


def read_ends(
    old: Mapping[Identity, Backend],
    new: Mapping[Identity, Backend],
    workloads: Sequence[Workload],
    times: Times,
    unsure: Collection[Identity] = (),
) -> list[Ends]:
    """Return the routers and engines of both sides; those of so many pods that they were not played are left out. What
    is new and `unsure` to get anywhere never comes in the longest run."""
    moving = {workload.identity: number for number, workload in enumerate(workloads)}
    apart = _apart(workloads, times)
    found = []
    for identity in sorted(old.keys() | new.keys()):
        sides = old.get(identity), new.get(identity)
        number = moving.get(identity)
        if number is None:
            found.append(Ends(*sides, (ALWAYS,), (0.0,)))
            continue
        outcomes = times.outcomes[number]
        if outcomes is None:
            continue
        runs = tuple(
            presence(
                outcome.old_until,
                outcome.new_from,
                existed=workloads[number].before > 0,
                stays=workloads[number].after > 0,
            )
            for outcome in (outcomes.likely, outcomes.shortest, outcomes.longest)
        )
        if identity in apart:
            runs = _in_any_order(workloads[number].move, runs, outcomes)
        if identity in unsure and workloads[number].move == "new":
            runs = (*runs[:-1], Presence(None, None))
        found.append(Ends(*sides, runs, tuple(uncovered((run.old, run.new)) for run in runs)))
    return found


def _apart(workloads: Sequence[Workload], times: Times) -> frozenset[Identity]:
    """What comes or goes with a unit of its own, where nobody knows in which order the sync tool takes the units: one
    that goes is deleted by the same workers (kustomize-controller, internal/controller/kustomization_controller.go,
    `finalize`)."""
    if all(each is None or each.span is None for each in times.outcomes):
        return frozenset()
    goes = {workload.unit for workload in workloads if workload.move == "remove"}
    stays = {workload.unit for workload in workloads if workload.move != "remove"}
    return frozenset(each.identity for each in workloads if each.unit in goes ^ stays)


def _in_any_order(move: Move, runs: tuple[Presence, ...], outcomes: Outcomes) -> tuple[Presence, ...]:
    """The runs of what comes or goes: in the shortest it comes first, or goes last; in the longest it comes as late as
    it may, and goes at once. What is there on both sides is back as soon as in any order."""
    likely, shortest, longest = runs
    if move == "remove":
        return likely, Presence((0.0, inf), None), longest
    if move != "new" or outcomes.span is None or shortest.new is None or longest.new is None:
        return runs
    first = shortest.new[0] - outcomes.shortest.start
    finish = outcomes.longest.finish
    last = inf if finish is None else longest.new[0] + max(0.0, outcomes.span[1] - finish)
    return likely, Presence(None, (first, inf)), Presence(None, (last, inf)) if last < inf else longest
