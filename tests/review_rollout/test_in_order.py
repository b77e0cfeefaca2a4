"""StatefulSets whose pods end in order, and those that give up several replicas at a time.

Both after pkg/controller/statefulset/stateful_set_control.go of Kubernetes 1.36 (`processCondemned`,
`updateStatefulSetAfterInvariantEstablished`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from llmstack.facts.cluster import ClusterFacts

Make = Callable[..., Any]
GRACE, LOAD = 30, 300


@pytest.mark.parametrize(
    ("policy", "gpus", "seconds"),
    [
        ("OrderedReady", (1, 1), 2 * GRACE),  # ends at 0, 30 and 60
        ("Parallel", (1, 1), 0),
        ("OrderedReady", (1, 2), 3 * GRACE + GRACE + LOAD),  # the last one is replaced once the others are gone
        ("Parallel", (1, 2), GRACE + LOAD),
    ],
)
def test_surplus_pods_end_one_at_a_time(
    policy: str, gpus: tuple[int, int], seconds: int, stateful: Make, compared: Make, pool: Make
) -> None:
    before, after = (
        stateful(replicas, size, podManagementPolicy=policy) for replicas, size in zip((4, 1), gpus, strict=True)
    )
    [rollout] = compared([before], [after], pools=(pool(8, 8),), load_seconds={"llama": LOAD}).rollouts
    assert (rollout.seconds, rollout.basis["seconds"]) == (seconds, "exact")


def test_what_only_ends_needs_no_load_time(stateful: Make, compared: Make, pool: Make) -> None:
    [rollout] = compared([stateful(4)], [stateful(1)], pools=(pool(8, 8),)).rollouts
    assert (rollout.seconds, rollout.basis["seconds"]) == (2 * GRACE, "exact")


def test_others_wait_for_the_gpus_of_pods_that_end_in_order(
    stateful: Make, deployment: Make, compared: Make, pool: Make
) -> None:
    def sides(policy: str) -> list[list[Any]]:
        return [
            [stateful(held, podManagementPolicy=policy), deployment("other", grown, surge=1, unavailable=0)]
            for held, grown in ((4, 1), (1, 4))
        ]

    def last(policy: str) -> Any:
        found = compared(*sides(policy), pools=(pool(5, 8),), load_seconds={"llama": LOAD, "other": LOAD})
        assert not any(each.deadlock for each in found.gpus)
        return next(each.seconds for each in found.rollouts if each.name == "other")

    assert last("Parallel") == GRACE + LOAD
    assert last("OrderedReady") == 3 * GRACE + LOAD


@pytest.mark.parametrize(
    ("stated", "seen", "at_a_time", "basis"),
    [
        ("1.34", None, 1, "exact"),
        ("1.36", None, 1, "exact"),  # off again, by pull request 137904
        ("1.37", None, 2, "exact"),
        ("1.35", None, 2, "assumed"),  # on up to 1.35.3
        (None, None, 2, "assumed"),
        ("1.37", "1.34", 1, "exact"),  # what runs, and not what is validated for
    ],
)
def test_several_at_a_time_where_the_cluster_can(
    stated: str | None, seen: str | None, at_a_time: int, basis: str, stateful: Make, compared: Make, pool: Make
) -> None:
    rolling = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}, "podManagementPolicy": "Parallel"}
    known = {
        "pools": (pool(8, 8),), "load_seconds": {"llama": LOAD}, "stated_version": stated,
        "cluster": ClusterFacts(date(2026, 6, 1), versions={"kubernetes": seen}) if seen else None,
    }  # fmt: skip
    [rollout] = compared(*([stateful(4, size, **rolling)] for size in (1, 2)), **known).rollouts
    assert rollout.seconds == 4 // at_a_time * (GRACE + LOAD)
    assert rollout.basis["seconds"] == basis
    assert rollout.min_ready == 4 - at_a_time


def test_a_pod_that_is_replaced_in_order_waits_for_those_before_it(stateful: Make, compared: Make, pool: Make) -> None:
    """Two end together, come back one after the other, and only then the next two end."""
    rolling = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}
    known = {"pools": (pool(8, 8),), "load_seconds": {"llama": LOAD}, "stated_version": "1.37"}
    [rollout] = compared(*([stateful(4, size, **rolling)] for size in (1, 2)), **known).rollouts
    assert (rollout.seconds, rollout.min_ready) == (2 * (GRACE + 2 * LOAD), 2)
