"""What pods may do beyond their own sandbox: the host's namespaces, paths and devices, and code that a model brings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from llmstack.kubernetes.pod_standards import annotated, breaches
from llmstack.kubernetes.pods import Object, containers, maps, pod_specs, pod_templates, value_at

_NAMED = frozenset(("volumes", "capabilities"))
"""What is told by itself: a path by its name, and capabilities that `baseline` allows too."""
_TRUST = re.compile(r"(?<![\w-])--trust[-_]rem[\w-]*(?!\S*=\s*[Ff]alse)")
"""vLLM's flag, as far as argparse completes it."""


def rights_of(obj: Object | None) -> frozenset[str]:
    """What the pods of an object have beyond the Pod Security Standard `baseline`, and those that claim a volume, each
    in words."""
    rights = [right for _, spec in pod_specs(dict(obj or {})) for right in _of_pod(spec)]
    rights += [breach.what for _, template in pod_templates(dict(obj or {})) for breach in annotated(template)]
    if obj is not None and obj.get("kind") == "PersistentVolume":
        paths = (value_at(obj, "spec", source, "path") for source in ("hostPath", "local"))
        rights += [f"the host's `{path}`" for path in paths if path]
    return frozenset(rights)


def trusts_remote_code(obj: Object | None) -> bool:
    """Whether a container of the object is told to run the code that comes with a model (`--trust-remote-code`)."""
    words = (word for container in _containers(obj) for word in _words(container))
    return any(_TRUST.search(word) for word in words)


def images_of(obj: Object | None) -> Iterator[str]:
    """Yield the image of each container."""
    return (image for container in _containers(obj) if isinstance(image := container.get("image"), str))


def accounts_of(obj: Object | None) -> frozenset[str]:
    """The ServiceAccounts as which the pods of an object run."""
    specs = (spec for _, spec in pod_specs(dict(obj or {})))
    return frozenset(str(spec.get("serviceAccountName") or spec.get("serviceAccount") or "default") for spec in specs)


def doors_of(obj: Object | None) -> frozenset[str]:
    """The ways in which a Service is reached from outside the cluster (kubernetes.io, "Service")."""
    if obj is None or (obj.get("apiVersion"), obj.get("kind")) != ("v1", "Service"):
        return frozenset()
    kinds = {str(value_at(obj, "spec", "type"))} & {"LoadBalancer", "NodePort"}
    addresses = value_at(obj, "spec", "externalIPs")
    return frozenset(kinds | {f"externalIPs {each}" for each in (addresses if isinstance(addresses, list) else ())})


def _containers(obj: Object | None) -> Iterator[dict[str, Any]]:
    return (container for _, spec in pod_specs(dict(obj or {})) for _, _, container in containers(spec))


def _words(container: dict[str, Any]) -> Iterator[str]:
    for key in ("command", "args"):
        stated = container.get(key)
        yield from (word for word in (stated if isinstance(stated, list) else ()) if isinstance(word, str))


def is_restricted(obj: Object | None) -> bool | None:
    """Whether the pods of an object keep to the Pod Security Standard `restricted`; None for what has none."""
    pods = [each for _, each in pod_templates(dict(obj or {})) if isinstance(each.get("spec"), dict)]
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
