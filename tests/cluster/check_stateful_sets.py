"""A StatefulSet that shrinks, whose ordinals begin elsewhere, or whose pods keep their old template: which pods come and
go, and what that takes, is what `diff` says.

`spec.ordinals.start` may be changed of one that exists. The controller makes what the new range has at its bottom, and
ends what is outside of it. Below a partition pods are of the old template, new ones too; with `OnDelete` only those that
were there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cluster.check_rollouts import Course, course, gpus_of, wait_until_quiet
from tests.cluster.control_plane import DELETED_AFTER, READY_AFTER
from tests.cluster.kubectl import Kubectl, Object, condition, namespace, wait_until
from tests.cluster.nodes import GPU, gpu_node, nodes
from tests.cluster.repository import new_repository
from tests.cluster.scenarios import GRACE, LOAD, POOL

GPUS = 8


@dataclass(frozen=True)
class Range:
    """Where the ordinals begin, how many there are, the image and the GPUs of the pods, and how these are updated."""

    start: int
    replicas: int
    image: str = "engine:v1"
    gpus: int = 1
    update: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pods(self) -> set[str]:
        return {f"served-{self.start + each}" for each in range(self.replicas)}

    @property
    def held(self) -> int:
        """The GPUs of all pods, where they are of one template."""
        return self.replicas * self.gpus


ON_DELETE = {"type": "OnDelete"}


def partition(number: int) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"partition": number}}


ROWS = {
    "ordinals-all-other": (Range(0, 2), Range(5, 2)),
    "ordinals-one-other": (Range(0, 3), Range(1, 3)),
    "ordinals-one-more": (Range(1, 2), Range(0, 3)),
    "ordinals-and-image": (Range(0, 2), Range(5, 2, "engine:v2")),
    "shrinks": (Range(0, 4), Range(0, 2)),
    "shrinks-and-image": (Range(0, 4), Range(0, 2, "engine:v2")),
    "partition": (Range(0, 4, update=partition(2)), Range(0, 4, "engine:v2", 2, partition(2))),
    "partition-above": (Range(0, 2, update=partition(9)), Range(0, 3, "engine:v2", 2, partition(9))),
    "on-delete-grows": (Range(0, 2, update=ON_DELETE), Range(0, 3, "engine:v2", 2, ON_DELETE)),
    "on-delete-shrinks": (Range(0, 3, update=ON_DELETE), Range(0, 2, "engine:v2", 2, ON_DELETE)),
}


def stateful_set(where: str, wanted: Range) -> Object:
    labels = {"app": "served"}
    container = {"name": "engine", "image": wanted.image, "resources": {"limits": {GPU: str(wanted.gpus)}}}
    waits = {READY_AFTER: f"{LOAD:g}s", DELETED_AFTER: f"{GRACE:g}s"}
    pod = {"nodeSelector": {POOL: where}, "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "served", "namespace": where},
        "spec": {
            "serviceName": "served",
            "replicas": wanted.replicas,
            "ordinals": {"start": wanted.start},
            "updateStrategy": dict(wanted.update),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": waits}, "spec": pod},
        },
    }


def values(where: str, wanted: Range) -> dict[str, Any]:
    pool = {"pool": "all", "count": GPUS, "perNode": GPUS, "nodeSelector": {POOL: where}}
    return {
        "servingEngineSpec": {"modelSpec": []},
        "routerSpec": {"enableRouter": False},
        "extraObjects": [stateful_set(where, wanted)],
        "gitops": {"namespace": where, "capacity": [pool]},
    }


@pytest.fixture(scope="module")
def outcomes(
    kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, Any], Course, dict[str, int]]]:
    """What the review of each row says, how it went, and the GPUs of the pods that are ready in the end."""
    repository = new_repository(tmp_path_factory.mktemp("ordinals") / "work")

    def commit(side: int) -> list[Object]:
        repository.commit({name: values(name, row[side]) for name, row in ROWS.items()})
        return [each for name in ROWS for each in repository.objects(f"overlays/{name}")]

    with ExitStack() as stack:
        machines = [gpu_node(name, GPUS, {POOL: name}) for name in ROWS]
        stack.enter_context(nodes(kubectl, *machines))
        stack.enter_context(kubectl.holding(*map(namespace, ROWS)))
        kubectl.apply(commit(0))
        wait_until(lambda: all(ready(kubectl, name).keys() == row[0].pods for name, row in ROWS.items()), "before")
        objects = commit(1)
        with kubectl.watching("pods") as events:
            wait_until(lambda: events, "the watch")
            kubectl.apply(objects)
            wait_until(lambda: all(ready(kubectl, name).keys() == row[1].pods for name, row in ROWS.items()), "after")
            wait_until_quiet(events)
        found = kubectl.items("statefulsets")
        there = {name: ready(kubectl, name) for name in ROWS}
    reviews = repository.reviews()
    return {name: (reviews[name], course(name, events, found), there[name]) for name in ROWS}


def ready(kubectl: Kubectl, where: str) -> dict[str, int]:
    """The GPUs of each pod that is ready."""
    pods = [each for each in kubectl.items("pods", where) if condition(each, "Ready").get("status") == "True"]
    return {each["metadata"]["name"]: gpus_of(each) for each in pods}


@pytest.mark.parametrize("row", ROWS)
def test_the_review_is_right(row: str, outcomes: dict[str, tuple[dict[str, Any], Course, dict[str, int]]]) -> None:
    review, seen, there = outcomes[row]
    [pool] = review["gpus"]
    [rollout] = review["rollouts"]
    assert there.keys() == ROWS[row][1].pods
    most = max(ROWS[row][0].held, seen.peak)  # a change may come before the watch has seen what there was
    assert (pool["after"], pool["peak"], pool["deadlock"]) == (sum(there.values()), most, False)
    assert seen.least_ready["served"] >= rollout["minReady"]
