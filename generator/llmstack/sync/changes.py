"""What becomes of the units of a cluster: pruned, adopted, added, moved or blocked.

Where the folder of a cluster cannot be built any more, Flux applies nothing of it and deletes nothing: what is in the
cluster goes on. Where it builds and an owner is not in it, the owner is deleted, and by its own rules what it applied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.kubernetes.untyped import mapping
from llmstack.sync.admitted import as_admitted, as_taken, without_twins
from llmstack.sync.altered import altered, unread_changes
from llmstack.sync.folders import Listing
from llmstack.sync.handover import Passed, handovers, said_of_shared, sharing
from llmstack.sync.leaving import goes, standing
from llmstack.sync.local import local_path
from llmstack.sync.loose import loose_changes
from llmstack.sync.manifests import Identity, Manifest, identify
from llmstack.sync.owner import Key, Owner, Tool, is_under
from llmstack.sync.side import OwnerChange, Side, as_made, by_identity, owner_change
from llmstack.sync.stops import Grounds, Stop, find_stops

_ORDER = ("pruned", "blocked", "moved", "adopted", "added")


class Outcome(Struct, frozen=True):
    """What becomes of the units of one cluster, and how each folder is applied from then on."""

    changes: tuple[OwnerChange, ...] = ()
    held: frozenset[str] = frozenset()
    """Folders of units of which nothing is applied: what is in the cluster stays as it was."""
    keeping: frozenset[str] = frozenset()
    """Folders of units whose owner deletes nothing that leaves them."""
    forcing: frozenset[str] = frozenset()
    """Folders of units whose owner makes anew what the API refuses to change."""
    owners: Mapping[str, Owner] = field(default_factory=dict)
    """Who applies a folder after the change."""
    hurried: frozenset[str] = frozenset()
    """Folders whose owner waits less long than before until they are healthy."""
    halted: frozenset[str] = frozenset()
    """Folders of clusters/ in which no owner comes, goes or changes, because they cannot be built, or the owner that
    applies them is stopped."""


def compare_owners(
    folder: str,
    before: Side,
    after: Side,
    refused: Mapping[str, Sequence[str]] | None = None,
    changed: Collection[str] = (),
    passed: Passed | None = None,
) -> Outcome:
    """What becomes of the units of the cluster in `folder` (clusters/<cluster>), by the names of the units.

    `refused` are objects that the API server refuses, as `Kind/name`, by the folder of their unit; `changed` the
    folders of units whose objects change, and `passed` the objects that come to stand in another one.
    """
    before, after = (as_made(replace(side, listing=without_twins(side.listing))) for side in (before, after))
    after = replace(after, listing=as_taken(before.listing, after.listing))
    old = before.owners()
    former = find_stops(old, _grounds(before, before, old))
    halting = {
        path: (old[key], stop)
        for key, stop in former.items()
        if is_under(path := local_path(old[key].path), [folder]) and old[key].tool == "flux"
    }
    broken = after.listing.broken
    held = {*halting, *broken}
    arriving = replace(after, listing=_held_back(before.listing, after.listing, held))
    unseen = [_halted(*each, before) for each in halting.values() if arriving.listing != after.listing]
    unseen += [_stopped(each, before, why) for each, why in broken.items() if each not in before.listing.broken]
    after, new, changes = _after(folder, before, arriving, old)
    changes += unseen
    stops = former, find_stops(new, _grounds(before, after, old, refused))
    still = {(new[key].tool, new[key].name) for key in stops[1]}
    changes = [each for each in changes if not _is_put_off(each, still)]
    changes += _blocked(old, new, stops, set(changed), after)
    changes += handovers(passed or {}, before, old, new)
    order = {action: number for number, action in enumerate(_ORDER)}
    return Outcome(
        tuple(sorted(changes, key=lambda each: (order[each.action], each.unit))),
        frozenset(_held(old, new, stops)),
        frozenset(_keeping(old, new)),
        frozenset(owner.path for owner in new.values() if owner.forces),
        {owner.path: owner for owner in new.values()},
        frozenset(each.path for key, each in new.items() if key in old and _is_hurried(old[key], each)),
        halted=frozenset((*held, *([folder] if after.listing.problem is not None else ()))),
    )


def _is_hurried(old: Owner, new: Owner) -> bool:
    return new.checks and new.timeout is not None and (old.timeout is None or new.timeout < old.timeout)


def _is_put_off(change: OwnerChange, still: Collection[tuple[str, str]]) -> bool:
    """Whether an owner that applies nothing would delete something, if it did: that it is stopped is told instead."""
    return change.action == "moved" and change.deletes and (change.tool, change.unit) in still


def _held_back(before: Listing, after: Listing, folders: Collection[str]) -> Listing:
    """What is in the cluster where the owners of some folders apply none of what changes in them."""
    if not folders:
        return after
    kept = [each for each in before.manifests if is_under(each.path, folders)]
    rest = [each for each in after.manifests if not is_under(each.path, folders)]
    return Listing((*kept, *rest), unknown=after.unknown)


def _halted(owner: Owner, stop: Stop, before: Side) -> OwnerChange:
    why = f"{stop.why.partition(':')[0]} since before: what changes in `{owner.path}` does not arrive"
    return owner_change(owner, "blocked", "stopped", stop.by, before.objects_of(owner.path), why)


def _after(
    folder: str, before: Side, after: Side, old: Mapping[Key, Owner]
) -> tuple[Side, Mapping[Key, Owner], list[OwnerChange]]:
    """What is read after the change, the owners that are then in the cluster, and what becomes of those before."""
    root = before.root_of(old)
    listing, refused = as_admitted(before.listing, after.listing, forces=root is not None and root.forces)
    after = replace(after, listing=listing)
    if listing.emptied and any(owner.tool == "flux" for owner in old.values()):
        after, listing = replace(after, listing=Listing()), Listing()
    if listing.problem is not None:
        return after, old, [_stopped(folder, before, listing.problem)] if before.listing.problem is None else []
    wanted = after.owners(old)
    new = {key: old[key] if _is_left(old.get(key), owner) else owner for key, owner in wanted.items()}
    if root is not None and root.key not in new and root.deletes and not root.stands:
        new = {}  # it deletes itself, and with it all that it applied
    appliers = before.appliers(old)
    changes = [*loose_changes(folder, before, after, appliers)]
    changes += _of_owners(folder, before, after, old, new)
    changes += [_refused(each, why) for each, why in refused]
    changes += [_left(owner, after) for key, owner in wanted.items() if owner.left or _is_left(old.get(key), owner)]
    return after, {**standing(old, new, appliers, after), **new}, changes


def _is_left(old: Owner | None, new: Owner) -> bool:
    """Whether an Application that is there stays as it was, although its ApplicationSet says something else."""
    return old is not None and new.set_lasts and replace(old, set_lasts=new.set_lasts, stands=new.stands) != new


def _left(owner: Owner, after: Side) -> OwnerChange:
    by = f"ApplicationSet/{owner.set_name}"
    if not owner.set_lasts:
        ends = "which is not judged" if owner.left == "unclear" else "these do not arrive"
        why = f"changes, and {by} leaves fields of it as they are (`ignoreApplicationDifferences`): {ends}"
        return owner_change(owner, "moved", "contents", by, after.objects_of(owner.path), why)
    why = f"stays as it was: {by} changes no Application that is there (`applicationsSync`), or has two of its name"
    return owner_change(owner, "blocked", "stopped", by, after.objects_of(owner.path), why)


def _refused(manifest: Manifest, why: str) -> OwnerChange:
    name = str(mapping(manifest.object.get("metadata")).get("name"))
    said = f"is refused, and stays in the cluster as it was: {why}"
    return OwnerChange("argo", name, "blocked", "stopped", manifest.path, None, said, manifest.path)


def _stopped(folder: str, before: Side, problem: str) -> OwnerChange:
    manifests = [each for each in before.listing.manifests if is_under(each.path, [folder])]
    tool: Tool = "argo" if any(each.object.get("kind") == "Application" for each in manifests) else "flux"
    why = f"is not applied any more: {problem}; what is in the cluster stays as it is"
    return OwnerChange(tool, folder, "blocked", "stopped", problem.partition(" ")[0], len(manifests), why, folder)


def _grounds(
    before: Side, now: Side, old: Mapping[Key, Owner], refused: Mapping[str, Sequence[str]] | None = None
) -> Grounds:
    """What is known of the owners of one side; `old` are those before."""
    names = {owner.source_name for owner in now.owners().values() if owner.source is not None}
    return Grounds(
        holds=now.holds,
        files_of=now.files_of,
        objects_of=now.objects_of,
        own={owner.source.url for owner in old.values() if owner.source is not None and before.holds(owner.path)},
        lost_sources={owner.source_name for owner in old.values() if owner.source is not None} - names,
        known={owner.id for owner in old.values()},
        awaited={key: owner.awaits for key, owner in old.items()},
        refused=refused or {},
    )


def _of_owners(
    folder: str, before: Side, after: Side, old: Mapping[Key, Owner], new: Mapping[Key, Owner]
) -> Iterator[OwnerChange]:
    gone, appliers = [owner for key, owner in old.items() if key not in new], before.appliers(old)
    for owner in gone:
        yield goes(folder, owner, appliers, before, after)
    held = {identity: owner for owner in gone for identity in by_identity(before.objects_of(owner.path))}
    for key, owner in new.items():
        if key not in old:
            yield _added(owner, after, held, new)
        else:
            yield from altered(old[key], owner, before, after, new)
    yield from _unread(before, after)
    yield from unread_changes(before.listing.manifests, after.listing.manifests)


def _unread(before: Side, after: Side) -> Iterator[OwnerChange]:
    """ApplicationSets that come, go or change, of whose Applications only the cluster knows which there are."""
    sides = before.unread_sets(), after.unread_sets()
    listed = [{identify(each.object): each for each in side.listing.manifests} for side in (before, after)]
    for name in sorted(sides[0].keys() | sides[1].keys()):
        manifest = sides[1].get(name) or sides[0][name]
        states = [side.get(identify(manifest.object)) for side in listed]
        if states[0] is None or states[1] is None or states[0].object != states[1].object:
            verb = "comes" if states[0] is None else "goes" if states[1] is None else "changes"
            why = (
                f"{verb}, and which Applications it makes its generators ask for at run time: which come, which go, "
                "and what is deleted with them, is not judged"
            )
            title = f"ApplicationSet/{name}"
            yield OwnerChange("argo", title, "moved", "asked", title, None, why, manifest.path)


def _added(owner: Owner, after: Side, held: Mapping[Identity, Owner], owners: Mapping[Key, Owner]) -> OwnerChange:
    objects = after.objects_of(owner.path)
    former = {held[key].title: held[key] for key in by_identity(objects) if key in held}
    twin = sharing(owner, owners, after.holds)
    if twin is not None:
        return owner_change(
            owner, "adopted", "shares", twin.title, objects, f"is new, and {said_of_shared(owner, twin)}"
        )
    if not former:
        return owner_change(owner, "added", "comes", owner.file, objects, f"is new, from `{owner.file}`")
    names = ", ".join(sorted(former)[:3])
    deleting = any(each.deletes for each in former.values())
    why = "takes over objects of an owner that goes" + (
        ": that one deletes them, unless the new one has applied them first, and then they load again"
        if deleting
        else ""
    )
    return owner_change(owner, "adopted", "comes", names, objects, why, deletes=deleting)


def _blocked(
    old: Mapping[Key, Owner],
    new: Mapping[Key, Owner],
    stops: tuple[Mapping[Key, Stop], Mapping[Key, Stop]],
    changed: Collection[str],
    after: Side,
) -> list[OwnerChange]:
    """Owners that are stopped from now on, or whose changes do not arrive because they were before."""
    return [
        owner_change(new[key], "blocked", "stopped", stop.by, after.objects_of(new[key].path), stop.why)
        for key, stop in stops[1].items()
        if new[key] is not old.get(key) or after.listing.problem is not None  # else it only stays in the cluster
        if key not in stops[0] or (new[key].path in changed and new[key].tool == "flux")
    ]


def _held(
    old: Mapping[Key, Owner], new: Mapping[Key, Owner], stops: tuple[Mapping[Key, Stop], Mapping[Key, Stop]]
) -> Iterator[str]:
    """The folders of owners that apply nothing, or went and left what they had applied. One of Argo CD that was stopped
    before is synced by hand."""
    for key in stops[1]:
        if new[key].tool == "flux" or key not in stops[0]:
            yield new[key].path
            yield from (old[key].path,) if key in old else ()
    yield from (owner.path for key, owner in old.items() if key not in new and not owner.deletes)
    yield from (owner.path for key, owner in new.items() if key in old and owner.leaves(old[key]))


def _keeping(old: Mapping[Key, Owner], new: Mapping[Key, Owner]) -> Iterator[str]:
    """Folders whose owner leaves what is no longer in them: by its own rules, or as it goes without deleting."""
    for key, owner in old.items():
        if (key in new and not new[key].prunes) or (key not in new and not owner.deletes):
            yield owner.path
