"""Holds: overlays under custom/ that keep the objects of a unit as they run, until a change takes them away."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from llmstack import yamlio
from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.stored import stored_template
from llmstack.kustomize.merge import Unsupported, check_keys
from llmstack.kustomize.patch import NotExpressible, difference
from llmstack.tree.unit import KUSTOMIZATION, Files

MARK = "# A hold of `llmstack adopt`: what runs"
HEADER = f"{MARK} stays. Remove this folder, run `llmstack gen`, and `llmstack diff` says what restarts.\n"

_OWN = ("apiVersion", "kind", "metadata")
_TEMPLATE = ("spec", "template")


def goal_of(generated: Object, live: Object) -> Object:
    """The generated object with what the live one says beside its metadata.

    Defaults that the API server wrote out are left out of pod templates. A count of replicas that a scaler owns stays
    unsaid, and so does what a claim has and the tree does not state: its class is the cluster's default, say, and a
    field of a claim that was stated once cannot be taken back (it is immutable, and the unit would be refused).
    """
    goal = {key: generated[key] for key in _OWN} | {key: live[key] for key in live if key not in _OWN}
    ours, theirs = value_at(generated, *_TEMPLATE), value_at(live, *_TEMPLATE)
    spec = dict(goal["spec"]) if isinstance(goal.get("spec"), dict) else None
    if spec is None:
        return goal
    if goal["kind"] == "PersistentVolumeClaim":
        return goal | {"spec": {key: value for key, value in spec.items() if key in generated["spec"]}}
    if isinstance(ours, dict) and isinstance(theirs, dict):
        spec["template"] = undefaulted(ours, theirs, stored_template(ours), stored_template(theirs))
    if "replicas" not in generated["spec"]:
        spec.pop("replicas", None)
    return goal | {"spec": spec}


def undefaulted(ours: Any, theirs: Any, stored: Any, running: Any) -> Any:
    """What they say, in our words wherever the API server stores the same."""
    if ours == theirs:
        return ours
    maps = (ours, theirs, stored, running)
    if all(isinstance(each, dict) for each in maps):
        kept: dict[str, Any] = {}
        for key in dict.fromkeys((*ours, *theirs)):
            if stored.get(key) == running.get(key):
                kept |= {key: ours[key]} if key in ours else {}
            elif key in theirs:
                kept[key] = undefaulted(*(each.get(key) for each in maps))
        return kept
    lists = (ours, theirs, stored, running)
    if all(isinstance(each, list) for each in lists) and len({len(each) for each in lists}) == 1:
        return [undefaulted(*each) for each in zip(*lists, strict=True)]
    return theirs


def has_twins(goal: Object) -> bool:
    """Whether a list that the API merges by key has a key twice, as the chart writes some variables: a client may
    create such an object, and server-side apply refuses it (structured-merge-diff, "duplicate entries for key")."""
    try:
        check_keys(goal)
    except Unsupported:
        return True
    return False


def patch_of(generated: Object, goal: Object) -> Any:
    """A strategic merge patch to the goal, or JSON patch operations where none builds to it; None when all is equal."""
    try:
        check_keys(generated)
        return difference(dict(generated), dict(goal))
    except (NotExpressible, ValueError):
        fields = [key for key in {**generated, **goal} if generated.get(key) != goal.get(key)]
    return [
        {"op": "add", "path": f"/{key}", "value": goal[key]} if key in goal else {"op": "remove", "path": f"/{key}"}
        for key in fields
    ]


def hold_files(environment: str, unit: str, patches: Mapping[str, tuple[Object, Any]]) -> Files:
    """The files of one unit's hold; `patches` are object and patch by slot."""
    folder = f"custom/{environment}/{unit}"
    entries = [
        {"path": f"hold-{slot}.yaml", "target": {"kind": object["kind"], "name": object["metadata"]["name"]}}
        for slot, (object, _) in sorted(patches.items())
    ]
    resources = [posixpath.relpath(f"overlays/{environment}/{unit}", folder)]
    files = {
        f"{folder}/kustomization.yaml": HEADER
        + yamlio.dump({**KUSTOMIZATION, "resources": resources, "patches": entries})
    }
    for slot, (_, patch) in patches.items():
        files[f"{folder}/hold-{slot}.yaml"] = HEADER + yamlio.dump(patch)
    return files
