"""What the API server refuses as it stands, and its neighbours that it takes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kubernetes.refused_objects import REFUSED, TAKEN, UNREAD, UPDATES

from llmstack.kubernetes.beyond_quotas import beyond_quotas
from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.refused import refusals, refused_values
from llmstack.kubernetes.sound import sound

SCALED = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"}}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str) -> None:
    assert refusals(TAKEN[name]) == ()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_one_problem(name: str) -> None:
    assert len(refusals(REFUSED[name])) == 1


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_one_problem(name: str) -> None:
    assert len(sound(UNREAD[name])[1]) == 1


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
    found = beyond_quotas([*before, quota(**hard)], [*after, quota(**hard)], {}, {})
    assert {name for (_, _, name), each in found.items() if each.alone} == beyond


def claim(name: str) -> dict[str, Any]:
    spec = {"resources": {"requests": {"storage": "10Gi"}}}
    return {**service(name), "kind": "PersistentVolumeClaim", "spec": spec}


def pod(name: str) -> dict[str, Any]:
    return {**service(name), "kind": "Pod", "spec": {"containers": [{"name": "c"}]}}


DEPLOYMENT = {
    **service("d"),
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c"}]}}},
}


@pytest.mark.parametrize(
    ("hard", "before", "after", "beyond"),
    [
        ({"pods": 2}, [DEPLOYMENT], [DEPLOYMENT, pod("x")], {"x": True}),
        ({"pods": 3}, [DEPLOYMENT], [DEPLOYMENT, pod("x")], {}),
        ({"pods": 3}, [DEPLOYMENT], [DEPLOYMENT, pod("x"), pod("y")], {"x": False, "y": False}),
        ({"pods": 1}, [], [DEPLOYMENT], {}),  # its pods are refused, and not itself
        ({"count/deployments.apps": 0}, [], [DEPLOYMENT], {"d": True}),
        ({"persistentvolumeclaims": 1}, [claim("x")], [claim("x"), claim("y")], {"y": True}),
        ({"requests.storage": "15Gi"}, [claim("x")], [claim("x"), claim("y")], {"y": True}),
        ({"requests.storage": "20Gi"}, [claim("x")], [claim("x"), claim("y")], {}),
    ],
)
def test_which_object_a_quota_refuses(hard: Any, before: list[Any], after: list[Any], beyond: dict[str, bool]) -> None:
    found = beyond_quotas([*before, quota(**hard)], [*after, quota(**hard)], {}, {})
    assert {name: each.alone for (_, _, name), each in found.items()} == beyond


@pytest.mark.parametrize(("unit", "alone"), [("a", True), ("b", False)])
def test_what_goes_with_the_same_unit_is_still_there(unit: str, alone: bool) -> None:
    """Under another name, in a namespace that is full: a unit is applied first, and pruned then."""
    sides = [service("x"), quota(services=1)], [service("y"), quota(services=1)]
    found = beyond_quotas(*sides, {("Service", "a", "x"): unit}, {("Service", "a", "y"): "a"})
    assert [each.alone for each in found.values()] == ([True] if alone else [])


def test_a_quota_that_comes_with_the_objects_holds_none_up_for_sure() -> None:
    found = beyond_quotas([], [service("x"), quota(services=0)], {}, {})
    assert [each.alone for each in found.values()] == [False]


@pytest.mark.parametrize("names", [("new", "there"), ("there", "new")])
def test_of_two_quotas_the_one_that_refuses_for_sure_is_told(names: tuple[str, str]) -> None:
    quotas = [{**quota(services=0), "metadata": {"name": name, "namespace": "a"}} for name in names]
    there = [each for each in quotas if each["metadata"]["name"] == "there"]
    (over,) = beyond_quotas(there, [service("x"), *quotas], {}, {}).values()
    assert (over.quota, over.alone) == ("there", True)


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "ResourceQuota", "PersistentVolumeClaim", "Service"])
def test_kinds_of_other_groups_and_fields_of_other_kinds_count_for_nothing(kind: str) -> None:
    odd = {**service("odd"), "kind": kind, "spec": "text"}
    odd |= {} if kind in ("ConfigMap", "Secret") else {"apiVersion": "example.com/v1"}
    found = beyond_quotas([], [odd, quota(services=0, pods=0, persistentvolumeclaims=0)], {}, {})
    assert found == {}
