"""The safe order of commits for a change of owners: what goes keeps its objects first, then it goes.

A Kustomization with `deletionPolicy: Orphan` leaves what it applied when it is deleted (kustomize-controller,
docs/spec/v1/kustomizations.md, "Deletion policy"), and one of another name or folder that applies the same objects
later takes them over by server-side apply.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.sync.changes import OwnerChange


def safe_order(cluster: str, changes: Sequence[OwnerChange]) -> tuple[str, ...]:
    """Return the steps, one text each, for what deletes objects or follows another place; none where nothing does."""
    pruned = [each for each in changes if each.action == "pruned" and each.deletes and each.path]
    moved = [each for each in changes if each.action == "moved" and each.deletes]
    if pruned and all(each.tool == "flux" for each in pruned):
        adopted = any(each.action == "adopted" for each in changes)
        return _keep_first(cluster), _then(cluster, adopted=adopted), "Last: remove that file."
    if pruned:
        return _without_finalizers()
    if moved:
        return (
            f"First: push this tree, with every folder of overlays/, to `{moved[0].by}`.",
            "Then merge the change of `gitops.sync` alone, and watch the first revision that the cluster fetches.",
        )
    if any(each.action == "blocked" and "is not in the repository" in each.why for each in changes):
        return ("Move the tree and `gitops.sync.path` in one commit: the folder must be there when the path changes.",)
    return ()


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
