"""From a start-up log to the facts of an engine: only of a start that went well, of the engine that the values have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from llmstack.engine.cards import CARDS
from llmstack.engine.defaults import BLOCK_SIZE
from llmstack.engine.measured import Measured
from llmstack.engine.start_log import StartLog
from llmstack.fit.measured import digest_of, image_of
from llmstack.fit.question import Question
from llmstack.flags.release import find_release
from llmstack.model.models import Model
from llmstack.model.stack import Stack

NEAR = 0.02
"""Part by which a card's total may be off: what CUDA sees moves with drivers and reserved memory."""
STALE = "give the log of what the values have, or learn from it at the commit that it ran by"


class Fault(Struct, frozen=True):
    """Why a log is no source of facts, and what to do."""

    message: str
    help: str


def measure(stack: Stack, model: Model, question: Question, start: StartLog, day: date) -> Measured | list[Fault]:
    """Return what a start was measured to take; the reasons where it is of no use."""
    faults = list(_unfinished(start)) or list(_of_another(model, question, start))
    card = question.card.name if question.card is not None else None
    card = card or _card_of(start.figures.get("total"))
    if not faults and card is None:
        help = "say gitops.capacity[].gpu of its pool (docs/engine.md has all cards)"
        faults.append(Fault("neither values nor log say on which GPU it ran", help))
    if faults or card is None:
        return faults
    figures = start.figures
    seconds = {
        "load": figures.get("load", figures.get("read")),
        "compile": figures.get("compile"),
        "graphs": figures.get("capture"),
    }
    memory = {key: value for key in ("weights", "kv", "graphs") if (value := _figure(start, key)) is not None}
    return Measured(
        date=day,
        image=image_of(model),
        gpu=card,
        arguments=digest_of(stack, model, question),
        memory={key: round(value, 2) for key, value in memory.items()},
        tokens=_tokens(question, start),
        seconds={key: round(value) for key, value in seconds.items() if value is not None},
    )


def _figure(start: StartLog, name: str) -> float | None:
    return next((value for key, value in start.figures.items() if key == name), None)


def _unfinished(start: StartLog) -> Iterator[Fault]:
    """Why there is no start that went well."""
    figures = start.figures
    help = "save it from the first line on, until the engine serves: kubectl logs --timestamps POD > FILE"
    if start.failed or figures.get("kv", 1.0) <= 0:
        yield Fault("the last start in the log failed: it measures nothing", "give the log of a start that went well")
    elif not figures.keys() & {"kv", "tokens", "blocks"}:
        yield Fault("no line of vLLM's start says how large its KV cache is", help)
    elif not start.serves:
        yield Fault("the log ends before the engine serves", help)


def _of_another(model: Model, question: Question, start: StartLog) -> Iterator[Fault]:
    """What shows that the log is of another engine than the values have now."""
    said = find_release(start.version) if start.version is not None else None
    if said is not None and question.version is not None and not _same_release(said.numbers, question.version):
        yield Fault(f"the log is of vLLM {start.version}; the values have {question.version}", STALE)
    if start.model is not None and model.model_url and start.model != model.model_url:
        yield Fault(f"the log is of `{start.model}`; the values have `{model.model_url}`", STALE)
    settings = question.settings
    for name, stated in (("length", settings.length), ("tensor", settings.tensor)):
        logged = _figure(start, name)
        if logged is not None and stated and stated > 0 and int(logged) != stated:
            flag = {"length": "--max-model-len", "tensor": "--tensor-parallel-size"}[name]
            yield Fault(f"the log is of {flag} {int(logged)}; the values have {stated}", STALE)
    total, card = start.figures.get("total"), question.card
    if total is not None and card is not None and card.memory and abs(total / card.memory - 1) > NEAR:
        yield Fault(f"the log is of a GPU of {total:.2f} GiB; a {card.name} has {card.memory:.2f}", STALE)


def _same_release(logged: tuple[int, ...], stated: str) -> bool:
    """Whether two releases agree in what both of them say."""
    return all(one == int(other) for one, other in zip(logged, stated.split("."), strict=False))


def _card_of(total: float | None) -> str | None:
    """The only card of the table with this much memory."""
    if total is None:
        return None
    near = [card.name for card in CARDS.values() if card.memory and abs(total / card.memory - 1) < NEAR / 4]
    return near[0] if len(near) == 1 else None


def _tokens(question: Question, start: StartLog) -> int | None:
    """The tokens of the KV cache: as logged, else its blocks of one size.

    Blocks of layers with windows or states are in groups, so that the product is no number of tokens there; the V0
    engine, whose log alone says blocks, has none (vllm/v1/core/kv_cache_utils.py).
    """
    tokens, blocks = start.figures.get("tokens"), start.figures.get("blocks")
    if tokens is not None:
        return int(tokens)
    if blocks is None:
        return None
    facts = question.facts
    if start.block_size is not None:
        plain = facts is not None and not (facts.sizes.sliding_layers or facts.sizes.state_layers)
        return int(blocks) * start.block_size if plain else None
    return int(blocks) * (question.settings.block_size or BLOCK_SIZE)
