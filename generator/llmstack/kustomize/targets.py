"""Which objects a patch of a kustomization is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from llmstack.kustomize.merge import Unsupported
from llmstack.kustomize.references import Resource

_FIELDS = {"group", "version", "kind", "name", "labelSelector"}
_PLAIN = re.compile(r"[A-Za-z0-9-]*(?:(?:\\?\.|\.[*+]|\|)[A-Za-z0-9-]*)*")
"""Regular expressions that Go and Python read alike: letters, dots, `.*`, `.+` and alternatives."""
_MOST_REPEATED = 3
"""How many `.*` there may be in one: a match takes longer by as many powers."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9./_-]+)\s*==?\s*([A-Za-z0-9._-]*)\s*")


def parse_target(target: Any) -> Callable[[Resource], bool]:
    """A test of one resource for `patches[].target`; raises `Unsupported` on selectors beyond equality.

    A name counts when it is the object's own or its first one, before any patch renamed it. Names and kinds
    are regular expressions to kustomize, anchored at both ends (api, `types/selector.go`,
    `resmap/reswrangler.go`).
    """
    if not isinstance(target, Mapping) or target.keys() - _FIELDS:
        raise Unsupported(f"a patch's target: {target!r}")
    patterns = {key: _pattern(target[key]) for key in ("group", "version", "kind", "name") if target.get(key)}
    labels = _parse_labels(target.get("labelSelector") or "")

    def select(resource: Resource) -> bool:
        group, _, version = resource.object["apiVersion"].rpartition("/")
        name = resource.object["metadata"]["name"]
        actual = {
            "group": (group,),
            "version": (version,),
            "kind": (resource.object["kind"],),
            "name": (name, *resource.former[:1]),
        }
        if not all(any(pattern.fullmatch(text) for text in actual[key]) for key, pattern in patterns.items()):
            return False
        own = resource.object["metadata"].get("labels") or {}
        return all(own.get(key) == value for key, value in labels.items())

    return select


def _pattern(text: Any) -> re.Pattern[str]:
    if not isinstance(text, str) or not _PLAIN.fullmatch(text) or text.count("*") + text.count("+") > _MOST_REPEATED:
        raise Unsupported(f"a patch's target: {text!r}")
    return re.compile(text)


def _parse_labels(selector: Any) -> dict[str, str]:
    """`a=b,c=d` as a map."""
    labels: dict[str, str] = {}
    for part in selector.split(",") if isinstance(selector, str) and selector else ():
        match = _REQUIREMENT.fullmatch(part)
        if match is None or match[1] in labels:
            raise Unsupported(f"a label selector: {selector}")
        labels[match[1]] = match[2]
    if not isinstance(selector, str):
        raise Unsupported(f"a label selector: {selector!r}")
    return labels
