"""How many pods mount a model's claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.kubernetes.workloads import strategy_of
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects.autoscaling import most_replicas


def pods_at_most(model: Model) -> int:
    """Pods of one model that run at once: replicas (a scaler's most), heads and group members counted."""
    replicas = most_replicas(model)
    if model.uses_ray:
        return replicas + 1
    if model.uses_lws:
        return replicas * ((model.lws_spec.size if model.lws_spec else None) or 1)
    return replicas


def engine_pods(stack: Stack) -> int:
    """Engine pods of all models that run at once."""
    return sum(pods_at_most(model) for model in stack.models)


def surges(strategy: Mapping[str, Any] | None, replicas: int) -> bool:
    """Whether a stated Deployment strategy starts a new pod before an old one is gone."""
    surge, _, _ = strategy_of({"kind": "Deployment", "spec": {"strategy": strategy}}, replicas)
    return bool(strategy) and surge > 0
