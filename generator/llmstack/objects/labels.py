"""Labels and selectors.

A selector is three frozen keys, because the API refuses to change one. Users' labels go on objects and pods,
never into a selector, and never over a frozen key.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.model.engine import Model
from llmstack.model.stack import Stack

INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
NAME = "app.kubernetes.io/name"
PART_OF = {"app.kubernetes.io/part-of": "vllm-stack"}
FROZEN = (INSTANCE, COMPONENT, NAME)

ENGINE = "engine"
ENGINE_WORKER = "engine-worker"
"""Pods that serve no API: neither a Service nor the router finds them."""
ROUTER = "router"
CACHE_SERVER = "cache-server"


def selector(stack: Stack, component: str, name: str) -> dict[str, str]:
    """The labels by which a workload finds its pods and a Service its endpoints."""
    return {INSTANCE: stack.gitops.release, COMPONENT: component, NAME: name}


def selects_all(stack: Stack, component: str) -> dict[str, str]:
    """The labels that all pods of a component share."""
    return {INSTANCE: stack.gitops.release, COMPONENT: component}


def labels(stack: Stack, component: str, name: str, *more: Mapping[str, str] | None) -> dict[str, str]:
    """Labels of an object or a pod: users' labels, later ones over earlier ones, under the frozen keys."""
    merged: dict[str, str] = {}
    for mapping in more:
        merged |= mapping or {}
    return merged | PART_OF | selector(stack, component, name)


def engine_labels(
    stack: Stack, model: Model, *more: Mapping[str, str] | None, component: str = ENGINE
) -> dict[str, str]:
    """Labels of an engine's objects; router and dashboards read `model` and `helm-release-name`.

    The model's own `labels` add to those, and to `servingEngineSpec.labels`, by which others find the pods; only on
    the Deployment itself do they go before them (the chart's templates), and there they are in `more` again.
    """
    name = model.name or ENGINE
    own = {"model": name, "helm-release-name": stack.gitops.release}
    return labels(stack, component, name, model.labels, own, stack.engine.labels, *more)
