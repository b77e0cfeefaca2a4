"""The engines that `llmstack fit` speaks of: as text whose terms add up, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from llmstack.engine.start import Cache, Start
from llmstack.fit.answer import Answer
from llmstack.fit.loading import Loading
from llmstack.report.visible import bounded
from llmstack.review.wording import say_exactly

SAID = {
    "starts": "starts",
    "does-not-start": "does not start",
    "too-close": "too close to tell",
    "unknown": "unknown",
}
"""The verdicts, as people read them."""

Named = tuple[str, Answer]
"""An environment, and the answer about one of its engines."""


def fit_text(answers: Sequence[Named]) -> str:
    """A paragraph for each engine."""
    return "\n".join(
        "".join(f"{bounded(line)}\n" for line in _paragraph(environment, answer)) for environment, answer in answers
    )


def _paragraph(environment: str, answer: Answer) -> Iterator[str]:
    start = answer.start
    yield f"{environment}/{answer.model}: {SAID[start.verdict]}"
    yield f"  {_engine(answer)}"
    yield f"  {start.why}"
    if start.terms is not None:
        yield from _terms(answer)
    elif start.cache is not None and start.cache.high is not None:
        yield f"  The weights leave at most {start.cache.high:.2f} GiB of each GPU for the KV cache."
    if start.cache is not None and start.cache.tokens is not None and start.cache.requests is not None:
        requests = f"{start.cache.requests:.2f} requests of {start.length:,} tokens"
        yield f"  The KV cache holds about {start.cache.tokens:,} tokens: {requests} at once."
    yield from _proposals(answer)
    if answer.loading is not None:
        yield f"  {_loading(answer.loading)}"
    if start.support is not None:
        borne_out = f"borne out by {', '.join(start.support.rows)} (docs/engine.md)"
        yield f"  Band of vLLM {start.support.era}, {start.support.form}: {borne_out}."


def _loading(loading: Loading) -> str:
    """How long it loads, image pull and waiting apart, and what of that is not known."""
    reading, beside = loading.reading, loading.beside
    why = "; ".join(loading.why)
    if beside is None:
        if reading is None:
            return f"How long it loads is unknown: {why}."
        return f"It loads at least {say_exactly(reading)}, for reading the weights; how much longer is unknown: {why}."
    other = f"{say_exactly(beside.low)} to {say_exactly(beside.high)}"
    if reading is None:
        return f"It loads {other} (assumed) beside reading the weights: {why}."
    both = f"{say_exactly(reading + beside.low)} to {say_exactly(reading + beside.high)}"
    return f"It loads {both} (assumed): {say_exactly(reading)} to read the weights, {other} for all else."


def _engine(answer: Answer) -> str:
    """What the engine is, in a line."""
    question = answer.question
    card = question.card.name if question.card else "GPU unknown"
    version = f"vLLM {question.version or 'unknown'}"
    facts = question.facts
    origin = "" if facts is None or facts.weights is None else f", weights from {facts.weights.origin}"
    gpus = question.settings.gpus
    model = facts.model if facts else "model unknown"
    assumed = f", assumed to be as {facts.base} until `llmstack learn model {model}`" if facts and facts.base else ""
    return f"{model}{origin}{assumed} · {gpus} × {card} · {version}"


def _terms(answer: Answer) -> Iterator[str]:
    """The terms of the GPU that decides, in GiB; they add up to the budget."""
    start, terms = answer.start, answer.start.terms
    assert terms is not None
    cache = start.cache or Cache(None, None)
    engine = answer.question.engine
    inside = engine is None or engine.graphs_in_budget
    on_top = "" if inside else " (on top of the budget with this release)"
    band = f" ({cache.low:.2f} to {cache.high:.2f})" if cache.low is not None and cache.high is not None else ""
    band = " (measured)" if start.measured and cache.low == cache.high else band
    rows = (
        ("weights", terms.weights, ""),
        ("activation", terms.activation, ""),
        ("outside PyTorch", terms.other, ""),
        ("CUDA graphs", terms.graphs, on_top),
        ("KV cache", terms.kv, band),
    )
    for name, amount, beside in rows:
        yield f"  {name:<16} {amount:>8.2f} GiB{beside}"
    yield f"  {'= per GPU':<16} {terms.budget:>8.2f} GiB"


def _proposals(answer: Answer) -> Iterator[str]:
    start, settings = answer.start, answer.question.settings
    if answer.length is not None and (start.verdict != "starts" or answer.length > (start.length or 0)):
        yield f"  The longest request with which it starts: --max-model-len {answer.length}."
    if answer.tensor is not None and answer.tensor != settings.tensor:
        yield f"  The fewest GPUs with which it starts: --tensor-parallel-size {answer.tensor}."
    elif answer.least is not None:
        yield f"  With fewer GPUs than {answer.least} it does not start; with as many it may (--tensor-parallel-size)."


def fit_json(answers: Sequence[Named]) -> str:
    """`{"engines": [...]}`, an item for each engine as a review has it."""
    return json.dumps({"engines": [engine_item(name, answer) for name, answer in answers]}, indent=2) + "\n"


def engine_item(environment: str, answer: Answer) -> dict[str, Any]:
    """One engine: numbers in GiB per GPU, null where they are not known."""
    question, start = answer.question, answer.start
    support = start.support
    return {
        "env": environment,
        "model": answer.model,
        "gpu": question.card.name if question.card else None,
        "vllm": {"from": None, "to": question.version},
        "verdict": start.verdict,
        "why": start.why,
        "kv": {"from": None, "to": cache_item(start)},
        "terms": terms_item(start),
        "basis": "measured" if start.measured else "unknown" if support is None else "assumed",
        "rows": list(support.rows) if support else [],
        "seconds": loading_item(answer.loading),
        "proposals": {"maxModelLen": answer.length, "tensorParallelSize": answer.tensor},
        "upgrade": [],
    }


def loading_item(loading: Loading | None) -> dict[str, Any] | None:
    """Seconds of a load that was not measured: reading the weights, and from `low` to `high` all else as published
    starts took, null where that is unknown; `basis` is of the whole, which is null where a load time is stated."""
    if loading is None:
        return None
    beside = loading.beside
    return {
        "weights": _round(loading.reading),
        "low": _round(beside.low) if beside else None,
        "high": _round(beside.high) if beside else None,
        "basis": "unknown" if loading.reading is None else "assumed" if beside else "bound",
        "why": "; ".join(loading.why),
    }


def cache_item(start: Start) -> dict[str, Any] | None:
    """The KV cache of a start; `low`, `tokens` and `requests` are null where only a bound is known."""
    cache = start.cache
    if cache is None:
        return None
    return {
        "low": _round(cache.low),
        "high": _round(cache.high),
        "tokens": cache.tokens,
        "requests": _round(cache.requests),
        "requestsLow": _round(cache.requests_low),
        "requestsHigh": _round(cache.requests_high),
        "maxModelLen": start.length,
    }


def terms_item(start: Start) -> dict[str, float] | None:
    """The terms of the GPU that decides, which add up to `budget`; null where they are unknown."""
    terms = start.terms
    if terms is None:
        return None
    parts = {"weights": terms.weights, "activation": terms.activation, "nonTorch": terms.other, "graphs": terms.graphs}
    rounded = {name: round(amount, 2) for name, amount in parts.items()}
    budget = round(terms.budget, 2)
    return rounded | {"kv": round(budget - sum(rounded.values()), 2), "budget": budget}


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 2)
