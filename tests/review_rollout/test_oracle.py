"""Deadlocks against brute force: every order of every event of tiny clusters, pod by pod and node by
node.

The oracle shares no code with the review. It follows the controller's code one write at a time
(kubernetes/pkg/controller/deployment: sync.go, rolling.go, recreate.go), lets pods load and terminate as
events of their own, and begins at every arrangement of the pods on the nodes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from llmstack.review.facts import Pool
from llmstack.review.rollout.contention import find_verdicts
from llmstack.review.rollout.workload import Workload

Pod = tuple[int, str, str, int]
"""Workload (-1: one that stays), revision, state (pending, loading, ready, terminating) and node (or, of
a pod that stays, its GPUs in place of a state)."""
State = tuple[Pod, ...]


def oracle(workloads: list[Workload], nodes: list[int], fixed: list[int]) -> tuple[bool, bool]:
    """Whether some order hangs, and whether all do."""
    todo = []
    for state in starts(workloads, nodes, fixed):
        for index in range(len(workloads)):
            state = write(first_write(state, workloads, index), workloads, index)
        todo.append(state)
    seen, hangs, finishes = set(todo), False, False
    while todo:
        state = todo.pop()
        following = list(events(state, workloads, nodes))
        if not following:
            waits = any(pod[2] == "pending" for pod in state)
            hangs, finishes = hangs or waits, finishes or not waits
        for other in following:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return hangs, not finishes


def starts(workloads: list[Workload], nodes: list[int], fixed: list[int]) -> set[State]:
    """All placements of the pods that run before the change."""
    pods = [(-1, str(gpus), "stays", gpus) for gpus in fixed]
    for index, workload in enumerate(workloads):
        pods += [(index, "old", "ready", workload.old.total) for _ in range(workload.before)]
    found: set[State] = {()}
    for workload_index, revision, state, size in pods:
        found = {
            tuple(sorted((*placed, (workload_index, revision, state, at))))
            for placed in found
            for at in range(len(nodes))
            if room(placed, workloads, nodes, at) >= size
        }
    return found


def size_of(pod: Pod, workloads: list[Workload]) -> int:
    if pod[0] == -1:
        return int(pod[1])
    return getattr(workloads[pod[0]], pod[1]).total


def room(state: State, workloads: list[Workload], nodes: list[int], at: int) -> int:
    return nodes[at] - sum(size_of(pod, workloads) for pod in state if pod[3] == at and pod[2] != "pending")


def first_write(state: State, workloads: list[Workload], index: int) -> State:
    """Apply the object: the scaling that comes before all else."""
    workload = workloads[index]
    if workload.move == "scale":
        state = tuple(sorted((i, "new" if i == index else r, s, n) for i, r, s, n in state))
        return resize(state, index, "new", workload.after)
    if workload.move == "remove":
        return resize(state, index, "old", 0)
    return (
        resize(state, index, "old", workload.after) if workload.before else resize(state, index, "new", workload.after)
    )


def mine(state: State, index: int, revision: str, *states: str) -> list[Pod]:
    wanted = states or ("pending", "loading", "ready")
    return [pod for pod in state if pod[0] == index and pod[1] == revision and pod[2] in wanted]


def resize(state: State, index: int, revision: str, target: int) -> State:
    """A replica set creates pending pods, or deletes: pending, then loading, then ready ones."""
    pods = list(state)
    have = mine(state, index, revision)
    pods += [(index, revision, "pending", -1)] * (target - len(have))
    order = {"pending": 0, "loading": 1, "ready": 2}
    for pod in sorted(have, key=lambda pod: order[pod[2]])[: max(0, len(have) - target)]:
        pods.remove(pod)
        if pod[2] != "pending":
            pods.append((*pod[:2], "terminating", pod[3]))
    return tuple(sorted(pods))


def write(state: State, workloads: list[Workload], index: int) -> State:
    """The controller's writes until it has nothing more to do."""
    workload = workloads[index]
    if workload.move != "restart":
        return state
    while (following := one_write(state, workload, index)) != state:
        state = following
    return state


def one_write(state: State, workload: Workload, index: int) -> State:
    """The controller's next write; the state itself when there is none."""
    old, new = len(mine(state, index, "old")), len(mine(state, index, "new"))
    if workload.recreate:
        if old:
            return resize(state, index, "old", 0)
        gone = not mine(state, index, "old", "terminating")
        return resize(state, index, "new", workload.after) if gone else state
    most, least = workload.after + workload.surge, workload.after - workload.unavailable
    if new < workload.after and old + new < most:
        return resize(state, index, "new", new + min(most - old - new, workload.after - new))
    ready_old, ready_new = len(mine(state, index, "old", "ready")), len(mine(state, index, "new", "ready"))
    may_go = old + new - least - (new - ready_new)
    if old == 0 or may_go <= 0:
        return state
    unhealthy = min(may_go, old - ready_old)
    further = min(old - unhealthy, max(0, ready_old + ready_new - least))
    return resize(resize(state, index, "old", old - unhealthy), index, "old", old - unhealthy - further)


def events(state: State, workloads: list[Workload], nodes: list[int]) -> Iterator[State]:
    for pod in set(state):
        rest = list(state)
        rest.remove(pod)
        if pod[2] == "pending":
            for at in range(len(nodes)):
                if room(state, workloads, nodes, at) >= size_of(pod, workloads):
                    yield tuple(sorted((*rest, (*pod[:2], "loading", at))))
        elif pod[2] == "loading":
            yield write(tuple(sorted((*rest, (*pod[:2], "ready", pod[3])))), workloads, pod[0])
        elif pod[2] == "terminating":
            yield write(tuple(sorted(rest)), workloads, pod[0])


def random_workload(rng: random.Random, make: Callable[..., Workload], name: str, size: int) -> Workload:
    move = rng.choice(("restart", "restart", "restart", "scale", "new", "remove"))
    before = 0 if move == "new" else rng.randint(1, 2)
    after = 0 if move == "remove" else rng.randint(1, 2)
    if move == "scale" and before == after:
        after = 3 - before
    recreate = move == "restart" and rng.random() < 0.15
    surge, unavailable = rng.choice(((1, 0), (1, 0), (0, 1), (1, 1), (2, 0)))
    if recreate:
        surge, unavailable = 0, after
    return make(
        name,
        move=move,
        before=before,
        after=after,
        gpus=(size,),
        surge=surge,
        unavailable=unavailable,
        recreate=recreate,
    )


def check(workloads: list[Workload], per_node: int | None, count: int, fixed: list[int]) -> None:
    pool = Pool("h100", "nvidia.com/gpu", count, per_node)
    nodes = (
        [count]
        if per_node is None
        else [per_node] * (count // per_node) + ([count % per_node] if count % per_node else [])
    )
    stays = {size: fixed.count(size) for size in set(fixed)}
    verdict = find_verdicts(workloads, [pool], {("h100", "nvidia.com/gpu"): stays})["h100", "nvidia.com/gpu"]
    assert (verdict.deadlock, verdict.certain) == oracle(workloads, nodes, fixed), (workloads, nodes, fixed)


def fits(workloads: list[Workload], nodes: list[int], fixed: list[int]) -> bool:
    """Whether the pods from before the change can all be placed."""
    pods = sorted([*fixed, *(w.old.total for w in workloads if w.old for _ in range(w.before))], reverse=True)
    arrangements = {tuple(nodes)}
    for gpus in pods:
        arrangements = {
            tuple(sorted((*free[:at], free[at] - gpus, *free[at + 1 :])))
            for free in arrangements
            for at in range(len(free))
            if free[at] >= gpus
        }
    return bool(arrangements)


@pytest.mark.parametrize("seed", range(120))
def test_pods_of_one_size(seed: int, workload: Callable[..., Any]) -> None:
    rng = random.Random(seed)
    workloads = [random_workload(rng, workload, name, 1) for name in "ab"[: rng.randint(1, 2)]]
    before = sum(one.before for one in workloads)
    check(workloads, None, max(1, before + rng.randint(0, 2)), [])


@pytest.mark.parametrize("seed", range(60))
def test_pods_of_several_sizes_on_one_node(seed: int, workload: Callable[..., Any]) -> None:
    rng = random.Random(1000 + seed)
    workloads = [random_workload(rng, workload, name, rng.choice((1, 2, 3))) for name in "ab"]
    before = sum(one.before * one.old.total for one in workloads if one.old)
    check(workloads, None, max(1, before + rng.randint(0, 3)), [])


@pytest.mark.parametrize("seed", range(60))
def test_pods_of_one_size_beside_others_that_stay(seed: int, workload: Callable[..., Any]) -> None:
    rng = random.Random(2000 + seed)
    size = rng.choice((1, 2))
    workloads = [random_workload(rng, workload, name, size) for name in "ab"[: rng.randint(1, 2)]]
    fixed = [rng.choice((1, 2, 3)) for _ in range(rng.randint(0, 3))]
    per_node = rng.choice((2, 3, 4))
    count = per_node * 2 + rng.choice((0, 1))
    nodes = [per_node, per_node, *([1] if count % per_node else [])]
    if fits(workloads, nodes, fixed):
        check(workloads, per_node, count, fixed)


@pytest.mark.parametrize("seed", range(60))
def test_pods_of_several_sizes_on_several_nodes(seed: int, workload: Callable[..., Any]) -> None:
    rng = random.Random(3000 + seed)
    workloads = [random_workload(rng, workload, name, rng.choice((1, 2, 4))) for name in "ab"]
    fixed = [rng.choice((1, 2)) for _ in range(rng.randint(0, 1))]
    if fits(workloads, [4, 4], fixed):
        check(workloads, 4, 8, fixed)


@pytest.mark.parametrize("seed", range(40))
def test_replicas_that_change_their_size(seed: int, workload: Callable[..., Any]) -> None:
    rng = random.Random(4000 + seed)
    surge, unavailable = rng.choice(((1, 0), (0, 1)))
    changing = workload(
        "a", before=rng.randint(1, 2), after=rng.randint(1, 2), gpus=(rng.choice((1, 2)),),
        new_gpus=(rng.choice((1, 2, 3)),), surge=surge, unavailable=unavailable,
    )  # fmt: skip
    workloads = [changing, random_workload(rng, workload, "b", rng.choice((1, 2)))]
    before = sum(one.before * one.old.total for one in workloads if one.old)
    check(workloads, None, before + rng.randint(0, 3), [])
