"""What an object's own labels and annotations tell the sync tool to do with it.

Flux: kustomize-controller 1.9, internal/controller/kustomization_controller.go, `apply` and `deleteObjects`, and
fluxcd/pkg, ssa/utils/meta.go, `AnyInMetadata`: a label or an annotation, whatever the case of its value. What Flux
passes over when it applies is in its inventory all the same (ssa/manager_apply.go, `SkippedAction`); and when it
deletes, it asks the object in the cluster, where `reconcile: disabled` and `ssa: Ignore` of the manifests never got:
they keep nothing. Argo CD: docs/user-guide/sync-options.md, resource_hooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from llmstack.kubernetes.pods import Object

Tool = Literal["flux", "argo"]
Skipped = Literal["reconcile", "ssa-ignore", "ssa-if-not-present", "hook-skip"]
Renewed = Literal["goes", "renewed"]
"""What becomes of an object at each sync: it is deleted and stays so, or it is deleted and made anew."""

FLUX = "kustomize.toolkit.fluxcd.io"
_ARGO_OPTIONS = "argocd.argoproj.io/sync-options"
_HELM_POLICY = "helm.sh/resource-policy"
_ARGO_HOOK = "argocd.argoproj.io/hook"
_HOOK_GOES = f"{_ARGO_HOOK}-delete-policy"
_TYPES = frozenset(("presync", "sync", "postsync", "syncfail", "skip"))
"""The hooks that are known (gitops-engine, pkg/sync/common/types.go, `NewHookType`)."""
_HELM_HOOK = "helm.sh/hook"
_HELM_TYPES = frozenset(("pre-install", "pre-upgrade", "post-install", "post-upgrade"))
"""Those of Helm that are run in a sync (pkg/sync/hook/helm/type.go), where an object is no hook of Argo CD."""


def why_skipped(object: Object, *, exists: bool) -> Skipped | None:
    """What keeps the sync tool from applying an object that is in its manifests; None where it applies it."""
    if _flux(object, "reconcile", "disabled"):
        return "reconcile"
    if _flux(object, "ssa", "ignore"):
        return "ssa-ignore"
    if exists and _flux(object, "ssa", "ifnotpresent"):
        return "ssa-if-not-present"
    return "hook-skip" if _words(object, _ARGO_HOOK) & _TYPES == {"skip"} else None


def is_made_anew(object: Object, *, server_side: bool = False) -> bool:
    """Whether the sync tool deletes and recreates an object whose change the API refuses.

    `server_side` is whether an Application applies it on the server's side. Argo CD then forces no more than conflicts
    of fields, and is refused (kubectl, pkg/cmd/apply, `applyOneObject`); the object's own option comes before that of
    the Application (gitops-engine, pkg/sync/sync_context.go, `shouldUseServerSideApply`).
    """
    if _flux(object, "force", "enabled") or is_renewed(object):
        return True
    options = _words(object, _ARGO_OPTIONS)
    on_server = "serversideapply=false" not in options and (server_side or "serversideapply=true" in options)
    return "force=true" in options and ("replace=true" in options or not on_server)


def is_renewed(object: Object) -> bool:
    """Whether Argo CD runs an object as a hook, and deletes the one of before: once it succeeded, or as the next one
    is made, which is the default (docs/user-guide/resource_hooks.md, hook deletion policies)."""
    policies = _words(object, _HOOK_GOES) - {""}
    goes = not policies or bool(policies & {"beforehookcreation", "hooksucceeded"})
    return goes and bool(_words(object, _ARGO_HOOK) - {"", "skip"})


def at_each_sync(before: Object, after: Object) -> Renewed | None:
    """What Argo CD does to an object that is there, each time that it syncs the object's Application; None where it
    lets it be.

    A hook is none of the objects that an Application has (gitops-engine, pkg/sync/reconcile.go, `splitHooks`): the
    object that was goes, as pruned or before the hook is made, and a hook of no phase of a sync is not made at all;
    with HookSucceeded it goes once it is healthy. `Force=true,Replace=true` is `kubectl replace --force`
    (pkg/sync/sync_context.go, `applyObject`), which Namespaces and CustomResourceDefinitions are kept from.
    """
    if annotation(after, _ARGO_HOOK) or annotation(after, _HELM_HOOK) not in ("", "crd-install"):
        types = _words(after, _ARGO_HOOK) & _TYPES
        if types == {"skip"}:
            return None
        if not (types & {"presync", "sync", "postsync"} or (not types and _words(after, _HELM_HOOK) & _HELM_TYPES)):
            return None if is_kept(before, "argo") else "goes"
        policies = _words(after, _HOOK_GOES) | _words(after, f"{_HELM_HOOK}-delete-policy")
        return "goes" if policies & {"hooksucceeded", "hook-succeeded"} else "renewed"
    is_spared = after.get("kind") in ("CustomResourceDefinition", "Namespace")
    return "renewed" if not is_spared and {"force=true", "replace=true"} <= _words(after, _ARGO_OPTIONS) else None


def is_replaced(object: Object) -> bool:
    """Whether Argo CD writes the whole object at each sync (`kubectl replace`): what others set in it is gone then."""
    return "replace=true" in _words(object, _ARGO_OPTIONS)


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
