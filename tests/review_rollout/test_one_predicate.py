"""What gen writes and what diff and lint say of it go by one predicate of accelerators."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from llmstack.finding import has_errors
from llmstack.model.reading import read_stack
from llmstack.objects.components import build_all
from llmstack.review.facts import Pool
from llmstack.values.source import read_source

VALUES = """
gitops:
  capacity: [{pool: pool, resource: RESOURCE, count: 8}]
servingEngineSpec:
  modelSpec:
  - name: llama
    repository: vllm/vllm-tpu
    tag: v0.11.2
    modelURL: meta-llama/Llama-3.1-8B-Instruct
    replicaCount: 2
    requestGPU: 4
    requestGPUType: RESOURCE
"""


def deployment(values: str) -> dict[str, Any]:
    """The Deployment of the one model."""
    _, stack, findings = read_stack([read_source("values/prod.yaml", values.encode())])
    assert stack is not None
    assert not has_errors(findings), findings
    [found] = [each.object for each in build_all(stack) if each.unit == "models/llama" if _is_deployment(each.object)]
    return found


def _is_deployment(object: dict[str, Any]) -> bool:
    return bool(object["kind"] == "Deployment")


@pytest.mark.parametrize(
    "resource",
    ["google.com/tpu", "nvidia.com/gpu", "habana.ai/gaudi", "aws.amazon.com/neuron", "gpu.intel.com/xe",
     "nvidia.com/mig-3g.40gb", "example.com/npu"],
)  # fmt: skip
def test_two_replicas_that_fill_a_pool_take_turns(resource: str, review: Callable[..., Any]) -> None:
    before = deployment(VALUES.replace("RESOURCE", resource))
    assert before["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    after = copy.deepcopy(before)
    after["spec"]["template"]["spec"]["containers"][0]["image"] = "vllm/vllm-tpu:v0.12.0"
    result = review((before, after), pools=[Pool("pool", resource, 8)], loads={"llama": 600})
    assert [(row.before, row.after, row.peak, row.deadlock) for row in result.gpus] == [(8, 8, 8, False)]
    assert [risk.id for risk in result.risks] == ["requests-cut", "restart"]


def test_a_share_of_a_gpu_is_none() -> None:
    """Replicas that ask HAMi for memory alone start the new one first, as those without GPUs do."""
    values = VALUES.replace("requestGPU: 4", "requestGPUMem: 8000").replace("RESOURCE", "nvidia.com/gpu")
    found = deployment(values)
    assert found["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {"nvidia.com/gpumem": "8000"}
    assert found["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
