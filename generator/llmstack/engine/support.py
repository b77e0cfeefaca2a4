"""For which engines a number is given at all, how wide its band is, and which measured starts bear it out.

A class is a range of releases, a family of cards, a form of model and a way of parallelism. It has a band only where
published starts that the constants were *not* tuned on fall into it; everything else is unknown, with the reason.
`tests/engine/starts.tsv` holds the rows with their sources; docs/engine.md lists classes and rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from llmstack.engine.blocks import KV_BYTES
from llmstack.engine.cards import Card, Family
from llmstack.engine.defaults import GRAPHS_IN_BUDGET, NEW_RUNNER_COUNTS_GRAPHS, Minor, on_new_runner
from llmstack.engine.facts import ModelFacts
from llmstack.engine.settings import AUTO_LENGTH, Settings

Era = Literal["0.9-0.16", "0.17-0.19", "0.20-0.33"]

ERAS: tuple[tuple[Minor, Minor, Era], ...] = (
    ((0, 9), (0, 16), "0.9-0.16"),
    ((0, 17), (0, 19), "0.17-0.19"),
    ((0, 20), (0, 33), "0.20-0.33"),
)

ARCHITECTURES = frozenset(
    f"{name}For{kind}"
    for kind, names in {
        "CausalLM": (
            *("Llama", "Mistral", "Qwen2", "Qwen3", "Granite", "Gemma", "Gemma2", "Gemma3", "Phi3", "Olmo", "Olmo2"),
            *("Cohere", "StableLm", "InternLM2", "InternLM3", "Glm", "Glm4", "Exaone", "SeedOss", "Ernie4_5"),
            *("Mixtral", "Qwen2Moe", "Qwen3Moe", "GraniteMoe", "DeepseekV2", "DeepseekV3", "GptOss"),
        ),
        "ConditionalGeneration": ("Gemma3", "KimiVL"),
    }.items()
    for name in names
)
"""Architectures whose layers are all of one shape, so that facts describe their KV cache; of any other, nothing that
depends on the shape of its layers is said."""

VISION_BORNE_OUT = frozenset(("Gemma3ForConditionalGeneration", "KimiVLForConditionalGeneration"))
"""Architectures with an encoder of which a measured start is at hand; what another's profiling takes is not known."""

TUNED_ON = ("r012", "r018", "r025", "r027", "r028", "r070")
"""Rows that the constants of `memory.py` were taken from; none of them bears out a class."""


PAIR = ("f030", "f031")
"""Two starts of one engine in `fresh.tsv`: the second finds compiled what the first had to compile. Nothing else was
taken of this file."""

SEEN = ("r096", "f049", "f050", "f113", "f114")
"""Rows in view of which the edge of a band was set; they bear out none either."""


class Support(Struct, frozen=True):
    """A class of engines: the band around the KV cache in GiB per GPU, and the rows that bear it out."""

    era: Era
    form: str
    below: float
    above: float
    rows: tuple[str, ...]
    family: Family | None = None
    """It holds for this family of cards alone, that of all its rows: what several GPUs need to talk to each other, and
    which kernels read numbers of eight bits or fewer, differ from family to family."""


AWQ = ("awq", "awq_marlin")
"""What `--quantization` may say of an AWQ checkpoint: the kernels differ, what they take does not (f004, f010)."""

BAND = 0.6
"""The band in GiB around what is computed, where rows say nothing else. Starts of one release on one card differ by
more than half a GiB from source to source (r088, f049)."""

CLASSES: tuple[Support, ...] = (
    Support("0.9-0.16", "full attention, one GPU", BAND, BAND, ("r073",)),
    Support("0.9-0.16", "full attention, one GPU, eager", BAND, BAND, ("r201",)),
    Support("0.9-0.16", "full attention, tensor parallel 2", 1.35, 1.35, ("r075",), family="Hopper"),
    Support(
        "0.17-0.19",
        "full attention, one GPU",
        BAND,
        BAND,
        ("r001", "r013", "r044", "r086", "r087", "r088", "r099"),
    ),
    Support("0.17-0.19", "sliding windows, one GPU", BAND, BAND, ("r007", "r008", "r009")),
    Support("0.17-0.19", "experts, one GPU", BAND, BAND, ("r038",)),
    Support("0.17-0.19", "experts, tensor parallel 2", BAND, BAND, ("r039",), family="Hopper"),
    Support("0.17-0.19", "fp8 KV cache, one GPU", BAND, BAND, ("r017", "r042"), family="Hopper"),
    Support("0.17-0.19", "fp8 at loading, one GPU", BAND, BAND, ("r019",), family="Hopper"),
    Support("0.17-0.19", "full attention, tensor parallel 2", BAND, BAND, ("r050",), family="Hopper"),
    Support("0.17-0.19", "full attention, tensor parallel 4", BAND, BAND, ("r051",), family="Hopper"),
    Support("0.17-0.19", "full attention, pipeline parallel 2 to 4", BAND, BAND, ("r026",), family="Hopper"),
    # the lower edge was set in view of r096, whose graphs took twice what is usual, so that it bears none out
    Support("0.20-0.33", "full attention, one GPU", 1.2, 0.6, ("r085", "f003", "f009")),
    Support("0.20-0.33", "AWQ, one GPU", 1.2, 0.6, ("f004", "f005", "f006", "f010", "f011"), family="Ada"),
    Support("0.20-0.33", "full attention, one GPU, eager", BAND, BAND, ("r095",)),
)
"""Every class that has a band."""


class Engine(Struct, frozen=True):
    """What one engine is: model, card, release, settings."""

    facts: ModelFacts
    card: Card
    release: Minor
    settings: Settings

    @property
    def on_new_runner(self) -> bool:
        """Whether "model runner v2" serves it. What would forbid it there (`_get_v2_model_runner_unsupported_features`,
        vllm/config/vllm.py) is of no class that has a band."""
        return on_new_runner(self.facts.architecture, dense=not self.facts.is_moe, release=self.release)

    @property
    def graphs_in_budget(self) -> bool:
        """Whether what CUDA graphs will take is left out of the KV cache; else it comes on top of the budget."""
        return self.release >= (NEW_RUNNER_COUNTS_GRAPHS if self.on_new_runner else GRAPHS_IN_BUDGET)


def era_of(release: Minor) -> Era | None:
    """The range of releases that measures memory in one way; None for those that nothing is known of."""
    return next((era for first, last, era in ERAS if first <= release <= last), None)


def support_of(engine: Engine) -> Support | tuple[str, ...]:
    """The class of an engine, or the reasons why there is none for it."""
    reasons = tuple(dict.fromkeys(reasons_against(engine)))
    if reasons:
        return reasons
    era, form = era_of(engine.release), form_of(engine)
    found = next((each for each in CLASSES if each.era == era and each.form == form), None)
    if found is None:
        return (f"no measured start of vLLM {era} bears out {form}",)
    if found.family is not None and engine.card.family != found.family:
        return (f"{form} is measured on {found.family} alone",)
    return found


def form_of(engine: Engine) -> str:
    """The form of model and parallelism that a class is about, in words."""
    sizes, settings = engine.facts.sizes, engine.settings
    kind = "experts" if engine.facts.is_moe else "sliding windows" if sizes.sliding_layers else "full attention"
    if kind == "full attention":
        kind = "latent attention" if sizes.kv_rank else kind
        kind = "fp8 KV cache" if KV_BYTES.get(settings.kv_dtype) == 1 else kind
        kind = "fp8 at loading" if settings.quantization == "fp8" else kind
        kind = "AWQ" if _is_awq(engine.facts) else kind
    if settings.pipeline > 1:
        stages = "2 to 4" if settings.pipeline in (2, 3, 4) else str(settings.pipeline)
        return f"{kind}, pipeline parallel {stages}"
    many = "one GPU" if settings.tensor == 1 else f"tensor parallel {settings.tensor}"
    eager = settings.eager and era_of(engine.release) != "0.17-0.19"
    return f"{kind}, {many}" + (", eager" if eager else "")


def reasons_against(engine: Engine) -> Iterator[str]:
    """Yield why no number is given, each a clause; nothing where one may be."""
    yield from _release_and_card(engine)
    yield from _model(engine.facts)
    yield from _settings(engine)


def _release_and_card(engine: Engine) -> Iterator[str]:
    card, release = engine.card, engine.release
    if era_of(release) is None:
        yield f"nothing is measured for vLLM {release[0]}.{release[1]}"
    if card.memory is None:
        yield f"nobody has published what CUDA sees of a {card.name}'s memory"
    elif card.maker != "nvidia":
        yield f"nothing is measured for a {card.name} (ROCm)"
    elif card.shared_memory:
        yield f"a {card.name} shares its memory with the CPU"
    elif card.family in ("Turing", "Blackwell"):
        yield f"no measured start of a {card.name}'s generation is at hand"
    elif card.family == "Volta" and era_of(release) != "0.17-0.19":
        yield f"no measured start of a {card.name} with this release is at hand"


def _model(facts: ModelFacts) -> Iterator[str]:
    if facts.architecture not in ARCHITECTURES:
        yield f"the layers of {facts.architecture or 'an unnamed architecture'} are not known to be of one shape"
    if facts.weights is None:
        yield "the size of the weights is not known"
    elif facts.weights.dtype not in ("bfloat16", "float16") and not _is_awq(facts):
        yield f"weights of type {facts.weights.dtype or 'unknown'} are not computed"
    yield from _layers(facts)


def _layers(facts: ModelFacts) -> Iterator[str]:
    sizes = facts.sizes
    if facts.quantization is not None and not _is_awq(facts):
        yield f"what {facts.quantization.method} checkpoints take beside their weights is not measured"
    if sizes.state_layers:
        yield "layers that keep a state (Mamba, linear attention) are not computed"
    if sizes.index_heads:
        yield "sparse attention is not computed"
    if facts.has_vision and facts.architecture not in VISION_BORNE_OUT:
        yield "what the profiling of this model's encoder takes is not measured"
    if not (sizes.vocabulary and sizes.hidden and sizes.intermediate and sizes.layers):
        yield "the facts lack vocabulary, hidden, intermediate or layers"
    if not sizes.kv_rank and not (sizes.kv_heads and sizes.head_dim):
        yield "the facts lack kvHeads or headDim"


def _settings(engine: Engine) -> Iterator[str]:
    settings = engine.settings
    for name in settings.unread:
        yield f"what {name} does to memory is not computed"
    if settings.blocks:
        yield "a KV cache of so many blocks (--num-gpu-blocks-override) is not computed"
    yield from _parallel(settings)
    if settings.dtype not in ("auto", "bfloat16", "float16", "half"):
        yield f"--dtype {settings.dtype} is not measured"
    if settings.quantization not in (None, "fp8", *(AWQ if _is_awq(engine.facts) else ())):
        yield f"--quantization {settings.quantization} is not measured"
    if settings.kv_dtype not in KV_BYTES and settings.kv_dtype != "auto":
        yield f"a KV cache of {settings.kv_dtype} is not computed"
    if settings.length == AUTO_LENGTH:
        yield "vLLM chooses the longest request itself"
    yield from _pairs(engine)


def _parallel(settings: Settings) -> Iterator[str]:
    """Ways of parallelism."""
    if settings.pods > 1:
        yield "engines over several pods are not measured"
    if settings.data > 1:
        yield "data parallel engines are not measured"
    if settings.tensor > 1 and settings.pipeline > 1:
        yield "tensor and pipeline parallel together are not measured"


def _pairs(engine: Engine) -> Iterator[str]:
    """Two things that are measured, each alone."""
    settings, sizes, facts = engine.settings, engine.facts.sizes, engine.facts
    is_plain = not (facts.is_moe or facts.has_vision or sizes.sliding_layers or sizes.kv_rank)
    small_kv, small_weights = KV_BYTES.get(settings.kv_dtype) == 1, settings.quantization == "fp8"
    used = {"an fp8 KV cache": small_kv, "fp8 at loading": small_weights, "AWQ": _is_awq(facts)}
    for name in (name for name, is_used in used.items() if is_used):
        if not is_plain or sum(used.values()) > 1:
            yield f"{name} is measured for plain models alone"
    if sizes.sliding_layers and facts.is_moe:
        yield "experts together with sliding windows are not measured"
    if engine.card.capability is not None and engine.card.capability < (8, 9) and (small_kv or small_weights):
        yield f"fp8 on a {engine.card.name} is not measured"


def _is_awq(facts: ModelFacts) -> bool:
    """Whether the checkpoint has linear layers of four bits, as AutoAWQ writes them."""
    return facts.quantization is not None and facts.quantization.method == "awq"
