"""Where one object names another, as kustomize follows it.

When a patch renames an object, kustomize rewrites the references to it in the same build by itself (its name reference
transformer, api/internal/konfig/builtinpluginconsts/namereference.go), and its namespace transformer fills the subjects
of a binding whose service account is in the same build. A patch that stated the same would be idle, so the difference
is taken against the parent with its references already rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmstack.kustomize.references import BINDINGS, named_kind

Renames = Mapping[tuple[str, str], str]
"""(kind, old name) → new name."""

_FOLLOWED = frozenset(
    (
        "Deployment",
        *BINDINGS,
        "Ingress",
        "HorizontalPodAutoscaler",
        "PersistentVolumeClaim",
    )
)
"""Kinds whose references kustomize knows; custom resources are not among them."""


def rewrite(object: dict[str, Any], renames: Renames) -> dict[str, Any]:
    """`object` with its references as kustomize leaves them after the renames."""
    if not renames or object["kind"] not in _FOLLOWED:
        return object
    rewritten = _rewrite(object, "", lambda kind, name: renames.get((kind, name), name))
    return {**rewritten, "metadata": object["metadata"]}


def references(object: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """(kind, name) of every object that `object` names where kustomize follows it."""
    found: set[tuple[str, str]] = set()

    def collect(kind: str, name: str) -> str:
        found.add((kind, name))
        return name

    if object["kind"] in _FOLLOWED:
        _rewrite(object, "", collect)
    return frozenset(found)


def _rewrite(value: Any, holder: str, rename: Callable[[str, str], str]) -> Any:
    if isinstance(value, list):
        return [_rewrite(item, holder, rename) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: _rewrite(item, key, rename) for key, item in value.items()}
    for field, name in value.items():
        kind = named_kind(holder, field, value.get("kind")) if isinstance(name, str) else None
        if kind is not None:
            result[field] = rename(kind, name)
    return result


def without_namespace(object: dict[str, Any], accounts: frozenset[str]) -> dict[str, Any]:
    """The object as the tree holds it: the unit's kustomization states the namespace.

    `accounts` are the service accounts of the same unit, whose namespace kustomize fills into bindings.
    """
    metadata = {key: value for key, value in object["metadata"].items() if key != "namespace"}
    result = {**object, "metadata": metadata}
    if object["kind"] in BINDINGS and object.get("subjects"):
        result["subjects"] = [
            {key: value for key, value in subject.items() if key != "namespace" or subject["name"] not in accounts}
            for subject in object["subjects"]
        ]
    return result
