"""The engine does not start with what changes, or has much less room for requests.

Why it matters: an engine whose KV cache is too small for one request loads for minutes, ends with an error and starts
again, for ever; one with a smaller cache serves fewer requests at once, which nobody sees before the load comes.

How it is judged: as `llmstack fit` does, from facts of the model, its card, vLLM's release and the flags, on both
sides of the change (docs/engine.md). An engine that does not start is an error; one that is too close to tell, or
whose KV cache gets a tenth smaller or more, a warning. Where the answer is "unknown" there is no risk, and the review
says why. Its amount is the percentage of the KV cache that goes; an engine that does not start has none.

Fix: `llmstack fit ENV MODEL` prints the terms, and proposes the longest request and the fewest GPUs that start; a
larger `--gpu-memory-utilization` gives back what a release takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.engine_change import EngineChange
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("engine", Severity.ERROR, milder=Severity.WARNING, unit="percent of the KV cache")

MUCH = 0.1
"""The part of a KV cache whose loss is a risk."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """Engines that do not start, may not start, or lose a tenth of their KV cache."""
    for engine in assessment.engines:
        if engine.verdict == "does-not-start":
            where = "`llmstack fit`" if assessment.near.has_values else "The finding `engine-memory`"
            advice = f"{where} proposes the longest request and the fewest GPUs that start."
            yield RISK.at(engine.object, f"the engine does not start: {engine.why}", advice)
        elif engine.verdict == "too-close":
            advice = "Leave more room: a shorter --max-model-len, or more GPUs."
            yield RISK.at(engine.object, f"the engine may not start: {engine.why}", advice, milder=True)
        elif engine.loses is not None and engine.loses >= MUCH:
            lost = round(engine.loses * 100)
            yield RISK.at(engine.object, _loss(engine), _moved(engine), milder=True, amount=lost)


def _loss(engine: EngineChange) -> str:
    before, after = engine.before, engine.after
    assert before is not None
    assert engine.loses is not None
    tokens = f": {before.tokens:,} → {after.tokens:,} tokens" if before.tokens and after.tokens else ""
    return f"the KV cache gets {engine.loses:.0%} smaller{tokens}"


def _moved(engine: EngineChange) -> str:
    """The terms that grew, as advice on what to look at; else what gives back what the engine may take less of."""
    before, after = engine.before, engine.after
    if before is None or before.terms is None or after.terms is None:
        return ""
    names = {"weights": "weights", "activation": "activation", "nonTorch": "outside PyTorch", "graphs": "CUDA graphs"}
    grown = [
        f"{said} {before.terms[name]:.2f} → {after.terms[name]:.2f} GiB"
        for name, said in names.items()
        if after.terms[name] - before.terms[name] >= 0.05
    ]
    if grown:
        return f"More is taken by {', '.join(grown)}."
    if before.gpu != after.gpu and before.gpu is not None and after.gpu is not None:
        return f"{after.gpu} has less memory than {before.gpu}: keep that card, or give each replica more GPUs."
    return "The engine may take less of each GPU: look at `--gpu-memory-utilization` and `--kv-cache-memory-bytes`."
