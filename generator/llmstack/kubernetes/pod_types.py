"""The Go types behind a pod template, as far as they decide what an API server keeps of a manifest.

A field that Go holds by value cannot tell "not there" from its zero value: `hostNetwork: false` is stored as
if nobody had written it. Behind a pointer the zero value stays: `privileged: false`. From k8s.io/api 0.36,
core/v1 `types.go`; a test compares the table with the types.
"""

from __future__ import annotations

POINTERS = frozenset({
    "activeDeadlineSeconds", "allowPrivilegeEscalation", "apiGroup", "automountServiceAccountToken",
    "blockOwnerDeletion", "cachingMode", "controller", "defaultMode", "deletionGracePeriodSeconds",
    "enableServiceLinks", "expirationSeconds", "fsGroup", "fsGroupChangePolicy", "gmsaCredentialSpec",
    "gmsaCredentialSpecName", "hostProcess", "hostUsers", "hostnameOverride", "initiatorName",
    "localhostProfile", "maxExpirationSeconds", "minDomains", "mode", "mountPropagation",
    "nodeAffinityPolicy", "nodeTaintsPolicy", "optional", "podGroupName", "preemptionPolicy", "priority",
    "privileged", "procMount", "readOnlyRootFilesystem", "recursiveReadOnly", "resourceClaimName",
    "resourceClaimTemplateName", "runAsGroup", "runAsNonRoot", "runAsUser", "runAsUserName",
    "runtimeClassName", "seLinuxChangePolicy", "service", "setHostnameAsFQDN", "shareProcessNamespace",
    "sizeLimit", "stopSignal", "storageClassName", "supplementalGroupsPolicy",
    "terminationGracePeriodSeconds", "tolerationSeconds", "volumeAttributesClassName", "volumeMode",
})  # fmt: skip
"""Fields that hold a pointer to a scalar in every type that has them."""

POINTERS_IN = frozenset({
    ("azureDisk", "fsType"), ("azureDisk", "kind"), ("azureDisk", "readOnly"), ("clusterTrustBundle", "name"),
    ("clusterTrustBundle", "signerName"), ("containers", "restartPolicy"), ("csi", "fsType"),
    ("csi", "readOnly"), ("dataSourceRef", "namespace"), ("ephemeralContainers", "restartPolicy"),
    ("fc", "lun"), ("hostPath", "type"),
    ("initContainers", "restartPolicy"), ("options", "value"),
})  # fmt: skip
"""Fields, with the field they stand in, that hold a pointer there and a value elsewhere."""

VALUE_STRUCTS = frozenset({"metadata", "podAffinityTerm", "preference", "resources", "spec", "template"})
"""Structs held by value: empty, they are not there. All others stay when they are empty (`affinity: {}`)."""

RAY_POINTERS = frozenset({"enableInTreeAutoscaling", "enableIngress", "idleTimeoutSeconds", "suspend"})
"""As POINTERS, in a RayCluster (ray-operator 1.6, apis/ray/v1/raycluster_types.go)."""

QUANTITIES = frozenset({"limits", "requests", "overhead"})
"""Maps of quantities."""

TEXTS = frozenset({
    "annotations", "labels", "matchLabels", "nodeSelector", "userAnnotations", "volumeAttributes",
    "headServiceAnnotations", "rayStartParams",
})  # fmt: skip
"""Maps of text, which keep every entry, also an empty one; with those of a RayCluster."""
