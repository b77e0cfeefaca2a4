"""What vLLM does otherwise from a release on, without a flag that shows it.

The table is curated: each entry names the source file in which it was read, in the first release that has it and the
one before.
"""

from __future__ import annotations

from msgspec import Struct

from llmstack.engine.defaults import Minor


class Behaviour(Struct, frozen=True):
    """A change that no flag shows. `flag` is the one that governs it, where there is one: set, nothing changes;
    `beside` the one without which it concerns nobody."""

    since: Minor
    text: str
    source: str
    flag: str = ""
    beside: str = ""
    breaks: bool = False


BEHAVIOUR: tuple[Behaviour, ...] = (
    Behaviour(
        (0, 8),
        "The V1 engine serves where it has what is asked for (VLLM_USE_V1): prompts are always prefilled in chunks, "
        "prefixes are cached unless --no-enable-prefix-caching, what is preempted is computed again and never swapped "
        "(--swap-space has no effect), and a step takes 1024 requests and 8192 tokens on cards of 70 GiB and more.",
        "vllm/engine/arg_utils.py (_is_v1_supported_oracle, _set_default_args_v1)",
    ),
    Behaviour(
        (0, 8),
        "The V1 engine has no metrics vllm:num_requests_swapped, vllm:cpu_cache_usage_perc, "
        "vllm:gpu_prefix_cache_hit_rate, vllm:cpu_prefix_cache_hit_rate, vllm:time_in_queue_requests, "
        "vllm:model_forward_time_milliseconds and vllm:model_execute_time_milliseconds: "
        "vllm:request_queue_time_seconds and vllm:gpu_prefix_cache_hits over vllm:gpu_prefix_cache_queries take the "
        "place of those that have one.",
        "vllm/v1/metrics/loggers.py beside vllm/engine/metrics.py",
        breaks=True,
    ),
    Behaviour(
        (0, 9),
        "On an A100 a step takes 256 requests and 2048 tokens, no longer 1024 and 8192.",
        "vllm/engine/arg_utils.py (_set_default_args_v1)",
        flag="--max-num-batched-tokens",
    ),
    Behaviour(
        (0, 11),
        "The V0 engine is gone, and VLLM_USE_V1=0 has no effect.",
        "vllm/envs.py",
    ),
    Behaviour(
        (0, 11),
        "/health answers 503 when the engine is dead, no longer 500.",
        "vllm/entrypoints/serve/instrumentator/health.py",
    ),
    Behaviour(
        (0, 11),
        "CUDA graphs are captured of whole decoding steps as well as in pieces (cudagraph_mode FULL_AND_PIECEWISE): "
        "the start takes longer, and the graphs more memory.",
        "vllm/config/vllm.py",
        flag="--enforce-eager",
    ),
    Behaviour(
        (0, 12),
        "The metrics vllm:gpu_cache_usage_perc and vllm:gpu_prefix_cache_* are gone: vllm:kv_cache_usage_perc and "
        "vllm:prefix_cache_* take their place.",
        "vllm/v1/metrics/loggers.py",
        breaks=True,
    ),
    Behaviour(
        (0, 14),
        "With speculative decoding, requests with min_tokens, min_p or logit_bias are refused; before, what they ask "
        "for was ignored.",
        "vllm/v1/engine/input_processor.py",
        beside="--speculative-config",
    ),
    Behaviour(
        (0, 15),
        "The metric vllm:time_per_output_token_seconds is gone: vllm:inter_token_latency_seconds takes its place.",
        "vllm/v1/metrics/loggers.py",
        breaks=True,
    ),
    Behaviour(
        (0, 16),
        "Answers have what a model thought as `reasoning` alone: `reasoning_content` beside it is gone.",
        "vllm/entrypoints/openai/engine/protocol.py (handle_deprecated_reasoning_content)",
        beside="--reasoning-parser",
        breaks=True,
    ),
    Behaviour(
        (0, 17),
        "Sampling finds top-k and top-p without sorting the vocabulary: more memory is left for the KV cache.",
        "vllm/v1/sample/ops/topk_topp_sampler.py",
    ),
    Behaviour(
        (0, 18),
        "Requests in flight are aborted at SIGTERM unless --shutdown-timeout (0 by default) lets them finish.",
        "vllm/v1/engine/core.py",
        flag="--shutdown-timeout",
    ),
    Behaviour(
        (0, 18),
        "vLLM's image has no Ray: --distributed-executor-backend ray needs an image that adds it.",
        "vllm/v1/executor/ray_utils.py (assert_ray_available) beside Requires-Dist of the wheels",
        beside="--distributed-executor-backend",
    ),
    Behaviour(
        (0, 20),
        "What CUDA graphs will take is left out of the KV cache; before, it came on top of --gpu-memory-utilization.",
        "vllm/envs.py (VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS)",
    ),
    Behaviour(
        (0, 20),
        "vLLM's image whose tag names no CUDA is built for 13.0, no longer 12.9: nodes need an NVIDIA driver of 580 or "
        "newer, and there is no code for Volta (V100).",
        "vllm/envs.py (VLLM_MAIN_CUDA_VERSION); drivers: NVIDIA CUDA Toolkit release notes, minimum versions",
    ),
    Behaviour((0, 20), "The metric vllm:prompt_tokens_recomputed is gone.", "vllm/v1/metrics/loggers.py"),
    Behaviour(
        (0, 21),
        'The logged "GPU KV cache size" is concurrency x longest request: with sliding windows it is another number '
        "for the same memory.",
        "vllm/v1/core/kv_cache_utils.py",
    ),
    Behaviour(
        (0, 21),
        "Sampling uses FlashInfer where the card can (VLLM_USE_FLASHINFER_SAMPLER is on by default).",
        "vllm/envs.py",
    ),
    Behaviour(
        (0, 29),
        "Model runner v2, too, leaves what CUDA graphs will take out of the KV cache; before, it came on top of "
        "--gpu-memory-utilization.",
        "vllm/v1/worker/gpu/model_runner.py (profile_cudagraph_memory)",
    ),
    Behaviour(
        (0, 30),
        "YaRN in --hf-overrides does not lengthen requests by itself: max_position_embeddings has to say the scaled "
        "length beside it; before, the factor scaled the original length.",
        "vllm/config/model.py (_get_and_verify_max_len)",
        beside="--hf-overrides",
    ),
)
"""In the order of releases. The first of two neighbours is the newest patch of its minor."""
