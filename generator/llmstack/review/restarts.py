"""Which changes make a workload's controller replace its pods, and which fields do it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from llmstack.kubernetes.pods import Object, value_at
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.revisions import Unapplied, compared, goal_of, why_unapplied
from llmstack.kubernetes.workloads import WORKLOADS, is_below_partition, ordinals_of, released, renumbered
from llmstack.review.change import ObjectChange
from llmstack.review.differences import differences

CHECKSUM = "checksum/config"


def template_causes(before: Object, after: Object) -> tuple[str, ...]:
    """The fields for which the controller of a workload replaces its pods, sorted; empty when it keeps them.

    Both arguments are the same object at two times, of any kind. What the controller does not act on
    (`why_unapplied`) is no cause. Where it did not act before the change and does after it, the field that says so is
    one: the pods are of an older template, and what was held back since is rolled out (Kubernetes documentation,
    "Deployments", pausing and resuming).
    """
    moved = ("spec.ordinals.start",) if _is_renumbered(before, after) else ()
    if _why_none_follows(before, after) is not None:
        return moved
    return tuple(sorted({*_changed(before, after), *_resumed(before, after), *moved}))


def _why_none_follows(before: Object, after: Object) -> Unapplied | None:
    """What keeps all pods that there were at their template; None where one may follow."""
    return why_unapplied(after) or ("partition" if is_below_partition(before, after) else None)


def _resumed(before: Object, after: Object) -> Iterator[str]:
    """The field by which pods follow again that were kept at an older template."""
    if released(before, after):
        yield _PARTITIONS[str(after.get("kind"))]
    held_back = why_unapplied(before) if before.get("kind") == after.get("kind") else None
    if held_back not in (None, "partition"):
        yield _RESUMED[held_back]


def _is_renumbered(before: Object, after: Object) -> bool:
    """Whether pods of a StatefulSet go on under other ordinals."""
    sides = (ordinals_of(each, whole(value_at(each, "spec", "replicas"), 1)) for each in (before, after))
    return all(renumbered(*sides))


_RESUMED: Mapping[Unapplied, str] = {
    "paused": "spec.paused",
    "on-delete": "spec.updateStrategy.type",
    "ray-cluster": "spec.upgradeStrategy.type",
    "ray-service": "spec.upgradeStrategy.type",
    "replica-set": "kind",
}
"""By what kept running pods at their old template, the field whose change lets them follow."""


_PARTITIONS: Mapping[str, str] = {
    name: ".".join(("spec", *kind.rolling, "partition")) for name, kind in WORKLOADS.items() if kind.ordinals
}
"""By kind where its partition is."""


def is_released(causes: Sequence[str]) -> bool:
    """Whether nothing changes but that a partition lets pods follow."""
    return len(causes) == 1 and causes[0] in _PARTITIONS.values()


def is_resumed(causes: Iterable[str]) -> bool:
    """Whether pods follow again after they did not: of which template they are, this change does not say."""
    return any(cause in (*_RESUMED.values(), *_PARTITIONS.values()) for cause in causes)


def unapplied_causes(before: Object, after: Object) -> tuple[str, ...]:
    """The fields of a pod template that differ and that no running pod will follow, sorted."""
    return _changed(before, after) if _why_none_follows(before, after) is not None else ()


def why_unmoved(change: ObjectChange) -> Unapplied | None:
    """Why a change of a pod template reaches no pod; None where it does, or changes none."""
    if change.before is None or change.after is None or not unapplied_causes(change.before, change.after):
        return None
    return _why_none_follows(change.before, change.after)


def _changed(before: Object, after: Object) -> tuple[str, ...]:
    """The fields that differ in what the controller compares, for the kinds whose running pods a template may reach."""
    now, wanted = compared(before), compared(goal_of(before, after))
    return _named(now, wanted, before, after) if now is not None and wanted is not None else ()


def config_causes(workload: Object, causes: Iterable[str], changed: Iterable[Object]) -> tuple[str, ...]:
    """The config maps among `changed` that a restarting workload reads, as `ConfigMap/name`, sorted.

    They count when the checksum of the configuration is one of the causes: without it no pod would notice.
    """
    if not any(cause.endswith(f"[{CHECKSUM}]") for cause in causes):
        return ()
    namespace = value_at(workload, "metadata", "namespace")
    read = set(_config_names(workload))
    names = {
        item["metadata"]["name"]
        for item in changed
        if item.get("kind") == "ConfigMap" and item["metadata"].get("namespace") == namespace
    }
    return tuple(f"ConfigMap/{name}" for name in sorted(names & read))


def _config_names(value: Any, key: str = "") -> Iterable[str]:
    """Every config map that something below `value` names."""
    if isinstance(value, Mapping):
        if key in ("configMap", "configMapRef", "configMapKeyRef") and isinstance(value.get("name"), str):
            yield value["name"]
        for name, item in value.items():
            yield from _config_names(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _config_names(item, key)


def _named(stored_before: Any, stored_after: Any, before: Object, after: Object) -> tuple[str, ...]:
    """The paths that differ in what is stored, in the terms of the manifests where those differ there too."""
    stored = {each.path for each in differences(stored_before, stored_after)}
    if not stored:
        return ()
    written = {each.path for each in differences(before, after)}
    return tuple(sorted(_touching(stored, written) or stored))


def _touching(paths: set[str], others: set[str]) -> set[str]:
    """Those of `paths` that are among the others, above one of them or below one."""
    ordered, ordered_others = sorted(paths), sorted(others)
    below = {path for other in others for path in _below(ordered, other)}
    above = {path for path in paths if next(_below(ordered_others, path), None) is not None}
    return (paths & others) | below | above


def _below(ordered: Sequence[str], path: str) -> Iterator[str]:
    """Yield the paths that go on from `path`, out of sorted ones."""
    for sign in ".[(":
        start = f"{path}{sign}"
        for number in range(bisect_left(ordered, start), len(ordered)):
            if not ordered[number].startswith(start):
                break
            yield ordered[number]
