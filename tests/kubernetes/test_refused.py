"""What the API server refuses as it stands, and its neighbours that it takes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kubernetes.refused_objects import REFUSED, TAKEN, UPDATES

from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.quotas import counted_beyond
from llmstack.kubernetes.refused import refusals, refused_values

SCALED = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"}}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str) -> None:
    assert refusals(TAKEN[name]) == ()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_one_problem(name: str) -> None:
    assert len(refusals(REFUSED[name])) == 1


@pytest.mark.parametrize("name", ["an init container that runs once", "a container that ends"])
def test_restart_policies_that_came_with_1_35(name: str) -> None:
    said = {version: len(refused_values(TAKEN[name], version)) for version in ("1.32", "1.34", "1.35", "1.37")}
    assert said == {"1.32": 1, "1.34": 1, "1.35": 0, "1.37": 0}


@pytest.mark.parametrize("name", UPDATES)
def test_updates(name: str) -> None:
    before, after, is_refused = UPDATES[name]
    assert bool(refused_fields(before["kind"], before, after)) == is_refused
    assert refused_fields(before["kind"], before, before) == ()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, 0),
        ({"minReplicaCount": 2, "maxReplicaCount": 2}, 0),
        ({"minReplicaCount": 3, "maxReplicaCount": 2}, 1),
        ({"minReplicaCount": 101}, 1),
        ({"minReplicaCount": 1, "idleReplicaCount": 0}, 0),
        ({"minReplicaCount": 1, "idleReplicaCount": 1}, 1),
        ({"idleReplicaCount": 0}, 1),
    ],
)
def test_the_bounds_of_a_scaled_object(spec: dict[str, Any], said: int) -> None:
    assert len(refusals({**SCALED, "spec": spec})) == said


def service(name: str, space: str = "a", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space}, "spec": spec}


def quota(**hard: Any) -> dict[str, Any]:
    metadata = {"name": "q", "namespace": "a"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


NODE_PORTS = {"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]}


@pytest.mark.parametrize(
    ("hard", "before", "after", "beyond"),
    [
        ({"services": 1}, [service("x")], [service("x")], set()),
        ({"services": 1}, [service("x")], [service("x"), service("y")], {"y"}),
        ({"services": 1}, [service("x")], [service("x"), service("y", "b")], set()),
        ({"count/services": 1}, [service("x")], [service("x"), service("y")], {"y"}),
        ({"count/ingresses.networking.k8s.io": 0}, [], [service("x")], set()),
        ({"services.loadbalancers": 0}, [service("x")], [service("x", type="LoadBalancer")], {"x"}),
        ({"services.nodeports": 2}, [], [service("x", **NODE_PORTS)], set()),
        ({"services.nodeports": 1}, [], [service("x", **NODE_PORTS)], {"x"}),
    ],
)
def test_objects_beyond_a_quota(hard: Any, before: list[Any], after: list[Any], beyond: set[str]) -> None:
    found = counted_beyond(before, [*after, quota(**hard)])
    assert {name for _, _, name in found} == beyond
