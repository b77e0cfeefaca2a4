"""How drafts are sampled and accepted, and whose they may be (`SpeculativeConfig._verify_args`,
vllm/config/speculative.py; v1/spec_decode/)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.exact.refusals.speculation import SPECULATIVE, drafting_model

RATES, LENGTH = "synthetic_acceptance_rates", "synthetic_acceptance_length"
VOCABULARY = "use_heterogeneous_vocab"
OF_ONE = {"dspark_draft_topk": "dspark", "index_share_for_mtp_iteration": "mtp", "xpress_topc": "dflash"}
"""Keys that one method reads."""
FLAGS = {"--spec-method": "method", "--spec-model": "model", "--spec-tokens": "num_speculative_tokens"}
"""Flags that stand for a key of the JSON."""


def _holds(test: Callable[[dict[str, Any]], object]) -> Callable[[Line], bool]:
    """Whether something holds of the JSON of `--speculative-config`; of none nothing does."""

    def holds(line: Line) -> bool:
        config = dict(line.object(SPECULATIVE))
        return bool(config) and bool(test(config))

    return holds


def _tokens(config: dict[str, Any]) -> int | None:
    number = config.get("num_speculative_tokens")
    return number if type(number) is int else None


def _samples(config: dict[str, Any], how: str) -> bool:
    return config.get("rejection_sample_method") == how


def _rates(config: dict[str, Any]) -> list[float] | None:
    """The rates at which drafts are to be accepted; None where they are none, or not to be compared."""
    rates = config.get(RATES)
    plain = isinstance(rates, list) and all(type(each) in (int, float) for each in rates)
    return rates if plain and _samples(config, "synthetic") else None


def _has_wrong_number_of_rates(config: dict[str, Any]) -> bool:
    rates, tokens = _rates(config), _tokens(config)
    return rates is not None and tokens is not None and len(rates) != tokens


def _is_outside(config: dict[str, Any]) -> bool:
    length, tokens = config.get(LENGTH), _tokens(config)
    known = type(length) in (int, float) and tokens is not None and config.get(RATES) is None
    return known and _samples(config, "synthetic") and not 1 <= float(length or 0) <= float((tokens or 0) + 1)


def _looks_as_far_as_it_drafts(config: dict[str, Any]) -> bool:
    window, tokens = config.get("fly_window_size"), _tokens(config)
    return _samples(config, "fly") and type(window) is int and tokens is not None and window >= tokens > 1


def _of_another(key: str, own: str) -> Callable[[Line], bool]:
    """Whether a key is given with another method than the one that reads it."""

    def test(config: dict[str, Any]) -> bool:
        method = config.get("method")
        return config.get(key) is not None and isinstance(method, str) and not method.endswith(own)

    return _holds(test)


def _is_wide(config: dict[str, Any]) -> bool:
    return config.get(VOCABULARY) is True


def _is_model(config: dict[str, Any]) -> bool:
    """Whether a whole model drafts, or a draft of several tokens at once."""
    return config.get("method") == "draft_model" or config.get("parallel_drafting") is True


def _drafts_on_fewer(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    return (
        config.get("method") == "draft_model" and config.get("draft_tensor_parallel_size") == 1 < line.settings.tensor
    )


def _speaks_otherwise(line: Line) -> bool:
    """Whether a whole model drafts words of another vocabulary."""
    draft = drafting_model(line)
    sizes = (line.facts.sizes.vocabulary, draft.sizes.vocabulary) if line.facts and draft else (0, 0)
    wide = _is_wide(dict(line.object(SPECULATIVE))) or "--hf-overrides" in line.given
    return not wide and all(sizes) and sizes[0] != sizes[1]


def _drafts_of_pictures(line: Line) -> bool:
    sees = line.facts is not None and line.facts.has_vision and "--limit-mm-per-prompt" not in line.given
    return sees and _is_model(dict(line.object(SPECULATIVE)))


def _says_twice(flag: str) -> Callable[[Line], bool]:
    return lambda line: flag in line.given and line.object(SPECULATIVE).get(FLAGS[flag]) is not None


REFUSALS: tuple[Refusal, ...] = (
    Refusal("use_heterogeneous_vocab only works with", SPECULATIVE,
            _holds(lambda config: _is_wide(config) and config.get("method") not in (None, "draft_model")),
            f"{VOCABULARY} with this method of speculation", "the method draft_model"),
    Refusal("use_heterogeneous_vocab currently only supports greedy", SPECULATIVE,
            _holds(lambda config: _is_wide(config) and config.get("draft_sample_method", "greedy") != "greedy"),
            f"{VOCABULARY} with this draft_sample_method", "greedy"),
    Refusal("use_heterogeneous_vocab is not compatible with", SPECULATIVE,
            _holds(lambda config: _is_wide(config) and config.get("use_local_argmax_reduction") is True),
            f"{VOCABULARY} with use_local_argmax_reduction", "leave one of both out"),
    Refusal("rejection_sample_method='synthetic' requires", SPECULATIVE,
            _holds(lambda config: _samples(config, "synthetic")
                   and (config.get(RATES) is None) == (config.get(LENGTH) is None)),
            "rejection_sample_method synthetic without a rate, or with two", f"{RATES} or {LENGTH}"),
    Refusal("are only valid with rejection_sample_method='synthetic'", SPECULATIVE,
            _holds(lambda config: not _samples(config, "synthetic")
                   and (config.get(RATES) is not None or config.get(LENGTH) is not None)),
            "a rate of acceptance without rejection_sample_method synthetic", "leave it out"),
    Refusal("synthetic_acceptance_rates must have length", SPECULATIVE, _holds(_has_wrong_number_of_rates),
            f"another number of {RATES} than of drafts", "one for each of num_speculative_tokens"),
    Refusal("synthetic_acceptance_rates entries must be in", SPECULATIVE,
            _holds(lambda config: any(not 0 <= each <= 1 for each in _rates(config) or ())),
            f"one of {RATES}", "from 0 to 1"),
    Refusal("synthetic_acceptance_rates must be non-increasing", SPECULATIVE,
            _holds(lambda config: any(later > earlier for earlier, later in pairwise(_rates(config) or ()))),
            f"{RATES} that rise", "the highest first"),
    Refusal("synthetic_acceptance_length must be in", SPECULATIVE, _holds(_is_outside),
            f"this {LENGTH}", "from 1 to num_speculative_tokens + 1"),
    Refusal("FLy requires num_speculative_tokens to be at least 2", SPECULATIVE,
            _holds(lambda config: _samples(config, "fly") and _tokens(config) == 1),
            "rejection_sample_method fly of one draft", "num_speculative_tokens of at least 2"),
    Refusal("FLy requires fly_window_size to be smaller than", SPECULATIVE, _holds(_looks_as_far_as_it_drafts),
            "this fly_window_size", "less than num_speculative_tokens"),
    Refusal("draft_lm_head_quantization is not supported for method", SPECULATIVE,
            _holds(lambda config: config.get("draft_lm_head_quantization") is not None
                   and config.get("method") in ("ngram", "ngram_gpu", "suffix", "draft_model", "medusa")),
            "draft_lm_head_quantization with this method of speculation", "leave it out"),
    Refusal("method='custom_class' requires 'model'", SPECULATIVE,
            _holds(lambda config: config.get("method") == "custom_class" and not config.get("model")
                   and config.get("num_speculative_tokens") is not None),
            "the method custom_class without a model", "the dotted name of its class as `model`"),
    Refusal("must be the same. Got", SPECULATIVE, _drafts_on_fewer,
            "a draft model on one GPU of several", "draft_tensor_parallel_size as --tensor-parallel-size"),
    Refusal("Target and draft model should have the same", SPECULATIVE, _speaks_otherwise,
            "a draft model with another vocabulary than the model", "a draft with the same `vocab_size`, or eagle3"),
    Refusal("supports padded drafter batch. Please unset", SPECULATIVE,
            _holds(lambda config: _is_model(config) and config.get("disable_padded_drafter_batch") is True),
            "a draft model with disable_padded_drafter_batch", "leave it out"),
    Refusal("does not support multimodal models yet", SPECULATIVE, _drafts_of_pictures,
            "a draft model for a model that reads pictures", "ngram, or a draft of eagle3"),
    *(Refusal(f"{key} is only supported ", SPECULATIVE, _of_another(key, own), f"{key} with this method of speculation",
              f"the method {own}, or leave it out")
      for key, own in OF_ONE.items()),
    *(Refusal(" and --speculative-config['", flag, _says_twice(flag), f"{flag} beside `{key}` of {SPECULATIVE}",
              "one of both")
      for flag, key in FLAGS.items()),
)  # fmt: skip
"""In the order in which they are said."""
