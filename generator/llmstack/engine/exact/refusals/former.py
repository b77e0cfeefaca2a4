"""What the former engine (V0, up to 0.10) and releases before 0.8 refuse: speculation by flags of its own, several
steps at once, prompt adapters (vllm/config.py, engine/arg_utils.py)."""

from __future__ import annotations

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.generations import OFF, V1, asks_for_v1
from llmstack.engine.exact.refusals.refusal import Refusal, lacks, says
from llmstack.engine.facts import Sizes

DRAFT, TOKENS, LOOKUP = "--speculative-model", "--num-speculative-tokens", "--ngram-prompt-lookup-max"
STEPS, BLOCK, VOCABULARY = "--num-scheduler-steps", "--block-size", "--lora-extra-vocab-size"
ADAPTER, LONG, PARTIAL = "--enable-prompt-adapter", "--max-long-partial-prefills", "--max-num-partial-prefills"
SPECULATIVE, FORMAT, QUANTIZATION = "--speculative-config", "--load-format", "--quantization"
OFFLOADED, TRANSFER = "--cpu-offload-gb", "--kv-transfer-config"
LENGTH, IN_PIECES = "--max-prompt-adapter-token", "bitsandbytes"
PARTS = "must be greater than or equal to 1."
LARGEST_BLOCK = 32
VOCABULARIES = frozenset((0, 256, 512))
"""What `--lora-extra-vocab-size` may be (`LoRAConfig.__post_init__`)."""
CONNECTORS = frozenset(("PyNcclConnector", "MooncakeConnector"))
"""Those of the releases that list them in `KVTransferConfig` itself."""


def _is_former(line: Line) -> bool:
    """Whether the former engine runs for certain: it was the only one by default before 0.8, and is asked for later."""
    if line.catalogue.release.minor < (0, 8):
        return not asks_for_v1(line)
    return (line.variables.get(V1) or "").strip() in OFF


def _is_on_card(line: Line) -> bool:
    return line.card is not None and line.card.maker == "nvidia"


def _is_under_one(line: Line, flag: str) -> bool:
    """Whether a flag is left out, or under 1; of what comes from a variable nothing is known."""
    number = line.number(flag)
    return flag not in line.given or (number is not None and number < 1)


def _looks_nothing_up(line: Line) -> bool:
    return line.text(DRAFT) == "[ngram]" and _is_under_one(line, LOOKUP)


def _has_odd_vocabulary(line: Line) -> bool:
    return line.is_on("--enable-lora") and line.number(VOCABULARY) not in VOCABULARIES | {None}


def _speculates(line: Line) -> bool:
    return bool(line.text(DRAFT)) or bool(line.object(SPECULATIVE))


def _takes_steps(line: Line) -> bool:
    return (line.number(STEPS) or 1) > 1


def _cuts_in_pipeline(line: Line) -> bool:
    return _takes_steps(line) and line.is_on("--enable-chunked-prefill") and line.settings.pipeline > 1


def _takes_longest_first(line: Line) -> bool:
    """Whether more long prompts than prompts are to be prefilled at once."""
    long = line.number(LONG)
    return long is not None and not 1 <= long <= (line.number(PARTIAL) or 1) and _is_former(line)


def _offloads_beside_adapters(line: Line) -> bool:
    return line.is_on("--enable-lora") and line.settings.offloaded > 0 and _is_former(line)


def _drafts_for_another(line: Line) -> bool:
    """Whether eagle3 is to draft for a model that is no Llama."""
    name = line.facts.architecture if line.facts is not None else "Llama"
    return line.object(SPECULATIVE).get("method") == "eagle3" and not name.startswith("Llama")


def _caches_prefixes_of_windows(line: Line) -> bool:
    """Whether the former engine is to cache prefixes of a model all of whose layers attend to a window; of those with
    other layers too, it takes the windows away itself (`CacheConfig._verify_prefix_caching`)."""
    sizes = line.facts.sizes if line.facts is not None else Sizes()
    former = line.catalogue.release.minor < (0, 8) or (line.variables.get(V1) or "").strip() == "0"
    windows = bool(sizes.window) and sizes.sliding_layers == sizes.layers and not line.is_on("--disable-sliding-window")
    return former and windows and line.is_on("--enable-prefix-caching")


def _takes_no_part(line: Line) -> bool:
    parts = line.number(PARTIAL)
    return parts is not None and parts < 1


REFUSALS: tuple[Refusal, ...] = (
    Refusal("CUDA Paged Attention kernel only supports", BLOCK,
            lambda line: _is_on_card(line) and (line.number(BLOCK) or 0) > LARGEST_BLOCK,
            f"{BLOCK} over {LARGEST_BLOCK}", f"16 or {LARGEST_BLOCK}"),
    Refusal("num_speculative_tokens was provided without ", TOKENS, lambda line: DRAFT not in line.given,
            f"{TOKENS} without {DRAFT}", DRAFT, until=(0, 7)),
    Refusal(" must be > 0", DRAFT, _looks_nothing_up, f"[ngram] without {LOOKUP}", f"{LOOKUP} 4, for example",
            until=(0, 7)),
    Refusal("Speculative decoding is not supported with ", STEPS,
            lambda line: _takes_steps(line) and _speculates(line),
            "several scheduler steps with speculative decoding", "leave one of both out"),
    Refusal("num_scheduler_steps (", STEPS, lambda line: _is_under_one(line, STEPS), f"{STEPS} under 1",
            "1 or more"),
    Refusal("Multi-Step Chunked-Prefill is not supported ", STEPS, _cuts_in_pipeline,
            "several scheduler steps with chunked prefill in a pipeline", "leave one of them out"),
    Refusal("lora_extra_vocab_size (", VOCABULARY, _has_odd_vocabulary, f"this {VOCABULARY}", "256 or 512"),
    Refusal("max_prompt_adapter_token must be set", ADAPTER,
            lambda line: line.is_on(ADAPTER) and _is_under_one(line, LENGTH), f"{ADAPTER} without {LENGTH}",
            f"{LENGTH}, how long one may be"),
    Refusal("max_long_partial_prefills (", LONG, _takes_longest_first, f"{LONG} over {PARTIAL}", f"at most {PARTIAL}"),
    Refusal("BitsAndBytes quantization and QLoRA adapter only support ", QUANTIZATION,
            lambda line: says(QUANTIZATION, IN_PIECES)(line) and lacks(FORMAT, IN_PIECES)(line),
            f"{QUANTIZATION} {IN_PIECES} without {FORMAT} {IN_PIECES}", f"{FORMAT} {IN_PIECES}"),
    Refusal("BitsAndBytes load format and QLoRA adapter only support ", FORMAT,
            lambda line: says(FORMAT, IN_PIECES)(line) and lacks(QUANTIZATION, IN_PIECES)(line),
            f"{FORMAT} {IN_PIECES} without {QUANTIZATION} {IN_PIECES}", f"{QUANTIZATION} {IN_PIECES}"),
    *(Refusal(sentence, OFFLOADED, _offloads_beside_adapters, f"{OFFLOADED} with --enable-lora",
              "leave one of both out")
      for sentence in ("V0 LoRA does not support CPU offload", "CPU offload is not supported with LoRA")),
    Refusal("Eagle3 is only supported for Llama models", SPECULATIVE, _drafts_for_another,
            "eagle3 for a model that is no Llama", "another method, such as ngram"),
    Refusal("Unsupported kv_connector: ", TRANSFER,
            lambda line: line.object(TRANSFER).get("kv_connector") not in CONNECTORS | {None},
            "this connector of keys and values", "PyNcclConnector or MooncakeConnector"),
    Refusal("Prefix caching is not supported with sliding window", "--enable-prefix-caching",
            _caches_prefixes_of_windows, "--enable-prefix-caching of a model with sliding windows in the former engine",
            "--disable-sliding-window, or leave it out", until=(0, 10)),
    Refusal(PARTS, PARTIAL, _takes_no_part, f"{PARTIAL} under 1", "at least 1", until=(0, 10)),
)  # fmt: skip
"""In the order in which they are said."""
