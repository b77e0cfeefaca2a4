"""The cost of a cluster, from what its environments ask for and what their values say of prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from llmstack.repository.cases import Case
from llmstack.repository.pools import merge_pools, with_former_pools
from llmstack.review.applied import what_is_applied
from llmstack.review.cost import Cost, Usage, find_cost
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EnvironmentReview
from llmstack.review.surroundings import Surroundings
from llmstack.review.usage import find_usage


def cluster_cost(
    home: str,
    cases: Sequence[Case],
    pools: Sequence[Pool],
    reviews: Mapping[str, EnvironmentReview],
    tools: Mapping[str, Surroundings],
) -> Cost | None:
    """Return what a cluster costs; None where none of its pools has a price.

    `cases` are the environments that are in the cluster on either side, `pools` those of the cluster after the change:
    their prices hold on both sides, so that a new price is no saving. Pools that are declared no more keep the price
    that they had. `tools` says by environment what the sync tool makes of it.
    """
    known = {(pool.name, pool.resource): pool for pool in pools}
    for case in cases:
        for pool in case.facts[0].pools:
            known.setdefault((pool.name, pool.resource), replace(pool, count=0))
    currencies = {facts.currency for case in cases if (facts := _last_said(case)).pools} - {None}
    if len(currencies) > 1 or not any(pool.price is not None for pool in known.values()):
        return None
    plain = Surroundings()
    usages = [usage for case in cases for usage in _usages(home, case, tuple(pools), tools.get(case.name, plain))]
    unserved = {case.name: reviews[case.name].unserved for case in cases if case.name in reviews and case.home == home}
    return find_cost(usages, unserved, tuple(known.values()), next(iter(currencies), None))


def _last_said(case: Case) -> Facts:
    return case.facts[1] if case.readings[1] is not None else case.facts[0]


def _usages(home: str, case: Case, pools: tuple[Pool, ...], near: Surroundings) -> list[Usage]:
    """What an environment asks for, on each side that is in the cluster."""
    new = merge_pools(case.facts[1], pools)
    facts = with_former_pools(*case.facts, pools), new if pools else case.facts[0]
    applied = what_is_applied(case.changes, case.objects(0), case.objects(1), near)
    usages = find_usage(case.name, applied, facts)
    there = [(case.cluster(side) or case.home) == home for side in (0, 1)]
    return [
        replace(usage, before=usage.before if there[0] else (0, 0), after=usage.after if there[1] else (0, 0))
        for usage in usages
    ]
