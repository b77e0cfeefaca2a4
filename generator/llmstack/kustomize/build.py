"""`kustomize build` in process, for the trees that llmstack generates, and nothing more.

Starting kustomize costs more than the build of a unit, and its cost grows with the square of the objects.
Tests prove the objects equal to those of kustomize 5.8.1. Whatever is not known here raises `Unsupported`:
the caller then runs kustomize, which also words the errors of a broken tree.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack import yamlio
from llmstack.kustomize.files import Read, find_kustomization
from llmstack.kustomize.merge import DIRECTIVE, Unsupported, merge_patch
from llmstack.kustomize.references import Resource, object_id, resolve_references, set_namespace
from llmstack.kustomize.targets import parse_target

__all__ = ["Missing", "Unsupported", "build", "build_all"]


class Missing(Unsupported):
    """What a kustomization names and the tree has not: `path` is that of the file or the folder."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not there")
        self.path = path


_API_VERSIONS = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}
_LISTS = ("resources", "components", "patches")
_FIELDS = {"apiVersion", "kind", "namespace", *_LISTS}
_KEY = re.compile(r"^([a-zA-Z]+):", re.MULTILINE)
"""What looks like a key of the outermost map."""
_SWITCHES = frozenset(("yes", "no", "on", "off"))
_TOOL_ANNOTATIONS = ("config.kubernetes.io/", "config.k8s.io/", "kustomize.config.k8s.io/")
"""Annotations that kustomize itself acts on."""


class _Tree(Struct, frozen=True):
    read: Read
    built: dict[str, tuple[Resource, ...]] = field(default_factory=dict)
    """What each directory that something refers to builds to: a base that many units share is built once."""


def build(read: Read, directory: str) -> list[dict[str, Any]]:
    """The objects that `kustomize build DIRECTORY` prints, in the order of the files.

    `read` gives the text of a file of the tree by its path from the root, with `/` between names and without
    `.` or `..`, or None. The objects share parts with one another and with later builds: treat them as
    read-only. Raises `Unsupported` where only kustomize can say what it builds to.
    """
    return build_all(read, [directory])[directory]


def build_all(read: Read, directories: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The objects of each directory, as `build` returns them; what several of them refer to is read once."""
    tree = _Tree(read)
    return {directory: _finish(_build_directory(tree, directory, ())) for directory in directories}


def _finish(resources: tuple[Resource, ...]) -> list[dict[str, Any]]:
    """The objects as they are printed: references resolved, empty annotations gone."""
    objects = resolve_references(resources)
    return [_without_empty_annotations(item) for item in objects]


def _without_empty_annotations(item: dict[str, Any]) -> dict[str, Any]:
    metadata = item["metadata"]
    if "annotations" not in metadata or metadata["annotations"]:
        return item
    return item | {"metadata": {key: value for key, value in metadata.items() if key != "annotations"}}


def _build_directory(tree: _Tree, directory: str, above: tuple[str, ...]) -> tuple[Resource, ...]:
    """What a Kustomization builds to, before references are resolved."""
    path = posixpath.normpath(directory)
    if path in above:
        raise Unsupported(f"{path} refers to itself")
    if path not in tree.built:
        kustomization = _read_kustomization(tree, path, "Kustomization")
        tree.built[path] = _apply(tree, path, kustomization, (), (*above, path))
    return tree.built[path]


def _apply(
    tree: _Tree,
    path: str,
    kustomization: Mapping[str, Any],
    resources: tuple[Resource, ...],
    above: tuple[str, ...],
) -> tuple[Resource, ...]:
    """Resources, then components, then patches, then the namespace: the order in which kustomize runs
    them."""
    references = kustomization.get("resources") or ()
    if len(set(map(str, references))) < len(references):
        raise Unsupported(f"{path} names a resource twice")
    resources += tuple(each for reference in references for each in _load_reference(tree, path, reference, above))
    _refuse_duplicates(resources)
    for reference in kustomization.get("components") or ():
        component = _inside(path, reference)
        if component in above:
            raise Unsupported(f"{component} refers to itself")
        content = _read_kustomization(tree, component, "Component")
        resources = _apply(tree, component, content, resources, (*above, component))
    for patch in kustomization.get("patches") or ():
        resources = _apply_patch(tree, path, patch, resources)
    if namespace := kustomization.get("namespace"):
        resources = tuple(set_namespace(resource, namespace) for resource in resources)
    _refuse_duplicates(resources)
    return resources


def _read_kustomization(tree: _Tree, directory: str, kind: str) -> dict[str, Any]:
    found = find_kustomization(tree.read, directory)
    if found is None:
        raise Missing(directory)
    path, text = found
    if unknown := {*_KEY.findall(text)} - _FIELDS:  # before the whole is read: thousands of generators take seconds
        raise Unsupported(f"{path}: {', '.join(sorted(unknown))}")
    documents = _parse(text)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise Unsupported(f"{path} is not one map")
    _refuse_fields(path, documents[0], kind)
    return documents[0]


def _refuse_fields(path: str, content: Mapping[str, Any], kind: str) -> None:
    if content.get("kind") != kind or content.get("apiVersion") != _API_VERSIONS[kind]:
        raise Unsupported(f"{path} is not a {kind}")
    if unknown := content.keys() - _FIELDS:
        raise Unsupported(f"{path}: {', '.join(sorted(unknown))}")
    if _has_switch(content):
        raise Unsupported(f"{path}: `yes` or the like, which is a text in quotes alone")
    for key, value in content.items():
        if value is not None and not isinstance(value, list if key in _LISTS else str):
            raise Unsupported(f"{path}: {key} is a {type(value).__name__}")


def _has_switch(value: Any) -> bool:
    """Whether a word stands in a value that sigs.k8s.io/yaml, which reads kustomizations, takes for a boolean."""
    if isinstance(value, (dict, list)):
        return any(map(_has_switch, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and value.lower() in _SWITCHES


def _load_reference(tree: _Tree, path: str, reference: Any, above: tuple[str, ...]) -> tuple[Resource, ...]:
    """The objects of a file, or of another directory."""
    target = _inside(path, reference)
    text = tree.read(target)
    if text is None:
        return _build_directory(tree, target, above)
    _refuse_outside(path, target)
    return tuple(Resource(_checked(item, target)) for item in _parse(text))


def _inside(path: str, reference: Any) -> str:
    """A relative reference as a path from the root."""
    if not isinstance(reference, str) or reference.startswith("/") or "://" in reference or "?" in reference:
        raise Unsupported(f"{path} refers to {reference!r}")
    target = posixpath.normpath(posixpath.join(path, reference))
    if target.startswith(".."):
        raise Unsupported(f"{path} refers to {reference}, outside of the tree")
    return target


def _refuse_outside(directory: str, file: str) -> None:
    """Kustomize's default load restriction: files come from the kustomization's own directory or below it."""
    if directory != "." and not file.startswith(f"{directory}/"):
        raise Unsupported(f"{directory} refers to the file {file}, which is not below it")


@lru_cache(maxsize=2048)
def _parse(text: str) -> tuple[Any, ...]:
    """The documents of a file; the same objects for the same text."""
    try:
        return tuple(yamlio.load_objects(text))
    except (yamlio.YAMLError, ValueError, RecursionError) as error:
        raise Unsupported(f"not YAML: {error}") from error


def _checked(item: Any, path: str) -> dict[str, Any]:
    """`item` where it is a plain Kubernetes object that kustomize has no special treatment for."""
    if not isinstance(item, dict) or not isinstance(item.get("metadata"), dict):
        raise Unsupported(f"{path} is not a Kubernetes object")
    kind, name = item.get("kind"), item["metadata"].get("name")
    if not (isinstance(item.get("apiVersion"), str) and isinstance(kind, str) and isinstance(name, str)):
        raise Unsupported(f"{path} lacks apiVersion, kind or metadata.name")
    if kind.endswith("List"):
        raise Unsupported(f"{path} is a {kind}")
    annotations = item["metadata"].get("annotations", {})
    if not isinstance(annotations, dict) or not all(isinstance(value, str) for value in annotations.values()):
        raise Unsupported(f"{path}: metadata.annotations is not a map of text")
    if any(prefix in key for key in annotations for prefix in _TOOL_ANNOTATIONS):
        raise Unsupported(f"{path} has annotations that kustomize reads")
    return item


def _apply_patch(tree: _Tree, path: str, entry: Any, resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """One entry of `patches`, applied to all objects that its target selects; none is no error."""
    if not isinstance(entry, dict) or entry.keys() - {"path", "target", "options"} or "target" not in entry:
        raise Unsupported(f"{path}: a patch without path and target alone")
    options = entry.get("options") or {}
    if not isinstance(options, dict) or options.keys() - {"allowNameChange"}:
        raise Unsupported(f"{path}: options of a patch")
    file = _inside(path, entry.get("path"))
    _refuse_outside(path, file)
    text = tree.read(file)
    if text is None:
        raise Missing(file)
    documents = _parse(text)
    if len(documents) != 1:
        raise Unsupported(f"{file} is not one document")
    patch, select = _checked(documents[0], file), parse_target(entry["target"])
    rename = options.get("allowNameChange") is True
    patched = (
        patch_resource(resource, patch, rename=rename) if select(resource) else resource for resource in resources
    )
    kept = tuple(resource for resource in patched if resource is not None)
    _refuse_duplicates(kept)
    return kept


def patch_resource(resource: Resource, patch: Mapping[str, Any], *, rename: bool = False) -> Resource | None:
    """The object after the patch, None when it deletes it. Its kind and namespace stay, its name unless
    `rename`."""
    if patch.get(DIRECTIVE) == "delete":
        return None
    before = resource.object["metadata"]
    merged = merge_patch(resource.object, patch)
    keep = {"namespace"} if rename else {"namespace", "name"}
    metadata = {key: value for key, value in merged["metadata"].items() if key not in keep}
    merged["metadata"] = metadata | {key: before[key] for key in keep if key in before}
    former = (*resource.former, before["name"]) if rename else resource.former
    return replace(resource, object=merged, former=former)


def _refuse_duplicates(resources: tuple[Resource, ...]) -> None:
    if len({object_id(resource.object) for resource in resources}) < len(resources):
        raise Unsupported("two objects of one kind, namespace and name")
