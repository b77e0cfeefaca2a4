"""Whether each served model is reachable while routers and engines change, each in its own time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from msgspec import Struct

from llmstack.review.facts import names_of
from llmstack.review.ways_in.backends import Backend, takes_pairs, transfer_roles
from llmstack.review.ways_in.breaks import SIDE_BY_SIDE, Break, say_for, span_of
from llmstack.review.ways_in.doors import station_of
from llmstack.review.ways_in.ends import RUNS, SLACK, Ends, of_run
from llmstack.review.ways_in.moments import Span, overlap, uncovered
from llmstack.review.ways_in.reach import Services, why_not_reached
from llmstack.review.ways_in.way import Station


def broken_models(
    ends: Sequence[Ends], services: tuple[Services, Services], moved_from: Mapping[str, str]
) -> Iterator[Break]:
    """Yield the models that no router reaches for a while, or any more; and what of them clients see change.

    A model that nothing serves after the change, and those of an environment whose routers go, are no breaks here: they
    are removed; one whose successor (`moved_from`, the former name by the one of now) serves other ids is a break.
    `services` are those of both sides; those of after hold from the moment of the apply.
    """
    routers = [each for each in ends if each.any.is_router]
    engines = [each for each in ends if not each.any.is_router]
    if any(router.old for router in routers) and not any(router.new for router in routers):
        return
    if not any(router.old for router in routers):
        routers = []  # whoever calls the engines goes on doing so
    disturbed = any(router.changes for router in routers) or services[0] != services[1]
    for id, members in _by_served_id(engines).items():
        if disturbed or any(member.changes for member in members):
            yield from _broken(_Model(id, routers, members, services), _successors(members, engines, moved_from))


class _Model(Struct, frozen=True):
    """A served id, the routers, and the engines that serve it on either side."""

    id: str
    routers: Sequence[Ends]
    members: Sequence[Ends]
    services: tuple[Services, Services]

    def why_not(self, router: Backend | None, engine: Backend | None, *, before: bool = False) -> str | None:
        """Why a router does not reach an engine; None where it does, or where callers go to the engines."""
        if engine is None:
            return "there is no engine"
        return why_not_reached(router, engine, self.services[0 if before else 1]) if router is not None else None

    def stations(self, engine: Ends) -> tuple[Station, ...]:
        """From the router, where there is one, to the id that clients ask for."""
        ahead = (station_of(router.any) for router in self.routers[:1])
        return (*ahead, station_of(engine.any), Station("model", self.id))

    def old_routers(self) -> list[Backend | None]:
        return [each.old for each in self.routers if each.old is not None] or [None]

    def new_routers(self) -> list[Backend | None]:
        return [each.new for each in self.routers if each.new is not None] or [None]

    def lacks_a_part(self) -> bool:
        """Whether a new router takes engines for prefill and for decode, and one of the two is not there."""
        there = {each.new.model or "" for each in self.members if _serves(each.new, self.id) and each.new is not None}
        for router in self.new_routers():
            if router is None or not takes_pairs(router):
                return False
            roles = transfer_roles([router])
            if len({roles[model] for model in there if model in roles}) > 1:
                return False
        return True

    def missing(self, run: int) -> float:
        """Seconds in which no router reaches what a request needs."""
        asking = [side for router in self.routers for side in router.sides(run) if side[0] is not None]
        always: list[tuple[Backend | None, Span | None]] = [(None, (0.0, inf))]
        spans: list[Span | None] = []
        for router, there in asking or always:
            parts = [self._reached(router, there, role, run) for role in _roles_of(router)]
            spans += parts[0] if len(parts) == 1 else [overlap(one, other) for one in parts[0] for other in parts[1]]
        return uncovered(spans)

    def _reached(self, router: Backend | None, there: Span | None, role: str | None, run: int) -> list[Span | None]:
        roles = transfer_roles([router]) if router is not None else {}
        return [
            overlap(there, here)
            for member in self.members
            for engine, here in member.sides(run)
            if engine is not None and _serves(engine, self.id) and self.why_not(router, engine) is None
            if role is None or roles.get(engine.model or "") == role
        ]


def _roles_of(router: Backend | None) -> list[str | None]:
    """What a request needs an engine for: prefill and decode, where the router has them apart."""
    roles = transfer_roles([router]).values() if router is not None else ()
    return [*dict.fromkeys(roles)] or [None]


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


def _successors(members: Sequence[Ends], engines: Sequence[Ends], moved_from: Mapping[str, str]) -> list[Ends]:
    """The engines that take the place of those that go: of the same model, or of one that was renamed from it."""
    gone = {each.old.model for each in members if each.old is not None and each.new is None}
    coming = (each for each in engines if each.old is None)
    return [each for each in coming if each.new is not None and names_of(each.new.model, moved_from) & gone]


def _broken(model: _Model, successors: Sequence[Ends]) -> Iterator[Break]:
    was = (model.why_not(router, each.old, before=True) for each in model.members for router in model.old_routers())
    if all(why is not None for why in was):
        return
    after = [engine for engine in model.members if engine.new is not None and _serves(engine.new, model.id)]
    if not after:
        members = [engine for engine in model.members if engine.new is not None]
        yield from (_renamed(model, engine) for engine in members or successors if engine.any.served)
        return
    subject = after[0].any.key
    refusals = [model.why_not(router, engine.new) for engine in after for router in model.new_routers()]
    if refusals and all(refusals):
        why = next(refusal for refusal in refusals if refusal)
        way = model.stations(after[0])
        message, advice = f"nothing reaches `{model.id}` any more: {why}", "Let router and engines agree again."
        yield Break(subject, message, advice, stations=way, broken=max(0, len(way) - 3))
        return
    if model.lacks_a_part():
        message = (
            f"no request of `{model.id}` is answered any more: no engine is left for its prefill, or for its decode"
        )
        way = model.stations(after[0])
        advice = "Keep an engine for each, or another routing logic."
        yield Break(subject, message, advice, stations=way, broken=max(0, len(way) - 3))
        return
    missing = [model.missing(run) for run in RUNS]
    alone = [max(_alone(model.members, run), _alone(model.routers, run)) for run in RUNS]
    if any(gap > own + SLACK for gap, own in zip(missing, alone, strict=True) if gap < inf):
        yield _gap(model, after, span_of(missing))


def _alone(ends: Sequence[Ends], run: int) -> float:
    """For how long none of several workloads is there, which is told at each of them."""
    return min((of_run(each.alone, run) for each in ends if each.stays), default=0.0)


def _gap(model: _Model, after: Sequence[Ends], lasts: tuple[float, float]) -> Break:
    """A model that is back when its engines have followed the router, when the half of a pair has, or when what
    replaces them has loaded."""
    subject = next((each for each in after if each.changes), after[0]).any.key
    refusals = (
        model.why_not(router, each.old)
        for router in model.new_routers()
        for each in model.members
        if each.old is not None
    )
    why = next((reason for reason in refusals if reason), None)
    way = model.stations(after[0])
    edge = max(0, len(way) - 3)
    if why is not None and any(each.stays for each in model.members):
        message = f"no request reaches `{model.id}` {say_for(lasts)}: {why} until the engine has restarted"
        advice = (
            "Router and engines restart at their own speed. Merge when few requests come, or bring up a second release "
            "beside this one and let callers move."
        )
        return Break(subject, message, advice, lasts, stations=way, broken=edge)
    if all(each.stays for each in model.members):
        swaps = any(_serves(each.old, model.id) != _serves(each.new, model.id) for each in model.members)
        why = _ELSEWHERE if swaps else _NEEDS[len(_parts(model))]
        message = f"no request of `{model.id}` is answered {say_for(lasts)}: {why}"
        advice = "Merge when few requests come, or run two replicas of each part."
        return Break(subject, message, advice, lasts, stations=way, broken=edge)
    message = (
        "the workload it replaces is removed without waiting, and no replica is ready until this one has loaded "
        f"(`{model.id}` is not served {say_for(lasts)})"
    )
    return Break(subject, message, SIDE_BY_SIDE, lasts, side_by_side=True, stations=way, broken=edge)


_ELSEWHERE = "the engine that served it serves something else before the one that is to serve it has loaded"
_NEEDS = {
    1: "the old router does not find the engines where the change puts them",
    2: "each needs an engine for prefill and one for decode, and one of them restarts",
}
"""By how many engines a request needs."""


def _parts(model: _Model) -> list[str | None]:
    return max((_roles_of(router) for router in model.new_routers()), key=len)


def _renamed(model: _Model, engine: Ends) -> Break:
    assert engine.new is not None
    id, way = model.id, model.stations(engine)
    now = ", ".join(f"`{name}`" for name in engine.new.served)
    return Break(
        engine.new.key,
        f"clients that ask for model `{id}` get an error from now on: it is served as {now}",
        f"Let callers know, or keep the id beside the new one: `--served-model-name {engine.new.served[0]} {id}`.",
        stations=way,
        broken=len(way) - 2,
    )
