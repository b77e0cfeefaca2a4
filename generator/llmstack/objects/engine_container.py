"""The engine's container: image, environment, resources, probes and mounts, in each role that a pod can have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from msgspec import Struct, field

from llmstack.kubernetes.accelerators import (
    GPU_CORES,
    GPU_MEMORY,
    GPU_MEMORY_SHARE,
    NVIDIA_GPU,
    is_accelerator,
)
from llmstack.kubernetes.quantities import quantity
from llmstack.model.containers import InitContainer
from llmstack.model.models import Model
from llmstack.model.secret_ref import reference
from llmstack.model.stack import Stack
from llmstack.objects import drain, lmcache, names
from llmstack.objects.engine_storage import claim_mount, claim_name, mounts, weights_path
from llmstack.objects.images import image_of, pulled
from llmstack.objects.parallel import needs_shm
from llmstack.objects.pod import Items, env, field_env, secret_env, unique
from llmstack.objects.ports import container_ports
from llmstack.values.layers import merge

PORT_NAME = "container-port"


SEED = "123"
"""PYTHONHASHSEED of engines and router, as in the chart: one seed, so that the hashes of blocks agree."""


class Role(Struct, frozen=True):
    """What sets the pods of one role apart: of a Deployment, a Ray head or worker, a leader or a worker."""

    container: str = "vllm"
    serves: bool = True
    """Whether the API is served here; else there are neither ports nor HTTP probes."""
    address: str = "POD_IP"
    """The variable that holds the pod's IP."""
    ray: bool = False
    env: tuple[dict[str, Any], ...] = ()
    resources: Mapping[str, Any] | None = None
    """Instead of the model's."""
    readiness: Mapping[str, Any] | None = None
    """What changes in the readiness probe."""
    inits: Sequence[InitContainer] | None = None
    """Instead of the model's."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Config maps to mount: the path → the name."""


ENGINE = Role()


Stated = TypeVar("Stated")


def own_or_shared(own: Stated | None, shared: Stated | None) -> Stated | None:
    """What a model says, else what is said of all engines."""
    return shared if own is None else own


def environment(stack: Stack, model: Model, role: Role) -> Items | None:
    """The container's environment, each name once: what a person wrote wins over what we derive."""
    return unique(
        [
            *_constants(model, role),
            env("HF_HOME", weights_path(stack, model)),
            field_env(role.address, "status.podIP"),
            *role.env,
            secret_env("HF_TOKEN", reference(model.hf_token)),
            secret_env("VLLM_API_KEY", reference(stack.engine.vllm_api_key)),
            *lmcache.environment(stack, model),
            *(stack.engine.env or []),
            *(model.env or []),
        ],
        "name",
    )


def _constants(model: Model, role: Role) -> Items:
    """PYTHONHASHSEED and PROMETHEUS_MULTIPROC_DIR where the chart sets them.

    The seed makes block hashes of engines and router agree (KV-aware routing), so that a RayCluster has it
    with LMCache. The folder is set where vllmConfig says something and does not ask for V0, and not in a
    RayCluster.
    """
    config = model.vllm_config
    found = [env("PYTHONHASHSEED", SEED)] if not role.ray or model.lmcache_config.enabled else []
    folder = config.prometheus_multiproc_dir
    if folder or (config.model_fields_set and config.v0 != "1" and not role.ray):
        found.append(env("PROMETHEUS_MULTIPROC_DIR", folder or "/tmp"))
    return found


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


def resources(model: Model) -> dict[str, Any] | None:
    """Requests and limits; `resources` takes the place of the request and limit keys. "" and 0 mean unset."""
    claims = [{"name": claim.get("name")} for claim in model.resource_claims or []]
    if model.resources:
        return {**({"claims": claims} if claims else {}), **model.resources}
    gpu = model.request_gpu_type or NVIDIA_GPU
    requests = {
        "cpu": model.request_cpu,
        "memory": model.request_memory,
        gpu: model.gpu_count,
        GPU_MEMORY: model.request_gpu_mem,
        GPU_MEMORY_SHARE: model.request_gpu_mem_percentage,
        GPU_CORES: model.request_gpu_cores,
    }
    limits = {
        "cpu": model.limit_cpu,
        "memory": model.limit_memory,
        gpu: model.gpu_count,
        GPU_MEMORY: model.limit_gpu_mem,
        GPU_MEMORY_SHARE: model.limit_gpu_mem_percentage,
        GPU_CORES: model.limit_gpu_cores,
    }
    stated = {"requests": _set(requests), "limits": _set(limits), "claims": claims}
    return {key: value for key, value in stated.items() if value} or None


def _set(quantities: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in quantities.items() if value and quantity(value) != 0}


def gpus_per_pod(model: Model) -> Fraction:
    """Accelerators that the engine's container asks for, of whatever resource; 0 when none."""
    sizes = resources(model) or {}
    stated = {**(sizes.get("requests") or {}), **(sizes.get("limits") or {})}
    return sum((quantity(value) or Fraction(0) for key, value in stated.items() if is_accelerator(key)), Fraction(0))


def has_shm(model: Model) -> bool:
    """Whether the pods have a /dev/shm of their own."""
    return needs_shm(model, several_gpus=gpus_per_pod(model) > 1)


def container(stack: Stack, model: Model, command: list[str], args: list[str], role: Role = ENGINE) -> dict[str, Any]:
    """The engine's container in its role."""
    engine = stack.engine
    scripts = [{"name": script_volume(path), "mountPath": path} for path in role.scripts]
    return {
        "name": role.container,
        "image": image_of(stack, model.repository, model.tag, model.registry),
        "imagePullPolicy": model.image_pull_policy or engine.image_pull_policy,
        "command": command,
        "args": args or None,
        "env": environment(stack, model, role),
        "envFrom": env_from(stack, model),
        "ports": ports(stack, model) if role.serves else None,
        "resources": resources(model) if role.resources is None else role.resources,
        "securityContext": engine.container_security_context,
        **(probes(stack, model, role.readiness) if role.serves else {}),
        "lifecycle": hooks(stack, model, role),
        "volumeMounts": unique([*scripts, *mounts(stack, model, shm=has_shm(model))], "mountPath"),
    }


def sidecar(stack: Stack, model: Model) -> dict[str, Any] | None:
    """The LoRA sidecar, which downloads adapters onto the model's claim (chart template)."""
    if not (model.enable_lora and claim_name(stack, model)):
        return None
    return {
        "name": "sidecar",
        "image": pulled(stack, stack.engine.sidecar.image),
        "imagePullPolicy": stack.engine.sidecar.image_pull_policy,
        "env": [env("PORT", 30090), env("LORA_DOWNLOAD_BASE_DIR", "/data/lora-adapters")],
        "volumeMounts": [claim_mount(stack)],
    }


def hooks(stack: Stack, model: Model, role: Role = ENGINE) -> Mapping[str, Any] | None:
    """The hooks of the engine's container: what people wrote, else those of `gitops.drain`.

    KubeRay ends a worker together with its head, which cannot finish a request without it; the worker of a
    LeaderWorkerSet ends after its leader.
    """
    stated = own_or_shared(model.lifecycle, stack.engine.lifecycle)
    return drain.lifecycle(model, finishes=role.serves or not role.ray) if stated is None else stated


def probes(stack: Stack, model: Model, readiness: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any] | None]:
    """The probes of the container that serves: those of all engines, with what the model changes in them."""
    engine = stack.engine
    ready = probe(model, "readiness_probe", engine.readiness_probe)
    return {
        "startupProbe": probe(model, "startup_probe", engine.startup_probe),
        "livenessProbe": probe(model, "liveness_probe", engine.liveness_probe),
        "readinessProbe": merge(ready or {}, readiness) if readiness else ready,
    }


def probe(model: Model, name: str, shared: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """One probe; a model that states null has none."""
    own = getattr(model, name)
    if own is None:
        return dict(shared) if shared and name not in model.model_fields_set else None
    return merge(shared or {}, own)


def script_volume(path: str) -> str:
    return f"{path.strip('/')}-script"
