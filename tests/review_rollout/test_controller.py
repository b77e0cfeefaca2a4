"""Replica counts right after a change, and what the controller makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.rollout.controller import Counts, begin, settle, settle_at_once

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


@pytest.mark.parametrize(
    ("move", "before", "up", "after", "falls_to", "counts"),
    [
        ("new", 0, 0, 3, None, Counts(0, 0, 0, 3)),
        ("restart", 0, 0, 3, None, Counts(0, 0, 0, 3)),
        ("remove", 3, 3, 0, None, Counts(0, 0, 0, 0)),
        ("scale", 2, 2, 4, None, Counts(0, 0, 2, 2)),
        ("scale", 4, 4, 2, None, Counts(0, 0, 2, 0)),
        ("scale", 4, 1, 2, None, Counts(0, 0, 1, 1)),
        ("scale", 4, 4, 4, 1, Counts(0, 0, 1, 3)),
        ("scale", 3, 3, 0, 1, Counts(0, 0, 0, 0)),
        ("restart", 4, 4, 4, 1, Counts(1, 0, 0, 3)),
        ("restart", 3, 3, 0, 1, Counts(0, 0, 0, 0)),
        ("restart", 4, 3, 2, None, Counts(2, 0, 0, 0)),
        ("restart", 2, 5, 3, None, Counts(2, 1, 0, 0)),
    ],
)
def test_replicas_right_after_the_change(
    move: str, before: int, up: int, after: int, falls_to: int | None, counts: Counts, workload: Make
) -> None:
    made = workload(move=move, before=before, after=after)
    assert begin(replace(made, falls_to=falls_to), up) == counts


@pytest.mark.parametrize(
    ("after", "surge", "unavailable", "counts", "settled"),
    [
        (2, 1, 0, Counts(2, 0, 0, 0), Counts(2, 0, 0, 1)),
        (2, 1, 0, Counts(2, 0, 1, 0), Counts(1, 0, 1, 1)),
        (2, 0, 1, Counts(2, 0, 0, 0), Counts(1, 0, 0, 1)),
        (2, 0, 1, Counts(1, 0, 1, 0), Counts(0, 0, 1, 1)),
        (2, 0, 1, Counts(1, 1, 0, 0), Counts(1, 0, 0, 1)),  # what is not available goes first
        (2, 0, 2, Counts(2, 0, 0, 0), Counts(0, 0, 0, 2)),
        (4, 2, 1, Counts(4, 0, 0, 0), Counts(3, 0, 0, 3)),
        (4, 2, 1, Counts(3, 0, 1, 2), Counts(2, 0, 1, 3)),
        (2, 0, 1, Counts(0, 0, 2, 0), Counts(0, 0, 2, 0)),
        (2, 1, 0, Counts(0, 2, 0, 0), Counts(0, 2, 0, 1)),  # old ones go once the new one is available
    ],
)
def test_what_a_rolling_update_makes_of_them(
    after: int, surge: int, unavailable: int, counts: Counts, settled: Counts, workload: Make
) -> None:
    rolling = workload(before=after, after=after, surge=surge, unavailable=unavailable)
    assert settle(rolling, counts) == settled
    assert settle(replace(rolling, move="scale"), counts) == counts, "nothing is replaced"


def test_what_is_recreated_waits_until_the_last_of_before_is_gone(workload: Make) -> None:
    recreated = workload(before=2, after=2, recreate=True)
    assert settle(recreated, Counts(2, 0, 0, 0)) == Counts(0, 0, 0, 0)
    assert settle(recreated, Counts(0, 1, 0, 0)) == Counts(0, 0, 0, 0)
    assert settle(recreated, Counts(0, 0, 0, 0), 2) == Counts(0, 0, 0, 0)
    assert settle(recreated, Counts(0, 0, 0, 0), 0) == Counts(0, 0, 0, 2)
    assert settle(recreated, Counts(0, 0, 1, 0), 0) == Counts(0, 0, 1, 1)
    assert settle_at_once(recreated, Counts(2, 0, 0, 0)) == Counts(0, 0, 0, 2)


def test_replicas_of_all_kinds_count() -> None:
    assert Counts(1, 2, 4, 8).total == 15
