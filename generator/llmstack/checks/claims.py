"""Who mounts which claim, and in which access modes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.model.engine import Model
from llmstack.model.stack import Stack

ONE_NODE = frozenset(("ReadWriteOnce",))
ONE_POD = frozenset(("ReadWriteOncePod",))
EXCLUSIVE = ONE_NODE | ONE_POD


def claim_modes(model: Model) -> list[str]:
    """Access modes of the model's claim; empty without one, or with an existing one of which nothing is
    said."""
    if model.pvc_existing_claim_name:
        return list(model.pvc_access_mode or [])
    return list(model.pvc_access_mode or ["ReadWriteOnce"]) if model.pvc_storage else []


def is_exclusive(modes: list[str]) -> bool:
    """Whether no mode lets pods on two nodes mount the volume."""
    return bool(modes) and EXCLUSIVE.issuperset(modes)


def pods_at_most(model: Model) -> int:
    """Pods of one model that run at once: replicas (a scaler's most), heads and group members counted."""
    scaled = model.keda if model.keda and model.keda.enabled else None
    replicas = (scaled.max_replica_count if scaled else model.replica_count) or 0
    if replicas == 0 and not scaled and model.replica_count is None:
        replicas = 1
    if model.uses_ray:
        return replicas + 1
    if model.uses_lws:
        return replicas * ((model.lws_spec.size if model.lws_spec else None) or 1)
    return replicas


def surges(strategy: Mapping[str, Any] | None, replicas: int) -> bool:
    """Whether a stated Deployment strategy starts a new pod before an old one is gone.

    A rolling update's maxSurge is 25 % where it is not given, and rounds up (apps/v1 DeploymentStrategy).
    """
    if not strategy or strategy.get("type") == "Recreate" or replicas < 1:
        return False
    rolling = strategy.get("rollingUpdate")
    surge = rolling.get("maxSurge", "25%") if isinstance(rolling, Mapping) else "25%"
    return str(surge).strip() not in ("0", "0%")


def engine_pods(stack: Stack) -> int:
    """Engine pods of all models that run at once."""
    return sum(pods_at_most(model) for model in stack.models)
