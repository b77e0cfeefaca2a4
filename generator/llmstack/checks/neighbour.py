"""What the checks of one environment ask of another: little, so that it can be kept where the rest is not read."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from llmstack.finding import Route
from llmstack.model.stack import Stack
from llmstack.objects import names


class Neighbour(Struct, frozen=True):
    """Another environment: where its objects go, and what they take there."""

    cluster: str | None
    """As `gitops.sync.cluster` names it."""
    namespace: str
    release: str
    writes_namespace: bool
    node_ports: tuple[int, ...] = ()
    services: tuple[str, ...] = ()
    """The names of the Services of its components."""


class NodePort(Struct, frozen=True):
    """A node port that is asked for by number: for what, and the key that sets it."""

    number: int
    what: str
    route: Route


def describe(stack: Stack) -> Neighbour:
    """What an environment is to the others."""
    gitops = stack.gitops
    return Neighbour(
        cluster=gitops.sync.cluster,
        namespace=gitops.namespace,
        release=gitops.release,
        writes_namespace=gitops.create_namespace,
        node_ports=tuple(sorted({port.number for port in stated_node_ports(stack)})),
        services=tuple(sorted(_services(stack))),
    )


def _services(stack: Stack) -> set[str]:
    found = {names.engine_service(stack, model.name) for model in stack.models if model.name}
    found |= {names.router_service(stack)} if stack.router_spec.enable_router else set()
    return found | ({names.cache_server_service(stack)} if stack.cache_server_spec.enable_server else set())


def stated_node_ports(stack: Stack) -> Iterator[NodePort]:
    """Yield the node ports that an environment asks for by number."""
    router = stack.router_spec
    if router.enable_router and router.service_type in ("NodePort", "LoadBalancer"):
        if router.node_port:
            yield NodePort(router.node_port, "the router's Service", ("routerSpec", "nodePort"))
        for index, port in enumerate(router.extra_ports or []):
            if isinstance(port.get("nodePort"), int):
                route: Route = ("routerSpec", "extraPorts", index, "nodePort")
                yield NodePort(port["nodePort"], "the router's Service", route)
    for number, object in enumerate(stack.extra_objects or []):
        spec = object.get("spec")
        ports = spec.get("ports") if object.get("kind") == "Service" and isinstance(spec, dict) else None
        for index, port in enumerate(ports if isinstance(ports, list) else []):
            if isinstance(port, dict) and isinstance(port.get("nodePort"), int):
                route = ("extraObjects", number, "spec", "ports", index, "nodePort")
                yield NodePort(port["nodePort"], "a Service of extraObjects", route)
