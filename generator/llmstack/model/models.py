"""`modelSpec[]`: one model, its engine, Service and storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from llmstack.kubernetes.accelerators import NVIDIA_GPU
from llmstack.model.autoscaling import Keda
from llmstack.model.blocks import (
    Affinity,
    DeploymentStrategy,
    EnvVars,
    Lifecycle,
    NodeSelectorTerms,
    PodResourceClaims,
    Probe,
    Resources,
    Tolerations,
    TopologySpread,
    VolumeMounts,
    Volumes,
)
from llmstack.model.containers import InitContainers
from llmstack.model.disruption import DisruptionBudget
from llmstack.model.flag import Flag
from llmstack.model.gitops import ModelGitops
from llmstack.model.lmcache import LmcacheConfig
from llmstack.model.monitoring import ServiceMonitor
from llmstack.model.ray import LwsSpec, RaySpec
from llmstack.model.secret_ref import SecretValue
from llmstack.model.types import (
    Count,
    DnsName,
    DnsPolicy,
    NumberText,
    OneOrMany,
    Quantity,
    Seconds,
    Section,
    StringMap,
    Text,
    none_is_empty,
    unless_empty,
)
from llmstack.model.vllm import VllmConfig

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
AccessMode = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]
AccessModes = Annotated[
    list[AccessMode], BeforeValidator(lambda value: [value] if isinstance(value, str) else value), OneOrMany()
]
"""A list of access modes, or one alone (as example files of the chart have it)."""


class EnvFromSecret(Section):
    """A Secret whose every key becomes an environment variable."""

    name: DnsName | None = Field(None, description="Name of the existing Secret.")


class Model(Section):
    """One model: one serving engine, its Service and its storage."""

    name: str | None = Field(None, description="Name of the model in object names and labels: a DNS label.")
    enabled: bool | None = Field(True, description="Deploy the model. `false` leaves nothing of it behind.")
    annotations: StringMap | None = Field(None, description="Annotations of the Deployment.")
    pod_annotations: StringMap | None = Field(None, description="Annotations of the pods.")
    labels: StringMap | None = Field(
        None,
        description="Further labels of the Deployment and its pods; `model` and servingEngineSpec.labels win on pods.",
    )
    pod_labels: StringMap | None = Field(None, description="Further labels of the pods.")
    service_account_name: DnsName | None = Field(None, description="Service account of the pods; empty means unset.")
    priority_class_name: DnsName | None = Field(None, description="Priority class of the pods.")
    runtime_class_name: DnsName | None = Field(
        None, description="Runtime class of the pods; unset: servingEngineSpec.runtimeClassName, empty: none."
    )
    registry: Text | None = Field(
        None, description="Registry of the image, where `repository` does not name one; global.imageRegistry wins."
    )
    repository: Text | None = Field(None, description="Image repository of the engine, e.g. vllm/vllm-openai.")
    tag: Text | None = Field(None, description="Image tag, or a digest `sha256:…`.")
    image_pull_secret: DnsName | None = Field(None, description="Secret with credentials for the image registry.")
    image_pull_policy: PullPolicy | None = Field(
        None, description="When to pull the image; unset: servingEngineSpec.imagePullPolicy."
    )
    model_url: Annotated[Text | None, Flag("--model", derived=True)] = Field(
        None, alias="modelURL", description="The model: a name on the Hugging Face hub, or a path."
    )
    model_revision: Annotated[Text | None, Flag("--revision")] = Field(
        None, description="Branch, tag or commit of the model."
    )
    chat_template: Annotated[Text | None, Flag("--chat-template", derived=True)] = Field(
        None, description="The chat template's text (Jinja), or the name of a file under /templates."
    )
    chat_template_config_map: Text | None = Field(
        None,
        description="Text of the template that `chatTemplate` names; it becomes a config map mounted at /templates.",
    )
    replica_count: Count | None = Field(1, description="Number of replicas.")
    command: list[NumberText] | None = Field(
        None, description="Command of the engine's container in the place of `vllm serve` and all its arguments."
    )
    args: list[NumberText] | None = Field(None, description="Arguments of `command`.")
    resources: Resources | None = Field(
        None, description="A raw resources block; it takes the place of the request and limit keys."
    )
    resource_claims: PodResourceClaims | None = Field(
        None,
        description="Claims of devices (DRA) of the pods; the engine's container uses them all, "
        "unless `resources.claims` names some.",
    )
    request_cpu: Quantity | None = Field(None, alias="requestCPU", description="CPUs requested; 0 means none.")
    request_memory: Quantity | None = Field(None, description="Memory requested.")
    request_gpu: Quantity | None = Field(
        None, alias="requestGPU", description="GPUs requested, a whole number; 0 means none."
    )
    request_gpu_type: Text | None = Field(
        NVIDIA_GPU,
        alias="requestGPUType",
        description="Resource that is counted as GPU, a MIG profile for example.",
    )
    request_gpu_mem: Quantity | None = Field(
        None, alias="requestGPUMem", description="nvidia.com/gpumem (HAMi), in MB."
    )
    request_gpu_mem_percentage: Quantity | None = Field(
        None, alias="requestGPUMemPercentage", description="nvidia.com/gpumem-percentage (HAMi)."
    )
    request_gpu_cores: Quantity | None = Field(
        None, alias="requestGPUCores", description="nvidia.com/gpucores (HAMi), in percent."
    )
    limit_cpu: Quantity | None = Field(None, alias="limitCPU", description="CPU limit.")
    limit_memory: Quantity | None = Field(None, description="Memory limit.")
    limit_gpu: Quantity | None = Field(
        None, alias="limitGPU", description="The same number as requestGPU, which it stands for where that is unset."
    )
    limit_gpu_mem: Quantity | None = Field(None, alias="limitGPUMem", description="Limit of nvidia.com/gpumem (HAMi).")
    limit_gpu_mem_percentage: Quantity | None = Field(
        None, alias="limitGPUMemPercentage", description="Limit of nvidia.com/gpumem-percentage (HAMi)."
    )
    limit_gpu_cores: Quantity | None = Field(
        None, alias="limitGPUCores", description="Limit of nvidia.com/gpucores (HAMi)."
    )
    shm_size: Annotated[Quantity | None, unless_empty("20Gi")] = Field(
        "20Gi",
        description="Size of /dev/shm, a memory volume; mounted when more than one worker runs in a pod, "
        "when vLLM offloads KV cache to CPU memory, or when this key is set.",
    )
    enable_lora: Annotated[bool | None, Flag("--enable-lora")] = Field(
        None, alias="enableLoRA", description="Take LoRA adapters."
    )
    enable_tool: Annotated[bool | None, Flag("--enable-auto-tool-choice")] = Field(
        None, description="Let the model choose tools; wants toolCallParser."
    )
    tool_call_parser: Annotated[Text | None, Flag("--tool-call-parser")] = Field(
        None, description="How calls of tools are read from what the model writes, e.g. hermes."
    )
    pvc_storage: Quantity | None = Field(None, description="Size of the model's claim, mounted at /data.")
    pvc_access_mode: AccessModes | None = Field(
        None, description="Access modes of the claim; ReadWriteOnce when unset."
    )
    storage_class: DnsName | None = Field(
        None,
        description='Storage class of the claim. Unset: the cluster\'s default; `""`: static volumes only.',
    )
    pvc_match_labels: StringMap | None = Field(None, description="Labels that select the volume the claim binds to.")
    pvc_labels: StringMap | None = Field(None, description="Labels of the claim.")
    pvc_annotations: StringMap | None = Field(None, description="Annotations of the claim.")
    pvc_existing_claim_name: DnsName | None = Field(
        None, description="An existing claim to mount instead of one of ours."
    )
    extra_volumes: Volumes | None = Field(None, description="Further volumes of the pod.")
    extra_volume_mounts: VolumeMounts | None = Field(None, description="Further mounts of the engine's container.")
    init_container: InitContainers | None = Field(
        None, description="Init containers: one map, or a list of them in order."
    )
    vllm_config: Annotated[VllmConfig, BeforeValidator(none_is_empty)] = Field(
        default_factory=VllmConfig, description="Options of `vllm serve`."
    )
    lmcache_config: Annotated[
        LmcacheConfig, BeforeValidator(none_is_empty), Flag("--kv-transfer-config", derived=True)
    ] = Field(default_factory=LmcacheConfig, description="LMCache.")
    hf_token: SecretValue = Field(
        None, alias="hf_token", description="Secret with the Hugging Face token: {secretName, secretKey}."
    )
    env_from_secret: EnvFromSecret | None = Field(
        None, description="A Secret whose every key becomes an environment variable."
    )
    env: EnvVars | None = Field(None, description="Environment of the engine, as a Kubernetes list.")
    affinity: Affinity | None = Field(None, description="Affinity of the pods; then nodeSelectorTerms is not read.")
    node_selector_terms: NodeSelectorTerms | None = Field(None, description="Required node affinity terms.")
    node_selector: StringMap | None = Field(
        None, description="Node labels the pods need, in the place of servingEngineSpec.nodeSelector."
    )
    node_name: DnsName | None = Field(None, description="The one node to run on; then nodeSelectorTerms is not read.")
    tolerations: Tolerations | None = Field(None, description="Tolerations of this model.")
    tolerations_policy: Literal["append", "override"] | None = Field(
        "append", description="Add to servingEngineSpec.tolerations, or take their place."
    )
    topology_spread_constraints: TopologySpread | None = Field(
        None, description="How the pods spread, in the place of servingEngineSpec.topologySpreadConstraints."
    )
    strategy: DeploymentStrategy | None = Field(
        None, description="Deployment strategy of this model, in the place of servingEngineSpec.strategy."
    )
    startup_probe: Probe | None = Field(None, description="Changes to servingEngineSpec.startupProbe for this model.")
    liveness_probe: Probe | None = Field(None, description="Changes to servingEngineSpec.livenessProbe for this model.")
    readiness_probe: Probe | None = Field(
        None, description="Changes to servingEngineSpec.readinessProbe for this model."
    )
    lifecycle: Lifecycle | None = Field(
        None, description="Hooks of the engine's container, in the place of servingEngineSpec.lifecycle."
    )
    termination_grace_period_seconds: Seconds | None = Field(
        None, description="Seconds a pod may take to end; unset: servingEngineSpec.terminationGracePeriodSeconds."
    )
    dns_policy: DnsPolicy | None = Field(
        None, description="DNS policy of the pods; unset: servingEngineSpec.dnsPolicy."
    )
    enable_service_links: bool | None = Field(
        None, description="Variables for Services in the pods; unset: servingEngineSpec.enableServiceLinks."
    )
    service_monitor: ServiceMonitor | None = Field(
        None, description="Metrics of this model for the Prometheus operator, where not all engines have a monitor."
    )
    service_annotations: StringMap | None = Field(None, description="Annotations of the model's Service.")
    pdb: DisruptionBudget | None = Field(None, description="PodDisruptionBudget of this model.")
    keda: Keda | None = Field(None, description="Autoscaling by KEDA.")
    ray_spec: RaySpec | None = Field(None, description="Serve from a RayCluster.")
    lws_spec: LwsSpec | None = Field(None, description="Serve from a LeaderWorkerSet.")
    device: Text | None = Field(None, description="Once named the device; vLLM's images are built for one.")
    extra_args: list[NumberText] | None = Field(None, description="Further arguments, after vllmConfig.extraArgs.")
    gitops: Annotated[ModelGitops, BeforeValidator(none_is_empty)] = Field(
        default_factory=ModelGitops, description="What only llmstack reads of this model."
    )

    @property
    def is_enabled(self) -> bool:
        return self.enabled is not False

    @property
    def gpu_count(self) -> str | None:
        """The GPUs that the request and limit keys ask for: `requestGPU`, else `limitGPU`, as the API fills it in."""
        return self.request_gpu if self.request_gpu not in (None, "", "0") else self.limit_gpu

    @property
    def uses_ray(self) -> bool:
        return bool(self.ray_spec and self.ray_spec.enabled)

    @property
    def uses_lws(self) -> bool:
        return bool(self.lws_spec and self.lws_spec.enabled) and not self.uses_ray
