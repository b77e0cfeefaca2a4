"""What is so of one model: its architecture, its sizes, its weights by group, its context.

The shape of facts/models/<org>--<name>.yaml, and of the catalogue of models that comes with the package.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

Origin = Literal["headers", "shapes"]
"""Where the bytes of the weights are from: the headers of the safetensors files, or counted from the configuration."""

VISION_SUFFIXES = ("ForConditionalGeneration", "ForVision2Seq", "VLForCausalLM")
"""Ends of the names of architectures that have an encoder beside the language model, as Hugging Face names them."""


class Sizes(Struct, frozen=True):
    """The numbers of an architecture that decide its memory; 0 where it has no such part, or nobody says."""

    vocabulary: int = 0
    hidden: int = 0
    intermediate: int = 0
    layers: int = 0
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    experts: int = 0
    experts_per_token: int = 0
    expert_intermediate: int = 0
    """Width of one expert, where it is not `intermediate`."""
    shared_intermediate: int = 0
    """Width of the experts that every token passes."""
    dense_layers: int = 0
    """Layers without experts, in a model that has some."""
    window: int = 0
    sliding_layers: int = 0
    """Layers that attend to no more than `window` tokens."""
    state_layers: int = 0
    """Layers that keep a state instead of keys and values: Mamba, linear attention."""
    kv_rank: int = 0
    """Width of the compressed keys and values (multi-head latent attention), without the rotary part."""
    rope_dim: int = 0
    index_heads: int = 0
    """Heads of a sparse attention's indexer."""

    @property
    def expert_width(self) -> int:
        return self.expert_intermediate or self.intermediate


class Groups(Struct, frozen=True):
    """Bytes of the weights by what holds them."""

    embeddings: int = 0
    head: int = 0
    experts: int = 0
    vision: int = 0
    rest: int = 0
    draft: int = 0
    """Layers that predict further tokens, which speculative decoding alone loads."""

    @property
    def total(self) -> int:
        return self.embeddings + self.head + self.experts + self.vision + self.rest + self.draft


class Weights(Struct, frozen=True):
    """The bytes of all tensors, their most common type, and where the count is from."""

    bytes: int
    dtype: str
    groups: Groups = field(default_factory=Groups)
    origin: Origin = "headers"


class Quantization(Struct, frozen=True):
    """How the checkpoint is quantized: vLLM's name of the method, and the block of its scales where it has one; or
    `group`, how many numbers of a row share a scale; and `scheme`, which of the ways that a method has
    (`compressed_tensors.SCHEMES`)."""

    method: str
    block: tuple[int, int] | None = None
    group: int | None = None
    scheme: str | None = None


class ModelFacts(Struct, frozen=True):
    """All that is known of one model. `context` is the longest request that vLLM derives from its configuration;
    None where the configuration does not say one."""

    model: str
    architecture: str
    sizes: Sizes
    context: int | None = None
    weights: Weights | None = None
    quantization: Quantization | None = None
    revision: str | None = None
    config: str | None = None
    """Digest of config.json, as `sha256:…`."""
    base: str | None = None
    """The model that these facts are really of, where they are assumed for a quantized copy of it."""
    least: Groups | None = None
    """Bytes that the weights have at least, where `weights` are unknown; all in `embeddings` where nobody knows in
    which layers they are. No file of facts has it."""

    def __hash__(self) -> int:
        """That of the name: equal facts are of one model, and hashing every size of it would take long."""
        return hash(self.model)

    @property
    def has_vision(self) -> bool:
        """Whether there is an encoder beside the language model: tensors of one, or an architecture named so."""
        groups = self.weights.groups if self.weights else Groups()
        return groups.vision > 0 or self.architecture.endswith(VISION_SUFFIXES)

    @property
    def is_moe(self) -> bool:
        return self.sizes.experts > 1

    @property
    def is_latent(self) -> bool:
        """Whether keys and values are compressed (multi-head latent attention)."""
        return self.sizes.kv_rank > 0
