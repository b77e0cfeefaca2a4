"""The peak of a pool whose namespaces let in fewer GPUs than rollouts would ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.conftest import TODAY
from tests.review_rollout.test_scalers import keda

from llmstack.review.assess import assess
from llmstack.review.facts import Facts
from llmstack.review.surroundings import Neighbours, Surroundings

Make = Callable[..., Any]
Object = dict[str, Any]


def quota(number: int, key: str = "requests.nvidia.com/gpu", namespace: str | None = None, **spec: Any) -> Object:
    metadata = {"name": "q"} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {key: number}, **spec}}


@pytest.mark.parametrize(
    ("limit", "replicas", "surge", "peak"),
    [
        (quota(2), (2, 2), 1, 2),  # the pod beside the others is not made
        (quota(3), (2, 2), 1, 3),
        (quota(9), (2, 2), 1, 3),
        (quota(1), (2, 2), 1, 2),  # what is there stays
        (quota(3), (2, 5), 0, 5),  # what is asked for after the change
        (quota(2, scopes=["NotTerminating"]), (2, 2), 1, 3),
        (quota(2, scopeSelector={"matchExpressions": []}), (2, 2), 1, 3),
        (quota(2, "requests.amd.com/gpu"), (2, 2), 1, 3),
        (quota(2, namespace="other"), (2, 2), 1, 3),
    ],
)
def test_what_a_quota_refuses_asks_for_nothing(
    limit: Object, replicas: tuple[int, int], surge: int, peak: int, deployment: Make, review: Make, pool: Make
) -> None:
    pair = [
        deployment(replicas=number, image=image, surge=surge, unavailable=1 - surge)
        for number, image in zip(replicas, ("v1", "v2"), strict=True)
    ]
    [row] = review((pair[0], pair[1]), stays=[limit], pools=[pool(16, 8)], loads={"llama": 300}).gpus
    assert (row.before, row.after, row.peak) == (*replicas, peak)


def test_pods_of_a_namespace_without_one_are_not_limited(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(replicas=2, image=image, surge=1, unavailable=0) for image in ("v1", "v2")]
    free = deployment("free")
    free["metadata"]["namespace"] = "free"
    stays = [quota(2), free]
    [row] = review((pair[0], pair[1]), stays=stays, pools=[pool(16, 8)], loads={"llama": 300}).gpus
    assert row.peak == 4
    [row] = review((pair[0], pair[1]), stays=[*stays, quota(1, namespace="free")], pools=[pool(16, 8)]).gpus
    assert row.peak == 3


def test_at_the_most_too(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(replicas=None, image=image, surge=1, unavailable=0) for image in ("v1", "v2")]
    [row] = review((pair[0], pair[1]), stays=[quota(4), keda(1, 4)], pools=[pool(16, 8)], loads={"llama": 300}).gpus
    assert (row.peak, row.after_max, row.peak_max) == (2, 4, 4)


def test_pods_of_other_environments_come_to_it(deployment: Make, change: Make, pool: Make) -> None:
    pair = [deployment(replicas=2, image=image, surge=1, unavailable=0) for image in ("v1", "v2")]
    facts = Facts(pools=(pool(16, 8),))
    sides = [[each, quota(2)] for each in pair]
    least, most = (Neighbours(fixed={("h100", "nvidia.com/gpu"): {1: pods}}) for pods in (1, 5))
    [row] = assess([change(*pair)], *sides, facts, facts, TODAY, near=Surroundings(neighbours=least)).gpus
    assert row.peak == 3
    near = Surroundings(neighbours=least, most=most)
    [row] = assess([change(*pair)], *sides, facts, facts, TODAY, near=near).gpus
    assert (row.peak, row.peak_max) == (3, 7)
