"""Two things want one port, or a port has a name that Kubernetes refuses.

The containers of a pod share one network: the engine's containerPort, LMCache's worker and KV transfer ports
(55555, 9999) and the LoRA sidecar's 30090, or the router's port and its LMCache controller's, each need a
number of their own. A Service has each port and each name once (ValidateService, k8s.io/kubernetes
pkg/apis/core/validation/validation.go). A port's name in a container has at most 15 characters, a to z,
digits and `-`, with a letter among them (IsValidPortName). A node port belongs to one Service of the cluster,
and is for Services of type NodePort and LoadBalancer; a number outside 30000 to 32767, the API server's
default range, is a warning.

Fix: give one of them another number or name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack.checks.neighbour import stated_node_ports
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.names import is_port_name
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import router_arguments

RULE = Declaration("port-clash", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)

_NODE_PORTS = range(30000, 32768)

_ROUTER_PORTS = {
    "lmcache-port": "lmcacheControllerPort",
    "lmcache-reply": "lmcacheControllerReplyPort",
    "lmcache-beat": "lmcacheControllerHeartbeatPort",
}
"""The key of each port of the LMCache controller, by the port's name."""


class Port(Struct, frozen=True):
    """A number that something listens on: what it is called, and the key that sets it."""

    number: int
    what: str
    route: Route


def run(subject: Subject) -> Iterator[Problem]:
    stack = subject.stack
    for at, model in subject.models():
        yield from _clashes(list(_engine_ports(stack, at, model)))
    if stack.models:
        engine = stack.engine
        own = Port(
            engine.service_port or engine.container_port or 8000,
            "servicePort",
            ("servingEngineSpec", "servicePort"),
        )
        taken = [own, *(Port(number, "KV transfer", own.route) for number in _transfer_ports(stack))]
        yield from _service(taken, engine.extra_ports, ("servingEngineSpec", "extraPorts"), "ClusterIP")
    if stack.router_spec.enable_router:
        yield from _router(stack)
    yield from _node_ports(subject)


def _router(stack: Stack) -> Iterator[Problem]:
    """The router's pod, and its Service, which has the LMCache controller's ports too."""
    router = stack.router_spec
    ports = list(_router_ports(stack))
    yield from _clashes(ports)
    own = Port(router.service_port or router.container_port or 8000, "servicePort", ("routerSpec", "servicePort"))
    for other in ports[1:]:
        if other.number == own.number:
            yield _clash(own, other)
    at: Route = ("routerSpec", "extraPorts")
    yield from _service([own, *ports[1:]], router.extra_ports, at, router.service_type or "ClusterIP")


def _engine_ports(stack: Stack, at: Route, model: Model) -> Iterator[Port]:
    yield Port(stack.engine.container_port or 8000, "containerPort", ("servingEngineSpec", "containerPort"))
    cache = model.lmcache_config
    if cache.transfers:
        yield Port(55555, "KV transfer", (*at, "lmcacheConfig"))
        yield Port(9999, "KV transfer", (*at, "lmcacheConfig"))
    if cache.enabled and (cache.enable_controller or "worker_port" in cache.model_fields_set):
        for text in (cache.worker_port or "").split(","):
            if text.strip().isdecimal():
                yield Port(int(text), "workerPort", (*at, "lmcacheConfig", "workerPort"))
    if model.enable_lora and (model.pvc_storage or model.pvc_existing_claim_name):
        yield Port(30090, "the LoRA sidecar", (*at, "enableLoRA"))


def _transfer_ports(stack: Stack) -> Sequence[int]:
    return (55555, 9999) if any(model.lmcache_config.transfers for model in stack.models) else ()


def _router_ports(stack: Stack) -> Iterator[Port]:
    yield Port(stack.router_spec.container_port or 8000, "containerPort", ("routerSpec", "containerPort"))
    for name, number in router_arguments.lmcache_ports(stack):
        key = _ROUTER_PORTS[name]
        yield Port(number, key, ("routerSpec", key))


def _clashes(ports: Sequence[Port]) -> Iterator[Problem]:
    """Each number that is wanted twice in one pod."""
    taken: dict[int, Port] = {}
    for port in ports:
        first = taken.setdefault(port.number, port)
        if first is not port:
            yield _clash(port, first)


def _clash(port: Port, first: Port) -> Problem:
    message = f"port {port.number} is used by {_quoted(port.what)} and by {_quoted(first.what)}"
    return Problem(message, port.route, help="give one of them another port")


def _service(own: Sequence[Port], extra: Sequence[Mapping[str, Any]] | None, at: Route, type: str) -> Iterator[Problem]:
    """What is wrong with the extra ports of a Service."""
    numbers = {(port.number, "TCP"): _quoted(port.what) for port in own}
    names: set[str] = set()
    for index, port in enumerate(extra or []):
        route = (*at, index)
        key, name = (port.get("port"), port.get("protocol") or "TCP"), port.get("name")
        if key in numbers:
            yield Problem(
                f"port {key[0]}/{key[1]} of the Service is already used by {numbers[key]}",
                (*route, "port"),
                help="give one of them another port",
            )
        numbers.setdefault(key, f"`{at[-1]}[{index}]`")  # type: ignore[arg-type]
        if not name:
            yield Problem("a port of a Service with several ports needs a name", (*route, "port"), help="add `name`")
        elif isinstance(name, str):
            yield from _name(name, names, route)
        if port.get("nodePort") and type not in ("NodePort", "LoadBalancer"):
            yield Problem(
                f"a Service of type {type} has no node ports",
                (*route, "nodePort"),
                help="remove it, or change the type",
            )


def _name(name: str, names: set[str], route: Route) -> Iterator[Problem]:
    if name in names:
        yield Problem(f"another port has the name `{name}`", (*route, "name"), help="rename one of them")
    names.add(name)
    if not is_port_name(name):
        message = f"`{name}` is not a port's name: at most 15 of a to z, 0 to 9 and single `-`, with a letter"
        yield Problem(message, (*route, "name"), help=f"shorten it: it has {len(name)}" if len(name) > 15 else None)


def _node_ports(subject: Subject) -> Iterator[Problem]:
    """Node ports out of range, or taken by another Service of the environment or of its cluster."""
    taken: dict[int, str] = {}
    for name, other in sorted(subject.others.items()):
        if other.cluster is not None and other.cluster == subject.stack.gitops.sync.cluster:
            taken |= dict.fromkeys(other.node_ports, f"environment `{name}`")
    for port in stated_node_ports(subject.stack):
        if port.number in taken:
            message = f"node port {port.number} is already used by {taken[port.number]}"
            yield Problem(message, port.route, help="give one of them another node port")
        elif port.number not in _NODE_PORTS:
            message = f"node port {port.number} is outside 30000-32767, the API server's default range"
            yield Problem(
                message,
                port.route,
                help="choose one in the range, unless the API server is configured with another range",
                milder=True,
            )
        taken.setdefault(port.number, port.what)


def _quoted(what: str) -> str:
    return what if " " in what else f"`{what}`"
