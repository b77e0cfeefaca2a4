"""New objects whose replicas a scaler gives: when they have as many as they need is the scaler's to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.test_scalers import hpa, keda

Make = Callable[..., Any]
Object = dict[str, Any]


def inside(namespace: str, *objects: Object) -> list[Object]:
    return [{**each, "metadata": {**each["metadata"], "namespace": namespace}} for each in objects]


@pytest.mark.parametrize(
    ("scaler", "seconds", "basis"),
    [
        (keda(1, 4), (None, 300, None), "bound"),  # it had up to 4, and begins with 1
        (keda(0, 4), (None, 300, None), "bound"),
        (hpa(2, 4), (None, 300, None), "bound"),
        (hpa(2, 2), (300, None, None), "assumed"),  # the second comes once the scaler looks
        (keda(1, 1), (300, None, None), "exact"),
    ],
)
def test_a_model_that_moves_begins_anew(
    deployment: Make, compared: Make, pool: Make, scaler: Object, seconds: tuple[Any, ...], basis: str
) -> None:
    model = deployment(replicas=None, surge=0, unavailable=1)
    sides = [inside(name, model, scaler) for name in ("a", "b")]
    [rollout] = compared(*sides, pools=(pool(8, 8),), load_seconds={"llama": 300}).rollouts
    assert (rollout.seconds, rollout.seconds_min, rollout.seconds_max) == seconds
    assert (rollout.why, rollout.basis["seconds"]) == ("new", basis)


@pytest.mark.parametrize(("least", "basis"), [(1, "exact"), (2, "assumed")])
def test_a_new_model_has_what_it_begins_with(
    deployment: Make, compared: Make, pool: Make, least: int, basis: str
) -> None:
    new = [deployment(replicas=None, surge=0, unavailable=1), hpa(least, 4)]
    other = deployment("other", replicas=3)
    [rollout] = compared([other], new, pools=(pool(8, 8),), load_seconds={"llama": 300}).rollouts
    assert (rollout.seconds, rollout.basis["seconds"]) == (300, basis)


def test_a_model_of_another_name_takes_over(deployment: Make, compared: Make, pool: Make) -> None:
    old = [deployment("old", replicas=4)]
    new = [deployment("new", replicas=None, surge=0, unavailable=1), keda(1, 4, "new")]
    facts = {"pools": (pool(8, 8),), "load_seconds": {"new": 300}}
    assert compared(old, new, **facts).rollouts[0].seconds == 300
    [rollout] = compared(old, new, moved_from={"new": "old"}, **facts).rollouts
    assert (rollout.seconds, rollout.seconds_min, rollout.basis["seconds"]) == (None, 300, "bound")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (keda(0, 4), keda(1, 4), (1, 1, 4, None, 0, 300)),  # asleep, its first pod loads; awake, nothing happens
        (keda(0, 4), keda(0, 4), None),
        (keda(1, 4), keda(1, 4), None),
        (keda(1, 8), keda(1, 2), (1, 1, 2, 0, None, None)),  # what runs beyond ends, and nothing loads
    ],
)
def test_a_scaler_whose_ends_move(
    deployment: Make, review: Make, pool: Make, before: Object, after: Object, said: tuple[Any, ...] | None
) -> None:
    stays = [deployment(replicas=None, surge=0, unavailable=1)]
    result = review((before, after), stays=stays, pools=[pool(8)], loads={"llama": 300})
    found = [
        (each.replicas, each.replicas_min, each.replicas_max, each.seconds, each.seconds_min, each.seconds_max)
        for each in result.rollouts
    ]
    assert found == ([said] if said else [])
    assert result.seconds == (None if said and said[3] is None else 0)
