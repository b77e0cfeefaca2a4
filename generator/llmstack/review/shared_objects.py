"""Objects that two environments of one cluster state: in the cluster there is one of each.

Each environment's owner sets it back to its own words when it applies, and makes the labels or annotations of ownership
its own (fluxcd/pkg, ssa/manager.go, `SetOwnerLabels`; Argo CD, controller/sync.go, `SharedResourceWarning`). One that
no longer states it deletes it, if it was the last to apply it (fluxcd/pkg, ssa/manager_delete.go, `DeleteAll`), and the
other one makes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.scopes import is_cluster_scoped
from llmstack.sync.manifests import Identity, identify
from llmstack.sync.policies import is_kept

Trouble = Literal["fights", "doubles", "leaves"]
"""Both say something else of it; it has two owners, which say the same; one takes it out, and it is deleted there."""
Stated = Mapping[Identity, Object]
"""The objects that an environment states on one side of a change."""


class Twin(Struct, frozen=True):
    """An object that an environment states, or did, and another one of its cluster too. Pairs are before and after."""

    identity: Identity
    environment: str
    """The other one."""
    own: tuple[Object | None, Object | None]
    other: tuple[Object | None, Object | None]
    is_certain: bool = True
    """Whether they are one object: else that is so if their kind stands outside every namespace, which nothing here
    tells."""

    @property
    def trouble(self) -> Trouble | None:
        """What the change makes of it; None where it harms nobody."""
        own, other = self.own[1], self.other[1]
        if other is None or own == other:
            doubles = own is not None and None in (self.own[0], self.other[0]) and not is_kept(own)
            return "doubles" if doubles else None
        if own is not None:
            return "fights"
        return None if is_kept(self.own[0] or {}) else "leaves"


Definitions = Mapping[tuple[str, str], bool]
"""By API group and kind: whether custom resources stand outside every namespace, as their definitions say."""


def definitions_in(objects: Iterable[Object]) -> Definitions:
    """What the CustomResourceDefinitions among the objects say of where those of their kinds stand."""
    return {
        (str(value_at(each, "spec", "group")), str(value_at(each, "spec", "names", "kind"))): (
            value_at(each, "spec", "scope") == "Cluster"
        )
        for each in objects
        if each.get("kind") == "CustomResourceDefinition"
    }


def stated_by(objects: Iterable[Object], defined: Definitions) -> Stated:
    """The objects by what tells them apart in a cluster: those that stand outside every namespace without one, as the
    API server leaves it out."""
    return {_in_cluster(identify(each), defined): each for each in objects}


def find_twins(environment: str, stated: Mapping[str, tuple[Stated, Stated]], defined: Definitions) -> Iterator[Twin]:
    """Yield what an environment changes of objects that others state after the change; `stated` is by environment,
    before and after."""
    own = stated[environment]
    changed = {key for key in own[0].keys() | own[1].keys() if own[0].get(key) != own[1].get(key)}
    unplaced = [key for key in sorted(changed) if scope_of(key, defined) is None]
    for name, other in stated.items():
        if name == environment:
            continue
        for key in sorted(changed & other[1].keys()):
            yield Twin(key, name, (own[0].get(key), own[1].get(key)), (other[0].get(key), other[1].get(key)))
        elsewhere = {_anywhere(key): key for key in other[1]} if unplaced else {}
        for key in unplaced:
            there = elsewhere.get(_anywhere(key), key)
            if there != key and there not in own[1]:
                sides = _placed_nowhere(own, key), _placed_nowhere(other, there)
                yield Twin(key, name, *sides, is_certain=False)


def _anywhere(identity: Identity) -> tuple[str, str, str]:
    group, kind, _, name = identity
    return group, kind, name


def _placed_nowhere(sides: tuple[Stated, Stated], key: Identity) -> tuple[Object | None, Object | None]:
    """An object on both sides, without its namespace."""
    old, new = (side.get(key) for side in sides)
    return _without_namespace(old), _without_namespace(new)


def _without_namespace(obj: Object | None) -> Object | None:
    metadata = obj["metadata"] if obj is not None else {}
    kept = {key: value for key, value in metadata.items() if key != "namespace"}
    return {**obj, "metadata": kept} if obj is not None else None


def scope_of(identity: Identity, defined: Definitions) -> bool | None:
    """Whether an object stands outside every namespace; None where nothing tells."""
    group, kind, _, _ = identity
    return defined.get((group, kind), is_cluster_scoped(group, kind))


def _in_cluster(identity: Identity, defined: Definitions) -> Identity:
    group, kind, namespace, name = identity
    return group, kind, "" if scope_of(identity, defined) else namespace, name
