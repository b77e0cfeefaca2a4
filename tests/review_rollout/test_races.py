"""Rollouts that cannot all finish: which of them do is a race, or is certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.test_priorities import CLASSES

from llmstack.report.words import say_time

Make = Callable[..., Any]
RACE, NEVER, LOAD = "may never end", "never ends", "5 min"


@pytest.mark.parametrize(
    ("count", "models", "said"),
    [
        (2, {"a": (0, 1, 2), "b": (0, 1, 2)}, {"a": RACE, "b": RACE}),
        (3, {"a": (1, 2, 1), "b": (1, 2, 1)}, {"a": RACE, "b": RACE}),
        (2, {"a": (1, 2, 1), "b": (1, 2, 1)}, {"a": NEVER, "b": NEVER}),  # nothing is free
        (2, {"a": (0, 1, 1), "b": (0, 1, 4)}, {"a": LOAD, "b": NEVER}),  # the other one fits on no node
        (4, {"a": (0, 1, 2), "b": (0, 4, 1)}, {"a": RACE, "b": RACE}),  # four pods of one leave no room for one of two
        (3, {"a": (0, 1, 2), "b": (0, 4, 1)}, {"a": RACE, "b": NEVER}),
    ],
)
def test_who_gets_there(
    count: int,
    models: dict[str, tuple[int, int, int]],
    said: dict[str, str],
    deployment: Make,
    review: Make,
    pool: Make,
) -> None:
    """Replicas before and after, and the GPUs of each; who comes first is scheduled first."""
    pairs = [
        (
            deployment(name=name, replicas=before, gpus=gpus, surge=0, unavailable=1) if before else None,
            deployment(name=name, replicas=after, gpus=gpus, surge=0, unavailable=1),
        )
        for name, (before, after, gpus) in models.items()
    ]
    result = review(*pairs, pools=[pool(count)], loads=dict.fromkeys(models, 300))
    assert {each.name: say_time(each, result) for each in result.rollouts} == said
    races = {risk.object.partition("/")[2] for risk in result.risks if risk.message.endswith("is a race")}
    assert races == {name for name, time in said.items() if time == RACE}


def test_those_of_one_priority_race_and_those_below_wait(deployment: Make, review: Make, pool: Make) -> None:
    def made(name: str, of: str, gpus: int) -> Any:
        obj = deployment(name=name, gpus=gpus)
        obj["spec"]["template"]["spec"]["priorityClassName"] = of
        return obj

    new = [(None, made("a", "hi", 2)), (None, made("b", "hi", 2)), (None, made("c", "lo", 2))]
    result = review(*new, pools=[pool(2)], stays=[made("old", "lo", 1), *CLASSES])
    assert {each.name: say_time(each, result) for each in result.rollouts} == {"a": RACE, "b": RACE, "c": NEVER}
    held = {each.name: each.if_it_fails.gpus_held if each.if_it_fails else None for each in result.rollouts}
    assert held == {"a": 2, "b": 2, "c": 0}  # the winner ends what is below it, and has its GPUs


@pytest.mark.parametrize(
    ("count", "rolls", "new", "said"),
    [
        (4, (0, 1), 1, {"old": RACE, "new": RACE}),  # the GPU that a replica gives up goes to who waits longer
        (4, (0, 1), 2, {"old": "22 min", "new": NEVER}),  # one at a time is given up, which is too little
        (4, (None, None), 2, {"old": RACE, "new": RACE}),  # all are at once (Recreate)
        (4, (1, 0), 1, {"old": NEVER, "new": NEVER}),  # none is, before one is free
        (5, (1, 0), 2, {"old": "22 min", "new": NEVER}),
    ],
)
def test_a_rollout_beside_a_model_that_does_not_fit(
    count: int,
    rolls: tuple[int | None, int | None],
    new: int,
    said: dict[str, str],
    deployment: Make,
    review: Make,
    pool: Make,
) -> None:
    """Four replicas that restart, with maxSurge and maxUnavailable, beside a pod that comes with so many GPUs."""
    surge, unavailable = rolls
    pair = [deployment("old", 4, image=image, surge=surge, unavailable=unavailable) for image in ("v1", "v2")]
    comes = (None, deployment("new", 1, gpus=new, surge=0, unavailable=1))
    result = review((pair[0], pair[1]), comes, pools=[pool(count, count)], loads={"old": 300, "new": 300})
    assert {each.name: say_time(each, result) for each in result.rollouts} == said
    waits = {risk.object.partition("/")[2] for risk in result.risks if risk.id == "gpu-shortage"}
    assert waits == {name for name, time in said.items() if time in (RACE, NEVER)}
