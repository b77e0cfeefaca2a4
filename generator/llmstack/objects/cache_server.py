"""The LMCache cache server: Deployment, Service, disruption budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.stack import Stack
from llmstack.objects import labels, names
from llmstack.objects.images import image_of, pull_secrets
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.pod import affinity, disruption_budget, progress_deadline, rolling, unique

UNIT = "cache-server"
PORT_NAME = "caserver-cport"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the cache server's objects; nothing when cacheServerSpec.enableServer is false."""
    cache = stack.cache_server_spec
    if not cache.enable_server:
        return
    yield place(UNIT, deployment(stack))
    yield place(UNIT, service(stack))
    own = metadata(stack, names.of_release(stack, "cache-server-pdb"), _labels(stack))
    if budget := disruption_budget(own, _selector(stack), cache.max_unavailable_pod_disruption_budget, cache.pdb):
        yield place(UNIT, budget)


def _selector(stack: Stack) -> dict[str, str]:
    return labels.selector(stack, labels.CACHE_SERVER, labels.CACHE_SERVER)


def _labels(stack: Stack) -> dict[str, str]:
    return labels.labels(stack, labels.CACHE_SERVER, labels.CACHE_SERVER, labels.of_cache_server(stack))


def _pod_labels(stack: Stack) -> dict[str, str]:
    return labels.pod_labels(stack, labels.CACHE_SERVER, labels.CACHE_SERVER, labels.of_cache_server(stack))


def deployment(stack: Stack) -> dict[str, Any]:
    cache = stack.cache_server_spec
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(stack, names.cache_server_deployment(stack), _labels(stack), cache.annotations),
        "spec": {
            "replicas": cache.replica_count,
            "progressDeadlineSeconds": progress_deadline(cache.startup_probe),
            "strategy": cache.strategy or rolling(1, 0),
            "selector": {"matchLabels": _selector(stack)},
            "template": {"metadata": {"labels": _pod_labels(stack)}, "spec": pod_spec(stack)},
        },
    }


def pod_spec(stack: Stack) -> dict[str, Any]:
    cache = stack.cache_server_spec
    return {
        "affinity": affinity(cache.affinity, cache.node_selector_terms),
        "nodeSelector": cache.node_selector or None,
        "tolerations": cache.tolerations or None,
        "priorityClassName": cache.priority_class_name or None,
        "runtimeClassName": cache.runtime_class_name or None,
        "schedulerName": cache.scheduler_name or None,
        "securityContext": cache.security_context or None,
        "imagePullSecrets": pull_secrets(stack, cache.image_pull_secrets),
        "topologySpreadConstraints": cache.topology_spread_constraints or None,
        "terminationGracePeriodSeconds": cache.termination_grace_period_seconds,
        "dnsPolicy": cache.dns_policy,
        "enableServiceLinks": cache.enable_service_links,
        "containers": [container(stack)],
    }


def container(stack: Stack) -> dict[str, Any]:
    """The server's container. Its program is in a virtual environment off PATH (the chart)."""
    cache = stack.cache_server_spec
    port = cache.container_port or 8000
    return {
        "name": "lmcache-server",
        "image": image_of(stack, cache.image.repository, cache.image.tag, cache.registry),
        "imagePullPolicy": cache.image.pull_policy,
        "command": ["/opt/venv/bin/lmcache_server", "0.0.0.0", str(port)],
        "env": unique(cache.env or [], "name"),
        "ports": [{"name": PORT_NAME, "containerPort": port}],
        "resources": cache.resources or None,
        "securityContext": cache.container_security_context or None,
        "startupProbe": cache.startup_probe,
        "livenessProbe": cache.liveness_probe,
        "readinessProbe": cache.readiness_probe,
    }


def service(stack: Stack) -> dict[str, Any]:
    cache = stack.cache_server_spec
    port = cache.service_port or cache.container_port or 8000
    own = {"name": "cacheserver-sport", "port": port, "targetPort": PORT_NAME, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(stack, names.cache_server_service(stack), _labels(stack), cache.service_annotations),
        "spec": {"type": cache.service_type, "ports": [own], "selector": _selector(stack)},
    }
