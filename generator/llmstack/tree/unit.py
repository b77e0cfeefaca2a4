"""A unit: a folder that builds to some objects, from a parent, a component, and its own patches and objects."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from llmstack import yamlio
from llmstack.kustomize.merge import DIRECTIVE, check_keys, merge_patch
from llmstack.kustomize.patch import NotExpressible, difference
from llmstack.kustomize.renames import references, rewrite, without_namespace
from llmstack.objects.placed import Object

Files = dict[str, str]
Slots = Mapping[str, Object]

KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
COMPONENT = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}


class Component(Struct, frozen=True):
    """What an environment says of all its engines: patches by slot, for objects of that slot's kind."""

    directory: str
    patches: Slots
    label_selector: str

    def apply(self, objects: Slots) -> Slots:
        """The objects after the component's patches; raises `ValueError` on what only kustomize could build."""
        return {
            slot: merge_patch(object, {**self.patches[slot], "metadata": _without_name(self.patches[slot])})
            if slot in self.patches
            else object
            for slot, object in objects.items()
        }


class Parent(Struct, frozen=True):
    """The folder a unit builds on, and the objects that folder builds to, as the tree holds them."""

    directory: str
    objects: Slots
    component: Component | None = None
    effective: Slots = field(default_factory=dict)
    """The objects after the component."""
    named: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """What each of them names: a unit that renames none of it needs no look."""

    @classmethod
    def of(cls, directory: str, objects: Slots, component: Component | None = None) -> Parent | None:
        """The parent under a component; None when the component's patches do not build on these objects."""
        try:
            effective = component.apply(objects) if component else objects
            for object in effective.values():
                check_keys(object)
        except ValueError:
            return None
        named = {slot: references(object) for slot, object in effective.items()}
        return cls(directory, objects, component, effective, named)


def _without_name(patch: Object) -> dict[str, Any]:
    return {key: value for key, value in patch["metadata"].items() if key != "name"}


def strip(objects: Iterable[tuple[str, Object]]) -> dict[str, Object]:
    """Objects of a unit by slot, as the tree holds them: without the namespace its kustomization states."""
    slots = dict(objects)
    accounts = frozenset(o["metadata"]["name"] for o in slots.values() if o["kind"] == "ServiceAccount")
    return {slot: without_namespace(object, accounts) for slot, object in slots.items()}


def write_unit(directory: str, goal: Slots, *, parents: Sequence[Parent], namespace: str | None, header: str) -> Files:
    """The files of a unit that builds to `goal` (objects by slot, without namespace).

    The first of `parents` from which the goal can be reached by patches is taken; without one, all objects are written
    whole.
    """
    for parent in parents:
        try:
            patches = _patches(parent, goal)
        except NotExpressible:
            continue
        return _files(directory, goal, parent, patches, namespace, header)
    return _files(directory, goal, None, {}, namespace, header)


def _patches(parent: Parent, goal: Slots) -> dict[str, Object]:
    """Patch by slot for the parent's objects that differ or go."""
    renames = {
        (str(object["kind"]), str(object["metadata"]["name"])): str(goal[slot]["metadata"]["name"])
        for slot, object in parent.effective.items()
        if slot in goal and goal[slot]["metadata"]["name"] != object["metadata"]["name"]
    }
    patches: dict[str, Object] = {}
    for slot, object in parent.effective.items():
        if slot not in goal:
            identity = {key: object[key] for key in ("apiVersion", "kind")}
            patches[slot] = {
                **identity,
                "metadata": {"name": object["metadata"]["name"]},
                DIRECTIVE: "delete",
            }
        else:
            parental = rewrite(object, renames) if parent.named[slot] & renames.keys() else object
            if patch := difference(parental, goal[slot]):
                patches[slot] = patch
    return patches


def _files(
    directory: str, goal: Slots, parent: Parent | None, patches: Slots, namespace: str | None, header: str
) -> Files:
    own = [slot for slot in goal if parent is None or slot not in parent.objects]
    beside = posixpath.dirname(directory)
    resources = [_way(parent.directory, beside)] if parent else []
    kustomization: dict[str, Any] = {
        **KUSTOMIZATION,
        "resources": resources + [f"{slot}.yaml" for slot in sorted(own)],
    }
    if namespace:
        kustomization["namespace"] = namespace
    if parent and parent.component:
        kustomization["components"] = [_way(parent.component.directory, beside)]
    if parent and patches:
        kustomization["patches"] = [_entry(parent.objects[slot], patches[slot], slot) for slot in sorted(patches)]
    files = {f"{directory}/kustomization.yaml": header + yamlio.dump(kustomization)}
    for slot, object in [*((slot, goal[slot]) for slot in own), *patches.items()]:
        files[f"{directory}/{slot}.yaml"] = header + yamlio.dump(object)
    return files


@lru_cache(maxsize=64)
def _way(target: str, beside: str) -> str:
    """The relative path to a target from any folder in `beside`: all models have the same."""
    return posixpath.relpath(target, f"{beside}/unit")


def _entry(object: Object, patch: Object, slot: str) -> dict[str, Any]:
    """The entry of one patch in the kustomization; it may carry another name than its target."""
    name = object["metadata"]["name"]
    entry: dict[str, Any] = {"path": f"{slot}.yaml", "target": {"kind": object["kind"], "name": name}}
    if patch["metadata"]["name"] != name:
        entry["options"] = {"allowNameChange": True}
    return entry


def write_component(component: Component, header: str) -> Files:
    """The files of a Component; it stands in the tree even when it has nothing to say."""
    entries = [
        {"path": f"{slot}.yaml", "target": {"kind": patch["kind"], "labelSelector": component.label_selector}}
        for slot, patch in sorted(component.patches.items())
    ]
    files = {f"{component.directory}/kustomization.yaml": header + yamlio.dump({**COMPONENT, "patches": entries})}
    for slot, patch in component.patches.items():
        files[f"{component.directory}/{slot}.yaml"] = header + yamlio.dump(patch)
    return files
