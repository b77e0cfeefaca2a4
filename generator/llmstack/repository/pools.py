"""The GPU pools that the environments of a cluster share, and what contradicts itself in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from msgspec.structs import replace

from llmstack.review.facts import Facts, Pool
from llmstack.review.surroundings import PoolConflict


def shared_pools(members: Sequence[tuple[str, Facts]]) -> tuple[tuple[Pool, ...], tuple[PoolConflict, ...]]:
    """The pools of a cluster, of each name and resource the largest that an environment declares, and what contradicts
    itself."""
    declared: dict[tuple[str, str], list[tuple[str, Pool]]] = {}
    for name, facts in members:
        for pool in facts.pools:
            declared.setdefault((pool.name, pool.resource), []).append((name, pool))
    pools = tuple(_largest([pool for _, pool in stated]) for stated in declared.values())
    return pools, (*_sizes(declared), *_prices(declared, dict(members)), *_overlaps(pools))


def _largest(stated: Sequence[Pool]) -> Pool:
    """The largest of the declarations, with the price that those which have one agree on."""
    prices = {pool.price for pool in stated if pool.price is not None}
    largest = max(stated, key=lambda pool: pool.count)
    return replace(largest, price=prices.pop() if len(prices) == 1 else None)


def _prices(
    declared: Mapping[tuple[str, str], Sequence[tuple[str, Pool]]], members: Mapping[str, Facts]
) -> Iterator[PoolConflict]:
    """Pools whose price is not one and the same."""
    currencies = {facts.currency for facts in members.values() if facts.currency is not None and facts.pools}
    for (name, resource), stated in declared.items():
        prices = {environment: pool.price for environment, pool in stated if pool.price is not None}
        if len(set(prices.values())) > 1:
            told = ", ".join(f"{float(price):g} in {environment}" for environment, price in sorted(prices.items()))
            yield PoolConflict(name, resource, f"pool `{name}` has several prices: {told}; nothing is said of its cost")
        elif prices and len(currencies) > 1:
            told = ", ".join(sorted(currencies))
            message = f"pool `{name}` is paid in several currencies: {told}; nothing is said of cost"
            yield PoolConflict(name, resource, message)


def _sizes(declared: Mapping[tuple[str, str], Sequence[tuple[str, Pool]]]) -> Iterator[PoolConflict]:
    for (name, resource), stated in declared.items():
        sizes = {(pool.count, pool.per_node) for _, pool in stated}
        if len(sizes) > 1:
            told = ", ".join(
                f"{pool.count}{f' ({pool.per_node} per node)' if pool.per_node else ''} in {environment}"
                for environment, pool in sorted(stated, key=lambda each: each[0])
            )
            yield PoolConflict(name, resource, f"pool `{name}` has several sizes: {told}; the largest is taken")


def _overlaps(pools: Sequence[Pool]) -> Iterator[PoolConflict]:
    selected = [pool for pool in pools if pool.node_selector]
    for one, other in combinations(selected, 2):
        if one.resource != other.resource or one.name == other.name:
            continue
        if all(other.node_selector.get(key, value) == value for key, value in one.node_selector.items()):
            message = f"pools `{one.name}` and `{other.name}` can have the same nodes: no label rules it out"
            yield PoolConflict(one.name, one.resource, message)
            yield PoolConflict(other.name, other.resource, message)


def merge_pools(facts: Facts, pools: tuple[Pool, ...]) -> Facts:
    """The facts of an environment with the pools of its whole cluster."""
    return replace(facts, pools=pools)


def with_former_pools(old: Facts, new: Facts, pools: tuple[Pool, ...]) -> Facts:
    """The facts before, with the pools of the cluster save those whose declaration this environment changes:
    a pod of before is in the pool whose nodes it asked for then."""
    stated = {(pool.name, pool.resource): pool for pool in old.pools}
    changed = {(pool.name, pool.resource) for pool in new.pools if stated.get((pool.name, pool.resource)) != pool}
    kept = tuple(pool for pool in pools if (pool.name, pool.resource) not in changed)
    there = {(pool.name, pool.resource) for pool in kept}
    return merge_pools(old, (*kept, *(pool for key, pool in stated.items() if key not in there)))
