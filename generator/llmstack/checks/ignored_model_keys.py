"""Keys of a model that change nothing in the form that the model is served in."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.no_effect import Ignored
from llmstack.kubernetes.quantities import quantity
from llmstack.model.models import Model
from llmstack.model.ray import HeadNode
from llmstack.model.stack import Stack
from llmstack.objects.autoscaling import is_scaled
from llmstack.objects.chat_template import is_text
from llmstack.objects.engine import pod_disruption_budget
from llmstack.objects.engine_storage import claim_name

_SIZES = (
    ("request_cpu", "requestCPU"),
    ("request_memory", "requestMemory"),
    ("request_gpu", "requestGPU"),
    ("request_gpu_mem", "requestGPUMem"),
    ("request_gpu_mem_percentage", "requestGPUMemPercentage"),
    ("request_gpu_cores", "requestGPUCores"),
    ("limit_cpu", "limitCPU"),
    ("limit_memory", "limitMemory"),
    ("limit_gpu", "limitGPU"),
    ("limit_gpu_mem", "limitGPUMem"),
    ("limit_gpu_mem_percentage", "limitGPUMemPercentage"),
    ("limit_gpu_cores", "limitGPUCores"),
)
_CLAIM = (
    ("pvc_access_mode", "pvcAccessMode"),
    ("storage_class", "storageClass"),
    ("pvc_match_labels", "pvcMatchLabels"),
    ("pvc_labels", "pvcLabels"),
    ("pvc_annotations", "pvcAnnotations"),
)


_ARGUMENTS = (
    ("model_url", "modelURL"),
    ("model_revision", "modelRevision"),
    ("enable_lora", "enableLoRA"),
    ("enable_tool", "enableTool"),
    ("tool_call_parser", "toolCallParser"),
    ("extra_args", "extraArgs"),
)
"""Keys that are nothing but arguments of `vllm serve`."""

CUSTOM = "the generated unit with an overlay of your own in custom/<env>/models/<model>"

_NIXL = (
    ("nixl_role", "nixlRole"),
    ("nixl_peer_host", "nixlPeerHost"),
    ("nixl_peer_port", "nixlPeerPort"),
    ("nixl_buffer_size", "nixlBufferSize"),
    ("nixl_buffer_device", "nixlBufferDevice"),
    ("nixl_enable_gc", "nixlEnableGc"),
)


def ignored_in_model(stack: Stack, model: Model) -> Iterator[Ignored]:
    """Yield what a deployed model states in vain."""
    yield from _placement(model)
    yield from _sizes(model)
    yield from _storage(stack, model)
    yield from _replicas(stack, model)
    yield from _container(stack, model)
    yield from _vllm(model)


def _placement(model: Model) -> Iterator[Ignored]:
    if model.node_selector_terms and model.affinity:
        yield Ignored(("nodeSelectorTerms",), "`affinity` is used instead", ("affinity",))
    elif model.node_selector_terms and model.node_name:
        yield Ignored(("nodeSelectorTerms",), "`nodeName` is used instead", ("nodeName",))
    if model.tolerations_policy == "override" and not model.tolerations:
        why = "the model has no `tolerations` to override with"
        yield Ignored(("tolerationsPolicy",), why, ("tolerations",), "add `tolerations`, or remove it")


def _sizes(model: Model) -> Iterator[Ignored]:
    if model.resources:
        for name, key in _SIZES:
            if getattr(model, name) not in (None, ""):
                yield Ignored((key,), "`resources` is used instead", ("resources",))
    head = model.ray_spec.head_node if model.uses_ray and model.ray_spec else None
    if head and head.resources:
        for name, key in _SIZES:
            if getattr(head, name, None) not in (None, ""):
                route = ("raySpec", "headNode", "resources")
                yield Ignored(("raySpec", "headNode", key), "`resources` is used instead", route)
    yield from _gpu_type(model, head)


def _gpu_type(model: Model, head: HeadNode | None) -> Iterator[Ignored]:
    """The resource that `requestGPU` counts, where nothing is counted by it: of the model, or of its Ray head."""
    counted = [each for each in (model, head) if each and not each.resources]
    if not counted:
        yield Ignored(("requestGPUType",), "`resources` is used instead", ("resources",))
    elif not any(count and quantity(count) for count in map(_count, counted)):
        yield Ignored(("requestGPUType",), "no GPU is requested", ("requestGPU",), "set `requestGPU`, or remove it")


def _count(part: Model | HeadNode) -> str | None:
    return part.gpu_count if isinstance(part, Model) else part.request_gpu


def _storage(stack: Stack, model: Model) -> Iterator[Ignored]:
    existing = bool(model.pvc_existing_claim_name)
    because = ("pvcExistingClaimName",) if existing else ("pvcStorage",)
    if existing and model.pvc_storage:
        yield Ignored(("pvcStorage",), "`pvcExistingClaimName` is used instead", because)
    if not model.pvc_storage or existing:
        why = "`pvcExistingClaimName` is used instead" if existing else "there is no claim without `pvcStorage`"
        for name, key in _CLAIM:
            tells_of_existing = key == "pvcAccessMode" and existing
            if getattr(model, name) and not tells_of_existing:
                yield Ignored((key,), why, because)
    for number, init in enumerate(model.init_container or []):
        if init.mount_pvc_storage and not claim_name(stack, model):
            why = "the model has no claim"
            help = "set `pvcStorage` or `pvcExistingClaimName`; the shared storage takes `extraVolumeMounts`"
            yield Ignored(("initContainer", number, "mountPvcStorage"), why, because, help)


def _replicas(stack: Stack, model: Model) -> Iterator[Ignored]:
    """What owns replicas and protects them; of a RayCluster nothing owns the number of workers."""
    if is_scaled(model):
        yield Ignored(("replicaCount",), "KEDA owns the number of replicas", ("keda", "enabled"))
    if not model.uses_ray:
        return
    because = ("raySpec", "enabled")
    if model.keda and model.keda.enabled:
        why = "a RayCluster has no scale subresource, which KEDA needs: there is no ScaledObject, as in the chart"
        help = "set the number of Ray workers in `replicaCount`; KEDA scales `lwsSpec`, and models on one node"
        yield Ignored(("keda",), why, help=help)
    if model.lws_spec and model.lws_spec.enabled:
        yield Ignored(("lwsSpec",), "`raySpec` is used instead", because, "keep one of the two")
    if model.pdb and model.pdb.enabled and pod_disruption_budget(stack, model) is None:
        why = "a RayCluster serves from one head pod, and this budget allows its eviction"
        yield Ignored(("pdb",), why, because, "set `minAvailable: 1` to protect the head, or remove it")


def _container(stack: Stack, model: Model) -> Iterator[Ignored]:
    """What the container's own command, and the form the model is served in, leave without effect."""
    served = "raySpec" if model.uses_ray else "lwsSpec" if model.uses_lws else None
    if model.command and served:
        why = f"the script of `{served}` starts the engine"
        yield Ignored(("command",), why, (served, "enabled"), f"remove it, or change {CUSTOM}")
    elif model.command:
        for name, key in _ARGUMENTS:
            if getattr(model, name):
                yield Ignored((key,), "`command` is run instead of `vllm serve` and its arguments", ("command",))
    if model.args is not None and (not model.command or served):
        why = "`command` is not set" if not model.command else f"the script of `{served}` starts the engine"
        yield Ignored(("args",), why, ("command",), "write arguments of `vllm serve` into `vllmConfig.extraArgs`")
    if model.strategy and served:
        yield Ignored(("strategy",), "the model is not served from a Deployment", (served, "enabled"))
    if model.service_monitor and model.service_monitor.enabled and stack.engine.service_monitor.enabled:
        why = "servingEngineSpec.serviceMonitor already covers every model"
        yield Ignored(("serviceMonitor",), why, help="remove it, or turn servingEngineSpec.serviceMonitor off")


def _vllm(model: Model) -> Iterator[Ignored]:
    config = model.lmcache_config
    if config.enabled and not config.transfers:
        for name, key in _NIXL:
            if name in config.model_fields_set and getattr(config, name) is not None:
                why, because = "KV transfer is off", ("lmcacheConfig", "enableNixl")
                yield Ignored(("lmcacheConfig", key), why, because, "set `enableNixl: true`, or remove it")
    if model.chat_template and model.chat_template_config_map and is_text(model.chat_template):
        yield Ignored(("chatTemplate",), "`chatTemplateConfigMap` is used instead", ("chatTemplateConfigMap",))
