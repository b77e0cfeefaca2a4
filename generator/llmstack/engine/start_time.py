"""How long an engine takes to start beside reading its weights: a band, where published starts bear one out.

Two parts: what vLLM calls "init engine" (profiling, compiling, capturing CUDA graphs), which grows with the layers, and
everything else (imports in each process, the connections between GPUs, the model's modules, the HTTP server). Both
depend on the machine's CPU more than on the card, so that the band is wide: from half of the least to twice the most of
the rows that it is taken from (tests/engine/times.tsv, where all rows name their source; those of other sources are
held against it). A pod begins with an empty cache, so that the graph is compiled, unless `VLLM_CACHE_ROOT` says where
it is kept: then compiling and capturing may take nothing at the least.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from llmstack.engine.defaults import Minor
from llmstack.engine.facts import ModelFacts
from llmstack.engine.support import Engine

SINCE: Minor = (0, 8)
UNTIL: Minor = (0, 33)
CACHE_ROOT = "VLLM_CACHE_ROOT"
"""The variable that says where vLLM keeps what it compiled."""


class Span(Struct, frozen=True):
    """Seconds, at the least and at the most."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> Span:
        return Span(self.low * factor, self.high * factor)


MARGIN = 2.0
"""From the least divided by it to the most times it."""
PER_LAYER = Span(0.50, 4.40)
"""Seconds of "init engine" for each layer, where graphs are compiled and captured."""
EAGER = Span(0.86, 7.92)
"""Seconds of "init engine" with `--enforce-eager`."""
BESIDE = Span(13.7, 145.4)
"""Seconds until the server answers, beside reading weights and "init engine"."""


def preparing(engine: Engine, *, kept: bool = False) -> Span | tuple[str, ...]:
    """Seconds that a start takes beside reading the weights, or the reasons why nobody can say.

    `kept`: what was compiled may be at hand.
    """
    reasons = tuple(dict.fromkeys(reasons_against(engine)))
    if reasons:
        return reasons
    inside = EAGER if engine.settings.eager else PER_LAYER.times(engine.facts.sizes.layers)
    return BESIDE + (Span(0.0, inside.high) if kept else inside)


def reasons_against(engine: Engine) -> Iterator[str]:
    """Yield why no band is given, each a clause; nothing where one may be."""
    if not SINCE <= engine.release <= UNTIL:
        yield f"no start of vLLM {engine.release[0]}.{engine.release[1]} was timed"
    if engine.card.maker != "nvidia" or engine.card.shared_memory:
        yield f"no start on a {engine.card.name} was timed"
    yield from _model(engine.facts)
    yield from _settings(engine)


def _model(facts: ModelFacts) -> Iterator[str]:
    sizes = facts.sizes
    if facts.quantization is not None:
        yield "starts of quantized checkpoints differ too much"
    if facts.has_vision or sizes.state_layers or sizes.sliding_layers or sizes.index_heads:
        yield "too few starts of this form of model were timed"
    if not sizes.layers:
        yield "the facts lack layers"


def _settings(engine: Engine) -> Iterator[str]:
    settings = engine.settings
    if settings.quantization:
        yield f"no start with --quantization {settings.quantization} was timed"
    if settings.eager and engine.facts.is_moe:
        yield "no eager start with experts was timed"
    if settings.data > 1 or settings.pipeline > 1 or settings.pods > 1:
        yield "no start with data or pipeline parallelism, or over several pods, was timed"
    for name in settings.unread:
        yield f"what {name} does to the time of a start is not known"
