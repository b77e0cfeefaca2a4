"""What `diff` says of a rollout is what happens: its peak of GPUs, its fewest ready pods, whether it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.kubectl import Kubectl, Object, condition, is_rolled_out, namespace, wait_until
from tests.cluster.nodes import GPU, nodes
from tests.cluster.repository import Repository, new_repository
from tests.cluster.scenarios import HAND_MADE, LOAD, Scenario, random_scenarios

SCENARIOS = (*HAND_MADE, *random_scenarios(18, seed=20))
SETTLED = 0.8
"""Seconds without an event after which the writes of one instant are done."""
QUIET = 4 * LOAD
"""Seconds without an event after which nothing moves any more: a pod takes LOAD to become ready."""
LONGEST = 120.0
"""Seconds after which no rollout of these goes on."""

Events = Sequence[tuple[float, Object]]


@dataclass(frozen=True)
class Course:
    """What happened in one namespace: pods that count (those that are not being deleted) at each instant."""

    peak: int
    least_ready: dict[str, int]
    finished: bool


@pytest.fixture(scope="module")
def outcomes(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], Course]]:
    """What the review of each scenario says, and how it went; all run at once, each on nodes of its own."""
    repository = new_repository(tmp_path_factory.mktemp("rollouts") / "work")
    names = [scenario.name for scenario in SCENARIOS]
    repository.commit({each.name: each.values(each.before) for each in SCENARIOS})
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, *(node for each in SCENARIOS for node in each.machines())))
        stack.enter_context(kubectl.holding(*map(namespace, names)))
        kubectl.apply(_objects(repository, names))
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments"))), "what there is before", LONGEST)
        repository.commit({each.name: each.values(each.after) for each in SCENARIOS})
        with kubectl.watching("pods") as events:
            wait_until(lambda: events, "the watch")
            apply_in_turn(kubectl, repository, names)
            wait_until_quiet(events)
        deployments = kubectl.items("deployments")
    reviews = repository.reviews()
    return {name: (reviews[name], course(name, events, deployments)) for name in names}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_the_review_is_right(scenario: Scenario, outcomes: dict[str, tuple[dict[str, Any], Course]]) -> None:
    review, course = outcomes[scenario.name]
    [row] = review["gpus"]
    predicted = {each["name"]: each["minReady"] for each in review["rollouts"]}
    seen = {name: course.least_ready.get(name, 0) for name in predicted}
    if row["deadlock"] and not row["certain"]:
        assert course.peak <= row["peak"]
        return
    assert (course.finished, course.peak, seen) == (not row["deadlock"], row["peak"], predicted)


def _objects(repository: Repository, environments: Sequence[str]) -> list[Object]:
    return [each for environment in environments for each in repository.objects(f"overlays/{environment}")]


def apply_in_turn(kubectl: Kubectl, repository: Repository, environments: Sequence[str]) -> None:
    """Change one environment after the other: controllers whose queues are long write what is one instant to them with
    seconds between."""
    for objects in [_objects(repository, [environment]) for environment in environments]:
        kubectl.apply(objects)


def wait_until_quiet(events: Events) -> None:
    """Wait until nothing moves any more."""
    until = time.monotonic() + LONGEST
    while time.monotonic() - events[-1][0] < QUIET:
        assert time.monotonic() < until, "pods still come and go"
        time.sleep(0.5)


def course(name: str, events: Events, deployments: Sequence[Object]) -> Course:
    """What a watch of pods saw in one namespace."""
    own = [(at, event) for at, event in events if event["object"]["metadata"]["namespace"] == name]
    peak, least = 0, dict[str, int]()
    for pods in _instants(own):
        peak = max(peak, sum(map(gpus_of, pods)))
        for deployment in _names(name, deployments):
            ready = sum(
                condition(pod, "Ready").get("status") == "True"
                for pod in pods
                if pod["metadata"]["name"].startswith(f"{deployment}-")
            )
            least[deployment] = min(least.get(deployment, ready), ready)
    finished = all(is_rolled_out(each) for each in deployments if each["metadata"]["namespace"] == name)
    return Course(peak, least, finished)


def _instants(events: Events) -> Iterator[list[Object]]:
    """Yield the pods that are not being deleted, each time that the writes of one instant are done."""
    pods: dict[str, Object] = {}
    for number, (at, event) in enumerate(events):
        pod = event["object"]
        if event["type"] == "DELETED" or "deletionTimestamp" in pod["metadata"]:
            pods.pop(pod["metadata"]["name"], None)
        else:
            pods[pod["metadata"]["name"]] = pod
        if number + 1 == len(events) or events[number + 1][0] - at > SETTLED:
            yield list(pods.values())


def _names(namespace: str, deployments: Sequence[Object]) -> Iterator[str]:
    yield from (each["metadata"]["name"] for each in deployments if each["metadata"]["namespace"] == namespace)


def gpus_of(pod: Object) -> int:
    return sum(int(each["resources"].get("limits", {}).get(GPU, 0)) for each in pod["spec"]["containers"])
