"""Replica counts right after a change, and what the controller makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from llmstack.review.rollout.controller import Counts, begin, settle

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("before", "up", "after", "counts"),
    [
        (3, 3, 5, Counts(3, 0, 0, 2)),
        (3, 2, 5, Counts(2, 1, 0, 2)),
        (3, 3, 3, Counts(3, 0, 0, 0)),
        (3, 3, 2, Counts(2, 0, 0, 0)),
        (3, 1, 2, Counts(1, 1, 0, 0)),
    ],
)
def test_pods_with_ordinals_grow_at_the_new_revision(
    before: int, up: int, after: int, counts: Counts, workload: Make
) -> None:
    in_place = replace(workload(before=before, after=after, surge=0, unavailable=1), in_place=True)
    assert begin(in_place, up) == counts


def test_a_deployment_grows_at_the_old_revision(workload: Make) -> None:
    assert begin(workload(before=3, after=5, surge=0, unavailable=1), 3) == Counts(3, 2, 0, 0)


def test_a_predecessor_that_terminates_holds_the_place_of_its_successor(workload: Make) -> None:
    in_place = replace(workload(before=2, after=2, surge=0, unavailable=1), in_place=True)
    assert settle(in_place, Counts(1, 0, 0, 0), 1) == Counts(1, 0, 0, 0)
    assert settle(in_place, Counts(1, 0, 0, 0), 0) == Counts(1, 0, 0, 1)
