"""What vLLM refuses for certain before it loads anything: sizes that do not divide, a length over the model's, an
architecture or a type that the release or the card does not have.

Each check follows the code that raises, named at the function, as it stands in 0.9 to 0.33.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from llmstack.engine import registry
from llmstack.engine.cards import Card
from llmstack.engine.defaults import Minor
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import AUTO_LENGTH, Settings
from llmstack.engine.support import ARCHITECTURES

Kind = Literal["indivisible-size", "length-over-model", "unknown-architecture", "unsupported-type", "unknown-backend"]
About = Literal["tensor", "length", "model", "quantization", "dtype", "backend"]

VOCABULARY_PADDING = 64
"""vLLM pads a vocabulary to a multiple of this (DEFAULT_VOCAB_PADDING_SIZE, layers/vocab_parallel_embedding.py)."""
BLOCKS_UNTIL: Minor = (0, 29)
"""From 0.30 on, scales of a block that is cut are refined (`weight_scale_refine`, layers/quantization/fp8.py)."""
BACKENDS_ENFORCED: Minor = (0, 11)
"""From here an unknown attention backend ends the start; before, it was passed over."""
OTHERS_PADDED = frozenset(("GptOssForCausalLM",))
"""Architectures whose experts are padded to fit (mxfp4), so that their width need not divide."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that ends a start: what it is about, what is wrong, and what to do."""

    kind: Kind
    about: About
    message: str
    help: str


def indivisible(facts: ModelFacts, settings: Settings, release: Minor) -> Iterator[Fault]:
    """Yield what tensor parallelism cannot cut into equal parts."""
    if settings.tensor == 1:
        return
    tensor = f"--tensor-parallel-size {settings.tensor}"
    for count, what in _parts(facts, settings):
        if count % settings.tensor:
            allowed = _divisors(facts, settings, release)
            yield Fault("indivisible-size", "tensor", f"{tensor} does not divide {what}", allowed)
            return
    for width, what in _blocks(facts, settings, release):
        yield Fault("indivisible-size", "tensor", f"{what} is {width}, which {_block(facts)} does not divide",
                    _divisors(facts, settings, release))  # fmt: skip
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


def _blocks(facts: ModelFacts, settings: Settings, release: Minor) -> Iterator[tuple[int, str]]:
    """Yield widths on one GPU that the blocks of an FP8 checkpoint's scales do not divide.

    `Fp8MoEMethod.create_weights` and `validate_fp8_block_shape` (layers/quantization/fp8.py, utils/fp8_utils.py).
    """
    quantization, sizes = facts.quantization, facts.sizes
    block = quantization.block if quantization and quantization.method == "fp8" else None
    if block is None or release > BLOCKS_UNTIL or facts.architecture not in ARCHITECTURES:
        return
    experts = facts.is_moe and "--enable-expert-parallel" not in settings.unread
    shares = settings.tensor * settings.data
    if experts and facts.architecture not in OTHERS_PADDED and sizes.expert_width % shares == 0:
        width = sizes.expert_width // shares
        if width % block[0] or width % block[1]:
            yield width, "the width of an expert on one GPU"
    if not facts.is_moe and sizes.intermediate % settings.tensor == 0:
        width = sizes.intermediate // settings.tensor
        if width % block[0] or width % block[1]:
            yield width, "the intermediate size on one GPU"


def _block(facts: ModelFacts) -> str:
    block = facts.quantization.block if facts.quantization else None
    return f"the block of {block[0]} × {block[1]} of its scales" if block else "its block"


def _divisors(facts: ModelFacts, settings: Settings, release: Minor) -> str:
    """The sizes of one node that would do, as help."""
    sizes = (1, 2, 4, 8)
    fits = [str(size) for size in sizes if not _refused(facts, replace(settings, tensor=size), release)]
    return f"sizes that do: {', '.join(fits)}" if fits else "no size up to 8 does: choose another model"


def _refused(facts: ModelFacts, settings: Settings, release: Minor) -> bool:
    cut = any(count % settings.tensor for count, _ in _parts(facts, settings))
    return cut or any(True for _ in _blocks(facts, settings, release))


def too_long(facts: ModelFacts, settings: Settings, variables: Sequence[str]) -> Iterator[Fault]:
    """Yield a length over the model's (`_get_and_verify_max_len`, vllm/config/model.py)."""
    length, context = settings.length, facts.context
    loosened = "VLLM_ALLOW_LONG_MAX_MODEL_LEN" in variables or "--hf-overrides" in settings.unread
    scaled = any(name in settings.unread for name in ("--rope-scaling", "--config", "--hf-config-path"))
    if context and length and length != AUTO_LENGTH and length > context and not loosened and not scaled:
        message = f"--max-model-len {length} is over the model's {context}"
        yield Fault("length-over-model", "length", message, f"at most {context} (or VLLM_ALLOW_LONG_MAX_MODEL_LEN=1)")


def unregistered(facts: ModelFacts, settings: Settings, among: Sequence[str]) -> Iterator[Fault]:
    """Yield an architecture that the release does not have yet, or no more.

    `among` are the releases that may be the right one. One that no release has may come from a plugin, and one that
    is given `--model-impl` or trusts the model's own code may be loaded otherwise: nothing is said of these.
    """
    name = facts.architecture
    first, last = registry.first_with(name), registry.last_with(name)
    otherwise = {"--model-impl", "--hf-overrides", "--config"} & set(settings.unread)
    if first is None or otherwise or any(registry.has_architecture(name, release) for release in among):
        return
    when = f"it is in {first} and later" if last is None else f"it was in {first} to {last}"
    message = f"vLLM {among[0]} does not have {name}"
    yield Fault("unknown-architecture", "model", message, f"{when}: choose another image or model")


def unsupported(facts: ModelFacts, settings: Settings, card: Card, among: Sequence[str]) -> Iterator[Fault]:
    """Yield a type that the card is too old for: of quantization (`VllmConfig._get_quantization_config`) or bfloat16
    (`CudaPlatform.check_if_supports_dtype`)."""
    if card.capability is None:
        return
    has = card.capability[0] * 10 + card.capability[1]
    shown = f"a {card.name} has {card.capability[0]}.{card.capability[1]}"
    method = settings.quantization or (facts.quantization.method if facts.quantization else None)
    least = registry.least_capability(method, among) if method else None
    if method and least is not None and has < least:
        message = f"{method} wants compute capability {least // 10}.{least % 10}; {shown}"
        about: About = "quantization" if settings.quantization else "model"
        yield Fault("unsupported-type", about, message, "choose another card, or a checkpoint of another type")
    if settings.dtype == "bfloat16" and has < 80:
        yield Fault("unsupported-type", "dtype", f"bfloat16 wants compute capability 8.0; {shown}", "--dtype float16")


def unknown_backend(name: str, among: Sequence[str], release: Minor) -> Iterator[Fault]:
    """Yield an attention backend that the release does not know (`AttentionBackendEnum`)."""
    upper = name.upper()
    if release < BACKENDS_ENFORCED or upper == "AUTO" or any(registry.has_backend(upper, each) for each in among):
        return
    known = ", ".join(each for each in registry.backends(among[0]) if not each.startswith(("ROCM", "XPU", "CPU")))
    yield Fault("unknown-backend", "backend", f"vLLM {among[0]} has no attention backend `{name}`", f"it has {known}")
