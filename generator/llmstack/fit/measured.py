"""Engines that ran: what was measured comes before what is computed, where it is of the same engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from llmstack.engine.measured import Measured, digest_arguments
from llmstack.engine.memory import Terms, budget_of, longest_request
from llmstack.engine.start import Cache, Start
from llmstack.fit.question import Question
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import arguments

Engines = Mapping[str, Sequence[Measured]]
"""What engines of an environment were measured to take, by model; of several, the first that agrees counts."""


def image_of(model: Model) -> str:
    """The image of a model's engine, as the facts name it."""
    return f"{model.repository}:{model.tag}"


def digest_of(stack: Stack, model: Model, question: Question) -> str:
    """The digest of what decides the memory of a model's engine (`digest_arguments`)."""
    return digest_arguments(
        model.model_url or "", arguments.stated(model), question.match.catalogue, dict(_variables(stack, model))
    )


def _variables(stack: Stack, model: Model) -> Iterator[tuple[str, str]]:
    """Environment variables that people give the engine, the later of a name counting; values from elsewhere empty."""
    yield from ((str(name), str(value)) for name, value in (stack.engine.configs or {}).items())
    for entry in (*(stack.engine.env or ()), *(model.env or ())):
        yield str(entry.get("name")), str(entry.get("value") or "")


def measured_start(stack: Stack, model: Model, question: Question, start: Start, known: Sequence[Measured]) -> Start:
    """Return what the engine was measured to do, where one of `known` is of its image, card and arguments.

    Else `start`, the computed answer, which then says why the newest of them is not used.
    """
    differs = ""
    for measured in known:
        reasons = list(_differences(stack, model, question, measured))
        if not reasons:
            return _start(question, start, measured)
        differs = differs or f"what was measured on {measured.date} is of {' and '.join(reasons)}: not used"
    return replace(start, why="; ".join(filter(None, (start.why, differs)))) if differs else start


def _differences(stack: Stack, model: Model, question: Question, measured: Measured) -> Iterator[str]:
    if measured.image != image_of(model):
        yield "another image"
    if question.card is None or measured.gpu != question.card.name:
        yield "another GPU"
    if measured.arguments != digest_of(stack, model, question):
        yield "other arguments"


def _start(question: Question, start: Start, measured: Measured) -> Start:
    """The start as it was; what its log did not say is computed."""
    kv, tokens = measured.memory.get("kv"), measured.tokens
    length = longest_request(question.facts, question.settings) if question.facts else question.settings.length
    cache = start.cache or Cache(None, None)
    if kv is not None:
        cache = replace(cache, low=kv, high=kv)
    if tokens is not None:
        requests = tokens / length if length and length > 0 and _is_plain(question) else None
        cache = replace(cache, tokens=tokens, requests=requests, requests_low=requests, requests_high=requests)
    size = f" with {kv:.2f} GiB of KV cache" if kv is not None else ""
    why = f"measured: it started{size} on {measured.date}"
    return Start("starts", why, length, _terms(question, start.terms, measured), cache, None, measured=True)


def _is_plain(question: Question) -> bool:
    """Whether a request holds as many tokens of the cache as it has: not where some layers look at a window."""
    return question.facts is not None and not question.facts.sizes.sliding_layers


def _terms(question: Question, computed: Terms | None, measured: Measured) -> Terms | None:
    """The measured terms, and what is left of the budget as the activation; None where weights or cache are not known.

    What stands outside PyTorch is computed where it can be, else a part of what is left.
    """
    weights, kv, engine = measured.memory.get("weights"), measured.memory.get("kv"), question.engine
    if weights is None or kv is None or engine is None or engine.card.memory is None or engine.settings.kv_bytes:
        return None
    budget, inside = budget_of(engine), engine.graphs_in_budget
    computed_graphs = computed.graphs if computed is not None else 0.0
    graphs = measured.memory.get("graphs", computed_graphs) if inside else 0.0
    other = computed.other if computed is not None else 0.0
    rest = budget - weights - kv - graphs - other
    if rest < 0:
        other, rest = max(0.0, other + rest), 0.0
    return Terms(budget, weights, rest, other, graphs, budget - weights - rest - other - graphs)
