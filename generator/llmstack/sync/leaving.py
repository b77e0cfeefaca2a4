"""Owners that leave the folder of their cluster: what goes with them, or why they stay."""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.sync.owner import TOOL_NAMES, Key, Owner, Tool, is_under
from llmstack.sync.policies import is_kept
from llmstack.sync.side import OwnerChange, Side, by_identity, owner_change


def goes(folder: str, owner: Owner, appliers: Mapping[str, Owner], before: Side, after: Side) -> OwnerChange:
    """An owner that is not in the folder of its cluster any more; `appliers` are those of the folders of clusters/."""
    objects = before.objects_of(owner.path) if owner.path != before.root else None
    lost = tuple(
        key for key, object in by_identity(objects).items() if not is_kept(object, owner.tool, with_owner=True)
    )
    own = own_folder(owner)
    stays = _why_it_stays(owner, appliers, after)
    if stays is not None:
        return owner_change(
            owner, "blocked", "goes", own, objects, f"{stays}: it stays in the cluster, and so do its objects"
        )
    if owner.set_name in after.unread_sets():
        why = (
            f"was an entry of ApplicationSet/{owner.set_name}, whose entries are asked for at run time from now on: "
            "whether it stays is not judged, and with it go its objects"
        )
        return owner_change(owner, "pruned", "contents", folder, objects, why)
    if not owner.deletes:
        why = f"leaves `{folder}`; its objects stay in the cluster, and nothing applies them any more"
        return owner_change(owner, "pruned", "goes", folder, objects, why)
    kept = len(objects) - len(lost) if objects is not None else 0
    if kept and not lost:
        why = f"leaves `{folder}`; its objects are annotated to stay, and nothing applies them any more"
        return owner_change(owner, "pruned", "goes", folder, objects, why)
    tool = TOOL_NAMES[owner.tool]
    why = f"leaves `{folder}`, and {tool} deletes what it applied" + (
        f" ({kept} object{'s are' if kept > 1 else ' is'} annotated to stay)" if kept else ""
    )
    count = len(lost) if objects is not None else None
    return owner_change(owner, "pruned", "goes", folder, objects, why, deletes=True, gone=lost, count=count)


def standing(
    old: Mapping[Key, Owner], new: Mapping[Key, Owner], appliers: Mapping[str, Owner], after: Side
) -> Mapping[Key, Owner]:
    """The owners that are not in the repository any more and stay in the cluster, where they go on."""
    gone = {key: owner for key, owner in old.items() if key not in new}
    return {key: each for key, each in gone.items() if _why_it_stays(each, appliers, after) is not None}


def own_folder(owner: Owner) -> str:
    """The folder in which an owner stands: clusters/<cluster>/<env>."""
    return "/".join(owner.file.split("/")[:3])


def applier_of(file: str, tool: Tool, appliers: Mapping[str, Owner]) -> Owner | None:
    """Who applies what stands in a file of clusters/; None where that is not among the objects."""
    steps = file.split("/")
    return appliers.get("/".join(steps[: 2 if tool == "flux" else 3]))


def _why_it_stays(owner: Owner, appliers: Mapping[str, Owner], after: Side) -> str | None:
    """Why an owner that is not in the repository any more is still in the cluster."""
    own = own_folder(owner)
    by = applier_of(owner.file, owner.tool, appliers)
    is_entry = owner.set_name is not None and owner.set_name in after.sets()
    if by is not None and not by.prunes and not is_entry:
        return f"is not pruned by {by.title}, which prunes nothing"
    if owner.stands:
        return "is not pruned, by its annotation"
    if owner.set_name is not None and owner.set_name not in after.sets() and owner.set_stands:
        return f"is made by ApplicationSet/{owner.set_name}, which is not pruned, by its annotation"
    if owner.tool == "argo" and not any(is_under(path, [own]) for path in after.paths):
        return f"is read from `{own}`, which Argo CD does not find any more"
    return None
