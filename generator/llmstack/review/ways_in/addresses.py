"""Addresses that lead nowhere any more, and callers that are turned away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import read_whole
from llmstack.review.ways_in.backends import Backend, Identity
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.doors import Door, Side, all_doors, open_doors, read_side, why_closed

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
        why = why_closed(left[address], now) if address in left else "it is gone"
        if why is not None:
            yield _closed(door, why, [other for other in opened if _kind(left[other]) == _kind(door)])
    for name, service in then.services.items():
        if name in now.services and any(door.service == name[1] for door in doors.values()):
            yield from _less_reach(service, now.services[name])


def _kind(door: Door) -> str:
    return door.subject.partition("/")[0]


def _closed(door: Door, why: str, instead: list[str]) -> Break:
    message = f"whoever calls `{door.address}` gets no answer any more: {why}"
    if instead:
        message += f"; `{instead[0]}` is new"
    kind = _kind(door)
    keep = "Service of the old name or port" if kind == "Service" else "rule for the old host"
    return Break(door.subject, message, f"Keep a {keep} beside the new one until every caller has moved.")


def _less_reach(before: Object, after: Object) -> Iterator[Break]:
    """A Service that gives up its load balancer or its port on the nodes, or changes the latter."""
    old, new = before.get("spec") or {}, after.get("spec") or {}
    types = str(old.get("type") or "ClusterIP"), str(new.get("type") or "ClusterIP")
    name = after["metadata"]["name"]
    advice = "Keep the type until every caller from outside has moved."
    if _REACH.get(types[1], 0) < _REACH.get(types[0], 0):
        lost = "the address of its load balancer" if types[0] == "LoadBalancer" else "its port on the nodes"
        yield Break(
            f"Service/{name}", f"the Service becomes {types[1]}: {lost} is gone for callers from outside", advice
        )
        return
    ports = _node_ports(old), _node_ports(new)
    for port, number in ports[0].items():
        if port in ports[1] and ports[1][port] != number:
            message = f"port {number} on the nodes becomes {ports[1][port]}: callers of the old one are refused"
            yield Break(f"Service/{name}", message, "Keep the port, or let every caller know.")


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
            subject = _front(side) or engines[0].key
            yield Break(subject, message, "Give every caller the key before the merge.", milder=milder)


def _front(side: Side) -> str | None:
    routers = [backend for backend in side.front if backend.is_router]
    return routers[0].key if routers else None


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
