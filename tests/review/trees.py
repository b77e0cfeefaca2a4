"""Trees of kustomizations and objects, as data."""

from __future__ import annotations

import json
from typing import Any

from llmstack import yamlio

Object = dict[str, Any]
Tree = dict[str, Object]


def kustomization(kind: str = "Kustomization", **fields: Any) -> Object:
    version = "v1alpha1" if kind == "Component" else "v1beta1"
    return {"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind} | fields


def thing(kind: str, name: str, api: str = "v1", labels: dict[str, str] | None = None, **fields: Any) -> Object:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name} | ({"labels": labels} if labels else {}),
    } | fields


def texts(tree: Tree) -> dict[str, str]:
    return {path: yamlio.dump(item) for path, item in tree.items()}


def canonical(objects: list[Object]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in objects)


def without_name(item: Object) -> Object:
    """As kustomize prints it, but for the name: empty annotations are dropped."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "name"}
    if not metadata.get("annotations", True):
        del metadata["annotations"]
    return item | {"metadata": metadata}
