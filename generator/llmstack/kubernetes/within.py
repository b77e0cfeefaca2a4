"""What stands inside an object of a kind that is not known here, found by its shape: pods, and whole objects.

A JobSet, a Workflow or a Rollout has pod templates where its own schema says; an Object of Crossplane or a ManifestWork
holds manifests that its controller applies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.kubernetes.pods import CONTAINER_LISTS, Object, pod_templates

_OF_PODS = (*CONTAINER_LISTS, "volumes")
_OF_HOST = ("hostNetwork", "hostPID", "hostIPC")
DATA = frozenset(("data", "stringData", "binaryData"))
"""Fields whose texts are nobody's pods, whatever they look like."""


def templates_within(obj: Object | None) -> Iterator[dict[str, Any]]:
    """Yield each pod template of an object, one that is a Pod too; of a kind that is not known, each map with a pod's
    lists or a container's image as the template that it would be."""
    known = [template for _, template in pod_templates(dict(obj or {}))]
    if known or obj is None or obj.get("kind") == "CustomResourceDefinition":
        return iter(known)
    return _shaped({key: value for key, value in obj.items() if key not in DATA}, {})


def objects_within(obj: Object | None) -> Iterator[dict[str, Any]]:
    """Yield the whole objects inside one, at any depth."""
    for each in _children(dict(obj or {})):
        texts = (each.get("apiVersion"), each.get("kind"))
        if all(isinstance(text, str) for text in texts) and isinstance(each.get("metadata"), dict):
            yield each
        yield from objects_within(each)


def _shaped(value: dict[str, Any], metadata: Any) -> Iterator[dict[str, Any]]:
    is_pod = any(isinstance(value.get(key), list) for key in _OF_PODS) or any(
        value.get(key) is True for key in _OF_HOST
    )
    if is_pod:
        yield {"metadata": metadata, "spec": value}
    elif isinstance(value.get("image"), str):
        yield {"metadata": metadata, "spec": {"containers": [value]}}
    for key, child in value.items():
        if not (is_pod and key in _OF_PODS):
            for each in _children({key: child}):
                yield from _shaped(each, value.get("metadata") if key == "spec" else {})


def _children(value: dict[str, Any] | list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the maps right below a map or a list, those in lists of it among them."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict):
            yield each
        elif isinstance(each, list):
            yield from _children(each)
