"""What keeps an owner from applying anything: it stops by itself, by its source or its folder, or behind another one.

A Kustomization is not applied while one of its `dependsOn` is not there, is not ready, or has not applied the revision
of a source that both follow (kustomize-controller, internal/controller/kustomization_controller.go,
`checkDependencies`): so one that is suspended holds those behind it that follow the same source. Flux tries a whole
unit first and applies none of it when one object is refused (fluxcd/pkg, ssa/manager_apply.go, ApplyAll). Argo CD goes
on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct, field

from llmstack.sync.manifests import Build
from llmstack.sync.owner import Key, Owner
from llmstack.sync.projects import first_denied
from llmstack.sync.taken import first_left_out


class Stop(Struct, frozen=True):
    """Why an owner applies nothing: who is to blame, and the rest of a sentence that begins with the unit."""

    by: str
    why: str
    ready: bool = False
    """Whether it counts as ready all the same, for those behind it that follow another source."""


class Grounds(Struct, frozen=True):
    """What is known beside the owners themselves."""

    holds: Callable[[str], bool] = lambda path: True
    """Whether a folder is in the repository."""
    files_of: Callable[[str], Collection[str]] = lambda path: ()
    """The files that a build of a folder reads."""
    own: Collection[str] = ()
    """URLs of sources that are this repository, as far as it shows."""
    lost_sources: Collection[str] = ()
    """Names of sources that were there before, and are not any more."""
    known: Collection[str] = ()
    """Ids of the owners that were there before."""
    awaited: Mapping[Key, Sequence[str]] = field(default_factory=dict)
    """Whom each owner waited for before."""
    objects_of: Build = lambda path: None
    """What a folder builds to."""
    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Objects that the API server refuses, as `Kind/name`, by the folder of their unit."""


def find_stops(owners: Mapping[Key, Owner], grounds: Grounds) -> dict[Key, Stop]:
    """The owners that apply nothing, each with the first reason found."""
    there = {owner.id for owner in owners.values()}
    stops = {key: stop for key, owner in owners.items() if (stop := _own_stop(owner, grounds, there)) is not None}
    _spread(owners, stops)
    for key in _circles(owners):
        why = "waits for itself by way of others: none of them is applied"
        stops.setdefault(key, Stop(owners[key].awaits[0], why))
    _spread(owners, stops)
    return stops


def _own_stop(owner: Owner, grounds: Grounds, there: Collection[str]) -> Stop | None:
    """What stops an owner without another one."""
    if owner.tool == "flux" and grounds.refused.get(owner.path) and not owner.forces:
        first = grounds.refused[owner.path][0]
        return Stop(first, f"is applied as a whole or not at all, and {first} is refused")
    if owner.suspended:
        how = "until it is resumed" if owner.tool == "flux" else "until somebody syncs it"
        return Stop(owner.file, f"is suspended: nothing of it is applied {how}", ready=True)
    if owner.refused_by is not None:
        what = "which is gone or does not allow its repository or its destination"
        return Stop(f"AppProject/{owner.refused_by}", f"is refused by its AppProject `{owner.refused_by}`, {what}")
    denied = first_denied(owner, grounds.objects_of(owner.path) or ()) if owner.rules is not None else None
    if denied is not None:
        kind = denied.get("kind")
        why = f"has a {kind}, a kind that its AppProject `{owner.project}` does not allow: nothing of it is synced"
        return Stop(f"AppProject/{owner.project}", why)
    return _stop_of_source(owner, grounds) or _stop_of_awaited(owner, grounds, there)


def _stop_of_source(owner: Owner, grounds: Grounds) -> Stop | None:
    if owner.source is None:
        if owner.source_name not in grounds.lost_sources:
            return None
        return Stop(owner.source_name, f"follows {owner.source_name}, which is not among the objects any more")
    if owner.source.stopped:
        why = f"follows {owner.source_name}, which {owner.source.stopped}: no commit reaches it"
        return Stop(owner.source_name, why, ready=True)
    if owner.source.url in grounds.own and not grounds.holds(owner.path):
        why = f"builds `{owner.path}`, which is not in the repository: nothing of it is applied, and nothing deleted"
        return Stop(owner.path, why)
    if owner.source.url in grounds.own and owner.source.filters:
        missing, _ = first_left_out(owner.source.filters, grounds.files_of(owner.path))
        if missing is not None:
            why = f"builds `{owner.path}` without `{missing}`, which {owner.source_name} leaves out"
            return Stop(owner.source_name, f"{why}: nothing of it is applied, and nothing deleted")
    return None


def _stop_of_awaited(owner: Owner, grounds: Grounds, there: Collection[str]) -> Stop | None:
    """An owner that it waits for and that is not there; one that this repository never had may be elsewhere."""
    before = grounds.awaited.get(owner.key, ())
    for name in owner.awaits:
        if name not in there and (name in grounds.known or name not in before):
            return Stop(name, f"waits for Kustomization {name}, which is not there: nothing of it is applied")
    return None


def _spread(owners: Mapping[Key, Owner], stops: dict[Key, Stop]) -> None:
    """Add those that wait for one that is stopped, and those that wait for them."""
    by_id = {owner.id: key for key, owner in owners.items() if owner.tool == "flux"}
    waiting = _waiting(owners)
    ends = deque(stops)
    while ends:
        for key in waiting.get(owners[ends.popleft()].id, ()):
            owner = owners[key]
            behind = next((name for name in owner.awaits if _holds_back(owner, by_id.get(name), owners, stops)), None)
            if behind is not None and key not in stops:
                stops[key] = Stop(behind, f"waits for {behind}, which does not become ready")
                ends.append(key)


def _waiting(owners: Mapping[Key, Owner]) -> Mapping[str, Sequence[Key]]:
    """By an owner, those that wait for it."""
    found: dict[str, list[Key]] = {}
    for key, owner in owners.items():
        for name in owner.awaits:
            found.setdefault(name, []).append(key)
    return found


def _holds_back(owner: Owner, awaited: Key | None, owners: Mapping[Key, Owner], stops: Mapping[Key, Stop]) -> bool:
    if awaited is None or awaited not in stops:
        return False
    return not stops[awaited].ready or owners[awaited].source_name == owner.source_name


def _circles(owners: Mapping[Key, Owner]) -> list[Key]:
    """The owners that wait for themselves by way of others."""
    left = {owner.id: owner for owner in owners.values() if owner.tool == "flux"}
    waiting = _waiting({owner.key: owner for owner in left.values()})
    ways = {name: sum(awaited in left for awaited in set(owner.awaits)) for name, owner in left.items()}
    free = deque(name for name, number in ways.items() if not number)
    while free:
        name = free.popleft()
        del left[name]
        for other in {owners[key].id for key in waiting.get(name, ())}:
            ways[other] -= 1
            if not ways[other]:
                free.append(other)
    return [owner.key for owner in left.values() if owner.id in _reached(owner, left)]


def _reached(owner: Owner, left: Mapping[str, Owner]) -> set[str]:
    """Those among `left` that an owner waits for, and those that they wait for."""
    reached: set[str] = set()
    waiting = list(owner.awaits)
    while waiting:
        name = waiting.pop()
        if name in left and name not in reached:
            reached.add(name)
            waiting += left[name].awaits
    return reached
