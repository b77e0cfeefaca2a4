"""Answers, adapters, traces and where the weights come from (vllm/config/structured_outputs.py, observability.py,
profiler.py, ec_transfer.py, engine/arg_utils.py, entrypoints/openai/cli_args.py)."""

from __future__ import annotations

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal

STRUCTURED, PROFILER, ENCODED = "--structured-outputs-config", "--profiler-config", "--ec-transfer-config"
OBJECT_STORES = ("s3://", "gs://", "az://")
"""What `is_runai_obj_uri` takes for object storage (vllm/transformers_utils/runai_utils.py)."""
STREAMERS = frozenset(("auto", "runai_streamer", "runai_streamer_sharded", "modelexpress"))


def _whitespace(line: Line) -> bool:
    config = line.object(STRUCTURED)
    return config.get("disable_any_whitespace") is True and config.get("backend") not in ("xgrammar", "guidance")


def _properties(line: Line) -> bool:
    config = line.object(STRUCTURED)
    return config.get("disable_additional_properties") is True and config.get("backend") != "guidance"


def _is_not_streamed(line: Line) -> bool:
    stored = line.model.lower().startswith(OBJECT_STORES)
    return stored and line.text("--load-format").lower() not in (STREAMERS | {""})


def _profiles_nowhere(line: Line) -> bool:
    config = line.object(PROFILER)
    nowhere = not config.get("torch_profiler_dir") and "VLLM_TORCH_PROFILER_DIR" not in line.variables
    return config.get("profiler") == "torch" and nowhere


def _profiles_otherwise(line: Line) -> bool:
    config = line.object(PROFILER)
    return bool(config.get("torch_profiler_dir")) and config.get("profiler") in (None, "cuda")


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


REFUSALS: tuple[Refusal, ...] = (
    Refusal("disable_any_whitespace is only supported for", STRUCTURED, _whitespace,
            "disable_any_whitespace with this backend", "backend xgrammar or guidance"),
    Refusal("disable_additional_properties is only supported", STRUCTURED, _properties,
            "disable_additional_properties with this backend", "backend guidance"),
    Refusal("--enable-log-outputs requires --enable-log-requests", "--enable-log-outputs",
            lambda line: line.is_on("--enable-log-outputs") and not line.is_on("--enable-log-requests"),
            "--enable-log-outputs alone", "--enable-log-requests"),
    Refusal("collect_detailed_traces requires", "--collect-detailed-traces",
            lambda line: bool(line.text("--collect-detailed-traces")) and "--otlp-traces-endpoint" not in line.given,
            "--collect-detailed-traces without --otlp-traces-endpoint", "--otlp-traces-endpoint"),
    Refusal("torch_profiler_dir must be set when profiler is", PROFILER, _profiles_nowhere,
            "profiler torch without torch_profiler_dir", "torch_profiler_dir"),
    Refusal("torch_profiler_dir is only applicable when", PROFILER, _profiles_otherwise,
            "torch_profiler_dir with another profiler", "profiler torch"),
    Refusal("Please specify ec_role when ec_connector", ENCODED, _has_no_role,
            "an ec_connector without ec_role", "ec_producer, ec_consumer or ec_both"),
    Refusal("Consider increasing max_num_batched_tokens or ", "--max-num-batched-tokens", _drafts_exceed_batch,
            "--max-num-batched-tokens under what --max-num-seqs with LoRA and speculation need",
            "requests x (num_speculative_tokens + 1)"),
    Refusal("To load a model from object storage", "--load-format", _is_not_streamed,
            "this --load-format for a model in object storage", "runai_streamer"),
)  # fmt: skip
"""In the order in which they are said."""
