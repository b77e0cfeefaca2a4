"""The objects with which a change exceeds a ResourceQuota: whether each is refused by itself, or is one too many."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.kubernetes.beyond_quotas import beyond_quotas
from llmstack.kubernetes.pods import identity_of

Object = dict[str, Any]


def thing(kind: str, name: str, namespace: str = "n", **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def quota(name: str = "q", namespace: str = "n", **hard: Any) -> Object:
    return thing(
        "ResourceQuota", name, namespace, spec={"hard": {key.replace("__", "/"): each for key, each in hard.items()}}
    )


def config(name: str, namespace: str = "n") -> Object:
    return thing("ConfigMap", name, namespace)


def service(name: str = "s", type: str = "ClusterIP", ports: int = 1, **spec: Any) -> Object:
    return thing("Service", name, spec={"type": type, "ports": [{"port": 80 + n} for n in range(ports)], **spec})


TWO = quota(configmaps=2)
A, B, C = map(config, "abc")
CASES: dict[str, tuple[list[Object], list[Object], dict[str, bool]]] = {
    # before, after, and who is beyond: whether by itself
    "there is room": ([TWO, A], [TWO, A, B], {}),
    "there is none": ([TWO, A, B], [TWO, A, B, C], {"c": True}),
    "for one of two": ([TWO, A], [TWO, A, B, C], {"b": False, "c": False}),
    "a quota that comes with them": ([], [TWO, A, B, C], {"a": False, "b": False, "c": False}),
    "a quota that comes to what is there": ([A, B, C], [TWO, A, B, C], {}),
    "a quota that comes with what fits": ([], [TWO, A, B], {}),
    "another namespace": ([TWO, A, B], [TWO, A, B, config("c", "m")], {}),
    "another kind": ([quota(secrets=1)], [quota(secrets=1), A, B, C], {}),
    "by the name of its group": ([quota(count__configmaps=0)], [quota(count__configmaps=0), A], {"a": True}),
    "what changes and counts no more": ([TWO, A, B], [TWO, A, config("b") | {"data": {"k": "v"}}], {}),
    "what was beyond before": ([quota(configmaps=0), A], [quota(configmaps=0), A | {"data": {"k": "v"}}], {}),
    "a quota that is lowered": ([TWO, A, B], [quota(configmaps=1), A, B], {}),
    "a quota that is lowered, and one more": ([TWO, A], [quota(configmaps=1), A, B], {"b": True}),
    "a quota that is raised": ([TWO, A, B], [quota(configmaps=3), A, B, C], {}),
    "a load balancer": (
        [quota(**{"services.loadbalancers": 0})], [quota(**{"services.loadbalancers": 0}), service(type="LoadBalancer")], {"s": True}),
    "ports of nodes": (
        [quota(**{"services.nodeports": 1}), service(type="NodePort")],
        [quota(**{"services.nodeports": 1}), service(type="NodePort", ports=2)], {"s": True}),
    "a load balancer's ports of nodes": (
        [quota(**{"services.nodeports": 1})], [quota(**{"services.nodeports": 1}), service(type="LoadBalancer", ports=2)], {"s": True}),
    "a load balancer without them": (
        [quota(**{"services.nodeports": 1})],
        [quota(**{"services.nodeports": 1}), service(type="LoadBalancer", ports=2, allocateLoadBalancerNodePorts=False)], {}),
    "pods of a scope are another quota's": (
        [thing("ResourceQuota", "q", spec={"hard": {"configmaps": 0}, "scopes": ["Terminating"]})],
        [thing("ResourceQuota", "q", spec={"hard": {"configmaps": 0}, "scopes": ["Terminating"]}), A], {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_who_is_beyond(case: str) -> None:
    before, after, expected = CASES[case]
    gone = {identity_of(each) for each in before} - {identity_of(each) for each in after}
    found = beyond_quotas(before, after, dict.fromkeys(gone, "u"), {identity_of(each): "u" for each in after})
    assert {name: each.alone for (_, _, name), each in found.items()} == expected
    assert {each.quota for each in found.values()} <= {"q"}


@pytest.mark.parametrize(("unit", "alone"), [("u", {"c": True}), ("other", {})])
def test_what_goes_with_the_same_unit_is_there_while_it_is_applied(unit: str, alone: dict[str, bool]) -> None:
    """Flux applies a unit first and prunes it then; another unit may be gone by then."""
    found = beyond_quotas([TWO, A, B], [TWO, A, C], {identity_of(B): unit}, {identity_of(C): "u"})
    assert {name: each.alone for (_, _, name), each in found.items()} == alone


def test_of_several_quotas_the_one_that_refuses_by_itself_is_told() -> None:
    loose, tight = quota("loose", configmaps=2), quota("tight", configmaps=1)
    found = beyond_quotas([loose, tight, A], [loose, tight, A, B, C], {}, {})
    assert {name: (each.quota, each.name, each.alone) for (_, _, name), each in found.items()} == {
        "b": ("tight", "configmaps", True), "c": ("tight", "configmaps", True),
    }  # fmt: skip
