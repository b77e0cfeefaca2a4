"""The review of a cluster, from the reviews of its environments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from llmstack.review.cost import Cost
from llmstack.review.forecast import GpuPool
from llmstack.review.result import ClusterReview, EnvironmentReview, Risk
from llmstack.sync.advice import safe_order
from llmstack.sync.side import OwnerChange

SHARED = frozenset(
    ("sync", "privilege", "pool-conflict", "unknown-capacity", "gpu-shortage", "gpu-deadlock", "stale-facts")
)
"""Risks that are of the cluster as much as of one environment."""


def review_cluster(
    name: str,
    environments: Sequence[str],
    at_home: Collection[str],
    reviews: Mapping[str, EnvironmentReview],
    sync: tuple[OwnerChange, ...],
    foreign: tuple[str, ...],
    own: tuple[Risk, ...] = (),
    cost: Cost | None = None,
) -> ClusterReview:
    """Return what changes in a cluster; pools that environments share are told once. Of `environments` those `at_home`
    run in it after the change: the others left it, and their pools with them. `own` are the risks of a cluster without
    environments, which no environment has."""
    members = [reviews[each] for each in environments if each in reviews]
    staying = [reviews[each] for each in environments if each in reviews and each in at_home]
    pools: dict[tuple[str | None, str], GpuPool] = {}
    for review in staying:
        for row in review.gpus:  # what the Jobs of one begin to take is in its own peak
            told = pools.get((row.pool, row.resource))
            if told is None or row.peak > told.peak:
                pools[row.pool, row.resource] = row
    times = [review.seconds for review in staying]
    known = [each for each in times if each is not None]
    return ClusterReview(
        environments=tuple(environments),
        gpus=tuple(pools.values()),
        seconds=max(known, default=0) if len(known) == len(times) else None,
        sync=sync,
        risks=own or _shared_risks(members),
        advice=safe_order(name, sync) if any(map(_is_of_owners, (*own, *_shared_risks(members)))) else (),
        foreign=foreign,
        cost=cost,
        waves=next((review.waves for review in members if review.waves), ()),
    )


def _is_of_owners(risk: Risk) -> bool:
    """Whether a risk is about owners in clusters/, not about objects that two environments state."""
    return risk.id == "sync" and bool(risk.file)


def _shared_risks(members: Sequence[EnvironmentReview]) -> tuple[Risk, ...]:
    """The risks of sync and of shared pools, those that several environments have once."""
    risks = [risk for review in members for risk in review.risks if risk.id in SHARED]
    return tuple({(risk.id, risk.object, risk.message): risk for risk in risks}.values())
