"""Objects that two environments of one cluster state: in the cluster there is one of each.

Each environment's owner sets it back to its own words when it applies, and makes the labels or annotations of ownership
its own (fluxcd/pkg, ssa/manager.go, `SetOwnerLabels`; Argo CD, controller/sync.go, `SharedResourceWarning`). One that
no longer states it deletes it, if it was the last to apply it (fluxcd/pkg, ssa/manager_delete.go, `DeleteAll`), and the
other one makes it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.scopes import CLUSTER_SCOPED
from llmstack.sync.manifests import Identity, identify
from llmstack.sync.policies import is_kept

Trouble = Literal["fights", "doubles", "leaves"]
"""Both say something else of it; it has two owners, which say the same; one takes it out, and it is deleted there."""
Stated = Mapping[Identity, Object]
"""The objects that an environment states on one side of a change."""


@dataclass(frozen=True, slots=True)
class Twin:
    """An object that an environment states, or did, and another one of its cluster too. Pairs are before and after."""

    identity: Identity
    environment: str
    """The other one."""
    own: tuple[Object | None, Object | None]
    other: tuple[Object | None, Object | None]

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


Kinds = Collection[tuple[str, str]]
"""Custom kinds that stand outside every namespace, by API group and kind."""


def defined_outside(objects: Iterable[Object]) -> Iterator[tuple[str, str]]:
    """Yield the group and kind of each CustomResourceDefinition whose objects stand outside every namespace."""
    for each in objects:
        if each.get("kind") == "CustomResourceDefinition" and value_at(each, "spec", "scope") == "Cluster":
            yield str(value_at(each, "spec", "group")), str(value_at(each, "spec", "names", "kind"))


def stated_by(objects: Iterable[Object], outside: Kinds = ()) -> Stated:
    """The objects by what tells them apart in a cluster: those that stand `outside` every namespace without one, as the
    API server leaves it out."""
    return {_in_cluster(identify(each), outside): each for each in objects}


def stated_in(
    environments: Mapping[str, tuple[Sequence[Object], Sequence[Object]]],
) -> dict[str, tuple[Stated, Stated]]:
    """What each environment of a cluster states before and after, from its objects."""
    outside = {kind for sides in environments.values() for side in sides for kind in defined_outside(side)}
    return {name: (stated_by(old, outside), stated_by(new, outside)) for name, (old, new) in environments.items()}


def find_twins(environment: str, stated: Mapping[str, tuple[Stated, Stated]]) -> Iterator[Twin]:
    """Yield what an environment changes of objects that others state after the change; `stated` is by environment,
    before and after."""
    own = stated[environment]
    changed = {key for key in own[0].keys() | own[1].keys() if own[0].get(key) != own[1].get(key)}
    for name, other in stated.items():
        for key in sorted(changed & other[1].keys()) if name != environment else ():
            yield Twin(key, name, (own[0].get(key), own[1].get(key)), (other[0].get(key), other[1].get(key)))


def _in_cluster(identity: Identity, outside: Kinds) -> Identity:
    group, kind, namespace, name = identity
    return group, kind, "" if kind in CLUSTER_SCOPED or (group, kind) in outside else namespace, name
