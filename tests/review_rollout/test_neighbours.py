"""Pods that cannot share a node: rules of either side, by labels and namespaces, and ports of the host."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.rollout.obstacles.neighbours import HOSTNAME, Crowd, Neighbours, Pods, hits, is_for

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
    return ["/".join(each.identity[1:]) for at, each in enumerate(near.pods) if mask >> at & 1]


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


@pytest.mark.parametrize(
    ("mask", "one", "pods", "nodes"),
    [
        (0b00100, ALL[0], 1, 1),
        (0b00110, ALL[0], 2, 1),  # b and c may share a node
        (0b01100, ALL[0], 2, 1),  # c and d may not, but d may with a: they are no set of which each needs a node
        (0b01000, ALL[2], 1, 1),
        (0b01010, ALL[2], 2, 1),
        (0b11111, ALL[0], 4, 1),
        (0b00101, pods("new"), 2, 2),  # one that is not among them takes nothing away
        (0, ALL[0], 0, 0),
    ],
)
def test_the_nodes_of_a_set(mask: int, one: Pods, pods: int, nodes: int) -> None:
    near = Neighbours(ALL)
    for _ in range(2):  # it is counted once
        assert near.crowd(mask & ~(1 if one is ALL[0] else 0), one, 8) == Crowd(pods, nodes)


def many(app: str, number: int, gpus: int, *terms: Object) -> Pods:
    return replace(pods(app, *terms), number=number, gpus=gpus)


def test_pods_that_need_several_nodes_are_counted_without_those_that_ask() -> None:
    wide, wider, alone = many("a", 6, 4), many("b", 8, 4), many("c", 3, 1, term("c"))
    near = Neighbours([wide, wider, alone])
    assert near.crowd(0b110, wide, 8) == Crowd(11, 4)  # the widest of them: others may stand beside it
    assert near.crowd(0b101, wider, 8) == Crowd(9, 3)
    assert near.crowd(0b101, wider, 4) == Crowd(9, 6)
    assert near.crowd(0b011, alone, 8) == Crowd(14, 4)


def test_pods_of_which_no_two_share_a_node_are_added_up() -> None:
    all_apart = [many(app, 6, 4, *map(term, "abc")) for app in "abc"]
    assert Neighbours(all_apart).crowd(0b110, all_apart[0], 8) == Crowd(12, 12)  # each rules out its own, too
    others = [many(app, 6, 4, *(term(each) for each in "abc" if each != app)) for app in "abc"]
    assert Neighbours(others).crowd(0b110, others[0], 8) == Crowd(12, 6)
