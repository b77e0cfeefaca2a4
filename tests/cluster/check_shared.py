"""What else decides in a pool, foreseen by `diff` and seen on a real scheduler: another environment of the cluster, a
scaler at its most, priorities, anti-affinity, quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from llmstack.values.layers import merge
from tests.cluster.check_rollouts import Course, course, wait_until_quiet
from tests.cluster.kubectl import Kubectl, Object, condition, is_rolled_out, namespace, wait_until
from tests.cluster.nodes import nodes
from tests.cluster.repository import Repository, new_repository
from tests.cluster.scenarios import Model, Scenario, rolling

DEPLOYMENT = "llmstack-llama-deployment-vllm"
APART = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "llama"}},
            }
        ]
    }
}


@dataclass(frozen=True)
class Situation:
    """An environment that changes, what its values say beside the scenario, and other environments of its cluster."""

    scenario: Scenario
    more: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Model] = field(default_factory=dict)
    """The model `llama` of each neighbour."""
    scaled_to: int | None = None
    """The replicas that a scaler has given before the change."""

    @property
    def name(self) -> str:
        return self.scenario.name

    def values(self, models: dict[str, Model]) -> dict[str, Mapping[str, Any]]:
        """The values of all its environments."""
        cluster = {"gitops": {"sync": {"cluster": self.name}}}
        found: dict[str, Mapping[str, Any]] = {
            self.name: merge(merge(self.scenario.values(models), cluster), self.more)
        }
        for name, model in self.beside.items():
            own = merge(self.scenario.values({"llama": model}), cluster)
            found[name] = merge(own, {"gitops": {"namespace": name}})
        return found


def _model(**fields: Any) -> dict[str, Any]:
    return {"servingEngineSpec": {"modelSpec": [{"name": "llama", **fields}]}}


def _priority(name: str, value: int) -> dict[str, Any]:
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
    return {**head, "value": value}


QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "gpus", "namespace": "quota"},
    "spec": {"hard": {"requests.nvidia.com/gpu": "2"}},
}
SCALED = {"keda": {"enabled": True, "minReplicaCount": 1, "maxReplicaCount": 6}, "replicaCount": None}
TIERS = {
    "servingEngineSpec": {
        "modelSpec": [{"name": "llama", "priorityClassName": "high"}, {"name": "qwen", "priorityClassName": "low"}]
    },
    "extraObjects": [_priority("high", 1000), _priority("low", 1)],
}


def _one(name: str, gpus: int, before: Model, after: Model, strategy: Any = None, nodes: int = 1) -> Scenario:
    return Scenario(name, nodes, gpus // nodes, {"llama": before}, {"llama": after}, strategy)


SITUATIONS = (
    Situation(_one("shared-scale", 8, Model(4), Model(6), rolling(0, 1)), beside={"shared-scale-b": Model(4)}),
    Situation(_one("shared-surge", 8, Model(4), Model(4, tag="v2"), rolling(1, 0)), beside={"shared-surge-b": Model(4)}),
    Situation(_one("most", 8, Model(1), Model(1, tag="v2"), rolling(0, 1)), _model(**SCALED), scaled_to=6),
    Situation(
        Scenario("tiers", 1, 4, {"llama": Model(2), "qwen": Model(2)}, {"llama": Model(4), "qwen": Model(2)}), TIERS
    ),
    Situation(_one("apart", 8, Model(2), Model(2, tag="v2"), rolling(1, 0), nodes=2), _model(affinity=APART)),
    Situation(_one("quota", 8, Model(2), Model(2, tag="v2"), rolling(1, 0)), {"extraObjects": [QUOTA]}),
)  # fmt: skip
ENVIRONMENTS = [name for each in SITUATIONS for name in (each.name, *each.beside)]


@dataclass(frozen=True)
class Seen:
    """How it went: of the environment that changes, and how many pods of each namespace run in the end."""

    course: Course
    bound: Mapping[str, int]
    ready: Mapping[str, int]
    """By Deployment of that environment."""


@pytest.fixture(scope="module")
def outcomes(
    kubectl: Kubectl, custom_resources: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, Any], Seen]]:
    """What the review of each situation says, and what was seen; all at once, each on nodes of its own."""
    repository = new_repository(tmp_path_factory.mktemp("shared") / "work")
    repository.commit({key: value for each in SITUATIONS for key, value in each.values(each.scenario.before).items()})
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, *(node for each in SITUATIONS for node in each.scenario.machines())))
        stack.enter_context(
            kubectl.holding(*map(namespace, ENVIRONMENTS), _priority("high", 1000), _priority("low", 1))
        )
        kubectl.apply(_objects(repository))
        for each in SITUATIONS:
            if each.scaled_to is not None:
                kubectl("scale", "deployment", DEPLOYMENT, "-n", each.name, f"--replicas={each.scaled_to}")
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments"))), "what there is before", 120)
        repository.commit(
            {key: value for each in SITUATIONS for key, value in each.values(each.scenario.after).items()}
        )
        with kubectl.watching("pods") as events:
            wait_until(lambda: events, "the watch")
            kubectl.apply(_objects(repository))
            wait_until_quiet(events)
        deployments, pods = kubectl.items("deployments"), kubectl.items("pods")
    reviews = repository.reviews()
    return {
        name: (reviews[name], _seen(name, events, deployments, pods)) for name in (each.name for each in SITUATIONS)
    }


def _objects(repository: Repository) -> list[Object]:
    return [each for name in ENVIRONMENTS for each in repository.objects(f"overlays/{name}")]


def _seen(name: str, events: Any, deployments: Sequence[Object], pods: Sequence[Object]) -> Seen:
    bound: dict[str, int] = {}
    ready: dict[str, int] = {}
    for pod in pods:
        where = pod["metadata"]["namespace"]
        bound[where] = bound.get(where, 0) + bool(pod["spec"].get("nodeName"))
        if where == name and condition(pod, "Ready").get("status") == "True":
            owner = pod["metadata"]["labels"]["app.kubernetes.io/name"]
            ready[owner] = ready.get(owner, 0) + 1
    return Seen(course(name, events, deployments), bound, ready)


def _risks(review: dict[str, Any], id: str) -> list[tuple[str, str]]:
    return [(each["object"], each["severity"]) for each in review["risks"] if each["id"] == id]


Outcomes = dict[str, tuple[dict[str, Any], Seen]]


def test_a_pool_of_two_environments_has_room_once(outcomes: Outcomes) -> None:
    review, seen = outcomes["shared-scale"]
    [row] = review["gpus"]
    assert (row["capacity"], row["after"], row["certain"]) == (8, 10, True)
    assert (seen.bound["shared-scale"] + seen.bound["shared-scale-b"], seen.course.finished) == (8, False)


def test_a_surge_finds_the_neighbours_pods_in_its_way(outcomes: Outcomes) -> None:
    review, seen = outcomes["shared-surge"]
    [row], [rollout] = review["gpus"], review["rollouts"]
    assert (row["peak"], row["certain"], rollout["minReady"]) == (9, True, 4)
    assert (seen.course.finished, seen.ready) == (False, {"llama": 4})


def test_a_scaler_at_its_most(outcomes: Outcomes) -> None:
    review, seen = outcomes["most"]
    [row], [rollout] = review["gpus"], review["rollouts"]
    assert (rollout["replicasMin"], rollout["replicasMax"], rollout["basis"]["peak"]) == (1, 6, "bound")
    assert row["peak"] <= seen.course.peak == row["peakMax"] == 6
    assert rollout["minReady"] <= seen.course.least_ready[DEPLOYMENT]
    assert (seen.course.finished, row["deadlock"]) == (True, False)


def test_a_higher_priority_takes_the_others_gpus(outcomes: Outcomes) -> None:
    review, seen = outcomes["tiers"]
    assert _risks(review, "preemption") == [("Deployment/llmstack-qwen-deployment-vllm", "error")]
    assert seen.ready == {"llama": 4}


@pytest.mark.parametrize("name", ["apart", "quota"])
def test_a_surge_that_nothing_lets_in(name: str, outcomes: Outcomes) -> None:
    review, seen = outcomes[name]
    assert _risks(review, "rollout-stuck") == [(f"Deployment/{DEPLOYMENT}", "error")]
    assert review["rollouts"][0]["seconds"] is None
    assert (seen.course.finished, seen.ready) == (False, {"llama": 2})
