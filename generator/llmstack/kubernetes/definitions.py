"""API groups that a cluster has no definition of: the API server knows no kind of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from llmstack.kubernetes.pods import Object, value_at

_OWN = frozenset((
    "", "apps", "autoscaling", "batch", "policy", "admissionregistration.k8s.io", "apiextensions.k8s.io",
    "apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io",
    "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io",
    "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "storagemigration.k8s.io",
))  # fmt: skip
"""The groups that the API server has by itself (k8s.io/api)."""


def undefined_groups(
    before: Iterable[Object], after: Iterable[Object], definitions: Collection[str] | None
) -> frozenset[str]:
    """Return the groups of objects that come, of which neither the cluster nor the change has a definition.

    `definitions` are the names of the cluster's CustomResourceDefinitions, `<plural>.<group>`, or of its APIServices,
    `<version>.<group>`, of which it has one for each group; None where nobody looked. A group of which objects were
    there before is defined, and so is one that an APIService serves.
    """
    if definitions is None:
        return frozenset()
    objects = list(after)
    made = ("CustomResourceDefinition", "APIService")
    known = {name.partition(".")[2] for name in definitions} | {group_of(obj) for obj in before}
    known |= {str(value_at(obj, "spec", "group")) for obj in objects if obj.get("kind") in made}
    return frozenset(map(group_of, objects)) - _OWN - known


def is_built_in(group: str) -> bool:
    """Whether the API server has a group by itself, with the fields that its release knows."""
    return group in _OWN


def group_of(obj: Object) -> str:
    """The API group of an object; the core's is the empty text."""
    return str(obj.get("apiVersion")).rpartition("/")[0]
