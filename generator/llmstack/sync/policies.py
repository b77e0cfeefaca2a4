"""What an object's own labels and annotations tell the sync tool to do with it.

Flux: kustomize-controller 1.9, internal/controller/kustomization_controller.go, `apply` and `deleteObjects`, and
fluxcd/pkg, ssa/utils/meta.go, `AnyInMetadata`: a label or an annotation, whatever the case of its value. What Flux
passes over when it applies is in its inventory all the same (ssa/manager_apply.go, `SkippedAction`); and when it
deletes, it asks the object in the cluster, where `reconcile: disabled` and `ssa: Ignore` of the manifests never got:
they keep nothing. Argo CD: docs/user-guide/sync-options.md, resource_hooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Object = Mapping[str, Any]
Tool = Literal["flux", "argo"]
Skipped = Literal["reconcile", "ssa-ignore", "ssa-if-not-present", "hook-skip"]

FLUX = "kustomize.toolkit.fluxcd.io"
_ARGO_OPTIONS = "argocd.argoproj.io/sync-options"
_HELM_POLICY = "helm.sh/resource-policy"
_ARGO_HOOK = "argocd.argoproj.io/hook"
_HOOK_GOES = f"{_ARGO_HOOK}-delete-policy"


def why_skipped(object: Object, *, exists: bool) -> Skipped | None:
    """What keeps the sync tool from applying an object that is in its manifests; None where it applies it."""
    if _flux(object, "reconcile", "disabled"):
        return "reconcile"
    if _flux(object, "ssa", "ignore"):
        return "ssa-ignore"
    if exists and _flux(object, "ssa", "ifnotpresent"):
        return "ssa-if-not-present"
    return "hook-skip" if "skip" in _words(object, _ARGO_HOOK) else None


def is_made_anew(object: Object) -> bool:
    """Whether the sync tool deletes and recreates an object whose change the API refuses."""
    forced = _flux(object, "force", "enabled") or "force=true" in _words(object, _ARGO_OPTIONS)
    return forced or is_renewed(object)


def is_renewed(object: Object) -> bool:
    """Whether Argo CD runs an object as a hook, and deletes the one of before: once it succeeded, or as the next one
    is made, which is the default (docs/user-guide/resource_hooks.md, hook deletion policies)."""
    policies = _words(object, _HOOK_GOES) - {""}
    goes = not policies or bool(policies & {"beforehookcreation", "hooksucceeded"})
    return goes and bool(_words(object, _ARGO_HOOK) - {"", "skip"})


def is_kept(object: Object, tool: Tool | None = None, *, with_owner: bool = False) -> bool:
    """Whether an object stays in the cluster when it leaves its unit or, `with_owner`, when its unit goes; by the words
    of either tool where none is named. With its Application no CustomResourceDefinition goes, and nothing that Helm
    would keep (argo-cd, controller/appcontroller.go, `shouldBeDeleted`)."""
    if tool != "argo" and _flux(object, "prune", "disabled"):
        return True
    if tool == "flux":
        return False
    words = {"delete=false", "delete=confirm"} if with_owner else {"prune=false", "prune=confirm"}
    if words & _words(object, _ARGO_OPTIONS):
        return True
    stays = object.get("kind") == "CustomResourceDefinition" or "keep" in _words(object, _HELM_POLICY)
    return with_owner and stays


def annotation(object: Object, name: str) -> str:
    """An annotation's value, the empty string where there is none."""
    return _metadata(object, "annotations").get(name, "")


def _flux(object: Object, key: str, value: str) -> bool:
    found = (_metadata(object, field).get(f"{FLUX}/{key}", "") for field in ("annotations", "labels"))
    return any(each.lower() == value for each in found)


def _words(object: Object, name: str) -> set[str]:
    return {word.strip().lower() for word in annotation(object, name).split(",")}


def _metadata(object: Object, field: str) -> dict[str, str]:
    """Labels or annotations as text, whatever they are: people write these files."""
    metadata = object.get("metadata")
    found = metadata.get(field) if isinstance(metadata, Mapping) else None
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
