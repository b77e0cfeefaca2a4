"""Which extended resources count accelerators, and how many of them a pod holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import totals_of_pod
from llmstack.kubernetes.quantities import quantity

NVIDIA_GPU = "nvidia.com/gpu"
"""What `requestGPU` counts where nothing else is said."""
GPU_MEMORY, GPU_MEMORY_SHARE, GPU_CORES = "nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "nvidia.com/gpucores"
"""What HAMi shares of a GPU: memory in MB, in percent, and cores in percent (HAMi, charts/hami, values.yaml)."""

_NAMES: Mapping[str, str] = {
    "amd.com": r"[sdtqc]px_nps\d",
    "aws.amazon.com": r"neuron(core|device)?",
    "beta.furiosa.ai": r"npu",
    "cambricon.com": r"v?mlu\w*",
    "enflame.com": r"(drs-)?gcu",
    "furiosa.ai": r"rngd(-\d+core\.\d+gb)?",
    "google.com": r"tpu",
    "gpu.intel.com": r"(?!\w+_monitoring|millicores|tiles|memory\.max)[\w.-]+",
    "habana.ai": r"gaudi",
    "huawei.com": r"Ascend[\w-]+(?<!-memory)(?<!-core)",
    "hygon.com": r"(dcu|hcu)(num)?",
    "iluvatar.ai": r"[\w-]+-vgpu",
    "kunlunxin.com": r"v?xpu",
    "metax-tech.com": r"sgpu",
    "mthreads.com": r"vgpu",
    "nvidia.com": r"gpu\.shared|mig-[\w.-]+",
    "qualcomm.com": r"qaic",
    "rebellions.ai": r"ATOM|REBEL|npu",
    "vastaitech.com": r"va",
    "volcano.sh": r"vgpu-number",
}
"""By a device plugin's domain, the names beside `gpu` under which it counts devices, whole, partitioned or shared.

From the plugins' own documentation: NVIDIA/k8s-device-plugin (MIG strategy `mixed`, `renameByDefault`), AMD GPU
(`resource_naming_strategy: mixed`), Neuron, GKE ("TPUs in GKE"), intel-device-plugins-for-kubernetes
(cmd/gpu_plugin), habana-ai, Ascend, Qualcomm Cloud AI, Furiosa, Rebellions (rbln-k8s-device-plugin), Cambricon,
volcano-vgpu; those of further vendors from HAMi's table (charts/hami, device-configmap.yaml and values.yaml).
What the same domains offer as a share of a device (`gpumem`, `gpucores`, `…-memory`, `…-core`, `mlu.smlu.vcore`,
`millicores`) or to watch one (`i915_monitoring`) is no device.
"""


def is_extended(resource: str) -> bool:
    """Whether a resource is an extended one, which Kubernetes counts in whole units and never overcommits.

    Those with a domain, kubernetes.io's own apart (IsNativeResource, k8s.io/kubernetes
    pkg/apis/core/v1/helper/helpers.go).
    """
    domain, slash, _ = resource.partition("/")
    return bool(slash) and not (domain == "kubernetes.io" or domain.endswith(".kubernetes.io"))


def is_accelerator(resource: str) -> bool:
    """Whether a resource counts GPUs, TPUs or the like: any vendor's `…/gpu`, and what vendors' device plugins name."""
    if not is_extended(resource):
        return False
    domain, _, name = resource.partition("/")
    return name == "gpu" or re.fullmatch(_NAMES.get(domain, r"(?!)"), name) is not None


def is_whole_gpu(resource: str) -> bool:
    """Whether each unit of a resource is a GPU of its own (`…/gpu`), as vLLM's workers take them.

    Slices, cores of a device (`neuroncore`) and chips that hold several (`google.com/tpu`) are not.
    """
    return is_accelerator(resource) and resource.endswith("/gpu")


_DRIVER_WORDS = frozenset(("dcu", "gaudi", "gpu", "hpu", "mlu", "neuron", "npu", "rngd", "tpu", "xpu"))


def is_accelerator_driver(driver: str) -> bool:
    """Whether a driver of devices (DRA) offers accelerators, by its name.

    `gpu.nvidia.com`, `gpu.amd.com`, `gpu.intel.com` and `gaudi.intel.com` do; `compute-domain.nvidia.com`,
    `qat.intel.com` and `dra.net` do not.
    """
    return not _DRIVER_WORDS.isdisjoint(re.split(r"[.-]", driver))


def gpus_of_pod(pod: Mapping[str, Any], declared: Iterable[str] = ()) -> tuple[str, int]:
    """Return the accelerator of a pod's spec and how many it holds; `("", 0)` without any.

    As the scheduler counts (`totals_of_pod`). `declared` are further resources that a pool counts. A pod that
    takes several kinds is counted by the one it takes most of.
    """
    return largest(all_gpus_of_pod(pod, declared))


def all_gpus_of_pod(pod: Mapping[str, Any], declared: Iterable[str] = ()) -> dict[str, int]:
    """Return every accelerator of a pod's spec and how many of each it holds."""
    known = frozenset(declared)
    return totals_of_pod(pod, lambda container: _counted(container, known))


def largest(counts: Mapping[str, int]) -> tuple[str, int]:
    """The accelerator of which there are most, and how many; `("", 0)` without any."""
    return max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))


def _counted(container: Mapping[str, Any], known: frozenset[str]) -> Iterable[tuple[str, int]]:
    resources = container.get("resources") or {}
    amounts = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    for resource, amount in amounts.items():
        count = quantity(amount) if resource in known or is_accelerator(resource) else None
        if count:
            yield resource, int(count)
