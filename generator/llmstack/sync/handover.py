"""Objects that pass from one unit to another, or that two units have at once.

An owner deletes what left its folder, if it still carries that owner's labels (kustomize-controller, `prune`, and
fluxcd/pkg, ssa/manager_delete.go: DeleteAll with the owner's labels as `Inclusions`). So it depends on who comes first:
the one that takes an object over puts its own labels on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from llmstack.kubernetes.pods import Object
from llmstack.sync.manifests import Identity
from llmstack.sync.owner import TOOL_NAMES, Key, Owner
from llmstack.sync.policies import is_kept
from llmstack.sync.side import OwnerChange, Side, by_identity, owner_change

Passed = Mapping[Identity, tuple[str, str]]
"""Objects that stand in another unit than before: the folders of both."""


def handovers(
    passed: Passed, before: Side, old: Mapping[Key, Owner], new: Mapping[Key, Owner]
) -> Iterator[OwnerChange]:
    """Units that lose objects to another one, and may delete them."""
    pairs: dict[tuple[Key, Key], list[Identity]] = {}
    giving, taking = ({owner.path: owner for owner in side.values()} for side in (old, new))
    for identity, (start, end) in passed.items():
        if start in giving and end in taking and giving[start].key != taking[end].key:
            pairs.setdefault((giving[start].key, taking[end].key), []).append(identity)
    for (giver, taker), identities in pairs.items():
        change = _handover(
            old[giver], new.get(giver), new[taker], identities, by_identity(before.objects_of(old[giver].path)), new
        )
        if change is not None:
            yield change


def _handover(
    old: Owner,
    still: Owner | None,
    taker: Owner,
    identities: list[Identity],
    objects: Mapping[Identity, Object],
    owners: Mapping[Key, Owner],
) -> OwnerChange | None:
    """What becomes of objects that one unit loses to another; None where they go over without harm."""
    deletes = still.prunes if still is not None else old.deletes
    there = [key for key in identities if key in objects]
    lost = [key for key in there if not is_kept(objects[key], old.tool, with_owner=still is None)]
    if not deletes or not lost or (still is not None and taker.id in _behind(still, owners)):
        return None
    names = f"{lost[0][1]}/{lost[0][3]}" + (f" and {len(lost) - 1} more" if len(lost) > 1 else "")
    tool = TOOL_NAMES[old.tool]
    if still is not None and old.id in _behind(taker, owners):
        how = f", which waits for it: {tool} deletes them here first, and there they are made anew"
    else:
        how = f": {tool} deletes them here, unless that unit has applied them first"
    why = f"loses {names} to `{taker.name}`{how}"
    return owner_change(old, "moved", "passes", taker.title, None, why, deletes=True, gone=tuple(lost), count=len(lost))


def _behind(owner: Owner, owners: Mapping[Key, Owner]) -> set[str]:
    """Ids of the owners that one waits for, and of those that they wait for."""
    by_id = {each.id: each for each in owners.values()}
    found: set[str] = set()
    waiting = list(owner.awaits)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += by_id[name].awaits if name in by_id else ()
    return found


def sharing(owner: Owner, owners: Mapping[Key, Owner], holds: Callable[[str], bool]) -> Owner | None:
    """Another owner that applies the same objects: of the same folder, of one that has it below itself and lists it, as
    overlays/<env> does, or of the generated one that a folder of custom/ builds on."""
    if not owner.path or not holds(owner.path):
        return None
    path = _generated(owner.path)
    for other in owners.values():
        if other.key == owner.key or other.place != owner.place:
            continue
        theirs = _generated(other.path)
        if theirs == path or _aggregates(theirs, path) or _aggregates(path, theirs):
            return other
    return None


def _generated(path: str) -> str:
    """The folder that a unit's own one in custom/ stands for."""
    return f"overlays/{path.removeprefix('custom/')}" if path.startswith("custom/") else path


def _aggregates(whole: str, part: str) -> bool:
    """Whether a folder is the aggregate of an environment, overlays/<env>, and the other one a unit of it."""
    steps = whole.split("/")
    return len(steps) >= 2 and steps[-2] == "overlays" and part.startswith(f"{whole}/")


def said_of_shared(owner: Owner, twin: Owner) -> str:
    """What it means that two owners apply the same objects, as the rest of a sentence."""
    rest = "; what one of them no longer has, it deletes, unless the other has applied it since" if owner.prunes else ""
    return f"applies what `{twin.name}` applies too: each takes it from the other{rest}"
