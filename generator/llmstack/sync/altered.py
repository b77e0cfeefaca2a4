"""Owners that stay, and from now on read something else, make something else of it, or apply it elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from llmstack.sync.handover import said_of_shared, sharing
from llmstack.sync.manifests import Identity, Object
from llmstack.sync.owner import Key, Owner
from llmstack.sync.policies import is_kept
from llmstack.sync.side import OwnerChange, Side, by_identity, owner_change
from llmstack.sync.taken import first_left_out


def altered(old: Owner, new: Owner, before: Side, after: Side, owners: Mapping[Key, Owner]) -> OwnerChange | None:
    """An owner that stays and reads something else, or makes something else of it."""
    objects = before.objects_of(old.path)
    if old.place != new.place:
        why = "applies to another cluster from now on; what it applied to the former one stays there, with no owner"
        return owner_change(new, "moved", "cluster", new.file, objects, why)
    if _reads_elsewhere(old, new):
        what = str(new.source) if new.source is not None else new.source_name
        deleting = ": what is not there is deleted" if new.prunes else ""
        why = f"follows `{what}`, which this review cannot see{deleting}"
        return owner_change(new, "moved", "source", what, objects, why, deletes=new.prunes)
    if not (new.source is not None and new.source.stopped) and _takes_others(old, new, after):
        return owner_change(new, "moved", "source", new.source_name, objects, _filtered(new), deletes=new.prunes)
    if old.path != new.path:
        return _moved_folder(old, new, objects, after, owners)
    if old.beside != new.beside:
        return _from_elsewhere(old, new, before)
    if old.source is not None and new.source is not None and old.source.proof != new.source.proof:
        return owner_change(new, "moved", "contents", new.source_name, objects, _proving(new))
    return _made_otherwise(old, new, objects, is_judged=after.is_made(new.path))


def _reads_elsewhere(old: Owner, new: Owner) -> bool:
    """Whether an owner follows another repository or revision, or one that this repository does not define."""
    if old.source is None or new.source is None:
        return old.source_name != new.source_name
    return str(old.source) != str(new.source)


def _takes_others(old: Owner, new: Owner, after: Side) -> bool:
    """Whether it may be that an owner's source has other files of its folder than before. One that it lacks for sure
    stops the owner (`stops.py`)."""
    if old.source is None or new.source is None or old.source.filters == new.source.filters:
        return False
    files = after.files_of(new.path)
    missing, is_known = first_left_out(new.source.filters, files)
    return not files or (missing is None and not is_known)


def _filtered(owner: Owner) -> str:
    rest = ": what it no longer has is deleted" if owner.prunes else ""
    return f"follows {owner.source_name}, which takes other files of the repository than before{rest}"


def _proving(owner: Owner) -> str:
    return (
        f"follows {owner.source_name}, which asks for other credentials, signatures or repositories than before "
        "(secretRef, verify, include, submodules): where they are missing or do not fit, no commit reaches it any more"
    )


def _moved_folder(
    old: Owner, new: Owner, objects: Sequence[Object] | None, after: Side, owners: Mapping[Key, Owner]
) -> OwnerChange | None:
    if not after.holds(new.path) and after.holds(old.path):
        return None  # it is blocked
    there = after.objects_of(new.path)
    lost: tuple[Identity, ...] = ()
    if objects is not None and there is not None and new.prunes:
        left = by_identity(there).keys()
        found = by_identity(objects).items()
        lost = tuple(key for key, object in found if key not in left and not is_kept(object, new.tool))
    why = f"builds `{new.path}` instead of `{old.path}`" + (
        f", and {len(lost)} object{'s are' if len(lost) > 1 else ' is'} pruned" if lost else ""
    )
    twin = sharing(new, owners, after.holds)
    why += f"; it {said_of_shared(new, twin)}" if twin is not None else ""
    return owner_change(
        new, "moved", "folder" if twin is None else "shares", new.path, objects, why, deletes=bool(lost), gone=lost
    )


def _renamed(old: Owner, new: Owner, objects: Sequence[Object] | None) -> Mapping[Identity, Object] | None:
    """The objects that get another name or namespace; None where it is not known which."""
    if old.renames == new.renames:
        return {}
    if objects is None:
        return None
    said = [json.loads(each.renames or "{}") for each in (old, new)]
    affixes = [(each.get("namePrefix"), each.get("nameSuffix")) for each in said]
    spaces = {str(each["targetNamespace"]) for each in said if each.get("targetNamespace")}
    found = by_identity(objects)
    if affixes[0] != affixes[1] or len(spaces) > 1:
        return found
    return {key: object for key, object in found.items() if key[2] and key[2] not in spaces}


def _from_elsewhere(old: Owner, new: Owner, before: Side) -> OwnerChange | None:
    """An Application of several sources that has others beside its unit than before."""
    gone = [path for path, source in old.beside if (path, source) not in new.beside]
    come = [f"`{path}` of {source}" for path, source in new.beside if (path, source) not in old.beside]
    found = [(key, obj) for path in gone for key, obj in by_identity(before.objects_of(path)).items()]
    lost = tuple(key for key, obj in found if not is_kept(obj, new.tool)) if new.prunes else ()
    why = "has other sources beside its folder than before" + (f": {', '.join(come[:3])}" if come else "")
    deleting = bool(gone) and new.prunes
    why += "; what it applied of the others is deleted" if deleting else ""
    return owner_change(
        new, "moved", "contents", new.file, None, why, deletes=deleting, gone=lost, count=len(lost) or None
    )


def _made_otherwise(old: Owner, new: Owner, objects: Sequence[Object] | None, *, is_judged: bool) -> OwnerChange | None:
    """An owner that gives its objects other names or namespaces, changes them otherwise, or goes on after a while."""
    found = _renamed(old, new, objects)
    if found is None or found:
        lost = (
            tuple(key for key, object in (found or {}).items() if not is_kept(object, new.tool)) if new.prunes else ()
        )
        rest = ": what it applied under the former ones is deleted, and made anew" if lost else ""
        why = f"gives its objects other names or namespaces (targetNamespace, namePrefix, nameSuffix){rest}"
        return owner_change(new, "moved", "names", new.file, objects, why, deletes=bool(lost), gone=lost)
    if old.alters != new.alters and not is_judged:
        why = (
            "changes the objects of its folder before it applies them (patches, images, components, postBuild, "
            "commonMetadata), and not as before: what that does is not judged"
        )
        return owner_change(new, "moved", "contents", new.file, objects, why)
    if old.acts_as != new.acts_as:
        account = f"ServiceAccount `{new.acts_as}`" if new.acts_as else "the tool itself"
        why = f"applies as {account} from now on: whether that may is not judged"
        return owner_change(new, "moved", "contents", new.file, objects, why)
    if old.timing != new.timing and new.timing:
        why = (
            f"may sync at certain times alone (`syncWindows` of AppProject `{new.project}`, steps of its "
            "ApplicationSet): when is not judged"
        )
        return owner_change(new, "moved", "contents", new.file, objects, why)
    if old.suspended and not new.suspended and new.tool == "flux":
        why = "is resumed: what changed in its folder while it was suspended is applied now, and is not in this review"
        return owner_change(new, "moved", "contents", new.file, objects, why)
    return None
