"""NetworkPolicies that cut a way in: between router and engines, before the router, and from the pods to elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.answers import all_of
from llmstack.kubernetes.network_policies import Direction, Endpoint, Policies, allows, rules_of, takes_port
from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import station_of
from llmstack.review.ways_in.way import CALLERS
from llmstack.review.wording import listed

_WHERE = "where the cluster's network enforces policies"
NAMED = 3
"""Engines that a message names before it counts."""


class _Side(Struct, frozen=True, dict=True):
    """The policies of one side, and the labels of the namespaces that it states."""

    objects: Sequence[Object]

    @cached_property
    def policies(self) -> list[Object]:
        return [obj for obj in self.objects if obj.get("kind") == "NetworkPolicy"]

    @cached_property
    def _by_label(self) -> Policies:
        return Policies(self.policies)

    @cached_property
    def labels_of(self) -> Mapping[str, Mapping[str, str]]:
        spaces = (obj for obj in self.objects if obj.get("kind") == "Namespace")
        return {identity_of(obj)[2]: obj["metadata"].get("labels") or {} for obj in spaces}

    def of(self, backend: Backend, direction: Direction) -> list[Object]:
        return self._by_label.isolating(_end(backend), direction)

    def lets_through(self, caller: Backend, called: Backend) -> bool | None:
        """Whether one reaches the other at its port."""
        one, other, port = _end(caller), _end(called), called.listens
        out = allows(self.of(caller, "Egress"), "Egress", one, other, port, self.labels_of)
        into = allows(self.of(called, "Ingress"), "Ingress", other, one, port, self.labels_of)
        return all_of((out, into))


def _end(backend: Backend) -> Endpoint:
    return Endpoint(backend.namespace, backend.labels, backend.named_ports)


def cut_by_policies(
    before: Sequence[Object],
    after: Sequence[Object],
    old: Mapping[Identity, Backend],
    new: Mapping[Identity, Backend],
) -> Iterator[Break]:
    """Yield the connections that policies refuse after the change, and did not before."""
    sides = _Side(before), _Side(after)
    if not sides[1].policies or (sides[0].policies == sides[1].policies and old == new):
        return
    routers = [backend for backend in new.values() if backend.is_router]
    engines = [backend for backend in new.values() if not backend.is_router]
    for router in routers:
        yield from _before_engines(router, engines, sides, old)
    for front in routers or engines:
        yield from _before_callers(front, sides, old.get(front.identity, front))


def _before_engines(
    router: Backend, engines: Iterable[Backend], sides: tuple[_Side, _Side], old: Mapping[Identity, Backend]
) -> Iterator[Break]:
    """A router that is not let through to engines; where that depends on addresses, it may not be."""
    cut: dict[tuple[str, bool], list[Backend]] = {}
    for engine in engines:
        was = sides[0].lets_through(old.get(router.identity, router), old.get(engine.identity, engine))
        now = sides[1].lets_through(router, engine)
        if now is not True and was is not now and was is not False:
            policy = [*sides[1].of(engine, "Ingress"), *sides[1].of(router, "Egress")][0]
            cut.setdefault((identity_of(policy)[2], now is None), []).append(engine)
    for (name, unknown), found in sorted(cut.items()):
        names = listed([f"`{engine.model or engine.key}`" for engine in found], NAMED)
        verb = "may not be" if unknown else "is not"
        yield Break(
            f"NetworkPolicy/{name}",
            f"`{router.identity[2]}` {verb} let through to the engines of {names} at port {found[0].listens}, "
            f"{_WHERE}: no request reaches them",
            "Let the router's pods in: a rule with their labels, and the engines' port.",
            milder=unknown,
            stations=(station_of(router), station_of(found[0])),
        )


def _before_callers(front: Backend, sides: tuple[_Side, _Side], was: Backend) -> Iterator[Break]:
    """Pods that clients call, and that begin to take connections from fewer of them."""
    rules = _rules(sides[0], was), _rules(sides[1], front)
    if rules[1] is None or (rules[0] is not None and all(each in rules[1] for each in rules[0])):
        return
    name = identity_of(sides[1].of(front, "Ingress")[0])[2]
    taken = "takes connections from those alone that it names" if rules[1] else "takes no connection any more"
    yield Break(
        f"NetworkPolicy/{name}",
        f"`{front.identity[2]}` {taken}, {_WHERE}: other callers, an ingress controller among them, get no answer",
        "See that the rules name the namespace of every caller, and that of the ingress controller.",
        milder=bool(rules[1]),
        stations=(CALLERS, station_of(front)),
    )


def _rules(side: _Side, backend: Backend) -> list[Any] | None:
    """The peers that may call pods at their port; None where anybody may."""
    policies = side.of(backend, "Ingress")
    if not policies:
        return None
    rules = [rule for policy in policies for rule in rules_of(policy, "Ingress")]
    open_here = [rule.get("from") for rule in rules if takes_port(rule, backend.listens, backend.named_ports)]
    return None if any(not peers for peers in open_here) else [peer for peers in open_here for peer in peers or ()]


def closed_to_other_namespaces(
    before: Sequence[Object],
    after: Sequence[Object],
    old: Mapping[Identity, Backend],
    new: Mapping[Identity, Backend],
) -> Iterator[tuple[str, Backend]]:
    """Yield each engine that begins to take connections from pods of its own namespace alone, with the policy."""
    sides = _Side(before), _Side(after)
    for identity, engine in new.items() if sides[1].policies else ():
        was, now = _rules(sides[0], old.get(identity, engine)), _rules(sides[1], engine)
        inside = now and all(peer.keys() == {"podSelector"} for peer in now)
        if inside and was is None and not engine.is_router:
            yield identity_of(sides[1].of(engine, "Ingress")[0])[2], engine


def newly_confined(
    before: Sequence[Object],
    after: Sequence[Object],
    old: Mapping[Identity, Backend],
    new: Mapping[Identity, Backend],
) -> Iterator[tuple[str, str]]:
    """Yield each policy that begins to bound where pods connect to, with one of the workloads."""
    sides = _Side(before), _Side(after)
    told = set()
    for identity, backend in new.items() if sides[1].policies else ():
        policies = sides[1].of(backend, "Egress")
        if not policies or sides[0].of(old.get(identity, backend), "Egress"):
            continue
        is_open = any(
            not rule.get("to") and not rule.get("ports") for each in policies for rule in rules_of(each, "Egress")
        )
        name = identity_of(policies[0])[2]
        if not is_open and name not in told:
            told.add(name)
            yield name, backend.key
