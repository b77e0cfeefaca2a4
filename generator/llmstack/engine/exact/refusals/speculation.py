"""What `--speculative-config` may not say, and what does not go beside it (vllm/config/speculative.py, vllm.py)."""

from __future__ import annotations

from llmstack.engine.catalogue import catalogued
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.facts import ModelFacts
from llmstack.engine.support import ARCHITECTURES

SPECULATIVE, ASYNC = "--speculative-config", "--async-scheduling"
METRICS = "--per-request-spec-decode-metrics"
WITH_DRAFT = frozenset(("eagle", "eagle3", "medusa", "mlp_speculator", "draft_model", "dflash"))
"""Methods of speculation that want a model of their own."""
UNCOUNTED = frozenset(("eagle", "eagle3", "medusa", "draft_model"))
"""Those whose draft does not say how many tokens it predicts (`n_predict` of its config.json)."""
NAMED_AFTER_METHOD = ("eagle-", "eagle3", "dflash", "dspark")
"""Words in the name of a draft by which its method is known."""
NOT_ASYNC = frozenset(("ngram", "suffix", "medusa", "mlp_speculator"))
WITHOUT_MTP = frozenset(
    f"{name}ForCausalLM"
    for name in (
        *("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Qwen2Moe", "Qwen3Moe", "Gemma", "Gemma2", "Gemma3"),
        *("Phi3", "Olmo", "Olmo2", "Granite", "GptOss", "Cohere", "StableLm", "InternLM2", "Glm", "Glm4"),
    )
)
"""Architectures without layers that predict further tokens."""
SUFFIX_BOUNDS = {
    "suffix_decoding_max_tree_depth": (1, None),
    "suffix_decoding_max_cached_requests": (0, None),
    "suffix_decoding_max_spec_factor": (0, None),
    "suffix_decoding_min_token_prob": (0, 1),
}
"""Keys of `suffix`, with the least and the most that they may be (`_validate_suffix_decoding`)."""


def drafting_model(line: Line) -> ModelFacts | None:
    """The facts of the whole model that drafts, which is what a draft is taken for that is nothing else
    (`SpeculativeConfig.__post_init__`); None where none drafts, or nobody knows it."""
    config = line.object(SPECULATIVE)
    name, method = config.get("model"), config.get("method")
    if method not in (None, "draft_model") or not isinstance(name, str):
        return None
    draft = None if any(word in name.lower() for word in NAMED_AFTER_METHOD) else catalogued(name)
    return draft if draft is not None and draft.architecture in ARCHITECTURES else None


def _speculates(line: Line) -> bool:
    return SPECULATIVE in line.given


def _says_wrong_size(line: Line) -> bool:
    return line.object(SPECULATIVE).get("tensor_parallel_size") is not None


def _is_uncounted(line: Line) -> bool:
    """Whether nothing says how many tokens are drafted: a draft of these methods does not say it either."""
    config = line.object(SPECULATIVE)
    counted = {"num_speculative_tokens", "speculative_token_tree"} & set(config) or "--spec-tokens" in line.given
    drafts = config.get("method") in UNCOUNTED and bool(config.get("model"))
    return not counted and (drafts or config.get("method") in ("ngram", "ngram_gpu"))


def _lacks_draft(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    wants = config.get("method") in WITH_DRAFT and not config.get("model")
    return wants and config.get("num_speculative_tokens") is not None


def _predicts_nothing(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    own = str(config.get("method")).endswith("mtp") and not config.get("model")
    return own and line.facts is not None and line.facts.architecture in WITHOUT_MTP


def _is_eagle(line: Line) -> bool:
    return str(line.object(SPECULATIVE).get("method")).endswith(("eagle", "eagle3", "mtp"))


def _is_async_without_drafts(line: Line) -> bool:
    return line.is_on(ASYNC) and line.object(SPECULATIVE).get("method") in NOT_ASYNC


def _is_async_unpadded(line: Line) -> bool:
    return line.is_on(ASYNC) and line.object(SPECULATIVE).get("disable_padded_drafter_batch") is True


def _is_longer_than_target(line: Line) -> bool:
    """Whether the draft is to serve longer requests than the model."""
    config, length = line.object(SPECULATIVE), line.settings.length
    draft = config.get("max_model_len")
    return bool(config.get("model")) and type(draft) is int and length is not None and 0 < length < draft


def _suffix_is_outside(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    if config.get("method") != "suffix":
        return False
    for key, (least, most) in SUFFIX_BOUNDS.items():
        value = config.get(key)
        if isinstance(value, (int, float)) and (value < least or (most is not None and value > most)):
            return True
    return False


REFUSALS: tuple[Refusal, ...] = (
    Refusal("'tensor_parallel_size' is not a valid argument", SPECULATIVE, _says_wrong_size,
            f"tensor_parallel_size in {SPECULATIVE}", "draft_tensor_parallel_size"),
    Refusal("num_speculative_tokens must be provided with", SPECULATIVE, _is_uncounted,
            "this method of speculation without num_speculative_tokens", "for example 3"),
    Refusal("num_speculative_tokens was provided but without speculative model", SPECULATIVE, _lacks_draft,
            "this method of speculation without a model", "name the draft as `model`"),
    Refusal("Unsupported speculative method:", SPECULATIVE, _predicts_nothing,
            "mtp for a model without layers that predict further tokens", "ngram, or eagle3 with a draft"),
    Refusal("cannot be larger than target_max_model_len", SPECULATIVE, _is_longer_than_target,
            f"a max_model_len in {SPECULATIVE} over --max-model-len", "leave it out"),
    Refusal("suffix_decoding_min_token_prob=", SPECULATIVE, _suffix_is_outside,
            "a bound of suffix decoding outside what it may be", "a probability from 0 to 1, a depth of at least 1"),
    Refusal("async scheduling is only supported with", ASYNC, _is_async_without_drafts,
            "asynchronous scheduling with this method of speculation", "leave it out: vLLM chooses"),
    Refusal("Currently, speculative decoding is not supported with ", ASYNC,
            lambda line: line.is_on(ASYNC) and _speculates(line), "asynchronous scheduling with speculation",
            "leave one of both out"),
    Refusal("Async scheduling is not compatible with", ASYNC, _is_async_unpadded,
            "asynchronous scheduling with disable_padded_drafter_batch", "leave one of both out"),
    Refusal("--per-request-spec-decode-metrics requires", METRICS,
            lambda line: line.text(METRICS) not in ("", "none") and not _speculates(line),
            f"{METRICS} without {SPECULATIVE}", "leave it out"),
    Refusal("Fast prefill optimization for KV sharing is not", "--kv-sharing-fast-prefill",
            lambda line: line.is_on("--kv-sharing-fast-prefill") and _is_eagle(line),
            "--kv-sharing-fast-prefill with eagle", "leave one of both out"),
)  # fmt: skip
"""In the order in which they are said."""
