"""Which kinds stand outside every namespace."""

from __future__ import annotations

CLUSTER_SCOPED = frozenset(
    (
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "ClusterExternalSecret",
        "ClusterIssuer",
        "ClusterPolicy",
        "ClusterQueue",
        "ClusterSecretStore",
        "ClusterTriggerAuthentication",
        "GatewayClass",
        "NodeClass",
        "NodePool",
        "ResourceFlavor",
        "ClusterServingRuntime",
        "ClusterTrainingRuntime",
        "WorkloadPriorityClass",
    )
)
"""Kinds without a namespace: those of Kubernetes (`kubectl api-resources --namespaced=false`), and the custom
ones that stand beside a serving stack."""
