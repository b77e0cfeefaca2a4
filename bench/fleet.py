"""A values file of many realistic models: what a platform team's fleet looks like, only larger."""

from __future__ import annotations

from typing import Any

from llmstack.yamlio import dump

# model, GPUs, CPUs, memory, storage, context length
SIZES = (
    ("Qwen/Qwen2.5-7B-Instruct", 1, 8, "32Gi", "60Gi", 32768),
    ("meta-llama/Llama-3.1-8B-Instruct", 1, 8, "32Gi", "60Gi", 16384),
    ("Qwen/Qwen2.5-32B-Instruct", 2, 16, "96Gi", "150Gi", 32768),
    ("meta-llama/Llama-3.3-70B-Instruct", 4, 32, "256Gi", "300Gi", 65536),
)
TAGS = ("v0.10.2", "v0.11.0", "v0.11.2")


def model(number: int) -> dict[str, Any]:
    """The `modelSpec` item of one model: sizes, versions, replicas and options go round with its number."""
    url, gpus, cpus, memory, storage, length = SIZES[number % len(SIZES)]
    item: dict[str, Any] = {
        "name": f"team-{number % 17}-model-{number:05d}",
        "repository": "vllm/vllm-openai",
        "tag": TAGS[number % len(TAGS)],
        "modelURL": url,
        "replicaCount": 1 + number % 3,
        "requestCPU": cpus,
        "requestMemory": memory,
        "requestGPU": gpus,
        "pvcStorage": storage,
        "pvcAccessMode": ["ReadWriteMany"],
        "labels": {"team": f"team-{number % 17}"},
        "vllmConfig": {
            "dtype": "bfloat16",
            "maxModelLen": length,
            "gpuMemoryUtilization": 0.92,
            "tensorParallelSize": gpus,
            "extraArgs": ["--enable-prompt-tokens-details", "--max-num-batched-tokens", "8192"],
        },
        "hf_token": {"secretName": "hf", "secretKey": "token"},
    }
    if number % 5 == 0:
        item["env"] = [{"name": "VLLM_LOGGING_LEVEL", "value": "WARNING"}]
    if number % 4 == 3:
        item["nodeSelectorTerms"] = [
            {"matchExpressions": [{"key": "gpu.pool", "operator": "In", "values": ["h100", "h200"]}]}
        ]
    return item


def values(models: int, environment: str = "prod") -> str:
    """The text of a values file with so many models, a router and settings that all engines share."""
    return dump(
        {
            "gitops": {"release": "fleet", "namespace": f"llm-{environment}"},
            "servingEngineSpec": {
                "runtimeClassName": "nvidia",
                "labels": {"environment": "prod"},
                "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
                "modelSpec": [model(number) for number in range(models)],
            },
            "routerSpec": {"repository": "lmcache/lmstack-router", "tag": "v0.1.7", "replicaCount": 2},
        }
    )
