"""`routerSpec.ingress` and `routerSpec.route`: how the router is reached from outside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from llmstack.model.blocks import IngressTLSList
from llmstack.model.switch import SectionSwitch
from llmstack.model.types import DnsLabel, Section, StringMap, Text


class IngressPath(Section):
    """One path of a host."""

    path: Text | None = Field("/", description="The path.")
    path_type: Literal["Prefix", "Exact", "ImplementationSpecific"] | None = Field(
        "Prefix", description="How it matches."
    )


class IngressHost(Section):
    """One host name and its paths."""

    host: Text | None = Field(None, description="Host name; unset: any.")
    paths: list[IngressPath] | None = Field(None, description="Paths; unset: everything.")


class Ingress(Section):
    """An Ingress to the router's Service."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(False, description="Write the Ingress.")
    class_name: Text | None = Field(None, description="IngressClass.")
    annotations: StringMap | None = Field(None, description="Annotations of the Ingress.")
    hosts: list[IngressHost] | None = Field(
        [IngressHost.model_validate({"host": "vllm-router.local", "paths": [{"path": "/", "pathType": "Prefix"}]})],
        description="Hosts and their paths.",
    )
    tls: IngressTLSList | None = Field(None, description="TLS sections.")


RouteKind = Literal["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"]


class Route(Section):
    """One route of the Gateway API to the router's Service."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(False, description="Write the route.")
    api_version: Text | None = Field("gateway.networking.k8s.io/v1", description="API version of the route.")
    kind: RouteKind | None = Field("HTTPRoute", description="Kind of the route.")
    annotations: StringMap | None = Field(None, description="Annotations of the route.")
    labels: StringMap | None = Field(None, description="Labels of the route.")
    hostnames: list[Text] | None = Field(None, description="Host names.")
    parent_refs: list[dict[str, Any]] | None = Field(None, description="Gateways the route attaches to.")
    https_redirect: bool | None = Field(False, description="Only redirect to HTTPS.")
    matches: list[dict[str, Any]] | None = Field(
        None, description="Which requests match; unset: all, which an HTTPRoute `main` says as the path /."
    )
    filters: list[dict[str, Any]] | None = Field(None, description="Filters of the rule.")
    timeouts: dict[str, Text] | None = Field(
        None, description="Timeouts of the rule, `request` and `backendRequest`: `600s`; unset: the gateway's own."
    )
    additional_rules: list[dict[str, Any]] | None = Field(None, description="Further rules.")


def _without_nulls(routes: Any) -> Any:
    """`main: null` takes a lower layer's route away."""
    if not isinstance(routes, dict):
        return routes
    return {key: route for key, route in routes.items() if route is not None}


Routes = Annotated[dict[DnsLabel, Route], BeforeValidator(_without_nulls)]
