"""How many GPUs each model asks for on both sides of a change, and how many seconds they are held without serving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.replicas import Scalers, fewest_scaled, model_of, most_scaled, replicas_of
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.applied import Applied
from llmstack.review.cost import Span, Unserved, Usage
from llmstack.review.facts import Facts
from llmstack.review.rollout.per_node import uncounted
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.play import Played, find_moves, standing
from llmstack.review.rollout.rolling import Outcome
from llmstack.review.rollout.template import template_of
from llmstack.review.rollout.workload import Workload

_Counts = dict[tuple[str | None, PoolKey], list[int]]
"""GPUs before and after, by model and pool."""


def find_usage(environment: str, applied: Applied, facts: tuple[Facts, Facts]) -> tuple[Usage, ...]:
    """Return what each model of an environment asks for of each pool, with scalers at their fewest and at their
    most."""
    sides = applied.before, applied.after
    least = _counts(applied, (fewest_scaled(sides[0]), fewest_scaled(sides[1])), facts)
    most = _counts(applied, (most_scaled(sides[0]), most_scaled(sides[1])), facts)
    endless = [_of_nodes(objects, each) for objects, each in zip(sides, facts, strict=True)]
    found = []
    for key in dict.fromkeys((*least, *most, *endless[0], *endless[1])):
        spans: list[Span] = [
            (low, None if key in endless[side] else high)
            for side, (low, high) in enumerate(zip(least.get(key, [0, 0]), most.get(key, [0, 0]), strict=True))
        ]
        found.append(Usage(environment, *key, spans[0], spans[1]))
    return tuple(found)


def find_unserved(least: Played, most: Played | None, *, bounded: bool, sleeps: Scalers) -> tuple[Unserved, ...]:
    """Return the GPU-seconds that an environment's own workloads hold while they load and terminate.

    `bounded` says whether nothing beyond the runs with scalers at their most can come; `sleeps` are the fewest replicas
    by (kind, name): what may have none need not load any.
    """
    runs = [_held(run, sleeps) for run in (least, most) if run is not None]
    found = []
    for key in dict.fromkeys(key for run in runs for key in run):
        ends = [run.get(key, (Fraction(0), Fraction(0))) for run in runs]
        low = _fold(min, [end[0] for end in ends])
        found.append(Unserved(*key, low, _fold(max, [end[1] for end in ends]) if bounded else None))
    return tuple(found)


_Ends = tuple[Fraction | None, Fraction | None]


def _held(run: Played, sleeps: Scalers) -> dict[tuple[str | None, PoolKey], _Ends]:
    """GPU-seconds of one run by model and pool, over all of a model's workloads."""
    held: dict[tuple[str | None, PoolKey], _Ends] = {}
    for workload, outcomes in zip(run.own, run.own_times.outcomes, strict=True):
        ends = [outcomes.likely, outcomes.shortest, outcomes.longest] if outcomes is not None else []
        for pool in _pools(workload):
            entry = _least_and_most(ends, pool, asleep=sleeps.get(workload.identity) == 0)
            key = workload.model, pool
            known = held.get(key, (Fraction(0), Fraction(0)))
            held[key] = _fold(sum, [known[0], entry[0]]), _fold(sum, [known[1], entry[1]])
    return held


def _fold(by: Callable[[list[Fraction]], Fraction | int], amounts: Sequence[Fraction | None]) -> Fraction | None:
    """The amounts as one; None where one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return Fraction(by(known)) if len(known) == len(amounts) else None


def _least_and_most(outcomes: Sequence[Outcome], pool: PoolKey, *, asleep: bool) -> _Ends:
    """Over the runs with the likeliest, the shortest and the longest load times."""
    held = [Fraction(each.unserved.get(pool, 0)) if each.finish is not None else None for each in outcomes]
    known = [each for each in held if each is not None]
    if not known:
        return None, None
    return (Fraction(0) if asleep else min(known)), (max(known) if len(known) == len(held) else None)


def _pools(workload: Workload) -> list[PoolKey]:
    templates = [template for template in (workload.old, workload.new) if template is not None]
    return list(dict.fromkeys(template.pool for template in templates if template.pool is not None))


def _counts(applied: Applied, owned: tuple[Scalers, Scalers], facts: tuple[Facts, Facts]) -> _Counts:
    """GPUs by model and pool, with the replicas that scalers give by `owned`."""
    workloads, _ = find_moves(applied, owned, facts)
    counts: _Counts = {}
    for model, pool, gpus in (entry for workload in workloads for entry in _moving(workload)):
        _add(counts, (model, pool), gpus)
    for side, objects in standing(applied, workloads):
        for obj in objects:
            template = template_of(obj, facts[1], None) if is_counted(str(obj.get("kind"))) else None
            if template is not None and template.pool is not None:
                held = template.total * replicas_of(obj, owned[side])
                _add(counts, (model_of(obj), template.pool), (held, held))
    return counts


def _moving(workload: Workload) -> Iterator[tuple[str | None, PoolKey, tuple[int, int]]]:
    old, new = workload.old, workload.new
    if old is not None and old.pool is not None:
        yield workload.model, old.pool, (workload.before * old.total, 0)
    if new is not None and new.pool is not None:
        yield workload.model, new.pool, (0, workload.after * new.total)
    for template, replicas in workload.stays:
        if template.pool is not None:
            yield workload.model, template.pool, (replicas * template.total, replicas * template.total)


def _add(counts: _Counts, key: tuple[str | None, PoolKey], gpus: tuple[int, int]) -> None:
    entry = counts.setdefault(key, [0, 0])
    entry[0] += gpus[0]
    entry[1] += gpus[1]


def _of_nodes(objects: Iterable[Object], facts: Facts) -> frozenset[tuple[str | None, PoolKey]]:
    """Models and pools of pods that no manifest counts."""
    templates = ((model_of(obj), template_of(obj, facts, None).pool) for obj in uncounted(objects))
    return frozenset((model, pool) for model, pool in templates if pool is not None)
