"""Sizes that parallelism cannot cut into equal parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from llmstack.engine.compressed_tensors import IN_GROUPS, METHOD
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.fault import Fault
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import Settings, read_number
from llmstack.engine.support import ARCHITECTURES

VOCABULARY_PADDING = 64
"""vLLM pads a vocabulary to a multiple of this (DEFAULT_VOCAB_PADDING_SIZE, layers/vocab_parallel_embedding.py)."""
BLOCKS_UNTIL: Minor = (0, 29)
"""From 0.30 on, scales of a block that is cut are refined (`weight_scale_refine`, layers/quantization/fp8.py)."""
OTHERS_PADDED = frozenset(("GptOssForCausalLM",))
"""Architectures whose experts are padded to fit (mxfp4), so that their width need not divide."""
EXPERTS_ALIKE = frozenset(
    (
        *("MiniMaxM2ForCausalLM", "Glm4MoeForCausalLM", "DeepseekV32ForCausalLM", "GlmMoeDsaForCausalLM"),
        *("Qwen3NextForCausalLM", "Qwen3VLMoeForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration"),
        *("MiMoV2FlashForCausalLM", "Ernie4_5_MoeForCausalLM", "BailingMoeForCausalLM", "Dots1ForCausalLM"),
    )
)
"""More architectures whose experts are all of one width, cut by tensor parallelism, whatever else their layers hold
(`FusedMoE`, model_executor/models/)."""


def indivisible(facts: ModelFacts, settings: Settings, release: Minor) -> Iterator[Fault]:
    """Yield what tensor parallelism cannot cut into equal parts."""
    if settings.tensor == settings.data == 1:
        return
    tensor = f"--tensor-parallel-size {settings.tensor}"
    for count, what in _parts(facts, settings):
        if count % settings.tensor:
            yield Fault("tensor", f"{tensor} does not divide {what}", _divisors(facts, settings, release))
            return
    for message in _blocks(facts, settings, release):
        yield Fault("tensor", message, _divisors(facts, settings, release))
        return


def _parts(facts: ModelFacts, settings: Settings) -> Iterator[tuple[int, str]]:
    """Yield counts that have to be multiples of the tensor parallel size, in the order in which vLLM looks.

    Attention heads: `ModelConfig.verify_with_parallel_config` (vllm/config/model.py). Vocabulary:
    `VocabParallelEmbedding`. KV heads and intermediate: `QKVParallelLinear`, `MergedColumnParallelLinear`
    (layers/linear.py), which the architectures of the list use.
    """
    sizes, tensor = facts.sizes, settings.tensor
    if sizes.heads:
        yield sizes.heads, f"the {sizes.heads} attention heads"
    if sizes.vocabulary:
        padded = -(-sizes.vocabulary // VOCABULARY_PADDING) * VOCABULARY_PADDING
        yield padded, f"the vocabulary of {sizes.vocabulary} words, padded to {padded}"
    if facts.architecture not in ARCHITECTURES:
        return
    if sizes.kv_heads and not sizes.kv_rank:
        fits = sizes.kv_heads % tensor == 0 or tensor % sizes.kv_heads == 0
        yield (0 if fits else 1), f"the {sizes.kv_heads} KV heads, nor do they divide it"
    if sizes.intermediate and (not facts.is_moe or sizes.dense_layers):
        yield sizes.intermediate, f"the intermediate size {sizes.intermediate}"


def _blocks(facts: ModelFacts, settings: Settings, release: Minor) -> Iterator[str]:
    """Yield widths on one GPU that the blocks or groups of a checkpoint's scales do not divide."""
    quantization = facts.quantization
    known = ARCHITECTURES | EXPERTS_ALIKE if facts.is_moe else ARCHITECTURES
    if quantization is None or facts.architecture not in known:
        return
    if quantization.method in ("fp8", METHOD) and quantization.block and release <= BLOCKS_UNTIL:
        rows, columns = quantization.block
        for width, what in _widths(facts, settings):
            if width % rows or width % columns:
                yield f"{what} is {width}, which the block of {rows} × {columns} of its scales does not divide"
    group = quantization.group
    if group and not facts.is_moe and (quantization.method == "awq" or quantization.scheme in IN_GROUPS):
        for width, what in _widths(facts, settings):
            if width % group:
                yield f"{what} is {width}, which the groups of {group} of its scales do not divide"


def _widths(facts: ModelFacts, settings: Settings) -> Iterator[tuple[int, str]]:
    """Yield the widths on one GPU that have to hold whole blocks of scales.

    `Fp8MoEMethod.create_weights`, `validate_fp8_block_shape` (layers/quantization/fp8.py, utils/fp8_utils.py),
    `AWQLinearMethod.create_weights` (layers/quantization/awq.py), to which Marlin's falls back where it does not fit,
    and `CompressedTensorsWNA16.create_weights` (compressed_tensors/schemes/compressed_tensors_wNa16.py).
    """
    sizes = facts.sizes
    experts = facts.is_moe and "--enable-expert-parallel" not in settings.unread
    shares = settings.tensor * settings.data
    if experts and facts.architecture not in OTHERS_PADDED and sizes.expert_width % shares == 0:
        yield sizes.expert_width // shares, "the width of an expert on one GPU"
    if not facts.is_moe and sizes.intermediate % settings.tensor == 0:
        yield sizes.intermediate // settings.tensor, "the intermediate size on one GPU"


def _divisors(facts: ModelFacts, settings: Settings, release: Minor) -> str:
    """The sizes of one node that would do, as help."""
    sizes = (1, 2, 4, 8)
    fits = [str(size) for size in sizes if not _refused(facts, replace(settings, tensor=size), release)]
    return f"sizes that do: {', '.join(fits)}" if fits else "no size up to 8 does: choose another model"


def _refused(facts: ModelFacts, settings: Settings, release: Minor) -> bool:
    cut = any(count % settings.tensor for count, _ in _parts(facts, settings))
    return cut or any(True for _ in _blocks(facts, settings, release))


def context_parallel(facts: ModelFacts, settings: Settings, given: Mapping[str, str | None]) -> Iterator[Fault]:
    """Yield a decode context parallel size that does not go with tensor parallelism and heads
    (`ParallelConfig.__post_init__`, `ModelConfig.verify_with_parallel_config`, vllm/config/).

    Beside prefill context parallelism other sizes are right, which `refusals/parallel.py` looks at.
    """
    size, tensor = read_number(given.get("--decode-context-parallel-size") or ""), settings.tensor
    if size is None or size <= 1:
        return
    flag = f"--decode-context-parallel-size {size}"
    prefill = given.get("--prefill-context-parallel-size") or "1"
    if prefill == "1" and tensor % size:
        yield Fault("context", f"{flag} does not divide --tensor-parallel-size {tensor}", "a divisor of it")
        return
    heads, grouped = facts.sizes.kv_heads, facts.architecture in ARCHITECTURES and not facts.is_latent
    if grouped and heads and (tensor <= heads or size > tensor // heads):
        most = tensor // heads if tensor > heads else 1
        yield Fault("context", f"{flag} is over what {heads} KV heads on {tensor} GPUs allow", f"at most {most}")
    elif grouped and heads and facts.sizes.heads // heads % size:
        each = facts.sizes.heads // heads
        yield Fault("context", f"{flag} does not divide the {each} attention heads of each KV head", "a divisor of it")
