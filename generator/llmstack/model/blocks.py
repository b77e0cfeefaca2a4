"""Raw Kubernetes blocks of the values: maps and lists that the API's own schema describes."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct
from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Kube(Struct, frozen=True):
    """Marks a raw Kubernetes block: its definition in the API's schema, checked at its place."""

    definition: str
    many: bool = False

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), KUBE: self.definition}


KUBE = "x-kubernetes"
"""Where the JSON Schema keeps a block's definition until that is put in its place."""


KubeMap = dict[str, Any]
Affinity = Annotated[KubeMap, Kube("io.k8s.api.core.v1.Affinity")]
Probe = Annotated[KubeMap, Kube("io.k8s.api.core.v1.Probe")]
PodSecurityContext = Annotated[KubeMap, Kube("io.k8s.api.core.v1.PodSecurityContext")]
SecurityContext = Annotated[KubeMap, Kube("io.k8s.api.core.v1.SecurityContext")]
Resources = Annotated[KubeMap, Kube("io.k8s.api.core.v1.ResourceRequirements")]
DeploymentStrategy = Annotated[KubeMap, Kube("io.k8s.api.apps.v1.DeploymentStrategy")]
Lifecycle = Annotated[KubeMap, Kube("io.k8s.api.core.v1.Lifecycle")]
Tolerations = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.Toleration", many=True)]
EnvVars = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.EnvVar", many=True)]
Volumes = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.Volume", many=True)]
VolumeMounts = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.VolumeMount", many=True)]
ServicePorts = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.ServicePort", many=True)]
NodeSelectorTerms = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.NodeSelectorTerm", many=True)]
TopologySpread = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.TopologySpreadConstraint", many=True)]
PodResourceClaims = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.PodResourceClaim", many=True)]
LocalObjectReferences = Annotated[list[KubeMap], Kube("io.k8s.api.core.v1.LocalObjectReference", many=True)]
IngressTLSList = Annotated[list[KubeMap], Kube("io.k8s.api.networking.v1.IngressTLS", many=True)]
