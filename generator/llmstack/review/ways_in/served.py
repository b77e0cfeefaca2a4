"""Whether each served model is reachable while routers and engines change, each in its own time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from llmstack.review.rollout.times import Times
from llmstack.review.rollout.workload import Workload
from llmstack.review.ways_in.backends import Backend, Identity, why_not_reached
from llmstack.review.ways_in.breaks import Break, say_for, span_of
from llmstack.review.ways_in.doors import station_of
from llmstack.review.ways_in.moments import ALWAYS, Presence, overlap, presence, uncovered
from llmstack.review.ways_in.way import Station

Item = TypeVar("Item")

_SLACK = 1.0
"""Seconds by which a gap must be longer than that of the engine alone to be told apart."""


@dataclass(frozen=True, slots=True)
class Ends:
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
    def changes(self) -> bool:
        return self.old != self.new or self.runs != (ALWAYS,)


def broken_models(
    before: Mapping[Identity, Backend], after: Mapping[Identity, Backend], workloads: Sequence[Workload], times: Times
) -> Iterator[Break]:
    """Yield the models that no router reaches for a while, or any more; and what of them clients see change.

    A model that nothing serves after the change, and those of an environment whose routers go, are no breaks here: they
    are removed.
    """
    ends = _ends(before, after, workloads, times)
    routers = [each for each in ends if each.any.is_router]
    engines = [each for each in ends if not each.any.is_router]
    if any(router.old for router in routers) and not any(router.new for router in routers):
        return
    if not any(router.old for router in routers):
        routers = []  # whoever calls the engines goes on doing so
    disturbed = any(router.changes for router in routers)
    for id, members in _by_served_id(engines).items():
        if disturbed or any(member.changes for member in members):
            yield from _broken(id, routers, members)


def _ends(
    old: Mapping[Identity, Backend], new: Mapping[Identity, Backend], workloads: Sequence[Workload], times: Times
) -> list[Ends]:
    moving: dict[Identity, int] = {
        (workload.kind, workload.namespace, workload.name): number for number, workload in enumerate(workloads)
    }
    found = []
    for identity in sorted(old.keys() | new.keys()):
        sides = old.get(identity), new.get(identity)
        number = moving.get(identity)
        if number is None:
            found.append(Ends(*sides, (ALWAYS,), (0.0,)))
            continue
        outcomes = times.outcomes[number]
        if outcomes is None:
            continue  # of so many pods that it was not played: nothing can be told of it
        runs = tuple(
            presence(
                outcome.old_until,
                outcome.new_from,
                existed=workloads[number].before > 0,
                stays=workloads[number].after > 0,
            )
            for outcome in (outcomes.likely, outcomes.shortest, outcomes.longest)
        )
        found.append(Ends(*sides, runs, tuple(uncovered((run.old, run.new)) for run in runs)))
    return found


def _by_served_id(engines: Iterable[Ends]) -> Mapping[str, list[Ends]]:
    """The engines by the id that clients ask for before the change; where it is not known, by the model's label.

    Whoever serves the id after the change belongs to it too; so does what does not say its id and has the label.
    """
    by_label: dict[str | None, dict[str, None]] = {}
    for old in [engine.old for engine in engines if engine.old is not None]:
        by_label.setdefault(old.model, {}).update(dict.fromkeys(old.served or (old.model or old.key,)))
    holders: dict[str, list[Ends]] = {id: [] for ids in by_label.values() for id in ids}
    for engine in engines:
        sides = [side for side in (engine.old, engine.new) if side is not None]
        for id in dict.fromkeys(id for side in sides for id in side.served or by_label.get(side.model, ())):
            if id in holders:
                holders[id].append(engine)
    return holders


def _serves(side: Backend | None, id: str) -> bool:
    return side is not None and (not side.served or id in side.served)


def _broken(id: str, routers: Sequence[Ends], members: Sequence[Ends]) -> Iterator[Break]:
    if not any(_reaches(router, engine.old) for engine in members for router in _sides(routers, "old")):
        return
    after = [engine for engine in members if _serves(engine.new, id)]
    if not after:
        yield from (_renamed(id, routers, engine) for engine in members if engine.new is not None)
        return
    subject = after[0].any.key
    refusals = [_why_not(router, engine.new) for engine in after for router in _sides(routers, "new")]
    if refusals and all(refusals):
        why = next(refusal for refusal in refusals if refusal)
        way = _stations(id, routers, after[0])
        message, advice = f"nothing reaches `{id}` any more: {why}", "Let router and engines agree again."
        yield Break(subject, message, advice, stations=way, broken=max(0, len(way) - 3))
        return
    missing = [_missing(id, routers, members, run) for run in range(3)]
    staying = [engine for engine in members if engine.old is not None and engine.new is not None]
    alone = [min((_at(engine.alone, run) for engine in staying), default=0.0) for run in range(3)]
    if any(gap > own + _SLACK for gap, own in zip(missing, alone, strict=True) if gap < inf):
        yield _gap(id, routers, members, after, span_of(missing))


def _gap(
    id: str, routers: Sequence[Ends], members: Sequence[Ends], after: Sequence[Ends], lasts: tuple[float, float]
) -> Break:
    """A model that is back when its engines have followed the router, or when what replaces them has loaded."""
    subject = after[0].any.key
    mixed = (
        _why_not(router, engine)
        for router in _sides(routers, "new")
        for engine in (member.old for member in members)
        if engine is not None
    )
    why = next((reason for reason in mixed if reason), None)
    way = _stations(id, routers, after[0])
    edge = max(0, len(way) - 3)
    if why is not None and any(member.old is not None and member.new is not None for member in members):
        return Break(
            subject,
            f"no request reaches `{id}` {say_for(lasts)}: {why} until the engine has restarted",
            "Router and engines restart at their own speed. Merge when few requests come, or bring up a second release "
            "beside this one and let callers move.",
            lasts,
            stations=way,
            broken=edge,
        )
    return Break(
        subject,
        "the workload it replaces is removed at once, and no replica is ready until this one has loaded "
        f"(`{id}` is not served {say_for(lasts)})",
        "Add the new one in one commit and remove the old one in the next, if the GPUs suffice.",
        lasts,
        stations=way,
        broken=edge,
    )


def _stations(id: str, routers: Sequence[Ends], engine: Ends) -> tuple[Station, ...]:
    """From the router, where there is one, to the id that clients ask for."""
    return (*(station_of(router.any) for router in routers[:1]), station_of(engine.any), Station("model", id))


def _renamed(id: str, routers: Sequence[Ends], engine: Ends) -> Break:
    assert engine.new is not None
    way = _stations(id, routers, engine)
    now = ", ".join(f"`{name}`" for name in engine.new.served)
    return Break(
        engine.new.key,
        f"clients that ask for model `{id}` get an error from now on: it is served as {now}",
        f"Let callers know, or keep the id beside the new one: `--served-model-name {engine.new.served[0]} {id}`.",
        stations=way,
        broken=len(way) - 2,
    )


def _sides(routers: Sequence[Ends], side: str) -> list[Backend | None]:
    """The routers of a side; one that reaches everything where there is none, as clients then call the engines."""
    found = [router.old if side == "old" else router.new for router in routers]
    return [router for router in found if router is not None] or [None]


def _reaches(router: Backend | None, engine: Backend | None) -> bool:
    return engine is not None and _why_not(router, engine) is None


def _why_not(router: Backend | None, engine: Backend | None) -> str | None:
    if engine is None:
        return "there is no engine"
    return why_not_reached(router, engine) if router is not None else None


def _missing(id: str, routers: Sequence[Ends], members: Sequence[Ends], run: int) -> float:
    """Seconds in which no router reaches an engine that serves the id."""
    spans = []
    for engine in members:
        here = _at(engine.runs, run)
        for serving, engine_span in ((engine.old, here.old), (engine.new, here.new)):
            if not _serves(serving, id):
                continue
            if not routers:
                spans.append(engine_span)
            for router in routers:
                there = _at(router.runs, run)
                for asking, router_span in ((router.old, there.old), (router.new, there.new)):
                    if asking is not None and _reaches(asking, serving):
                        spans.append(overlap(router_span, engine_span))
    return uncovered(spans)


def _at(items: tuple[Item, ...], run: int) -> Item:
    return items[run if len(items) > 1 else 0]
