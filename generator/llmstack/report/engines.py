"""Engines that a change moves, as data and in words, for every report of a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from llmstack.engine.upgrade import Item
from llmstack.report.fit import SAID
from llmstack.report.rollout_groups import say_names
from llmstack.review.engine_change import EngineChange, EngineState

TERMS: Mapping[str, str] = {
    "weights": "weights",
    "activation": "activation",
    "nonTorch": "outside PyTorch",
    "graphs": "CUDA graphs",
    "budget": "budget",
}
"""The terms of memory that are named where they move, as people read them."""
NAMES = 6
"""Engines that are named where several are alike."""
MOVED = 0.05
"""GiB from which a term is said to move."""


def engine_data(engine: EngineChange) -> dict[str, Any]:
    """One item of `engines` in the JSON of a review: GiB per GPU, null where it is not known."""
    before, after = engine.before, engine.after
    return {
        "model": engine.model,
        "gpu": after.gpu,
        "vllm": {"from": before.version if before else None, "to": after.version},
        "verdict": engine.verdict,
        "why": engine.why,
        "kv": {"from": cache_data(before), "to": cache_data(after)},
        "terms": terms_data(after),
        "upgrade": [upgrade_data(item) for item in engine.upgrade],
    }


def cache_data(state: EngineState | None) -> dict[str, Any] | None:
    """The KV cache of one side; null where nothing at all is known of it."""
    if state is None or state.high is None:
        return None
    return {
        "low": _round(state.low),
        "high": _round(state.high),
        "tokens": state.tokens,
        "requests": _round(state.requests),
    }


def terms_data(state: EngineState) -> dict[str, float] | None:
    """The terms of the GPU that decides; rounded, they still add up to the budget."""
    if state.terms is None:
        return None
    parts = {name: round(state.terms[name], 2) for name in ("weights", "activation", "nonTorch", "graphs")}
    return parts | {"kv": round(round(state.terms["budget"], 2) - sum(parts.values()), 2)}


def upgrade_data(item: Item) -> dict[str, Any]:
    return {
        "id": item.kind,
        "flag": item.flag,
        "from": item.before,
        "to": item.after,
        "since": item.since,
        "text": item.text,
    }


def group_engines(engines: Sequence[EngineChange]) -> list[list[EngineChange]]:
    """The engines of which the same becomes together, in the order of the first of each."""
    together: dict[str, list[EngineChange]] = {}
    for engine in engines:
        plain = replace(engine, model="", object="", why=engine.why.replace(engine.model, "…"))
        together.setdefault(repr(plain), []).append(engine)
    return list(together.values())


def say_engine(alike: Sequence[EngineChange]) -> Iterator[str]:
    """Yield what a review says of engines that are alike: the verdict, what the cache becomes, which terms move, what
    else."""
    engine = alike[0]
    before, after = engine.before, engine.after
    what = " · ".join(part for part in (_version(before, after), after.gpu) if part)
    names = say_names([each.model for each in alike], NAMES)
    yield f"{names}: {SAID[engine.verdict]}{f' ({what})' if what else ''}"
    yield engine.why
    cache = _cache(before, after)
    if cache:
        yield cache
    moved = "; ".join(moved_terms(before, after))
    if moved:
        yield f"moved: {moved}"
    yield from (item.text for item in engine.upgrade)


def _version(before: EngineState | None, after: EngineState) -> str:
    old, new = before.version if before else None, after.version
    if old == new or old is None:
        return f"vLLM {new}" if new else ""
    return f"vLLM {old} → {new or 'unknown'}"


def _cache(before: EngineState | None, after: EngineState) -> str:
    """`KV cache 51.1 to 51.8 → 48.0 to 49.2 GiB, 421,248 → 398,000 tokens, 3.21 → 3.04 requests`."""
    if after.low is None:
        return f"the weights leave at most {after.high:.2f} GiB of each GPU" if after.high is not None else ""
    old = before if before is not None and before.low is not None else None
    parts = [
        _arrow(band(old) if old else None, f"{band(after)} GiB per GPU"),
        _arrow(f"{old.tokens:,}" if old and old.tokens is not None else None, f"{after.tokens or 0:,} tokens"),
        _arrow(
            f"{old.requests:.2f}" if old and old.requests is not None else None, f"{after.requests or 0:.2f} requests"
        ),
    ]
    return f"KV cache {', '.join(parts)}"


def band(state: EngineState) -> str:
    """`51.10 to 51.80`, and one number where it was measured; of a state whose least is known."""
    return f"{state.low:.2f}" if state.low == state.high else f"{state.low:.2f} to {state.high:.2f}"


def _arrow(old: str | None, new: str) -> str:
    return new if old is None else f"{old} → {new}"


def moved_terms(before: EngineState | None, after: EngineState) -> Iterator[str]:
    """Yield the terms that moved."""
    if before is None or before.terms is None or after.terms is None:
        return
    for name, said in TERMS.items():
        old, new = before.terms[name], after.terms[name]
        if abs(new - old) >= MOVED:
            yield f"{said} {old:.2f} → {new:.2f} GiB"


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 2)
