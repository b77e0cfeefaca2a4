"""What an object grants others: rights by RBAC, and kinds that stand between a cluster and who uses it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.roles import allows_everything, powers_of
from llmstack.kubernetes.untyped import mapping, sequence

RBAC = "rbac.authorization.k8s.io/"
_ADMIN = "cluster-admin"
_EVERYBODY = frozenset(("system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"))
_IN_BETWEEN = {
    "MutatingWebhookConfiguration": "a program of its choice changes what is written to the cluster",
    "ValidatingWebhookConfiguration": "a program of its choice sees and refuses what is written to the cluster",
    "MutatingAdmissionPolicy": "it changes what is written to the cluster",
    "MutatingAdmissionPolicyBinding": "it says where a policy changes what is written to the cluster",
    "ValidatingAdmissionPolicy": "it says what the cluster refuses",
    "ValidatingAdmissionPolicyBinding": "it says where a policy refuses what is written to the cluster",
    "FlowSchema": "it says whose calls the API server answers first, and whose wait",
    "PriorityLevelConfiguration": "it says how many calls the API server answers, and how many wait",
    "APIService": "a program of its choice answers for a part of the cluster's API",
    "CertificateSigningRequest": "it asks for a certificate, which may name any user",
}
"""Kinds of the whole cluster that stand between it and who uses it, and what each does."""
_ENGINES = ("kyverno.io", "gatekeeper.sh")
"""The domains of policy engines' API groups: what these decide on is written in objects of theirs."""


_GUARDS = ("security.istio.io", "cilium.io", "projectcalico.org")
"""The domains of API groups whose policies say which calls pass: of a mesh (Istio, "Security") and of networks."""

_TOKEN = "automountServiceAccountToken"
"""Whether pods get the token of their account: said of a ServiceAccount, or of the pods themselves."""


def said_of_unguarded(before: Object | None, after: Object | None) -> str | None:
    """What an object that goes or changes kept out, or refused, and perhaps does no more; None where that was nothing
    of the kind."""
    if before is None:
        return None
    if after is not None and before.get(_TOKEN) is False and after.get(_TOKEN) is not False:
        return f"pods that run as it get its token from now on, where they do not say otherwise (`{_TOKEN}`)"
    guards = group_of(before).endswith(_GUARDS)
    if after is not None:
        is_same = not guards or before.get("spec") == after.get("spec")
        return None if is_same else "it says otherwise which calls pass: see that it lets in none that it kept out"
    if guards:
        return "it goes: what it said of the calls that pass holds no more"
    if group_of(before) != "admissionregistration.k8s.io":
        return None
    return "it goes: what it changed or refused is written to the cluster as it stands"


def grants_of(object: Object) -> tuple[Any, ...]:
    """What of an object decides on what it grants, for comparing two."""
    labels = mapping(mapping(object.get("metadata")).get("labels"))
    added_to = {label for label in labels if str(label).startswith(f"{RBAC}aggregate-to-")}
    return (
        *(object.get(key) for key in ("roleRef", "subjects", "rules", "aggregationRule", "webhooks", "spec")),
        added_to,
    )


def said_of_granted(object: Object, strong: Collection[str] = (), *, of_cluster: bool) -> str | None:
    """What an object allows; None for what allows nothing, or in a unit nothing beyond a namespace."""
    kind = str(object.get("kind"))
    if kind == "CustomResourceDefinition" and value_at(object, "spec", "conversion", "strategy") == "Webhook":
        return "a program of its choice reads and rewrites every object of its kind (`conversion`)"
    if kind in _IN_BETWEEN and ".k8s.io/" in str(object.get("apiVersion")):
        return _IN_BETWEEN[kind]
    if group_of(object).endswith(_ENGINES):
        return "a policy engine changes or refuses by it what is written to the cluster, or lets it pass"
    if str(object.get("apiVersion")).startswith(RBAC):
        powers = powers_of(object)
        is_much = powers or (kind == "RoleBinding" and _gives_much(object, strong))
        if not (of_cluster or kind.startswith("Cluster") or is_admin(object) or is_much):
            return None
        if kind.endswith("Binding"):
            role = mapping(object.get("roleRef"))
            subjects = ", ".join(
                f"{each.get('kind')} `{each.get('name')}`" for each in map(mapping, sequence(object.get("subjects")))
            )
            return f"it gives {role.get('kind')} `{role.get('name')}` to {subjects or 'nobody'}"
        if kind == "Role" and not is_admin(object) and powers:
            return f"it lets whom it is bound to {', '.join(powers)}"
        return "it allows everything" if is_admin(object) else f"it makes rights that a binding can give: {kind}"
    return None


def is_admin(object: Object) -> bool:
    """Whether it gives cluster-admin, or every verb on every resource."""
    return mapping(object.get("roleRef")).get("name") == _ADMIN or allows_everything(object)


def _gives_much(binding: Object, strong: Collection[str]) -> bool:
    """Whether a binding of a unit gives a role of the whole cluster that does more than look, one of the roles that are
    there and lead further, or anything to everybody."""
    role = mapping(binding.get("roleRef"))
    subjects = {str(each.get("name")) for each in map(mapping, sequence(binding.get("subjects")))}
    beyond = role.get("kind") == "ClusterRole" and role.get("name") != "view"
    return beyond or str(role.get("name")) in strong or not subjects.isdisjoint(_EVERYBODY)
