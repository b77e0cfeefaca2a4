"""`sharedStorage`: one volume that all engines mount."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from llmstack.kubernetes.access_modes import DEFAULT as DEFAULT_MODES
from llmstack.model.models import AccessMode, AccessModes
from llmstack.model.switch import SectionSwitch
from llmstack.model.types import DnsName, Quantity, Section, Text, chart, none_is_empty, unless_empty


class Nfs(Section):
    """An NFS export."""

    server: Text | None = Field(None, description="Address of the NFS server.")
    path: Text | None = Field(None, description="Export path.")


class StorageImage(Section):
    """The image that once set permissions on the volume for the LoRA controller."""

    repository: Text | None = Field("busybox", description="Image repository.")
    tag: Text | None = Field("1.37", description="Image tag.")


def _on_one_node() -> list[AccessMode]:
    return list(DEFAULT_MODES)


class SharedStorage(Section):
    """A claim for all engines, mounted at /data/shared-pvc-storage; with hostPath or nfs, its volume too."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(
        False, description="Write the claim and mount it in every engine."
    )
    size: Annotated[Quantity | None, unless_empty("100Gi")] = Field("100Gi", description="Size of the volume.")
    access_modes: AccessModes | None = Field(
        default_factory=_on_one_node,
        description="Access modes of the volume.",
        json_schema_extra=dict(chart(["ReadWriteMany"])),
    )
    storage_class: DnsName | None = Field(
        "standard", description="Storage class; with hostPath or nfs it only ties claim and volume together.",
        json_schema_extra=dict(chart("")),
    )  # fmt: skip
    host_path: Text | None = Field(None, description="A path on the node, for local testing.")
    nfs: Annotated[Nfs, BeforeValidator(none_is_empty)] = Field(default_factory=Nfs, description="An NFS export.")
    image: Annotated[StorageImage, BeforeValidator(none_is_empty)] = Field(
        default_factory=StorageImage,
        description="Image of the container that sets permissions for the LoRA controller.",
    )

    @property
    def is_static(self) -> bool:
        """Whether the volume is ours to write: on a host path or an NFS export."""
        return bool(self.host_path or self.nfs.server)
