"""The engine's pod: one builder for Deployment, RayCluster and LeaderWorkerSet, so that none lags another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.model.containers import InitContainer
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import chat_template, drain
from llmstack.objects.engine_container import ENGINE, Role, has_shm, own_or_shared, script_volume
from llmstack.objects.engine_storage import claim_mount, claim_name, volumes
from llmstack.objects.images import pull_secrets, pulled
from llmstack.objects.labels import keeps_the_charts
from llmstack.objects.metadata import checksum
from llmstack.objects.pod import Items, affinity, env, unique


def init_container(stack: Stack, model: Model, init: InitContainer, number: int) -> dict[str, Any]:
    """An init container; RELEASE_NAME as the chart gives it, and LMCACHE_SERVER_SERVICE_PORT with a cache server."""
    storage = claim_mount(stack) if init.mount_pvc_storage and claim_name(stack, model) else None
    cache = stack.cache_server_spec
    given = [
        env("RELEASE_NAME", stack.gitops.release),
        env("LMCACHE_SERVER_SERVICE_PORT", cache.service_port or cache.container_port or 8000)
        if cache.enable_server
        else None,
    ]
    secret = model.env_from_secret.name if model.env_from_secret else None
    return {
        "name": init.name or ("init" if number == 0 else f"init-{number + 1}"),
        "image": pulled(stack, init.image),
        "imagePullPolicy": init.image_pull_policy,
        "command": init.command or None,
        "args": init.args or None,
        "env": unique([*given, *(init.env or [])], "name"),
        "envFrom": [{"secretRef": {"name": secret}}] if secret else None,
        "resources": init.resources or None,
        "securityContext": stack.engine.container_security_context,
        "volumeMounts": unique([storage, *(init.extra_volume_mounts or [])], "mountPath"),
    }


def tolerations(stack: Stack, model: Model) -> list[dict[str, Any]] | None:
    if model.tolerations and model.tolerations_policy == "override":
        return list(model.tolerations)
    return [*(stack.engine.tolerations or []), *(model.tolerations or [])] or None


def pod_spec(
    stack: Stack, model: Model, containers: list[dict[str, Any] | None], role: Role = ENGINE
) -> dict[str, Any]:
    """The pod around its containers."""
    engine, stated = stack.engine, model.runtime_class_name
    runtime_class = stack.engine.runtime_class_name if stated is None else stated
    inits = model.init_container if role.inits is None else role.inits
    spread = own_or_shared(model.topology_spread_constraints, engine.topology_spread_constraints)
    return {
        "affinity": placement(stack, model),
        "nodeName": model.node_name or None,
        "nodeSelector": own_or_shared(model.node_selector, engine.node_selector) or None,
        "tolerations": tolerations(stack, model),
        "priorityClassName": model.priority_class_name or engine.priority_class_name or None,
        "runtimeClassName": runtime_class or None,
        "schedulerName": stack.engine.scheduler_name or None,
        "serviceAccountName": model.service_account_name or None,
        "securityContext": stack.engine.security_context or None,
        "imagePullSecrets": pull_secrets(stack, [{"name": model.image_pull_secret}] if model.image_pull_secret else []),
        "topologySpreadConstraints": spread or None,
        "terminationGracePeriodSeconds": grace_period(stack, model),
        "dnsPolicy": model.dns_policy or engine.dns_policy,
        "enableServiceLinks": _service_links(stack, model),
        "resourceClaims": model.resource_claims or None,
        "initContainers": [init_container(stack, model, init, number) for number, init in enumerate(inits or [])]
        or None,
        "containers": containers,
        "volumes": unique([*_script_volumes(role), *volumes(stack, model, shm=has_shm(model))], "name"),
    }


def grace_period(stack: Stack, model: Model) -> int | None:
    """Seconds that a pod has to end: what people wrote, else what `gitops.drain` needs."""
    stated = own_or_shared(model.termination_grace_period_seconds, stack.engine.termination_grace_period_seconds)
    return drain.grace_period(model) if stated is None else stated


def _service_links(stack: Stack, model: Model) -> bool | None:
    """Off where nothing is said, except beside the chart's selectors: there nothing is written, as in the chart."""
    engine = stack.engine
    silent = keeps_the_charts(stack) and "enable_service_links" not in engine.model_fields_set
    return own_or_shared(model.enable_service_links, None if silent else engine.enable_service_links)


def placement(stack: Stack, model: Model) -> dict[str, Any] | None:
    """The pods' affinity: a model's own words on it, else those on all engines."""
    if model.affinity or model.node_selector_terms:
        return affinity(model.affinity, model.node_selector_terms, model.node_name)
    return affinity(stack.engine.affinity, stack.engine.node_selector_terms, model.node_name)


def _script_volumes(role: Role) -> Items:
    return [{"name": script_volume(path), "configMap": {"name": name}} for path, name in role.scripts.items()]


def pod_annotations(stack: Stack, model: Model, *scripts: Mapping[str, str] | None) -> dict[str, str] | None:
    """Users' annotations, and a checksum of the config maps the pod reads."""
    read = checksum(stack.engine.configs, chat_template.template_data(model), *scripts)
    return {**(model.pod_annotations or {}), **read} or None
