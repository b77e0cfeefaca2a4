"""The addresses that callers use, and what stands behind them: hosts of Ingresses and routes, ports of Services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.pods import Object, identity_of, maps
from llmstack.kubernetes.quantities import whole
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.hosts import Rule, gateways_of, grants_of, ingress_rules, route_rules
from llmstack.review.ways_in.way import CALLERS, Station


class Door(Struct, frozen=True):
    """One address, and the Service port that it leads to. `port` is a number or a name."""

    subject: str
    """`Kind/name` of the object that opens it."""
    address: str
    """`llm.example.com/v1`, `router.llm:80`."""
    namespace: str
    service: str
    port: int | str
    rule: Rule | None = None
    """Of an address from outside: its host and path."""
    kind: str = "Service"
    """What it leads to. What answers behind another kind (InferencePool) is not known here."""

    def covers(self, other: Door) -> bool:
        """Whether whoever calls another address comes in here."""
        if self.rule is None or other.rule is None:
            return self.address == other.address
        return self.rule.covers(other.rule)


class Closed(Struct, frozen=True):
    """Why requests that come to a door reach no pod."""

    why: str
    behind_service: bool = False
    """Whether they come as far as the Service."""
    before_service: bool = False
    """Whether they do not come as far as what leads to it."""


class Side(Struct, frozen=True, dict=True):
    """The Services and pods of one side."""

    services: Mapping[tuple[str, str], Object]
    """By namespace and name."""
    backends: Sequence[Backend]
    front: Sequence[Backend]
    """Those of them that clients are meant to call: the routers, else the engines."""
    beside: Sequence[Backend] = ()
    """Other pods, which may pass requests on."""

    @cached_property
    def behind_hosts(self) -> Sequence[Backend]:
        """The pods to which a host may lead though clients are not meant to call them: pods of others, and engines
        beside a router."""
        engines = () if self.front is self.backends else (each for each in self.backends if not each.is_router)
        return (*self.beside, *engines)

    @cached_property
    def _labelled(self) -> Mapping[tuple[str, str, str], list[Backend]]:
        """The pods by namespace and each of their labels: looked up, where a selector would be tried on all of them."""
        found: dict[tuple[str, str, str], list[Backend]] = {}
        for backend in (*self.backends, *self.beside):
            for key, value in backend.labels.items():
                found.setdefault((backend.namespace, key, str(value)), []).append(backend)
        return found

    @cached_property
    def _ports(self) -> Mapping[tuple[str, str, int | str], Mapping[str, Any]]:
        """The ports of all Services by namespace, Service, and number or name: a Service may have thousands."""
        found: dict[tuple[str, str, int | str], Mapping[str, Any]] = {}
        for (namespace, name), service in self.services.items():
            for port in ports_of(service):
                for called in (port.get("port"), port.get("name")):
                    if isinstance(called, (int, str)):
                        found.setdefault((namespace, name, called), port)
        return found

    def port_of(self, door: Door) -> Mapping[str, Any] | None:
        """The port of a Service to which a door leads; None where there is none."""
        return self._ports.get((door.namespace, door.service, door.port))

    def selected(self, service: Object) -> list[Backend]:
        """The pods that a Service selects."""
        selector = (service.get("spec") or {}).get("selector") or {}
        namespace = identity_of(service)[1]
        some = [self._labelled.get((namespace, key, str(value)), []) for key, value in selector.items()]
        return [backend for backend in min(some, key=len, default=[]) if selects(service, backend)]


def read_side(objects: Iterable[Object], backends: Iterable[Backend], beside: Sequence[Backend] = ()) -> Side:
    """The Services among `objects`, and the pods at the end of the ways in."""
    found = list(backends)
    routers = [backend for backend in found if backend.is_router]
    services = {identity_of(obj)[1:]: obj for obj in objects if obj.get("kind") == "Service"}
    return Side(services, found, routers or found, beside)


def open_doors(objects: Sequence[Object], side: Side) -> list[Door]:
    """The addresses of a side by which requests reach its pods."""
    front = Side(side.services, side.front, side.front)
    return [door for door in all_doors(objects, side) if leads_to_service(door) and why_closed(door, front) is None]


def other_doors(objects: Sequence[Object], side: Side) -> list[Door]:
    """The hosts of a side by which requests reach pods that clients are not meant to call."""
    others = Side(side.services, side.behind_hosts, side.behind_hosts)
    return [door for door in _hosts(objects, ()) if leads_to_service(door) and why_closed(door, others) is None]


def leads_to_service(door: Door) -> bool:
    """Whether a door leads to a Service, and not to what nobody knows here."""
    return door.kind == "Service"


def all_doors(objects: Sequence[Object], side: Side, before: Sequence[Object] = ()) -> list[Door]:
    """The addresses of a side, whether they lead anywhere or not; those from outside first.

    A Gateway or ReferenceGrant that was there `before` and is not among the objects is gone.
    """
    return [*_hosts(objects, before), *_service_ports(side)]


def _hosts(objects: Sequence[Object], before: Sequence[Object]) -> Iterator[Door]:
    gateways = dict.fromkeys(gateways_of(before)) | gateways_of(objects)
    grants = grants_of(before), grants_of(objects)
    for obj in objects:
        kind = obj.get("kind")
        if kind == "Ingress":
            _, namespace, name = identity_of(obj)
            for rule, backend in ingress_rules(obj):
                service = backend.get("service") or {}
                port = service.get("port") or {}
                leads_to = port.get("number") or port.get("name") or 0
                address = f"{rule.host}{rule.path}"
                yield Door(f"Ingress/{name}", address, namespace, str(service.get("name")), leads_to, rule)
        elif kind == "HTTPRoute":
            _, namespace, name = identity_of(obj)
            for rule, backend in route_rules(obj, gateways, grants):
                there = str(backend.get("namespace") or namespace)
                to = str(backend.get("name")), backend.get("port") or 0
                end = str(backend.get("kind") or "Service")
                yield Door(f"HTTPRoute/{name}", f"{rule.host}{rule.path}", there, *to, rule, end)


def _service_ports(side: Side) -> Iterator[Door]:
    """The ports of Services that lead to the API of the pods that clients are meant to reach."""
    for (namespace, name), service in side.services.items():
        for port in maps((service.get("spec") or {}).get("ports")):
            number = whole(port.get("port"), 0)
            yield Door(f"Service/{name}", f"{name}.{namespace}:{number}".replace(".:", ":"), namespace, name, number)


def why_closed(door: Door, side: Side) -> Closed | None:
    """Why requests that come to a door reach no pod; None where they do."""
    if door.rule is not None and door.rule.closed is not None:
        return Closed(door.rule.closed, before_service=True)
    if not leads_to_service(door):
        return None
    service = side.services.get((door.namespace, door.service))
    if service is None:
        return Closed(f"it leads to Service `{door.service}`, which is not there")
    if (service.get("spec") or {}).get("type") == "ExternalName":
        return Closed(
            f"Service `{door.service}` is another name of a host elsewhere (ExternalName), and selects no pod"
        )
    port = side.port_of(door)
    if port is None:
        return Closed(f"Service `{door.service}` has no port {door.port}")
    chosen = side.selected(service)
    if not chosen:
        return Closed(f"Service `{door.service}` selects no pod that answers", behind_service=True)
    if not any(answers(port, backend) for backend in chosen):
        return Closed(
            f"no pod listens where port {port.get('port')} of Service `{door.service}` leads", behind_service=True
        )
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
    if backend.declares is not None:
        return Station(*backend.key.split("/", 1))
    return Station("router" if backend.is_router else "engine", backend.key)


def selects(service: Object, backend: Backend) -> bool:
    """Whether a Service selects the pods of a workload."""
    selector = (service.get("spec") or {}).get("selector") or {}
    here = str(service["metadata"].get("namespace") or "") == backend.namespace
    return bool(selector) and here and all(backend.labels.get(key) == str(value) for key, value in selector.items())


def answers(port: Mapping[str, Any], backend: Backend) -> bool:
    """Whether pods listen where a port of a Service leads; HTTP comes by TCP."""
    target = port.get("targetPort", port.get("port"))
    number = target if isinstance(target, int) else backend.named_ports.get(str(target), whole(target, 0))
    if port.get("protocol", "TCP") != "TCP":
        return False
    if backend.declares is not None:
        return number > 0 and (not backend.declares or number in backend.declares)
    return number == backend.listens


def ports_of(service: Object) -> list[Mapping[str, Any]]:
    """The ports of a Service."""
    return list(maps((service.get("spec") or {}).get("ports")))
