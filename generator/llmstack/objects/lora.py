"""LoRA adapters as objects of the production stack's operator, and the controller that loads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.model.lora import LoraAdapter
from llmstack.model.secret_ref import SecretReference, reference
from llmstack.model.stack import Stack
from llmstack.objects import labels, lora_rbac, names
from llmstack.objects.engine_storage import SHARED_PATH, shared_mount, shared_volume
from llmstack.objects.images import image_of, pull_secrets
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place
from llmstack.objects.pod import Items, disruption_budget, env, unique

UNIT = "stack"
COMPONENT = labels.LORA_CONTROLLER
WEBHOOK = {"name": "webhook-server", "containerPort": 9443, "protocol": "TCP"}
CERTIFICATES = "/tmp/k8s-webhook-server/serving-certs"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the adapters that are on, and the controller with its rights where it is on."""
    for adapter in stack.lora_adapters or []:
        if adapter.enabled is not False and (name := adapter_name(adapter)):
            yield place(UNIT, lora_adapter(stack, adapter), f"loraadapter-{name}")
    controller = stack.lora_controller
    if not controller.enable_lora_controller:
        return
    yield place(UNIT, deployment(stack), "deployment-lora-controller")
    if not controller.service_account_name:
        for slot, object in lora_rbac.rights(stack, _labels(stack)).items():
            yield place(UNIT, object, slot)
    own = metadata(stack, names.of_release(stack, "pdb-lora-controller"), _labels(stack))
    if budget := disruption_budget(own, _selector(stack), None, controller.pdb):
        yield place(UNIT, budget, "poddisruptionbudget-lora-controller")


def _selector(stack: Stack) -> dict[str, str]:
    return labels.selector(stack, COMPONENT, COMPONENT)


def _labels(stack: Stack) -> dict[str, str]:
    own = {"helm-release-name": stack.gitops.release}
    return labels.labels(stack, COMPONENT, COMPONENT, own, stack.lora_controller.labels)


def adapter_name(adapter: LoraAdapter) -> str | None:
    """The object's name: its own, else that of the adapter it loads."""
    return adapter.name or (adapter.adapter_source.adapter_name if adapter.adapter_source else None)


def lora_adapter(stack: Stack, adapter: LoraAdapter) -> dict[str, Any]:
    """One LoraAdapter. The engines' API key is that of servingEngineSpec where the adapter names none."""
    name = adapter_name(adapter) or ""
    placement, source = adapter.lora_adapter_deployment_config, adapter.adapter_source
    key = reference(adapter.vllm_api_key) or reference(stack.engine.vllm_api_key)
    more = (
        {"helm-release-name": stack.gitops.release},
        placement.labels if placement else None,
        adapter.labels,
    )
    own = labels.labels(stack, "lora-adapter", name, *more)
    return {
        "apiVersion": "production-stack.vllm.ai/v1alpha1",
        "kind": "LoraAdapter",
        "metadata": metadata(stack, name, own),
        "spec": {
            "baseModel": adapter.base_model,
            "vllmApiKey": _key(key, "secretName", "secretKey"),
            "adapterSource": source
            and {
                "type": source.type,
                "adapterName": source.adapter_name,
                "adapterPath": source.adapter_path or None,
                "repository": source.repository or None,
                "pattern": source.pattern or None,
                "maxAdapters": source.max_adapters or None,
                "credentialsSecretRef": _key(reference(source.credentials), "name", "key"),
            },
            "loraAdapterDeploymentConfig": {
                "algorithm": (placement.algorithm if placement else None) or "default",
                "replicas": (placement.replicas if placement else None) or None,
            },
        },
    }


def _key(secret: SecretReference | None, name: str, key: str) -> dict[str, Any] | None:
    return {name: secret.secret_name, key: secret.secret_key} if secret else None


def deployment(stack: Stack) -> dict[str, Any]:
    """The controller's Deployment."""
    controller = stack.lora_controller
    pod_labels = labels.pod_labels(
        stack, COMPONENT, COMPONENT, {"helm-release-name": stack.gitops.release}, controller.pod_labels
    )
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(stack, names.lora_controller(stack), _labels(stack), controller.annotations),
        "spec": {
            "replicas": controller.replica_count,
            "selector": {"matchLabels": _selector(stack)},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": controller.pod_annotations or None},
                "spec": pod_spec(stack),
            },
        },
    }


def pod_spec(stack: Stack) -> dict[str, Any]:
    controller = stack.lora_controller
    shared = [shared_volume(stack)] if stack.shared_storage.enabled else []
    certificate = f"{names.lora_controller(stack)}-webhook-server-cert"
    webhook = [{"name": "webhook-server-cert", "secret": {"secretName": certificate}}]
    return {
        "serviceAccountName": names.lora_controller_account(stack),
        "imagePullSecrets": pull_secrets(stack, controller.image_pull_secrets),
        "securityContext": controller.pod_security_context,
        "nodeSelector": controller.node_selector or None,
        "affinity": controller.affinity or None,
        "tolerations": controller.tolerations or None,
        "initContainers": [_own_shared_storage(stack)] if shared else None,
        "containers": [container(stack)],
        "volumes": [*(webhook if controller.webhook.enabled else []), *shared] or None,
        "terminationGracePeriodSeconds": 10,
    }


def _own_shared_storage(stack: Stack) -> dict[str, Any]:
    """Gives the shared volume to the user the controller runs as, 65532 (the chart's init container)."""
    of = stack.shared_storage.image
    return {
        "name": "fix-perms",
        "image": image_of(stack, of.repository, of.tag),
        "command": ["sh", "-c", f"chown -R 65532:65532 {SHARED_PATH}"],
        "securityContext": {"runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False},
        "volumeMounts": [shared_mount(stack)],
    }


def container(stack: Stack) -> dict[str, Any]:
    controller = stack.lora_controller
    given = [
        env("WATCH_NAMESPACE", stack.gitops.namespace),
        env("KUBERNETES_CLUSTER_DOMAIN", controller.kubernetes_cluster_domain or "cluster.local"),
    ]
    webhook = bool(controller.webhook.enabled)
    mounts: Items = [shared_mount(stack)] if stack.shared_storage.enabled else []
    if webhook:
        mounts.insert(0, {"name": "webhook-server-cert", "mountPath": CERTIFICATES, "readOnly": True})
    return {
        "name": "manager",
        "image": image_of(stack, controller.image.repository, controller.image.tag, controller.registry),
        "imagePullPolicy": controller.image.pull_policy,
        "args": arguments(stack),
        "env": unique([*given, *(controller.env or [])], "name"),
        "ports": [
            {"name": "metrics", "containerPort": 8443, "protocol": "TCP"},
            *([WEBHOOK] if webhook else []),
        ],
        "livenessProbe": _probe("/healthz", 15, 20),
        "readinessProbe": _probe("/readyz", 5, 10),
        "resources": controller.resources or None,
        "securityContext": controller.container_security_context,
        "volumeMounts": mounts or None,
    }


def _probe(path: str, delay: int, period: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": 8081}, "initialDelaySeconds": delay, "periodSeconds": period}


def arguments(stack: Stack) -> list[str]:
    controller = stack.lora_controller
    metrics = ["--metrics-bind-address=:8443", "--metrics-secure"]
    return [
        "--leader-elect",
        "--health-probe-bind-address=:8081",
        *(metrics if controller.metrics.enabled else ["--metrics-bind-address=0"]),
        *([f"--webhook-cert-path={CERTIFICATES}"] if controller.webhook.enabled else []),
        *(controller.extra_args or []),
    ]
