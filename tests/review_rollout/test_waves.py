"""An order of commits where a change cannot finish at once, or runs short at its peak; each commit is tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from llmstack.review.facts import Pool
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.gpus import with_pods
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.times import time_rollouts
from llmstack.review.rollout.workload import Workload
from llmstack.review.wave import Member, Wave
from llmstack.review.waves import find_waves

Make = Callable[..., Any]


def names(waves: Sequence[Wave]) -> list[list[str]]:
    return [sorted(member.name for member in wave.members) for wave in waves]


def waves_of(workloads: Sequence[Workload], pools: Sequence[Pool], fixed: Any = None) -> tuple[Wave, ...]:
    members = {each.identity: Member("prod", each.model, each.key) for each in workloads}
    judged = [(pool.name, pool.resource) for pool in pools]
    return find_waves(workloads, members, pools, fixed or {}, judged)


def test_two_that_surge_with_one_to_spare_go_one_after_the_other(workload: Make, pool: Make) -> None:
    both = [workload(name, surge=1, unavailable=0) for name in "ab"]
    waves = waves_of(both, [pool(3)])
    assert names(waves) == [["a"], ["b"]]
    assert [wave.seconds for wave in waves] == [600, 600]
    assert waves_of(both, [pool(4)]) == ()
    assert waves_of(both, [pool(2)]) == ()


def test_no_commit_leaves_fewer_ready_than_are_asked_for(workload: Make, pool: Make) -> None:
    """One of two replicas does not serve when the change comes: no order brings it up before the rollout begins."""
    both = [workload(name, before=2, after=2, surge=1, unavailable=0) for name in "ab"]
    assert names(waves_of(both, [pool(5)])) == [["a"], ["b"]]
    assert waves_of([both[0], replace(both[1], unready=1)], [pool(5)]) == ()


def test_what_frees_goes_before_what_needs(workload: Make, pool: Make) -> None:
    shrinks = workload("shrinks", "scale", before=4, after=1, gpus=(2,))
    grows = workload("grows", "new", before=0, after=3, gpus=(2,))
    rolls = workload("rolls", before=1, after=1, surge=1, unavailable=0)
    waves = waves_of([grows, rolls, shrinks], [pool(9)])
    assert names(waves)[0] == ["shrinks"]
    assert sorted(name for wave in names(waves) for name in wave) == ["grows", "rolls", "shrinks"]


def test_an_order_that_runs_short_is_better_than_none(workload: Make, pool: Make) -> None:
    """Two new pods at once find no room in any commit; one after the other they do, before another model takes it."""
    surges = workload("surges", before=2, after=2, surge=2, unavailable=0, gpus=(2,))
    grows = workload("grows", "new", before=0, after=1, gpus=(2,))
    assert names(waves_of([grows, surges], [pool(6)])) == [["surges"], ["grows"]]


def test_what_takes_no_gpus_of_the_pool_goes_with_the_first(workload: Make, pool: Make) -> None:
    both = [workload(name, surge=1, unavailable=0) for name in "ab"]
    other = workload("other", surge=1, unavailable=0, pool="elsewhere")
    waves = waves_of([*both, other], [pool(3)])
    assert names(waves) == [["a", "other"], ["b"]]


def test_a_goal_that_is_more_than_there_is_has_no_order(workload: Make, pool: Make) -> None:
    assert waves_of([workload(name, "new", before=0, after=2) for name in "ab"], [pool(3)]) == ()


def test_many_models_find_an_order_within_bounds(workload: Make, pool: Make) -> None:
    many = [workload(f"m{number:02}", surge=1, unavailable=0, gpus=(2,)) for number in range(20)]
    waves = waves_of(many, [pool(44)])
    assert [len(wave.members) for wave in waves] == [2] * 10
    assert waves_of([workload(f"m{number:03}", surge=1, unavailable=0) for number in range(60)], [pool(61)]) == ()


def test_unknown_loads_give_an_order_without_times(workload: Make, pool: Make) -> None:
    both = [workload(name, surge=1, unavailable=0, load=None) for name in "ab"]
    waves = waves_of(both, [pool(3)])
    assert names(waves) == [["a"], ["b"]]
    assert [wave.seconds for wave in waves] == [None, None]


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Workload], Pool]:
    workloads = []
    for name in "abcd"[: draw(st.integers(2, 4))]:
        size = draw(st.integers(1, 3))
        before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        move = "new" if not before else "remove" if not after else draw(st.sampled_from(("restart", "scale")))
        if not before and not after:
            continue
        surge = draw(st.integers(0, 1))
        template = Template((size,), ("h100", "nvidia.com/gpu"), 600, None, None, 30, 0)
        workloads.append(
            Workload(
                "Deployment",
                name,
                name,
                move,
                before,
                after,  # type: ignore[arg-type]
                None if move == "new" else template,
                None if move == "remove" else template,
                surge=min(surge, after),
                unavailable=min(1 - surge, after),
                deadline=600,
            )
        )
    need = max(sum(each.before * 3 for each in workloads), sum(each.after * 3 for each in workloads), 1)
    return workloads, Pool("h100", "nvidia.com/gpu", draw(st.integers(1, need)))


@settings(deadline=None, max_examples=60)
@given(changes())
def test_every_commit_of_an_order_was_tried(change: tuple[list[Workload], Pool]) -> None:
    workloads, pool = change
    waves = waves_of(workloads, [pool])
    if not waves:
        return
    told = [member.object for wave in waves for member in wave.members]
    assert sorted(told) == sorted(each.key for each in workloads)
    assert len(waves) > 1
    done: list[Workload] = []
    for wave in waves:
        own = [each for each in workloads if each.key in {member.object for member in wave.members}]
        later = [each for each in workloads if each not in own and each not in done]
        fixed = with_pods({}, [*((e.new, e.after) for e in done), *((e.old, e.before) for e in later)])
        assert not any(verdict.deadlock for verdict in find_verdicts(own, [pool], fixed).values())
        times = time_rollouts(own, [pool], fixed)
        assert times.likely.finished
        assert wave.seconds == round(times.likely.end)
        done += own


@pytest.mark.parametrize("count", [3, 4])
def test_a_review_proposes_the_order_where_there_is_need(
    deployment: Make, review: Make, pool: Make, count: int
) -> None:
    pairs = [tuple(deployment(name, image=image, surge=1, unavailable=0) for image in "ab") for name in ("x", "y")]
    result = review(*pairs, pools=[pool(count)], loads={"x": 300, "y": 300})
    assert names(result.waves) == ([["x"], ["y"]] if count == 3 else [])
