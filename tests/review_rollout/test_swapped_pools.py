"""Models that go from one pool to another at once."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.conftest import TODAY
from tests.review_rollout.test_scalers import keda
from tests.review_rollout.values_review import told

from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.deadlock_search import try_every_order

Make = Callable[..., Any]
SWAPPED = {"a": "b", "b": "a"}
WAYS = ({"surge": 1, "unavailable": 0}, {"surge": 0, "unavailable": 1}, {"surge": 1, "unavailable": 1})


@pytest.mark.parametrize(
    ("replicas", "count", "surge", "severity"),
    [
        (2, 2, (1, 0), "error"),
        (40, 40, (1, 0), "error"),  # more than are tried in every order
        (2, 3, (1, 0), None),
        (2, 2, (0, 1), None),
        (40, 40, (0, 1), None),
        (40, 40, (1, 1), None),
    ],
)
def test_models_that_swap_their_pools(
    replicas: int, count: int, surge: tuple[int, int], severity: str | None, deployment: Make, compared: Make
) -> None:
    """Where each pool is full, and each waits for the other before it gives up a pod, no order finishes; where each
    gives one up first, all do."""

    def model(name: str, gpu: str) -> Any:
        made = copy.deepcopy(deployment(name=name, replicas=replicas, surge=surge[0], unavailable=surge[1]))
        made["spec"]["template"]["spec"]["nodeSelector"] = {"gpu": gpu}
        return made

    pools = tuple(Pool(name, "nvidia.com/gpu", count, count, {"gpu": name}) for name in SWAPPED)
    sides = [model(name, name) for name in SWAPPED], [model(*each) for each in SWAPPED.items()]
    found = compared(*sides, pools=pools, load_seconds=dict.fromkeys(SWAPPED, 300))
    assert {each[0] for each in told(found, "gpu-deadlock")} == ({severity} if severity else set())
    if severity == "error":
        assert all(row.certain for row in found.gpus)


@pytest.mark.parametrize("seed", range(60))
def test_the_rules_are_what_every_order_says(seed: int, workload: Make) -> None:
    """Pools of one node, a few pods: `find_verdicts` by its rules, and each order looked at."""
    rng = random.Random(seed)
    for _ in range(20):
        size = rng.choice((1, 1, 2))
        workloads = [
            workload(
                name, before=rng.randint(1, 2), after=rng.randint(1, 2), gpus=(size,), pool=rng.choice("ab"),
                new_pool=rng.choice("ab"), **rng.choice(WAYS),
            )
            for name in "xyz"[: rng.randint(2, 3)]
        ]  # fmt: skip
        before = {name: sum(each.before * size for each in workloads if each.old.pool[0] == name) for name in "ab"}
        pools = [Pool(name, "nvidia.com/gpu", max(1, before[name] + rng.randint(0, 2))) for name in "ab"]
        found = find_verdicts(workloads, pools, {})
        if any(each.shortage for each in found.values()) or len({each.new.pool for each in workloads}) < 2:
            continue
        nodes = {(each.name, each.resource): [each.count] for each in pools}
        reached = try_every_order(workloads, nodes, {})
        if reached.complete:
            stuck = {key: any(at == key for _, at in reached.stuck) for key in nodes}
            assert {key: each.deadlock for key, each in found.items()} == stuck
            assert [each.certain for each in found.values() if each.deadlock] == [not reached.finishes] * sum(
                stuck.values()
            )


@pytest.mark.parametrize("image", ["v1", "v2"])
@pytest.mark.parametrize("after", [[], [Pool("big", "nvidia.com/gpu", 8)]])
def test_pods_stay_where_they_are_when_a_declaration_goes(after: list[Pool], image: str, deployment: Make) -> None:
    """A pool leaves the values, or has another name, as a scaler goes: the pods are on the same nodes before and after,
    at the least and at the most."""
    old = [deployment(replicas=None, surge=0, unavailable=1), keda(1, 4)]
    new = [deployment(replicas=2, surge=0, unavailable=1, image=image)]
    facts = Facts(pools=(Pool("h100", "nvidia.com/gpu", 8),)), Facts(pools=tuple(after))
    [row] = assess(compare({"unit": old}, {"unit": new}), old, new, *facts, TODAY).gpus
    assert (row.pool, row.before, row.after) == ("big" if after else None, 1, 2)
    assert (row.before_max, row.after_max, row.peak_max) == (4, 2, 4)
