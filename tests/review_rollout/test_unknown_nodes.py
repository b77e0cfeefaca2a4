"""Pools of which nobody says how large their nodes are: where nothing is said of that, no order of events hangs."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.review_rollout.conftest import _deployment, _pool, _review, _workload
from tests.review_rollout.test_oracle import fits, oracle

NODES = [4, 4]
SAID = {"unknown-capacity", "gpu-deadlock", "gpu-shortage"}


def random_pair(rng: random.Random, name: str) -> tuple[Any, tuple[Any, Any]]:
    """A workload as the oracle takes it, and its Deployment before and after."""
    gpus, before, after = rng.choice((1, 2, 4)), rng.randint(0, 2), rng.randint(1, 2)
    restarts = before == after or (before and rng.random() < 0.7)
    surge, unavailable = rng.choice(((1, 0), (0, 1), (1, 1)))
    move = "restart" if restarts else "scale" if before else "new"
    shape = {"gpus": gpus, "surge": surge, "unavailable": unavailable}
    old = _deployment(name, before, image="v1", **shape) if before else None
    new = _deployment(name, after, image="v2" if restarts else "v1", **shape)
    strategy = {"surge": surge, "unavailable": unavailable}
    return _workload(name, move=move, before=before, after=after, gpus=(gpus,), **strategy), (old, new)


@pytest.mark.parametrize("seed", range(80))
def test_what_is_not_said_does_not_hang(seed: int) -> None:
    rng = random.Random(seed)
    found = [random_pair(rng, name) for name in "ab"]
    workloads = [workload for workload, _ in found]
    if not fits(workloads, NODES, []):
        return
    review = _review(*(pair for _, pair in found), pools=[_pool(sum(NODES))])
    if not SAID & {risk.id for risk in review.risks}:
        assert oracle(workloads, NODES, []) == (False, False), workloads


def test_pods_of_one_size_that_change_places_are_judged() -> None:
    pairs = [
        (_deployment(name, 2, image="v1", gpus=2, surge=0, unavailable=1),
         _deployment(name, 2, image="v2", gpus=2, surge=0, unavailable=1))
        for name in "ab"
    ]  # fmt: skip
    assert not SAID & {risk.id for risk in _review(*pairs, pools=[_pool(8)]).risks}


def test_a_larger_pod_that_restarts_beside_smaller_ones_that_stay_is_judged() -> None:
    shape = {"gpus": 4, "surge": 0, "unavailable": 1}
    pair = _deployment("a", 1, image="v1", **shape), _deployment("a", 1, image="v2", **shape)
    review = _review(pair, pools=[_pool(8)], stays=[_deployment("b", 2, gpus=1)])
    assert not SAID & {risk.id for risk in review.risks}
