"""Which kinds stand outside every namespace: `scope: Cluster` of their definition.

Those of Kubernetes are `kubectl api-resources --namespaced=false`. Those of operators are what their types say
(`+kubebuilder:resource:scope=Cluster`, `+genclient:nonNamespaced`), in the repository and folder beside each group.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.kubernetes.definitions import group_of, is_built_in
from llmstack.kubernetes.pods import Object

CLUSTER_SCOPED = frozenset((
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "CustomResourceDefinition", "DeviceClass", "FlowSchema", "IPAddress", "IngressClass",
    "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node",
    "PersistentVolume", "PriorityClass", "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR",
    "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "VolumeAttachment", "VolumeAttributesClass",
))  # fmt: skip
"""The kinds of Kubernetes itself."""
_EVERY = "*"
_OF_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "argoproj.io": ("ClusterWorkflowTemplate", "ClusterAnalysisTemplate"),  # argo-workflows, argo-rollouts: pkg/apis
    "cert-manager.io": ("ClusterIssuer",),  # cert-manager, pkg/apis/certmanager/v1
    "cilium.io": ("CiliumClusterwideNetworkPolicy", "CiliumLoadBalancerIPPool"),  # cilium, pkg/k8s/apis/cilium.io
    "cloud.google.com": ("ComputeClass",),  # GKE's documentation, About custom compute classes
    "constraints.gatekeeper.sh": (_EVERY,),  # frameworks/constraint, pkg/client/crds: every constraint
    "eks.amazonaws.com": ("NodeClass",),  # EKS Auto Mode, Create a node class
    "eventing.keda.sh": ("ClusterCloudEventSource",),  # keda, apis/eventing/v1alpha1
    "external-secrets.io": ("ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore"),  # apis/externalsecrets
    "gateway.networking.k8s.io": ("GatewayClass",),  # gateway-api, apis/v1
    "generators.external-secrets.io": ("ClusterGenerator",),  # external-secrets, apis/generators/v1alpha1
    "karpenter.azure.com": ("AKSNodeClass",),  # karpenter-provider-azure, pkg/apis
    "karpenter.k8s.aws": ("EC2NodeClass",),  # karpenter-provider-aws, pkg/apis/v1
    "karpenter.sh": (_EVERY,),  # kubernetes-sigs/karpenter, pkg/apis/v1: NodePool, NodeClaim, NodeOverlay
    "keda.sh": ("ClusterTriggerAuthentication",),  # keda, apis/keda/v1alpha1
    "kueue.x-k8s.io": (
        "AdmissionCheck", "ClusterQueue", "Cohort", "MultiKueueCluster", "MultiKueueConfig",
        "ProvisioningRequestConfig", "ResourceFlavor", "Topology", "WorkloadPriorityClass",
    ),  # kueue, apis/kueue
    "kyverno.io": ("ClusterCleanupPolicy", "ClusterPolicy", "GlobalContextEntry"),  # kyverno, api/kyverno
    "mellanox.com": (_EVERY,),  # network-operator, api/v1alpha1: NicClusterPolicy and the networks
    "nfd.k8s-sigs.io": ("NodeFeatureRule",),  # node-feature-discovery, api/nfd/v1alpha1
    "nvidia.com": ("ClusterPolicy", "NVIDIADriver"),  # gpu-operator, api/nvidia
    "serving.kserve.io": (
        "ClusterServingRuntime", "ClusterStorageContainer", "LocalModelCache", "LocalModelNode", "LocalModelNodeGroup",
    ),  # kserve, pkg/apis/serving/v1alpha1
    "snapshot.storage.k8s.io": ("VolumeSnapshotClass", "VolumeSnapshotContent"),  # external-snapshotter, client/apis
    "templates.gatekeeper.sh": (_EVERY,),  # frameworks/constraint, pkg/apis/templates: ConstraintTemplate
    "trainer.kubeflow.org": ("ClusterTrainingRuntime",),  # kubeflow/trainer, pkg/apis/trainer/v1alpha1
    "trust.cert-manager.io": ("Bundle",),  # trust-manager, pkg/apis/trust/v1alpha1
}  # fmt: skip
_IN_PART = frozenset(("cilium.io", "cloud.google.com", "eks.amazonaws.com"))
"""Groups that have many kinds of both scopes: of those not named above nothing is known."""
_NAMESPACED = frozenset((
    "bitnami.com", "inference.networking.k8s.io", "inference.networking.x-k8s.io", "jobset.x-k8s.io",
    "kustomize.toolkit.fluxcd.io", "leaderworkerset.x-k8s.io", "monitoring.coreos.com", "production-stack.vllm.ai",
    "ray.io", "source.extensions.fluxcd.io", "source.toolkit.fluxcd.io",
))  # fmt: skip
"""Groups of which no kind stands outside (`scope: Namespaced` in each of their definitions)."""


def is_cluster_scoped(group: str, kind: str) -> bool | None:
    """Whether objects of a kind stand outside every namespace; None where only its definition would tell."""
    if is_built_in(group):
        return kind in CLUSTER_SCOPED
    known = _OF_OPERATORS.get(group, ())
    if kind in known or _EVERY in known:
        return True
    return False if group in _NAMESPACED or (known and group not in _IN_PART) else None


def stands_outside(obj: Object) -> bool:
    """Whether an object is known to stand outside every namespace."""
    return is_cluster_scoped(group_of(obj), str(obj.get("kind"))) is True
