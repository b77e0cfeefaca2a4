"""What a few architectures, or the newer runner of models, have alone: replays of what was sampled, watermarks, tables
of n-grams, prompts that are spread over GPUs (vllm/config/vllm.py, engram.py, watermarking.py, v1/worker/gpu/)."""

from __future__ import annotations

from collections.abc import Callable

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.generations import is_on_former_runner
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.exact.refusals.speculation import SPECULATIVE
from llmstack.engine.support import ARCHITECTURES

MASK, PROBABILITIES, PROCESSED = "--return-sampling-mask", "--logprobs-mode", "processed_logprobs"
REPLAY, RETURNED = "--enable-trace-replay", "--enable-return-routed-experts"
ENGRAM, SPREAD, WATERMARK = "--engram-config", "--enable-hc-sp", "--watermark-config"
PREFILL, PREFILLED_BY_NEW_RUNNER = "--prefill-context-parallel-size", (0, 29)
WATERMARKED = frozenset(("dflash", "dspark", "eagle", "eagle3", "mtp"))
"""Methods of speculation that go with a watermark."""


def _on_former_runner(flag: str) -> Callable[[Line], bool]:
    return lambda line: line.is_on(flag) and is_on_former_runner(line)


def _is_plain(line: Line) -> bool:
    """Whether the model's architecture is one that has none of this."""
    return line.facts is not None and line.facts.architecture in ARCHITECTURES


def _marks_drafts(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    method = config.get("method")
    otherwise = isinstance(method, str) and method not in WATERMARKED and not method.endswith("mtp")
    greedy = config.get("draft_sample_method", "greedy") != "probabilistic"
    return bool(line.text(WATERMARK)) and bool(config) and (greedy or otherwise)


def _is_wide(line: Line) -> bool:
    key = line.object(WATERMARK).get("key")
    return type(key) is int and key >= 1 << 64


def _has_no_tables(line: Line) -> bool:
    return bool(line.text(ENGRAM)) and _is_plain(line)


def _shares_in_part(line: Line) -> bool:
    config = line.object(ENGRAM)
    return config.get("dp_shared_memory") is True and config.get("cpu_offload") is not True


def _backs_in_part(line: Line) -> bool:
    config = line.object(ENGRAM)
    private = config.get("cpu_offload") is True and config.get("dp_shared_memory") is not True
    return config.get("use_thp") is True and not private


def _spreads_plain_prompts(line: Line) -> bool:
    plain = _is_plain(line) and line.facts is not None and not line.facts.is_latent
    return (line.number(PREFILL) or 1) > 1 and plain and not is_on_former_runner(line)


REFUSALS: tuple[Refusal, ...] = (
    Refusal("sampling distribution replay requires Model Runner V2", MASK, _on_former_runner(MASK),
            f"{MASK} on the former runner", "leave VLLM_USE_V2_MODEL_RUNNER out"),
    Refusal("sampling distribution replay does not support custom", MASK,
            lambda line: line.is_on(MASK) and bool(line.text("--logits-processors")),
            f"{MASK} with --logits-processors", "leave one of both out"),
    Refusal("logprobs_mode='processed_logprobs' so that", MASK,
            lambda line: line.is_on(MASK) and line.text(PROBABILITIES) != PROCESSED
            and "$" not in (line.given.get(PROBABILITIES) or ""),
            f"{MASK} with this {PROBABILITIES}", f"{PROBABILITIES} {PROCESSED}"),
    Refusal("trace replay requires Model Runner V2", REPLAY, _on_former_runner(REPLAY),
            f"{REPLAY} on the former runner", "leave VLLM_USE_V2_MODEL_RUNNER out"),
    Refusal("AuxOutput Connector requires Model Runner V2", RETURNED, _on_former_runner(RETURNED),
            f"{RETURNED} on the former runner", "leave VLLM_USE_V2_MODEL_RUNNER out"),
    Refusal("Speculative decoding with watermarking requires", WATERMARK, _marks_drafts,
            f"{WATERMARK} with drafts that are sampled otherwise", "draft_sample_method probabilistic, of eagle"),
    Refusal("philox keys must fit in 64 bits", WATERMARK, _is_wide,
            f"a key of {WATERMARK} of more than 64 bits", "less than 2 ** 64"),
    Refusal("EngramConfig requires a model with supported Engram", ENGRAM, _has_no_tables,
            f"{ENGRAM} for a model without tables of n-grams", "leave it out"),
    Refusal("dp_shared_memory requires cpu_offload=True", ENGRAM, _shares_in_part,
            "dp_shared_memory without cpu_offload", "cpu_offload true"),
    Refusal("use_thp requires cpu_offload=True", ENGRAM, _backs_in_part,
            "use_thp without cpu_offload, or with dp_shared_memory", "cpu_offload true alone"),
    Refusal("--enable-hc-sp is not supported for this model", SPREAD,
            lambda line: line.is_on(SPREAD) and line.settings.tensor > 1 and _is_plain(line),
            f"{SPREAD} for this model", "leave it out"),
    Refusal("MRV2 PCP currently supports MLA models only", PREFILL, _spreads_plain_prompts,
            f"{PREFILL} over 1 for a model without latent attention", "leave it out", since=PREFILLED_BY_NEW_RUNNER),
)  # fmt: skip
"""In the order in which they are said."""
