"""What is left where new pods never become ready: replicas, GPUs, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.rollout.failure import Room, failure_of, rooms_beside
from llmstack.review.rollout.workload import Workload

Make = Callable[..., Workload]
POOL = ("a", "nvidia.com/gpu")


def with_template(workload: Workload, side: str, **fields: Any) -> Workload:
    return replace(workload, **{side: replace(getattr(workload, side), **fields)})


@pytest.fixture
def rolling(workload: Make) -> Workload:
    """Three replicas of two GPUs, one of which may be missing: load 300 s, grace 30 s."""
    return workload("m", before=3, after=3, gpus=(2,), pool="a", surge=0, unavailable=1, load=300)


def test_one_goes_and_the_new_one_holds_its_gpus(rolling: Workload) -> None:
    found = failure_of(rolling, {})
    assert (found.ready_left, found.gpus_held, found.seconds_back) == (2, 6, 330)


def test_a_spare_one_leaves_all_ready_and_nothing_to_wait_for(rolling: Workload) -> None:
    found = failure_of(replace(rolling, surge=1, unavailable=0), {})
    assert (found.ready_left, found.gpus_held, found.seconds_back) == (3, 8, 0)


@pytest.mark.parametrize(
    ("old", "new", "seconds"),
    [
        ({"min_ready": 10}, {"grace": 90}, 400),  # load, minReadySeconds, and the grace period of what held the GPUs
        ({"min_ready": 10}, {"grace": 20}, 340),
        ({"grace": 500}, {"grace": 90}, 800),
        ({}, {"min_ready": 10, "load": 7}, 330),
        ({"load": None}, {}, None),
        ({}, {"load": None}, 330),
    ],
)
def test_the_way_back_is_one_load_of_the_old_pods(
    rolling: Workload, old: dict[str, Any], new: dict[str, Any], seconds: int | None
) -> None:
    found = failure_of(with_template(with_template(rolling, "old", **old), "new", **new), {})
    assert found.seconds_back == seconds


def test_nobody_can_say_when_a_statefulset_is_back(rolling: Workload) -> None:
    found = failure_of(replace(rolling, kind="StatefulSet", in_place=True), {})
    assert (found.ready_left, found.seconds_back) == (2, None)


def test_what_had_no_replica_has_no_way_back(rolling: Workload) -> None:
    assert failure_of(replace(rolling, before=0, old=None, move="new"), {}).seconds_back is None


@pytest.mark.parametrize(
    ("other", "held"),
    [
        ({}, 6),  # all of its three stay meanwhile, and no room is left for a spare one
        ({"surge": 0, "unavailable": 1}, 8),  # it may be the GPUs of one that has gone
        ({"move": "scale", "after": 4}, 6),
        ({"move": "scale", "after": 2}, 8),
        ({"move": "remove"}, 8),
    ],
)
def test_what_others_that_roll_hold_at_any_time_is_no_room(rolling: Workload, other: dict[str, Any], held: int) -> None:
    spare = replace(rolling, surge=1, unavailable=0)
    rooms = rooms_beside({POOL: Room(12, 12)}, [spare, replace(spare, name="other", **other)])
    assert failure_of(spare, rooms(spare)).gpus_held == held


@pytest.mark.parametrize(
    ("room", "held"),
    [(Room(8, 8), 8), (Room(7, 8), 6), (Room(6, 8), 6), (Room(1, 8), 0), (Room(8, 2), 8), (Room(8, 1), 0), (None, 8)],
)
def test_gpus_are_held_by_whole_pods_that_have_room(rolling: Workload, room: Room | None, held: int) -> None:
    rooms = {POOL: room} if room is not None else {}
    assert failure_of(replace(rolling, surge=1, unavailable=0), rooms).gpus_held == held
