"""The difference between two objects as a strategic merge patch, in the form kustomize builds exactly.

What Kubernetes would merge (env, volumes, ports, mounts) kustomize merges by key and puts in another order, so a list
that differs is replaced whole (`$patch: replace` where the list has a key); only containers are merged, by name, when
both sides name the same ones in the same order. Label and annotation maps that lose a key are replaced, other maps say
null for it: kustomize would write a label set to null as the text "null". A map in which text becomes a number is
replaced too: kustomize would keep the quotes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.kustomize.merge import DIRECTIVE, merge_keys, merge_patch

Object = dict[str, Any]
Path = tuple[str, ...]

_CONTAINERS = frozenset(("containers", "initContainers"))
_LABELS = frozenset(("labels", "annotations"))
_SAME = object()


class NotExpressible(ValueError):
    """No patch builds to the goal exactly; the object has to be written whole."""


def difference(before: Object, after: Object) -> Object | None:
    """The patch that makes `after` of `before`, None when nothing differs.

    It carries apiVersion, kind and the final name; namespaces are not compared. Raises `NotExpressible` when kustomize
    could not build `after` from it. `before` has passed `check_keys`.
    """
    kind = (str(before["apiVersion"]), str(before["kind"]))
    if (after["apiVersion"], after["kind"]) != kind:
        raise NotExpressible("the kind differs")
    patch = _map_difference(before, after, (), kind)
    if patch is _SAME:
        return None
    metadata = {**patch.pop("metadata", {}), "name": after["metadata"]["name"]}
    whole: Object = {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, **patch}
    try:
        built = merge_patch(before, whole, checked=True)
    except ValueError as error:
        raise NotExpressible(str(error)) from error
    if built != after:
        raise NotExpressible("the patch does not build to the goal")
    return whole


def _map_difference(before: Mapping[str, Any], after: Mapping[str, Any], path: Path, kind: tuple[str, str]) -> Any:
    patch: dict[str, Any] = {}
    replaced = False
    for key, value in after.items():
        if key not in before:
            patch[key] = value
        elif (old := before[key]) is not value and old != value:
            patch[key] = _value_difference(old, value, (*path, key), kind)
            replaced |= isinstance(old, str) and isinstance(value, (int, float))  # kustomize would keep the quotes
    gone = before.keys() - after.keys()
    if replaced or (gone and (not after or (path and path[-1] in _LABELS))):
        return {DIRECTIVE: "replace", **after}
    for key in gone:
        patch[key] = None
    return patch or _SAME


def _value_difference(before: Any, after: Any, path: Path, kind: tuple[str, str]) -> Any:
    """The patch for one field whose values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        return _map_difference(before, after, path, kind)
    if isinstance(before, list) and isinstance(after, list):
        if path[-1] in _CONTAINERS and _names(before) == _names(after) is not None:
            return _container_difference(before, after, path, kind)
        if before and merge_keys(*kind, path):
            return [{DIRECTIVE: "replace"}, *after]
    return after


def _names(containers: list[Any]) -> list[Any] | None:
    """The containers' names; None when some have none, or share one."""
    names = [item.get("name") if isinstance(item, dict) else None for item in containers]
    return names if all(names) and len(set(names)) == len(names) else None


def _container_difference(before: list[Any], after: list[Any], path: Path, kind: tuple[str, str]) -> list[Any]:
    """The containers up to the last one that differs: kustomize puts those that a patch names first."""
    last = max(number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
    patches = []
    for old, new in zip(before[: last + 1], after[: last + 1], strict=True):
        patch = _map_difference(old, new, path, kind)
        patches.append({"name": new["name"], **({} if patch is _SAME else patch)})
    return patches
