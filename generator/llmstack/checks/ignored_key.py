"""A key has no effect, because another one takes its place.

`affinity` as stated goes before `nodeSelectorTerms`, and so does `nodeName`; `resources` before the request
and limit keys; an existing claim before the keys that make one; `hostPath` before `nfs`; `pdb` before
`maxUnavailablePodDisruptionBudget` of the same section; a `nodePort` is for Services of type NodePort or
LoadBalancer, a prefix length for prefix-aware routing.

Fix: keep the one that is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Route, Severity
from llmstack.model.cache_server import CacheServerSpec
from llmstack.model.engine import Model
from llmstack.model.router import RouterSpec

ID, SEVERITY = "ignored-key", Severity.WARNING

Ignored = tuple[Route, str]
"""The key without effect, and why."""

_SIZES = (
    ("request_cpu", "requestCPU"),
    ("request_memory", "requestMemory"),
    ("request_gpu", "requestGPU"),
    ("request_gpu_mem", "requestGPUMem"),
    ("request_gpu_mem_percentage", "requestGPUMemPercentage"),
    ("request_gpu_cores", "requestGPUCores"),
    ("limit_cpu", "limitCPU"),
    ("limit_memory", "limitMemory"),
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


def run(subject: Subject) -> Iterator[Finding]:
    stack = subject.stack
    found: list[Ignored] = []
    for at, model in subject.models():
        found += [((*at, *route), why) for route, why in _model(model)]
    if stack.router_spec.enable_router:
        found += [(("routerSpec", *route), why) for route, why in _router(stack.router_spec)]
    if stack.cache_server_spec.enable_server:
        found += [(("cacheServerSpec", *route), why) for route, why in _cache_server(stack.cache_server_spec)]
    storage = stack.shared_storage
    if storage.enabled and storage.host_path and storage.nfs.server:
        found.append((("sharedStorage", "nfs"), "`hostPath` takes its place"))
    if storage.enabled and not stack.lora_controller.enable_lora_controller:
        found.append((("sharedStorage", "image"), "the LoRA controller alone uses it, and that is off"))
    for route, why in found:
        if subject.states(route):
            yield Finding(
                ID,
                SEVERITY,
                f"`{route[-1]}` has no effect: {why}",
                route,
                help="remove it, or change what stands in its way",
            )


def _model(model: Model) -> Iterator[Ignored]:
    if model.node_selector_terms:
        if model.affinity:
            yield ("nodeSelectorTerms",), "`affinity` takes its place"
        elif model.node_name:
            yield ("nodeSelectorTerms",), "`nodeName` takes its place"
    if model.resources:
        for name, key in _SIZES:
            if getattr(model, name) not in (None, ""):
                yield (key,), "`resources` takes its place"
    if model.pvc_existing_claim_name and model.pvc_storage:
        yield ("pvcStorage",), "`pvcExistingClaimName` takes its place"
    if not model.pvc_storage or model.pvc_existing_claim_name:
        reason = (
            "`pvcExistingClaimName` takes its place"
            if model.pvc_existing_claim_name
            else "there is no claim without `pvcStorage`"
        )
        for name, key in _CLAIM:
            tells_of_existing = key == "pvcAccessMode" and model.pvc_existing_claim_name
            if getattr(model, name) and not tells_of_existing:
                yield (key,), reason


def _router(router: RouterSpec) -> Iterator[Ignored]:
    if router.node_selector_terms and router.affinity:
        yield ("nodeSelectorTerms",), "`affinity` takes its place"
    if router.node_port and router.service_type not in ("NodePort", "LoadBalancer"):
        yield ("nodePort",), f"a Service of type {router.service_type or 'ClusterIP'} has none"
    if router.prefix_min_match_length and router.routing_logic != "prefixaware":
        yield (
            ("prefixMinMatchLength",),
            f"routingLogic is {router.routing_logic or 'roundrobin'}, not prefixaware",
        )
    if router.service_discovery == "static" and router.k8s_service_discovery_type == "service-name":
        yield ("k8sServiceDiscoveryType",), "serviceDiscovery is static"
    if router.otel.secure and not router.otel.endpoint:
        yield ("otel", "secure"), "there are no traces without `endpoint`"


def _cache_server(cache: CacheServerSpec) -> Iterator[Ignored]:
    if cache.node_selector_terms and cache.affinity:
        yield ("nodeSelectorTerms",), "`affinity` takes its place"
    if cache.max_unavailable_pod_disruption_budget and cache.pdb and cache.pdb.enabled:
        yield ("maxUnavailablePodDisruptionBudget",), "`pdb` takes its place"
