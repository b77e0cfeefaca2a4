"""Models that go from one pool to another at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.facts import Pool

Make = Callable[..., Any]
SWAPPED = {"a": "b", "b": "a"}


@pytest.mark.parametrize(
    ("replicas", "count", "surge", "severity"),
    [
        (2, 2, (1, 0), "error"),
        (40, 40, (1, 0), "error"),  # more than are tried in every order
        (2, 3, (1, 0), None),
        (2, 2, (0, 1), None),
        (40, 40, (1, 1), "warning"),
    ],
)
def test_models_that_swap_their_pools(
    replicas: int, count: int, surge: tuple[int, int], severity: str | None, deployment: Make, compared: Make
) -> None:
    """Where each pool is full, and each waits for the other before it gives up a pod, no order finishes."""

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
