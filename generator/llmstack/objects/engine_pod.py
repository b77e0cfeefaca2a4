"""The engine's pod: one builder for Deployment, RayCluster and LeaderWorkerSet, so that none lags another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmstack.model.containers import InitContainer
from llmstack.model.engine import Model
from llmstack.model.secret_ref import reference
from llmstack.model.stack import Stack
from llmstack.model.types import quantity_value
from llmstack.objects import chat_template, lmcache, names
from llmstack.objects.metadata import checksum
from llmstack.objects.pod import affinity, env, field_env, image, secret_env, unique

PORT_NAME = "container-port"
SHARED_PATH = "/data/shared-pvc-storage"
CONTAINER = "vllm"


def storage_volume_name(stack: Stack) -> str:
    return f"{stack.gitops.release}-storage"


def claim_name(stack: Stack, model: Model) -> str | None:
    """The claim mounted at /data: an existing one, one of ours, or none."""
    if model.pvc_existing_claim_name:
        return model.pvc_existing_claim_name
    return names.storage_claim(stack, model.name or "engine") if model.pvc_storage else None


def environment(stack: Stack, model: Model, *own: dict[str, Any] | None) -> list[dict[str, Any]] | None:
    """The container's environment, each name once: what a person wrote wins over what we derive.

    PROMETHEUS_MULTIPROC_DIR is set where the chart sets it: where vllmConfig says something and does not ask for V0.
    """
    config = model.vllm_config
    wants_multiproc = bool(config.model_fields_set) and config.v0 != "1"
    return unique(
        [
            env("PYTHONHASHSEED", "123"),
            env("HF_HOME", _weights_path(stack, model)),
            *own,
            env("PROMETHEUS_MULTIPROC_DIR", config.prometheus_multiproc_dir or "/tmp") if wants_multiproc else None,
            secret_env("HF_TOKEN", reference(model.hf_token)),
            secret_env("VLLM_API_KEY", reference(stack.engine.vllm_api_key)),
            *lmcache.environment(stack, model),
            *(model.env or []),
        ],
        "name",
    )


def _weights_path(stack: Stack, model: Model) -> str:
    if claim_name(stack, model):
        return "/data"
    return SHARED_PATH if stack.shared_storage.enabled else "/tmp"


def env_from(stack: Stack, model: Model) -> list[dict[str, Any]] | None:
    secret = model.env_from_secret.name if model.env_from_secret else None
    sources = [
        {"configMapRef": {"name": names.configs(stack)}} if stack.engine.configs else None,
        {"secretRef": {"name": secret}} if secret else None,
    ]
    return [source for source in sources if source] or None


def ports(stack: Stack, model: Model) -> list[dict[str, Any]]:
    """Container ports: the API, LMCache's, and one for each extra Service port."""
    own = {"name": PORT_NAME, "containerPort": stack.engine.container_port or 8000}
    return container_ports([own, *lmcache.container_ports(model)], stack.engine.extra_ports)


def container_ports(own: Sequence[dict[str, Any]], extra: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The container's ports: `own`, and what `extraPorts` (Service ports) open, each number and protocol once.

    A target port that is named opens the Service port's number under that name. Protocols are written out where any
    is: Kubernetes keys the list by number and protocol.
    """
    opened = list(own)
    taken = {(port["containerPort"], "TCP") for port in own}
    for port in extra or []:
        target = port.get("targetPort", port.get("port"))
        number = target if isinstance(target, int) else port.get("port")
        name = target if isinstance(target, str) else port.get("name")
        if (number, port.get("protocol") or "TCP") not in taken:
            taken.add((number, port.get("protocol") or "TCP"))
            opened.append({"name": name, "containerPort": number, "protocol": port.get("protocol")})
    if any(port.get("protocol") for port in opened):
        opened = [port | {"protocol": port.get("protocol") or "TCP"} for port in opened]
    return opened


def service_ports(own: Sequence[dict[str, Any]], extra: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The Service's ports: `own` and the extra ones, each port and protocol once; an extra one wins."""
    stated = [port | {"protocol": port.get("protocol") or "TCP"} for port in extra or []]
    return unique([*own, *stated], "port", "protocol") or []


def resources(model: Model) -> dict[str, Any] | None:
    """Requests and limits; `resources` as stated takes the place of the request and limit keys. "" and 0 mean unset."""
    if model.resources:
        return dict(model.resources)
    gpu = model.request_gpu_type or "nvidia.com/gpu"
    requests = {
        "cpu": model.request_cpu,
        "memory": model.request_memory,
        gpu: model.request_gpu,
        "nvidia.com/gpumem": model.request_gpu_mem,
        "nvidia.com/gpumem-percentage": model.request_gpu_mem_percentage,
        "nvidia.com/gpucores": model.request_gpu_cores,
    }
    limits = {
        "cpu": model.limit_cpu,
        "memory": model.limit_memory,
        gpu: model.request_gpu,
        "nvidia.com/gpumem": model.limit_gpu_mem,
        "nvidia.com/gpumem-percentage": model.limit_gpu_mem_percentage,
        "nvidia.com/gpucores": model.limit_gpu_cores,
    }
    stated = {"requests": _set(requests), "limits": _set(limits)}
    return {key: value for key, value in stated.items() if value} or None


def _set(quantities: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in quantities.items() if value and quantity_value(value) != 0}


def gpus_per_pod(model: Model) -> float:
    """GPUs that one pod of the model asks for, of whatever resource; 0 when none."""
    stated = (resources(model) or {}).get("requests", {}) | (resources(model) or {}).get("limits", {})
    return sum(quantity_value(str(value)) or 0 for key, value in stated.items() if is_gpu(key))


def is_gpu(resource: str) -> bool:
    """Whether a resource name counts GPUs: a vendor's gpu, or a MIG profile."""
    return "/" in resource and (resource.endswith("/gpu") or "/mig-" in resource or resource.rpartition("/")[2].startswith("gpu."))


def needs_shm(model: Model) -> bool:
    return (model.vllm_config.tensor_parallel_size or 1) > 1


def volumes(stack: Stack, model: Model) -> list[dict[str, Any]] | None:
    claim = claim_name(stack, model)
    shared = stack.shared_storage.enabled
    shm = {"medium": "Memory", "sizeLimit": model.shm_size}
    return unique(
        [
            _claim_volume(storage_volume_name(stack), claim) if claim else None,
            _claim_volume(_shared_volume_name(stack), names.shared_claim(stack)) if shared else None,
            {"name": "shm", "emptyDir": shm} if needs_shm(model) else None,
            {"name": "lmcache-disk", "emptyDir": {}} if lmcache.disk_gigabytes(model) else None,
            chat_template.volume(stack, model),
            *(model.extra_volumes or []),
        ],
        "name",
    )


def mounts(stack: Stack, model: Model) -> list[dict[str, Any]] | None:
    return unique(
        [
            {"name": storage_volume_name(stack), "mountPath": "/data"} if claim_name(stack, model) else None,
            {"name": _shared_volume_name(stack), "mountPath": SHARED_PATH} if stack.shared_storage.enabled else None,
            {"name": "shm", "mountPath": "/dev/shm"} if needs_shm(model) else None,
            {"name": "lmcache-disk", "mountPath": lmcache.DISK_PATH} if lmcache.disk_gigabytes(model) else None,
            chat_template.mount(stack, model),
            *(model.extra_volume_mounts or []),
        ],
        "mountPath",
    )


def _shared_volume_name(stack: Stack) -> str:
    return f"{stack.gitops.release}-shared-pvc-storage"


def _claim_volume(name: str, claim: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def container(stack: Stack, model: Model, command: list[str], args: list[str], *, serves: bool = True) -> dict[str, Any]:
    """The engine's container; a Ray or multi-node worker (`serves=False`) has neither ports nor HTTP probes."""
    engine = stack.engine
    return {
        "name": CONTAINER,
        "image": image(model.repository, model.tag),
        "imagePullPolicy": model.image_pull_policy or engine.image_pull_policy,
        "command": command,
        "args": args,
        "env": environment(stack, model, field_env("POD_IP", "status.podIP")),
        "envFrom": env_from(stack, model),
        "ports": ports(stack, model) if serves else None,
        "resources": resources(model),
        "securityContext": engine.container_security_context,
        "startupProbe": engine.startup_probe if serves else None,
        "livenessProbe": engine.liveness_probe if serves else None,
        "readinessProbe": engine.readiness_probe if serves else None,
        "volumeMounts": mounts(stack, model),
    }


def sidecar(stack: Stack, model: Model) -> dict[str, Any] | None:
    """The LoRA sidecar, which downloads adapters onto the model's claim (chart template)."""
    if not (model.enable_lora and claim_name(stack, model)):
        return None
    return {
        "name": "sidecar",
        "image": stack.engine.sidecar.image,
        "imagePullPolicy": stack.engine.sidecar.image_pull_policy,
        "env": [env("PORT", 30090), env("LORA_DOWNLOAD_BASE_DIR", "/data/lora-adapters")],
        "volumeMounts": [{"name": storage_volume_name(stack), "mountPath": "/data"}],
    }


def init_container(stack: Stack, model: Model, init: InitContainer, number: int) -> dict[str, Any]:
    """An init container; RELEASE_NAME and LMCACHE_SERVER_SERVICE_PORT as the chart gives them."""
    claim = init.mount_pvc_storage and claim_name(stack, model)
    storage = {"name": storage_volume_name(stack), "mountPath": "/data"} if claim else None
    given = [
        env("RELEASE_NAME", stack.gitops.release),
        env("LMCACHE_SERVER_SERVICE_PORT", stack.cache_server_spec.service_port or stack.cache_server_spec.container_port),
    ]
    secret = model.env_from_secret.name if model.env_from_secret else None
    return {
        "name": init.name or ("init" if number == 0 else f"init-{number + 1}"),
        "image": init.image,
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


def pod_spec(stack: Stack, model: Model, containers: list[dict[str, Any] | None]) -> dict[str, Any]:
    """The pod around its containers."""
    runtime_class = stack.engine.runtime_class_name if model.runtime_class_name is None else model.runtime_class_name
    inits = [init_container(stack, model, init, number) for number, init in enumerate(model.init_container or [])]
    return {
        "affinity": affinity(model.affinity, model.node_selector_terms, model.node_name),
        "nodeName": model.node_name or None,
        "nodeSelector": model.node_selector or None,
        "tolerations": tolerations(stack, model),
        "priorityClassName": model.priority_class_name or None,
        "runtimeClassName": runtime_class or None,
        "schedulerName": stack.engine.scheduler_name or None,
        "serviceAccountName": model.service_account_name or None,
        "securityContext": stack.engine.security_context or None,
        "imagePullSecrets": [{"name": model.image_pull_secret}] if model.image_pull_secret else None,
        "initContainers": inits or None,
        "containers": containers,
        "volumes": volumes(stack, model),
    }


def pod_annotations(stack: Stack, model: Model) -> dict[str, str] | None:
    """Users' annotations, and a checksum of the config maps the pod reads."""
    read = checksum(stack.engine.configs, chat_template.template_data(model))
    return {**(model.pod_annotations or {}), **read} or None
