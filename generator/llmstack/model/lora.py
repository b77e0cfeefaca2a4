"""`loraAdapters` and `loraController`: LoRA adapters as objects of the production stack's operator."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from llmstack.model.blocks import (
    Affinity,
    EnvVars,
    LocalObjectReferences,
    PodSecurityContext,
    Resources,
    SecurityContext,
    Tolerations,
)
from llmstack.model.disruption import DisruptionBudget
from llmstack.model.models import PullPolicy
from llmstack.model.secret_ref import SecretValue
from llmstack.model.switch import SectionSwitch
from llmstack.model.types import Count, DnsLabel, DnsName, NumberText, Section, StringMap, Text, none_is_empty


class AdapterSource(Section):
    """Where the adapter's weights come from."""

    type: Literal["local", "s3", "http", "huggingface"] | None = Field(None, description="Kind of source.")
    adapter_name: Text | None = Field(None, description="Name of the adapter.")
    adapter_path: Text | None = Field(None, description="Path of the weights.")
    repository: Text | None = Field(None, description="Repository of the adapter.")
    pattern: Text | None = Field(None, description="Pattern of adapter names.")
    max_adapters: Count | None = Field(None, description="Most adapters to load.")
    credentials: SecretValue = Field(
        None, description="Secret with credentials for the source: {secretName, secretKey}."
    )


class AdapterDeployment(Section):
    """On how many engines the adapter is loaded."""

    algorithm: Literal["default", "ordered", "equalized"] | None = Field(None, description="Placement algorithm.")
    replicas: Count | None = Field(None, description="Engines that load the adapter.")
    labels: StringMap | None = Field(None, description="Labels of the LoraAdapter.")


class LoraAdapter(Section):
    """One LoraAdapter object."""

    name: DnsLabel | None = Field(None, description="Name of the adapter's object.")
    enabled: bool | None = Field(True, description="Write the LoraAdapter.")
    base_model: Text | None = Field(None, description="Model the adapter is for.")
    vllm_api_key: SecretValue = Field(
        None, description="Secret with the engines' API key; unset: servingEngineSpec.vllmApiKey."
    )
    adapter_source: AdapterSource | None = Field(None, description="Source of the adapter.")
    lora_adapter_deployment_config: AdapterDeployment | None = Field(None, description="Placement.")
    labels: StringMap | None = Field(None, description="Labels of the LoraAdapter.")


class ControllerImage(Section):
    """Image of the LoRA controller."""

    repository: Text | None = Field("lmcache/lmstack-lora-controller", description="Image repository.")
    tag: Text | None = Field("latest", description="Image tag.")
    pull_policy: PullPolicy | None = Field("IfNotPresent", description="When to pull the image.")


class Switch(Section):
    """Something that is on or off."""

    enabled: bool | None = Field(None, description="Whether it is on.")


class LoraController(Section):
    """The controller that loads LoraAdapters into engines."""

    enable_lora_controller: Annotated[bool | None, SectionSwitch()] = Field(False, description="Deploy the controller.")
    registry: Text | None = Field(
        None, description="Registry of the image, where its repository does not name one; global.imageRegistry wins."
    )
    kubernetes_cluster_domain: Text | None = Field("cluster.local", description="Cluster domain.")
    service_account_name: DnsName | None = Field(None, description="An existing service account; unset: one of ours.")
    replica_count: Count | None = Field(1, description="Number of replicas.")
    image: Annotated[ControllerImage, BeforeValidator(none_is_empty)] = Field(
        default_factory=ControllerImage, description="Image."
    )
    image_pull_secrets: LocalObjectReferences | None = Field(
        None, description="Secrets with credentials for the image registry."
    )
    annotations: StringMap | None = Field(None, description="Annotations of the Deployment.")
    labels: StringMap | None = Field(None, description="Labels of the Deployment.")
    pod_annotations: StringMap | None = Field(None, description="Annotations of the pods.")
    pod_labels: StringMap | None = Field(None, description="Labels of the pods.")
    pod_security_context: PodSecurityContext | None = Field(
        {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        description="Security context of the pods.",
    )
    container_security_context: SecurityContext | None = Field(
        {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        description="Security context of the container.",
    )
    resources: Resources | None = Field(None, description="Requests and limits.")
    node_selector: StringMap | None = Field(None, description="Node labels the pods need.")
    affinity: Affinity | None = Field(None, description="Affinity of the pods.")
    tolerations: Tolerations | None = Field(None, description="Tolerations of the pods.")
    env: EnvVars | None = Field(None, description="Environment, as a Kubernetes list.")
    extra_args: list[NumberText] | None = Field(None, description="Further arguments.")
    metrics: Annotated[Switch, BeforeValidator(none_is_empty)] = Field(
        Switch(enabled=True), description="Serve metrics."
    )
    webhook: Annotated[Switch, BeforeValidator(none_is_empty)] = Field(
        default_factory=Switch, description="Serve a webhook."
    )
    pdb: DisruptionBudget | None = Field(None, description="PodDisruptionBudget of the controller.")
