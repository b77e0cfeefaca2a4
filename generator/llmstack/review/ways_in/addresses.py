"""Addresses that lead nowhere any more, and callers that are turned away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import read_whole
from llmstack.review.ways_in.backends import Backend, Identity
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import (
    Closed,
    Door,
    Side,
    all_doors,
    is_behind,
    leads_in,
    open_doors,
    read_side,
    station_of,
    why_closed,
)
from llmstack.review.ways_in.way import CALLERS, OUTSIDE, Station

_REACH: Mapping[str, int] = {"ClusterIP": 0, "NodePort": 1, "LoadBalancer": 2}
"""From how far a Service of a type is called: each has what those before it have (Kubernetes documentation,
"Service", type)."""


def broken_addresses(
    before: Iterable[Object], after: Iterable[Object], old: Iterable[Backend], new: Iterable[Backend]
) -> Iterator[Break]:
    """Yield the addresses by which requests came in, and do no longer."""
    sides = list(before), list(after)
    then, now = read_side(sides[0], old), read_side(sides[1], new)
    doors, left = open_doors(sides[0], then), all_doors(sides[1], now)
    opened = [address for address in open_doors(sides[1], now) if address not in doors]
    for address, door in doors.items():
        closed = why_closed(left[address], now) if address in left else Closed("it is gone")
        if closed is not None:
            front = [backend for backend in then.front if is_behind(door, backend, then)]
            instead = [other for other in opened if _kind(left[other]) == _kind(door)]
            yield _closed(door, closed, front, instead, gone=address not in left)
    for name, service in then.services.items():
        if name in now.services and any(door.service == name[1] for door in doors.values()):
            yield from _less_reach(service, now.services[name])


def _kind(door: Door) -> str:
    return door.subject.partition("/")[0]


def _closed(door: Door, closed: Closed, front: list[Backend], instead: list[str], *, gone: bool) -> Break:
    message = f"whoever calls `{door.address}` gets no answer any more: {closed.why}"
    if instead:
        message += f"; `{instead[0]}` is new"
    kind = _kind(door)
    keep = "Service of the old name or port" if kind == "Service" else "rule for the old host"
    advice = f"Keep a {keep} beside the new one until every caller has moved."
    way = leads_in(door)
    broken = 0 if gone else len(way) - 1 if closed.behind_service else len(way) - 2
    return Break(door.subject, message, advice, stations=(*way, *map(station_of, front[:1])), broken=broken)


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
        return
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


def changed_keys(old: Mapping[Identity, Backend], new: Mapping[Identity, Backend], side: Side) -> Iterator[Break]:
    """Yield what becomes of callers where engines ask for an API key that they did not ask for: one break for all.

    vLLM answers 401 to a request below /v1 without it (vllm/entrypoints/openai, `AuthenticationMiddleware`), and the
    router passes on what the caller sent.
    """
    both = [(old[identity], new[identity]) for identity in sorted(old.keys() & new.keys())]
    changed = [pair for pair in both if not pair[1].is_router and pair[0].api_key != pair[1].api_key]
    added = [now for then, now in changed if then.api_key is None]
    swapped = [now for then, now in changed if then.api_key is not None and now.api_key is not None]
    for engines, message, milder in (
        (added, "callers that send no API key are answered 401 as soon as each engine has restarted", False),
        (swapped, "callers that send the API key of before are answered 401 unless the new Secret holds it too", True),
    ):
        if engines:
            front = [backend for backend in side.front if backend.is_router][:1]
            ends = front[0] if front else engines[0]
            called = Station("engine", engines[0].key if len(engines) == 1 else f"{len(engines)} engines")
            way = (*map(station_of, front), called) if front else (CALLERS, called)
            advice = "Give every caller the key before the merge."
            yield Break(ends.key, message, advice, milder=milder, stations=way)


_LENGTH = "--max-model-len"


def shorter_requests(old: Mapping[Identity, Backend], new: Mapping[Identity, Backend]) -> Iterator[Break]:
    """Yield the engines that refuse requests which they took before: those longer than a smaller --max-model-len."""
    for identity in sorted(old.keys() & new.keys()):
        before, after = (read_whole(side[identity].flags.get(_LENGTH, "")) for side in (old, new))
        if before is not None and after is not None and after < before:
            message = f"requests of more than {after:,} tokens are refused from now on ({before:,} before)"
            advice = "Let callers know, or keep the length."
            path = f"spec.template.spec.containers[vllm].args[{_LENGTH}]"
            yield Break(new[identity].key, message, advice, milder=True, path=path)
