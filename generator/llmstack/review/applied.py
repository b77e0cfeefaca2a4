"""What of a change reaches the cluster: the sync tool may hold a unit, pass an object over, or leave it where it is.

The manifests say what is wanted. A unit whose owner is stopped stays as it was, all of it; an object that is annotated
to be left alone stays by itself (`sync/policies.py`); what leaves a unit whose owner deletes nothing, or is annotated
to be kept, goes on running.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts
from llmstack.kubernetes import pods
from llmstack.kubernetes.beyond_quotas import Beyond, beyond_quotas
from llmstack.kubernetes.collected import is_collected
from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.limit_ranges import refused_claim
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.runtime_classes import adding_classes, with_runtime_class
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.change import ObjectChange
from llmstack.review.compare import compare
from llmstack.review.restarts import why_unmoved
from llmstack.review.standing import standing_quotas
from llmstack.review.surroundings import Surroundings
from llmstack.sync.ignored import left_as_it_is
from llmstack.sync.manifests import identify
from llmstack.sync.policies import Renewed, Skipped, at_each_sync, is_made_anew, why_skipped

Held = Literal["stopped", "kept", "left", "ignored", "goes", "collected"] | Skipped
"""Why a change does not arrive: its unit is stopped, the object is annotated to stay, the owner of its unit deletes
nothing, or leaves some fields as they are; the object is deleted all the same, by the sync tool or by the cluster's
garbage collector; or it is passed over."""


class Applied(Struct, frozen=True):
    """What a change comes to in its cluster, as far as the sync tool applies it."""

    changes: tuple[ObjectChange, ...]
    """Those that arrive, and those that the API refuses."""
    before: Sequence[Object]
    after: Sequence[Object]
    refused: frozenset[pods.Identity] = frozenset()
    """The objects whose change the API refuses."""
    unmoved: frozenset[pods.Identity] = frozenset()
    """The workloads whose controller leaves running pods as they are."""
    held: tuple[tuple[ObjectChange, Held], ...] = ()
    """What does not arrive, and why."""
    anew: frozenset[pods.Identity] = frozenset()
    """The workloads that the sync tool deletes and makes anew, as the API refuses to change them."""


def what_is_applied(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object], near: Surroundings
) -> Applied:
    """Return the changes that arrive, the objects that are then in the cluster, and the changes that do not arrive.

    An object that the sync tool deletes while its manifest stays is one that is removed. Pods have what admission adds
    to them.
    """
    deleted = near.pruned
    going = {each.full_identity for each in changes if becomes_of(each, near) == "goes"}
    collected = {each.full_identity for each in changes if is_collected(each.after)}
    lost = near.lost | going | collected
    held = {change.full_identity: why for change in changes if (why := _why_held(change, near, deleted)) is not None}
    free = (change for change in changes if change.full_identity not in held)
    made = {change.full_identity: found for change in free if (found := _left_alone(change, near)) is not None}
    tried = [each for change in changes for each in _with_end(change, made.get(change.full_identity))]
    refused = {each.full_identity for each in tried if is_refused(each, near)} - lost
    arriving = [each for each in tried if (key := each.full_identity) in refused or key not in held.keys() | lost]
    there: Sequence[Object] = after
    if held or lost or made or refused:
        stays = held.keys() | refused
        away = stays | lost
        there = [
            *(made.get(key, object) for object in after if (key := identify(object)) not in away),
            *(change.before for change in changes if change.before is not None and change.full_identity in stays),
        ]
        arriving += compare({"": [object for object in before if identify(object) in lost]}, {})
    told = [(change, held[key]) for change in changes if (key := change.full_identity) in held]
    told += [(change, "ignored") for change in changes if change.full_identity in made]
    told += [(change, "goes") for change in changes if change.full_identity in going - collected]
    told += [(change, "collected") for change in changes if change.full_identity in collected]
    with_pods, before, there = _with_admission(arriving, before, there)
    anew = {each.identity for each in with_pods if is_counted(each.kind) and _is_remade(each, near)}
    with_pods = [replace(each, restarts=True) if each.identity in anew else each for each in with_pods]
    return Applied(
        tuple(with_pods),
        before,
        there,
        frozenset(each.identity for each in arriving if each.full_identity in refused),
        frozenset(each.identity for each in with_pods if why_unmoved(each) is not None) - anew,
        tuple(told),
        frozenset(anew),
    )


def _left_alone(change: ObjectChange, near: Surroundings) -> Object | None:
    """The object as it is applied, where the owner of its unit leaves changed fields of it as they are."""
    rules = near.ignoring.get(change.unit)
    if not rules or change.before is None or change.after is None:
        return None
    made = left_as_it_is(change.before, change.after, rules)
    return None if made is change.after else made


def _with_end(change: ObjectChange, made: Object | None) -> tuple[ObjectChange, ...]:
    """A change with the end that it comes to, where that is another; nothing where nothing is left of it."""
    if made is None or change.before is None:
        return (change,)
    return compare({change.unit: [change.before]}, {change.unit: [made]})


def _with_admission(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object]
) -> tuple[Sequence[ObjectChange], Sequence[Object], Sequence[Object]]:
    """The changes and the objects with what admission adds to pods: that of their RuntimeClasses."""
    classes = adding_classes(before), adding_classes(after)
    if not any(classes):
        return changes, before, after
    added = [
        replace(
            change,
            before=None if change.before is None else with_runtime_class(change.before, classes[0]),
            after=None if change.after is None else with_runtime_class(change.after, classes[1]),
        )
        for change in changes
    ]
    sides = zip((before, after), classes, strict=True)
    old, new = ([with_runtime_class(obj, adding) for obj in objects] for objects, adding in sides)
    return added, old, new


def is_refused(change: ObjectChange, near: Surroundings) -> bool:
    """Whether the API refuses a change of an object that the sync tool tries to apply, and does not make anew: one that
    is refused as it stands is so in any case."""
    if change.after is None or why_skipped(change.after, exists=change.before is not None) is not None:
        return False
    if change.unread:
        return True
    over = near.beyond.get(change.identity)
    if change.refusals or (over is not None and over.alone) or group_of(change.after) in near.undefined:
        return True
    is_fixed = bool(refused_fields(change.kind, change.before, change.after, near.default_class))
    return is_fixed and not makes_anew(change, near)


def find_beyond(
    changes: Sequence[ObjectChange],
    before: Sequence[Object],
    after: Sequence[Object],
    known: ClusterFacts | None = None,
) -> Mapping[pods.Identity, Beyond]:
    """The objects of an environment that come or grow beyond a ResourceQuota of it, or of what facts know of its
    cluster; and claims beyond a LimitRange."""
    return {**_beyond_quotas(changes, before, after, known), **_beyond_limits(changes, after)}


def _beyond_limits(changes: Sequence[ObjectChange], after: Sequence[Object]) -> dict[pods.Identity, Beyond]:
    ranges = [obj for obj in after if obj.get("kind") == "LimitRange"]
    claims = [each for each in changes if ranges and each.kind == "PersistentVolumeClaim" and each.after is not None]
    found = {}
    for change in claims:
        for obj in ranges:
            _, namespace, name = pods.identity_of(obj)
            said = refused_claim(obj, change.after or {}) if namespace == change.identity[1] else None
            if said is not None:
                found[change.identity] = Beyond(name, "storage", alone=True, limit=said)
    return found


def _beyond_quotas(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object], known: ClusterFacts | None
) -> Mapping[pods.Identity, Beyond]:
    standing = [each.quota for each in standing_quotas(known, before, after).values()]
    if not standing and not any(str(obj.get("kind")) == "ResourceQuota" for obj in after):
        return {}
    leaving = {change.identity: change.unit for change in changes if change.after is None}
    coming = {change.identity: change.unit for change in changes if change.after is not None}
    return beyond_quotas((*before, *standing), (*after, *standing), leaving, coming)


def makes_anew(change: ObjectChange, near: Surroundings) -> bool:
    """Whether the sync tool deletes and recreates the object of a change that the API refuses."""
    if change.after is None:
        return False
    server_side = change.unit in near.synced_by_argo - near.client_side
    return is_made_anew(change.after, server_side=server_side) or change.unit in near.forcing


def _is_remade(change: ObjectChange, near: Surroundings) -> bool:
    """Whether the sync tool deletes the object of a change and makes it anew. The pods go with it, whatever its
    strategy: Flux deletes in the background (fluxcd/pkg, ssa/manager_apply.go, `Apply`), and so does Argo CD
    (gitops-engine, pkg/utils/kube, `Force`)."""
    fixed = refused_fields(change.kind, change.before, change.after, near.default_class)
    return (makes_anew(change, near) and bool(fixed)) or becomes_of(change, near) == "renewed"


def becomes_of(change: ObjectChange, near: Surroundings) -> Renewed | None:
    """What the sync tool does to the object of a change, which is there, at this sync and each other one, whatever the
    change is; None where nothing of the kind."""
    if change.unit not in near.synced_by_argo or change.before is None or change.after is None:
        return None
    return at_each_sync(change.before, change.after)


def _why_held(change: ObjectChange, near: Surroundings, deleted: Collection[pods.Identity]) -> Held | None:
    if change.unit in near.stopped:
        return "stopped"
    if change.after is not None:
        return why_skipped(change.after, exists=change.before is not None)
    if change.unit in near.keeping:
        return "left"
    was = change.before
    kept = was is not None and change.identity not in deleted and near.is_kept(change.unit, was)
    return "kept" if kept else None
