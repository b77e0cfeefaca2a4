"""What KEDA makes of a ScaledObject: whether what it scales to zero can come back, and which counts it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_METRIC = re.compile(r"vllm:\w+")
_OF_ROUTER = frozenset(("vllm:num_incoming_requests_total", "vllm:incoming_requests_total"))
"""What counts requests while there is no engine (vllm-project/production-stack, pull request 679)."""
_OF_PODS = frozenset(("cpu", "memory"))
"""Scalers that read the pods they scale (keda.sh, "CPU" and "Memory" scalers)."""


def never_wakes(spec: Mapping[str, Any]) -> bool:
    """Whether the specification of a ScaledObject goes to zero replicas, where none of its triggers sees anything."""
    zero = spec.get("idleReplicaCount") == 0 or not spec.get("minReplicaCount")
    return zero and not can_wake_any(spec.get("triggers") or ())


def can_wake_any(triggers: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a trigger may see something while there is no pod of an engine."""
    return any(_can_wake(trigger) for trigger in triggers)


def _can_wake(trigger: Mapping[str, Any]) -> bool:
    """One that cannot be read may."""
    if trigger.get("type") in _OF_PODS:
        return False
    metadata = trigger.get("metadata")
    query = metadata.get("query") if isinstance(metadata, Mapping) else None
    if trigger.get("type") != "prometheus" or not isinstance(query, str):
        return True
    metrics = set(_METRIC.findall(query))
    return not metrics or bool(metrics & _OF_ROUTER)


def broken_bounds(least: int | None, most: int | None, idle: int | None) -> Iterator[tuple[str, str]]:
    """Yield what KEDA's admission webhook refuses of a ScaledObject's counts: the field, and why (None: not stated).

    Source: CheckReplicaCountBoundsAreValid, apis/keda/v1alpha1/scaledobject_types.go: a least of 0 that is stated
    counts as 1, which the HorizontalPodAutoscaler has then; one that is not stated as 0, and the most as 100.
    """
    low, high = 0 if least is None else max(least, 1), 100 if most is None else most
    if low > high:
        yield "minReplicaCount", f"`minReplicaCount` ({low}) is more than `maxReplicaCount` ({high})"
    if idle is not None and idle >= low:
        yield "idleReplicaCount", f"`idleReplicaCount` ({idle}) is not less than `minReplicaCount` ({low})"
