"""What becomes of the units of a cluster: pruned, adopted, added, moved or blocked.

Where the folder of a cluster cannot be built any more, Flux applies nothing of it and deletes nothing: what is in the
cluster goes on. Where it builds and an owner is not in it, the owner is deleted, and by its own rules what it applied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from llmstack.sync import argo, flux
from llmstack.sync.manifests import Build, Identity, Listing, Object, identify
from llmstack.sync.owner import Owner, is_under

Action = Literal["pruned", "adopted", "added", "moved", "blocked"]


@dataclass(frozen=True, slots=True)
class Side:
    """What the tools read for one cluster at one revision."""

    listing: Listing = field(default_factory=Listing)
    paths: frozenset[str] = frozenset()
    """The files below clusters/<cluster>/."""
    objects_of: Build = lambda path: None
    holds: Callable[[str], bool] = lambda path: False
    """Whether a folder is in this repository."""

    def owners(self) -> dict[tuple[str, str, str], Owner]:
        return {owner.key: owner for read in (flux.owners, argo.owners) for owner in read(self.listing.manifests)}


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """One unit whose owner changes, and what that does to its objects."""

    tool: str
    unit: str
    """The owner's name, `prod.models.llama`; the folder of the cluster for what stands in it directly."""
    action: Action
    by: str
    """What does it: a folder, a file, an object, another owner."""
    objects: int | None
    """How many objects are behind it; None where that is not known."""
    why: str
    """The rest of a sentence that begins with the unit."""
    file: str
    path: str = ""
    """The folder that the unit builds."""
    deletes: bool = False
    """Whether objects in the cluster are deleted, or may be."""
    gone: tuple[Identity, ...] = ()
    """The objects that are deleted."""


def compare_owners(
    folder: str, before: Side, after: Side, refused: Mapping[str, Sequence[str]] | None = None
) -> tuple[OwnerChange, ...]:
    """What becomes of the units of the cluster in `folder` (clusters/<cluster>), by the names of the units.

    `refused` are objects that the API server refuses, as `Kind/name`, by the folder of their unit.
    """
    old, new = before.owners(), after.owners()
    if after.listing.problem is not None:
        changes = [_stopped(folder, before, after.listing.problem)] if before.listing.problem is None else []
        new = old
    else:
        changes = [*_loose(folder, before, after), *_of_owners(folder, before, after)]
    changes += _blocked_by_objects(new, after.objects_of, refused or {})
    order = {action: number for number, action in enumerate(("pruned", "blocked", "moved", "adopted", "added"))}
    return tuple(sorted(changes, key=lambda each: (order[each.action], each.unit)))


def _stopped(folder: str, before: Side, problem: str) -> OwnerChange:
    manifests = before.listing.manifests
    tool = "argo" if any(each.object.get("kind") == "Application" for each in manifests) else "flux"
    why = f"is not applied any more: {problem}; what is in the cluster stays as it is"
    return OwnerChange(tool, folder, "blocked", problem.partition(" ")[0], len(manifests), why, folder)


def _loose(folder: str, before: Side, after: Side) -> Iterator[OwnerChange]:
    """Objects that stand in the cluster's folder themselves and are no units: what comes, and what Flux prunes."""
    old, new = (_loose_objects(side) for side in (before, after))
    for action, there, other in (("pruned", old, new), ("added", new, old)):
        found = [key for key in there if key not in other]
        if action == "pruned":
            found = [key for key in found if not flux.is_kept(there[key][1])]
        if found:
            names = ", ".join(f"{key[1]}/{key[3]}" for key in found[:4]) + (" and others" if len(found) > 4 else "")
            said = f"loses {names}, which Flux deletes" if action == "pruned" else f"brings {names}"
            file = there[found[0]][0]
            yield OwnerChange(
                "flux", folder, "pruned" if action == "pruned" else "added", file, len(found), said, file,
                deletes=action == "pruned", gone=tuple(found) if action == "pruned" else (),
            )  # fmt: skip


_MACHINERY = ("source.toolkit.fluxcd.io", "source.extensions.fluxcd.io", "kustomize.toolkit.fluxcd.io", "argoproj.io")


def _loose_objects(side: Side) -> dict[Identity, tuple[str, Object]]:
    found = {identify(each.object): (each.path, each.object) for each in side.listing.manifests}
    return {key: value for key, value in found.items() if key[0] not in _MACHINERY}


def _of_owners(folder: str, before: Side, after: Side) -> Iterator[OwnerChange]:
    old, new = before.owners(), after.owners()
    gone = [owner for key, owner in old.items() if key not in new]
    sets = {owner.set_name for owner in new.values()}
    for owner in gone:
        yield _gone(folder, owner, before, after, sets)
    held = {identity: owner for owner in gone for identity in _identities(before.objects_of(owner.path))}
    for key, owner in new.items():
        if key not in old:
            yield _added(owner, after, held)
        else:
            change = _changed(old[key], owner, before, after, new)
            if change is not None:
                yield change


def _gone(folder: str, owner: Owner, before: Side, after: Side, sets: Collection[str | None]) -> OwnerChange:
    """An owner that is not in the folder of its cluster any more."""
    objects = before.objects_of(owner.path)
    lost = tuple(key for key, object in _by_identity(objects).items() if not _is_kept(owner, object))
    own = "/".join(owner.file.split("/")[:3])
    stays = _why_it_stays(owner, after, own, sets)
    if stays is not None:
        return _change(owner, "blocked", own, objects, f"{stays}: it stays in the cluster, and so do its objects")
    if not owner.deletes:
        why = f"leaves `{folder}`; its objects stay in the cluster, and nothing applies them any more"
        return _change(owner, "pruned", folder, objects, why)
    kept = len(objects) - len(lost) if objects is not None else 0
    tool = "Flux" if owner.tool == "flux" else "Argo CD"
    why = f"leaves `{folder}`, and {tool} deletes what it applied" + (
        f" ({kept} objects are annotated to stay)" if kept else ""
    )
    return _change(
        owner, "pruned", folder, objects, why, deletes=True, gone=lost, count=len(lost) if objects is not None else None
    )


def _why_it_stays(owner: Owner, after: Side, own: str, sets: Collection[str | None]) -> str | None:
    """Why an owner that is not in the repository any more is still in the cluster."""
    if owner.stands:
        return "is not pruned, by its annotation"
    if owner.set_name is not None and owner.set_name not in sets and owner.set_stands:
        return f"is made by ApplicationSet/{owner.set_name}, which is not pruned, by its annotation"
    if owner.tool == "argo" and not any(is_under(path, [own]) for path in after.paths):
        return f"is read from `{own}`, which Argo CD does not find any more"
    return None


def _added(owner: Owner, after: Side, held: Mapping[Identity, Owner]) -> OwnerChange:
    objects = after.objects_of(owner.path)
    former = {held[key].title: held[key] for key in _identities(objects) if key in held}
    if not former:
        return _change(owner, "added", owner.file, objects, f"is new, from `{owner.file}`")
    names = ", ".join(sorted(former)[:3])
    deleting = any(each.deletes for each in former.values())
    why = "takes over objects of an owner that goes" + (
        ": that one deletes them, unless the new one has applied them first, and then they load again"
        if deleting
        else ""
    )
    return _change(owner, "adopted", names, objects, why, deletes=deleting)


def _changed(
    old: Owner, new: Owner, before: Side, after: Side, owners: Mapping[tuple[str, str, str], Owner]
) -> OwnerChange | None:
    """An owner that stays and reads something else, or is kept from applying anything."""
    objects = before.objects_of(old.path)
    if old.source != new.source:
        if new.source is None:
            return _change(new, "blocked", new.file, objects, "follows a source that is not among the objects any more")
        rest = (
            ", which this review cannot see: what is not there is deleted"
            if new.prunes
            else ", which this review cannot see"
        )
        return _change(new, "moved", str(new.source), objects, f"follows `{new.source}`{rest}", deletes=new.prunes)
    if old.path != new.path:
        if before.holds(old.path) and not after.holds(new.path):
            why = f"builds `{new.path}`, which is not in the repository: nothing of it is applied any more"
            return _change(new, "blocked", new.file, objects, why)
        return _moved_folder(old, new, objects, after)
    if before.holds(old.path) and not after.holds(new.path):
        why = (
            f"builds `{new.path}`, which is no longer in the repository: nothing of it is applied, and nothing deleted"
        )
        return _change(new, "blocked", new.path, objects, why)
    blocked = _why_blocked(old, new, owners)
    return _change(new, "blocked", blocked[0], objects, blocked[1]) if blocked is not None else None


def _moved_folder(old: Owner, new: Owner, objects: Sequence[Object] | None, after: Side) -> OwnerChange:
    there = after.objects_of(new.path)
    lost: tuple[Identity, ...] = ()
    if objects is not None and there is not None and new.prunes:
        left = _identities(there)
        lost = tuple(
            key for key, object in _by_identity(objects).items() if key not in left and not _is_kept(new, object)
        )
    why = f"builds `{new.path}` instead of `{old.path}`" + (f", and {len(lost)} objects are pruned" if lost else "")
    return _change(new, "moved", new.path, objects, why, deletes=bool(lost), gone=lost)


def _why_blocked(old: Owner, new: Owner, owners: Mapping[tuple[str, str, str], Owner]) -> tuple[str, str] | None:
    """What keeps an owner from applying anything from now on, and a clause that says so."""
    if new.suspended and not old.suspended:
        return new.file, "is suspended: nothing of it is applied until it is resumed"
    there = {owner.id for owner in owners.values()}
    for name in new.awaits:
        if name not in there and name not in old.awaits:
            return name, f"waits for Kustomization {name}, which is not there: nothing of it is applied"
    if new.refused_by is not None and old.refused_by is None:
        why = f"is refused by its AppProject `{new.refused_by}`, which is gone or does not allow its repository"
        return f"AppProject/{new.refused_by}", why
    return None


def _blocked_by_objects(
    owners: Mapping[tuple[str, str, str], Owner], objects_of: Build, refused: Mapping[str, Sequence[str]]
) -> Iterator[OwnerChange]:
    """Units of Flux with an object that the API server refuses, and the units that wait for them.

    Flux tries a whole unit first and applies none of it when one object is refused (kustomize-controller, docs/spec/v1/
    kustomizations.md, "Failed reconciliation"; fluxcd/pkg, ssa/manager_apply.go, ApplyAllStaged). Argo CD goes on.
    """
    stuck: dict[str, tuple[str, str]] = {}
    ours = [owner for owner in owners.values() if owner.tool == "flux"]
    for owner in ours:
        if refused.get(owner.path):
            first = refused[owner.path][0]
            stuck[owner.id] = first, f"is applied as a whole or not at all, and {first} is refused"
    grown = bool(stuck)
    while grown:
        grown = False
        for owner in ours:
            behind = next((name for name in owner.awaits if name in stuck), None)
            if behind is not None and owner.id not in stuck:
                stuck[owner.id] = behind, f"waits for {behind}, which does not become ready"
                grown = True
    for owner in ours:
        if owner.id in stuck:
            yield _change(owner, "blocked", stuck[owner.id][0], objects_of(owner.path), stuck[owner.id][1])


def _is_kept(owner: Owner, object: Object) -> bool:
    return flux.is_kept(object) if owner.tool == "flux" else argo.is_kept(object)


def _by_identity(objects: Sequence[Object] | None) -> dict[Identity, Object]:
    return {identify(object): object for object in objects or ()}


def _identities(objects: Sequence[Object] | None) -> set[Identity]:
    return set(_by_identity(objects))


def _change(
    owner: Owner,
    action: Action,
    by: str,
    objects: Sequence[Object] | None,
    why: str,
    *,
    deletes: bool = False,
    gone: tuple[Identity, ...] = (),
    count: int | None = None,
) -> OwnerChange:
    number = count if count is not None else None if objects is None else len(objects)
    return OwnerChange(owner.tool, owner.name, action, by, number, why, owner.file, owner.path, deletes, gone)
