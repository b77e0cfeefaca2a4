"""Objects that stand in the folder of a cluster themselves and are no units: what comes and changes, and what Flux
prunes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from llmstack import schemas
from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object
from llmstack.sync import argo
from llmstack.sync.fields import TABLES
from llmstack.sync.leaving import applier_of
from llmstack.sync.manifests import Identity, identify
from llmstack.sync.owner import TOOL_NAMES, Owner, Tool
from llmstack.sync.policies import FLUX, is_kept
from llmstack.sync.side import Action, Cause, OwnerChange, Side, by_identity

NAMED = 4
"""Objects that are named before they are counted."""


def loose_changes(folder: str, before: Side, after: Side, appliers: Mapping[str, Owner]) -> Iterator[OwnerChange]:
    """Yield one change each for what leaves the folder and is deleted, if it is, for what is new in it, for what
    changes in it, and for what cannot be seen of it: what those do to the tools, or to what they apply, nobody knows
    here."""
    old, new = _loose_objects(before), _loose_objects(after)
    tool: Tool = "argo" if after.sets() or any(each.tool == "argo" for each in before.owners().values()) else "flux"
    gone = [key for key in old if key not in new and _is_pruned(*old[key], tool, appliers)]
    if gone:
        inside = _inside(gone, before)
        name = TOOL_NAMES[tool]
        why = f"loses {_names(gone)}, which {name} deletes" + (", with all that is in it" if inside else "")
        yield _change(tool, folder, "pruned", why, [old[key][0] for key in gone], gone=(*gone, *inside))
    come = [key for key in new if key not in old]
    strange = [key for key in come if _is_of_others(new[key][1])]
    plain = [key for key in come if key not in strange]
    if plain:
        yield _change(tool, folder, "added", f"brings {_names(plain)}", [new[key][0] for key in plain])
    if strange:
        why = f"brings {_names(strange)}: what its controller makes of that is not judged"
        yield _change(tool, folder, "moved", why, [new[key][0] for key in strange])
    unseen = [each for each in after.listing.unknown if each not in before.listing.unknown]
    if unseen:
        told = "; ".join(unseen[:NAMED]) + (" and more" if len(unseen) > NAMED else "")
        why = f"is built from what this review cannot see ({told}): what that brings is not judged"
        file = unseen[0].partition(" ")[0].rstrip(",:")
        yield OwnerChange(tool, folder, "moved", "contents", file, None, why, file)
    changed = [key for key in old if key in new and old[key][1] != new[key][1]]
    if changed:
        why = f"changes {_names(changed)}: what that does to units and tools is not judged"
        yield _change(tool, folder, "moved", why, [new[key][0] for key in changed])


def _change(
    tool: Tool, folder: str, action: Action, why: str, files: Sequence[str], gone: tuple[Identity, ...] = ()
) -> OwnerChange:
    """One change of objects that stand in some files."""
    cause: Cause = "contents" if action == "moved" else "loose"
    number = len(gone) or len(files)
    return OwnerChange(tool, folder, action, cause, files[0], number, why, files[0], deletes=bool(gone), gone=gone)


def _is_pruned(file: str, object: Object, tool: Tool, appliers: Mapping[str, Owner]) -> bool:
    by = applier_of(file, tool, appliers)
    return (by is None or by.prunes) and not is_kept(object, tool)


def _is_of_others(object: Object) -> bool:
    """Whether an object is of a custom kind without a schema here: a controller that nobody knows makes something of
    it."""
    group, stated = group_of(object), (str(object.get("apiVersion")), str(object.get("kind")))
    is_custom = "." in group and not group.endswith(".k8s.io")
    return is_custom and schemas.of_kind(schemas.KUBERNETES_VERSIONS[-1], *stated) is None


def spaces_of(gone: Iterable[Identity]) -> frozenset[str]:
    """The names of the Namespaces among objects: with one goes all that is in it."""
    return frozenset(key[3] for key in gone if key[:2] == ("", "Namespace"))


def _inside(gone: Collection[Identity], side: Side) -> list[Identity]:
    """The objects that go with others: those of units in Namespaces that go, and those that owners applied whose
    Namespace, or whose kind itself, goes."""
    spaces, kinds = spaces_of(gone), {key[3] for key in gone if key[1] == "CustomResourceDefinition"}
    if not spaces and not kinds:
        return []
    found: dict[Identity, None] = {}
    for owner in side.owners().values():
        group = FLUX if owner.tool == "flux" else argo.GROUP
        is_gone = owner.deletes and (owner.namespace in spaces or f"{owner.kind.lower()}s.{group}" in kinds)
        objects = by_identity(side.objects_of(owner.path)) if owner.path != side.root else {}
        for key, obj in objects.items():
            if key[2] in spaces or (is_gone and not is_kept(obj, owner.tool, with_owner=True)):
                found[key] = None
    return list(found)


def _names(found: list[Identity]) -> str:
    names = ", ".join(f"{key[1]}/{key[3]}" for key in found[:NAMED])
    return names + (" and others" if len(found) > NAMED else "")


def _loose_objects(side: Side) -> dict[Identity, tuple[str, Object]]:
    found = {identify(each.object): (each.path, each.object) for each in side.listing.manifests}
    return {key: value for key, value in found.items() if key[:2] not in TABLES}
