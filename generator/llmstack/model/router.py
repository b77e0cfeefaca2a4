"""`routerSpec`: the request router in front of the engines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from llmstack.model.autoscaling import Autoscaling
from llmstack.model.blocks import (
    Affinity,
    DeploymentStrategy,
    EnvVars,
    Lifecycle,
    LocalObjectReferences,
    NodeSelectorTerms,
    PodSecurityContext,
    Probe,
    Resources,
    SecurityContext,
    ServicePorts,
    Tolerations,
    TopologySpread,
    VolumeMounts,
    Volumes,
)
from llmstack.model.disruption import DisruptionBudget
from llmstack.model.flag import Flag
from llmstack.model.ingress import Ingress, Routes
from llmstack.model.models import PullPolicy
from llmstack.model.monitoring import ServiceMonitor
from llmstack.model.secret_ref import SecretValue
from llmstack.model.types import (
    Count,
    DnsName,
    DnsPolicy,
    NumberText,
    Port,
    Positive,
    Seconds,
    Section,
    StringMap,
    Text,
    chart,
    none_is_empty,
)

ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]
ROUTING_LOGICS = (
    "roundrobin",
    "session",
    "prefixaware",
    "kvaware",
    "loadaware",
    "priority",
    "disaggregated_prefill",
    "disaggregated_prefill_orchestrated",
)
"""What the chart's router knows, up to its release 0.1.13."""


class Otel(Section):
    """OpenTelemetry traces of the router; an endpoint turns them on."""

    endpoint: Annotated[Text | None, Flag("--otel-endpoint", derived=True)] = Field(
        None, description="OTLP endpoint, e.g. otel-collector:4317."
    )
    service_name: Annotated[Text | None, Flag("--otel-service-name", derived=True)] = Field(
        "vllm-router", description="Service name in the traces."
    )
    secure: Annotated[bool | None, Flag("--otel-secure", derived=True)] = Field(False, description="Use TLS.")


class RouterLmcache(Section):
    """LMCache in the router."""

    log_level: Text | None = Field("INFO", description="LMCACHE_LOG_LEVEL of the router.")


def _probe(initial: int) -> dict[str, Any]:
    return {
        "initialDelaySeconds": initial,
        "periodSeconds": 5,
        "failureThreshold": 3,
        "httpGet": {"path": "/health", "port": "router-port"},
    }


class RouterSpec(Section):
    """The router: which engines it finds, how it spreads requests, how it is reached."""

    enable_router: bool | None = Field(True, description="Deploy the router.")
    registry: Text | None = Field(
        None, description="Registry of the image, where `repository` does not name one; global.imageRegistry wins."
    )
    command: list[NumberText] | None = Field(None, description="Command of the container, for a router of one's own.")
    args: list[NumberText] | None = Field(
        None, description="Arguments of the container in the place of all that llmstack derives."
    )
    repository: Text | None = Field("lmcache/lmstack-router", description="Image repository.")
    tag: Text | None = Field("latest", description="Image tag, or a digest `sha256:…`.")
    image_pull_policy: PullPolicy | None = Field("Always", description="When to pull the image.")
    image_pull_secrets: LocalObjectReferences | None = Field(
        None, description="Secrets with credentials for the image registry."
    )
    service_account_name: DnsName | None = Field(None, description="An existing service account; unset: one of ours.")
    hf_token: SecretValue = Field(
        None, alias="hf_token", description="Secret with the Hugging Face token: {secretName, secretKey}."
    )
    security_context: PodSecurityContext | None = Field(None, description="Security context of the pods.")
    container_security_context: SecurityContext | None = Field(None, description="Security context of the container.")
    extra_volumes: Volumes | None = Field(None, description="Further volumes of the pod.")
    extra_volume_mounts: VolumeMounts | None = Field(None, description="Further mounts of the container.")
    replica_count: Count | None = Field(1, description="Number of replicas.")
    env: EnvVars | None = Field(None, description="Environment of the router, as a Kubernetes list.")
    autoscaling: Annotated[Autoscaling, BeforeValidator(none_is_empty)] = Field(
        default_factory=Autoscaling, description="A HorizontalPodAutoscaler."
    )
    pdb: DisruptionBudget | None = Field(None, description="PodDisruptionBudget of the router.")
    priority_class_name: DnsName | None = Field(None, description="Priority class of the pods.")
    container_port: Annotated[Port, Flag("--port", derived=True)] = Field(
        8000, description="Port the router listens on."
    )
    service_type: ServiceType | None = Field("ClusterIP", description="Type of the Service.")
    service_annotations: StringMap | None = Field(None, description="Annotations of the Service.")
    node_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Fixed node port, with serviceType NodePort."
    )
    service_port: Port = Field(80, description="Port of the Service.")
    service_discovery: Annotated[Literal["k8s", "static"] | None, Flag("--service-discovery")] = Field(
        "k8s", description="How engines are found: pods of this release, or the static list."
    )
    k8s_service_discovery_type: Annotated[
        Literal["pod-ip", "service-name"] | None, Flag("--k8s-service-discovery-type", derived=True)
    ] = Field("pod-ip", alias="k8sServiceDiscoveryType", description="Watch pods, or Services.")
    static_backends: Annotated[Text | None, Flag("--static-backends", derived=True)] = Field(
        None, description="With `static`: comma-separated engine URLs."
    )
    k8s_namespace: Annotated[DnsName | None, Flag("--k8s-namespace", derived=True)] = Field(
        None, alias="k8sNamespace", description="Where the router looks for engines; unset: its own."
    )
    k8s_label_selector: Annotated[Text | None, Flag("--k8s-label-selector", derived=True)] = Field(
        None,
        alias="k8sLabelSelector",
        description="Labels of the engines it finds; unset: those that all engines share.",
    )
    static_models: Annotated[Text | None, Flag("--static-models", derived=True)] = Field(
        None, description="With `static`: comma-separated model names, as many as backends."
    )
    routing_logic: Annotated[Text | None, Flag("--routing-logic")] = Field(
        "roundrobin",
        description=f"How a request finds its engine: {', '.join(ROUTING_LOGICS)}, or what one's own router has.",
    )
    session_key: Annotated[Text | None, Flag("--session-key")] = Field(
        None, description="With session routing: the header that names the session."
    )
    prefix_min_match_length: Annotated[Count | None, Flag("--prefix-min-match-length")] = Field(
        None, description="With prefixaware: shortest prefix match that counts, in characters; 0: any."
    )
    extra_args: list[NumberText] | None = Field(None, description="Further arguments, last in the list.")
    extra_ports: ServicePorts | None = Field(
        None, description="Further Service ports; each opens the container's port too."
    )
    engine_scrape_interval: Annotated[Positive | None, Flag("--engine-stats-interval")] = Field(
        15, description="Seconds between two scrapes of an engine."
    )
    request_stats_window: Annotated[Positive | None, Flag("--request-stats-window")] = Field(
        60, description="Seconds over which requests are counted."
    )
    root_path: Annotated[Text | None, Flag("--root-path")] = Field(
        None, description="Path under which the router is served."
    )
    otel: Annotated[Otel, BeforeValidator(none_is_empty)] = Field(default_factory=Otel, description="OpenTelemetry.")
    strategy: DeploymentStrategy | None = Field(
        None, description="Deployment strategy; unset: maxSurge 1, maxUnavailable 0.",
        json_schema_extra=dict(chart("maxSurge 100%, maxUnavailable 0")),
    )  # fmt: skip
    vllm_api_key: SecretValue = Field(
        None, description="Secret with the engines' API key; unset: servingEngineSpec.vllmApiKey."
    )
    lmcache_config: Annotated[RouterLmcache, BeforeValidator(none_is_empty)] = Field(
        default_factory=RouterLmcache, description="LMCache in the router."
    )
    lmcache_controller_port: Annotated[Port, Flag("--lmcache-controller-port", derived=True)] = Field(
        None, description="Port of the LMCache controller, with kvaware routing."
    )
    lmcache_controller_reply_port: Annotated[Port, Flag("--lmcache-controller-reply-port", derived=True)] = Field(
        None, description="Port on which the controller answers."
    )
    lmcache_controller_heartbeat_port: Annotated[Port, Flag("--lmcache-controller-heartbeat-port", derived=True)] = (
        Field(None, description="Port for the workers' heartbeats.")
    )
    enable_pd: bool | None = Field(None, alias="enablePD", description="Once opened ports for disaggregated prefill.")
    resources: Resources | None = Field(
        {"requests": {"cpu": "4", "memory": "16G"}, "limits": {"cpu": "8", "memory": "32G"}},
        description="Requests and limits of the container; a default that cannot stand beside what is set gives way.",
        json_schema_extra=dict(
            chart({"requests": {"cpu": "400m", "memory": "1000Mi"}, "limits": {"memory": "1000Mi"}})
        ),
    )
    labels: StringMap | None = Field(
        {"environment": "router", "release": "router"}, description="Further labels of the router and its pods."
    )
    pod_annotations: StringMap | None = Field(None, description="Annotations of the pods.")
    ingress: Annotated[Ingress, BeforeValidator(none_is_empty)] = Field(
        default_factory=Ingress, description="Ingress of the router."
    )
    route: Routes | None = Field(None, description="Gateway API routes by name; `main` is the first.")
    affinity: Affinity | None = Field(None, description="Affinity of the pods; then nodeSelectorTerms is not read.")
    node_selector_terms: NodeSelectorTerms | None = Field(None, description="Required node affinity terms.")
    node_selector: StringMap | None = Field(None, description="Node labels the pods need.")
    tolerations: Tolerations | None = Field(None, description="Tolerations of the pods.")
    topology_spread_constraints: TopologySpread | None = Field(None, description="How the pods spread over nodes.")
    lifecycle: Lifecycle | None = Field(None, description="Hooks of the container.")
    termination_grace_period_seconds: Seconds | None = Field(None, description="Seconds a pod may take to end.")
    dns_policy: DnsPolicy | None = Field(None, description="DNS policy of the pods.")
    enable_service_links: bool | None = Field(None, description="Variables for Services in the pods.")
    liveness_probe: Probe | None = Field(_probe(30), description="Liveness probe of the router.")
    startup_probe: Probe | None = Field(
        _probe(5) | {"failureThreshold": 11},
        description="Startup probe of the router: a minute (starts of 20 to 38 seconds were measured).",
        json_schema_extra=dict(chart("failureThreshold: 3")),
    )
    readiness_probe: Probe | None = Field(_probe(30), description="Readiness probe of the router.")
    service_monitor: Annotated[ServiceMonitor, BeforeValidator(none_is_empty)] = Field(
        default_factory=ServiceMonitor, description="Metrics of the router for the Prometheus operator."
    )
