"""What the LoRA controller may do: its ServiceAccount, and cluster-wide roles (those of the chart)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.model.stack import Stack
from llmstack.objects import names
from llmstack.objects.metadata import metadata

GROUP = "rbac.authorization.k8s.io"
READ = ["get", "list", "watch"]
ALL = [*READ, "create", "update", "patch", "delete"]


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


CONTROLLER = (
    _rule("apiextensions.k8s.io", ["customresourcedefinitions"], ALL),
    _rule("production-stack.vllm.ai", ["loraadapters"], ALL),
    _rule("production-stack.vllm.ai", ["loraadapters/status"], ["get", "update", "patch"]),
    _rule("", ["pods", "events", "secrets"], [*READ, "update", "patch"]),
)
LEADER_ELECTION = (
    _rule("", ["configmaps"], ALL),
    _rule("coordination.k8s.io", ["leases"], ALL),
    _rule("", ["events"], ["create", "patch"]),
)


def rights(stack: Stack, own: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Account, roles and bindings by slot. What belongs to the cluster says in its name whose it is."""
    account = metadata(stack, names.lora_controller(stack), own)
    found: dict[str, dict[str, Any]] = {
        "serviceaccount-lora-controller": {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}
    }
    for slot, role, binding, rules in (
        ("lora-controller", "lora-controller", "lora-controller", CONTROLLER),
        ("leader-election", "leader-election-role", "leader-election-rolebinding", LEADER_ELECTION),
    ):
        role_name = names.cluster_wide(stack, role)
        found[f"clusterrole-{slot}"] = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role_name, "labels": dict(own)},
            "rules": list(rules),
        }
        found[f"clusterrolebinding-{slot}"] = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": names.cluster_wide(stack, binding), "labels": dict(own)},
            "subjects": [_account(stack)],
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role_name},
        }
    return found


def _account(stack: Stack) -> dict[str, str]:
    name = names.lora_controller_account(stack)
    return {"kind": "ServiceAccount", "name": name, "namespace": stack.gitops.namespace}
