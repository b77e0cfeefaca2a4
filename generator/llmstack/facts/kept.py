"""What is learned joined with what was known: nothing that still holds is lost to input that does not speak of it.

A recording of one rollout shows its pods and no nodes; pods that were started again show no load time. Whoever learns
from it knows what was known before and what it shows, so that the next prediction is no worse.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from llmstack.facts.cluster import ClusterFacts, Load, NodeGroup

MOST_IMAGES = 4
"""Of one model, whose load times are kept: those measured now first, then those measured most often."""
CONTROLLERS = frozenset(("Deployment", "StatefulSet"))
"""Kinds that show which programs run in a cluster."""


def join_facts(
    learned: ClusterFacts, kinds: Collection[str], known: ClusterFacts | None, models: Collection[str]
) -> ClusterFacts:
    """The facts that an input shows, with those `known` where it shows nothing.

    Facts that are of a later day than the input win over it. Nodes of which it cannot be told what others hold are not
    known: neither shows pods.
    """
    if known is not None and known.date > learned.date:
        joined = _filled(known, learned, looked=False)
        return replace(joined, loads=_loads(known.loads, learned.loads, models))
    if "Pod" not in kinds and not are_known(learned.nodes, known):
        learned = replace(learned, nodes=())
    return fill_facts(learned, kinds, known, models)


def fill_facts(
    learned: ClusterFacts, kinds: Collection[str], known: ClusterFacts | None, models: Collection[str]
) -> ClusterFacts:
    """The facts that an input shows, with those `known` where it shows nothing; `kinds` are all that it has of objects,
    `models` those that are served. The day is that of the nodes."""
    if known is None:
        return learned
    if "Pod" not in kinds:
        learned = replace(learned, nodes=tuple(_with_others(group, known) for group in learned.nodes))
    joined = _filled(learned, known, looked=not CONTROLLERS.isdisjoint(kinds))
    return replace(joined, loads=_loads(learned.loads, known.loads, models))


def _filled(newer: ClusterFacts, older: ClusterFacts, *, looked: bool) -> ClusterFacts:
    """The newer facts, and the older where those say nothing; `looked` is whether the newer would show a program."""
    return ClusterFacts(
        date=newer.date if newer.nodes or not older.nodes else older.date,
        versions=newer.versions if looked else {**older.versions, **newer.versions},
        concurrent=newer.concurrent if looked or newer.concurrent is not None else older.concurrent,
        nodes=newer.nodes or older.nodes,
        storage_classes=newer.storage_classes if newer.storage_classes is not None else older.storage_classes,
        priority_classes=newer.priority_classes if "priorityClasses" in newer.exists else older.priority_classes,
        quotas=newer.quotas if newer.quotas is not None else older.quotas,
        claim_modes=newer.claim_modes if "claims" in newer.exists else older.claim_modes,
        exists={**older.exists, **newer.exists},
    )


def are_known(groups: Collection[NodeGroup], known: ClusterFacts | None) -> bool:
    """Whether what others hold of each group was known."""
    before = {_identity(group) for group in (known.nodes if known is not None else ())}
    return all(_identity(group) in before for group in groups if group.gpu is not None)


def _with_others(group: NodeGroup, known: ClusterFacts) -> NodeGroup:
    """A group with what others were known to hold of it."""
    before = next((each for each in known.nodes if _identity(each) == _identity(group)), group)
    return replace(group, free=before.free, priorities=before.priorities)


def _identity(group: NodeGroup) -> tuple[object, ...]:
    accelerators = tuple(sorted(group.accelerators.items()))
    return group.name, tuple(sorted(group.labels.items())), group.taints, accelerators


def _loads(newer: Collection[Load], older: Collection[Load], models: Collection[str]) -> tuple[Load, ...]:
    """Load times by model and image, as they are now; the worst that was ever measured stays the worst."""
    before = {(each.model, each.image): each for each in older if each.model in models}
    now = {(each.model, each.image): each for each in newer}
    found = [
        replace(each, worst=max(each.worst, before[key].worst)) if key in before else each for key, each in now.items()
    ]
    beside = sorted((each for key, each in before.items() if key not in now), key=lambda each: (-each.of, each.image))
    for each in beside:
        if sum(other.model == each.model for other in found) < MOST_IMAGES:
            found.append(each)
    return tuple(sorted(found, key=lambda each: (each.model, each.image)))
