"""How many pods PodDisruptionBudgets let an eviction end, as the disruption controller counts.

pkg/controller/disruption/disruption.go: percentages round up, `maxUnavailable` against all pods that the owners want.
Kubernetes documentation, "Disruptions": a drain evicts pod by pod and waits where none may go; pods of two budgets
cannot be evicted at all (pkg/registry/core/pod/storage/eviction.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, Object, identity_of, pod_labels, pod_templates, value_at
from llmstack.kubernetes.quantities import scaled
from llmstack.kubernetes.replicas import Scalers, replicas_of
from llmstack.kubernetes.selectors import selects
from llmstack.kubernetes.workloads import is_counted

MANY = 1_000_000
"""More pods than any budget is written for."""


class Protected(Struct, frozen=True):
    """Pods of one or more workloads that a budget selects."""

    number: int
    allowed: int
    """How many of them may be evicted at a time."""
    workloads: tuple[Identity, ...]
    grows: bool = True
    """Whether it would let one go if there were more of them."""


def read_budgets(objects: Iterable[Object], owned: Scalers) -> dict[Identity, Protected]:
    """Return what each budget among the objects protects; those that select no pod are left out."""
    found = list(objects)
    budgets = [obj for obj in found if obj.get("kind") == "PodDisruptionBudget"]
    pods = list(_pods(found, owned)) if budgets else []
    return {identity_of(obj): protected for obj in budgets if (protected := _protected(obj, pods)) is not None}


def twice_protected(budgets: Mapping[Identity, Protected]) -> dict[Identity, tuple[str, str]]:
    """By workload: two budgets that select its pods."""
    names: dict[Identity, list[str]] = {}
    for (_, _, name), each in sorted(budgets.items()):
        for workload in each.workloads:
            names.setdefault(workload, []).append(name)
    return {workload: (found[0], found[1]) for workload, found in names.items() if len(found) > 1}


_Pods = tuple[Identity, Mapping[str, str], int]


def _pods(objects: Iterable[Object], owned: Scalers) -> Iterator[_Pods]:
    for obj in objects:
        template = next((each for _, each in pod_templates(dict(obj))), None)
        if template is not None and is_counted(str(obj.get("kind"))):
            yield identity_of(obj), pod_labels(template), replicas_of(obj, owned)


def _protected(budget: Object, pods: Iterable[_Pods]) -> Protected | None:
    spec, space = value_at(budget, "spec") or {}, identity_of(budget)[1]
    selector = spec.get("selector")
    found = [
        (key, number)
        for key, labels, number in pods
        if number and key[1] == space and selector is not None and selects(selector, labels)
    ]
    number = sum(each for _, each in found)
    if not number:
        return None
    if spec.get("maxUnavailable") is not None:
        allowed = scaled(spec["maxUnavailable"], number, up=True, default="0")
    else:
        allowed = number - scaled(spec.get("minAvailable"), number, up=True, default="0")
    return Protected(number, max(0, allowed), tuple(key for key, _ in found), _grows(spec))


def _grows(spec: Mapping[str, Any]) -> bool:
    """Whether a budget lets a pod go, of however many: `maxUnavailable: 0` and `minAvailable: 100%` never do."""
    if spec.get("maxUnavailable") is not None:
        return scaled(spec["maxUnavailable"], MANY, up=True, default="0") > 0
    return scaled(spec.get("minAvailable"), MANY, up=True, default="0") < MANY
