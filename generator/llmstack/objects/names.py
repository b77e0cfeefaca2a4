"""Names of the objects: those of the Helm chart, with `gitops.release` where Helm has its release name."""

from __future__ import annotations

from llmstack.model.stack import Stack


def of_model(stack: Stack, model: str, suffix: str) -> str:
    return f"{stack.gitops.release}-{model}-{suffix}"


def engine_deployment(stack: Stack, model: str) -> str:
    return of_model(stack, model, "deployment-vllm")


def engine_service(stack: Stack, model: str) -> str:
    return of_model(stack, model, "engine-service")


def ray_cluster(stack: Stack, model: str) -> str:
    return of_model(stack, model, "raycluster")


def start_script(stack: Stack, model: str) -> str:
    return of_model(stack, model, "vllm-start-script")


def wait_script(stack: Stack, model: str) -> str:
    return of_model(stack, model, "wait-for-ray-script")


def leader_worker_set(stack: Stack, model: str) -> str:
    return of_model(stack, model, "lws")


def scaled_object(stack: Stack, model: str) -> str:
    return of_model(stack, model, "scaledobject")


def storage_claim(stack: Stack, model: str) -> str:
    return of_model(stack, model, "storage-claim")


def chat_templates(stack: Stack, model: str) -> str:
    return of_model(stack, model, "chat-templates")


def of_release(stack: Stack, suffix: str) -> str:
    return f"{stack.gitops.release}-{suffix}"


def router_deployment(stack: Stack) -> str:
    return of_release(stack, "deployment-router")


def router_service(stack: Stack) -> str:
    return of_release(stack, "router-service")


def router_service_account(stack: Stack) -> str:
    return stack.router_spec.service_account_name or of_release(stack, "router-service-account")


def cache_server_deployment(stack: Stack) -> str:
    return of_release(stack, "deployment-cache-server")


def cache_server_service(stack: Stack) -> str:
    return of_release(stack, "cache-server-service")


def lora_controller(stack: Stack) -> str:
    return of_release(stack, "lora-controller")


def lora_controller_account(stack: Stack) -> str:
    return stack.lora_controller.service_account_name or lora_controller(stack)


def storage_volume(stack: Stack) -> str:
    """The volume, within a pod, of the model's claim."""
    return of_release(stack, "storage")


def shared_storage_volume(stack: Stack) -> str:
    """The volume, within a pod, of the claim that all engines share."""
    return of_release(stack, "shared-pvc-storage")


def cluster_wide(stack: Stack, suffix: str) -> str:
    """Name of an object that belongs to the whole cluster: the namespace keeps two environments apart."""
    return f"{stack.gitops.namespace}-{stack.gitops.release}-{suffix}"


def shared_claim(stack: Stack) -> str:
    return of_release(stack, "shared-pvc-storage-claim")


def shared_volume(stack: Stack) -> str:
    return cluster_wide(stack, "shared-pvc-storage")


def configs(stack: Stack) -> str:
    return of_release(stack, "configs")


def route(stack: Stack, key: str | None) -> str:
    return of_release(stack, f"router-{key}" if key else "router")
