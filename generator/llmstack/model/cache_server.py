"""`cacheServerSpec`: the shared LMCache server."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from llmstack.model.blocks import (
    Affinity,
    DeploymentStrategy,
    EnvVars,
    LocalObjectReferences,
    NodeSelectorTerms,
    PodSecurityContext,
    Probe,
    Resources,
    SecurityContext,
    Tolerations,
    TopologySpread,
)
from llmstack.model.disruption import DisruptionBudget
from llmstack.model.models import PullPolicy
from llmstack.model.router import ServiceType
from llmstack.model.switch import SectionSwitch
from llmstack.model.types import (
    Count,
    DnsName,
    DnsPolicy,
    NumberText,
    Port,
    Seconds,
    Section,
    StringMap,
    Text,
    chart,
    none_is_empty,
)


class CacheServerImage(Section):
    """Image of the cache server."""

    repository: Text | None = Field(
        "lmcache/lmstack-cache-server",
        description="Image repository.",
        json_schema_extra=dict(chart("lmcache/vllm-openai")),
    )
    tag: Text | None = Field("latest", description="Image tag, or a digest `sha256:…`.")
    pull_policy: PullPolicy | None = Field(
        "Always", description="When to pull the image.", json_schema_extra=dict(chart("IfNotPresent"))
    )


def _probe(failures: int) -> dict[str, Any]:
    return {
        "initialDelaySeconds": 15,
        "periodSeconds": 10,
        "failureThreshold": failures,
        "tcpSocket": {"port": "caserver-cport"},
    }


class CacheServerSpec(Section):
    """The cache server: KV cache that engines with LMCache share."""

    enable_server: Annotated[bool | None, SectionSwitch()] = Field(False, description="Deploy the cache server.")
    registry: Text | None = Field(
        None, description="Registry of the image, where its repository does not name one; global.imageRegistry wins."
    )
    topology_spread_constraints: TopologySpread | None = Field(None, description="How the pods spread over nodes.")
    termination_grace_period_seconds: Seconds | None = Field(None, description="Seconds a pod may take to end.")
    dns_policy: DnsPolicy | None = Field(None, description="DNS policy of the pods.")
    enable_service_links: bool | None = Field(None, description="Variables for Services in the pods.")
    image: Annotated[CacheServerImage, BeforeValidator(none_is_empty)] = Field(
        default_factory=CacheServerImage, description="Its image."
    )
    image_pull_secrets: LocalObjectReferences | None = Field(
        None, description="Secrets with credentials for the image registry."
    )
    replica_count: Count | None = Field(1, description="Number of replicas.")
    container_port: Port = Field(8000, description="Port the cache server listens on.")
    service_type: ServiceType | None = Field("ClusterIP", description="Type of the Service.")
    service_port: Port = Field(80, description="Port of the Service.")
    service_annotations: StringMap | None = Field(None, description="Annotations of the Service.")
    resources: Resources | None = Field(
        {"requests": {"cpu": "1", "memory": "2G"}, "limits": {"cpu": "2", "memory": "4G"}},
        description="Requests and limits of the container; a default that cannot stand beside what is set gives way.",
        json_schema_extra=dict(chart({})),
    )
    annotations: StringMap | None = Field(None, description="Annotations of the Deployment.")
    labels: StringMap | None = Field(
        {"environment": "cache", "release": "cache"},
        description="Further labels of the cache server and its pods.",
        json_schema_extra=dict(chart({})),
    )
    strategy: DeploymentStrategy | None = Field(
        None, description="Deployment strategy; unset: maxSurge 1, maxUnavailable 0."
    )
    startup_probe: Probe | None = Field(
        _probe(60),
        description="Startup probe; TCP, because the server speaks no HTTP.",
        json_schema_extra=dict(chart("none")),
    )
    liveness_probe: Probe | None = Field(
        _probe(3),
        description="Liveness probe; TCP, because the server speaks no HTTP.",
        json_schema_extra=dict(chart("exec")),
    )
    readiness_probe: Probe | None = Field(None, description="Readiness probe; unset: ready once started.")
    max_unavailable_pod_disruption_budget: NumberText | None = Field(
        None, description="maxUnavailable of a PodDisruptionBudget: a number or a percentage; empty: none."
    )
    pdb: DisruptionBudget | None = Field(None, description="PodDisruptionBudget in the chart's newer words.")
    tolerations: Tolerations | None = Field(None, description="Tolerations of the pods.")
    runtime_class_name: DnsName | None = Field(None, description="Runtime class of the pods.")
    scheduler_name: Text | None = Field(None, description="Scheduler of the pods.")
    security_context: PodSecurityContext | None = Field(None, description="Security context of the pods.")
    container_security_context: SecurityContext | None = Field(
        {"runAsNonRoot": False},
        description="Security context of the container.",
        json_schema_extra=dict(chart({})),
    )
    priority_class_name: DnsName | None = Field(None, description="Priority class of the pods.")
    node_selector: StringMap | None = Field(None, description="Node labels the pods need.")
    node_selector_terms: NodeSelectorTerms | None = Field(None, description="Required node affinity terms.")
    affinity: Affinity | None = Field(None, description="Affinity of the pods; then nodeSelectorTerms is not read.")
    env: EnvVars | None = Field(None, description="Environment of the cache server, as a Kubernetes list.")
    serde: Text | None = Field(None, description="How KV cache is serialised: naive, cachegen, …; engines are told it.")
