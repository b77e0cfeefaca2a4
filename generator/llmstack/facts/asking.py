"""What is asked of a cluster, and who may ask it: one read-only command of kubectl, and the RBAC that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

READ: Mapping[str, tuple[str, ...]] = {
    "": ("nodes", "pods", "persistentvolumeclaims", "resourcequotas"),
    "apps": ("deployments", "replicasets", "statefulsets", "daemonsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "storage.k8s.io": ("storageclasses",),
    "scheduling.k8s.io": ("priorityclasses",),
    "node.k8s.io": ("runtimeclasses",),
    "networking.k8s.io": ("ingressclasses",),
    "apiregistration.k8s.io": ("apiservices",),
}
"""By API group, what every cluster has. Secrets and ConfigMaps are not among them. Nor are CustomResourceDefinitions,
whose schemas are megabytes: the API server has an APIService, a few lines, for each group and version of them."""
READ_WHERE_THERE: Mapping[str, tuple[str, ...]] = {
    "resource.k8s.io": ("resourceslices", "deviceclasses", "resourceclaims"),
    "keda.sh": ("scaledobjects",),
    "leaderworkerset.x-k8s.io": ("leaderworkersets",),
    "ray.io": ("rayclusters", "rayservices"),
    "kustomize.toolkit.fluxcd.io": ("kustomizations",),
    "argoproj.io": ("applications",),
}
"""The same, of what only some clusters have: kubectl refuses a request that names a kind which is not there."""
ALWAYS_THERE = frozenset(("Node", "Pod", "PriorityClass"))
"""Kinds of `READ` of which every cluster has objects."""
ROLE = "llmstack-learn"
GROUP = "llmstack-learn"
"""The group that may read: whoever signs in for a workflow or by hand is put into it."""


def shows(kinds: frozenset[str], kind: str) -> bool:
    """Whether input with objects of these kinds shows all that there are of another kind of `READ`: it has some, or it
    is of the whole command and there are none."""
    return kind in kinds or kinds >= ALWAYS_THERE


def kubectl_command(read: Mapping[str, tuple[str, ...]], file: str) -> str:
    """The command that writes what is asked into a file; kinds of custom resources with their group."""
    names = [name if read is READ else f"{name}.{group}" for group, kinds in read.items() for name in kinds]
    return f"kubectl get {','.join(names)} --all-namespaces --output json > {file}"


def rbac() -> list[dict[str, Any]]:
    """A ClusterRole that reads what the command asks, no Secrets, and its binding to `GROUP`."""
    rules = [
        {"apiGroups": [group], "resources": list(kinds), "verbs": ["get", "list", "watch"]}
        for group, kinds in {**READ, **READ_WHERE_THERE}.items()
    ]
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": ROLE},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ROLE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}],
        },
    ]
