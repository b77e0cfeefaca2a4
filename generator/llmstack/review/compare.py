"""Two sets of objects, compared: what is new, what is gone, which fields differ, and what restarts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from llmstack.kubernetes.definitions import is_built_in
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.schema import Problem
from llmstack.review.change import Change, ObjectChange
from llmstack.review.differences import differences
from llmstack.review.restarts import config_causes, template_causes
from llmstack.review.shared_objects import definitions_in, scope_of
from llmstack.secrecy.credentials import MASK
from llmstack.secrecy.held import held_by, mask_held
from llmstack.secrecy.masking import mask, mask_object
from llmstack.sync.manifests import Identity, identify

Unread = Mapping[Identity, tuple[Problem, ...]]
"""What the API server cannot read of the objects of a side."""

_SEALED = {"Secret": ("data", "stringData"), "SealedSecret": ("spec.encryptedData",)}


def compare(before: Mapping[str, Sequence[Object]], after: Mapping[str, Sequence[Object]]) -> tuple[ObjectChange, ...]:
    """What changes from one set of objects to the other, by namespace, kind and name; both are by unit.

    Objects are one when API group, kind, namespace and name agree, in whatever unit they stand; the namespace counts
    for nothing where their kind is known to stand outside every one. Secrets are masked in the fields and in the whole
    objects that are returned.
    """
    old, new = _by_identity(before), _by_identity(after)
    objects = (obj for side in (old, new) for _, obj in side.values())
    for former, identity, is_outside in _renamespaced(old, new, objects):
        if is_outside:
            old[identity] = old.pop(former)
    changed = {identity for identity in old.keys() | new.keys() if _differ(old.get(identity), new.get(identity))}
    configs = [
        side[identity][1]
        for identity in changed
        if identity[1] == "ConfigMap"
        for side in (old, new)
        if identity in side
    ]
    held = _held_by(before, after)
    return tuple(
        _change(old.get(identity), new.get(identity), configs, held)
        for identity in sorted(changed, key=lambda each: (each[2], each[1], each[3], each[0]))
    )


def with_unread(
    changes: Sequence[ObjectChange], after: Mapping[str, Sequence[Object]], unread: Sequence[Unread]
) -> tuple[ObjectChange, ...]:
    """Return the changes with what the API server cannot read of the objects after; `unread` is that of both sides. One
    that is the same in all that can be read is a change too where it could be read before. Of custom resources the
    cluster may have other definitions than those that are known here: nothing is said of them."""
    old, new = ({key: found for key, found in side.items() if is_built_in(key[0])} for side in unread)
    marked = [replace(change, unread=new.get(change.full_identity, ())) for change in changes]
    others = {key: side for key, side in _by_identity(after).items() if new.get(key) and new[key] != old.get(key)}
    for change in changes:
        others.pop(change.full_identity, None)
    held = _held_by(after) if others else ()
    return (*marked, *(replace(_change(side, side, (), held), unread=new[key]) for key, side in others.items()))


def moved_elsewhere(changes: Sequence[ObjectChange], objects: Iterable[Object]) -> list[ObjectChange]:
    """Those changes that are new in one namespace while an object of their name goes in another, and of whose kind
    nothing among the `objects` tells whether it has namespaces."""
    old = {change.full_identity: change for change in changes if change.after is None}
    new = {change.full_identity: change for change in changes if change.before is None}
    return [new[identity] for _, identity, is_outside in _renamespaced(old, new, objects) if is_outside is None]


def _renamespaced(
    old: Mapping[Identity, Any], new: Mapping[Identity, Any], objects: Iterable[Object]
) -> list[tuple[Identity, Identity, bool | None]]:
    """What goes in one namespace and comes, under the same name, in another; and whether its kind stands outside every
    namespace, None where nothing among the `objects` tells."""
    coming = {(group, kind, name): (group, kind, space, name) for group, kind, space, name in new.keys() - old.keys()}
    gone = sorted(old.keys() - new.keys()) if coming else []
    pairs = [(each, coming[key]) for each in gone if (key := (each[0], each[1], each[3])) in coming]
    defined = definitions_in(objects) if pairs else {}
    return [(former, identity, scope_of(identity, defined)) for former, identity in pairs]


def _by_identity(units: Mapping[str, Sequence[Object]]) -> dict[Identity, tuple[str, Object]]:
    return {identify(item): (unit, item) for unit, items in units.items() for item in items}


def _differ(before: tuple[str, Object] | None, after: tuple[str, Object] | None) -> bool:
    if before is None or after is None:
        return True
    return next(differences(before[1], after[1]), None) is not None


def _change(
    before: tuple[str, Object] | None,
    after: tuple[str, Object] | None,
    configs: Sequence[Object],
    held: Collection[str],
) -> ObjectChange:
    unit, item = next(side for side in (after, before) if side is not None)
    changes: tuple[Change, ...] = ()
    causes: tuple[str, ...] = ()
    if before is not None and after is not None:
        changes = _changes(before[1], after[1], held)
        causes = template_causes(before[1], after[1])
        causes += config_causes(item, causes, configs)
    return ObjectChange(
        api_version=item["apiVersion"],
        kind=item["kind"],
        namespace=item["metadata"].get("namespace") or "",
        name=item["metadata"]["name"],
        unit=unit,
        action="change" if before and after else "add" if after else "remove",
        changes=changes,
        restarts=bool(causes),
        causes=causes,
        before=_masked(before[1], held) if before else None,
        after=_masked(after[1], held) if after else None,
    )


def _held_by(*sides: Mapping[str, Iterable[Object]]) -> Collection[str]:
    return held_by(item for side in sides for items in side.values() for item in items)


def _masked(item: Object, held: Collection[str]) -> Object:
    masked: Object = mask_held(mask_object(item), held)
    return masked


def _changes(before: Object, after: Object, held: Collection[str]) -> tuple[Change, ...]:
    sealed = _SEALED.get(after["kind"], ())
    found = []
    for each in differences(before, after):
        if each.path.startswith(sealed):
            sides = [None if side is None else MASK for side in (each.before, each.after)]
        else:
            sides = [
                None if side is None else show(mask_held(mask(side, each.key), held))
                for side in (each.before, each.after)
            ]
            if sides[0] == sides[1] and MASK not in (sides[0] or ""):
                sides = [json.dumps(side, ensure_ascii=False) for side in (each.before, each.after)]
        found.append(Change(each.path, *sides))
    return tuple(found)


def show(value: Any) -> str:
    """A value in one line: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
