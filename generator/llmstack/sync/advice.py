"""The safe order of commits for a change of owners: what goes keeps its objects first, then it goes.

A Kustomization with `deletionPolicy: Orphan` leaves what it applied when it is deleted (kustomize-controller,
docs/spec/v1/kustomizations.md, "Deletion policy"), and one of another name or folder that applies the same objects
later takes them over by server-side apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmstack.sync.side import Cause, OwnerChange


def safe_order(cluster: str, changes: Sequence[OwnerChange]) -> tuple[str, ...]:
    """Return the steps, one text each, for what deletes objects or follows another place; none where nothing does."""
    pruned = [each for each in changes if each.cause == "goes" and each.deletes and each.path]
    if pruned and all(each.tool == "flux" for each in pruned):
        adopted = any(each.action == "adopted" for each in changes)
        return _keep_first(cluster), _then(cluster, adopted=adopted), "Last: remove that file."
    if pruned:
        return _without_finalizers()
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


def _without_finalizers() -> tuple[str, ...]:
    patch = '{"metadata": {"finalizers": null}}'
    return (
        "First: let the Applications that go keep their objects: switch self-healing of the entry point off, and "
        f"`kubectl -n argocd patch application NAME --type merge -p '{patch}'` for each of them.",
        "Then merge this change. What comes takes the objects over by server-side apply; nothing restarts.",
    )
