"""Models whose engine changes between two sides of a comparison, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.engine.lmcache import PREFIX, compare_settings, release_of
from llmstack.engine.start import Start
from llmstack.engine.upgrade import Item, compare_releases
from llmstack.fit.answer import judge, start_of
from llmstack.fit.card import Pools
from llmstack.fit.measured import Engines
from llmstack.fit.question import Known, Question, ask_all, variables
from llmstack.flags import split_flags
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import names
from llmstack.objects.lmcache import environment
from llmstack.review.engine_change import EngineChange, EngineState

Key = TypeVar("Key", bound=Hashable)


class Side(Struct, frozen=True):
    """What the values of an environment say on one side, with the facts that they lead to."""

    stack: Stack
    facts: Known
    measured: Engines = field(default_factory=dict)


class Asked(Struct, frozen=True):
    """One engine of a side: its model's name, its workload (`Kind/name`), what is asked, what becomes of it, and the
    flags it has."""

    model: str
    subject: str
    question: Question
    start: Start
    flags: frozenset[str]
    lmcache: str | None = None
    """The release of LMCache in its image, where it is known."""
    settings: frozenset[str] = frozenset()
    """The settings of LMCache that people give it, by LMCache's names."""
    given: frozenset[str] = frozenset()
    """The same with those that llmstack writes."""


def engine_changes(before: Side | None, after: Side | None) -> tuple[EngineChange, ...]:
    """Each model of `after` whose engine is another than in `before`, or new, in the order of the values."""
    if after is None:
        return ()
    if before is not None:
        # what was learned later is of the engine before, where that is the one that ran
        names = after.measured.keys() | before.measured.keys()
        both = {name: (*after.measured.get(name, ()), *before.measured.get(name, ())) for name in names}
        before, after = replace(before, measured=both), replace(after, measured=both)
    same = _same_models(before, after) if before is not None else frozenset()
    return compare_engines(_engines(before, same) if before else {}, _engines(after, same))


def _same_models(before: Side, after: Side) -> frozenset[str | None]:
    """The models of which both sides ask the same, since nothing differs of what is asked of them."""
    if before.facts != after.facts or before.stack.without_models() != after.stack.without_models():
        return frozenset()
    old = {model.name: model for model in before.stack.models}
    return frozenset(model.name for model in after.stack.models if model == old.get(model.name))


def compare_engines(old: Mapping[Key, Asked], new: Mapping[Key, Asked]) -> tuple[EngineChange, ...]:
    """Each engine of `new` that is another than in `old`, or is not there, in the order of `new`."""
    found = (_change(old.get(key), asked) for key, asked in new.items())
    return tuple(change for change in found if change is not None)


def _engines(side: Side, without: Collection[str | None]) -> Mapping[str, Asked]:
    pools = Pools.of(side.stack)
    models = [model for model in side.stack.models if model.name and model.name not in without]
    questions = ask_all(side.stack, models, side.facts, pools)
    pairs = zip(models, questions, strict=True)
    return {model.name: _asked(side, model, question) for model, question in pairs if model.name}


def _asked(side: Side, model: Model, question: Question) -> Asked:
    own = frozenset(_settings(variables(side.stack, model)))
    made = frozenset(_settings(str(entry["name"]) for entry in environment(side.stack, model)))
    on = own or model.lmcache_config.enabled
    start = judge(side.stack, model, question, side.measured.get(model.name or "", ()))
    return replace(
        asked_of(model.name or "", workload_of(side.stack, model), question, start),
        lmcache=release_of(model.repository or "", model.tag or "") if on else None,
        settings=own,
        given=own | made,
    )


def _settings(names: Iterable[str]) -> Iterator[str]:
    """The settings of LMCache among the names of variables."""
    return (name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX))


def asked_of(model: str, subject: str, question: Question, start: Start | None = None) -> Asked:
    """What becomes of an engine that is given these arguments; `start` where that is known otherwise."""
    engine = question.engine
    if start is None:
        start = start_of(engine) if engine else Start("unknown", "; ".join(question.missing))
    flags = frozenset(flag.name for flag in split_flags(question.arguments, question.match.catalogue))
    return Asked(model, subject, question, start, flags)


def _change(old: Asked | None, new: Asked) -> EngineChange | None:
    """What changes of one engine; None where nothing does that is known of."""
    if old is not None and _same(old, new):
        return None
    upgrade = _upgrade(old, new) if old else ()
    before = _state(old) if old else None
    return EngineChange(new.model, new.subject, new.start.verdict, new.start.why, before, _state(new), upgrade)


def _same(old: Asked, new: Asked) -> bool:
    """Whether both sides ask the same of the same engine."""
    sides = ((each.question.version, each.question.engine, each.start, each.lmcache) for each in (old, new))
    return next(sides) == next(sides)


def workload_of(stack: Stack, model: Model) -> str:
    """`Kind/name` of a model's workload."""
    name = model.name or ""
    if model.uses_ray:
        return f"RayCluster/{names.ray_cluster(stack, name)}"
    if model.uses_lws:
        return f"LeaderWorkerSet/{names.leader_worker_set(stack, name)}"
    return f"Deployment/{names.engine_deployment(stack, name)}"


def _state(asked: Asked) -> EngineState:
    """One side as a review shows it."""
    question, cache, terms = asked.question, asked.start.cache, asked.start.terms
    parts = None
    if terms is not None:
        parts = {
            "weights": terms.weights,
            "activation": terms.activation,
            "nonTorch": terms.other,
            "graphs": terms.graphs,
            "kv": terms.kv,
            "budget": terms.budget,
        }
    gpu = question.card.name if question.card else None
    if cache is None:
        return EngineState(question.version, gpu, terms=parts)
    return EngineState(question.version, gpu, cache.low, cache.high, cache.tokens, cache.requests, parts)


def _upgrade(old: Asked, new: Asked) -> tuple[Item, ...]:
    """What changed releases bring, of vLLM and of LMCache; nothing of one that is not known on both sides."""
    items = [*_of_vllm(old, new)]
    if old.lmcache and new.lmcache and old.lmcache != new.lmcache:
        items += compare_settings(old.lmcache, new.lmcache, new.settings, new.given)
    return tuple(items)


def _of_vllm(old: Asked, new: Asked) -> tuple[Item, ...]:
    if old.question.version is None or new.question.version is None or old.question.version == new.question.version:
        return ()
    facts = new.question.facts
    return compare_releases(
        old.question.match.catalogue,
        new.question.match.catalogue,
        new.flags,
        facts.architecture if facts else "",
        dense=not (facts and facts.is_moe),
    )
