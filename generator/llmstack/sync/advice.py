"""The safe order of commits for a change of owners: what goes keeps its objects first, then it goes.

A Kustomization with `deletionPolicy: Orphan` leaves what it applied when it is deleted (kustomize-controller,
docs/spec/v1/kustomizations.md, "Deletion policy"), and one of another name or folder that applies the same objects
later takes them over by server-side apply. With another tool it owns the fields beside the former one, whose share
keeps them until that is taken away. Argo CD's controllers write back what is taken from their objects: a finalizer
that the template of an ApplicationSet names, the ApplicationSet of an app of apps (`tests/argo/check_handover.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmstack.sync.side import Cause, OwnerChange


def safe_order(cluster: str, changes: Sequence[OwnerChange]) -> tuple[str, ...]:
    """Return the steps, one text each, for what deletes objects or follows another place; none where nothing does."""
    leaving = [each for each in changes if each.cause == "goes" and each.path]
    coming = {each.tool for each in changes if each.action == "adopted"}
    pruned = [each for each in leaving if each.deletes]
    if any(each.tool == "argo" for each in (pruned or leaving if "flux" in coming else pruned)):
        return _from_argo(to_flux="flux" in coming)
    to_argo = _TO_ARGO if leaving and "argo" in coming else ()
    if pruned:
        return _keep_first(cluster), _then(cluster, adopted=bool(coming)), *to_argo, "Last: remove that file."
    return to_argo or _without_deletion(changes)


def _without_deletion(changes: Sequence[OwnerChange]) -> tuple[str, ...]:
    """The steps where no owner goes that deletes what it applied."""
    for each in changes:
        if each.cause in _STEPS and (each.deletes or each.cause == "source"):
            return tuple(step.format(by=each.by) for step in _STEPS[each.cause])
    if any(each.action == "blocked" and "is not in the repository" in each.why for each in changes):
        return ("Move the tree and `gitops.sync.path` in one commit: the folder must be there when the path changes.",)
    return ()


_ANNOTATED = (
    "Commit 1: annotate the objects `kustomize.toolkit.fluxcd.io/prune: disabled`, and wait until Flux has applied it."
)
_STEPS: Mapping[Cause, tuple[str, ...]] = {
    "source": (
        "First: have this tree, with every folder of overlays/, in what `{by}` gives.",
        "Then merge the change of the source alone, and watch the first revision that the cluster fetches.",
    ),
    "folder": (
        _ANNOTATED,
        "Commit 2: this change. What stays behind is taken over by its new unit, or deleted by hand.",
    ),
    "names": (
        "Commit 1: the same objects under their new names in a unit of their own, beside the former ones.",
        "Commit 2: the former ones go, once the new ones serve.",
    ),
    "passes": (
        _ANNOTATED,
        "Commit 2: this change. The other unit takes the objects over; nothing restarts.",
        "Last: take the annotation away.",
    ),
    "shares": ("Let one unit alone apply an object: take it out of the other one first, with `prune: false` there.",),
}
"""What to do for a cause, in order."""


def _keep_first(cluster: str) -> str:
    return (
        f"Commit 1: let the Kustomizations that go keep their objects: `clusters/{cluster}/kustomization.yaml`, "
        "written by hand, sets `deletionPolicy: Orphan` on them (its text: docs/operations.md, Move an environment). "
        "Wait until Flux has applied it: "
        "`kubectl -n flux-system get kustomizations -o jsonpath='{..deletionPolicy}'`."
    )


def _then(cluster: str, *, adopted: bool) -> str:
    """The second commit: what follows it depends on whether the same folder has the new owners."""
    if adopted:
        return (
            "Commit 2: this change, and the same in the resources of that file. What goes leaves its objects in place, "
            "and what comes takes them over by server-side apply: nothing restarts."
        )
    return (
        "Commit 2: this change, and the environment taken out of the resources of that file. Everything keeps running, "
        "and nothing applies it. If it moves to another folder, point Flux there (`flux bootstrap`, `--path`): the new "
        f"Kustomizations take the objects over. Leave a file in `clusters/{cluster}` until then: Flux stops at a path "
        "that is not there."
    )


_MOVED = "docs/operations.md, Move an environment, has the command"
_TO_ARGO = (
    "Then have Argo CD sync every Application once, by hand: it takes objects that are as in Git for synced, applies "
    f"none of them, and would neither change nor delete them later ({_MOVED}).",
    f"Then take Flux's fields away ({_MOVED}): what a later commit removes from an object would stay in it.",
)
"""What Argo CD does not do by itself with objects that another tool has applied; `tests/argo/check_handover.py`."""


def _from_argo(*, to_flux: bool) -> tuple[str, ...]:
    """Argo CD's own steps: what is deleted by hand, in this order, deletes nothing and is not brought back."""
    patch = '{"metadata": {"finalizers": null}}'
    first = (
        "First, by hand: `kubectl -n argocd delete application` the entry point, which would bring the rest back; then "
        "`kubectl -n argocd delete applicationset NAME --cascade=orphan`, which would write finalizers back; then of "
        f"each Application that goes `kubectl -n argocd patch application NAME --type merge -p '{patch}'`, and delete "
        "it. Its objects stay, and nothing applies them."
    )
    if to_flux:
        then = "Then merge this change, and let Flux apply it: it takes the objects over, and nothing restarts."
        return first, then, f"Last: take Argo CD's fields away ({_MOVED}): what a later commit removes would stay."
    return first, "Then merge this change, and apply the entry point again: what comes takes the objects over."
