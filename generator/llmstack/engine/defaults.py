"""What vLLM takes where nobody says otherwise, by release and card.

Read from the sources of 0.8.5.post1 to 0.33.0: `EngineArgs.get_batch_defaults` and
`_set_default_max_num_seqs_and_batched_tokens_args` (vllm/engine/arg_utils.py; `_set_default_args_v1` before 0.12),
`CacheConfig.gpu_memory_utilization` (vllm/config/cache.py), `use_v2_model_runner` (vllm/config/vllm.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from llmstack.engine.cards import Card

Minor = tuple[int, int]

LARGE_CARD = 70.0
"""GiB from which a card that is no A100 gets the larger batch."""
BLOCK_SIZE = 16
UTILIZATION_SINCE: tuple[tuple[Minor, float], ...] = (((0, 20), 0.92), ((0, 0), 0.9))
A100_IS_LARGE_UNTIL: Minor = (0, 8)
"""Up to here vLLM did not ask for the device's name."""

GRAPHS_IN_BUDGET: Minor = (0, 20)
"""From here what CUDA graphs will take is estimated and left out of the KV cache; before, it comes on top."""
NEW_RUNNER_COUNTS_GRAPHS: Minor = (0, 29)
"""The same for "model runner v2", whose estimate was nothing until then (`profile_cudagraph_memory`,
vllm/v1/worker/gpu/model_runner.py)."""
NULL_BLOCK_KEPT: Minor = (0, 29)
"""From here the block that stands for "none" is left out of what one request may need (`get_kv_cache_configs`,
vllm/v1/core/kv_cache_utils.py)."""
TOKENS_OF_REQUESTS: Minor = (0, 21)
"""From here the logged size of the KV cache is int(concurrency x longest request); before, blocks x 16."""

DENSE_ON_NEW_RUNNER: Minor = (0, 25)
ALL_ON_NEW_RUNNER: Minor = (0, 29)
NEW_RUNNER: Mapping[Minor, frozenset[str]] = {
    (0, 22): frozenset(("Qwen3ForCausalLM",)),
    (0, 23): frozenset(("LlamaForCausalLM", "MistralForCausalLM", "Qwen3ForCausalLM")),
    (0, 24): frozenset(
        (
            "DeepseekV2ForCausalLM",
            "GraniteMoeForCausalLM",
            "LlamaForCausalLM",
            "MistralForCausalLM",
            "Qwen2MoeForCausalLM",
            "Qwen3ForCausalLM",
        )
    ),
}
"""Architectures that "model runner v2" serves by default (`DEFAULT_V2_MODEL_RUNNER_ARCHITECTURES`); from 0.25 it is
every dense one, from 0.29 all."""
NEW_RUNNER_SERVES: tuple[tuple[Minor, str], ...] = (
    *((since, ", ".join(sorted(names))) for since, names in sorted(NEW_RUNNER.items())),
    (DENSE_ON_NEW_RUNNER, "every architecture without experts"),
    (ALL_ON_NEW_RUNNER, "every architecture"),
)
"""The same for people: from when it serves which."""


class Batch(Struct, frozen=True):
    """The sequences and the tokens of one step."""

    sequences: int
    tokens: int


def utilization(release: Minor) -> float:
    """The share of a GPU's memory that an engine takes by default."""
    return next(share for since, share in UTILIZATION_SINCE if release >= since)


def default_batch(card: Card, release: Minor) -> Batch:
    """What `vllm serve` takes on a card of this memory; the limits of a short context are not in it."""
    large = (card.memory or 0) >= LARGE_CARD and not (card.is_a100 and release > A100_IS_LARGE_UNTIL)
    return Batch(1024, 8192) if large else Batch(256, 2048)


def batch_of(card: Card, release: Minor, sequences: int | None, tokens: int | None, length: int) -> Batch:
    """The batch of an engine that is given `sequences` and `tokens` (None: not given) and serves up to `length`."""
    default = default_batch(card, release)
    most = sequences or default.sequences
    step = tokens or min(most * length, default.tokens)
    return Batch(most if sequences else min(most, step), step)


def on_new_runner(architecture: str, *, dense: bool, release: Minor) -> bool:
    """Whether "model runner v2" serves the architecture where nothing else forbids it."""
    if release >= ALL_ON_NEW_RUNNER or (release >= DENSE_ON_NEW_RUNNER and dense):
        return True
    return architecture in NEW_RUNNER.get(release, frozenset())
