"""What counts as an accelerator."""

from __future__ import annotations

import pytest

from llmstack.kubernetes.accelerators import gpus_of_pod, is_accelerator, is_extended, is_whole_gpu

ACCELERATORS = (
    "amd.com/cpx_nps4", "amd.com/gpu", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore",
    "aws.amazon.com/neurondevice", "beta.furiosa.ai/npu", "birentech.com/gpu", "cambricon.com/mlu",
    "cambricon.com/mlu370", "cambricon.com/vmlu", "enflame.com/drs-gcu", "enflame.com/gcu", "furiosa.ai/rngd",
    "furiosa.ai/rngd-2core.12gb", "google.com/tpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi",
    "huawei.com/Ascend310P", "huawei.com/Ascend910", "huawei.com/Ascend910B4-1", "hygon.com/dcu", "hygon.com/hcunum",
    "iluvatar.ai/MR-V100-vgpu", "intel.com/gpu", "kunlunxin.com/vxpu", "kunlunxin.com/xpu", "metax-tech.com/gpu",
    "metax-tech.com/sgpu", "mthreads.com/vgpu", "nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb",
    "nvidia.com/mig-1g.10gb.me", "nvidia.com/mig-1g.10gb.shared", "qualcomm.com/qaic", "rebellions.ai/ATOM",
    "rebellions.ai/npu", "vastaitech.com/va", "vendor.example/gpu", "volcano.sh/vgpu-number",
)  # fmt: skip
OTHERS = (
    "amd.com/gpucores", "amd.com/gpumem", "cambricon.com/mlu.smlu.vcore", "cpu", "enflame.com/gcu-memory",
    "ephemeral-storage", "example.com/npu", "google.com/other", "gpu", "gpu.intel.com/i915_monitoring",
    "gpu.intel.com/memory.max", "gpu.intel.com/millicores", "gpu.intel.com/tiles", "gpu.intel.com/xe_monitoring",
    "huawei.com/Ascend910B4-core", "huawei.com/Ascend910B4-memory", "hygon.com/hcumem", "iluvatar.ai/MR-V100.vMem",
    "kubernetes.io/gpu", "kunlunxin.com/vxpu-memory", "memory", "mthreads.com/sgpu-memory", "nvidia.com/gpucores",
    "nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "nvidia.com/hostdev", "nvidia.com/priority", "rdma/hca",
    "volcano.sh/vgpu-memory",
)  # fmt: skip


@pytest.mark.parametrize("resource", ACCELERATORS)
def test_accelerators(resource: str) -> None:
    assert is_accelerator(resource)
    assert is_extended(resource)
    assert gpus_of_pod({"containers": [{"resources": {"limits": {resource: "4"}}}]}) == (resource, 4)


@pytest.mark.parametrize("resource", OTHERS)
def test_shares_monitors_and_other_devices_are_none(resource: str) -> None:
    assert not is_accelerator(resource)
    assert gpus_of_pod({"containers": [{"resources": {"limits": {resource: "4"}}}]}) == ("", 0)


def test_only_a_whole_gpu_is_one_worker_of_vllm() -> None:
    whole = {resource for resource in (*ACCELERATORS, *OTHERS) if is_whole_gpu(resource)}
    assert whole == {resource for resource in ACCELERATORS if resource.endswith("/gpu")}


def test_a_pool_may_declare_what_no_table_knows() -> None:
    pod = {"containers": [{"resources": {"limits": {"example.com/npu": 2}}}]}
    assert gpus_of_pod(pod, ["example.com/npu"]) == ("example.com/npu", 2)
