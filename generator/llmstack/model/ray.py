"""`modelSpec[].raySpec` and `lwsSpec`: one model over several nodes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmstack.model.blocks import Probe, Resources
from llmstack.model.containers import InitContainers
from llmstack.model.switch import SectionSwitch
from llmstack.model.types import INT32, Quantity, Section


class HeadNode(Section):
    """The Ray head. Workers take the model's own resources."""

    request_cpu: Quantity | None = Field(None, alias="requestCPU", description="CPUs requested.")
    request_memory: Quantity | None = Field(None, description="Memory requested.")
    request_gpu: Quantity | None = Field(None, alias="requestGPU", description="GPUs requested.")
    limit_cpu: Quantity | None = Field(None, alias="limitCPU", description="CPU limit.")
    limit_memory: Quantity | None = Field(None, description="Memory limit.")
    resources: Resources | None = Field(None, description="A raw resources block, instead of the fields above.")
    init_container: InitContainers | None = Field(None, description="Init container of the head.")
    readiness_probe: Probe | None = Field(None, description="Changes to the model's readiness probe for the head.")


class UpgradeStrategy(Section):
    """What KubeRay does when the RayCluster changes."""

    type: Literal["Recreate", "None"] | None = Field(
        "Recreate", description="Recreate: all pods are replaced; None: only new pods follow the change."
    )


class RaySpec(Section):
    """Serve the model from a RayCluster: one head and replicaCount workers. Needs KubeRay."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(
        None,
        description="Use a RayCluster. The chart once took the mere presence of raySpec for it; say `enabled`.",
    )
    head_node: HeadNode | None = Field(None, description="The head's resources.")
    upgrade_strategy: UpgradeStrategy | None = Field(
        None, description="upgradeStrategy of the RayCluster; unset: Recreate, so that a change takes effect."
    )


class LwsSpec(Section):
    """Serve the model from a LeaderWorkerSet: vLLM's own multi-node mode, without Ray."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(
        False, description="Use a LeaderWorkerSet; needs its controller."
    )
    size: Annotated[int, Field(ge=2, le=INT32)] | None = Field(
        None, description="Pods in a group: the leader and its workers; replicaCount counts groups."
    )
    restart_policy: Literal["RecreateGroupOnPodRestart", "RecreateGroupAfterStart", "None", "Default"] | None = Field(
        "RecreateGroupOnPodRestart",
        description="What happens to a group when one of its pods restarts; `Default` is an older word for None.",
    )
