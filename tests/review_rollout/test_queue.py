"""The sync tool works on a few units at a time: tests/cluster/check_owners.py holds this to the real Flux."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.rollout.foreseen import rollouts
from llmstack.review.rollout.queue import Held, Queue, latest_ends
from llmstack.review.rollout.times import time_rollouts, total_seconds
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.ends import RUNS, read_ends
from llmstack.review.ways_in.moments import uncovered

Make = Callable[..., Any]


def line(workload: Make, loads: dict[str, int], **more: Any) -> list[Any]:
    return [replace(workload(name, load=load, **more), unit=f"models/{name}") for name, load in loads.items()]


def queue(*names: str, timeout: float = inf, **awaits: str) -> Queue:
    return Queue(
        {
            f"models/{name}": Held(timeout, frozenset({f"models/{awaits[name]}"} if name in awaits else ()))
            for name in names
        }
    )


def told(workloads: list[Any], held: Queue, pool: Any) -> tuple[list[tuple[Any, ...]], int | None, int]:
    """Seconds of each rollout, exact or as bounds; of all; and the peak of the pool."""
    times = time_rollouts(workloads, [pool], {}, held)
    rolled = rollouts(workloads, times, [pool])
    seconds = [(each.seconds, each.seconds_min, each.seconds_max) for each in rolled]
    return seconds, total_seconds(rolled, times), times.likely.peaks["h100", "nvidia.com/gpu"]


@pytest.mark.parametrize(
    ("names", "each", "total", "peak"),
    [
        ("abcd", (600, None, None), 600, 8),  # a worker for each
        ("abcdef", (None, 600, 1200), 1200, 10),
        ("abcdefgh", (None, 600, 1200), 1200, 12),
        ("abcdefghi", (None, 600, 1800), 1800, 13),
    ],
)
def test_units_of_the_same_length_go_in_rounds_of_four(
    names: str, each: tuple[Any, ...], total: int, peak: int, workload: Make, pool: Make
) -> None:
    """With one pod of surge each: no more than four of them at a time."""
    workloads = line(workload, dict.fromkeys(names, 600), surge=1, unavailable=0)
    assert told(workloads, queue(*names), pool(64)) == ([each] * len(names), total, peak)
    assert told(workloads, Queue(), pool(64))[1:] == (600, 2 * len(names)), "nobody holds a worker: all at once"


def test_units_of_other_lengths_have_bounds_alone(workload: Make, pool: Make) -> None:
    loads = {"a": 100, "b": 200, "c": 300, "d": 400, "e": 500}
    seconds, total, _ = told(line(workload, loads), queue(*loads), pool(64))
    assert total is None
    assert seconds[0] == (None, 100, 450)  # (200 + 300 + 400 + 500) / 4 and its own
    assert seconds[4] == (None, 500, 750)


@pytest.mark.parametrize(
    ("names", "gpus", "each"),
    [
        ("abcdefgh", 12, (None, 300, 660)),  # four surge at a time; those of the second round wait for what ends
        ("abcdefgh", 9, (None, 300, 2640)),  # one after another, whoever comes first
        ("abcdefgh", 8, (None, None, None)),  # never
    ],
)
def test_units_that_wait_for_gpus_take_as_long_whatever_they_are_called(
    names: str, gpus: int, each: tuple[Any, ...], workload: Make, pool: Make
) -> None:
    workloads = line(workload, dict.fromkeys(names, 300), surge=1, unavailable=0)
    assert told(workloads, queue(*names, timeout=5400), pool(gpus))[0] == [each] * len(names)


def test_what_needs_no_worker_does_not_wait(workload: Make, pool: Make) -> None:
    workloads = [*line(workload, dict.fromkeys("abcdef", 600)), workload("free", load=60)]
    seconds, total, _ = told(workloads, queue(*"abcdef"), pool(64))
    assert (seconds[-1], total) == ((60, None, None), 1200)


def test_units_that_wait_for_one_another(workload: Make, pool: Make) -> None:
    workloads = line(workload, {"a": 600, "b": 60})
    times = time_rollouts(workloads, [pool(64)], {}, queue("a", "b", a="b"))
    assert [(each.likely.start, each.likely.finish) for each in times.outcomes if each] == [(60, 660), (0, 60)]


def test_a_unit_lets_go_when_its_time_is_over(workload: Make, pool: Make) -> None:
    """Five that never become ready, in a pool that is full: the fifth is applied after the first timeout."""
    workloads = line(workload, dict.fromkeys("abcde", 600), surge=1, unavailable=0)
    times = time_rollouts(workloads, [pool(5)], {}, queue(*"abcde", timeout=1800))
    assert sorted(each.likely.start for each in times.outcomes if each) == [0, 0, 0, 0, 1800]
    assert {each.likely.finish for each in times.outcomes if each} == {None}


def test_a_picture_ends_with_the_last_rollout(workload: Make, pool: Make) -> None:
    """The timeout of a unit that is done in time is no event."""
    times = time_rollouts(line(workload, {"a": 300}), [pool(16)], {}, queue("a", timeout=5400))
    assert max(phase.end for phase in times.likely.phases) < 400


def test_a_deadline_does_not_run_while_a_unit_waits(workload: Make, pool: Make) -> None:
    times = time_rollouts(line(workload, dict.fromkeys("abcdef", 500)), [pool(64)], {}, queue(*"abcdef"))
    assert {each.likely.longest_step for each in times.outcomes if each} == {500}


@pytest.mark.parametrize(
    ("others", "unit", "lasts"),
    [
        (3, "models/a", (600, 600, 600)),  # a worker for each: both at once
        (8, "models/a", (600, 0, 1800)),  # the old one goes last, or the new one comes last
        (8, "models/z", (600, 600, 600)),  # in one unit, both at once whenever that is
    ],
)
def test_what_takes_the_place_of_what_goes_waits_for_a_worker(
    others: int, unit: str, lasts: tuple[float, ...], workload: Make, pool: Make
) -> None:
    """Seconds without either, in the likely, the shortest and the longest run. Kustomizations that are deleted take a
    worker too."""
    names = [f"m{number}" for number in range(others)]
    goes = replace(workload("a", "remove", after=0, load=600), unit=unit)
    new = replace(workload("z", "new", before=0, load=600), unit="models/z")
    workloads = [*line(workload, dict.fromkeys(names, 600)), goes, new]
    times = time_rollouts(workloads, [pool(64)], {}, queue("z", *names))
    old, now = (Backend(each.identity, {}, {}, 8000, None, ("a",), "a", {}) for each in (goes, new))
    ends = read_ends({goes.identity: old}, {new.identity: now}, workloads, times)
    found = [[there for end in ends for _, there in end.sides(run)] for run in RUNS]
    assert tuple(uncovered(spans) for spans in found) == lasts


def test_the_latest_end_holds_for_any_order() -> None:
    lengths = {"a": 8.0, "b": 2.0, "c": 2.0}
    assert latest_ends(lengths, 2, chained=False) == {"a": 10.0, "b": 7.0, "c": 7.0}
    assert latest_ends(lengths, 2, chained=True) == dict.fromkeys(lengths, 12.0)
    assert latest_ends(dict.fromkeys("abc", 5.0), 2, chained=False) == dict.fromkeys("abc", 10.0)


def test_units_that_wait_for_one_another_and_for_no_worker_have_an_end(workload: Make, pool: Make) -> None:
    """docs/spec/v1/kustomizations.md, "Dependencies": each begins once those before it are ready."""
    workloads = line(workload, {"a": 600, "b": 300, "c": 100})
    chain = queue("a", "b", "c", b="a", c="b")
    assert told(workloads, chain, pool(64))[:2] == ([(600, None, None), (900, None, None), (1000, None, None)], 1000)
    seconds, total, _ = told(workloads, queue("a", "b", "c", timeout=200, b="a", c="b"), pool(64))
    assert (seconds[1][0], total) == (None, None)  # its unit is given up, and tried again
