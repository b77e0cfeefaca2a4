"""`extraObjects`: further Kubernetes objects, as they are, in a unit that sets no namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from llmstack.kubernetes.scopes import stands_outside
from llmstack.model.stack import Stack
from llmstack.objects.placed import Placed, place

UNIT = "extra"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the extra objects, their namespace written out; a Secret is never written."""
    taken: set[str] = set()
    for stated in _single(stack.extra_objects or []):
        if is_object(stated) and stated["kind"] != "Secret":
            slot = _slot(stated, taken)
            taken.add(slot)
            yield place(UNIT, _with_namespace(stack, stated), slot)


def _single(objects: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects one by one: a List is what it holds, as for kubectl and kustomize."""
    for stated in objects:
        if isinstance(stated, dict) and stated.get("kind") == "List":
            yield from _single(stated.get("items") or [])
        elif isinstance(stated, dict):
            yield stated


def is_object(stated: dict[str, Any]) -> bool:
    """Whether it can be told from others: it has apiVersion, kind and a name."""
    metadata = stated.get("metadata")
    named = isinstance(metadata, dict) and isinstance(metadata.get("name"), str) and bool(metadata["name"])
    return named and all(isinstance(stated.get(key), str) and stated[key] for key in ("apiVersion", "kind"))


def _with_namespace(stack: Stack, stated: dict[str, Any]) -> dict[str, Any]:
    metadata = dict(stated["metadata"])
    if not stands_outside(stated) and not metadata.get("namespace"):
        metadata["namespace"] = stack.gitops.namespace
    return {**stated, "metadata": metadata}


def _slot(stated: dict[str, Any], taken: set[str]) -> str:
    """A file name from kind and name; a number where two objects of several groups or namespaces share it."""
    words = re.findall(r"[a-z0-9]+", f"{stated['kind']}-{stated['metadata']['name']}".lower())
    slot = "-".join(words)
    number = 2
    candidate = slot
    while candidate in taken:
        candidate, number = f"{slot}-{number}", number + 1
    return candidate
