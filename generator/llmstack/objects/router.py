"""The request router: Deployment, Service, disruption budget, and what it may read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.secret_ref import reference
from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.engine_container import SEED
from llmstack.objects.images import image_of, pull_secrets
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.pod import (
    affinity,
    disruption_budget,
    env,
    progress_deadline,
    rolling,
    secret_env,
    unique,
)
from llmstack.objects.ports import container_ports, service_ports
from llmstack.objects.router_arguments import arguments, lmcache_ports

UNIT = "router"
PORT_NAME = "router-port"
SERVICE_PORT = "router-sport"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the router's objects; nothing when routerSpec.enableRouter is false."""
    if not stack.router_spec.enable_router:
        return
    yield place(UNIT, deployment(stack))
    yield place(UNIT, service(stack))
    if not stack.router_spec.service_account_name:
        yield place(UNIT, role(stack))
        account = metadata(stack, names.router_service_account(stack), _labels(stack))
        yield place(UNIT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        yield place(UNIT, role_binding(stack))
    own = metadata(stack, names.of_release(stack, "pdb-router"), _labels(stack))
    if budget := disruption_budget(own, _selector(stack), None, stack.router_spec.pdb):
        yield place(UNIT, budget)


def _selector(stack: Stack) -> dict[str, str]:
    return labels.selector(stack, labels.ROUTER, labels.ROUTER)


def _labels(stack: Stack) -> dict[str, str]:
    return labels.labels(stack, labels.ROUTER, labels.ROUTER, stack.router_spec.labels)


def _pod_labels(stack: Stack) -> dict[str, str]:
    return labels.pod_labels(stack, labels.ROUTER, labels.ROUTER, stack.router_spec.labels)


def deployment(stack: Stack) -> dict[str, Any]:
    """The router's Deployment. Where a HorizontalPodAutoscaler owns the replicas, it states none."""
    router = stack.router_spec
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(stack, names.router_deployment(stack), _labels(stack)),
        "spec": {
            "replicas": None if router.autoscaling.enabled else router.replica_count,
            "progressDeadlineSeconds": progress_deadline(router.startup_probe),
            "strategy": router.strategy or rolling(1, 0),
            "selector": {"matchLabels": _selector(stack)},
            "template": {
                "metadata": {"labels": _pod_labels(stack), "annotations": router.pod_annotations or None},
                "spec": pod_spec(stack),
            },
        },
    }


def pod_spec(stack: Stack) -> dict[str, Any]:
    router = stack.router_spec
    return {
        "serviceAccountName": names.router_service_account(stack),
        "affinity": affinity(router.affinity, router.node_selector_terms),
        "nodeSelector": router.node_selector or None,
        "tolerations": router.tolerations or None,
        "priorityClassName": router.priority_class_name or None,
        "securityContext": router.security_context or None,
        "imagePullSecrets": pull_secrets(stack, router.image_pull_secrets),
        "topologySpreadConstraints": router.topology_spread_constraints or None,
        "terminationGracePeriodSeconds": router.termination_grace_period_seconds,
        "dnsPolicy": router.dns_policy,
        "enableServiceLinks": router.enable_service_links,
        "containers": [container(stack)],
        "volumes": unique(router.extra_volumes or [], "name"),
    }


def container(stack: Stack) -> dict[str, Any]:
    router = stack.router_spec
    key = reference(router.vllm_api_key) or reference(stack.engine.vllm_api_key)
    return {
        "name": "router-container",
        "image": image_of(stack, router.repository, router.tag, router.registry),
        "imagePullPolicy": router.image_pull_policy,
        "command": router.command or None,
        "args": router.args if router.args is not None else arguments(stack),
        "env": unique(
            [
                env("PYTHONHASHSEED", SEED),
                env("LMCACHE_LOG_LEVEL", router.lmcache_config.log_level) if router.lmcache_config.log_level else None,
                secret_env("HF_TOKEN", reference(router.hf_token)),
                secret_env("VLLM_API_KEY", key),
                *(router.env or []),
            ],
            "name",
        ),
        "ports": container_ports(list(_container_ports(stack)), router.extra_ports),
        "resources": router.resources or None,
        "securityContext": router.container_security_context or None,
        "startupProbe": router.startup_probe,
        "livenessProbe": router.liveness_probe,
        "readinessProbe": router.readiness_probe,
        "lifecycle": router.lifecycle or None,
        "volumeMounts": unique(router.extra_volume_mounts or [], "mountPath"),
    }


def _container_ports(stack: Stack) -> Iterator[dict[str, Any]]:
    yield {"name": PORT_NAME, "containerPort": stack.router_spec.container_port or 8000}
    for name, port in lmcache_ports(stack):
        yield {"name": name, "containerPort": port}


def service(stack: Stack) -> dict[str, Any]:
    """The Service that clients are told of."""
    router = stack.router_spec
    own = {
        "name": SERVICE_PORT,
        "port": router.service_port or router.container_port or 8000,
        "targetPort": PORT_NAME,
        "nodePort": router.node_port if router.service_type in ("NodePort", "LoadBalancer") else None,
        "protocol": "TCP",
    }
    cache = [{"name": name, "port": port, "targetPort": name, "protocol": "TCP"} for name, port in lmcache_ports(stack)]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(stack, names.router_service(stack), _labels(stack), router.service_annotations),
        "spec": {
            "type": router.service_type,
            "ports": service_ports([own, *cache], router.extra_ports),
            "selector": _selector(stack),
        },
    }


def role(stack: Stack) -> dict[str, Any]:
    """What service discovery reads: pods, and Services and their endpoints when it goes by Service names."""
    watched = ["pods"]
    if stack.router_spec.k8s_service_discovery_type == "service-name":
        watched += ["services", "endpoints"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata(stack, names.of_release(stack, "reader"), _labels(stack)),
        "rules": [{"apiGroups": [""], "resources": watched, "verbs": ["get", "watch", "list", "patch"]}],
    }


def role_binding(stack: Stack) -> dict[str, Any]:
    account = {
        "kind": "ServiceAccount",
        "name": names.router_service_account(stack),
        "namespace": stack.gitops.namespace,
    }
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata(stack, names.of_release(stack, "deployment-access-binding"), _labels(stack)),
        "subjects": [account],
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": names.of_release(stack, "reader"),
        },
    }
