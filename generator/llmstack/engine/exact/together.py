"""Flags that vLLM refuses beside one another, or for a model.

Each refusal names a piece of the sentence with which vLLM itself refuses (`vllm/config/`, `engine/arg_utils.py`,
`entrypoints/`). Where that sentence stands in the sources of a release, the release has the check; the table of
releases is read from there (`tools/vllm_tables/sentences.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from llmstack.engine import registry
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.line import Line

SPECULATIVE, COMPILATION, STRUCTURED = "--speculative-config", "--compilation-config", "--structured-outputs-config"
OBJECT_STORES = ("s3://", "gs://", "az://")
"""What `is_runai_obj_uri` takes for object storage (vllm/transformers_utils/runai_utils.py)."""
STREAMERS = frozenset(("auto", "runai_streamer", "runai_streamer_sharded", "modelexpress"))
SHM_DEFAULT = 128
"""`--mm-shm-cache-max-object-size-mb` where nothing says one (vllm/config/multimodal.py)."""
WITH_DRAFT = frozenset(("eagle", "eagle3", "medusa", "mlp_speculator", "draft_model", "dflash"))
"""Methods of speculation that want a model of their own."""
NOT_ASYNC = frozenset(("ngram", "suffix", "medusa", "mlp_speculator"))
WITHOUT_MTP = frozenset(
    f"{name}ForCausalLM"
    for name in (
        *("Llama", "Mistral", "Mixtral", "Qwen2", "Qwen3", "Qwen2Moe", "Qwen3Moe", "Gemma", "Gemma2", "Gemma3"),
        *("Phi3", "Olmo", "Olmo2", "Granite", "GptOss", "Cohere", "StableLm", "InternLM2", "Glm", "Glm4"),
    )
)
"""Architectures without layers that predict further tokens."""
TYPE_OF = {"Gemma3ForCausalLM": "gemma3_text"} | {
    f"{name}ForCausalLM": name.lower()
    for name in (
        *("Gemma", "Gemma2", "Phi3", "Olmo", "Olmo2", "Cohere", "StableLm", "InternLM2", "Glm", "Glm4", "Granite"),
        *("Mistral", "Mixtral"),
    )
}
"""`model_type` in the config.json of architectures that eagle3 may not draft for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that vLLM refuses: `sentence` is a piece of its own error, `flag` what the finding points at, and what
    has to be given for it."""

    sentence: str
    flag: str
    holds: Callable[[Line], object]
    message: str
    help: str
    since: Minor = (0, 0)


def refused_together(line: Line) -> Iterator[Fault]:
    """Yield what each of the releases that may be right refuses of these flags beside one another."""
    for each in _standing(line.catalogue.release.minor, line.among):
        if each.flag in line.given and each.holds(line):
            yield Fault(each.flag, f"vLLM {line.among[0]} refuses {each.message}", each.help)
    yield from _no_target_of_eagle(line)


@cache
def _standing(release: Minor, among: tuple[str, ...]) -> tuple[Refusal, ...]:
    """The refusals that all of these releases have."""
    stand = (each for each in REFUSALS if release >= each.since)
    return tuple(each for each in stand if all(registry.refuses(each.sentence, name) for name in among))


def _whitespace(line: Line) -> bool:
    config = line.object(STRUCTURED)
    return config.get("disable_any_whitespace") is True and config.get("backend") not in ("xgrammar", "guidance")


def _properties(line: Line) -> bool:
    config = line.object(STRUCTURED)
    return config.get("disable_additional_properties") is True and config.get("backend") != "guidance"


def _is_uncounted(config: Mapping[str, Any]) -> bool:
    return config.get("method") in ("ngram", "ngram_gpu") and config.get("num_speculative_tokens") is None


def _lacks_draft(config: Mapping[str, Any]) -> bool:
    wants = config.get("method") in WITH_DRAFT and not config.get("model")
    return wants and config.get("num_speculative_tokens") is not None


def _predicts_nothing(line: Line) -> bool:
    config = line.object(SPECULATIVE)
    own = str(config.get("method")).endswith("mtp") and not config.get("model")
    return own and line.facts is not None and line.facts.architecture in WITHOUT_MTP


def _is_eagle(line: Line) -> bool:
    return str(line.object(SPECULATIVE).get("method")).endswith(("eagle", "eagle3", "mtp"))


def _captures(line: Line) -> bool:
    """Whether sizes of graphs and the largest are both given, and are not of each other."""
    config = line.object(COMPILATION)
    sizes, most = config.get("cudagraph_capture_sizes"), config.get("max_cudagraph_capture_size")
    most = most if most is not None else line.number("--max-cudagraph-capture-size")
    known = isinstance(sizes, list) and sizes and all(type(size) is int for size in sizes) and type(most) is int
    plain = SPECULATIVE not in line.given and not line.object(COMPILATION).get("pass_config")
    return bool(known) and plain and max(sizes or [0]) <= 256 and max(sizes or [0]) != most


def _both(flag: str, key: str, owner: str) -> Callable[[Line], bool]:
    """Whether a flag is given, and the key of another flag's JSON as well."""
    return lambda line: bool(line.text(flag)) and line.object(owner).get(key) is not None


def _partial(flag: str) -> Callable[[Line], bool]:
    return lambda line: line.number(flag) not in (None, 1)


def _outside_ranks(line: Line) -> bool:
    rank, size = line.number("--data-parallel-rank"), line.settings.data
    return rank is not None and size > 1 and not 0 <= rank < size


def _is_balanced_outside(line: Line) -> bool:
    return line.is_on("--data-parallel-external-lb") or "--data-parallel-rank" in line.given


def _balances_twice(line: Line) -> bool:
    return _is_balanced_outside(line) and line.is_on("--data-parallel-hybrid-lb")


def _starts_ranks_twice(line: Line) -> bool:
    return _is_balanced_outside(line) and not line.is_on("--data-parallel-hybrid-lb")


def _spare_experts(line: Line) -> bool:
    more = line.object("--eplb-config").get("num_redundant_experts")
    return type(more) is int and more != 0 and not line.is_on("--enable-eplb")


def _idle_shared_cache(line: Line) -> bool:
    size = line.number("--mm-shm-cache-max-object-size-mb")
    given = size is not None and size != SHM_DEFAULT and line.text("--mm-processor-cache-type") != "shm"
    return given and line.facts is not None and line.facts.has_vision


def _pools_twice(line: Line) -> bool:
    config = line.object("--pooler-config")
    return bool(config.get("pooling_type")) and config.get("seq_pooling_type") is not None


def _is_not_streamed(line: Line) -> bool:
    stored = line.model.lower().startswith(OBJECT_STORES)
    return stored and line.text("--load-format").lower() not in (STREAMERS | {""})


def _no_target_of_eagle(line: Line) -> Iterator[Fault]:
    """Yield a model that eagle3 does not draft for (`SpeculativeConfig._verify_args`, vllm/config/speculative.py)."""
    if line.object(SPECULATIVE).get("method") != "eagle3" or line.facts is None:
        return
    name = line.facts.architecture
    kind = TYPE_OF.get(name)
    targets = [registry.registered("eagle3", each) for each in line.among]
    if kind and all(each and not any(part in kind for part in each) for each in targets):
        yield Fault(SPECULATIVE, f"vLLM {line.among[0]} has no eagle3 for {name}", "another method, such as ngram")


REFUSALS: tuple[Refusal, ...] = (
    Refusal("disable_any_whitespace is only supported for", STRUCTURED, _whitespace,
            "disable_any_whitespace with this backend", "backend xgrammar or guidance"),
    Refusal("disable_additional_properties is only supported", STRUCTURED, _properties,
            "disable_additional_properties with this backend", "backend guidance"),
    Refusal("'tensor_parallel_size' is not a valid argument", SPECULATIVE,
            lambda line: line.object(SPECULATIVE).get("tensor_parallel_size") is not None,
            f"tensor_parallel_size in {SPECULATIVE}", "draft_tensor_parallel_size"),
    Refusal("num_speculative_tokens must be provided with", SPECULATIVE,
            lambda line: _is_uncounted(line.object(SPECULATIVE)),
            "ngram without num_speculative_tokens", "for example 3"),
    Refusal("num_speculative_tokens was provided but without speculative model", SPECULATIVE,
            lambda line: _lacks_draft(line.object(SPECULATIVE)),
            "this method of speculation without a model", "name the draft as `model`"),
    Refusal("Unsupported speculative method:", SPECULATIVE, _predicts_nothing,
            "mtp for a model without layers that predict further tokens", "ngram, or eagle3 with a draft"),
    Refusal("async scheduling is only supported with", "--async-scheduling",
            lambda line: line.is_on("--async-scheduling") and line.object(SPECULATIVE).get("method") in NOT_ASYNC,
            "asynchronous scheduling with this method of speculation", "leave it out: vLLM chooses"),
    Refusal("Async scheduling is not yet compatible with", "--async-scheduling",
            lambda line: line.is_on("--async-scheduling") and line.settings.pipeline > 1,
            "asynchronous scheduling in a pipeline", "leave it out"),
    Refusal("Fast prefill optimization for KV sharing is not", "--kv-sharing-fast-prefill",
            lambda line: line.is_on("--kv-sharing-fast-prefill") and _is_eagle(line),
            "--kv-sharing-fast-prefill with eagle", "leave one of both out"),
    Refusal("Concurrent Partial Prefill", "--max-num-partial-prefills", _partial("--max-num-partial-prefills"),
            "--max-num-partial-prefills other than 1", "leave it out", since=(0, 11)),
    Refusal("Concurrent Partial Prefill", "--max-long-partial-prefills", _partial("--max-long-partial-prefills"),
            "--max-long-partial-prefills other than 1", "leave it out", since=(0, 11)),
    Refusal("attention_backend and attention_config.backend", "--attention-backend",
            _both("--attention-backend", "backend", "--attention-config"),
            "--attention-backend beside a backend in --attention-config", "one of both"),
    Refusal("cudagraph_capture_sizes and compilation_config", "--cudagraph-capture-sizes",
            _both("--cudagraph-capture-sizes", "cudagraph_capture_sizes", COMPILATION),
            f"--cudagraph-capture-sizes beside those in {COMPILATION}", "one of both"),
    Refusal("max_cudagraph_capture_size and compilation_config", "--max-cudagraph-capture-size",
            _both("--max-cudagraph-capture-size", "max_cudagraph_capture_size", COMPILATION),
            f"--max-cudagraph-capture-size beside that in {COMPILATION}", "one of both"),
    Refusal("should be consistent with the max value of", COMPILATION, _captures,
            "a largest size of CUDA graphs that is not the largest of the sizes", "leave the largest out"),
    Refusal("must be <= data_parallel_size", "--data-parallel-size-local",
            lambda line: (line.number("--data-parallel-size-local") or 0) > line.settings.data,
            "--data-parallel-size-local over --data-parallel-size", "--data-parallel-size is that of all nodes"),
    Refusal("data_parallel_external_lb can only be set when data_parallel_size > 1", "--data-parallel-external-lb",
            lambda line: line.is_on("--data-parallel-external-lb") and line.settings.data <= 1,
            "--data-parallel-external-lb for one engine", "--data-parallel-size over 1"),
    Refusal(" must be in the range [0, ", "--data-parallel-rank", _outside_ranks,
            "--data-parallel-rank outside --data-parallel-size", "ranks begin at 0"),
    Refusal("Cannot use both external and hybrid data parallel load", "--data-parallel-hybrid-lb", _balances_twice,
            "external and hybrid load balancing together", "one of both"),
    Refusal("Cannot use both external and hybrid data parallel load", "--data-parallel-start-rank",
            _starts_ranks_twice, "external and hybrid load balancing together", "one of both"),
    Refusal("but EPLB is not enabled", "--eplb-config", _spare_experts,
            "num_redundant_experts without --enable-eplb", "--enable-eplb"),
    Refusal("Elastic EP is only supported", "--enable-elastic-ep",
            lambda line: line.is_on("--enable-elastic-ep") and not line.is_on("--enable-eplb"),
            "--enable-elastic-ep without --enable-eplb", "--enable-eplb"),
    Refusal("'mm_shm_cache_max_object_size_mb' should only be set when", "--mm-shm-cache-max-object-size-mb",
            _idle_shared_cache, "--mm-shm-cache-max-object-size-mb for this cache", "--mm-processor-cache-type shm"),
    Refusal("Cannot set both `pooling_type` and `seq_pooling_type`", "--pooler-config", _pools_twice,
            "pooling_type beside seq_pooling_type", "one of both"),
    Refusal("--enable-log-outputs requires --enable-log-requests", "--enable-log-outputs",
            lambda line: line.is_on("--enable-log-outputs") and not line.is_on("--enable-log-requests"),
            "--enable-log-outputs alone", "--enable-log-requests"),
    Refusal("used with --headless", "--headless",
            lambda line: line.is_on("--headless") and (line.number("--api-server-count") or 0) > 0,
            "--api-server-count beside --headless", "leave one of both out"),
    Refusal("To load a model from object storage", "--load-format", _is_not_streamed,
            "this --load-format for a model in object storage", "runai_streamer"),
)  # fmt: skip
"""In the order in which they are said."""

SENTENCES = tuple(dict.fromkeys(each.sentence for each in REFUSALS))
