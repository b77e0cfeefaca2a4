"""How the router is reached through the Gateway API: the routes of `routerSpec.route`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.ingress import Route
from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.router import UNIT

MAIN = "main"
EVERYTHING = [{"path": {"type": "PathPrefix", "value": "/"}}]
REDIRECT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the routes that are on; nothing without a router."""
    if stack.router_spec.enable_router:
        for key, stated in sorted((stack.router_spec.route or {}).items()):
            if stated.enabled:
                yield place(UNIT, route(stack, key, stated), f"route-{key}")


def route(stack: Stack, key: str, stated: Route) -> dict[str, Any]:
    """One route: further rules first, then the redirect or the way to the router's Service."""
    own = labels.labels(stack, labels.ROUTER, labels.ROUTER, stack.router_spec.labels, stated.labels)
    last = REDIRECT if stated.https_redirect else _to_router(stack, key, stated)
    return {
        "apiVersion": stated.api_version or "gateway.networking.k8s.io/v1",
        "kind": stated.kind or "HTTPRoute",
        "metadata": metadata(stack, names.route(stack, None if key == MAIN else key), own, stated.annotations),
        "spec": {
            "parentRefs": stated.parent_refs or None,
            "hostnames": stated.hostnames or None,
            "rules": [*(stated.additional_rules or []), last],
        },
    }


def _to_router(stack: Stack, key: str, stated: Route) -> dict[str, Any]:
    """The rule that leads to the router. The chart's default matches are those of its route `main`."""
    router = stack.router_spec
    default = EVERYTHING if key == MAIN and (stated.kind or "HTTPRoute") == "HTTPRoute" else None
    port = router.service_port or router.container_port or 8000
    return {
        "backendRefs": [{"name": names.router_service(stack), "port": port}],
        "filters": stated.filters or None,
        "timeouts": (stated.timeouts or None) if (stated.kind or "HTTPRoute") == "HTTPRoute" else None,
        "matches": default if stated.matches is None else stated.matches or None,
    }
