"""What the GPUs of a cluster cost: before a change, after it, and to roll it out.

Prices are those of `gitops.capacity`, per GPU and hour; a month has 730 hours. Amounts are exact fractions, so what is
said of pools, environments and models adds up to what is said of the cluster. Where nothing has a price, nothing is
said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from msgspec import Struct

from llmstack.review.facts import Pool
from llmstack.review.rollout.placement import PoolKey

K = TypeVar("K")

HOURS = 730
"""Of a month: a twelfth of a year of 8760."""

Span = tuple[int, int | None]
"""The least and the most of a count; None where nothing bounds it."""


class Usage(Struct, frozen=True):
    """GPUs of one pool that a model of an environment asks for (None: its other workloads) before and after."""

    environment: str
    model: str | None
    pool: PoolKey
    before: Span
    after: Span


class Unserved(Struct, frozen=True):
    """GPU-seconds of one pool that pods of a model hold while they load and terminate: at least, and at most.

    `most` is None where nothing bounds it, `least` too where the rollout never ends.
    """

    model: str | None
    pool: PoolKey
    least: Fraction | None
    most: Fraction | None


class Amount(Struct, frozen=True):
    """Money, at least and at most; None where nothing bounds it."""

    least: Fraction
    most: Fraction | None

    def __add__(self, other: Amount) -> Amount:
        bounded = self.most is not None and other.most is not None
        return Amount(self.least + other.least, self.most + other.most if bounded else None)  # type: ignore[operator]


ZERO = Amount(Fraction(0), Fraction(0))


class Bill(Struct, frozen=True):
    """What some GPUs cost: a month of what runs before and after, and the rollout once."""

    before: Amount = ZERO
    after: Amount = ZERO
    rollout: Amount | None = ZERO
    """GPU time that is paid and serves nobody: of pods that load or terminate. None where it never ends."""

    def __add__(self, other: Bill) -> Bill:
        known = self.rollout is not None and other.rollout is not None
        rollout = self.rollout + other.rollout if known else None  # type: ignore[operator]
        return Bill(self.before + other.before, self.after + other.after, rollout)


class PoolBill(Struct, frozen=True):
    """The bill of one pool, and the GPUs of it that nothing asks for after the change."""

    pool: PoolKey
    price: Fraction
    bill: Bill
    idle: Span
    idle_amount: Amount


class Cost(Struct, frozen=True):
    """The bill of a cluster, and its parts: by pool, by environment, by model of an environment (None: the rest)."""

    currency: str | None
    total: Bill
    idle: Amount
    pools: tuple[PoolBill, ...]
    environments: Mapping[str, Bill]
    models: Mapping[tuple[str, str | None], Bill]
    unpriced: tuple[PoolKey, ...] = ()
    """Pools in use that have no price: no part of any figure."""


def find_cost(
    usages: Sequence[Usage],
    unserved: Mapping[str, Sequence[Unserved]],
    pools: Sequence[Pool],
    currency: str | None,
) -> Cost | None:
    """Return what the GPUs cost; None where no pool has a price.

    `unserved` is by environment. Of pools without a price nothing is counted; they are named.
    """
    prices: dict[PoolKey, Fraction] = {
        (pool.name, pool.resource): pool.price for pool in pools if pool.price is not None
    }
    if not prices:
        return None
    bills = _bills(usages, unserved, prices)
    by_pool = _sums((pool, bill) for (_, _, pool), bill in bills.items())
    used: dict[PoolKey, Span] = {}
    for usage in usages:
        used[usage.pool] = add_spans(used.get(usage.pool, (0, 0)), usage.after)
    rows = tuple(
        _pool_bill(pool, by_pool.get((pool.name, pool.resource), Bill()), used)
        for pool in pools
        if pool.price is not None
    )
    return Cost(
        currency=currency,
        total=sum(bills.values(), Bill()),
        idle=sum((row.idle_amount for row in rows), ZERO),
        pools=rows,
        environments=_sums((environment, bill) for (environment, _, _), bill in bills.items()),
        models=_sums(((environment, model), bill) for (environment, model, _), bill in bills.items()),
        unpriced=tuple(sorted({usage.pool for usage in usages} - prices.keys(), key=str)),
    )


def add_spans(one: Span, other: Span) -> Span:
    """Return the sum of two counts."""
    return one[0] + other[0], None if one[1] is None or other[1] is None else one[1] + other[1]


def _bills(
    usages: Iterable[Usage], unserved: Mapping[str, Sequence[Unserved]], prices: Mapping[PoolKey, Fraction]
) -> dict[tuple[str, str | None, PoolKey], Bill]:
    """The bill of each model of each environment in each pool with a price."""
    entries = [
        ((usage.environment, usage.model, usage.pool), Bill(_month(usage.before, price), _month(usage.after, price)))
        for usage in usages
        if (price := prices.get(usage.pool)) is not None
    ]
    entries += [
        ((environment, each.model, each.pool), Bill(rollout=_once(each, price)))
        for environment, rolled in unserved.items()
        for each in rolled
        if (price := prices.get(each.pool)) is not None
    ]
    return _sums(entries)


def _sums(entries: Iterable[tuple[K, Bill]]) -> dict[K, Bill]:
    """The bills of one key together."""
    sums: dict[K, Bill] = {}
    for key, bill in entries:
        sums[key] = sums[key] + bill if key in sums else bill
    return sums


def _month(gpus: Span, price: Fraction) -> Amount:
    return Amount(gpus[0] * price * HOURS, None if gpus[1] is None else gpus[1] * price * HOURS)


def _once(unserved: Unserved, price: Fraction) -> Amount | None:
    """The cost of a model's rollout, to a cent: the smallest part that is told, so that parts add up."""
    if unserved.least is None:
        return None
    ends = [None if each is None else round(each * price / 3600, 2) for each in (unserved.least, unserved.most)]
    return Amount(ends[0] or Fraction(0), ends[1])


def _pool_bill(pool: Pool, bill: Bill, used: Mapping[PoolKey, Span]) -> PoolBill:
    key = pool.name, pool.resource
    least, most = used.get(key, (0, 0))
    idle = 0 if most is None else max(0, pool.count - most), max(0, pool.count - least)
    assert pool.price is not None
    return PoolBill(key, pool.price, bill, idle, _month(idle, pool.price))
