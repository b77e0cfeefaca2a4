"""From which declared pool a pod takes its GPUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmstack.review.facts import Facts, Pool

PoolKey = tuple[str | None, str]
"""A pool's name (None where it is unknown) and the resource that is counted."""

Fixed = Mapping[PoolKey, Mapping[int, int]]
"""Pods that stay, by pool: {GPUs: number}."""


def pool_of(pod: Mapping[str, Any], resource: str, model: str | None, facts: Facts) -> str | None:
    """Return the pool whose GPUs a pod takes: the one its model names, else the one whose labels the pod
    demands, else the only pool of that resource which the pod does not rule out; None where that leaves
    none or several."""
    named = facts.pool_of.get(model) if model is not None else None
    if named is not None:
        return named
    if not resource:
        return None
    demanded = _demanded_labels(pod)
    pools = [pool for pool in facts.pools if pool.resource == resource and not _ruled_out(pool, demanded)]
    matching = [pool for pool in pools if pool.node_selector and _implied(pool, demanded)]
    if matching:
        most = max(len(pool.node_selector) for pool in matching)
        matching = [pool for pool in matching if len(pool.node_selector) == most]
        return matching[0].name if len(matching) == 1 else None
    return pools[0].name if len(pools) == 1 else None


def _demanded_labels(pod: Mapping[str, Any]) -> list[dict[str, set[str]]]:
    """The node labels a pod demands, as alternatives: every node it may run on satisfies one of them."""
    selector = {key: {str(value)} for key, value in (pod.get("nodeSelector") or {}).items()}
    affinity = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    alternatives = []
    terms: list[Mapping[str, Any]] = list(required.get("nodeSelectorTerms") or ({},))
    for term in terms:
        labels = dict(selector)
        for expression in term.get("matchExpressions") or ():
            if expression.get("operator") == "In":
                values = {str(value) for value in expression.get("values") or ()}
                key = str(expression.get("key"))
                labels[key] = labels[key] & values if key in labels else values
        alternatives.append(labels)
    return alternatives


def _implied(pool: Pool, alternatives: Sequence[Mapping[str, set[str]]]) -> bool:
    return all(labels.get(key) == {value} for labels in alternatives for key, value in pool.node_selector.items())


def _ruled_out(pool: Pool, alternatives: Sequence[Mapping[str, set[str]]]) -> bool:
    return all(
        any(key in labels and value not in labels[key] for key, value in pool.node_selector.items())
        for labels in alternatives
    )
