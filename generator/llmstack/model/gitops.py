"""`gitops`: the section of ours. What the chart's values cannot say about a cluster and its repository."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from llmstack.kubernetes.accelerators import NVIDIA_GPU
from llmstack.model.types import (
    Bool,
    Count,
    Currency,
    Date,
    Days,
    DnsLabel,
    DnsName,
    Duration,
    Positive,
    Price,
    Quantity,
    Section,
    StringMap,
    Text,
    VersionRange,
    none_is_empty,
)

Level = Literal["off", "note", "warning", "error"]


def _text(value: object) -> object:
    return str(value) if isinstance(value, str) else value


class Capacity(Section):
    """A pool of GPUs that this environment may use."""

    pool: Text = Field(description="Name of the pool; modelSpec[].gitops.pool refers to it.")
    resource: Text = Field(NVIDIA_GPU, description="The resource that is counted.")
    count: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        description="GPUs in the pool that this environment may use."
    )
    per_node: Positive | None = Field(None, description="GPUs on one node.")
    node_selector: dict[str, Text] | None = Field(None, description="Labels of the pool's nodes.")
    gpu: Text | None = Field(
        None,
        description="The pool's card, e.g. H100-80GB (docs/engine.md has all); unset: by the product in nodeSelector.",
    )
    memory: Quantity | None = Field(
        None, description="Memory of one GPU as CUDA sees it, e.g. 79.19Gi; unset: that of the card."
    )
    price: Price | None = Field(
        None,
        description="Of one GPU for an hour, e.g. 2.40, in gitops.currency; unset: nothing is said of its cost.",
    )
    device_class: Text | None = Field(
        None, description="The DeviceClass by which pods claim these GPUs, where they do (DRA), e.g. gpu.nvidia.com."
    )
    read_rate: Quantity | None = Field(None, description="Bytes of weights that one pod reads in a second, e.g. 1.2Gi.")


class Existing(Section):
    """What the cluster already has. A kind once listed makes a reference to anything else of it an error."""

    secrets: dict[str, list[Text]] | None = Field(None, description="Secrets and their keys.")
    claims: list[DnsName] | None = Field(None, description="PersistentVolumeClaims.")
    config_maps: list[DnsName] | None = Field(None, description="ConfigMaps.")
    service_accounts: list[DnsName] | None = Field(None, description="ServiceAccounts.")
    runtime_classes: list[DnsName] | None = Field(None, description="RuntimeClasses.")


ExistingKind = Literal["Secret", "PersistentVolumeClaim", "ConfigMap", "ServiceAccount", "RuntimeClass"]

EXISTING: Mapping[ExistingKind, tuple[str, Callable[[Existing], Collection[str] | None]]] = {
    "Secret": ("secrets", lambda existing: existing.secrets),
    "PersistentVolumeClaim": ("claims", lambda existing: existing.claims),
    "ConfigMap": ("configMaps", lambda existing: existing.config_maps),
    "ServiceAccount": ("serviceAccounts", lambda existing: existing.service_accounts),
    "RuntimeClass": ("runtimeClasses", lambda existing: existing.runtime_classes),
}
"""By kind: the key of `gitops.existing` that lists it, and what stands there."""


class Secrets(Section):
    """How referenced Secrets come into the cluster."""

    backend: Annotated[Literal["existing", "external-secrets", "sealed-secrets", "sops"], BeforeValidator(_text)] = (
        Field("existing", description="Where Secrets come from.")
    )
    store: Text | None = Field(None, description="external-secrets: name of the SecretStore.")
    store_kind: Literal["SecretStore", "ClusterSecretStore"] | None = Field(
        "ClusterSecretStore", description="external-secrets: kind of the store."
    )
    refresh_interval: Duration | None = Field("1h", description="external-secrets: how often the store is read.")
    key: Text | None = Field(
        None,
        description="external-secrets: remote key, with {env}, {secret} and {key} replaced; "
        "unset: `{secret}`, property `{key}`.",
    )
    certificate: Text | None = Field(None, description="sealed-secrets: path of the controller's certificate.")
    age: list[Text] | None = Field(None, description="sops: age recipients.")


class Sync(Section):
    """What reads the repository into the cluster."""

    tool: Annotated[Literal["none", "flux", "argo"], BeforeValidator(_text)] = Field(
        "none", description="Flux, Argo CD or none."
    )
    cluster: DnsLabel | None = Field(None, description="Name of the cluster this environment runs in.")
    repo_url: Text | None = Field(
        None, alias="repoURL", description="URL of this repository, as the cluster reaches it."
    )
    branch: Text | None = Field("main", description="Branch that is synced.")
    path: Text | None = Field(None, description="Folder of this tree in the repository; unset: its root.")
    interval: Duration | None = Field("10m", description="How often the tool looks.")
    source: Literal["git", "artifact"] | None = Field(
        "git", description="flux: one GitRepository, or an artifact for each unit."
    )
    secret_name: DnsName | None = Field(
        None,
        description="flux: Secret in flux-system with the repository's credentials; "
        "unset: none, for ssh `flux-system`.",
    )


class SelectorLabels(Section):
    """The user's labels in the selectors of a Helm release: frozen, whatever `labels` say later."""

    engine: StringMap | None = Field(None, description="Of the engines; unset: servingEngineSpec.labels.")
    router: StringMap | None = Field(None, description="Of the router; unset: routerSpec.labels.")
    cache_server: StringMap | None = Field(None, description="Of the cache server; unset: cacheServerSpec.labels.")


class Acknowledgement(Section):
    """A risk somebody accepted: it stays visible in `diff`, and stops failing."""

    risk: Text = Field(description="Id of the risk, e.g. outage.")
    object: Text = Field(description="Kind/name of the object.")
    until: Date | None = Field(None, description="Last day on which it holds.")
    up_to: Count | None = Field(
        None, description="The amount that is accepted, in the unit that the risk's page names; unset: any."
    )
    reason: Text = Field(description="Why it is accepted.")


class Gitops(Section):
    """Release, namespace, capacity and the rest of what only llmstack reads."""

    release: DnsLabel = Field("llmstack", description="Names every object, as the Helm release does.")
    namespace: DnsLabel = Field("default", description="Namespace of the objects.")
    llmstack: VersionRange | None = Field(
        None,
        description="Versions of llmstack that this repository is for, e.g. `>=0.2,<0.3`: another one writes nothing.",
    )
    create_namespace: Bool = Field(False, description="Write the Namespace too.")
    selectors: Literal["llmstack", "chart", "chart-0.1.9"] = Field(
        "llmstack",
        description="Whose selectors Deployments have: the chart's, from 0.1.10 on or before, let a Helm release be "
        "taken over; pods then carry exactly the chart's labels.",
    )
    selector_labels: Annotated[SelectorLabels, BeforeValidator(none_is_empty)] = Field(
        default_factory=SelectorLabels,
        description="With the chart's selectors: the user's part of them. `llmstack adopt` writes it.",
    )
    kubernetes_version: Text = Field("1.34", description="Version whose schemas the objects are validated against.")
    capacity: Annotated[list[Capacity], Field(max_length=1_000)] | None = Field(
        None, description="GPU pools this environment may use."
    )
    currency: Currency | None = Field(
        None, description="Currency of the prices in gitops.capacity, by its code of ISO 4217, e.g. EUR."
    )
    existing: Annotated[Existing, BeforeValidator(none_is_empty)] = Field(
        default_factory=Existing, description="What the cluster already has."
    )
    secrets: Annotated[Secrets, BeforeValidator(none_is_empty)] = Field(
        default_factory=Secrets, description="How Secrets come into the cluster."
    )
    sync: Annotated[Sync, BeforeValidator(none_is_empty)] = Field(
        default_factory=Sync, description="What reads the repository."
    )
    pod_security: Literal["baseline", "restricted", "privileged"] = Field(
        "baseline", description="Pod Security level of the namespace; pods beyond it are findings."
    )
    allow_unknown_kinds: list[Text] | None = Field(None, description="Kinds that may pass validation without a schema.")
    facts_max_age: Days = Field(
        "14d", description="Age in days from which `diff` says that the facts of the cluster are old."
    )
    checks: dict[str, Annotated[Level, BeforeValidator(_text)]] | None = Field(
        None, description="Severity of single checks."
    )
    acknowledge: list[Acknowledgement] | None = Field(None, description="Risks that are accepted.")


class StreamGitops(Gitops):
    """The section in a file beside streams of objects (`diff --gitops FILE`), which no values describe."""

    load_times: dict[str, Duration] | None = Field(None, description="Measured times from start to ready, by workload.")
    vllm_versions: dict[str, Text] | None = Field(
        None, description="vLLM's versions by workload, where the images do not say them."
    )


class StreamFile(Section):
    """Such a file; what else stands in it is left alone."""

    gitops: Annotated[StreamGitops, BeforeValidator(none_is_empty)] = Field(
        default_factory=StreamGitops, description="The section."
    )


class Drain(Section):
    """How a pod ends without cutting answers."""

    wait: Duration = Field("15s", description="How long a pod still takes requests while routers learn that it goes.")
    finish: Duration = Field("120s", description="How long running requests may take to finish: `--shutdown-timeout`.")


class ModelGitops(Section):
    """What only llmstack reads of one model."""

    load_time: Duration | None = Field(None, description="Measured time from start to ready, e.g. 12m.")
    pool: Text | None = Field(None, description="Pool of gitops.capacity; unset: by node selector and resource.")
    vllm_version: Text | None = Field(None, description="vLLM's version, where the image tag does not say it.")
    facts: Text | None = Field(
        None, description="File below facts/ with the model's facts; unset: the one that modelURL leads to."
    )
    drain: Drain | None = Field(None, description="Let pods finish their requests before they end; unset: off.")
    moved_from: DnsLabel | None = Field(None, description="Former name of the model.")
