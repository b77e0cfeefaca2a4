"""How the router is reached from outside: Ingress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.ingress import IngressHost
from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.router import UNIT


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the router's Ingress; nothing without a router or when it is off."""
    if stack.router_spec.enable_router and stack.router_spec.ingress.enabled:
        yield place(UNIT, ingress(stack))


def ingress(stack: Stack) -> dict[str, Any]:
    stated = stack.router_spec.ingress
    own = labels.labels(stack, labels.ROUTER, labels.ROUTER, stack.router_spec.labels)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(stack, names.of_release(stack, "ingress-router"), own, stated.annotations),
        "spec": {
            "ingressClassName": stated.class_name or None,
            "rules": [_rule(stack, host) for host in stated.hosts or []],
            "tls": stated.tls or None,
        },
    }


def _rule(stack: Stack, host: IngressHost) -> dict[str, Any]:
    router = stack.router_spec
    port = router.service_port or router.container_port or 8000
    backend = {"service": {"name": names.router_service(stack), "port": {"number": port}}}
    paths = [
        {"path": path.path or "/", "pathType": path.path_type or "Prefix", "backend": backend}
        for path in host.paths or []
    ]
    everything = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {"host": host.host or None, "http": {"paths": paths or everything}}
