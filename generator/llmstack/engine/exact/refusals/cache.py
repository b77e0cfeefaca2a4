"""What is cached, in which form and where (vllm/config/vllm.py, mamba.py, kv_transfer.py)."""

from __future__ import annotations

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal
from llmstack.engine.exact.types import TYPES
from llmstack.engine.support import ARCHITECTURES

MAMBA_BLOCK, KV_DTYPE, REPLAY, ALGORITHM = (
    "--mamba-block-size",
    "--kv-cache-dtype",
    "--use-replayssm",
    "--mamba-ssu-algorithm",
)
TRANSFER, HOST_POOL = "--kv-transfer-config", "HiSparseConnector"
IN_GROUP, GROUP, STEP = "--offload-num-in-group", "--offload-group-size", "--offload-prefetch-step"
UNIT = "--prefix-match-unit"
RETURNED = "--enable-return-routed-experts"
ROUNDING, BUFFER, OFFLOAD = (
    "--enable-mamba-cache-stochastic-rounding",
    "--replayssm-buffer-len",
    "--kv-offloading-backend",
)
STATE_ALONE = (0, 28)
"""Up to here `--use-replayssm` is of Mamba's states alone, and all of its models are held to the same."""
WITHOUT_EXPERTS = frozenset(
    ("NixlConnector", "NixlPullConnector", "NixlPushConnector", "MoRIIOConnector", "MooncakeConnector")
)
"""Connectors that move keys and values without the experts that were chosen."""
AWAKE = frozenset(("MooncakeStoreConnector",))
"""Connectors that never follow a cache whose memory comes and goes (`supports_sleep_mode`)."""
ALLOCATOR = "PYTORCH_CUDA_ALLOC_CONF"
PINNED = ("--enable-cumem-allocator", "--enable-sleep-mode")
"""Flags with which keys and values stay where they are, whatever PyTorch's allocator does."""


def _blocks_without_prefixes(line: Line) -> bool:
    size = line.number(MAMBA_BLOCK)
    off = line.text("--enable-prefix-caching").lower() == "false"
    return size is not None and size != line.settings.length and off


def _halves_what_is_compressed(line: Line) -> bool:
    dtype = line.text(KV_DTYPE).lower()
    plain = dtype.startswith("nvfp4") and not dtype.endswith("_ds_mla")
    return plain and line.facts is not None and line.facts.is_latent and "VLLM_MLA_DISABLE" not in line.variables


def _matches_other_parts(line: Line) -> bool:
    """Whether prefixes are to be matched by another part than a block, where all layers are of one kind."""
    unit, size = line.number(UNIT), line.settings.block_size
    one = line.facts is not None and line.facts.architecture in ARCHITECTURES and not line.facts.sizes.sliding_layers
    spread = "--decode-context-parallel-size" in line.given
    off = line.text("--enable-prefix-caching").lower() == "false"
    return unit is not None and size is not None and unit != size and one and not spread and not off


def _keeps_no_state(line: Line) -> bool:
    """Whether states are to be replayed of a model that has attention alone."""
    return line.is_on(REPLAY) and line.facts is not None and line.facts.architecture in ARCHITECTURES


def _chooses_without_kernels(line: Line) -> bool:
    chosen = line.text("--mamba-backend").lower() or str(line.object("--mamba-config").get("backend")).lower()
    return bool(line.text(ALGORITHM)) and chosen != "flashinfer"


def _has_no_host_pool(line: Line) -> bool:
    config = line.object(TRANSFER)
    more = config.get("kv_connector_extra_config")
    size = more.get("host_pool_gib") if isinstance(more, dict) else None
    return config.get("kv_connector") == HOST_POOL and size is None


def _moves_what_is_pinned(line: Line) -> bool:
    """Whether PyTorch may move keys and values that a connector has registered."""
    moves = "expandable_segments:True" in (line.variables.get(ALLOCATOR) or "")
    return moves and bool(line.object(TRANSFER).get("kv_connector")) and not any(map(line.is_on, PINNED))


def _type_of(line: Line) -> str | None:
    """The type that the model computes in; None where nobody can say."""
    said = line.settings.dtype
    if said != "auto":
        return TYPES.get(said)
    weights = line.facts.weights if line.facts is not None and line.facts.quantization is None else None
    has = line.card.capability if line.card is not None else None
    return weights.dtype if weights is not None and has is not None and has >= (8, 0) else None


def _stores_other_numbers(line: Line) -> bool:
    stored, computed = line.text(KV_DTYPE).lower(), _type_of(line)
    return stored in ("float16", "bfloat16") and computed in TYPES.values() and stored != computed


def _rounds_whole_numbers(line: Line) -> bool:
    return line.is_on(ROUNDING) and line.text("--mamba-ssm-cache-dtype").lower() != "float16"


def _rounds_without_instruction(line: Line) -> bool:
    """Whether the card has no instruction for what Triton's kernels are to do."""
    other = line.text("--mamba-backend").lower() not in ("", "triton") or "backend" in line.object("--mamba-config")
    has = line.card.capability if line.card is not None else None
    return line.is_on(ROUNDING) and not other and has is not None and has[0] != 10


def _buffers_too_much(line: Line) -> bool:
    flashinfer = line.text("--mamba-backend").lower() == "flashinfer"
    return flashinfer and line.is_on(REPLAY) and (line.number(BUFFER) or 0) > 16


def _moves_what_is_replayed(line: Line) -> bool:
    """Whether states are to be replayed of which a connector moves the rest; Kimi's are not (`use_kda_recoverssm`)."""
    kimi = line.facts is None or "Kimi" in line.facts.architecture
    return line.is_on(REPLAY) and bool(line.object(TRANSFER).get("kv_connector")) and not kimi


def _sleeps_while_it_serves(line: Line) -> bool:
    return line.is_on("--enable-sleep-mode") and line.object(TRANSFER).get("kv_connector") in AWAKE


def _offloads_nothing(line: Line) -> bool:
    return bool(line.text(OFFLOAD)) and "--kv-offloading-size" not in line.given


def _replays_drafts(line: Line) -> bool:
    return line.is_on(REPLAY) and "--speculative-config" in line.given


def _replays_all(line: Line) -> bool:
    return line.is_on(REPLAY) and line.text("--mamba-cache-mode") == "all"


def _replays_by_others(line: Line) -> bool:
    return line.is_on(REPLAY) and line.text("--mamba-backend") not in ("", "triton")


def _prefetches_nothing(line: Line) -> bool:
    step = line.number(STEP)
    return step is not None and step < 1 and (line.number(GROUP) or 0) > 0


def _gives_whole_prompts(line: Line) -> bool:
    """Whether a connector that wants prompts in one piece is given them in parts, as is the default."""
    chunked = line.is_on("--enable-chunked-prefill") or "--enable-chunked-prefill" not in line.given
    return chunked and line.object(TRANSFER).get("kv_connector") == "ExampleHiddenStatesConnector"


def _moves_what_is_returned(line: Line) -> bool:
    config = line.object(TRANSFER)
    return line.is_on(RETURNED) and bool(config.get("kv_connector")) and bool(config.get("kv_role"))


def _moves_apart_from_experts(line: Line) -> bool:
    return line.is_on(RETURNED) and line.object(TRANSFER).get("kv_connector") in WITHOUT_EXPERTS


def _returns_no_experts(line: Line) -> bool:
    dense = line.facts is not None and line.facts.architecture in ARCHITECTURES and not line.facts.is_moe
    return line.is_on(RETURNED) and dense


def _returns_what_is_not_kept(line: Line) -> bool:
    return line.is_on(RETURNED) and (line.given.get("--enable-prefix-caching") or "").lower() == "false"


REFUSALS: tuple[Refusal, ...] = (
    Refusal("--mamba-block-size can only be set with", MAMBA_BLOCK, _blocks_without_prefixes,
            f"{MAMBA_BLOCK} without prefix caching", "--enable-prefix-caching, or leave it out"),
    Refusal("nvfp4 KV cache is not supported with MLA", KV_DTYPE, _halves_what_is_compressed,
            f"{KV_DTYPE} nvfp4 for keys and values that are compressed", "fp8"),
    Refusal(" is incompatible with dtype=\"", KV_DTYPE, _stores_other_numbers,
            f"a {KV_DTYPE} that is not the model's type", "auto"),
    Refusal("--use-replayssm is not supported for architecture", REPLAY, _keeps_no_state,
            f"{REPLAY} for a model without states", "leave it out"),
    Refusal("Mamba SSU algorithm selection is only supported", ALGORITHM, _chooses_without_kernels,
            f"{ALGORITHM} with this --mamba-backend", "--mamba-backend flashinfer"),
    Refusal("incompatible with PYTORCH_CUDA_ALLOC_CONF", TRANSFER, _moves_what_is_pinned,
            f"a KV connector with expandable_segments:True in {ALLOCATOR}", "without it, or --enable-cumem-allocator"),
    Refusal(" must be <= offload_group_size", IN_GROUP,
            lambda line: (line.number(IN_GROUP) or 0) > (line.number(GROUP) or 0) > 0,
            f"{IN_GROUP} over {GROUP}", f"at most {GROUP}"),
    Refusal("Stochastic rounding for Mamba cache requires", ROUNDING, _rounds_whole_numbers,
            f"{ROUNDING} without --mamba-ssm-cache-dtype float16", "--mamba-ssm-cache-dtype float16"),
    Refusal("Stochastic rounding for Mamba cache with triton", ROUNDING, _rounds_without_instruction,
            f"{ROUNDING} on a card that is no data center Blackwell", "--mamba-backend flashinfer"),
    Refusal("FlashInfer ReplaySSM requires --replayssm-buffer-len <= 16", BUFFER, _buffers_too_much,
            f"{BUFFER} over 16 with --mamba-backend flashinfer", "at most 16"),
    Refusal("--use-replayssm is incompatible with KV connectors", REPLAY, _moves_what_is_replayed,
            f"{REPLAY} with a KV connector", "leave one of both out"),
    Refusal(" does not support sleep mode", "--enable-sleep-mode", _sleeps_while_it_serves,
            "--enable-sleep-mode with this KV connector", "leave one of both out"),
    Refusal("You must set kv_offloading_size when", OFFLOAD, _offloads_nothing,
            f"{OFFLOAD} without --kv-offloading-size", "--kv-offloading-size, in GiB"),
    Refusal("with a single KV cache group, prefix-cache hits land", UNIT, _matches_other_parts,
            f"this {UNIT} for layers of one kind", "--block-size, or leave it out"),
    Refusal("HiSparseConnector requires host_pool_gib", TRANSFER, _has_no_host_pool,
            "a HiSparseConnector without host_pool_gib", "host_pool_gib in kv_connector_extra_config"),
    Refusal("--use-replayssm is only supported for Nemotron-H", REPLAY, _keeps_no_state,
            f"{REPLAY} for another model than Nemotron-H", "leave it out"),
    Refusal("--use-replayssm does not support speculative", REPLAY, _replays_drafts,
            f"{REPLAY} with --speculative-config", "leave one of both out"),
    Refusal("prefix caching only in align mode", REPLAY, _replays_all,
            f"{REPLAY} with --mamba-cache-mode all", "--mamba-cache-mode align", until=STATE_ALONE),
    Refusal("--use-replayssm requires --mamba-backend triton", REPLAY, _replays_by_others,
            f"{REPLAY} with this --mamba-backend", "--mamba-backend triton", until=STATE_ALONE),
    Refusal(" must be >= 1 when prefetch offloading", STEP, _prefetches_nothing,
            f"{STEP} under 1 with {GROUP}", "at least 1"),
    Refusal("ExampleHiddenStatesConnector does not support chunked", TRANSFER, _gives_whole_prompts,
            "an ExampleHiddenStatesConnector with chunked prefill", "--no-enable-chunked-prefill"),
    Refusal("--enable-return-routed-experts is incompatible with KV", RETURNED, _moves_what_is_returned,
            f"{RETURNED} with a KV connector", "leave one of both out"),
    Refusal("; PD auxiliary output is not supported", RETURNED, _moves_apart_from_experts,
            f"{RETURNED} with this KV connector", "leave one of both out"),
    Refusal("AuxOutput Connector only supports MoE models", RETURNED, _returns_no_experts,
            f"{RETURNED} for a model without experts", "leave it out"),
    Refusal("AuxOutput Connector requires prefix caching", RETURNED, _returns_what_is_not_kept,
            f"{RETURNED} without prefix caching", "leave one of both out"),
)  # fmt: skip
"""In the order in which they are said."""
