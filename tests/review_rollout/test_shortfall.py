"""What a pool lacks: how it is told, and proposals that are exact to one GPU, one node and one replica."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

Make = Callable[..., Any]
Object = dict[str, Any]

GOALS: Mapping[str, tuple[tuple[int, ...], tuple[int, int], str, str]] = {
    "a GPU": ((3,), (4, 1), "Add 1 GPU to the pool, or run 3 replicas of `llama` instead of 4.", "has 3"),
    "GPUs": ((2,), (4, 1), "Add 2 GPUs to the pool, or run 2 replicas of `llama` instead of 4.", "has 2"),
    "one replica": ((1,), (1, 2), "Add 1 GPU to the pool, or move models out of it.", "has 1"),
    "a part of a replica": ((5,), (2, 4), "Add 3 GPUs to the pool, or run 1 replica of `llama` instead of 2.", "has 5"),
    "a replica": ((4,), (2, 4), "Add 4 GPUs to the pool, or run 1 replica of `llama` instead of 2.", "has 4"),
    "nodes, whole ones": ((16, 8), (5, 4), "Add 1 node of 8 GPUs to the pool, or run 4 replicas of `llama` instead of 5.", "has 16"),
    "more nodes than GPUs": ((8, 4), (5, 3), "Add 3 nodes of 4 GPUs to the pool, or run 2 replicas of `llama` instead of 5.", "has 8"),
    "the rest of a node": ((7, 8), (2, 4), "Add 1 GPU to the pool, or run 1 replica of `llama` instead of 2.", "has 7"),
    "GPUs that are there, on other nodes": (
        (16, 8), (3, 5), "Add 1 node of 8 GPUs to the pool, or run 2 replicas of `llama` instead of 3.",
        "has 16 on nodes of 8: the pods do not fit on these nodes",
    ),
    "a larger node": (
        (6, 2), (1, 4), "Ask for at most 2 GPUs a pod, or declare larger nodes (`perNode`).",
        "has 6 on nodes of 2: pods of 4 fit on none",
    ),
    "larger nodes, and more": (
        (6, 2), (2, 4), "Ask for at most 2 GPUs a pod, or declare larger nodes (`perNode`).",
        "has 6 on nodes of 2: pods of 4 fit on none",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("size", "asked", "advice", "has"), GOALS.values(), ids=GOALS)
def test_what_would_make_the_goal_fit(
    size: tuple[int, ...], asked: tuple[int, int], advice: str, has: str, deployment: Make, review: Make, pool: Make
) -> None:
    replicas, gpus = asked
    new = deployment(replicas=replicas, gpus=gpus, surge=0, unavailable=1)
    [risk] = [each for each in review((None, new), pools=[pool(*size)]).risks if each.id == "gpu-shortage"]
    assert (risk.advice, risk.message.partition("which ")[2]) == (advice, has)
    assert risk.amount == (replicas * gpus - size[0] if replicas * gpus > size[0] else None)


SIZES = st.sampled_from([(4,), (6, 2), (8, 4), (9, 4), (16, 8)])
ASKED = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5)), min_size=1, max_size=3)


@given(size=SIZES, asked=ASKED, runs=st.lists(st.integers(1, 4), max_size=2))
def test_what_is_advised_makes_it_fit_and_less_does_not(
    size: tuple[int, ...], asked: list[tuple[int, int]], runs: list[int], deployment: Make, review: Make, pool: Make
) -> None:
    stays = [deployment(f"s{number}", gpus=gpus) for number, gpus in enumerate(runs)]

    def short(count: int, model: str = "", replicas: int = 0) -> str:
        new = [
            (None, deployment(name, replicas if name == model else many, gpus=gpus, surge=0, unavailable=1))
            for number, (many, gpus) in enumerate(asked)
            for name in [f"m{number}"]
        ]
        risks = review(*new, pools=[pool(count, *size[1:])], stays=stays).risks
        return next((each.advice for each in risks if each.id == "gpu-shortage"), "")

    advice = short(size[0])
    added = re.match(r"Add (\d+) (?:nodes? of (\d+)|GPU)", advice)
    if added:
        nodes, of = int(added[1]), int(added[2] or 1)
        assert not short(size[0] + nodes * of)
        assert short(size[0] + (nodes - 1) * of)
    fewer = re.search(r"run (\d+) replicas? of `(\w+)` instead of (\d+)", advice)
    if fewer:
        assert not short(size[0], fewer[2], int(fewer[1]))
        assert short(size[0], fewer[2], int(fewer[1]) + 1)
    largest = max([gpus for _, gpus in asked] + runs)
    assert not advice or bool(added) == (len(size) == 1 or largest <= size[1])


def test_other_models_are_asked_first_to_give_up_what_they_grow_by(deployment: Make, review: Make, pool: Make) -> None:
    def grows(name: str, before: int, after: int) -> tuple[Object, Object]:
        return tuple(deployment(name, replicas, surge=0, unavailable=1) for replicas in (before, after))

    found = review(grows("a", 1, 2), grows("b", 1, 4), pools=[pool(5)]).risks
    assert {each.advice for each in found if each.id == "gpu-shortage"} == {
        "Add 1 GPU to the pool, or run 3 replicas of `b` instead of 4."
    }


SPARE = {
    "a GPU is there": ((3,), (2, 1), "or maxSurge 1 and maxUnavailable 0 (needs 1 spare GPU)."),
    "of two one is": ((5,), (2, 2), "Add 1 GPU to the pool, and set maxSurge 1"),
    "none": ((4,), (2, 2), "Add 2 GPUs to the pool, and set maxSurge 1"),
    "a GPU on each of two nodes": ((6, 3), (2, 2), "Add 1 node of 3 GPUs to the pool, and set maxSurge 1"),
}


@pytest.mark.parametrize(("size", "asked", "advice"), SPARE.values(), ids=SPARE)
def test_what_a_replica_more_would_need(
    size: tuple[int, ...], asked: tuple[int, int], advice: str, deployment: Make, review: Make, pool: Make
) -> None:
    sides = [deployment(replicas=asked[0], gpus=asked[1], surge=0, unavailable=2, image=each) for each in "ab"]
    [risk] = [each for each in review(tuple(sides), pools=[pool(*size)]).risks if each.id == "outage"]
    assert advice in risk.advice
