"""From which declared pool a pod takes its GPUs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.scheduling import matches
from llmstack.review.capacity import takes
from llmstack.review.facts import Facts, Pool

PoolKey = tuple[str | None, str]
"""A pool's name (None where it is unknown) and the resource that is counted."""

Fixed = Mapping[PoolKey, Mapping[int, int]]
"""Pods that stay, by pool: {GPUs: number}."""


def gpus_in(fixed: Fixed, pool: PoolKey) -> int:
    """The GPUs of a pool that such pods have together."""
    return sum(gpus * number for gpus, number in fixed.get(pool, {}).items())


def pool_of(
    pod: Mapping[str, Any], resource: str, model: str | None, facts: Facts, classes: Collection[str] = ()
) -> str | None:
    """Return the pool whose GPUs a pod takes, None where none or several may be; `classes` are the DeviceClasses that
    it claims devices of.

    It is the one its model names, unless the pod rules that out, as the scheduler reads the pod alone; else the one
    whose labels the pod demands; else the only pool of that resource which the pod does not rule out.
    """
    named = facts.pool_of.get(model) if model is not None else None
    demanded = _demands(pod)
    if named is not None and not any(pool.name == named and _ruled_out(pool, demanded) for pool in facts.pools):
        return named
    if not resource:
        return None
    allowed = [pool for pool in facts.pools if pool.resource == resource and not _ruled_out(pool, demanded)]
    named_by = {name for pool in allowed for name in pool.device_classes}.intersection(classes)
    allowed = [pool for pool in allowed if named_by <= pool.device_classes]
    pools = [pool for pool in allowed if not pool.learned] or allowed
    pools = [pool for pool in pools if not pool.groups or any(takes(group, pod) for group in pool.groups)] or pools
    matching = [pool for pool in pools if pool.node_selector and _implied(pool, demanded)]
    if matching:
        most = max(len(pool.node_selector) for pool in matching)
        matching = [pool for pool in matching if len(pool.node_selector) == most]
        return matching[0].name if len(matching) == 1 else None
    return pools[0].name if len(pools) == 1 else None


def pools_allowed(pod: Mapping[str, Any], pools: Iterable[Pool]) -> list[Pool]:
    """Return the pools whose nodes a pod's selector and affinity do not rule out."""
    demanded = _demands(pod)
    return [pool for pool in pools if not _ruled_out(pool, demanded)]


class _Demand(Struct, frozen=True):
    """The labels that a node must have for a pod: by key the values it may have, and those it may not; and the keys
    that must not be there."""

    allowed: Mapping[str, set[str]]
    denied: Mapping[str, set[str]]
    absent: frozenset[str]
    compared: tuple[Mapping[str, Any], ...] = ()
    """Expressions that compare a label's number (`Gt`, `Lt`)."""

    def rules_out(self, key: str, value: str) -> bool:
        wrong = key in self.allowed and value not in self.allowed[key]
        beside = any(each.get("key") == key and matches(each, {key: value}, (key,)) is False for each in self.compared)
        return wrong or beside or value in self.denied.get(key, ()) or key in self.absent


def _demands(pod: Mapping[str, Any]) -> list[_Demand]:
    """What a pod demands of nodes, as alternatives: every node it may run on satisfies one of them.

    (Kubernetes documentation, "Assigning Pods to Nodes", node affinity: terms are ORed, their expressions ANDed.)
    """
    selector = {key: {str(value)} for key, value in (pod.get("nodeSelector") or {}).items()}
    affinity = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms: list[Mapping[str, Any]] = list(required.get("nodeSelectorTerms") or ({},))
    return [_demand(selector, term.get("matchExpressions") or ()) for term in terms]


def _demand(selector: Mapping[str, set[str]], expressions: Sequence[Mapping[str, Any]]) -> _Demand:
    allowed, denied = dict(selector), dict[str, set[str]]()
    absent, compared = set[str](), []
    for expression in expressions:
        key = str(expression.get("key"))
        values = {str(value) for value in expression.get("values") or ()}
        match expression.get("operator"):
            case "In":
                allowed[key] = allowed[key] & values if key in allowed else values
            case "NotIn":
                denied[key] = denied.get(key, set()) | values
            case "DoesNotExist":
                absent.add(key)
            case "Gt" | "Lt":
                compared.append(expression)
    return _Demand(allowed, denied, frozenset(absent), tuple(compared))


def _implied(pool: Pool, alternatives: Sequence[_Demand]) -> bool:
    return all(each.allowed.get(key) == {value} for each in alternatives for key, value in pool.node_selector.items())


def _ruled_out(pool: Pool, alternatives: Sequence[_Demand]) -> bool:
    return all(any(each.rules_out(key, value) for key, value in pool.node_selector.items()) for each in alternatives)
