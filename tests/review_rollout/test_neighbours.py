"""Pods that cannot share a node: rules of either side, by labels and namespaces, and ports of the host."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.rollout.obstacles.neighbours import HOSTNAME, Neighbours, Pods, hits, is_for

Object = dict[str, Any]
POOL = ("h100", "nvidia.com/gpu")


def term(app: str = "a", key: str = HOSTNAME, **more: Any) -> Object:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def pods(
    app: str, *terms: Object, ports: Any = (), namespace: str = "llm", pool: Any = POOL, space: Any = None,
    **spec: Any,
) -> Pods:  # fmt: skip
    rules = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}
    containers = [{"name": "c", "ports": list(ports)}]
    identity = ("Deployment", namespace, app)
    return Pods(identity, {"app": app}, {"affinity": rules, "containers": containers, **spec}, 1, 1, pool, space or {})


@pytest.mark.parametrize(
    ("one", "other", "key", "apart"),
    [
        (pods("a", term("a")), pods("a"), HOSTNAME, True),
        (pods("a", term("b")), pods("a"), HOSTNAME, False),
        (pods("a", term("b"), term("a")), pods("a"), HOSTNAME, True),
        (pods("a"), pods("a", term("a")), HOSTNAME, False),  # the rule of one alone
        (pods("a", term("a", "zone")), pods("a"), HOSTNAME, False),
        (pods("a", term("a", "zone")), pods("a"), "zone", True),
        (pods("a", {"topologyKey": HOSTNAME}), pods("a"), HOSTNAME, False),  # without a selector it is for nobody
        (pods("a", {"topologyKey": HOSTNAME, "labelSelector": {}}), pods("b"), HOSTNAME, True),
        (pods("a", term("a")), pods("a", namespace="x"), HOSTNAME, False),
        (pods("a", term("a", namespaces=["x"])), pods("a", namespace="x"), HOSTNAME, True),
    ],
)
def test_a_rule_keeps_pods_from_others(one: Pods, other: Pods, key: str, apart: bool) -> None:
    assert hits(one, other, key) is apart


@pytest.mark.parametrize(
    ("rule", "other", "labels", "covered"),
    [
        ({}, "llm", {}, True),
        ({}, "x", {}, False),
        ({"namespaces": ["x"]}, "x", {}, True),
        ({"namespaces": ["x"]}, "llm", {}, False),  # listed are those alone
        ({"namespaceSelector": {}}, "x", {}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, "x", {"team": "a"}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, "llm", {}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "x"}}}, "x", {}, True),
        ({"namespaces": ["y"], "namespaceSelector": {"matchLabels": {"team": "a"}}}, "x", {"team": "a"}, True),
        ({"namespaces": ["y"], "namespaceSelector": {"matchLabels": {"team": "a"}}}, "y", {}, True),
    ],
)
def test_the_namespaces_that_a_rule_is_for(rule: Object, other: str, labels: Object, covered: bool) -> None:
    assert is_for(rule, "llm", other, labels) is covered


@pytest.mark.parametrize(
    ("spec", "ports", "taken"),
    [
        ({}, [{"containerPort": 80}], set()),
        ({}, [{"containerPort": 80, "hostPort": 8080}], {(8080, "TCP", None)}),
        ({}, [{"hostPort": 53, "protocol": "UDP", "hostIP": "10.0.0.1"}], {(53, "UDP", "10.0.0.1")}),
        ({"hostNetwork": True}, [{"containerPort": 80}], {(80, "TCP", None)}),
        ({"hostNetwork": False}, [{"containerPort": 80}], set()),
    ],
)
def test_the_ports_of_the_host_that_a_pod_takes(spec: Object, ports: list[Object], taken: set[Any]) -> None:
    assert pods("a", ports=ports, **spec).host_ports == taken


PORT = [{"hostPort": 8080}]
ALL = [
    pods("a", term("a"), term("b")),
    pods("b"),
    pods("c", term("a"), ports=PORT),
    pods("d", ports=PORT, pool=None),
    pods("a", namespace="x"),
]


def names(near: Neighbours, mask: int) -> list[str]:
    return ["/".join(each.identity[1:]) for each in near.within(mask)]


def test_rules_of_either_side_keep_pods_apart() -> None:
    near = Neighbours(ALL)
    assert [names(near, near.ruled_out(each)) for each in ALL] == [
        ["llm/a", "llm/b", "llm/c"], ["llm/a"], ["llm/a"], [], [],
    ]  # fmt: skip
    assert [names(near, near.sharing_a_port(each)) for each in ALL[1:4]] == [[], ["llm/c", "llm/d"], ["llm/c", "llm/d"]]
    assert [near.is_alone(each) for each in ALL] == [True, False, True, True, False]


def test_pods_that_are_not_among_them_yet_are_compared_as_well() -> None:
    near = Neighbours(ALL)
    assert names(near, near.ruled_out(pods("b", namespace="llm", ports=PORT))) == ["llm/a"]
    new = Pods(("Deployment", "llm", "new"), {"app": "a"}, {}, 1, 1, POOL)
    assert names(near, near.ruled_out(new)) == ["llm/a", "llm/c"]
    assert not near.is_alone(new)
    assert near.is_alone(pods("new", ports=PORT))
    assert near.without(0b111, new.identity) == 0b111
    assert near.without(0b111, ALL[1].identity) == 0b101


def test_sets_of_pods() -> None:
    near = Neighbours(ALL)
    assert names(near, near.of_pool(POOL)) == ["llm/a", "llm/b", "llm/c", "x/a"]
    assert names(near, near.of_pool(None)) == ["llm/a", "llm/b", "llm/c", "llm/d", "x/a"]
    assert near.of_pool(("other", "nvidia.com/gpu")) == 0
    assert names(near, near.selected(term("a"), "llm")) == ["llm/a"]
    assert names(near, near.selected(term("a", namespaceSelector={}), "llm")) == ["llm/a", "x/a"]
    assert near.selected(term("a"), "elsewhere") == 0
    assert names(near, 0b10010) == ["llm/b", "x/a"]


@pytest.mark.parametrize(("mask", "apart"), [(0b00100, True), (0b00110, False), (0b01100, False), (0b00010, True)])
def test_whether_no_two_of_a_set_share_a_node(mask: int, apart: bool) -> None:
    assert Neighbours(ALL).are_all_apart(mask, ALL[0]) is apart


def test_pods_on_one_port_are_all_apart() -> None:
    near = Neighbours(ALL)
    assert near.are_all_apart(0b01000, ALL[2])
    assert not near.are_all_apart(0b01010, ALL[2])
