"""What pods may do beyond their own sandbox: the host's namespaces, paths and devices, nodes of the control plane, and
code that a model brings. Pods of any kind: what a controller that nobody knows here makes of an object has the pods
that stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from llmstack.kubernetes.pod_standards import annotated, breaches
from llmstack.kubernetes.pods import Object, containers, maps, value_at
from llmstack.kubernetes.within import templates_within

_NAMED = frozenset(("volumes", "capabilities"))
"""What is told by itself: a path by its name, and capabilities that `baseline` allows too."""
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
"""The taints of its nodes (kubernetes.io, "Well-Known Labels, Annotations and Taints")."""
_ASKED = {
    "iam.amazonaws.com/role": "the cloud's role",
    "aadpodidbinding": "the cloud's identity",
    "vault.hashicorp.com/role": "what a vault shows the role",
    "k8s.v1.cni.cncf.io/networks": "the network",
}
"""Annotations and labels of pods by which controllers give them more, and what that is (kube2iam, README; Azure AD Pod
Identity, "Concepts"; Vault Agent Injector, "Annotations"; Multus, "How to use")."""
_SIDECAR = "sidecar.istio.io/inject"
"""Whether the mesh's proxy, which holds its policies, stands before a pod (Istio, "Resource Annotations")."""
_SANDBOX = re.compile(r"gvisor|runsc|kata|firecracker|sysbox")
_TRUST = re.compile(r"(?<![\w-])--trust[-_]rem[\w-]*(?!\S*=\s*[Ff]alse)")
"""vLLM's flag, as far as argparse completes it."""
_MEDIA = re.compile(r"(?<![\w-])--allowed[-_]media[-_]domains[=\s]((?:(?!--)\S+\s?)+)")


def rights_of(obj: Object | None) -> frozenset[str]:
    """What the pods of an object have beyond the Pod Security Standard `baseline`, and those that claim a volume, each
    in words."""
    templates = list(templates_within(obj))
    rights = [right for spec in _specs(templates) for right in _of_pod(spec)]
    rights += [breach.what for template in templates for breach in annotated(template)]
    rights += [right for template in templates for right in _asked_for(template)]
    if obj is not None and obj.get("kind") == "PersistentVolume":
        paths = (value_at(obj, "spec", source, "path") for source in ("hostPath", "local"))
        rights += [f"the host's `{path}`" for path in paths if path]
    if obj is not None and str(obj.get("apiVersion")).startswith("resource.k8s.io/") and _is_admin_of_devices(obj):
        rights.append("devices that others hold (`adminAccess: true`)")
    return frozenset(rights)


def guards_of(obj: Object | None) -> frozenset[str]:
    """What keeps the pods of an object from the node and the API server: `restricted`, a user namespace, no token, a
    RuntimeClass that is known for a kernel or a machine of its own (its name says so: gVisor, Kata Containers, …); each
    in words."""
    specs = list(_specs(templates_within(obj)))
    guards = {"kept to the Pod Security Standard `restricted`"} if is_restricted(obj) else set()
    if specs and all(spec.get("hostUsers") is False for spec in specs):
        guards.add("had a user namespace of their own (`hostUsers: false`)")
    if specs and all(spec.get("automountServiceAccountToken") is False for spec in specs):
        guards.add("had no token of their account (`automountServiceAccountToken: false`)")
    classes = [str(spec.get("runtimeClassName")) for spec in specs]
    if classes and all(map(_SANDBOX.search, classes)):
        guards.add("ran in a sandbox (their `runtimeClassName`)")
    return frozenset(guards)


def trusts_remote_code(obj: Object | None) -> bool:
    """Whether a container of the object is told to run the code that comes with a model (`--trust-remote-code`)."""
    words = (word for container in _containers(obj) for word in _words(container))
    return any(_TRUST.search(word) for word in words)


def media_of(obj: Object | None) -> frozenset[str]:
    """The hosts from which alone callers may have the containers of an object fetch (`--allowed-media-domains`; vLLM,
    multimodal/media/connector.py: without it from all)."""
    given = (_MEDIA.search(" ".join(_words(container))) for container in _containers(obj))
    return frozenset(host for each in given if each is not None for host in each[1].split())


def images_of(obj: Object | None) -> Iterator[str]:
    """Yield the image of each container, and of each volume that is one."""
    specs = list(_specs(templates_within(obj)))
    found = chain(
        (container.get("image") for spec in specs for _, _, container in containers(spec)),
        (value_at(volume, "image", "reference") for spec in specs for volume in maps(spec.get("volumes"))),
    )
    return (image for image in found if isinstance(image, str))


def accounts_of(obj: Object | None) -> frozenset[str]:
    """The ServiceAccounts as which the pods of an object run."""
    specs = _specs(templates_within(obj))
    return frozenset(str(spec.get("serviceAccountName") or spec.get("serviceAccount") or "default") for spec in specs)


def _specs(templates: Iterable[Any]) -> Iterator[dict[str, Any]]:
    return (each["spec"] for each in templates if isinstance(each.get("spec"), dict))


def _containers(obj: Object | None) -> Iterator[dict[str, Any]]:
    return (container for spec in _specs(templates_within(obj)) for _, _, container in containers(spec))


def _words(container: dict[str, Any]) -> Iterator[str]:
    for key in ("command", "args"):
        stated = container.get(key)
        yield from (word for word in (stated if isinstance(stated, list) else ()) if isinstance(word, str))


def is_restricted(obj: Object | None) -> bool | None:
    """Whether the pods of an object keep to the Pod Security Standard `restricted`; None for what has none."""
    pods = [each for each in templates_within(obj) if isinstance(each.get("spec"), dict)]
    beyond = (next(chain(breaches(each["spec"], restricted=True), annotated(each)), None) for each in pods)
    return not any(beyond) if pods else None


def _of_pod(spec: dict[str, Any]) -> Iterator[str]:
    for breach in breaches(spec, restricted=False):
        if not _NAMED.intersection(breach.route):
            yield breach.what
    for volume in maps(spec.get("volumes")):
        if "hostPath" in volume:
            yield f"the host's `{value_at(volume, 'hostPath', 'path')}`"
    for _, _, container in containers(spec):
        added = value_at(container.get("securityContext"), "capabilities", "add")
        yield from (f"capability `{each}`" for each in (added if isinstance(added, list) else ()))
    if spec.get("nodeName"):
        yield "a node of their choice, whatever taints keep them off it (`nodeName`)"
    borne = (each for each in maps(spec.get("tolerations")) if each.get("effect") in (None, "", "NoSchedule"))
    keys = {str(each.get("key") or "") for each in borne}
    if not keys.isdisjoint(("", *_CONTROL_PLANE)):
        yield "a place on nodes of the control plane (`tolerations`)"


def _asked_for(template: Object) -> Iterator[str]:
    """What the labels and annotations of pods ask controllers of the cluster for."""
    for field in ("annotations", "labels"):
        stated = value_at(dict(template), "metadata", field)
        for name, what in _ASKED.items() if isinstance(stated, dict) else ():
            if stated.get(name):
                yield f"{what} `{stated[name]}` (`{name}`)"
        if isinstance(stated, dict) and str(stated.get(_SIDECAR)).lower() == "false":
            yield f"a place outside the mesh (`{_SIDECAR}: {stated[_SIDECAR]}`)"


def _is_admin_of_devices(obj: Object) -> bool:
    """Whether a claim, or a template of claims, asks for devices beside those that hold them (k8s.io/api/resource,
    `DeviceRequest.adminAccess`, under `exactly` since v1beta2)."""
    spec = value_at(obj, "spec", "spec") or value_at(obj, "spec")
    requests = maps(value_at(spec, "devices", "requests"))
    return any(each.get("adminAccess") or value_at(each, "exactly", "adminAccess") for each in requests)
