"""What becomes of the engines of an environment, and what would start instead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from llmstack.engine.cards import Card
from llmstack.engine.exact.length import too_long
from llmstack.engine.exact.sizes import indivisible
from llmstack.engine.measured import Measured
from llmstack.engine.settings import Settings
from llmstack.engine.start import Start, Verdict, foresee
from llmstack.engine.support import Engine
from llmstack.fit.loading import Loading, loading_of
from llmstack.fit.measured import measured_start
from llmstack.fit.question import Known, Question, ask
from llmstack.model.models import Model
from llmstack.model.stack import Stack

SIZES = (1, 2, 4, 8)
"""Tensor parallel sizes that are proposed: those of one node."""
ROUND = 256
"""Proposed lengths are multiples of this."""


class Change(Struct, frozen=True):
    """What to ask instead of what the values say; None leaves it."""

    length: int | None = None
    card: Card | None = None
    tensor: int | None = None


class Answer(Struct, frozen=True):
    """A model's engine and its start; the largest length and the fewest GPUs that start, None where none is known to.

    `least` are GPUs below which it certainly does not start, where it does not with those that it has; `loading` is
    how long it loads, None where that was measured.
    """

    model: str
    question: Question
    start: Start
    length: int | None = None
    tensor: int | None = None
    least: int | None = None
    loading: Loading | None = None


def answer(
    stack: Stack, model: Model, known: Known, change: Change | None = None, measured: Sequence[Measured] = ()
) -> Answer:
    """What becomes of a model's engine, with proposals; as `measured`, unless something else is asked than it is."""
    question = changed(ask(stack, model, known), change or Change())
    start = judge(stack, model, question, measured if change in (None, Change()) else ())
    start = start if start.measured else refused(question) or start
    loading = None if model.gitops.load_time else loading_of(stack, question)
    name, engine = model.name or "", question.engine
    if engine is None:
        return Answer(name, question, start, loading=loading)
    return Answer(name, question, start, longest(engine), fewest(engine), least(engine), loading)


def judge(stack: Stack, model: Model, question: Question, measured: Sequence[Measured]) -> Start:
    """What becomes of a start: as it was measured, else as it is computed."""
    engine = question.engine
    start = Start("unknown", "; ".join(question.missing)) if engine is None else start_of(engine)
    return measured_start(stack, model, question, start, measured) if measured else start


def refused(question: Question) -> Start | None:
    """A start that ends whatever the memory: a length over the model's, or sizes that cannot be cut so. `lint` has
    findings of their own for them, and what else vLLM refuses."""
    engine = question.engine
    if engine is None:
        return None
    faults = (
        *too_long(engine.facts, engine.settings, question.flags, question.variables, engine.release),
        *indivisible(engine.facts, engine.settings, engine.release),
    )
    return Start("does-not-start", f"{faults[0].message}: {faults[0].help}", engine.settings.length) if faults else None


def changed(question: Question, change: Change) -> Question:
    """The question with another length, card or number of GPUs."""
    settings, card = question.settings, change.card or question.card
    settings = replace(settings, length=change.length or settings.length, tensor=change.tensor or settings.tensor)
    missing = question.missing
    if change.card is not None:
        missing = tuple(each for each in missing if each != "nothing says which GPU it runs on")
    return replace(question, settings=settings, card=card, missing=missing)


@lru_cache(maxsize=1 << 12)
def start_of(engine: Engine) -> Start:
    """`foresee`, remembered: rules and reports ask for the same engines."""
    return foresee(engine)


def longest(engine: Engine) -> int | None:
    """The largest `--max-model-len`, up to the model's own, with which the engine starts; a multiple of 256.

    None for no length, and where nothing says how long a request the model takes.
    """
    most = engine.facts.context or engine.settings.length
    return _longest(_with(engine, length=ROUND), most) if most else None


@lru_cache(maxsize=1 << 10)
def _longest(short: Engine, most: int) -> int | None:
    if start_of(short).verdict != "starts":
        return None
    if _starts(short, length=most):
        return most
    low, high = 1, most // ROUND + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _starts(short, length=middle * ROUND) else (low, middle)
    return low * ROUND


def fewest(engine: Engine) -> int | None:
    """The fewest GPUs of one node with which the engine starts at its length."""
    return next((size for size in _sizes(_shortest(engine)) if _starts(engine, tensor=size)), None)


def least(engine: Engine) -> int | None:
    """The fewest GPUs of one node that are not certain to be too few, for an engine that does not start with its own;
    None where its own are not, or no size of one node is."""
    if start_of(engine).verdict != "does-not-start":
        return None
    more = (size for size in _sizes(_shortest(engine)) if size > engine.settings.tensor)
    return next((size for size in more if _may_start(engine, tensor=size)), None)


def _shortest(engine: Engine) -> Engine:
    """The engine with a request so short that what does not start with it starts with none."""
    length = engine.settings.length
    return engine if length is not None and length <= ROUND else _with(engine, length=ROUND)


@lru_cache(maxsize=1 << 10)
def _sizes(short: Engine) -> tuple[int, ...]:
    """The sizes of one node into which the model can be cut and that may do for a short request; none for a pipeline,
    and for several pods."""
    if short.settings.pipeline > 1 or short.settings.pods > 1:
        return ()
    cut = (_with(short, tensor=size) for size in SIZES)
    whole = (each for each in cut if not any(indivisible(each.facts, each.settings, each.release)))
    return tuple(each.settings.tensor for each in whole if start_of(each).verdict != "does-not-start")


def _starts(engine: Engine, **changes: int) -> bool:
    return _verdict(engine, **changes) == "starts"


def _may_start(engine: Engine, **changes: int) -> bool:
    return _verdict(engine, **changes) != "does-not-start"


def _verdict(engine: Engine, **changes: int) -> Verdict:
    return start_of(_with(engine, **changes)).verdict


def _with(engine: Engine, **changes: int) -> Engine:
    settings: Settings = replace(engine.settings, **changes)
    return Engine(engine.facts, engine.card, engine.release, settings)
