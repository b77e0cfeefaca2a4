"""Units that wait for others: what they free comes too late, and what they ask for comes once there is room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from llmstack.review.facts import Pool
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.obstacles.behind import with_those_behind
from llmstack.review.rollout.obstacles.case import Obstacle
from llmstack.review.rollout.queue import Held, Queue
from llmstack.review.rollout.simulate import simulate
from llmstack.review.rollout.staged import find_verdicts_in_line
from llmstack.review.rollout.template import Template
from llmstack.review.rollout.workload import Workload

Make = Callable[..., Any]
KEY = ("h100", "nvidia.com/gpu")


def chain(*names: str) -> Queue:
    """Each unit waits for the one before it."""
    awaits = dict(zip(names[1:], names, strict=False))
    return Queue({name: Held(awaits=frozenset({awaits[name]} if name in awaits else ())) for name in names})


def of_unit(made: Any, unit: str) -> Any:
    return replace(made, unit=unit)


def test_what_frees_gpus_comes_too_late(workload: Make, pool: Make) -> None:
    """`a` needs a spare GPU, `b` gives one back, and waits for `a`."""
    both = [
        of_unit(workload("a", "restart", 2, 2, surge=1, unavailable=0), "a"),
        of_unit(workload("b", "scale", 2, 1), "b"),
    ]
    assert not find_verdicts(both, [pool(4)], {})[KEY].deadlock, "were all applied at once"
    verdict = find_verdicts_in_line(both, [pool(4)], {}, chain("a", "b"))[KEY]
    assert (verdict.shortage, verdict.deadlock, verdict.certain, verdict.stuck) == (
        False,
        True,
        True,
        {("Deployment", "", "a")},
    )
    assert not find_verdicts_in_line(both, [pool(4)], {}, chain("b", "a"))[KEY].deadlock
    assert not find_verdicts_in_line(both, [pool(5)], {}, chain("a", "b"))[KEY].deadlock


def test_what_takes_gpus_comes_once_there_is_room(workload: Make, pool: Make) -> None:
    """`a` needs a spare GPU for a while, `b` takes it for good: in some orders `a` hangs, unless `b` waits for it."""
    both = [
        of_unit(workload("a", "restart", 2, 2, surge=1, unavailable=0), "a"),
        of_unit(workload("b", "scale", 1, 2), "b"),
    ]
    at_once = find_verdicts(both, [pool(4)], {})[KEY]
    assert (at_once.deadlock, at_once.certain) == (True, False)
    assert not find_verdicts_in_line(both, [pool(4)], {}, chain("a", "b"))[KEY].deadlock
    certain = find_verdicts_in_line(both, [pool(4)], {}, chain("b", "a"))[KEY]
    assert (certain.deadlock, certain.certain) == (True, True)


def test_more_than_there_is_stays_a_shortage(workload: Make, pool: Make) -> None:
    both = [of_unit(workload("a", "scale", 2, 3), "a"), of_unit(workload("b", "scale", 2, 2), "b")]
    assert find_verdicts_in_line(both, [pool(4)], {}, chain("a", "b")) == find_verdicts(both, [pool(4)], {})


def test_units_behind_one_that_never_becomes_ready(workload: Make) -> None:
    found = with_those_behind(
        {("Deployment", "", "b"): [Obstacle("x", "y", "unknown")]},
        [of_unit(workload(name, surge=1, unavailable=0), name) for name in "abcd"],
        {("Deployment", "", "a")},
        Queue({**chain("a", "b", "c").units, "d": Held()}),
    )
    assert {key: [each.hangs for each in obstacles] for key, obstacles in found.items()} == {
        ("Deployment", "", "b"): ["unknown", "always"],
        ("Deployment", "", "c"): ["always"],
    }
    assert "waits for `a`" in found[("Deployment", "", "c")][0].message


def test_units_behind_are_followed() -> None:
    queue = chain("a", "b", "c", "d")
    assert (queue.behind("b"), queue.behind("d")) == ({"c", "d"}, frozenset())
    circle = Queue({"a": Held(awaits=frozenset("b")), "b": Held(awaits=frozenset("a"))})
    assert circle.behind("a") == {"b"}


def template(load: int) -> Template:
    return Template((1,), KEY, load, load, load, 0, 0)


workloads = st.tuples(
    st.integers(0, 3), st.integers(0, 3), st.sampled_from([(1, 0), (0, 1), (1, 1)]), st.integers(1, 90), st.booleans()
)


def made(name: str, drawn: tuple[int, int, tuple[int, int], int, bool]) -> Workload | None:
    before, after, (surge, unavailable), load, restarts = drawn
    if before == after and not (restarts and before):
        return None
    move: Any = (
        "new"
        if not before
        else "remove"
        if not after and not restarts
        else "restart"
        if restarts and after
        else "scale"
    )
    sides = template(load) if before else None, template(load) if after or move == "scale" else None
    return Workload("Deployment", name, name, move, before, after, *sides, surge, unavailable, unit=name)


@given(st.tuples(workloads, workloads, workloads), st.permutations("abc"), st.integers(0, 3), st.booleans())
def test_what_is_said_of_units_in_line_is_what_one_run_does(
    drawn: tuple[Any, ...], order: list[str], spare: int, is_free: bool
) -> None:
    """One run that hangs is a deadlock; and where every order hangs, it does."""
    moving = [each for each in map(made, "abc", drawn) if each is not None]
    goal = sum(each.after for each in moving)
    pool = Pool("h100", "nvidia.com/gpu", max(goal, sum(each.before for each in moving)) + spare, 64)
    units = order[:2] if is_free else order
    verdict = find_verdicts_in_line(moving, [pool], {}, chain(*units))[KEY]
    run = simulate(moving, [pool], {}, lambda each: float(each.load or 0), chain(*units))
    finished = all(outcome.finish is not None for outcome in run.outcomes)
    assert finished or verdict.deadlock
    assert not (finished and verdict.certain)


@pytest.mark.parametrize("held", [None, Queue(), Queue({"a": Held(), "b": Held()})])
def test_units_that_wait_for_none_are_judged_as_before(held: Queue | None, workload: Make, pool: Make) -> None:
    both = [of_unit(workload(name, "restart", 2, 2, surge=1, unavailable=0), name) for name in "ab"]
    assert find_verdicts_in_line(both, [pool(4)], {}, held) == find_verdicts(both, [pool(4)], {})
