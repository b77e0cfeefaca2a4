"""Addresses that lead nowhere any more, or for a while, and those that callers are let in by otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from math import inf

from msgspec.structs import replace

from llmstack.kubernetes.pods import Object
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break, say_for, span_of
from llmstack.review.ways_in.doors import (
    Closed,
    Door,
    Side,
    all_doors,
    answers,
    leads_in,
    leads_to_service,
    open_doors,
    other_doors,
    ports_of,
    selects,
    station_of,
    why_closed,
)
from llmstack.review.ways_in.ends import RUNS, SLACK, Ends, of_run
from llmstack.review.ways_in.moments import uncovered
from llmstack.review.ways_in.way import CALLERS, OUTSIDE, Station

_REACH: Mapping[str, int] = {"ClusterIP": 0, "NodePort": 1, "LoadBalancer": 2}
"""From how far a Service of a type is called: each has what those before it have (Kubernetes documentation,
"Service", type)."""


def broken_addresses(
    before: Sequence[Object], after: Sequence[Object], then: Side, now: Side, ends: Sequence[Ends]
) -> Iterator[Break]:
    """Yield the addresses by which requests came in, and do no longer, or not for a while: to routers and engines, and
    by hosts to what may stand before them."""
    doors, left = [*open_doors(before, then), *other_doors(before, then)], all_doors(after, now, before)
    known = {door.address for door in doors}
    opened = (door for door in (*open_doors(after, now), *other_doors(after, now)) if door.address not in known)
    new, near = _New(opened, cache(partial(_served, now))), _Near(left)
    formerly, served_at = cache(partial(all_doors, before, then)), cache(partial(_served, then))
    fronts = {each.identity for each in (*then.front, *then.behind_hosts)}
    led_to, silent = {door.service for door in doors}, _Silent(ends, (then, now))
    for door in doors:
        beside = near.to(door)
        ways = [other for other in beside if other.covers(door)]
        refusals = [why_closed(way, now) for way in ways] or [Closed(_gone(door, beside), before_service=True)]
        if all(refusals):
            service = then.services.get((door.namespace, door.service))
            behind = then.selected(service) if service is not None else []
            front = [each for each in behind if each.identity in fronts]
            instead = new.instead_of(door, served_at(door.namespace, door.service))
            yield from (_closed(door, closed, front, instead) for closed in refusals[:1] if closed is not None)
        else:
            open_ways = [way for way in ways if why_closed(way, now) is None]
            yield from _other_door(door, open_ways)
            yield from _other_end(door, open_ways)
            yield from _lost_share(door, ways, formerly, (then, now))
    for name, service in then.services.items():
        if name in now.services and name[1] in led_to:
            yield from _less_reach(service, now.services[name])
            yield from silent.find(now.services[name], service)


class _Near:
    """Doors by what another one must have in common with them to be covered: all doors for each would be a square."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = doors
        self._by: dict[str | tuple[str, str], list[int]] = {}
        self._lengths: set[int] = set()
        """Of the paths."""
        for number, door in enumerate(doors):
            self._by.setdefault(door.address, []).append(number)
            if door.rule is not None:
                path = door.rule.path.rstrip("/")
                self._lengths.add(len(path))
                self._by.setdefault(("" if "*" in door.rule.host else door.rule.host, path), []).append(number)

    def to(self, door: Door) -> list[Door]:
        """Those that may cover a door, in their order: of its address, or of its host or many, and of its path or one
        above it."""
        keys: set[str | tuple[str, str]] = {door.address}
        if door.rule is not None:
            paths = {door.rule.path.rstrip("/")[:length] for length in self._lengths}
            keys |= {(host, path) for host in ("", door.rule.host) for path in paths}
        return [self._doors[each] for each in sorted({number for key in keys for number in self._by.get(key, ())})]


class _New:
    """Addresses that are new, by what opens them and the models behind."""

    def __init__(self, doors: Iterable[Door], served_at: Callable[[str, str], frozenset[str]]) -> None:
        self._by: dict[tuple[str, str], dict[frozenset[str], str]] = {}
        """The first address for each set of models, by the kind of what opens it and each of these; by none, all."""
        for door in doors:
            served = served_at(door.namespace, door.service)
            if served not in self._by.get((_kind(door), ""), ()):
                for id in ("", *served):
                    self._by.setdefault((_kind(door), id), {})[served] = door.address

    def instead_of(self, door: Door, served: frozenset[str]) -> str | None:
        """The first of the same kind behind which all of some models are."""
        found = self._by.get((_kind(door), next(iter(served), "")), {})
        return next((address for models, address in found.items() if served <= models), None)


def _kind(door: Door) -> str:
    return door.subject.partition("/")[0]


def _served(side: Side, namespace: str, name: str) -> frozenset[str]:
    """The ids of models that callers find behind a Service: those of all engines behind a router."""
    service = side.services.get((namespace, name))
    behind = side.selected(service) if service is not None else []
    engines = side.backends if any(each.is_router for each in behind) else behind
    return frozenset(id for each in engines if not each.is_router for id in each.served or (each.model or "",))


def _gone(door: Door, left: Sequence[Door]) -> str:
    rules = [each.rule for each in left if each.rule is not None]
    if door.rule is not None and any(rule.asks and rule.is_at(door.rule) for rule in rules):
        return "only requests with certain headers, parameters or methods are let in"
    same = any(each.address == door.address and each.rule is not None and each.rule.exact for each in left)
    return "its path is `Exact`, and takes nothing below it" if same else "it is gone"


def _closed(door: Door, closed: Closed, front: list[Backend], instead: str | None) -> Break:
    message = f"whoever calls `{door.address}` gets no answer any more: {closed.why}"
    if instead:
        message += f"; `{instead}` is new"
    kind = _kind(door)
    keep = "Service of the old name or port" if kind == "Service" else "rule for the old host"
    advice = f"Keep a {keep} beside the new one until every caller has moved."
    if not instead:
        advice = "Take it away once no caller needs it any more; or put it back."
    way = leads_in(door)
    broken = 0 if closed.before_service else len(way) - 1 if closed.behind_service else len(way) - 2
    return Break(door.subject, message, advice, stations=(*way, *map(station_of, front[:1])), broken=broken)


def _other_door(door: Door, ways: Sequence[Door]) -> Iterator[Break]:
    """A host that another class or Gateway lets in, at another address of its own; or without its certificate."""
    rules = [way.rule for way in ways if way.rule is not None]
    if door.rule is None or not rules:
        return
    now = frozenset(via for rule in rules for via in rule.via)
    if door.rule.via and now and not door.rule.via & now:
        old, new = (", ".join(sorted(each)) for each in (door.rule.via, now))
        message = (
            f"`{door.address}` comes in by {new} and no longer by {old}: until its name leads to the address of that, "
            "callers get no answer"
        )
        advice = "Let both stand until DNS and every cache of it have moved."
        yield Break(door.subject, message, advice, milder=True, stations=leads_in(door))
    elif door.rule.via and not now:
        old = ", ".join(sorted(door.rule.via))
        message = (
            f"`{door.address}` came in by {old}, and names none any more: it comes in by the default class of the "
            "cluster, if that has one, else not at all"
        )
        yield Break(door.subject, message, "State the class.", milder=True, stations=leads_in(door))
    if door.rule.secure and not any(rule.secure for rule in rules):
        message = (
            f"no certificate is named for `{door.rule.host}` any more: https callers see another one, and refuse it"
        )
        yield Break(door.subject, message, "Keep `tls`, unless something in front has the certificate.", milder=True)


def _other_end(door: Door, ways: Sequence[Door]) -> Iterator[Break]:
    """A host that leads to no Service from now on, but to what is made of pods by somebody else."""
    if ways and not any(map(leads_to_service, ways)):
        message = (
            f"`{door.address}` leads to {ways[0].kind} `{ways[0].service}` from now on, no longer to Service "
            f"`{door.service}`: whether that answers is not judged"
        )
        yield Break(door.subject, message, "Try it under another host first.", milder=True, stations=leads_in(door))


def _lost_share(
    door: Door, ways: Sequence[Door], formerly: Callable[[], Sequence[Door]], sides: tuple[Side, Side]
) -> Iterator[Break]:
    """Backends of a route that get a part of a host's requests, and lead nowhere from now on: a gateway passes that
    part to no other (Gateway API, HTTPRouteRule, "BackendRefs": 500 where a Service is not there, 503 where it has no
    ready endpoints). `formerly` gives all addresses before the change, which only a lost part asks for."""
    then, now = sides
    for way in ways:
        closed = why_closed(way, now)
        share = way.rule.share if way.rule is not None and way.subject == door.subject else ""
        if not share or closed is None:
            continue
        former = [each for each in formerly() if replace(each, rule=None) == replace(way, rule=None)]
        if any(each.rule is not None and each.rule.share and why_closed(each, then) for each in former):
            continue
        message = f"{share} requests to `{way.address}` get no answer: {closed.why}"
        advice = "Send it requests once its pods answer: until then `weight: 0`."
        yield Break(door.subject, message, advice, milder=True, stations=leads_in(way), broken=2)


class _Silent:
    """Services whose ports lead to where only pods of one side listen: none answers until the new ones are ready.

    The Service changes at the apply, the pods one by one.
    """

    def __init__(self, ends: Sequence[Ends], sides: tuple[Side, Side]) -> None:
        self._sides = sides
        self._fronts = [each for each in ends if each.any.is_router] or list(ends)
        self._by_identity = {each.any.identity: each for each in self._fronts}
        self._alone = [min((of_run(end.alone, run) for end in self._fronts if end.stays), default=0.0) for run in RUNS]

    def find(self, service: Object, before: Object) -> Iterator[Break]:
        """Yield each port of a Service at which nothing answers for a while."""
        chosen = {backend.identity: None for side in self._sides for backend in side.selected(service)}
        ends = [self._by_identity[each] for each in chosen if each in self._by_identity]
        former = {other.get("port") for other in ports_of(before)}
        for port in ports_of(service):
            if port.get("port") not in former:
                continue
            missing = []
            for run in RUNS:
                sides = [side for end in ends for side in end.sides(run)]
                spans = [span for backend, span in sides if backend is not None and _takes(service, port, backend)]
                missing.append(uncovered(spans))
            if any(SLACK + own < gap < inf for gap, own in zip(missing, self._alone, strict=True)):
                yield self._break(str(service["metadata"]["name"]), port, span_of(missing))

    def _break(self, name: str, port: Mapping[str, object], lasts: tuple[float, float]) -> Break:
        message = (
            f"port {port.get('port')} of the Service leads to where only the new pods listen: nothing answers "
            f"{say_for(lasts)}, until one of them is ready"
        )
        advice = "Give `targetPort` the name of the port: then each pod is called where it listens."
        way = CALLERS, Station("Service", f"{name}:{port.get('port')}"), *map(station_of, [self._fronts[0].any])
        return Break(f"Service/{name}", message, advice, lasts, stations=way, broken=1)


def _takes(service: Object, port: Mapping[str, object], backend: Backend) -> bool:
    return selects(service, backend) and answers(port, backend)


def _less_reach(before: Object, after: Object) -> Iterator[Break]:
    """A Service that gives up its load balancer or its port on the nodes, or changes the latter."""
    old, new = before.get("spec") or {}, after.get("spec") or {}
    types = str(old.get("type") or "ClusterIP"), str(new.get("type") or "ClusterIP")
    name = after["metadata"]["name"]
    advice = "Keep the type until every caller from outside has moved."
    if _REACH.get(types[1], 0) < _REACH.get(types[0], 0):
        lost = "the address of its load balancer" if types[0] == "LoadBalancer" else "its port on the nodes"
        message = f"the Service becomes {types[1]}: {lost} is gone for callers from outside"
        yield Break(f"Service/{name}", message, advice, stations=(OUTSIDE, Station("Service", name)))
    if new.get("type") == "LoadBalancer" and old.get("loadBalancerIP") != new.get("loadBalancerIP"):
        message = (
            f"the load balancer asks for another address: `loadBalancerIP` {old.get('loadBalancerIP') or 'not set'} → "
            f"{new.get('loadBalancerIP') or 'not set'}: until names lead to it, callers from outside get no answer"
        )
        way = OUTSIDE, Station("Service", name)
        yield Break(f"Service/{name}", message, "Keep the address, or move DNS with it.", milder=True, stations=way)
    ports = _node_ports(old), _node_ports(new)
    for port, number in ports[0].items():
        if port in ports[1] and ports[1][port] != number:
            message = f"port {number} on the nodes becomes {ports[1][port]}: callers of the old one are refused"
            way = OUTSIDE, Station("Service", f"{name}:{number}")
            yield Break(f"Service/{name}", message, "Keep the port, or let every caller know.", stations=way)


def _node_ports(spec: Mapping[str, object]) -> dict[object, object]:
    ports = spec.get("ports")
    return {
        port.get("port"): port["nodePort"]
        for port in (ports if isinstance(ports, list) else ())
        if isinstance(port, Mapping) and port.get("nodePort")
    }
