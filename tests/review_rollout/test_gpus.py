"""Sums of GPUs by pool: before, after, and the most meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.facts import Facts, Pool, Present
from llmstack.review.rollout import gpus
from llmstack.review.rollout.template import Template, template_of
from llmstack.review.rollout.workload import Workload

Make = Callable[..., Any]
A, B, C = (("a", "nvidia.com/gpu"), ("b", "nvidia.com/gpu"), ("c", "amd.com/gpu"))


def template(*sizes: int, pool: Any = A, beside: Any = ()) -> Template:
    return Template(sizes, pool, 60, None, None, 30, 0, beside=tuple(beside))


def moving(name: str, before: int, after: int, old: Template | None, new: Template | None, surge: int = 0) -> Workload:
    move = "new" if old is None else "remove" if new is None else "restart"
    return Workload("Deployment", name, None, move, before, after, old, new, surge=surge)


GROWS = moving("grows", 2, 4, template(1), template(1), surge=1)
MOVES = moving("moves", 2, 2, template(2), template(4, 4, pool=B))
COMES = moving("comes", 0, 3, None, template(1, pool=B))
GOES = moving("goes", 3, 0, template(2), None)
BOTH = moving("both", 1, 2, template(1, beside=[(C, 2)]), template(1, beside=[(C, 3)]), surge=1)
NONE = moving("none", 2, 2, template(pool=None), template(pool=None))


@pytest.mark.parametrize(
    ("workloads", "before", "after"),
    [
        ([], {}, {}),
        ([GROWS], {A: 2}, {A: 4}),
        ([MOVES], {A: 4}, {B: 16}),
        ([COMES, GOES], {A: 6}, {B: 3}),
        ([GROWS, GOES], {A: 8}, {A: 4}),
        ([BOTH], {A: 1, C: 2}, {A: 2, C: 6}),
        ([NONE], {}, {}),
    ],
)
def test_the_sums_of_both_sides(workloads: list[Workload], before: Any, after: Any) -> None:
    assert gpus.sums(workloads) == (before, after)


def test_what_the_goal_takes_of_a_pool() -> None:
    assert gpus.goal_of([GROWS, MOVES, COMES, GOES], {A: {8: 1}, B: {1: 2}}) == {A: 12, B: 21}
    assert gpus.goal_of([BOTH], {})[C] == 6


def test_gpus_that_are_taken_beside_others() -> None:
    assert gpus.pools_beside([GROWS, COMES, GOES]) == set()
    assert gpus.pools_beside([BOTH]) == {C}
    assert [gpus.most_beside([BOTH], pool) for pool in (A, B, C)] == [3, 0, 9]
    assert gpus.most_beside([replace(BOTH, before=9, after=1, surge=0)], C) == 18
    assert gpus.most_beside([COMES, GOES], A) == 6
    assert gpus.asking_beside([BOTH, GROWS], C) == {BOTH.identity}
    assert gpus.asking_beside([replace(BOTH, after=0), GOES], C) == frozenset()
    both = template(1, beside=[(A, 2), (C, 3)])
    assert [gpus.taken_of(both, pool) for pool in (A, B, C)] == [3, 0, 3]


def test_more_pods_that_stay() -> None:
    fixed = {A: {1: 1}}
    found = gpus.with_pods(fixed, [(template(1), 2), (template(4, 4, pool=B), 1), (None, 3), (template(pool=None), 1)])
    assert found == {A: {1: 3}, B: {4: 2}}
    assert fixed == {A: {1: 1}}, "what stays is another's"


def test_pods_that_hold_gpus_beyond_their_replicas(deployment: Make) -> None:
    objects = [deployment("x", 2, gpus=2), deployment("y", 2, gpus=1), deployment("z", 2, gpus=1)]
    seen = {("Deployment", "", "x"): Present(2, 2, 2, 3), ("Deployment", "", "y"): Present(2, 2, 2, 0)}
    pools = (Pool("a", "nvidia.com/gpu", 8),)
    assert gpus.pods_beyond(objects, Facts(pools=pools, present=seen)) == {A: {2: 3}}
    assert gpus.pods_beyond(objects, Facts(pools=pools)) == {}


def limited(**resources: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "resources": {"limits": resources}}]}


def of_group(size: int, **pod: Any) -> dict[str, Any]:
    head, worker = ({"spec": limited(**{"nvidia.com/gpu": count})} for count in (4, 8))
    spec = {"replicas": 1, "leaderWorkerTemplate": {"size": size, "leaderTemplate": head, "workerTemplate": worker}}
    return {"kind": "LeaderWorkerSet", "metadata": {"name": "g"}, "spec": spec, **pod}


def test_a_replica_of_several_pods() -> None:
    facts = Facts(pools=(Pool("a", "nvidia.com/gpu", 64),))
    assert template_of(of_group(3), facts, None).gpus == (8, 8, 4)
    assert template_of(of_group(1), facts, None).gpus == (4,)
    many = template_of(of_group(60_001), facts, None)
    assert (many.gpus, many.is_lumped) == ((60_000 * 8 + 4,), True)
    assert not template_of(of_group(50_000), facts, None).is_lumped
    assert template_of(of_group(50_001), facts, None).is_lumped


@pytest.mark.parametrize(("grace", "ready", "found"), [(None, None, (30, 0)), (45, 5, (45, 5)), (0, None, (0, 0))])
def test_seconds_of_a_replica(grace: int | None, ready: int | None, found: tuple[int, int], deployment: Make) -> None:
    obj = deployment(minReadySeconds=ready)
    obj["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = grace
    read = template_of(obj, Facts(), 60)
    assert ((read.grace, read.min_ready), read.load, read.load_worst) == (found, 60, 60)


def test_a_second_accelerator_is_counted_beside_the_first(deployment: Make) -> None:
    obj = deployment(gpus=2)
    [container] = obj["spec"]["template"]["spec"]["containers"]
    container["resources"]["limits"]["amd.com/gpu"] = 1
    facts = Facts(pools=(Pool("a", "nvidia.com/gpu", 8), Pool("c", "amd.com/gpu", 8)))
    read = template_of(obj, facts, None)
    assert (read.gpus, read.pool, read.beside) == ((2,), A, ((C, 1),))
    plain = template_of(deployment(gpus=0), facts, None)
    assert (plain.gpus, plain.pool, plain.beside, plain.total) == ((), None, (), 0)
