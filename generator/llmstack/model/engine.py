"""`servingEngineSpec`: what all serving engines share, and the list of models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from llmstack.model.blocks import (
    Affinity,
    DeploymentStrategy,
    EnvVars,
    Lifecycle,
    NodeSelectorTerms,
    PodSecurityContext,
    Probe,
    SecurityContext,
    ServicePorts,
    Tolerations,
    TopologySpread,
)
from llmstack.model.flag import Flag
from llmstack.model.models import Model, PullPolicy
from llmstack.model.monitoring import ServiceMonitor
from llmstack.model.secret_ref import SecretValue
from llmstack.model.types import (
    DnsName,
    DnsPolicy,
    PodShareText,
    Port,
    Seconds,
    Section,
    StringMap,
    Text,
    chart,
    none_is_empty,
)


class Sidecar(Section):
    """The LoRA sidecar beside the engine."""

    image: Text | None = Field("lmcache/lmstack-sidecar:latest", description="Image of the sidecar.")
    image_pull_policy: PullPolicy | None = Field("Always", description="When to pull it.")


def _probe(initial: int, period: int, failures: int) -> dict[str, object]:
    return {
        "initialDelaySeconds": initial,
        "periodSeconds": period,
        "failureThreshold": failures,
        "httpGet": {"path": "/health", "port": "container-port"},
    }


MOST_MODELS = 5_000
"""How many models an environment may have. A megabyte has room for 60,000 that are only named, each with findings."""


class ServingEngineSpec(Section):
    """What all serving engines share, and the list of models."""

    enable_engine: bool | None = Field(True, description="Deploy the serving engines.")
    labels: StringMap | None = Field(
        {"environment": "test", "release": "test"},
        description="Further labels of all engines and their pods.",
    )
    vllm_api_key: SecretValue = Field(
        None, description="Secret with the API key of engines and router: {secretName, secretKey}."
    )
    container_port: Annotated[Port, Flag("--port", derived=True)] = Field(
        8000, description="Port the engine listens on."
    )
    service_port: Port = Field(80, description="Port of each engine's Service; unset: containerPort.")
    configs: StringMap | None = Field(None, description="Environment of all engines, from a config map.")
    env: EnvVars | None = Field(
        None, description="Environment of all engines, as a Kubernetes list; a model's own wins."
    )
    strategy: DeploymentStrategy | None = Field(
        None, description="Deployment strategy. Unset: chosen by replicas, GPUs and claim; see docs/operations.md.",
        json_schema_extra=dict(chart("maxSurge 100%, maxUnavailable 0")),
    )  # fmt: skip
    startup_probe: Probe | None = Field(
        _probe(15, 10, 60),
        description="Startup probe of the engine's container.",
        json_schema_extra=dict(chart("port: 8000")),
    )
    liveness_probe: Probe | None = Field(
        _probe(15, 10, 3),
        description="Liveness probe of the engine's container.",
        json_schema_extra=dict(chart("port: 8000")),
    )
    readiness_probe: Probe | None = Field(
        _probe(15, 5, 3),
        description="Readiness probe of the engine's container.",
        json_schema_extra=dict(chart("port: 8000")),
    )
    max_unavailable_pod_disruption_budget: PodShareText | None = Field(
        None,
        description="maxUnavailable of a PodDisruptionBudget for each model: a number or a percentage; empty: none.",
    )
    node_selector: StringMap | None = Field(
        None,
        description="Node labels the pods of all engines need; a model's own map takes its place.",
        json_schema_extra=dict(chart("not read")),
    )
    tolerations: Tolerations | None = Field(None, description="Tolerations of all engines.")
    affinity: Affinity | None = Field(
        None, description="Affinity of all engines that say nothing of affinity or nodeSelectorTerms themselves."
    )
    node_selector_terms: NodeSelectorTerms | None = Field(
        None, description="Required node affinity terms of all engines that say nothing of either themselves."
    )
    topology_spread_constraints: TopologySpread | None = Field(
        None, description="How the pods of each engine spread over nodes."
    )
    priority_class_name: DnsName | None = Field(None, description="Priority class of all engines; a model's own wins.")
    lifecycle: Lifecycle | None = Field(None, description="Hooks of the engines' containers.")
    termination_grace_period_seconds: Seconds | None = Field(
        None, description="Seconds a pod of the engines may take to end; Kubernetes' default is 30."
    )
    dns_policy: DnsPolicy | None = Field(None, description="DNS policy of the engines' pods.")
    enable_service_links: bool | None = Field(
        False,
        description="Variables for each Service of the namespace in the pods. Off: of a Service named `vllm` they "
        "would hold VLLM_PORT, which vLLM reads.",
        json_schema_extra=dict(chart(True)),
    )
    runtime_class_name: DnsName | None = Field("nvidia", description="Runtime class of all engines; empty: none.")
    scheduler_name: Text | None = Field(None, description="Scheduler of the pods.")
    image_pull_policy: PullPolicy | None = Field("Always", description="When to pull the engines' images.")
    security_context: PodSecurityContext | None = Field(None, description="Security context of the pods.")
    container_security_context: SecurityContext | None = Field(
        {"runAsNonRoot": False}, description="Security context of the engine's container."
    )
    extra_ports: ServicePorts | None = Field(
        None, description="Further Service ports; each opens the container's port too."
    )
    sidecar: Annotated[Sidecar, BeforeValidator(none_is_empty)] = Field(
        default_factory=Sidecar, description="The LoRA sidecar, for models with enableLoRA and a claim."
    )
    service_monitor: Annotated[ServiceMonitor, BeforeValidator(none_is_empty)] = Field(
        default_factory=ServiceMonitor, description="Metrics of the engines for the Prometheus operator."
    )
    model_spec: Annotated[
        list[Model], Field(max_length=MOST_MODELS), BeforeValidator(lambda value: [] if value is None else value)
    ] = Field(default_factory=list, description="The models; layers merge them by name.")
