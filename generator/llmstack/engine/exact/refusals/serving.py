"""Answers, adapters and where the weights come from (vllm/config/structured_outputs.py, ec_transfer.py,
engine/arg_utils.py, entrypoints/openai/cli_args.py, model_executor/model_loader/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from llmstack.engine import registry
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal, says

STRUCTURED, ENCODED, LENGTH = "--structured-outputs-config", "--ec-transfer-config", "--max-model-len"
OBJECT_STORES = ("s3://", "gs://", "az://")
"""What `is_runai_obj_uri` takes for object storage (vllm/transformers_utils/runai_utils.py)."""
WITHOUT_ADAPTERS = (
    "deep_gemm_mega_moe",
    "aiter_mega_moe",
    "flashinfer_moe_ep_cutedsl",
    "flashinfer_moe_ep_mega_deep_gemm",
)
RANK, SHARDED, ALIVE = "--max-lora-rank", "--enable-batch-sharded-sampling", "--sse-keep-alive-interval"
RANKS = frozenset((8, 16, 32, 64, 128, 256, 320, 512))
"""What `--max-lora-rank` may be while the parser takes any number (`LoRAConfig.__post_init__`)."""
LARGE_RANKS_SINCE = (0, 8)
"""From here 320 and 512 are among them."""
RUST = "VLLM_USE_RUST_FRONTEND"
EFFORT = "--reasoning-effort-map"
EFFORTS = frozenset(("none", "minimal", "low", "medium", "high", "xhigh", "max"))
"""What a request may ask of a model that reasons (`ReasoningEffort`, vllm/renderers/params.py)."""
LOADER, PROCESSORS = "--model-loader-extra-config", "--logits-processors"
QUANTIZED, MANAGER = "--quantization-config", "--ec-manager-config"
LOADED_BY_DEFAULT = frozenset(("", "auto", "hf", "safetensors", "fastsafetensors", "pt", "npcache", "mistral"))
"""Formats of the loader that takes THREADS alone (`DefaultModelLoader`, vllm/model_executor/model_loader/)."""
THREADS = frozenset(("enable_multithread_load", "num_threads", "enable_weights_track"))
THREADS_SINCE = (0, 10)
STRATEGY, REASONING = "--safetensors-load-strategy", "--reasoning-parser"
THINK = frozenset(("deepseek_r1", "qwen3", "minimax_m2"))
"""Parsers that look `<think>` and `</think>` up in the vocabulary (vllm/reasoning/)."""
WITHOUT_THINK = re.compile(r"meta-llama/(Meta-)?Llama-|mistralai/(Mistral-7B|Mixtral)-")
"""Models whose vocabulary has neither; what is made of them may have added both."""
TOKENIZED_OTHERWISE = {"--tokenizer", "--skip-tokenizer-init", "--reasoning-parser-plugin"}
PARSED_AT_START = (0, 11), (0, 19)
"""Between these a parser is made at the start, later for a request (StructuredOutputManager, v1/structured_output/)."""
STREAMER = ("runai_streamer", "runai_streamer_sharded")
STREAMERS = frozenset(("auto", *STREAMER, "modelexpress"))


def _whitespace(line: Line) -> bool:
    config = line.object(STRUCTURED)
    return config.get("disable_any_whitespace") is True and config.get("backend") not in ("xgrammar", "guidance")


def _properties(line: Line) -> bool:
    config = line.object(STRUCTURED)
    return config.get("disable_additional_properties") is True and config.get("backend") != "guidance"


def _is_not_streamed(line: Line) -> bool:
    stored = line.model.lower().startswith(OBJECT_STORES)
    return stored and line.text("--load-format").lower() not in (STREAMERS | {""})


def _loads_by_others_keys(line: Line) -> bool:
    """Whether the loader is told what another one is told: how many requests the streamer makes at once, say."""
    known = {"sharded_state": frozenset(("pattern",))}.get(_format(line))
    known = THREADS if _format(line) in LOADED_BY_DEFAULT else known
    return known is not None and bool(set(line.object(LOADER)) - known)


def _loader_has(key: str, fits: Callable[[Any], bool], formats: Container[str]) -> Callable[[Line], bool]:
    """Whether the loader of one of these formats is given a value of a key that does not fit."""

    def holds(line: Line) -> bool:
        config = line.object(LOADER)
        return _format(line) in formats and key in config and not fits(config[key])

    return holds


def _is_whole_from(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _loads_in_threads(line: Line) -> bool:
    return _format(line) in LOADED_BY_DEFAULT and line.object(LOADER).get("enable_multithread_load") is True


def _thinks_without_words(line: Line) -> bool:
    """Whether thoughts are to be told by words that the model's tokenizer does not have."""
    otherwise = TOKENIZED_OTHERWISE & line.given.keys()
    return not otherwise and line.text(REASONING) in THINK and WITHOUT_THINK.match(line.model) is not None


def _format(line: Line) -> str:
    """The format to load; `own` where what is loaded decides, or what comes from a variable."""
    stored = line.facts.quantization.method if line.facts is not None and line.facts.quantization else None
    own = {line.settings.quantization, stored} & {"bitsandbytes", "gguf"} or line.model.lower().startswith(
        OBJECT_STORES
    )
    return "own" if own or "$" in (line.given.get("--load-format") or "") else line.text("--load-format").lower()


def _listens_for_nobody(line: Line) -> bool:
    """Whether a port is given that the frontend in Rust alone opens, which is off."""
    return RUST not in line.variables or (line.variables[RUST] or "").strip() == "0"


def _has_no_role(line: Line) -> bool:
    config = line.object(ENCODED)
    return bool(config.get("ec_connector")) and not config.get("ec_role")


def _drafts_exceed_batch(line: Line) -> bool:
    """Whether the tokens of one step do not hold the drafts of all requests of one batch."""
    drafts = line.object("--speculative-config").get("num_speculative_tokens")
    tokens, sequences = line.settings.tokens, line.settings.sequences
    if not isinstance(drafts, int) or tokens is None or sequences is None:
        return False
    return line.is_on("--enable-lora") and tokens < sequences * (drafts + 1)


def _is_no_rank(line: Line) -> bool:
    rank, release = line.number(RANK), line.catalogue.release.minor
    return rank is not None and rank not in (RANKS if release >= LARGE_RANKS_SINCE else RANKS - {320, 512})


def _reports_without_numbers(line: Line) -> bool:
    return line.is_on("--enable-per-request-metrics") and line.is_on("--disable-log-stats")


def _shards_no_batch(line: Line) -> bool:
    """Whether requests of a batch cannot be spread over the GPUs of a stage (`_validate_batch_sharded_sampling`)."""
    tensor, sequences = line.settings.tensor, line.settings.sequences
    few = tensor <= 1 or (sequences is not None and sequences < tensor)
    return line.is_on(SHARDED) and (few or line.number("--max-logprobs") == -1)


def _stored(line: Line) -> str | None:
    return line.facts.quantization.method if line.facts is not None and line.facts.quantization else None


def _loads_otherwise_quantized(line: Line) -> bool:
    return says("--load-format", "bitsandbytes")(line) and _stored(line) not in (None, "bitsandbytes")


def _targets(line: Line) -> Mapping[str, Any]:
    targets = line.object(QUANTIZED).get("targets")
    return targets if isinstance(targets, dict) else {}


def _matches_nothing(line: Line) -> bool:
    return not all(_is_expression(each[3:]) for each in _targets(line) if each.startswith("re:"))


def _is_expression(text: str) -> bool:
    try:
        return bool(re.compile(text))
    except (re.error, OverflowError, RecursionError):
        return False


def _names_no_method(line: Line) -> bool:
    return any(not isinstance(each, str) or not registry.is_method(each) for each in _targets(line).values())


REFUSALS: tuple[Refusal, ...] = (
    Refusal("disable_any_whitespace is only supported for", STRUCTURED, _whitespace,
            "disable_any_whitespace with this backend", "backend xgrammar or guidance"),
    Refusal("disable_additional_properties is only supported", STRUCTURED, _properties,
            "disable_additional_properties with this backend", "backend guidance"),
    Refusal("--enable-log-outputs requires --enable-log-requests", "--enable-log-outputs",
            lambda line: line.is_on("--enable-log-outputs") and not line.is_on("--enable-log-requests"),
            "--enable-log-outputs alone", "--enable-log-requests"),
    Refusal("--reasoning-effort-map has unknown efforts", EFFORT, lambda line: set(line.object(EFFORT)) - EFFORTS,
            f"an effort in {EFFORT} that there is not", f"of {', '.join(sorted(EFFORTS))}"),
    Refusal("--grpc-port requires VLLM_USE_RUST_FRONTEND", "--grpc-port", _listens_for_nobody,
            f"--grpc-port without {RUST}=1", f"{RUST}=1, or --grpc"),
    Refusal("Please specify ec_role when ec_connector", ENCODED, _has_no_role,
            "an ec_connector without ec_role", "ec_producer, ec_consumer or ec_both"),
    Refusal("Consider increasing max_num_batched_tokens or ", "--max-num-batched-tokens", _drafts_exceed_batch,
            "--max-num-batched-tokens under what --max-num-seqs with LoRA and speculation need",
            "requests x (num_speculative_tokens + 1)"),
    Refusal("LoRA is not supported with moe_backend=", "--moe-backend",
            lambda line: line.is_on("--enable-lora") and says("--moe-backend", *WITHOUT_ADAPTERS)(line),
            "this --moe-backend with --enable-lora", "leave one of both out"),
    Refusal("max_lora_rank (", RANK, lambda line: line.is_on("--enable-lora") and _is_no_rank(line),
            f"this {RANK}", "one of 8, 16, 32, 64, 128, 256"),
    Refusal("--enable-per-request-metrics requires engine", "--enable-per-request-metrics", _reports_without_numbers,
            "--enable-per-request-metrics with --disable-log-stats", "leave one of both out"),
    Refusal("Batch-sharded sampling was explicitly enabled", SHARDED, _shards_no_batch,
            f"{SHARDED} on one GPU, of fewer requests than GPUs, or with --max-logprobs -1", "leave it out"),
    Refusal("max_model_len must be a positive integer", LENGTH, says(LENGTH, "0"), f"{LENGTH} 0", "1 or more"),
    Refusal("--sse-keep-alive-interval must be a non-negative", ALIVE, lambda line: (line.number(ALIVE) or 0) < 0,
            f"{ALIVE} under 0", "0 turns it off"),
    Refusal("BitsAndBytes loader does not support ", "--load-format", _loads_otherwise_quantized,
            "--load-format bitsandbytes for a checkpoint that is quantized otherwise", "leave it out"),
    Refusal("Prequant BitsAndBytes models with tensor parallelism", "--tensor-parallel-size",
            lambda line: line.settings.tensor > 1 and _stored(line) == "bitsandbytes",
            "tensor parallelism for a checkpoint of bitsandbytes", "--pipeline-parallel-size"),
    Refusal("Only one of tensorizer_dir or lora_dir may be", LOADER,
            lambda line: says("--load-format", "tensorizer")(line)
            and all(line.object(LOADER).get(key) for key in ("tensorizer_dir", "lora_dir")),
            f"tensorizer_dir beside lora_dir in {LOADER}", "one of both"),
    Refusal("manager_config requires encoder_cache_manager_cls", MANAGER,
            lambda line: bool(line.object(MANAGER).get("manager_config"))
            and line.object(MANAGER).get("encoder_cache_manager_cls") is None,
            f"a manager_config in {MANAGER} without its class", "encoder_cache_manager_cls"),
    Refusal("online shorthand name; expected one of", QUANTIZED, _names_no_method,
            f"a method in targets of {QUANTIZED} that there is not", "for example fp8_per_tensor"),
    Refusal(" is not a valid regex: ", QUANTIZED, _matches_nothing,
            f"a target of {QUANTIZED} that is no regular expression", "an expression of Python's after re:"),
    Refusal("quantization_config.targets is mutually exclusive", QUANTIZED,
            lambda line: bool(_targets(line)) and any(line.object(QUANTIZED).get(key) for key in ("linear", "moe")),
            f"targets beside linear or moe in {QUANTIZED}", "one of both"),
    *(Refusal(sentence, "--load-format", _is_not_streamed,
              "this --load-format for a model in object storage", "runai_streamer")
      for sentence in ("To load a model from object storage", "To load a model from S3")),
    Refusal("Unexpected extra config keys for load format", LOADER, _loads_by_others_keys,
            f"a key in {LOADER} that this --load-format does not have", "leave it out, or --load-format runai_streamer",
            since=THREADS_SINCE),
    *(Refusal(sentence, LOADER, _loader_has(key, fits, formats), f"this {key} in {LOADER}", help)
      for key, fits, formats, sentence, help in (
          ("enable_multithread_load", _is_switch, LOADED_BY_DEFAULT, "enable_multithread_load must be a bool",
           "true or false, without quotes"),
          ("num_threads", _is_whole_from(1), LOADED_BY_DEFAULT, "num_threads must be a positive integer",
           "a whole number above 0, without quotes"),
          ("distributed", _is_switch, STREAMER, "distributed must be a bool, got", "true or false, without quotes"),
          ("concurrency", _is_whole_from(1), STREAMER, "concurrency must be a positive integer",
           "a whole number above 0, without quotes"),
          ("memory_limit", _is_whole_from(-1), STREAMER, "memory_limit must be an integer >= -1",
           "a number of bytes, or -1 for no limit"),
      )),
    Refusal("enable_multithread_load does not support", LOADER,
            lambda line: _loads_in_threads(line) and line.text(STRATEGY) not in ("", "lazy"),
            f"enable_multithread_load beside {STRATEGY}", "leave one of both out"),
    Refusal("reasoning parser could not locate", REASONING, _thinks_without_words,
            "this parser for a model whose tokenizer has no <think>", "leave it out",
            *PARSED_AT_START),
    Refusal("Model loader extra config is not supported for", LOADER,
            lambda line: bool(line.object(LOADER)) and says("--load-format", "dummy")(line),
            f"{LOADER} with --load-format dummy", "leave it out"),
    Refusal("Custom logits processors are not supported when", PROCESSORS,
            lambda line: bool(line.text(PROCESSORS)) and bool(line.object("--speculative-config")),
            f"{PROCESSORS} with --speculative-config", "leave one of both out"),
    Refusal("Pooling models do not support custom logits", PROCESSORS,
            lambda line: bool(line.text(PROCESSORS)) and says("--runner", "pooling")(line),
            f"{PROCESSORS} with --runner pooling", "leave it out"),
)  # fmt: skip
"""In the order in which they are said."""
