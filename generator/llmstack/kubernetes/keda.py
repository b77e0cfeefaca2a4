"""What KEDA makes of a ScaledObject: whether what it scales to zero can come back, and which counts it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, maps, value_at
from llmstack.kubernetes.quantities import read_whole

_METRIC = re.compile(r"vllm:\w+")
_OF_ROUTER = frozenset(("vllm:num_incoming_requests_total", "vllm:incoming_requests_total"))
"""What counts requests while there is no engine (vllm-project/production-stack, pull request 679)."""
_OF_PODS = frozenset(("cpu", "memory"))
"""Scalers that read the pods they scale (keda.sh, "CPU" and "Memory" scalers)."""


_ANNOTATION = "autoscaling.keda.sh/paused"
"""The annotations by which KEDA is paused begin so (keda.sh, "Scaling Deployments, StatefulSets & Custom Resources",
pausing autoscaling): by itself where it stands, `-replicas` at a number, `-scale-in` and `-scale-out` one way."""


def paused_at(scaler: Object) -> int | None:
    """Return the replicas that KEDA keeps, looking at no trigger; None where it is not paused at a number."""
    if scaler.get("kind") != "ScaledObject":
        return None
    return read_whole(str(value_at(scaler, "metadata", "annotations", f"{_ANNOTATION}-replicas") or ""))


def is_frozen(scaler: Object) -> bool:
    """Whether KEDA is paused where it stands: it scales nothing, and takes its HorizontalPodAutoscaler away."""
    return paused_at(scaler) is None and _is_paused(scaler, "")


def _is_paused(scaler: Object, way: str) -> bool:
    """What is no boolean counts as true (`NeedToBePausedByAnnotation`, apis/keda/v1alpha1/scaledobject_types.go)."""
    stated = value_at(scaler, "metadata", "annotations", f"{_ANNOTATION}{way}")
    is_keda = scaler.get("kind") == "ScaledObject" and stated is not None
    return is_keda and str(stated) not in ("0", "f", "F", "false", "FALSE", "False")


def why_asleep(scaler: Object) -> str | None:
    """Return why what a ScaledObject scales never comes back from zero replicas, as the rest of a sentence; None where
    it may, or never gets there."""
    spec = value_at(scaler, "spec") or {}
    is_held = paused_at(scaler) is not None or is_frozen(scaler) or _is_paused(scaler, "-scale-in")
    if scaler.get("kind") != "ScaledObject" or is_held or not _reaches_zero(spec):
        return None
    if _is_paused(scaler, "-scale-out"):
        return "scaling out is paused"
    return None if can_wake_any(spec.get("triggers") or ()) else "every trigger reads what its own pods report"


def _reaches_zero(spec: Mapping[str, Any]) -> bool:
    return spec.get("idleReplicaCount") == 0 or not spec.get("minReplicaCount")


def can_wake_any(triggers: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a trigger may see something while there is no pod of an engine."""
    return any(_can_wake(trigger) for trigger in triggers)


def _can_wake(trigger: Mapping[str, Any]) -> bool:
    """One that cannot be read may."""
    if trigger.get("type") in _OF_PODS:
        return False
    metrics = _metrics(trigger)
    return not metrics or bool(metrics & _OF_ROUTER)


def _metrics(trigger: Mapping[str, Any]) -> set[str]:
    """The metrics of vLLM and its router that a trigger asks Prometheus for."""
    metadata = trigger.get("metadata")
    query = metadata.get("query") if isinstance(metadata, Mapping) else None
    return set(_METRIC.findall(query)) if trigger.get("type") == "prometheus" and isinstance(query, str) else set()


def measured(scaler: Object) -> set[str]:
    """Return the metrics of its own pods that a ScaledObject goes by; none where it goes by anything else too."""
    triggers = list(maps(value_at(scaler, "spec", "triggers"))) if scaler.get("kind") == "ScaledObject" else []
    found = [_metrics(trigger) - _OF_ROUTER for trigger in triggers]
    return set().union(*found) if found and all(found) else set()


def zero_for_nothing(scaler: Object) -> bool:
    """Whether KEDA takes 0 where Prometheus has no answer for a ScaledObject (`ignoreNullValues`, true by default)."""
    triggers = maps(value_at(scaler, "spec", "triggers"))
    return all(str(value_at(each, "metadata", "ignoreNullValues")).lower() != "false" for each in triggers)


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
