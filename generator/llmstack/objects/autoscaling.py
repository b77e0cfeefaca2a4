"""Who owns the number of replicas: KEDA for a model, a HorizontalPodAutoscaler for the router."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from llmstack.model.autoscaling import Keda
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.arguments import extra
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place

PROMETHEUS = "http://prometheus-operated.monitoring.svc:9090"
"""The address of Prometheus in the chart's default trigger."""


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the scalers: of each model into its unit, of the router into its own."""
    for model in stack.models:
        if is_scaled(model) and model.keda:
            yield place(f"models/{model.name}", scaled_object(stack, model, model.keda))
    if stack.router_spec.enable_router and stack.router_spec.autoscaling.enabled:
        yield place("router", horizontal_pod_autoscaler(stack))


def is_scaled(model: Model) -> bool:
    """Whether KEDA owns the model's replicas. A RayCluster has no scale subresource to own."""
    return bool(model.keda and model.keda.enabled) and not model.uses_ray


def most_replicas(model: Model) -> int:
    """As many replicas as there may ever be; KEDA goes up to 100 where it is not told otherwise.

    (`GetHPAMaxReplicas`, keda apis/keda/v1alpha1/scaledobject_types.go.)
    """
    if model.keda and is_scaled(model):
        return 100 if model.keda.max_replica_count is None else model.keda.max_replica_count
    return 1 if model.replica_count is None else model.replica_count


def scaled_object(stack: Stack, model: Model, keda: Keda) -> dict[str, Any]:
    """The ScaledObject of a model's Deployment or LeaderWorkerSet; what is not set is left to KEDA."""
    name = model.name or labels.ENGINE
    own = labels.engine_labels(stack, model)
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": metadata(stack, names.scaled_object(stack, name), own),
        "spec": {
            "scaleTargetRef": _target(stack, model),
            "minReplicaCount": keda.min_replica_count,
            "maxReplicaCount": keda.max_replica_count,
            "pollingInterval": keda.polling_interval,
            "cooldownPeriod": keda.cooldown_period,
            "idleReplicaCount": keda.idle_replica_count,
            "initialCooldownPeriod": keda.initial_cooldown_period,
            "fallback": _stated(keda.fallback),
            "advanced": _stated(keda.advanced),
            "triggers": triggers(stack, model, keda),
        },
    }


def _target(stack: Stack, model: Model) -> dict[str, str]:
    name = model.name or labels.ENGINE
    if model.uses_lws:
        kind, api_version = "LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1"
        return {"apiVersion": api_version, "kind": kind, "name": names.leader_worker_set(stack, name)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.engine_deployment(stack, name)}


def triggers(stack: Stack, model: Model, keda: Keda) -> list[dict[str, Any]]:
    """`keda.triggers` (a list, or a map for one), else the requests that wait for this model.

    The sum, because KEDA takes one number and every pod reports its own; in this namespace, because another
    environment may serve the same model.
    """
    if keda.triggers:
        return [keda.triggers] if isinstance(keda.triggers, dict) else list(keda.triggers)
    where = f'model_name="{served_name(model)}",namespace="{stack.gitops.namespace}"'
    asked = {
        "serverAddress": PROMETHEUS,
        "metricName": "vllm:num_requests_waiting",
        "query": f"sum(vllm:num_requests_waiting{{{where}}})",
        "threshold": "5",
    }
    return [{"type": "prometheus", "metadata": asked}]


def served_name(model: Model) -> str:
    """The name vLLM reports as `model_name`: the first of --served-model-name, else the model's."""
    args = extra(model)
    for number, arg in enumerate(args):
        flag, _, value = arg.replace("_", "-").partition("=")
        if flag == "--served-model-name":
            stated = arg.partition("=")[2] if value else next(iter(args[number + 1 :]), "")
            return stated.split()[0] if stated.split() else ""
    return model.model_url or ""


def _stated(section: BaseModel | None) -> dict[str, Any] | None:
    """A section as its file says it, without what is empty; None when nothing is left."""
    if section is None:
        return None
    return _without_empty(section.model_dump(by_alias=True, exclude_none=True)) or None


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    shown = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in shown.items() if value not in ("", {})}


def horizontal_pod_autoscaler(stack: Stack) -> dict[str, Any]:
    """The router's HorizontalPodAutoscaler, on the CPU its pods use of what they request."""
    scaling = stack.router_spec.autoscaling
    own = labels.labels(stack, labels.ROUTER, labels.ROUTER, stack.router_spec.labels)
    cpu = {"type": "Utilization", "averageUtilization": scaling.target_cpu_utilization_percentage}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.router_deployment(stack)}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(stack, names.of_release(stack, "router-hpa"), own),
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": scaling.min_replicas,
            "maxReplicas": scaling.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": cpu}}],
        },
    }
