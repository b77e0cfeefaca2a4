"""How long an engine takes to load where nobody measured it: the bytes of its weights over what a pod reads in a
second, and what published starts of its class took beside that.

The first part alone is the least for certain. The second is a band (`engine.start_time`), and unknown for most classes.
"""

from __future__ import annotations

import math

from msgspec import Struct

from llmstack.engine.start_time import CACHE_ROOT, Span, preparing
from llmstack.fit.card import Pools
from llmstack.fit.question import Question
from llmstack.kubernetes.quantities import quantity
from llmstack.model.stack import Stack
from llmstack.review.facts import ForeseenLoad


class Loading(Struct, frozen=True):
    """Seconds of reading the weights, and of all else; what is None is not known, and `why` says why."""

    reading: float | None
    beside: Span | None
    why: tuple[str, ...] = ()


def foreseen_load(pools: Pools, question: Question) -> ForeseenLoad | None:
    """What is known of the load of an engine that nobody measured; None where the pool's `readRate` or the size of the
    weights is not known."""
    reading = seconds_of_reading(pools, question)
    if reading is None:
        return None
    beside = _beside(question)
    if not isinstance(beside, Span):
        return ForeseenLoad(math.ceil(reading))
    return ForeseenLoad(math.ceil(reading), math.floor(reading + beside.low), math.ceil(reading + beside.high))


def loading_of(stack: Stack, question: Question) -> Loading:
    """The two parts of a model's load, as far as each is known."""
    reading = seconds_of_reading(Pools.of(stack), question)
    beside = _beside(question)
    why = () if reading is not None else ("how fast a pod reads is not known (gitops.capacity[].readRate)",)
    if isinstance(beside, Span):
        return Loading(reading, beside, why)
    return Loading(reading, None, (*why, *beside))


def seconds_of_reading(pools: Pools, question: Question) -> float | None:
    """Seconds that reading the weights takes; None where their size or the pool's `readRate` is not known."""
    pool = next((each for each in pools.declared if each.pool == question.pool), None)
    rate, facts = quantity(pool.read_rate) if pool else None, question.facts
    if not rate or facts is None or facts.weights is None:
        return None
    return float((facts.weights.bytes - facts.weights.groups.draft) / rate)


def _beside(question: Question) -> Span | tuple[str, ...]:
    """Seconds beside reading the weights, or why nobody can say."""
    engine = question.engine
    if engine is None:
        return question.missing
    return preparing(engine, kept=CACHE_ROOT in question.variables)
