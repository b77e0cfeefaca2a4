"""Rollouts too many to try in every order: whose pods find room beside all others does not hang."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.facts import Pool
from llmstack.review.rollout import contention
from llmstack.review.rollout.deadlock_search import try_every_order

Make = Callable[..., Any]
KEY = ("a", "nvidia.com/gpu")
WAYS = ({"surge": 1, "unavailable": 0}, {"surge": 0, "unavailable": 1}, {"surge": 1, "unavailable": 1})


def test_a_pod_of_one_gpu_finds_room_wherever_one_is_free(deployment: Make, compared: Make) -> None:
    """Of 104 GPUs 88 are asked for at the most: a pod of four may find none on one node, a pod of one always does."""
    sizes = {f"small-{number}": 1 for number in range(20)} | {f"large-{number}": 4 for number in range(6)}

    def models(image: str) -> list[Any]:
        return [deployment(name=name, gpus=gpus, image=image, surge=1, unavailable=0) for name, gpus in sizes.items()]

    pools = (Pool("h100", "nvidia.com/gpu", 104, 8),)
    found = compared(models("v1"), models("v2"), pools=pools, load_seconds=dict.fromkeys(sizes, 300))
    assert {each[0] for each in told(found, "gpu-deadlock")} == {"warning"}
    assert {each.name for each in found.rollouts if each.basis["seconds"] == "assumed"} == {
        name for name in sizes if name.startswith("large")
    }


@pytest.mark.parametrize("seed", range(40))
def test_the_bound_holds_what_every_order_says(seed: int, workload: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        workloads = [
            workload(name, before=rng.randint(1, 2), after=rng.randint(1, 2), gpus=(rng.choice((1, 2)),), pool="a",
                     **rng.choice(WAYS))
            for name in "xyz"[: rng.randint(2, 3)]
        ]  # fmt: skip
        pool = Pool("a", "nvidia.com/gpu", 2 * rng.randint(2, 5), 2)
        nodes = {KEY: [2] * (pool.count // 2)}
        reached = try_every_order(workloads, nodes, {})
        if not reached.complete:
            continue
        with monkeypatch.context() as patched:
            patched.setattr(contention, "SMALL", 0)
            bound = contention.find_verdicts(workloads, [pool], {})[KEY]
        if not bound.shortage:
            assert {identity for identity, _ in reached.stuck} <= bound.stuck
