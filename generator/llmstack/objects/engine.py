"""The serving engines: for each model a workload, its Service, its claim, its disruption budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.kubernetes.accelerators import gpus_of_pod
from llmstack.kubernetes.access_modes import mounts_on_one_node
from llmstack.kubernetes.pods import CONTAINER_LISTS
from llmstack.kubernetes.quantities import is_zero
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import chat_template, engine_container, engine_pod, labels, lmcache, names, ray
from llmstack.objects.arguments import serve_arguments, serve_command
from llmstack.objects.autoscaling import is_scaled, most_replicas
from llmstack.objects.engine_storage import claim_modes, own_claim_name
from llmstack.objects.leader_worker_set import leader_worker_set
from llmstack.objects.metadata import KEPT, metadata
from llmstack.objects.placed import Placed, place, prune
from llmstack.objects.pod import disruption_budget, progress_deadline, rolling
from llmstack.objects.ports import service_ports

SERVICE_PORT = "service-port"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the objects of every model that is deployed."""
    for model in stack.models:
        yield from build_model(stack, model)


def build_model(stack: Stack, model: Model) -> Iterator[Placed]:
    """Yield the objects of one model, into its unit."""
    unit = f"models/{model.name}"
    if model.uses_ray:
        yield from ray.build(stack, model, unit)
    elif model.uses_lws:
        yield place(unit, leader_worker_set(stack, model))
    else:
        yield place(unit, deployment(stack, model))
    yield place(unit, service(stack, model))
    yield from chat_template.build(stack, model, unit)
    if model.pvc_storage and not model.pvc_existing_claim_name:
        yield place(unit, claim(stack, model))
    if budget := pod_disruption_budget(stack, model):
        yield place(unit, budget)


def template(stack: Stack) -> Iterator[Placed]:
    """Yield Deployment and Service of an engine before any model is named: what the stack says of all."""
    model = Model.model_validate({"name": labels.ENGINE})
    for object in (deployment(stack, model), service(stack, model)):
        object["metadata"]["name"] = labels.ENGINE
        yield place("engine", object)


def deployment(stack: Stack, model: Model) -> dict[str, Any]:
    """The Deployment of a model. Where a scaler owns the replicas, it states none."""
    name = model.name or labels.ENGINE
    selector = labels.selector(stack, labels.ENGINE, name)
    pod_labels = labels.engine_pod_labels(stack, model, model.pod_labels)
    command, args = (
        (model.command, model.args or []) if model.command else (serve_command(model), serve_arguments(stack, model))
    )
    vllm = engine_container.container(stack, model, command, args)
    pod = engine_pod.pod_spec(stack, model, [vllm, engine_container.sidecar(stack, model)])
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(
            stack,
            names.engine_deployment(stack, name),
            labels.engine_labels(stack, model, model.labels),
            model.annotations,
        ),
        "spec": {
            "replicas": None if is_scaled(model) else model.replica_count,
            "progressDeadlineSeconds": progress_deadline(engine_container.probes(stack, model)["startupProbe"]),
            "strategy": strategy(stack, model, pod),
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": engine_pod.pod_annotations(stack, model)},
                "spec": pod,
            },
        },
    }


def strategy(stack: Stack, model: Model, pod: dict[str, Any]) -> dict[str, Any]:
    """The model's `strategy`, `servingEngineSpec.strategy`, else one that can finish where it can be known to.

    Several replicas with GPUs take turns on their own GPUs (maxSurge 0, maxUnavailable 1). One replica is
    replaced by a second one first, except where its claim lets only one node, or one pod, mount it.
    """
    if stated := model.strategy or stack.engine.strategy:
        return dict(stated)
    if most_replicas(model) > 1:
        return rolling(0, 1) if _takes_gpus(stack, pod) else rolling(1, 0)
    return rolling(0, 1) if mounts_on_one_node(claim_modes(model)) else rolling(1, 0)


def _takes_gpus(stack: Stack, pod: dict[str, Any]) -> bool:
    """Whether the pod holds accelerators, those that only gitops.capacity names among them."""
    declared = [capacity.resource for capacity in stack.gitops.capacity or []]
    sizes = {
        kind: [prune({"resources": each.get("resources")}) for each in _there(pod[kind])] for kind in CONTAINER_LISTS
    }
    return gpus_of_pod(sizes, declared)[1] > 0


def _there(containers: list[dict[str, Any] | None] | None) -> list[dict[str, Any]]:
    return [each for each in containers or () if each is not None]


def service(stack: Stack, model: Model) -> dict[str, Any]:
    """The Service of a model's engines."""
    name = model.name or labels.ENGINE
    engine = stack.engine
    port = engine.service_port or engine.container_port or 8000
    own = {"name": SERVICE_PORT, "port": port, "targetPort": engine_container.PORT_NAME, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(
            stack,
            names.engine_service(stack, name),
            labels.engine_labels(stack, model),
            model.service_annotations,
        ),
        "spec": {
            "type": "ClusterIP",
            "ports": service_ports([own, *lmcache.service_ports(model)], engine.extra_ports),
            "selector": labels.selector(stack, labels.ENGINE, name),
        },
    }


def claim(stack: Stack, model: Model) -> dict[str, Any]:
    """The model's claim. It outlives its unit: its annotations keep it when the unit is pruned."""
    name = model.name or labels.ENGINE
    match = {"matchLabels": model.pvc_match_labels} if model.pvc_match_labels else None
    own = labels.labels(stack, labels.ENGINE, name, {"model": name}, model.pvc_labels)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(stack, own_claim_name(stack, model), own, {**(model.pvc_annotations or {}), **KEPT}),
        "spec": {
            "accessModes": claim_modes(model),
            "storageClassName": model.storage_class,
            "selector": match,
            "resources": {"requests": {"storage": model.pvc_storage}},
        },
    }


def pod_disruption_budget(stack: Stack, model: Model) -> dict[str, Any] | None:
    """The budget of the pods that serve; None when there is none."""
    name = model.name or labels.ENGINE
    own = metadata(stack, names.of_model(stack, name, "pdb-vllm"), labels.engine_labels(stack, model))
    selector = labels.selector(stack, labels.ENGINE, name)
    limit = stack.engine.max_unavailable_pod_disruption_budget
    budget = disruption_budget(own, selector, limit, model.pdb)
    return _for_one_head(budget) if budget and model.uses_ray else budget


def _for_one_head(budget: dict[str, Any]) -> dict[str, Any] | None:
    """The budget of a Ray head, in the only words that pods of an operator allow: an integer minAvailable.

    (kubernetes.io, "Specifying a Disruption Budget for your Application", arbitrary workloads.) There is one
    head: it is protected, or it is not.
    """
    least, most = budget["spec"]["minAvailable"], budget["spec"]["maxUnavailable"]
    if is_zero(least) or (least is None and not is_zero(most)):
        return None
    return {**budget, "spec": {**budget["spec"], "minAvailable": 1, "maxUnavailable": None}}
