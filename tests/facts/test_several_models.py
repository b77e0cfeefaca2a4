"""Random changes of several models on nodes that others hold a part of: true facts say what trying every order of
events says, facts that are missing or too old never say that it ends well."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from llmstack.facts.learned import Release, learn_cluster
from llmstack.review.assess import assess
from llmstack.review.capacity import gpu_pods, know_pools
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Stale
from tests.observed.support import node, pod, seen
from tests.review_rollout.conftest import _deployment, _workload
from tests.review_rollout.test_oracle import fits, oracle

DAY = date(2026, 11, 20)
PER_NODE = 4


@dataclass(frozen=True)
class Scene:
    """What others hold on each node, workloads as the oracle takes them, and the objects before and after."""

    held: Sequence[int]
    workloads: list[Any]
    before: list[Any]
    after: list[Any]

    @property
    def free(self) -> list[int]:
        return [PER_NODE - held for held in self.held]


def scene(rng: random.Random) -> Scene:
    found = Scene([rng.choice((0, 0, 1, 2)) for _ in range(rng.randint(1, 2))], [], [], [])
    for name in "ab":
        gpus, before, after = rng.choice((1, 2, 4)), rng.randint(0, 2), rng.randint(1, 2)
        restarts = before == after or (before and rng.random() < 0.6)
        surge, unavailable = rng.choice(((1, 0), (0, 1), (1, 1)))
        move = "restart" if restarts else "scale" if before else "new"
        shape = {"gpus": gpus, "surge": surge, "unavailable": unavailable}
        if before:
            found.before.append(_deployment(name, before, image="v1", **shape))
        found.after.append(_deployment(name, after, image="v2" if restarts else "v1", **shape))
        found.workloads.append(_workload(name, move=move, before=before, after=after, **{**shape, "gpus": (gpus,)}))
    return found


def verdict(found: Scene, *, knows: bool = True, stale: Stale | None = None) -> tuple[bool | None, bool | None]:
    objects = [node(f"n{number}", PER_NODE, version=number + 1) for number in range(len(found.held))]
    for number, held in enumerate(found.held):
        objects.append(pod(f"job-{number}", "research", on=f"n{number}", gpus=held, version=50 + number))
    known = learn_cluster(seen(*objects), [Release("llm", "llmstack")], at=DAY) if knows else None
    facts = Facts(pools=know_pools((), known, gpu_pods(found.after)), cluster=known, stale=stale)
    changes = compare({"m": found.before}, {"m": found.after})
    [row] = assess(changes, found.before, found.after, facts, facts, DAY).gpus
    return row.deadlock, row.certain


@pytest.mark.parametrize("seed", range(60))
def test_true_facts_say_what_every_order_says(seed: int) -> None:
    found = scene(random.Random(seed))
    if not fits(found.workloads, found.free, []):
        return  # what runs there now is not where it would be placed
    truth = oracle(found.workloads, found.free, [])
    assert verdict(found) == truth, found
    assert verdict(found, knows=False) == (None, None)
    assert verdict(found, stale=Stale("c", 20, 14)) == (truth if truth[0] else (None, None))
