"""How long a rollout takes, by what is known of the load of one pod: measured, published, or by the probes alone."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.rollout.foreseen import as_deleted, as_unseen, rollouts
from llmstack.review.rollout.queue import Held, Queue
from llmstack.review.rollout.times import (
    MOST_PODS,
    UNKNOWN_LOAD,
    likely_load,
    own_times,
    time_rollouts,
    too_many,
    total_seconds,
)

Make = Callable[..., Any]


def known(workload: Make, name: str = "a", *, of: str = "both", **template: Any) -> Any:
    """Two replicas that give way one by one, with what is known of their load."""
    made = workload(name, before=2, after=2)
    old = replace(made.old, **template) if of == "both" else made.old
    return replace(made, old=old, new=replace(made.new, **template))


def rolled(workloads: Any, pool: Any) -> Any:
    times = time_rollouts([workloads], [pool], {})
    [found] = rollouts([workloads], times, [pool])
    return found


WITHOUT = ("image pull", "second start")
LOADS: dict[str, tuple[dict[str, Any], tuple[int | None, ...], tuple[str, ...], str]] = {
    "measured": ({"load": 300}, (600, None, None), (), "exact"),
    "measured on other pods": ({"load": 300, "load_assumed": True}, (600, None, None), (), "assumed"),
    "measured, and longer than the probes allow": ({"load": 300, "load_max": 120}, (600, None, None), (), "assumed"),
    "by the probes": ({"load": None, "load_min": 20, "load_max": 120}, (None, 40, 240), WITHOUT, "assumed"),
    "by the probes, one moment": ({"load": None, "load_min": 120, "load_max": 120}, (None, 240, 240), WITHOUT, "assumed"),
    "a probe that nothing ends": ({"load": None, "load_min": 20}, (None, 40, None), (), "bound"),
    "a probe that only ends": ({"load": None, "load_max": 120}, (None, None, 240), WITHOUT, "assumed"),
    "nothing": ({"load": None}, (None, None, None), (), "bound"),
    "least above what probes allow": ({"load": None, "load_min": 200, "load_max": 120}, (None, 400, 400), WITHOUT, "assumed"),
    "as others took": ({"load": None, "load_min": 20, "load_max": 120, "load_band": (60, 90)}, (None, 120, 180), ("image pull",), "assumed"),
    "as others took, up to the end of the probes": (
        {"load": None, "load_min": 20, "load_max": 90, "load_band": (60, 90)}, (None, 120, 180), ("image pull",), "assumed",
    ),
    "as others took, beyond the probes": (
        {"load": None, "load_min": 20, "load_max": 80, "load_band": (60, 90)}, (None, 120, 160), WITHOUT, "assumed",
    ),
    "as others took, and no probe": ({"load": None, "load_min": 20, "load_band": (60, 90)}, (None, 120, 180), ("image pull",), "assumed"),
    "by the probes, behind init containers": (
        {"load": None, "load_min": 20, "load_max": 120, "prepares": True}, (None, 40, 240), ("init containers", *WITHOUT), "assumed",
    ),
    "measured, behind init containers": ({"load": 300, "prepares": True}, (600, None, None), (), "exact"),
    "all beyond the probes": (
        {"load": None, "load_min": 20, "load_max": 50, "load_band": (60, 90)}, (None, 120, 180), WITHOUT, "assumed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOADS)
def test_seconds_by_what_is_known_of_a_load(case: str, workload: Make, pool: Make) -> None:
    template, seconds, without, basis = LOADS[case]
    found = rolled(known(workload, **template), pool(16))
    assert (found.seconds, found.seconds_min, found.seconds_max) == seconds
    assert (found.seconds_max_without, found.basis["seconds"]) == (without, basis)
    assert (found.min_ready, found.replicas_min, found.replicas_max) == (1, 2, 2)


@pytest.mark.parametrize(
    ("template", "load"),
    [
        ({"load": 300, "load_min": 1, "load_max": 2}, 300),
        ({"load": None}, UNKNOWN_LOAD),
        ({"load": None, "load_min": UNKNOWN_LOAD + 1}, UNKNOWN_LOAD + 1),
        ({"load": None, "load_max": 120}, 120),
        ({"load": None, "load_max": 120, "load_band": (60, 90)}, 90),
        ({"load": None, "load_max": 80, "load_band": (60, 90)}, 80),
        ({"load": None, "load_max": 50, "load_band": (60, 90)}, 90),
    ],
)
def test_the_load_that_a_picture_shows(template: dict[str, Any], load: float, workload: Make) -> None:
    assert likely_load(known(workload, **template).new) == load


def test_what_loads_nothing_takes_no_time(workload: Make, pool: Make) -> None:
    fewer = replace(known(workload, load=None), move="scale", before=3)
    found = rolled(fewer, pool(16))
    assert (found.seconds, found.seconds_min, found.seconds_max, found.basis["seconds"]) == (0, None, None, "exact")


def test_in_a_pool_of_unknown_size_no_pod_was_taken_to_wait(workload: Make, pool: Make) -> None:
    there, unknown = pool(16), pool(16, name="other")
    assert rolled(known(workload), there).basis["seconds"] == "exact"
    assert rolled(known(workload), unknown).basis["seconds"] == "assumed"
    without = known(workload)
    without = replace(
        without, old=replace(without.old, gpus=(), pool=None), new=replace(without.new, gpus=(), pool=None)
    )
    assert rolled(without, unknown).basis["seconds"] == "exact"
    fewer = replace(known(workload), move="scale", before=3)
    assert rolled(fewer, unknown).basis["seconds"] == "exact"
    more = replace(known(workload), move="scale", after=3)
    assert rolled(more, unknown).basis["seconds"] == "assumed"


def test_a_rollout_that_waits_for_ever_takes_no_time_that_could_be_said(workload: Make, pool: Make) -> None:
    stuck = workload(before=2, after=2, surge=1, unavailable=0)
    found = rolled(stuck, pool(2))
    assert (found.seconds, found.seconds_min, found.seconds_max, found.min_ready) == (None, None, None, 2)
    times = time_rollouts([stuck], [pool(2)], {})
    assert total_seconds([found], times) is None


def test_the_whole_takes_as_long_as_the_last(workload: Make, pool: Make) -> None:
    pair = [workload("a", load=60), workload("b", load=300)]
    times = time_rollouts(pair, [pool(16)], {})
    found = rollouts(pair, times, [pool(16)])
    assert ([each.seconds for each in found], total_seconds(found, times)) == ([60, 300], 300)
    gone = [workload("a", "remove", after=0), workload("b", load=300)]
    assert [each.name for each in rollouts(gone, time_rollouts(gone, [pool(16)], {}))] == ["b"]
    open_ended = [workload("a", load=60), known(workload, "b", load=None, load_min=10, load_max=900)]
    times = time_rollouts(open_ended, [pool(16)], {})
    assert total_seconds(rollouts(open_ended, times, [pool(16)]), times) is None
    earlier = [workload("a", load=3000), known(workload, "b", load=None, load_min=10, load_max=900)]
    times = time_rollouts(earlier, [pool(16)], {})
    assert total_seconds(rollouts(earlier, times, [pool(16)]), times) == 3000, "the other is done by then in any case"


def test_rollouts_of_too_many_pods_are_left_out_the_largest_first(workload: Make, pool: Make) -> None:
    sizes = {"a": MOST_PODS, "b": 1, "c": 2}
    fleet = [workload(name, before=size, after=size) for name, size in sizes.items()]
    assert too_many(fleet) == {fleet[0].identity}
    assert too_many(fleet[:1]) == frozenset()
    times = time_rollouts(fleet, [pool(16)], {})
    assert [each is None for each in times.outcomes] == [True, False, False]
    found = rollouts(fleet, times, [pool(16)])
    assert [(each.seconds, each.min_ready) for each in found] == [(None, None), (600, 0), (1200, 1)]
    assert total_seconds(found, times) is None


def test_an_environment_sees_the_end_of_its_own(workload: Make, pool: Make) -> None:
    fleet = [workload("a", load=60), workload("b", load=300), workload("c", load=900)]
    times = time_rollouts(fleet, [pool(16)], {})
    own = own_times(times, 1, 1)
    assert (own.likely.end, own.longest.end, len(own.outcomes), len(own.likely.outcomes)) == (300, 300, 1, 1)
    assert own_times(times, 0, 3).likely.end == 900
    assert own_times(times, 0, 0).likely.end == 0


def test_units_in_line_end_alike_only_where_all_take_as_long(workload: Make, pool: Make) -> None:
    def in_line(*loads: int, workers: int, timeout: float = inf, awaits: str | None = None) -> Any:
        units = {
            f"u{at}": Held(timeout, frozenset({awaits}) if awaits and at == 0 else frozenset())
            for at in range(len(loads))
        }
        fleet = [replace(workload(f"w{at}", load=load), unit=f"u{at}") for at, load in enumerate(loads)]
        times = time_rollouts(fleet, [pool(64)], {}, Queue(units, workers))
        basis = {each.basis["seconds"] for each in rollouts(fleet, times, [pool(64)])}
        assert basis == {"exact" if times.outcomes[0].span is None else "bound"}
        return times.ends_alike, [each.span for each in times.outcomes]

    assert in_line(70, 70, workers=2) == (False, [None, None]), "a worker for each"
    assert in_line(70, 70, 70, workers=2) == (True, [(70, 140)] * 3)
    assert in_line(70, 70, 170, workers=2)[0] is False
    assert in_line(70, 70, workers=2, awaits="u1") == (False, [None, None]), "a worker for each in its turn"
    assert in_line(70, 70, workers=1, awaits="u1") == (False, [(70, 140)] * 2)
    assert in_line(70, 70, 70, workers=2, timeout=60) == (True, [(60, 120)] * 3), "a worker is let go in time"


@pytest.mark.parametrize(
    ("count", "surges", "basis"),
    [
        (5, (1, 1), "assumed"),  # one GPU for two spare pods: who comes first is a race
        (6, (1, 1), "exact"),
        (4, (0, 0), "exact"),  # each takes what it gives up
        (4, (1, 0), "assumed"),
    ],
)
def test_what_rests_on_who_comes_first(
    count: int, surges: tuple[int, int], basis: str, workload: Make, pool: Make
) -> None:
    pair = [
        workload(name, before=2, after=2, surge=surge, unavailable=1 - surge)
        for name, surge in zip("ab", surges, strict=True)
    ]
    found = rollouts(pair, time_rollouts(pair, [pool(count)], {}), [pool(count)])
    assert {each.basis["seconds"] for each in found} == {basis}
    assert all(each.seconds is not None for each in found)


def test_what_may_be_deleted_and_made_anew(workload: Make, pool: Make) -> None:
    pair = [replace(workload(name, before=2, after=2), namespace=name) for name in "ab"]
    found = as_deleted(rollouts(pair, time_rollouts(pair, [pool(8)], {}), [pool(8)]), {("Deployment", "a", "a")})
    assert [(each.seconds, each.seconds_min, each.min_ready) for each in found] == [(None, 600, 0), (1200, None, 1)]
    assert [each.if_it_fails is None for each in found] == [True, False]


def test_what_is_applied_from_elsewhere(workload: Make, pool: Make) -> None:
    pair = [workload(name, before=2, after=2) for name in "ab"]
    found = as_unseen(rollouts(pair, time_rollouts(pair, [pool(8)], {}), [pool(8)]), {("Deployment", "", "a")})
    assert [set(each.basis.values()) for each in found] == [{"assumed"}, {"exact"}]
    assert [each.seconds for each in found] == [1200, 1200]
