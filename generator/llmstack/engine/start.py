"""Whether an engine starts, with how much KV cache: the answer, its band, and why.

Three words where a class of engines is borne out by measured starts (`support.py`), and "unknown" everywhere else. One
answer holds for every class: where the weights alone leave less than one request needs, it does not start.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from llmstack.engine.blocks import KV_BYTES, Layout, layout_of
from llmstack.engine.bound import lacking_blocks, least_need, most_left
from llmstack.engine.defaults import BLOCK_SIZE, batch_of
from llmstack.engine.memory import GIB, Stage, Terms, graph_memory, longest_request, stages
from llmstack.engine.support import Engine, Support, support_of

Verdict = Literal["starts", "does-not-start", "too-close", "unknown"]

CONTEXT_LEAST, CONTEXT_MOST = 0.1, 0.55
"""GiB that CUDA itself has taken before vLLM looks: 0.51 on an H100 (78.68 of 79.19 free, r018); between these two it
cannot be told whether `utilization x total` is still free."""
WARM_UP = 0.3
"""GiB beside the graphs that the first real step wants where they are outside the budget."""


class Cache(Struct, frozen=True):
    """The KV cache: GiB per GPU at least and at most, and what vLLM logs of it in the middle of the band.

    `high` alone is known where no class bears the engine out: what the weights leave.
    """

    low: float | None
    high: float | None
    tokens: int | None = None
    requests: float | None = None
    requests_low: float | None = None
    requests_high: float | None = None


class Start(Struct, frozen=True):
    """What becomes of a start. `terms` are those of the GPU that decides; None where they are unknown."""

    verdict: Verdict
    why: str
    length: int | None = None
    terms: Terms | None = None
    cache: Cache | None = None
    support: Support | None = None
    measured: bool = False
    """Whether this is what the engine was measured to do, and no computation."""


def foresee(engine: Engine) -> Start:
    """Say whether an engine starts, with how much KV cache."""
    support = support_of(engine)
    length = longest_request(engine.facts, engine.settings)
    if isinstance(support, tuple) or length is None:
        reasons = support if isinstance(support, tuple) else ("neither flags nor facts say the longest request",)
        return _bounded(engine, length, reasons)
    found = stages(engine, length)
    layouts = [_layout(engine, stage.layers) for stage in found]
    if any(layout is None for layout in layouts):
        return _bounded(engine, length, ("how layers of two kinds spread over stages is not computed",))
    return _judge(engine, support, length, found, [layout for layout in layouts if layout is not None])


def _layout(engine: Engine, layers: int) -> Layout | None:
    settings = engine.settings
    return layout_of(
        engine.facts.sizes,
        layers,
        settings.tensor,
        element_bytes(engine),
        settings.block_size or BLOCK_SIZE,
        engine.release,
    )


def element_bytes(engine: Engine) -> int:
    """Bytes of one number of the KV cache: that of `--kv-cache-dtype`, else of the model's type, two."""
    return KV_BYTES.get(engine.settings.kv_dtype, 2)


def _judge(engine: Engine, support: Support, length: int, found: tuple[Stage, ...], layouts: list[Layout]) -> Start:
    """The answer for an engine of a class that is borne out."""
    fixed = bool(engine.settings.kv_bytes)
    below, above = (0.0, 0.0) if fixed else (support.below, support.above)
    pairs = list(zip(found, layouts, strict=True))
    tight = min(pairs, key=lambda pair: pair[1].blocks(pair[0].terms.kv * GIB))
    low = min(stage.terms.kv for stage in found) - below
    high = max(_most_of(stage, above) for stage in found)
    step = batch_of(engine.card, engine.release, engine.settings.sequences, engine.settings.tokens, length).tokens
    terms, layout = tight[0].terms, tight[1]
    least = [(layout, (stage.terms.kv - below) * GIB) for stage, layout in pairs]
    most = [(layout, _most_of(stage, above) * GIB) for stage, layout in pairs]
    fewest = min(each.requests(memory, length, step) for each, memory in least)
    cache = Cache(
        low=max(0.0, low),
        high=max(0.0, high),
        tokens=layout.tokens(terms.kv * GIB, length, step),
        requests=layout.requests(terms.kv * GIB, length, step),
        requests_low=fewest,
        requests_high=min(each.requests(memory, length, step) for each, memory in most),
    )
    need = layout.blocks_of_request(length, step) * layout.block_bytes / GIB
    room = Room(
        f"one request of {length} tokens needs {need:.2f} GiB of KV cache",
        surely=fewest >= 1 and all(each.admits(memory, length, step) for each, memory in least),
        perhaps=all(each.admits(memory, length, step) for each, memory in most),
    )
    verdict, why = _verdict(engine, low, high, terms, room)
    return Start(verdict, why, length, terms, cache, support)


def _most_of(stage: Stage, above: float) -> float:
    """GiB of KV cache on a GPU of a stage at most: the end of the band, and never more than the weights leave."""
    return min(stage.terms.kv + stage.spare + above, stage.terms.budget - stage.terms.weights)


class Room(Struct, frozen=True):
    """What one request needs, in words, and whether there is surely, or perhaps, room for it."""

    need: str
    surely: bool
    perhaps: bool


def _verdict(engine: Engine, low: float, high: float, terms: Terms, room: Room) -> tuple[Verdict, str]:
    """The answer and why, where `low` to `high` GiB are left."""
    if engine.settings.kv_bytes:
        return _verdict_of_fixed(engine, terms, room)
    low, high = max(0.0, low), max(0.0, high)
    if not room.perhaps:
        return "does-not-start", f"{room.need}; at most {high:.2f} GiB are left"
    total = engine.card.memory or 0.0
    if terms.budget > total - CONTEXT_LEAST:
        return "does-not-start", f"{terms.budget:.2f} GiB are asked of a GPU that never has them free"
    if not room.surely:
        return "too-close", f"{room.need}; {low:.2f} to {high:.2f} GiB are left"
    outside = 0.0 if engine.graphs_in_budget else graph_memory(engine) + WARM_UP
    if terms.budget + outside > total - CONTEXT_MOST:
        return "too-close", f"{total - terms.budget:.2f} GiB outside the budget may not do for CUDA and its graphs"
    return "starts", f"{room.need}; at least {low:.2f} GiB are left"


def _verdict_of_fixed(engine: Engine, terms: Terms, room: Room) -> tuple[Verdict, str]:
    """With `--kv-cache-memory-bytes` the cache is what it says, and the question is whether all of it is there."""
    if not room.perhaps:
        return "does-not-start", f"{room.need}; --kv-cache-memory-bytes gives {terms.kv:.2f} GiB"
    total = engine.card.memory or 0.0
    wanted = terms.weights + terms.activation + terms.other + graph_memory(engine) + terms.kv
    if wanted - 1.0 > total - CONTEXT_LEAST:
        return "does-not-start", f"all terms together are {wanted:.2f} GiB of {total:.2f}"
    if wanted + 1.0 > total - CONTEXT_MOST:
        return "too-close", f"all terms together are about {wanted:.2f} GiB of {total:.2f}"
    return "starts", f"{room.need}; --kv-cache-memory-bytes gives {terms.kv:.2f} GiB"


def _bounded(engine: Engine, length: int | None, reasons: tuple[str, ...]) -> Start:
    """The answer for an engine of no class: what the weights leave at most, and whether one request fits into it."""
    unknown = "; ".join(reasons)
    lacking = lacking_blocks(engine, length)
    if lacking is not None:
        given = f"--num-gpu-blocks-override gives {engine.settings.blocks}"
        return Start("does-not-start", f"one request of {length} tokens needs {lacking} blocks; {given}", length)
    most = most_left(engine)
    need = least_need(engine, length)
    if most is None:
        return Start("unknown", unknown, length)
    fixed = engine.settings.kv_bytes
    if fixed and need is not None and need > fixed:
        given = f"--kv-cache-memory-bytes gives {fixed / GIB:.2f}"
        return Start("does-not-start", f"one request of {length} tokens needs {need / GIB:.2f} GiB; {given}", length)
    cache = Cache(None, max(0.0, most))
    if most <= 0:
        what = "weights and adapters" if engine.settings.adapters else "weights"
        return Start("does-not-start", f"the {what} alone are more than the engine may take", length, None, cache)
    if need is not None and need / GIB > most:
        why = f"one request of {length} tokens needs {need / GIB:.2f} GiB; the weights leave {most:.2f} GiB at most"
        return Start("does-not-start", why, length, None, cache)
    return Start("unknown", unknown, length, None, cache)
