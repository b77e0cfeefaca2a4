"""What kustomize does to objects beyond patches: namespaces, and the names by which objects refer to one
another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kustomize.merge import Unsupported

_RBAC = "rbac.authorization.k8s.io"
CLUSTER_SCOPED = {
    "CSIDriver": "storage.k8s.io",
    "CSINode": "storage.k8s.io",
    "CertificateSigningRequest": "certificates.k8s.io",
    "ClusterRole": _RBAC,
    "ClusterRoleBinding": _RBAC,
    "ComponentStatus": "",
    "IngressClass": "networking.k8s.io",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io",
    "Namespace": "",
    "Node": "",
    "PersistentVolume": "",
    "PriorityClass": "scheduling.k8s.io",
    "RuntimeClass": "node.k8s.io",
    "StorageClass": "storage.k8s.io",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io",
    "VolumeAttachment": "storage.k8s.io",
}
"""Kinds, and their API groups, that kustomize knows to have no namespace (kyaml, `openapi/openapi.go`);
version v1."""

BINDINGS = ("RoleBinding", "ClusterRoleBinding")
"""Kinds whose subjects the namespace transformer fills."""

_UNKNOWN_WITH_NAMESPACE = {
    "APIService", "CustomResourceDefinition", "FlowSchema", "PriorityLevelConfiguration", "PodSecurityPolicy",
}  # fmt: skip
"""Kinds into which the namespace transformer writes more than metadata, or knows in other versions."""

_REFERENCES: dict[str, set[tuple[str, str]]] = {
    "ConfigMap": {
        ("configMap", "name"), ("configMapKeyRef", "name"), ("configMapRef", "name"),
        ("rules", "resourceNames"),
        ("annotations", "nginx.ingress.kubernetes.io/fastcgi-params-configmap"),
    },
    "Deployment": {("scaleTargetRef", "name")},
    "IngressClass": {("spec", "ingressClassName")},
    "PersistentVolume": {("spec", "volumeName"), ("rules", "resourceNames")},
    "PersistentVolumeClaim": {("persistentVolumeClaim", "claimName")},
    "PriorityClass": {("spec", "priorityClassName")},
    "ReplicaSet": {("scaleTargetRef", "name")},
    "Role": {("roleRef", "name")},
    "ClusterRole": {("roleRef", "name")},
    "Secret": {
        ("secret", "secretName"), ("secret", "name"), ("secretKeyRef", "name"), ("secretRef", "name"),
        ("imagePullSecrets", "name"), ("tls", "secretName"), ("azureFile", "secretName"),
        ("rules", "resourceNames"),
        ("annotations", "ingress.kubernetes.io/auth-secret"),
        ("annotations", "nginx.ingress.kubernetes.io/auth-secret"),
        ("annotations", "nginx.ingress.kubernetes.io/auth-tls-secret"),
    },
    "Service": {
        ("spec", "serviceName"), ("backend", "serviceName"), ("service", "name"),
    },
    "ServiceAccount": {("spec", "serviceAccountName"), ("subjects", "name")},
    "StatefulSet": {("scaleTargetRef", "name")},
    "StorageClass": {("spec", "storageClassName")},
}  # fmt: skip
"""By kind: the fields, with the field they stand in, by which objects refer to it by name, and which
kustomize follows when it is renamed (api, `internal/konfig/builtinpluginconsts/namereference.go`)."""

_KINDS_AT: Mapping[tuple[str, str], tuple[str, ...]] = {
    place: tuple(kind for kind, places in _REFERENCES.items() if place in places)
    for place in {place for places in _REFERENCES.values() for place in places}
}
"""By field, with the field it stands in: the kinds it may name."""


def named_kind(holder: str, field: str, stated: object) -> str | None:
    """The kind of the object that a field names; of several that it may name, the one that `kind` beside it states."""
    kinds = _KINDS_AT.get((holder, field), ())
    return kinds[0] if len(kinds) == 1 else next((kind for kind in kinds if kind == stated), None)


class Resource(Struct, frozen=True):
    """An object on its way through a build.

    `former` holds the names under which it was seen, oldest first: kustomize notes one where a patch may
    rename an object and where a namespace is set, and only objects with such a note are found by references.
    """

    object: dict[str, Any]
    former: tuple[str, ...] = ()


def object_id(item: dict[str, Any]) -> tuple[str, str, str, str]:
    """API version, kind, namespace and name. No namespace and `default` are one, as they are to kustomize."""
    metadata = item["metadata"]
    return item["apiVersion"], item["kind"], metadata.get("namespace") or "default", metadata["name"]


def set_namespace(resource: Resource, namespace: str) -> Resource:
    """The resource as the `namespace` of a kustomization leaves it.

    It overwrites a namespace that the object states, spares kinds known to have none, renames a Namespace,
    and fills in subjects named `default` of role bindings (api, `filters/namespace/namespace.go`).
    """
    item, kind = resource.object, resource.object["kind"]
    group, _, version = item["apiVersion"].rpartition("/")
    if kind in _UNKNOWN_WITH_NAMESPACE or (CLUSTER_SCOPED.get(kind) == group and version != "v1"):
        raise Unsupported(f"the namespace of a {kind} of {item['apiVersion']}")
    metadata = item["metadata"]
    if CLUSTER_SCOPED.get(kind) != group:
        item = item | {"metadata": metadata | {"namespace": namespace}}
    elif kind == "Namespace":
        item = item | {"metadata": metadata | {"name": namespace}}
    if kind in BINDINGS:
        item = item | _subjects(item, {"default"}, namespace)
    return replace(resource, object=item, former=(*resource.former, metadata["name"]))


def _subjects(item: dict[str, Any], names: set[str], namespace: str) -> dict[str, Any]:
    """`subjects` of a role binding, with the namespace on those that have one of the names."""
    subjects = item.get("subjects")
    if not subjects:
        return {}
    if not isinstance(subjects, list) or not all(isinstance(each, dict) and each.get("name") for each in subjects):
        raise Unsupported("subjects of a role binding without names")
    filled = [each | {"namespace": namespace} if each["name"] in names else each for each in subjects]
    return {"subjects": filled}


def resolve_references(resources: tuple[Resource, ...]) -> list[dict[str, Any]]:
    """The objects, with the namespaces of service accounts filled into role bindings.

    A reference by a name that an object of the build had before it was renamed raises `Unsupported`:
    kustomize would follow it to the new name.
    """
    renamed: dict[str, set[str]] = {}
    for resource in resources:
        name = resource.object["metadata"]["name"]
        if old := {former for former in resource.former if former != name}:
            renamed.setdefault(resource.object["kind"], set()).update(old)
    for kind, names in renamed.items():
        fields = _REFERENCES.get(kind, set())
        for resource in resources if fields else ():
            if any((parent, key) in fields and text in names for parent, key, text in _texts(resource.object)):
                raise Unsupported(f"a reference to a {kind} by the name it had before it was renamed")
    accounts = [
        each.object
        for each in resources
        if each.object["kind"] == "ServiceAccount" and each.object["metadata"]["name"] in each.former
    ]
    return [_bind(resource.object, accounts) for resource in resources]


def _texts(value: Any, parent: str = "", key: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text of an object, with its key and the key above; items of a list count as the list."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, key, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, parent, key)
    elif isinstance(value, str):
        yield parent, key, value


def _bind(item: dict[str, Any], accounts: list[dict[str, Any]]) -> dict[str, Any]:
    """A role binding with the namespace of each service account of this build that it names.

    Kustomize does not look at a subject's kind, and takes a subject in the namespace `default` for one
    without.
    """
    if item["kind"] not in BINDINGS:
        return item
    for account in accounts:
        name, namespace = account["metadata"]["name"], account["metadata"].get("namespace")
        stated = [each.get("namespace") for each in item.get("subjects") or () if each.get("name") == name]
        if any(each not in (None, namespace) for each in stated):
            raise Unsupported("a subject of a role binding in another namespace than its service account")
        if stated and namespace:
            item = item | _subjects(item, {name}, namespace)
    return item
