"""A time that is told as exact is the same wherever the pods are: on each node that has room, drawn at random."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.review_rollout.test_laws import build, plans

from llmstack.review.rollout.chance import rests_on_places
from llmstack.review.rollout.nodes import Nodes
from llmstack.review.rollout.simulate import simulate
from llmstack.review.rollout.times import likely_load

KEY = ("h100", "nvidia.com/gpu")


@pytest.mark.parametrize(
    ("sizes", "bound", "gpus", "chance"),
    [
        ([8], [4, 1], 2, False),  # one node: what is free is together
        ([4, 4], [1, 1], 4, True),  # on one node, or on two
        ([4, 4], [1, 1], 3, False),  # beside one there is room, and where both are elsewhere too
        ([4, 4], [1, 1], 1, False),
        ([4, 4], [2, 2], 2, False),
        ([4, 4], [2, 2], 4, True),
        ([4, 4], [4, 1], 4, False),  # nowhere
        ([8] * 4, [8, 8, 8], 8, False),
        ([8] * 4, [8, 8, 8, 1], 8, False),
        ([8] * 200, [1] * 100, 8, False),  # too many nodes for as many pods
        ([8] * 200, [1] * 200, 8, True),
        ([], [], 1, False),
    ],
)
def test_whether_it_rests_on_where_others_are(sizes: list[int], bound: list[int], gpus: int, chance: bool) -> None:
    nodes = Nodes(sizes)
    for each in bound:
        nodes.take(each)
    assert rests_on_places(nodes, gpus) is chance


@settings(max_examples=300, deadline=None)
@given(
    plan=st.lists(plans(sizes=(1, 2, 4)), min_size=1, max_size=3),
    fixed=st.dictionaries(st.sampled_from((1, 2, 3)), st.integers(1, 3), max_size=2),
    spare=st.integers(0, 8),
    per_node=st.sampled_from((4, 8)),
    seed=st.integers(0, 2**16),
)
def test_what_rests_on_no_chance_takes_as_long_anywhere(
    plan: list[dict[str, Any]], fixed: dict[int, int], spare: int, per_node: int, seed: int, workload: Any, pool: Any
) -> None:
    workloads = build(workload, plan)
    runs = sum(one.before * one.old.total for one in workloads if one.old) + sum(g * n for g, n in fixed.items())
    pools = [pool(runs + spare, per_node)]
    played = simulate(workloads, pools, {KEY: fixed}, likely_load)
    running = sum(one.before for one in workloads) + sum(fixed.values())
    anywhere, are_all_there = _anywhere(seed, running)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Nodes, "take", anywhere)
        other = simulate(workloads, pools, {KEY: fixed}, likely_load)
    if any(outcome.by_chance for outcome in played.outcomes) or not are_all_there():
        return
    assert [each.finish for each in other.outcomes] == [each.finish for each in played.outcomes]


def _anywhere(seed: int, running: int) -> tuple[Any, Any]:
    """A scheduler that takes any node with room, and whether the first pods, those that ran before, found one each."""
    rng, found = random.Random(seed), []

    def take(self: Nodes, gpus: int) -> int | None:
        fitting = [node for node, free in enumerate(self.free) if free >= gpus]
        found.append(bool(fitting))
        if not fitting:
            return None
        node = rng.choice(fitting)
        self._move(node, -gpus)
        self.bound[gpus] += 1
        return node

    return take, lambda: all(found[:running])
