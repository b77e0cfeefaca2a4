"""Objects that stand in the folder of a cluster themselves and are no units: what comes and changes, and what Flux
prunes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from llmstack.sync.fields import TABLES
from llmstack.sync.manifests import Identity, Object, identify
from llmstack.sync.policies import is_kept
from llmstack.sync.side import OwnerChange, Side, by_identity

NAMED = 4
"""Objects that are named before they are counted."""


def loose_changes(folder: str, before: Side, after: Side, *, is_pruned: bool) -> Iterator[OwnerChange]:
    """Yield one change each for what leaves the folder and is deleted, if it is, for what is new in it, and for what
    changes in it: what that does to the tools, or to what they apply, nobody knows here."""
    old, new = _loose_objects(before), _loose_objects(after)
    gone = [key for key in old if is_pruned and key not in new and not is_kept(old[key][1], "flux")]
    if gone:
        inside = _inside(spaces_of(gone), before)
        why = f"loses {_names(gone)}, which Flux deletes" + (", with all that is in it" if inside else "")
        file = old[gone[0]][0]
        all_gone = (*gone, *inside)
        yield OwnerChange(
            "flux", folder, "pruned", "loose", file, len(all_gone), why, file, deletes=True, gone=all_gone
        )
    come = [key for key in new if key not in old]
    if come:
        file = new[come[0]][0]
        yield OwnerChange("flux", folder, "added", "loose", file, len(come), f"brings {_names(come)}", file)
    changed = [key for key in old if key in new and old[key][1] != new[key][1]]
    if changed:
        file = new[changed[0]][0]
        why = f"changes {_names(changed)}: what that does to units and tools is not judged"
        yield OwnerChange("flux", folder, "moved", "contents", file, len(changed), why, file)


def spaces_of(gone: Iterable[Identity]) -> frozenset[str]:
    """The names of the Namespaces among objects: with one goes all that is in it."""
    return frozenset(key[3] for key in gone if key[:2] == ("", "Namespace"))


def _inside(spaces: Collection[str], side: Side) -> list[Identity]:
    """The objects of units that are in some namespaces."""
    found = [side.objects_of(owner.path) for owner in side.owners().values()] if spaces else []
    return [key for objects in found for key in by_identity(objects) if key[2] in spaces]


def _names(found: list[Identity]) -> str:
    names = ", ".join(f"{key[1]}/{key[3]}" for key in found[:NAMED])
    return names + (" and others" if len(found) > NAMED else "")


def _loose_objects(side: Side) -> dict[Identity, tuple[str, Object]]:
    found = {identify(each.object): (each.path, each.object) for each in side.listing.manifests}
    return {key: value for key, value in found.items() if key[:2] not in TABLES}
