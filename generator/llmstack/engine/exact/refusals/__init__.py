"""What vLLM refuses beside one another, by subject: the sentence of its error, and when it holds."""

from __future__ import annotations

from llmstack.engine.exact.refusals import (
    balancing,
    cache,
    compiled,
    connectors,
    devices,
    drafts,
    encoders,
    features,
    former,
    generations,
    layers,
    observing,
    packages,
    parallel,
    serving,
    speculation,
)
from llmstack.engine.exact.refusals.refusal import Refusal

REFUSALS: tuple[Refusal, ...] = (
    *serving.REFUSALS,
    *observing.REFUSALS,
    *speculation.REFUSALS,
    *drafts.REFUSALS,
    *generations.REFUSALS,
    *former.REFUSALS,
    *features.REFUSALS,
    *compiled.REFUSALS,
    *cache.REFUSALS,
    *parallel.REFUSALS,
    *balancing.REFUSALS,
    *devices.REFUSALS,
    *encoders.REFUSALS,
    *connectors.REFUSALS,
    *layers.REFUSALS,
    *packages.REFUSALS,
)
"""All of them, in the order in which they are said."""

SENTENCES = tuple(dict.fromkeys(each.sentence for each in REFUSALS))
"""The pieces of vLLM's errors that are looked for in a release's sources."""
