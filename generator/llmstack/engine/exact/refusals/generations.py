"""What a generation of the engine does not have, where a variable asks for that generation: the V1 engine of 0.8 to
0.10 (`_is_v1_supported_oracle`, engine/arg_utils.py), the two runners of models since (vllm/config/vllm.py)."""

from __future__ import annotations

from collections.abc import Callable

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.encoders import ENCODERS
from llmstack.engine.exact.refusals.parallel import EXECUTOR
from llmstack.engine.exact.refusals.refusal import Refusal, lacks, says
from llmstack.engine.exact.refusals.speculation import ASYNC, SPECULATIVE, drafting_model

V1, RUNNER, ATTENTION = "VLLM_USE_V1", "VLLM_USE_V2_MODEL_RUNNER", "VLLM_ATTENTION_BACKEND"
SCHEDULED_AHEAD = frozenset(
    ("eagle", "eagle3", "mtp", "extract_hidden_states", "ngram_gpu", "draft_model", "dspark", "dflash")
)
"""Methods of speculation that the former runner of models schedules ahead with, and others that it leaves to later
checks."""
ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
ENFORCED_BACKENDS = frozenset(("auto", "xgrammar", "guidance"))
FORMER_BACKENDS = frozenset(("XFORMERS", "TORCH_SDPA", "DUAL_CHUNK_FLASH_ATTN", "BLOCK_SPARSE_FLASH_ATTN"))
"""Attention backends of the former engine alone (`V1_BACKENDS` of the oracle lacks them)."""
DRAFTED = frozenset(("ngram", "[ngram]", "eagle", "eagle3", "medusa", "deepseek_mtp"))
"""Methods of speculation that V1 has in one of these releases."""
REWARDS = ("ForRewardModel", "ForSequenceClassification")
"""Ends of the names of architectures that judge a text and write none."""
TESLA = (8, 0)
"""The compute capability from which V1 serves at first."""


def asks_for_v1(line: Line) -> bool:
    return (line.variables.get(V1) or "").strip() == "1"


def _with_v1(holds: Callable[[Line], object]) -> Callable[[Line], bool]:
    """Whether V1 is asked for, and something holds that it does not have."""
    return lambda line: asks_for_v1(line) and bool(holds(line))


def _differs(flag: str, *defaults: str) -> Callable[[Line], bool]:
    return lambda line: bool(line.text(flag)) and line.text(flag).lower() not in defaults


def _is_on(flag: str) -> Callable[[Line], bool]:
    return lambda line: line.is_on(flag)


def _decodes_otherwise(line: Line) -> bool:
    backend = line.text("--guided-decoding-backend").lower().partition(":")[0]
    return bool(backend) and backend not in ENFORCED_BACKENDS


def _drafts_by_model(line: Line) -> bool:
    """Whether a draft model is asked for, and not the former engine with it."""
    drafts = line.object(SPECULATIVE).get("method") == "draft_model" or drafting_model(line) is not None
    return drafts and (V1 not in line.variables or asks_for_v1(line))


def _is_on_old_card(line: Line) -> bool:
    has = line.card.capability if line.card is not None else None
    return asks_for_v1(line) and has is not None and has < TESLA


def _attends_otherwise(line: Line) -> bool:
    return asks_for_v1(line) and (line.variables.get(ATTENTION) or "") in FORMER_BACKENDS


def _stores_without_kernels(line: Line) -> bool:
    """Whether keys and values are to be fp8, which FlashAttention 3 alone reads: on cards of capability 9."""
    has = line.card.capability if line.card is not None and line.card.maker == "nvidia" else None
    return line.settings.kv_dtype.startswith("fp8") and has is not None and has[0] != 9


def _drafts_otherwise(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    method = config.get("method") or config.get("model")
    return isinstance(method, str) and method not in DRAFTED


def _generates_nothing(line: Line) -> bool:
    return line.text("--task") in ("embed", "embedding", "classify", "score", "reward")


def _judges_or_embeds(line: Line) -> bool:
    """Whether V1 is asked for of a model whose architecture generates nothing, and no task is given, which comes to the
    same (`ModelConfig._resolve_task`)."""
    name = line.facts.architecture if line.facts is not None else ""
    untold = (line.given.get("--task") or "auto") == "auto"
    return asks_for_v1(line) and untold and (name in ENCODERS or name.endswith(REWARDS))


def is_on_former_runner(line: Line) -> bool:
    return (line.variables.get(RUNNER) or "").strip().lower() in OFF


def _is_ahead_in_pipeline(line: Line) -> bool:
    return line.is_on(ASYNC) and line.settings.pipeline > 1 and is_on_former_runner(line)


def _is_ahead_of_drafts(line: Line) -> bool:
    """Whether the former runner, which suffix decoding always has, is to schedule ahead of drafts of another kind."""
    method = line.object(SPECULATIVE).get("method")
    former = is_on_former_runner(line) or (method == "suffix" and RUNNER not in line.variables)
    known = isinstance(method, str) and method not in SCHEDULED_AHEAD and not method.endswith("mtp")
    return line.is_on(ASYNC) and former and known


def _spreads_prompts(line: Line) -> bool:
    return is_on_former_runner(line) and (line.number("--prefill-context-parallel-size") or 1) > 1


def _drafts_by_suffix(line: Line) -> bool:
    new = (line.variables.get(RUNNER) or "").strip().lower() in ON
    return new and line.object(SPECULATIVE).get("method") in ("suffix", "custom_class")


def _has_no_ray(line: Line) -> bool:
    return line.settings.pipeline > 1 and lacks(EXECUTOR, "ray")(line)


def _has_no_stages(line: Line) -> bool:
    """Whether a pipeline is to run under an executor that has none; another's class may have them."""
    executor = line.text(EXECUTOR).lower()
    return line.settings.pipeline > 1 and executor == "uni"


def _v1(
    flag: str, holds: Callable[[Line], object], what: str, since: tuple[int, int], until: tuple[int, int]
) -> Refusal:
    return Refusal("VLLM_USE_V1=1 is not supported with", flag, _with_v1(holds), f"{what} with {V1}=1",
                   f"leave {V1} out, which falls back, or {flag}", since, until)  # fmt: skip


REFUSALS: tuple[Refusal, ...] = (
    _v1("--guided-decoding-backend", _decodes_otherwise, "this --guided-decoding-backend", (0, 8), (0, 9)),
    _v1("--num-scheduler-steps", _differs("--num-scheduler-steps", "1"), "several scheduler steps", (0, 8), (0, 9)),
    _v1("--scheduler-delay-factor", _differs("--scheduler-delay-factor", "0", "0.0"), "a delay of the scheduler",
        (0, 8), (0, 10)),
    _v1("--preemption-mode", _differs("--preemption-mode"), "--preemption-mode", (0, 8), (0, 10)),
    _v1("--logits-processor-pattern", _differs("--logits-processor-pattern"), "--logits-processor-pattern",
        (0, 8), (0, 10)),
    _v1("--disable-async-output-proc", _is_on("--disable-async-output-proc"), "--disable-async-output-proc",
        (0, 8), (0, 10)),
    _v1("--scheduling-policy", _differs("--scheduling-policy", "fcfs"), "this --scheduling-policy", (0, 8), (0, 8)),
    _v1("--enable-prompt-adapter", _is_on("--enable-prompt-adapter"), "--enable-prompt-adapter", (0, 8), (0, 9)),
    _v1("--enable-prompt-embeds", _is_on("--enable-prompt-embeds"), "--enable-prompt-embeds", (0, 9), (0, 10)),
    _v1("--otlp-traces-endpoint", _differs("--otlp-traces-endpoint"), "traces", (0, 8), (0, 9)),
    _v1("--max-num-partial-prefills", _differs("--max-num-partial-prefills", "1"), "partial prefills at once",
        (0, 8), (0, 10)),
    _v1("--load-format", says("--load-format", "sharded_state"), "this --load-format", (0, 8), (0, 10)),
    _v1("--kv-cache-dtype", _stores_without_kernels, "this --kv-cache-dtype on this card", (0, 8), (0, 9)),
    _v1("--dtype", says("--dtype", "float", "float32"), "float32", (0, 8), (0, 8)),
    _v1("--task", _generates_nothing, "a --task that generates nothing", (0, 8), (0, 8)),
    _v1("--pipeline-parallel-size", _has_no_ray, "a pipeline without Ray", (0, 8), (0, 8)),
    _v1(SPECULATIVE, _drafts_otherwise, "this method of speculation", (0, 8), (0, 9)),
    Refusal("VLLM_USE_V1=1 is not supported with", V1, _is_on_old_card,
            f"{V1}=1 on a card under compute capability 8.0",
            f"leave {V1} out, which falls back", (0, 8), (0, 9)),
    Refusal("VLLM_USE_V1=1 is not supported with", V1, _judges_or_embeds,
            f"{V1}=1 for a model that generates nothing", f"leave {V1} out, which falls back", (0, 8), (0, 8)),
    Refusal("VLLM_USE_V1=1 is not supported with", ATTENTION, _attends_otherwise,
            f"this {ATTENTION} with {V1}=1", "leave one of both out", (0, 8), (0, 10)),
    Refusal("Speculative decoding with draft model is not", SPECULATIVE, _drafts_by_model,
            "a draft model", "another method, such as ngram or eagle3", until=(0, 10)),
    Refusal("Draft model speculative decoding is not supported", SPECULATIVE, _drafts_by_model,
            "a draft model", "another method, such as ngram or eagle3"),
    Refusal("pipeline parallelism with async scheduling", ASYNC, _is_ahead_in_pipeline,
            f"asynchronous scheduling in a pipeline with {RUNNER}=0", "leave one of both out"),
    Refusal("Async scheduling is not supported by the V1 model runner", ASYNC, _is_ahead_of_drafts,
            "asynchronous scheduling with this method of speculation", "leave it out: vLLM chooses"),
    Refusal("Model Runner V1 does not support", "--prefill-context-parallel-size", _spreads_prompts,
            f"--prefill-context-parallel-size with {RUNNER}=0", f"leave {RUNNER} out"),
    Refusal("Model Runner V2 does not yet support", SPECULATIVE, _drafts_by_suffix,
            f"this method of speculation with {RUNNER}=1", f"leave {RUNNER} out", since=(0, 33)),
    Refusal("Pipeline Parallelism without Ray distributed", EXECUTOR, _has_no_stages,
            f"{EXECUTOR} uni in a pipeline", "mp, or leave it out", since=(0, 11)),
)  # fmt: skip
"""In the order in which they are said."""
