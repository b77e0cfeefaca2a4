"""Money: the laws of its sums, and what a rollout costs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.review_rollout.conftest import _change, _pool, _review
from tests.verify.test_laws import changes

from llmstack.report.cost import SHOWN, cost_data, cost_rows, say_cost, say_exact
from llmstack.review.applied import what_is_applied
from llmstack.review.cost import HOURS, ZERO, Amount, Bill, Unserved, Usage, find_cost
from llmstack.review.facts import Facts, Pool
from llmstack.review.surroundings import Surroundings
from llmstack.review.usage import find_usage

Make = Callable[..., Any]
RESOURCE = "nvidia.com/gpu"
POOLS = ("a", "b", None)

prices = st.decimals(0, 1000, places=4).map(Fraction)
spans = st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(lambda pair: (min(pair), max(pair)))
usages = st.builds(
    Usage,
    st.sampled_from(("dev", "prod")),
    st.sampled_from(("llama", "qwen", None)),
    st.sampled_from(POOLS).map(lambda name: (name, RESOURCE)),
    spans,
    spans | st.integers(0, 9).map(lambda least: (least, None)),
)
seconds = st.none() | st.integers(0, 100_000).map(Fraction)


@st.composite
def wasted(draw: st.DrawFn) -> Unserved:
    low = draw(seconds)
    high = None if low is None else draw(seconds)
    pool = draw(st.sampled_from(POOLS)), RESOURCE
    return Unserved(draw(st.sampled_from(("llama", None))), pool, low, None if high is None else max(low or 0, high))


@given(st.lists(usages), st.lists(wasted()), st.tuples(prices, st.none() | prices), st.integers(0, 20_000))
def test_the_parts_add_up_to_the_whole(
    asked: list[Usage], held: list[Unserved], price: tuple[Fraction, Fraction | None], count: int
) -> None:
    pools = [Pool("a", RESOURCE, count, price=price[0]), Pool("b", RESOURCE, count, price=price[1])]
    cost = find_cost(asked, {"prod": held}, pools, "EUR")
    assert cost is not None
    assert sum((row.bill for row in cost.pools), Bill()) == cost.total
    assert sum(cost.environments.values(), Bill()) == cost.total
    assert sum(cost.models.values(), Bill()) == cost.total
    for name, bill in cost.environments.items():
        assert sum((each for (of, _), each in cost.models.items() if of == name), Bill()) == bill
    known = {(pool.name, pool.resource): pool.price for pool in pools if pool.price is not None}
    exact = sum(usage.before[0] * known[usage.pool] * HOURS for usage in asked if usage.pool in known)
    assert cost.total.before.least == exact
    assert set(cost.unpriced) == {usage.pool for usage in asked} - known.keys()
    for row in cost.pools:
        used = [usage.after for usage in asked if usage.pool == row.pool]
        assert row.idle[0] <= (row.idle[1] or 0) <= count
        assert row.idle[1] == max(0, count - sum(least for least, _ in used))
    told = cost_data(cost)
    assert told is not None
    if isinstance(told["before"], str):
        assert Fraction(told["before"]) == cost.total.before.least
    assert say_cost(cost)


@given(prices, st.integers(0, 10**9))
def test_exact_amounts_read_back(price: Fraction, gpus: int) -> None:
    amount = gpus * price * HOURS
    assert Fraction(say_exact(amount)) == amount
    assert len(say_exact(amount).partition(".")[2]) >= 2


def test_nothing_is_free_because_nobody_says_its_price() -> None:
    usage = Usage("prod", "llama", ("a", RESOURCE), (1, 1), (1, 1))
    assert find_cost([usage], {}, [Pool("a", RESOURCE, 8)], "EUR") is None
    free = find_cost([usage], {}, [Pool("a", RESOURCE, 8, price=Fraction(0))], "EUR")
    assert free is not None
    assert free.total == Bill(ZERO, ZERO, ZERO)


def test_a_table_begins_with_what_changes_most() -> None:
    names = [f"m{number:02}" for number in range(SHOWN + 3)]
    after = {"m13": (0, 0), "m14": (1, None)}
    asked = [Usage("prod", name, ("a", RESOURCE), (1, 1), after.get(name, (1, 1))) for name in names]
    cost = find_cost(asked, {"prod": []}, [Pool("a", RESOURCE, 32, price=Fraction(1))], "EUR")
    assert cost is not None
    rows, more = cost_rows(cost)
    assert [row["name"] for row in rows[:4]] == ["pool a", "prod: m13", "prod: m14", "prod: m00"]
    assert [row["name"] for row in (rows[-1], *more)] == ["prod: m09", "prod: m10", "prod: m11", "prod: m12"]


def test_an_end_that_nothing_bounds_stays_open() -> None:
    assert Amount(Fraction(1), None) + Amount(Fraction(2), Fraction(3)) == Amount(Fraction(3), None)


def held(result: Any) -> list[tuple[str | None, Fraction | None, Fraction | None]]:
    return [(each.model, each.least, each.most) for each in result.unserved]


@pytest.mark.parametrize(
    ("surge", "unavailable"), [(1, 0), (0, 1), (None, None)], ids=["spare set", "in its place", "recreate"]
)
def test_a_replica_is_replaced_in_a_load_and_a_grace_period(
    deployment: Make, review: Make, pool: Make, surge: int | None, unavailable: int | None
) -> None:
    pair = tuple(deployment(image=image, replicas=2, gpus=4, surge=surge, unavailable=unavailable) for image in "ab")
    for count in (8 + 4 * (surge or 0), 100):
        result = review(pair, pools=[pool(count)], loads={"llama": 600})
        assert held(result) == [("llama", 2 * 4 * (600 + 30), 2 * 4 * (600 + 30))]


def test_the_cost_of_a_rollout_without_end_or_bound(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, surge=1, unavailable=0) for image in "ab")
    assert held(review(pair, pools=[pool(1)], loads={"llama": 600})) == [("llama", None, None)]
    [(_, least, most)] = held(review(pair, pools=[pool(2)]))
    assert (least, most) == (30, None)


def test_what_a_scaler_may_let_sleep_need_not_load(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, replicas=None, surge=0, unavailable=1) for image in "ab")
    scaler = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "llama"},
        "spec": {"scaleTargetRef": {"name": "llama"}, "maxReplicaCount": 3},
    }
    result = review(pair, (scaler, scaler), pools=[pool(8)], loads={"llama": 600})
    assert held(result) == [("llama", 0, 3 * 630)]


@settings(deadline=None, max_examples=60)
@given(changes())
def test_a_rollout_costs_what_its_pods_hold_without_serving(change: tuple[list[Any], int]) -> None:
    pairs, gpus = change
    result = _review(*pairs, pools=[_pool(gpus)], loads={"llama": 300, "qwen": 420})
    assume(not any(row.deadlock for row in result.gpus) and result.seconds is not None)
    phases = [phase for phase in result.timeline if phase.phase in ("loading", "terminating")]
    for each in result.unserved:
        own = [phase for phase in phases if phase.workload[2] == each.model]
        assert each.least == each.most == sum(Fraction(phase.end - phase.start) * phase.gpus for phase in own)


@settings(deadline=None, max_examples=60)
@given(changes())
def test_what_models_use_adds_up_to_the_pool(change: tuple[list[Any], int]) -> None:
    pairs, gpus = change
    facts = Facts(pools=(_pool(gpus),))
    changed = [_change(*pair) for pair in pairs if pair[0] != pair[1]]
    sides = [old for old, _ in pairs], [new for _, new in pairs]
    usage = find_usage("prod", what_is_applied(changed, *sides, Surroundings()), (facts, facts))
    [row] = _review(*pairs, pools=[_pool(gpus)]).gpus
    assert sum(each.before[0] for each in usage) == sum(each.before[1] or 0 for each in usage) == row.before
    assert sum(each.after[0] for each in usage) == sum(each.after[1] or 0 for each in usage) == row.after
