"""What the rules of a role let somebody do: what they give beyond their words, read as an attacker reads it, and what
a change of them takes away.

Kubernetes documentation, "Role Based Access Control Good Practices", "Privilege escalation risks". `*/exec` is `exec`
of everything (pkg/apis/rbac/v1/evaluation_helpers.go, ResourceMatches).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from llmstack.kubernetes.pods import Object, maps

_ANY = "*"
_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs", "replicationcontrollers")
_RUNNERS = ("argoproj.io", "jobset.x-k8s.io", "keda.sh", "kubeflow.org", "leaderworkerset.x-k8s.io", "ray.io")
_RUN = (
    "rollouts", "workflows", "cronworkflows", "jobsets", "scaledjobs", "mpijobs", "pytorchjobs", "leaderworkersets",
    "rayclusters", "rayjobs", "rayservices",
)  # fmt: skip
"""The groups and kinds of controllers that make pods of what stands in an object."""
_SYNC = ("argoproj.io", "helm.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io")
_SYNCED = ("applications", "applicationsets", "helmreleases", "kustomizations")
_POWERS: tuple[tuple[str, Collection[str], Collection[str], Collection[str]], ...] = (
    ("read every Secret of its namespace", ("",), ("secrets",), ("get", "list", "watch")),
    ("run pods of its own there", ("",), ("pods",), ("create",)),
    ("run pods of its own there", ("apps", "batch", ""), _WORKLOADS, ("create", "update", "patch")),
    ("run pods of its own there", _RUNNERS, _RUN, ("create", "update", "patch")),
    ("apply objects with the rights of the sync tool", _SYNC, _SYNCED, ("create", "update", "patch")),
    ("run commands in pods", ("",), ("pods/exec", "pods/attach", "*/exec", "*/attach"), ("create", "get")),
    ("run commands in pods", ("",), ("pods/ephemeralcontainers", "*/ephemeralcontainers"), ("update", "patch")),
    ("get tokens of service accounts", ("",), ("serviceaccounts/token", "*/token"), ("create",)),
    ("act as somebody else", ("",), ("users", "groups", "serviceaccounts"), ("impersonate",)),
    ("give more than it has", ("rbac.authorization.k8s.io",), ("roles", "clusterroles"), ("escalate", "bind")),
)
"""What it comes to, and the API groups, resources and verbs that lead there. To patch a pod is not to run one: of its
containers only the image may change."""


def allows_everything(role: Object) -> bool:
    """Whether a role gives every verb on every resource."""
    return any(_ANY in _texts(rule, "verbs") and _ANY in _texts(rule, "resources") for rule in maps(role.get("rules")))


def powers_of(role: Object) -> list[str]:
    """What a role lets whom it is bound to do beyond its words, each once; nothing for one that names its objects."""
    return list(dict.fromkeys(_powers(role)))


def _powers(role: Object) -> Iterator[str]:
    rules = [rule for rule in maps(role.get("rules")) if not rule.get("resourceNames")]
    for power, groups, resources, verbs in _POWERS:
        asked = {"apiGroups": groups, "resources": resources, "verbs": verbs}
        if any(all(_gives(rule, key, wanted) for key, wanted in asked.items()) for rule in rules):
            yield power


def lost_of(before: Object, after: Object) -> tuple[str, ...]:
    """What a role allowed and no longer does, `list pods` each; a rule that names its objects is told as one of all."""
    rules = list(maps(after.get("rules")))
    lost = {
        f"{verb} {resource}"
        for rule in maps(before.get("rules"))
        for group in _texts(rule, "apiGroups")
        for resource in _texts(rule, "resources")
        for verb in _texts(rule, "verbs")
        if not any(_covers(each, (group, resource, verb), _texts(rule, "resourceNames")) for each in rules)
    }
    return tuple(sorted(lost))


def _covers(rule: Object, asked: tuple[str, str, str], names: Collection[str]) -> bool:
    """Whether a rule allows a verb on a resource of a group, on the named objects, or on all where none is named."""
    keys = zip(("apiGroups", "resources", "verbs"), asked, strict=True)
    own = _texts(rule, "resourceNames")
    return all(_gives(rule, key, (each,)) for key, each in keys) and (not own or (bool(names) and own >= set(names)))


def _gives(rule: Object, key: str, wanted: Collection[str]) -> bool:
    stated = _texts(rule, key)
    return _ANY in stated or not stated.isdisjoint(wanted)


def _texts(rule: Object, key: str) -> set[str]:
    stated: Any = rule.get(key)
    return {each for each in stated if isinstance(each, str)} if isinstance(stated, list) else set()
