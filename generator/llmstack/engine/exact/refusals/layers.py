"""What ends a start while the layers of a model are made (vllm/distributed/utils.py, model_executor/layers/,
transformers_utils/config.py, v1/worker/)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.connectors import EVENTS, TRANSFER, WITHOUT_GROUPS
from llmstack.engine.exact.refusals.generations import asks_for_v1
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.support import ARCHITECTURES

PARTITION, OFFLOADED, BALANCED = "VLLM_PP_LAYER_PARTITION", "--cpu-offload-gb", "--enable-eplb"
PREFILL, DECODE, BACKEND = "--prefill-context-parallel-size", "--decode-context-parallel-size", "--attention-backend"
PIECE, WHOLE = "--cp-kv-cache-interleave-size", "--disable-chunked-mm-input"
SCALING, OVERRIDES = "--rope-scaling", "--hf-overrides"
SCALED_UNTIL = (0, 18)
"""The last release with Transformers before 5, whose classes complete what is said of positions before vLLM looks
(`patch_rope_parameters`, vllm/transformers_utils/config.py)."""
PARAMETERS_SINCE = (0, 12)
"""From here `rope_parameters` says the same where the checkpoint has no `rope_scaling`."""
UNSCALED = ("Qwen2For", "Qwen3For", "Qwen2MoeFor", "Qwen3MoeFor")
"""What names of architectures begin with whose checkpoints have no `rope_scaling`."""
SCALINGS = frozenset(
    (
        "default",
        "linear",
        "dynamic",
        "ntk",
        "yarn",
        "deepseek_yarn",
        "llama3",
        "mllama4",
        "longrope",
        "su",
        "mrope",
        "xdrope",
        "deepseek_llama_scaling",
        "openpangu",
    )
)
"""Ways to scale positions that `get_rope` knows, or that are put for others, in any of these releases."""
WITHOUT_SUMS = ("TRITON_ATTN", "FLEX_ATTENTION")
"""Attention backends that do not return what parts of one context are put together by (`can_return_lse_for_decode`)."""
UNMOVED = frozenset(("awq", "gptq", "bitsandbytes"))
"""Methods of quantization whose experts stay where they are (`supports_eplb`, layers/quantization/)."""
MOVED_BY = frozenset(
    (
        *("DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM", "Glm4MoeForCausalLM", "Qwen3MoeForCausalLM"),
        *("Qwen3VLMoeForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration"),
    )
)
"""Architectures that tell their experts to move; others pass the flag over (`enable_eplb=`, model_executor/models/)."""
V1_ALONE = (0, 11)
"""The first release without the former engine."""
ONE_GROUP = (TRANSFER, EVENTS)
"""Flags that make one group of all layers, unless groups are asked for."""


def _stages(line: Line) -> list[int] | None:
    """The layers of each stage as the variable says them; None where it says none, or what is no list of numbers."""
    try:
        return [int(each) for each in (line.variables.get(PARTITION) or "").split(",")]
    except ValueError:
        return None


def _is_cut(line: Line) -> bool:
    """Whether the model's class is one that is cut into stages by that variable."""
    known = "$" not in (line.given.get("--pipeline-parallel-size") or "")
    return known and line.facts is not None and line.facts.architecture in ARCHITECTURES


def _has_other_stages(line: Line) -> bool:
    stages = _stages(line)
    return stages is not None and _is_cut(line) and len(stages) != line.settings.pipeline


def _has_other_layers(line: Line) -> bool:
    stages, layers = _stages(line), line.facts.sizes.layers if line.facts is not None else 0
    same = stages is not None and len(stages) == line.settings.pipeline
    return same and _is_cut(line) and layers > 0 and sum(stages or ()) != layers


def _reads_no_stages(line: Line) -> bool:
    text = line.variables.get(PARTITION)
    return text is not None and "$" not in text and _is_cut(line) and _stages(line) is None


def _splits_blocks(line: Line) -> bool:
    """Whether no block of keys and values holds whole pieces of those that are spread; blocks are powers of 2 from 16
    on where nobody says their size."""
    piece, size = line.number(PIECE), line.settings.block_size
    if (line.number(DECODE) or 1) <= 1 or piece is None or piece < 1:
        return False
    return piece & (piece - 1) != 0 if size is None else size % piece != 0


def _is_plain(line: Line) -> bool:
    """Whether the model attends in a way that is known, on a card of NVIDIA's or an unknown one."""
    nvidia = line.card is None or line.card.maker == "nvidia"
    return nvidia and line.facts is not None and line.facts.architecture in ARCHITECTURES


def _spreads_prompts(line: Line) -> bool:
    return (line.number(PREFILL) or 1) > 1 and _is_plain(line)


def _spreads_without_sums(line: Line) -> bool:
    return (line.number(DECODE) or 1) > 1 and line.text(BACKEND).upper() in WITHOUT_SUMS and _is_plain(line)


def _moves_what_stays(line: Line) -> bool:
    facts, moves = line.facts, line.is_on(BALANCED) and line.is_on("--enable-expert-parallel")
    stored = facts.quantization.method if facts is not None and facts.quantization else None
    moves = moves and facts is not None and facts.architecture in MOVED_BY
    return moves and (line.settings.quantization or stored) in UNMOVED


def _scaling(line: Line, flag: str) -> Mapping[str, Any] | None:
    """What a flag says of how positions are scaled; None where it says nothing, or the model's class (Gemma 3) passes
    it over."""
    config, name = line.object(flag), line.facts.architecture if line.facts is not None else ""
    found = config.get("rope_scaling") if flag == OVERRIDES else config
    if found is None and name.startswith(UNSCALED) and line.catalogue.release.minor >= PARAMETERS_SINCE:
        found = config.get("rope_parameters")
    read = _is_cut(line) and not name.startswith("Gemma3")
    plain = isinstance(found, dict) and not any(isinstance(each, dict) for each in found.values())
    return found if plain and found and read else None


def _scales(flag: str, holds: Callable[[Mapping[str, Any]], object]) -> Callable[[Line], bool]:
    def found(line: Line) -> bool:
        scaling = _scaling(line, flag)
        return scaling is not None and bool(holds(scaling))

    return found


def _kind(scaling: Mapping[str, Any]) -> str | None:
    kind = scaling.get("rope_type", scaling.get("type"))
    return kind if isinstance(kind, str) else None


def _has_two_kinds(scaling: Mapping[str, Any]) -> bool:
    both = "rope_type" in scaling and "type" in scaling
    return both and scaling["rope_type"] != scaling["type"] and scaling["type"] not in ("su", "mrope")


def _lacks_origin(scaling: Mapping[str, Any]) -> bool:
    return _kind(scaling) == "yarn" and "original_max_position_embeddings" not in scaling


def _says_origin_apart(line: Line) -> bool:
    """Whether the length that is scaled from stands beside: in the overrides, or in the checkpoints of Phi 3."""
    phi = line.facts is not None and line.facts.architecture.startswith("Phi3")
    return phi or "original_max_position_embeddings" in line.object(OVERRIDES)


def _is_in_groups(line: Line) -> bool:
    """Whether layers with a window stand beside layers without, and nothing makes one group of them."""
    sizes = line.facts.sizes if line.facts is not None else None
    mixed = sizes is not None and 0 < sizes.sliding_layers < sizes.layers and _is_cut(line)
    one = any(line.is_on(flag) for flag in (WITHOUT_GROUPS, "--disable-sliding-window"))
    one = one or not line.given.keys().isdisjoint(ONE_GROUP)
    # before 0.11 much else falls back to the former engine, which has one group
    return mixed and not one and (line.catalogue.release.minor >= V1_ALONE or asks_for_v1(line))


def _offloads_in_groups(line: Line) -> bool:
    try:
        return float(line.text(OFFLOADED) or 0) > 0 and _is_in_groups(line)
    except ValueError:
        return False


def _of_positions(flag: str) -> tuple[Refusal, ...]:
    return (
        Refusal("should have a 'rope_type' key", flag, _scales(flag, lambda each: _kind(each) is None),
                f"a scaling of positions in {flag} without rope_type", "rope_type, for example yarn",
                until=SCALED_UNTIL),
        Refusal("Found conflicts between 'rope_type=", flag, _scales(flag, _has_two_kinds),
                f"a rope_type beside another type in {flag}", "rope_type alone", until=SCALED_UNTIL),
        Refusal("original_max_position_embeddings", flag,
                lambda line: _scales(flag, _lacks_origin)(line) and not _says_origin_apart(line),
                f"yarn in {flag} without original_max_position_embeddings", "the length that it is scaled from",
                until=SCALED_UNTIL),
        Refusal("Unknown RoPE scaling type", flag,
                _scales(flag, lambda each: _kind(each) is not None and _kind(each) not in SCALINGS),
                f"this rope_type in {flag}", f"one of {', '.join(sorted(SCALINGS))}", until=SCALED_UNTIL),
    )  # fmt: skip


REFUSALS: tuple[Refusal, ...] = (
    Refusal("len(partitions)=", PARTITION, _has_other_stages,
            f"another number of stages in {PARTITION} than in --pipeline-parallel-size", "layers of each stage"),
    Refusal("sum(partitions)=", PARTITION, _has_other_layers,
            f"other layers in {PARTITION} than the model has", "layers of each stage, which add up to the model's"),
    Refusal("Invalid partition string", PARTITION, _reads_no_stages, f"this {PARTITION}", "for example 16,16"),
    Refusal("PCP requires attention impls' support", PREFILL, _spreads_prompts,
            f"{PREFILL} over 1: none of its attention backends serves it", "leave it out"),
    Refusal("DCP requires attention impls to return", DECODE, _spreads_without_sums,
            f"{DECODE} with this {BACKEND}", "FLASH_ATTN, FLASHINFER, or leave the backend out"),
    *(Refusal(sentence, BALANCED, _moves_what_stays,
              f"{BALANCED} for experts of this method of quantization", "leave it out", since=(0, 10))
      for sentence in ("EPLB is only supported for FP8 ", "EPLB is not supported ")),
    Refusal("offloading is enabled. See", OFFLOADED, _offloads_in_groups,
            f"{OFFLOADED} for a model of which some layers have a window", WITHOUT_GROUPS),
    Refusal("or equal to and divisible by cp_kv_cache_interleave_size", PIECE, _splits_blocks,
            f"a {PIECE} that does not divide blocks of keys and values", "a divisor of --block-size"),
    Refusal("Chunked MM input is required because", WHOLE,
            lambda line: line.is_on(WHOLE) and line.text("--mamba-cache-mode").lower() == "align",
            f"{WHOLE} with --mamba-cache-mode align", "leave one of both out"),
    *_of_positions(SCALING),
    *_of_positions(OVERRIDES),
)  # fmt: skip
"""In the order in which they are said."""
