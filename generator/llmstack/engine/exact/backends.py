"""An attention backend that the release does not know, or that does not go with model, card or KV cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.engine import registry
from llmstack.engine.cards import Card
from llmstack.engine.defaults import Minor
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.types import TYPES
from llmstack.engine.facts import ModelFacts
from llmstack.engine.registry import Traits
from llmstack.engine.settings import Settings
from llmstack.engine.support import ARCHITECTURES

ENFORCED: Minor = (0, 11)
"""From here an unknown attention backend ends the start; before, it was passed over."""
SINKS = frozenset(("GptOssForCausalLM",))
"""Architectures whose heads have sinks."""
FLASHINFER_SINKS_KNOWN: Minor = (0, 25)
"""The last release of which it is known that FlashInfer has sinks on compute capability 10 alone (`supports_sink`,
vllm/v1/attention/backends/flashinfer.py)."""
FITS: Minor = (0, 12)
"""From here a backend is asked whether it goes with the rest (`CudaPlatform.get_attn_backend_cls`)."""


def unknown_backend(name: str, among: Sequence[str], release: Minor) -> Iterator[Fault]:
    """Yield an attention backend that the release does not know (`AttentionBackendEnum`)."""
    upper = name.upper()
    if release < ENFORCED or upper == "AUTO" or any(registry.has_backend(upper, each) for each in among):
        return
    known = ", ".join(each for each in registry.backends(among[0]) if not each.startswith(("ROCM", "XPU", "CPU")))
    yield Fault("backend", f"vLLM {among[0]} has no attention backend `{name}`", f"it has {known}")


def unfit_backend(
    name: str, facts: ModelFacts, settings: Settings, card: Card | None, among: Sequence[str], release: Minor
) -> Iterator[Fault]:
    """Yield why a backend that the release knows does not serve this engine (`AttentionBackend.validate_configuration`,
    vllm/v1/attention/backend.py)."""
    upper = name.upper()
    if release < FITS or len(among) != 1 or facts.architecture not in ARCHITECTURES:
        return
    traits = registry.backend_traits(upper, among[0])
    reason = (
        _for_model(upper, facts, traits)
        or _for_sinks(upper, facts, card, release)
        or _for_card(upper, settings, card, traits)
        or _for_settings(upper, facts, settings, traits)
    )
    if reason:
        yield Fault("backend", reason, "leave it out: vLLM chooses one that does")


def _for_model(backend: str, facts: ModelFacts, traits: Traits) -> str | None:
    """Why a backend does not serve a model's attention; None where it does, or nobody can say."""
    latent, size = traits.latent, facts.sizes.head_dim
    if latent is not None and latent != facts.is_latent:
        kind = "multi-head latent attention" if facts.is_latent else "plain attention"
        return f"{backend} is not for {kind}, which {facts.architecture} has"
    if not facts.is_latent and size and traits.heads is not None and size not in traits.heads:
        return f"{backend} has no kernels for heads of {size}, which {facts.architecture} has"
    return None


def _for_sinks(backend: str, facts: ModelFacts, card: Card | None, release: Minor) -> str | None:
    """Why a backend does not serve heads with sinks (`supports_sink`, vllm/v1/attention/backends/); None where it does,
    or nobody can say. FlashAttention has them from version 3 on, which is for Hopper."""
    if facts.architecture not in SINKS or card is None or card.capability is None or card.maker != "nvidia":
        return None
    major = card.capability[0]
    lacking = {
        "FLASH_ATTN": major < 9,
        "FLASHINFER": major != 10 and release <= FLASHINFER_SINKS_KNOWN,
        "FLEX_ATTENTION": True,
    }
    if not lacking.get(backend):
        return None
    return f"{backend} has no attention sinks on a {card.name}, which {facts.architecture} has"


def _for_settings(backend: str, facts: ModelFacts, settings: Settings, traits: Traits) -> str | None:
    """Why a backend does not go with what the arguments say; None where it does, or nobody can say."""
    stored, computed, size = settings.kv_dtype, TYPES.get(settings.dtype), settings.block_size
    if stored != "auto" and traits.kv_types is not None and stored not in traits.kv_types:
        return f"{backend} reads no KV cache of {stored}"
    if computed is not None and traits.types is not None and computed not in traits.types:
        return f"{backend} does not compute in {computed}"
    # where keys and values are compressed, vLLM itself chooses the block (`update_block_size_for_backend`)
    if facts.is_latent or size is None or traits.blocks is None or any(size % each == 0 for each in traits.blocks):
        return None
    return f"{backend} has no blocks of {size}: they are multiples of {min(traits.blocks)}"


def _for_card(backend: str, settings: Settings, card: Card | None, traits: Traits) -> str | None:
    """Why a backend does not serve on a card; None where it does, or nobody can say."""
    if card is None or card.capability is None or card.maker != "nvidia":
        return None
    major, minor = card.capability
    known = traits.capabilities
    number = major * 10 + minor
    if known is not None and number <= registry.LAST_ASKED and number not in known:
        return f"{backend} is not for a {card.name} ({major}.{minor})"
    # FlashAttention 3 alone reads fp8 (`flash_attn_supports_fp8`, vllm/v1/attention/backends/fa_utils.py)
    if backend == "FLASH_ATTN" and settings.kv_dtype.startswith("fp8") and major < 9:
        return f"FLASH_ATTN reads no fp8 KV cache on a {card.name}"
    return None
