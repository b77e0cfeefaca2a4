"""Owners that stay, and from now on read something else, make something else of it, or apply it elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.scopes import stands_outside
from llmstack.sync import argo
from llmstack.sync.fields import TABLES, unread
from llmstack.sync.handover import said_of_shared, sharing
from llmstack.sync.manifests import Identity, Manifest, identify
from llmstack.sync.owner import Key, Owner, Tool, is_under
from llmstack.sync.policies import is_kept
from llmstack.sync.side import OwnerChange, Side, by_identity, owner_change
from llmstack.sync.taken import first_left_out

_NAMED = 4
"""Fields that are named before they are counted."""


def altered(old: Owner, new: Owner, before: Side, after: Side, owners: Mapping[Key, Owner]) -> Iterator[OwnerChange]:
    """What becomes of an owner that stays: it reads something else, or makes something else of it; and that it says
    what no rule reads."""
    if old == new:
        return
    found = _passed(old, new, before, after) or _read_otherwise(old, new, before, after, owners)
    terms = [] if found is not None else list(_held_otherwise(old, new))
    if terms:
        found = owner_change(new, "moved", "terms", new.file, before.objects_of(old.path), "; it ".join(terms))
    if found is not None:
        yield found
    what = _told_of(old.unread, new.unread)
    if what:
        yield owner_change(new, "moved", "contents", new.file, before.objects_of(old.path), _said_of(what))


def unread_changes(before: Iterable[Manifest], after: Iterable[Manifest]) -> Iterator[OwnerChange]:
    """What owners follow and are bound by, and what makes them, where it says otherwise what no rule reads."""
    known = {identify(each.object): each for each in before}
    for each in after:
        key = identify(each.object)
        if key[:2] not in TABLES or key[1] in ("Kustomization", "Application") or key not in known:
            continue
        what = _told_of(unread(known[key].object), unread(each.object)) if known[key] != each else []
        if what:
            tool: Tool = "argo" if key[0] == argo.GROUP else "flux"
            title = f"{key[1]}/{key[3]}"
            yield OwnerChange(tool, title, "moved", "contents", title, None, _said_of(what), each.path)


def _told_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The places of what is said otherwise than before."""
    return sorted(place for place in old.keys() | new.keys() if old.get(place) != new.get(place))


def _said_of(what: Sequence[str]) -> str:
    said = ", ".join(f"`{each}`" for each in what[:_NAMED]) + (" and more" if len(what) > _NAMED else "")
    return f"has {said} otherwise than before: what that does is not judged"


def _passed(old: Owner, new: Owner, before: Side, after: Side) -> OwnerChange | None:
    """An Application that another ApplicationSet makes than before, or a file instead of one: whoever made it deletes
    it, or keeps it for itself (a controller takes over nothing of another one's; controllerutil,
    SetControllerReference)."""
    if old.set_name == new.set_name or old.stands:
        return None
    objects = before.objects_of(old.path)
    former = f"ApplicationSet/{old.set_name}" if old.set_name is not None else f"`{old.file}`"
    now = f"ApplicationSet/{new.set_name}" if new.set_name is not None else f"`{new.file}`"
    if old.set_stands and old.set_name not in after.sets():
        why = f"stays one of {former}, which stays in the cluster by its annotation: {now} cannot have it"
        return owner_change(new, "blocked", "stopped", former, objects, why)
    lost = tuple(
        key for key, each in by_identity(objects).items() if old.deletes and not is_kept(each, "argo", with_owner=True)
    )
    rest = ", and with it what it applied: it is made anew" if lost else ""
    why = f"is one of {now} from now on, and {former} deletes it{rest}"
    return owner_change(new, "adopted", "comes", former, objects, why, deletes=bool(lost), gone=lost)


def _read_otherwise(
    old: Owner, new: Owner, before: Side, after: Side, owners: Mapping[Key, Owner]
) -> OwnerChange | None:
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
    found = _renamed(old, new, objects)
    if found is None or found:
        return _named_otherwise(new, objects, found or {})
    reasons = [*_made_otherwise(old, new, is_judged=after.is_made(new.path)), *_timed(old, new, after)]
    return owner_change(new, "moved", "contents", new.file, objects, "; it ".join(reasons)) if reasons else None


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
    where = [each.destination.get("namespace") for each in (old, new)]
    if old.renames == new.renames and where[0] == where[1]:
        return {}
    if objects is None:
        return None if old.renames != new.renames else {}
    if old.renames == new.renames:
        if json.loads(new.renames or "{}").get("targetNamespace"):
            return {}
        return {key: obj for key, obj in by_identity(objects).items() if not key[2] and not stands_outside(obj)}
    said = [json.loads(each.renames or "{}") for each in (old, new)]
    affixes = [(each.get("namePrefix"), each.get("nameSuffix")) for each in said]
    spaces = {str(each["targetNamespace"]) for each in said if each.get("targetNamespace")}
    found = by_identity(objects)
    if affixes[0] != affixes[1] or len(spaces) > 1:
        return found
    return {key: object for key, object in found.items() if key[2] and key[2] not in spaces}


def _from_elsewhere(old: Owner, new: Owner, before: Side) -> OwnerChange | None:
    """An Application of several sources that has others beside its unit than before."""
    gone = [each[0] for each in old.beside if each not in new.beside]
    come = [f"`{path}` of {source}" for path, source, rest in new.beside if (path, source, rest) not in old.beside]
    left = {path for path in gone if path not in {each[0] for each in new.beside}}
    found = [(key, obj) for path in left for key, obj in by_identity(before.objects_of(path)).items()]
    lost = tuple(key for key, obj in found if not is_kept(obj, new.tool)) if new.prunes else ()
    why = "has other sources beside its folder than before" + (f" ({', '.join(come[:3])})" if come else "")
    deleting = bool(left) and new.prunes
    why += "; what it applied of the others is deleted" if deleting else ": what they make is not judged"
    return owner_change(
        new, "moved", "contents", new.file, None, why, deletes=deleting, gone=lost, count=len(lost) or None
    )


def _named_otherwise(new: Owner, objects: Sequence[Object] | None, found: Mapping[Identity, Object]) -> OwnerChange:
    """An owner that gives some of its objects another name or namespace."""
    lost = tuple(key for key, object in found.items() if not is_kept(object, new.tool)) if new.prunes else ()
    rest = ": what it applied under the former ones is deleted, and made anew" if lost else ""
    why = f"gives its objects other names or namespaces (targetNamespace, namePrefix, nameSuffix){rest}"
    return owner_change(new, "moved", "names", new.file, objects, why, deletes=bool(lost), gone=lost)


def _made_otherwise(old: Owner, new: Owner, *, is_judged: bool) -> Iterator[str]:
    """What an owner makes of its objects otherwise than before, and as whom it applies them."""
    if old.alters != new.alters and not is_judged:
        yield (
            "changes the objects of its folder before it applies them (patches, images, components, postBuild, "
            "commonMetadata), and not as before: what that does is not judged"
        )
    if old.acts_as != new.acts_as:
        account = f"ServiceAccount `{new.acts_as}`" if new.acts_as else "the tool itself"
        yield f"applies as {account} from now on: whether that may is not judged"
    if new.prunes and not old.prunes and new.tool == "argo":
        yield "deletes what is no longer in its folder, also what left it before: what that is, is not judged"
    if new.forces and not old.forces:
        yield "deletes from now on, with its pods and data, what the API refuses to change, and makes it anew (`force`)"
    if old.project != new.project and new.refused_by is None:
        limits = "which sets it no limits here" if new.rules is None else "whose limits are other ones"
        yield f"is one of AppProject `{new.project}`, no more of `{old.project}`: {limits}"
    if new.overlooks and old.overlooks != new.overlooks:
        field = "ignoreDifferences" if new.tool == "argo" else "ignore"
        rest = "what this repository changes there may not arrive, and what others change there stays"
        yield f"looks past some differences from now on (`{field}`): {rest}"


def _held_otherwise(old: Owner, new: Owner) -> Iterator[str]:
    """What an owner says otherwise of its source, and of what it deletes later, and that does nothing now."""
    if old.source_name != new.source_name:
        kinds = [each.partition("/")[0] for each in (old.source_name, new.source_name)]
        named = kinds if kinds[0] != kinds[1] else [old.source_name, new.source_name]  # one row for all units
        watcher = ", which Flux's source-watcher makes: see that the cluster has it"
        rest = watcher if kinds[1] == "ExternalArtifact" else ""
        yield f"follows {named[1]} instead of {named[0]}: the same folder of the same repository{rest}"
    if old.suspended != new.suspended:
        return  # which is told, and is why it deletes nothing
    if old.prunes != new.prunes:
        yield (
            "deletes from now on what leaves its folder"
            if new.prunes
            else "deletes no more what leaves its folder: that stays in the cluster, with the GPUs that it has"
        )
    if old.deletes != new.deletes and old.prunes == new.prunes:
        stays = "its objects go with it" if new.deletes else "its objects stay"
        yield f"is otherwise deleted from now on: {stays} when it goes"


def _timed(old: Owner, new: Owner, after: Side) -> Iterator[str]:
    """When an owner applies what changes, where that is not as before."""
    if old.timing != new.timing and new.timing:
        yield (
            f"may sync at certain times alone (`syncWindows` of AppProject `{new.project}`, steps of its "
            "ApplicationSet): when is not judged"
        )
    if old.suspended and not new.suspended and new.tool == "flux":
        yield "is resumed: what changed in its folder while it was suspended is applied now, and is not in this review"
    objects = after.objects_of(new.path)
    there = {f"{key[1]}/{key[3]}" for key in by_identity(objects)}
    strange = sorted(new.watches - old.watches - there) if objects is not None else []
    if strange:
        yield (
            f"waits until {strange[0]} is healthy, which is none of its objects: whether it gets ready, and what waits "
            "for it is applied, is not judged"
        )
    if new.watched and old.watched != new.watched:
        unseen = next((each for each in sorted(after.files_of(new.path)) if not _is_watched(each, new.watched)), None)
        if unseen is not None or not after.files_of(new.path):
            rest = f", and not at `{unseen}`, which it builds" if unseen is not None else ""
            yield (
                f"looks for changes at other places than before (`manifest-generate-paths`){rest}: what changes "
                "elsewhere may not arrive, and is not judged"
            )


def _is_watched(path: str, places: Sequence[str]) -> bool:
    """Whether a file is at one of the places, or below it (argo-cd, util/app/path/path.go, `AppFilesHaveChanged`)."""
    return is_under(path, places) or "" in places or any(fnmatchcase(path, place) for place in places)
