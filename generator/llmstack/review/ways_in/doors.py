"""The addresses that callers use, and what stands behind them: hosts of Ingresses and routes, ports of Services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import whole
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.way import CALLERS, Station

_ANY_HOST = "*"


@dataclass(frozen=True, slots=True)
class Door:
    """One address, and the Service port that it leads to. `port` is a number or a name."""

    subject: str
    """`Kind/name` of the object that opens it."""
    address: str
    """`llm.example.com/v1`, `router.llm:80`."""
    namespace: str
    service: str
    port: int | str


@dataclass(frozen=True, slots=True)
class Closed:
    """Why requests that come to a door reach no pod."""

    why: str
    behind_service: bool = False
    """Whether they come as far as the Service."""


@dataclass(frozen=True, slots=True)
class Side:
    """The Services and pods of one side."""

    services: Mapping[tuple[str, str], Object]
    """By namespace and name."""
    backends: Sequence[Backend]
    front: Sequence[Backend]
    """Those of them that clients are meant to call: the routers, else the engines."""


def read_side(objects: Iterable[Object], backends: Iterable[Backend]) -> Side:
    """The Services among `objects`, and the pods at the end of the ways in."""
    found = list(backends)
    routers = [backend for backend in found if backend.is_router]
    services = {_name(obj): obj for obj in objects if obj.get("kind") == "Service"}
    return Side(services, found, routers or found)


def _name(obj: Object) -> tuple[str, str]:
    return str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"])


def open_doors(objects: Iterable[Object], side: Side) -> dict[str, Door]:
    """The addresses of a side by which requests reach its pods, by address."""
    found = list(objects)
    doors = [*_hosts(found), *_service_ports(side)]
    front = Side(side.services, side.front, side.front)
    return {door.address: door for door in doors if why_closed(door, front) is None}


def _hosts(objects: Iterable[Object]) -> Iterator[Door]:
    for obj in objects:
        if obj.get("kind") == "Ingress":
            yield from _ingress(obj)
        elif obj.get("kind") == "HTTPRoute":
            yield from _route(obj)


def all_doors(objects: Iterable[Object], side: Side) -> dict[str, Door]:
    """The addresses of a side, whether they lead anywhere or not."""
    return {door.address: door for door in (*_hosts(objects), *_service_ports(side))}


def _ingress(obj: Object) -> Iterator[Door]:
    """(Kubernetes documentation, "Ingress".)"""
    namespace, name = _name(obj)
    spec = obj.get("spec") or {}
    rules = list(_maps(spec.get("rules")))
    if backend := spec.get("defaultBackend"):
        rules.append({"http": {"paths": [{"backend": backend}]}})
    for rule in rules:
        host = str(rule.get("host") or _ANY_HOST)
        for path in _maps((rule.get("http") or {}).get("paths")):
            service = (path.get("backend") or {}).get("service") or {}
            port = service.get("port") or {}
            address = f"{host}{path.get('path') or '/'}"
            leads_to = port.get("number") or port.get("name") or 0
            yield Door(f"Ingress/{name}", address, namespace, str(service.get("name")), leads_to)


def _route(obj: Object) -> Iterator[Door]:
    """(Gateway API, "HTTPRoute".) Matches beyond the path are left out of the address."""
    namespace, name = _name(obj)
    spec = obj.get("spec") or {}
    for rule in _maps(spec.get("rules")):
        paths = [(match.get("path") or {}).get("value") or "/" for match in _maps(rule.get("matches"))] or ["/"]
        for backend in _maps(rule.get("backendRefs")):
            there = str(backend.get("namespace") or namespace)
            for host in spec.get("hostnames") or (_ANY_HOST,):
                for path in paths:
                    yield Door(
                        f"HTTPRoute/{name}", f"{host}{path}", there, str(backend.get("name")), backend.get("port") or 0
                    )


def _service_ports(side: Side) -> Iterator[Door]:
    """The ports of Services that lead to the API of the pods that clients are meant to reach."""
    for (namespace, name), service in side.services.items():
        for port in _maps((service.get("spec") or {}).get("ports")):
            number = whole(port.get("port"), 0)
            yield Door(f"Service/{name}", f"{name}.{namespace}:{number}".replace(".:", ":"), namespace, name, number)


def why_closed(door: Door, side: Side) -> Closed | None:
    """Why requests that come to a door reach no pod; None where they do."""
    service = side.services.get((door.namespace, door.service))
    if service is None:
        return Closed(f"it leads to Service `{door.service}`, which is not there")
    port = next((each for each in _ports(service) if door.port in (each.get("port"), each.get("name"))), None)
    if port is None:
        return Closed(f"Service `{door.service}` has no port {door.port}")
    chosen = [backend for backend in side.backends if selects(service, backend)]
    if not chosen:
        return Closed(f"Service `{door.service}` selects no pod that answers", True)
    if not any(_answers(port, backend) for backend in chosen):
        return Closed(f"no pod listens where port {port.get('port')} of Service `{door.service}` leads", True)
    return None


def is_behind(door: Door, backend: Backend, side: Side) -> bool:
    """Whether a door leads to the pods of a workload."""
    service = side.services.get((door.namespace, door.service))
    return service is not None and selects(service, backend)


def leads_in(door: Door) -> tuple[Station, ...]:
    """The stations from whoever calls an address to the Service behind it."""
    kind, _, name = door.subject.partition("/")
    service = Station("Service", f"{door.service}:{door.port}")
    return (CALLERS, service) if kind == "Service" else (Station("host", door.address), Station(kind, name), service)


def station_of(backend: Backend) -> Station:
    """The pods of a workload as a station."""
    return Station("router" if backend.is_router else "engine", backend.key)


def selects(service: Object, backend: Backend) -> bool:
    """Whether a Service selects the pods of a workload."""
    selector = (service.get("spec") or {}).get("selector") or {}
    here = str(service["metadata"].get("namespace") or "") == backend.namespace
    return bool(selector) and here and all(backend.labels.get(key) == str(value) for key, value in selector.items())


def _answers(port: Mapping[str, Any], backend: Backend) -> bool:
    target = port.get("targetPort", port.get("port"))
    number = target if isinstance(target, int) else backend.named_ports.get(str(target), whole(target, 0))
    return number == backend.listens


def _ports(service: Object) -> list[Mapping[str, Any]]:
    return list(_maps((service.get("spec") or {}).get("ports")))


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, Mapping))
