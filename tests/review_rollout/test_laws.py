"""What holds for every change: bounds on peaks, verdicts that agree with the run, rollouts that end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.controller import begin, settle
from llmstack.review.rollout.deadlock_search import try_every_order
from llmstack.review.rollout.gpus import account
from llmstack.review.rollout.simulate import simulate
from llmstack.review.rollout.times import time_rollouts

KEY = ("h100", "nvidia.com/gpu")


@st.composite
def plans(draw: st.DrawFn, names: str = "abc", sizes: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """Arguments of a workload."""
    move = draw(st.sampled_from(("restart", "restart", "scale", "new", "remove")))
    before = 0 if move == "new" else draw(st.integers(1, 4))
    after = 0 if move == "remove" else draw(st.integers(1, 4))
    recreate = move == "restart" and draw(st.booleans()) and draw(st.booleans())
    surge, unavailable = draw(st.sampled_from(((0, 1), (1, 0), (2, 0), (1, 1), (0, 2))))
    if recreate:
        surge, unavailable = 0, after
    return {
        "move": move, "before": before, "after": after, "gpus": (draw(st.sampled_from(sizes)),),
        "surge": surge, "unavailable": unavailable, "recreate": recreate,
        "load": draw(st.sampled_from((0, 60, 600))),
    }  # fmt: skip


def build(workload: Callable[..., Any], plan: list[dict[str, Any]]) -> list[Any]:
    return [workload(f"w{at}", **arguments) for at, arguments in enumerate(plan)]


@settings(max_examples=300, deadline=None)
@given(
    plan=st.lists(plans(sizes=(1, 2, 4)), min_size=1, max_size=5),
    spare=st.integers(0, 8),
    per_node=st.sampled_from((None, 4, 8)),
)
def test_peaks_and_courses(
    plan: list[dict[str, Any]], spare: int, per_node: int | None, workload: Any, pool: Any
) -> None:
    workloads = build(workload, plan)
    before = sum(one.before * one.old.total for one in workloads if one.old)
    pools = [pool(before + spare, per_node)]
    times = time_rollouts(workloads, pools, {})
    verdicts = find_verdicts(workloads, pools, {})
    [row] = account(workloads, pools, {}, times.likely, verdicts)
    assert row.peak >= max(row.before, row.after)
    assert not row.certain or row.deadlock
    if row.after > before + spare:
        assert row.certain
    for one, outcome in zip(workloads, times.likely.outcomes, strict=True):
        assert 0 <= outcome.least <= max(one.before, one.after)
        if one.rolls and not one.recreate:
            assert outcome.least >= min(one.before, one.after - one.unavailable)
    for point in row.demand:
        assert min(point.second, point.bound, point.waiting, point.terminating) >= 0
        assert point.bound + point.terminating <= before + spare
    assert max((point.bound + point.waiting for point in row.demand), default=0) <= row.peak
    if row.demand:
        assert row.peak == max(row.before, *(point.bound + point.waiting for point in row.demand))
        assert verdicts[row.pool, row.resource].deadlock or row.demand[-1].bound == row.after


@settings(max_examples=300, deadline=None)
@given(plan=st.lists(plans(), min_size=1, max_size=6), spare=st.integers(0, 6))
def test_a_run_agrees_with_its_verdict(plan: list[dict[str, Any]], spare: int, workload: Any, pool: Any) -> None:
    workloads = build(workload, plan)
    before = sum(one.before for one in workloads)
    pools = [pool(before + spare)]
    verdict = find_verdicts(workloads, pools, {})[KEY]
    run = simulate(workloads, pools, {}, lambda template: float(template.load))
    assert run.finished == (not verdict.certain)


@settings(max_examples=200, deadline=None)
@given(plan=st.lists(plans(sizes=(1, 2, 3)), min_size=1, max_size=5), extra=st.integers(0, 4))
def test_room_for_the_free_peak_is_enough(plan: list[dict[str, Any]], extra: int, workload: Any, pool: Any) -> None:
    workloads = build(workload, plan)
    free = simulate(workloads, [], {}, lambda template: float(template.load))
    assert free.finished
    most = sum(max(one.before, one.after + one.surge) * (one.new or one.old).total for one in workloads)
    verdict = find_verdicts(workloads, [pool(most + extra)], {})[KEY]
    assert not verdict.deadlock


@settings(max_examples=80, deadline=None)
@given(
    plan=st.lists(plans(), min_size=1, max_size=2),
    groups=st.lists(st.integers(1, 2), min_size=2, max_size=2),
    spare=st.integers(0, 3),
)
def test_groups_hang_no_more_than_is_said(
    plan: list[dict[str, Any]], groups: list[int], spare: int, workload: Any, pool: Any
) -> None:
    """Pods of a group are bound one by one, so two groups may each hold what the other needs."""
    for arguments, pods in zip(plan, groups, strict=False):
        arguments.update(gpus=(1,) * pods, before=min(arguments["before"], 2), after=min(arguments["after"], 2))
    workloads = build(workload, plan)
    capacity = sum(one.before * one.old.total for one in workloads if one.old) + spare
    verdict = find_verdicts(workloads, [pool(capacity)], {})[KEY]
    reach = try_every_order(workloads, {KEY: [capacity]}, {})
    if reach.complete:
        assert verdict.certain == (not reach.finishes)
        assert verdict.deadlock or not reach.stuck


@settings(max_examples=100, deadline=None)
@given(plan=st.lists(plans(), min_size=1, max_size=4), capacity=st.integers(1, 12))
def test_a_longer_load_never_ends_earlier(plan: list[dict[str, Any]], capacity: int, workload: Any, pool: Any) -> None:
    """With pods of one size and one order of waiting, a minute more for every pod does not shorten a lone
    rollout."""
    alone = build(workload, plan[:1])
    pools = [pool(max(capacity, alone[0].before))]
    quick, slow = (simulate(alone, pools, {}, lambda _: 60.0), simulate(alone, pools, {}, lambda _: 120.0))
    assert quick.finished == slow.finished
    assert quick.end <= slow.end


@settings(max_examples=300, deadline=None)
@given(
    plan=plans(),
    numbered=st.booleans(),
    handed=st.sampled_from((None, 0, 1)),
    ends=st.integers(0, 4),
    unready=st.integers(0, 5),
    spare=st.integers(0, 6),
)
def test_no_fewer_pods_than_none(
    plan: dict[str, Any],
    numbered: bool,
    handed: int | None,
    ends: int,
    unready: int,
    spare: int,
    workload: Any,
    pool: Any,
) -> None:
    """Whatever goes beside it: ordinals, a scaler that takes the replicas over and may leave none, pods that fail."""
    if plan["move"] != "remove":
        plan["after"] = ends
    taken = {} if handed is None else {"falls_to": 1, "falls_by": handed}
    [made] = build(workload, [plan])
    one = replace(made, in_place=numbered, unready=unready, **taken)
    up = max(0, one.before - unready)
    counts = begin(one, up)
    while counts != (counts := settle(one, counts)):
        assert min(counts) >= 0
    assert min(counts) >= 0
    run = simulate([one], [pool(one.before + spare)], {}, lambda template: float(template.load))
    assert 0 <= run.outcomes[0].least <= max(one.before, one.after)
