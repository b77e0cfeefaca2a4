"""How vLLM cuts a KV cache into blocks: what a block holds, how many there are, what a request needs.

Followed here: vllm/v1/core/kv_cache_utils.py, vllm/v1/kv_cache_interface.py (`_get_kv_cache_groups_uniform_page_size`,
`get_num_blocks`, `get_max_concurrency_for_kv_cache_config`, `max_memory_usage_bytes` of each spec).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from llmstack.engine.defaults import NULL_BLOCK_KEPT, TOKENS_OF_REQUESTS, Minor
from llmstack.engine.facts import Sizes

KV_BYTES: Mapping[str, int] = {
    "bfloat16": 2,
    "float16": 2,
    "half": 2,
    "float32": 4,
    "float": 4,
    "fp8": 1,
    "fp8_e4m3": 1,
    "fp8_e5m2": 1,
    "fp8_inc": 1,
}
"""Bytes of one key or value, by `--kv-cache-dtype` or `--dtype`; int8 has scales beside it, and is not here."""

EXTRA_GROUP_RATIO: tuple[tuple[Minor, float], ...] = (((0, 18), 1.5), ((0, 12), 1.25), ((0, 0), 1.0))
"""Below this ratio of layers of two kinds the larger number is the size of a group (the smaller kind padded)."""


ADMITS_BY_FIRST, ADMITS_BY_GROUPS = (0, 14), (0, 19)
"""How vLLM counts what one request needs before it starts (`_max_memory_usage_bytes_from_groups`): to 0.13 layer by
layer, to 0.18 by the first group alone, then by all groups."""


PLAIN = (None,)
"""The windows of layers that all look at everything: one group."""


class Layout(Struct, frozen=True):
    """The blocks of one worker's cache. `windows` has the window of each group of layers, None for full attention."""

    page: int
    """Bytes of one block in one layer."""
    layers: int
    """Layers of one group: what one block is times that many pages."""
    windows: tuple[int | None, ...]
    kinds: tuple[tuple[int | None, int], ...]
    """The window of each kind of layer, and how many layers there are of it, none of them padding."""
    block_size: int
    release: Minor

    @property
    def block_bytes(self) -> int:
        return self.page * self.layers

    @property
    def groups(self) -> int:
        return len(self.windows)

    def blocks(self, memory: float) -> int:
        """Whole blocks in so many bytes."""
        return max(0, int(memory // self.page // self.layers))

    def blocks_of_request(self, length: int, step_tokens: int) -> int:
        """Blocks that one request of `length` holds at most, when a step computes `step_tokens`."""
        if self.windows == PLAIN:
            return -(-length // self.block_size)
        return sum(self._blocks_of_group(window, length, step_tokens) for window in self.windows)

    def _blocks_of_group(self, window: int | None, length: int, step_tokens: int) -> int:
        if window is None:
            return -(-length // self.block_size)
        # one more: the window may begin inside a block (SlidingWindowSpec.max_memory_usage_bytes)
        return -(-min(window - 1 + step_tokens, length) // self.block_size) + 1

    def requests(self, memory: float, length: int, step_tokens: int) -> float:
        """How many requests of `length` fit at once: vLLM's "Maximum concurrency"."""
        return self.blocks(memory) / self.blocks_of_request(length, step_tokens)

    def tokens(self, memory: float, length: int, step_tokens: int) -> int:
        """The number that vLLM logs as "GPU KV cache size"."""
        if self.release >= TOKENS_OF_REQUESTS:
            return int(self.requests(memory, length, step_tokens) * length)
        return self.blocks(memory) // self.groups * self.block_size

    def bytes_of_request(self, length: int, step_tokens: int) -> int:
        """The least memory in which vLLM admits one request of `length`; from 0.14 to 0.18, which counts the first
        group of layers alone, that of the group that needs less."""
        if self.release >= ADMITS_BY_GROUPS:
            kept = 1 if self.release >= NULL_BLOCK_KEPT else 0
            return (self.blocks_of_request(length, step_tokens) + kept) * self.block_bytes
        each = {window: self._blocks_of_group(window, length, step_tokens) for window, _ in self.kinds}
        if self.release >= ADMITS_BY_FIRST:
            return min(each.values()) * self.block_bytes
        return sum(each[window] * layers for window, layers in self.kinds) * self.page

    def admits(self, memory: float, length: int, step_tokens: int) -> bool:
        """Whether vLLM starts with so much memory for one request of `length`; from 0.14 to 0.18 and with layers of
        two kinds it may not all the same."""
        return memory >= self.bytes_of_request(length, step_tokens)


def layout_of(sizes: Sizes, layers: int, tensor: int, element: int, block_size: int, release: Minor) -> Layout | None:
    """The layout of a worker that holds `layers` of the model's; None where the sizes do not say enough."""
    if sizes.kv_rank:
        return _uniform(block_size * (sizes.kv_rank + sizes.rope_dim) * element, layers, None, block_size, release)
    if not sizes.kv_heads or not sizes.head_dim or not layers:
        return None
    page = 2 * block_size * max(1, sizes.kv_heads // tensor) * sizes.head_dim * element
    sliding = sizes.sliding_layers
    if not sliding or sliding == sizes.layers:
        return _uniform(page, layers, sizes.window if sliding else None, block_size, release)
    if layers != sizes.layers:
        return None  # which layers a stage has decides its groups, and facts do not say their order
    return _grouped(page, sizes, block_size, release)


def _uniform(page: int, layers: int, window: int | None, block_size: int, release: Minor) -> Layout:
    """The layout of layers that are all of one kind."""
    return Layout(page, layers, (window,), ((window, layers),), block_size, release)


def _grouped(page: int, sizes: Sizes, block_size: int, release: Minor) -> Layout:
    """The layout of a model whose layers are of two kinds."""
    sliding, full = sizes.sliding_layers, sizes.layers - sizes.sliding_layers
    few, many = sorted((sliding, full))
    ratio = next(ratio for since, ratio in EXTRA_GROUP_RATIO if release >= since)
    size = many if many < few * ratio else few
    windows: list[int | None] = [None] * -(-full // size) + [sizes.window] * -(-sliding // size)
    return Layout(page, size, tuple(windows), ((None, full), (sizes.window, sliding)), block_size, release)
