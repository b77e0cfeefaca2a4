"""Kustomize's strategic merge of one patch into one object, in memory.

Proved equal to kustomize 5.8.1 (kyaml 0.21.1, `yaml/merge2` and `yaml/walk`) by tests that run it. What it
does in a way that nobody could want (it leaves `$patch: replace` in the output where there was no list to
replace, it writes a label set to null as the text "null") is refused with `Unsupported`, and so is what is
not covered here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str, ...]
"""A field, from the root of its object; list indices are left out."""

DIRECTIVE = "$patch"

_CONTAINER_LISTS: dict[str, Path] = {
    "env": ("name",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
}
_PORTS: dict[str, Path] = {"ports": ("containerPort", "protocol")}
_CONTAINERS: dict[str, dict[str, Path]] = {
    "containers": _CONTAINER_LISTS | _PORTS,
    "initContainers": _CONTAINER_LISTS | _PORTS,
    "ephemeralContainers": _CONTAINER_LISTS,
}
_POD_LISTS: dict[Path, Path] = {
    ("hostAliases",): ("ip",),
    ("imagePullSecrets",): ("name",),
    ("topologySpreadConstraints",): ("topologyKey", "whenUnsatisfiable"),
    ("volumes",): ("name",),
    **{(group,): ("name",) for group in _CONTAINERS},
    **{(group, field): keys for group, lists in _CONTAINERS.items() for field, keys in lists.items()},
}
_POD_SPECS: dict[tuple[str, str], Path] = {
    ("v1", "Pod"): ("spec",),
    ("v1", "PodTemplate"): ("template", "spec"),
    ("v1", "ReplicationController"): ("spec", "template", "spec"),
    ("apps/v1", "DaemonSet"): ("spec", "template", "spec"),
    ("apps/v1", "Deployment"): ("spec", "template", "spec"),
    ("apps/v1", "ReplicaSet"): ("spec", "template", "spec"),
    ("apps/v1", "StatefulSet"): ("spec", "template", "spec"),
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
    ("batch/v1", "Job"): ("spec", "template", "spec"),
}
MERGE_KEYS: dict[tuple[str, str], dict[Path, Path]] = {
    ("v1", "Service"): {("spec", "ports"): ("port", "protocol")},
    ("v1", "ServiceAccount"): {("secrets",): ("name",)},
    **{kind: {(*root, *path): keys for path, keys in _POD_LISTS.items()} for kind, root in _POD_SPECS.items()},
}
"""By (apiVersion, kind): the lists that merge by key, and the keys. Every other list is replaced whole.

From `x-kubernetes-patch-merge-key` and `x-kubernetes-list-map-keys` of the OpenAPI schema that kustomize
carries, which is that of Kubernetes 1.21 (kyaml, `openapi/kubernetesapi/v1_21_2`): keyed lists that
Kubernetes added later (`resourceClaims`, `schedulingGates`), and all lists of custom resources, are replaced.
"""

_NO_KEYS: dict[Path, Path] = {}


class Unsupported(ValueError):
    """Something that only kustomize itself should build."""


def merge_keys(api_version: str, kind: str, path: Path) -> Path:
    """The keys by which kustomize merges the list at `path` of such an object; empty where it replaces it."""
    return MERGE_KEYS.get((api_version, kind), _NO_KEYS).get(path, ())


def merge_patch(target: Mapping[str, Any], patch: Mapping[str, Any], *, checked: bool = False) -> dict[str, Any]:
    """`target` as kustomize leaves it after the strategic merge patch `patch`; neither argument is changed.

    Parts that the patch leaves alone are shared with `target`. Name, kind and namespace merge as other fields
    do: what a patch's target and options make of them is not decided here. Raises `Unsupported` on a patch
    that deletes the whole object and on what the module's description says. `checked` says that `check_keys` has
    passed on the target: a parent of many units is checked once.
    """
    kind = str(target.get("apiVersion")), str(target.get("kind"))
    if patch.get("apiVersion", kind[0]) != kind[0] or patch.get("kind", kind[1]) != kind[1]:
        raise Unsupported("the patch is of another kind than its target")
    if patch.get(DIRECTIVE) in ("delete", "replace"):
        raise Unsupported(f"{DIRECTIVE}: {patch[DIRECTIVE]} on a whole object")
    metadata = patch.get("metadata")
    if isinstance(metadata, Mapping):
        patch = {**patch, "metadata": _patch_metadata(metadata)}
    if not checked:
        check_keys(target)
    return _merge_map(target, patch, (), MERGE_KEYS.get(kind, _NO_KEYS))


def check_keys(target: Mapping[str, Any]) -> None:
    """Raise `Unsupported` when two items of a keyed list share their key: kustomize would merge them, whatever the
    patch says."""
    kind = str(target.get("apiVersion")), str(target.get("kind"))
    for path, keys in MERGE_KEYS.get(kind, _NO_KEYS).items():
        for items in _lists_at(target, path):
            _identities(items, keys)


def _patch_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata of a patch without empty labels and annotations, which kustomize drops before it merges.

    It copies both through text, and merges finalizers as sets: anything that suffers from it is refused.
    """
    for field in ("finalizers", "ownerReferences", DIRECTIVE):
        if field in metadata:
            raise Unsupported(f"metadata.{field} in a patch")
    copy = dict(metadata)
    for field in ("labels", "annotations"):
        values = copy.get(field, {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise Unsupported(f"metadata.{field} of a patch with something else than text")
        if not values:
            copy.pop(field, None)
    return copy


def _merge_map(
    target: Mapping[str, Any], patch: Mapping[str, Any], path: Path, keyed: Mapping[Path, Path]
) -> dict[str, Any]:
    """Two maps merged key by key; `$patch: replace` takes the patch alone."""
    directive = patch.get(DIRECTIVE, "merge")
    if directive == "replace":
        return _without_nulls(patch, path, keyed)
    if directive != "merge":
        raise Unsupported(f"{DIRECTIVE}: {directive}")
    merged = dict(target)
    for key, value in patch.items():
        if key == DIRECTIVE:
            continue
        result = _merge_value(target.get(key), value, (*path, key), keyed)
        if result is None:
            merged.pop(key, None)
        else:
            merged[key] = result
    return merged


def _merge_value(before: Any, value: Any, path: Path, keyed: Mapping[Path, Path]) -> Any:
    """What one field becomes; None when it goes."""
    if value is None or _is_delete(value):
        return None
    if before is None:
        return _fresh(value, path, keyed)
    if isinstance(before, (dict, list)) or isinstance(value, (dict, list)):
        if type(before) is not type(value):
            raise Unsupported(f"{'.'.join(path)} is of another type in the patch")
        if isinstance(value, dict):
            return _merge_map(before, value, path, keyed)
        if path in keyed:
            return _merge_list(before, value, path, keyed)
    elif isinstance(before, str) and not isinstance(value, str):
        raise Unsupported(f"{'.'.join(path)} is text and gets a number: kustomize keeps the quotes that it had")
    return _fresh(value, path, keyed)


def _merge_list(before: Sequence[Any], patch: Sequence[Any], path: Path, keyed: Mapping[Path, Path]) -> list[Any]:
    """A keyed list: the patch's items first, in its order, then the others of `before` in theirs.

    Where the key has two fields and the items state both, items that were there keep their order after the
    new ones.
    """
    directives = [item[DIRECTIVE] for item in patch if isinstance(item, dict) and item.keys() == {DIRECTIVE}]
    items = [item for item in patch if not isinstance(item, dict) or item.keys() != {DIRECTIVE}]
    if len(directives) > 1 or any(directive != "replace" for directive in directives):
        raise Unsupported(f"{DIRECTIVE} in {'.'.join(path)}")
    if directives:
        return _fresh_items(items, path, keyed)
    old = dict(zip(_identities(before, keyed[path]), before, strict=True))
    new = dict(zip(_identities(items, keyed[path]), items, strict=True))
    if len({len(identity) for identity in (*old, *new)}) > 1:
        raise Unsupported(f"{'.'.join(path)}: some items leave out a part of the key")
    merged = {}
    for identity, item in new.items():
        result = _merge_item(old.get(identity), item, path, keyed)
        if result is None:
            old.pop(identity, None)
        else:
            merged[identity] = result
    if any(len(identity) > 1 for identity in merged):
        merged = {key: merged[key] for key in merged if key not in old} | {
            key: merged.get(key, old[key]) for key in old
        }
    else:
        merged |= {key: item for key, item in old.items() if key not in merged}
    return list(merged.values())


def _merge_item(before: Any, item: Mapping[str, Any], path: Path, keyed: Mapping[Path, Path]) -> dict[str, Any] | None:
    """One item of a keyed list, None when it goes; `before` is None where there was none."""
    directive = item.get(DIRECTIVE, "merge")
    if directive == "delete":
        return None
    if directive != "merge":
        raise Unsupported(f"{DIRECTIVE}: {directive} on an item of a list")
    return _without_nulls(item, path, keyed) if before is None else _merge_map(before, item, path, keyed)


def _identities(items: Sequence[Any], keys: Path) -> list[Path]:
    """The key of each item, the parts that it states; raises where two are one, or kustomize would take them
    so."""
    identities = []
    for item in items:
        if not isinstance(item, Mapping) or item.get(keys[0]) in (None, ""):
            raise Unsupported(f"an item without {keys[0]}")
        identities.append(tuple(str(item[key]) for key in keys if item.get(key) not in (None, "")))
    firsts = [identity[0] for identity in identities]
    if len(set(firsts)) < len(firsts):
        short = {identity[0] for identity in identities if len(identity) < len(keys)}
        if len(set(identities)) < len(identities) or any(firsts.count(first) > 1 for first in short):
            raise Unsupported(f"two items with the same {keys[0]}")
    return identities


def _fresh(value: Any, path: Path, keyed: Mapping[Path, Path]) -> Any:
    """A value where there was none."""
    if isinstance(value, dict):
        return _without_nulls(value, path, keyed)
    if isinstance(value, list):
        if any(isinstance(item, dict) and DIRECTIVE in item for item in value):
            raise Unsupported(f"{DIRECTIVE} in {'.'.join(path)}, which has nothing to replace")
        return _fresh_items(value, path, keyed) if path in keyed else list(value)
    return value


def _fresh_items(items: Sequence[Any], path: Path, keyed: Mapping[Path, Path]) -> list[Any]:
    """The items of a keyed list that is new as a whole."""
    _identities(items, keyed[path])
    if any(DIRECTIVE in item for item in items):
        raise Unsupported(f"{DIRECTIVE} on an item of {'.'.join(path)}, which is new")
    return [_without_nulls(item, path, keyed) for item in items]


def _without_nulls(value: Mapping[str, Any], path: Path, keyed: Mapping[Path, Path]) -> dict[str, Any]:
    """A new map: nulls and directives mean nothing there, down to lists that are taken whole."""
    if value.get(DIRECTIVE, "merge") not in ("merge", "replace"):
        raise Unsupported(f"{DIRECTIVE}: {value[DIRECTIVE]}")
    return {
        key: _fresh(item, (*path, key), keyed)
        for key, item in value.items()
        if key != DIRECTIVE and item is not None and not _is_delete(item)
    }


def _is_delete(value: Any) -> bool:
    return isinstance(value, dict) and value.get(DIRECTIVE) == "delete"


def _lists_at(value: Any, path: Path) -> Iterator[list[Any]]:
    """The lists at `path`, one for each item of the lists on the way."""
    if isinstance(value, list):
        if not path:
            yield value
        else:
            for item in value:
                yield from _lists_at(item, path)
    elif path and isinstance(value, dict) and value.get(path[0]) is not None:
        yield from _lists_at(value[path[0]], path[1:])
