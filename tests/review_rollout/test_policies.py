"""NetworkPolicies on the ways in: Kubernetes documentation, "Network Policies"."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review_rollout.values_review import reviewed, told, values

from llmstack.kubernetes import network_policies
from llmstack.kubernetes.network_policies import Endpoint, Policies, allows
from llmstack.kubernetes.selectors import selects
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.policies import newly_confined
from llmstack.review.ways_in.unmeasured import unscraped

Values = dict[str, Any]
ROUTER = {"matchLabels": {"app.kubernetes.io/component": "router"}}
ENGINE = {"matchLabels": {"app.kubernetes.io/component": "engine"}}
MONITORING = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
INSIDE = {"podSelector": {}}


def policy(selector: Values, name: str = "np", **spec: Any) -> Values:
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "llm"},
        "spec": {"podSelector": selector, **spec},
    }  # fmt: skip


def shown(before: list[Values], after: list[Values]) -> list[tuple[str, str]]:
    """Severity and id of what is said at policies."""
    sides = [values() | {"extraObjects": each} for each in (before, after)]
    risks = reviewed(*sides).risks
    return [(str(each.severity), each.id) for each in risks if each.object.startswith("NetworkPolicy/")]


CUT, BOUND, CONFINED = ("error", "unreachable"), ("warning", "unreachable"), ("note", "not-judged")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [policy({})], [CUT, CUT]),  # to the engines, and to the router
        ([], [policy(ENGINE)], [CUT]),
        ([], [policy(ENGINE, ingress=[{"from": [MONITORING]}])], [CUT]),
        ([], [policy(ENGINE, ingress=[{"from": [{"podSelector": ROUTER}], "ports": [{"port": 8000}]}])], []),
        ([], [policy(ENGINE, ingress=[{"from": [INSIDE], "ports": [{"port": 80}]}])], [CUT]),
        ([], [policy(ENGINE, ingress=[{"from": [INSIDE], "ports": [{"port": 7000, "endPort": 9000}]}])], []),
        ([], [policy(ENGINE, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])], [BOUND]),
        ([], [policy({}, ingress=[{"from": [INSIDE]}])], [BOUND]),
        ([], [policy(ROUTER, policyTypes=["Egress"], egress=[{"to": [MONITORING]}])], [CUT, CONFINED]),
        ([], [policy(ENGINE, policyTypes=["Egress"], egress=[{"to": [INSIDE]}])], [CONFINED]),
        ([], [policy(ENGINE, policyTypes=["Egress"], egress=[{}])], []),
        ([], [policy({"matchLabels": {"app": "other"}})], []),
        ([policy({})], [policy({}, ingress=[{}])], []),
        ([policy({}, ingress=[{"from": [INSIDE]}])], [], []),
        ([policy({})], [policy({})], []),
        ([policy({}, ingress=[{"from": [INSIDE]}])], [policy({}, "other", ingress=[{"from": [INSIDE]}])], []),
        ([policy(ENGINE)], [policy(ENGINE), policy(ENGINE, "more", ingress=[{"from": [INSIDE]}])], []),
    ],
)  # fmt: skip
def test_what_policies_cut(before: list[Values], after: list[Values], said: list[tuple[str, str]]) -> None:
    assert sorted(shown(before, after)) == sorted(said)


INTO = {"podSelector": ROUTER}


@pytest.mark.parametrize(
    ("before", "after", "monitors", "said"),
    [
        ([], [policy(ENGINE, ingress=[{"from": [INTO]}])], True, True),
        ([], [policy(ENGINE, ingress=[{"from": [INSIDE]}])], True, True),
        ([], [policy(ENGINE, ingress=[{"from": [INTO]}])], False, False),
        ([], [policy(ENGINE, ingress=[{"from": [INTO, MONITORING]}])], True, False),
        ([], [policy(ENGINE, ingress=[{"from": [INTO]}, {"ports": [{"port": 8000}]}])], True, False),
        ([policy(ENGINE, ingress=[{"from": [INTO]}])], [policy(ENGINE, "b", ingress=[{"from": [INTO]}])], True, False),
    ],
)
def test_metrics_that_a_policy_keeps_from_prometheus(
    before: list[Values], after: list[Values], monitors: bool, said: bool
) -> None:
    spec = values()["servingEngineSpec"] | {"serviceMonitor": {"enabled": monitors}}
    sides = [values(servingEngineSpec=spec) | {"extraObjects": each} for each in (before, after)]
    found = [message for _, _, message in told(reviewed(*sides), "unreachable") if "Prometheus" in message]
    assert len(found) == said


def test_engines_without_a_router_are_called_by_clients() -> None:
    alone = values(routerSpec={"enableRouter": False})
    sides = [alone | {"extraObjects": each} for each in ([], [policy(ENGINE, ingress=[{"from": [MONITORING]}])])]
    assert [
        severity for severity, subject, _ in told(reviewed(*sides), "unreachable") if subject == "NetworkPolicy/np"
    ] == ["warning"]


def test_who_is_not_let_in_is_named() -> None:
    sides = [values() | {"extraObjects": each} for each in ([], [policy(ENGINE)])]
    [(_, subject, message)] = told(reviewed(*sides), "unreachable")
    assert (subject, "engines of `llama` at port 8000" in message) == ("NetworkPolicy/np", True)


def test_an_ingress_without_a_class() -> None:
    def with_class(name: str | None) -> Values:
        rule = {"host": "a.example.com", "paths": [{"path": "/", "pathType": "Prefix"}]}
        ingress = {"enabled": True, "hosts": [rule], **({"className": name} if name else {})}
        return values(routerSpec={"ingress": ingress})

    [(severity, _, message)] = told(reviewed(with_class("nginx"), with_class(None)), "unreachable")
    assert (severity, "the default class" in message) == ("warning", True)
    assert told(reviewed(with_class(None), with_class("nginx")), "unreachable") == []


def test_labels_of_namespaces() -> None:
    """That of its name every namespace has; others count where the namespace is among the objects."""
    own, peer = Endpoint("llm", {}), Endpoint("web", {"app": "x"})
    by_name = [
        policy({}, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}]}])
    ]
    by_team = [policy({}, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}])]
    policies = Policies(by_name)
    assert policies.isolating(own, "Ingress") == by_name
    assert policies.isolating(peer, "Ingress") == policies.isolating(own, "Egress") == []
    assert allows(by_name, "Ingress", own, peer, 80, {}) is True
    assert [allows(by_team, "Ingress", own, peer, 80, known) for known in ({}, {"web": {"team": "a"}}, {"web": {}})] == [
        None, True, False,
    ]  # fmt: skip


def test_a_policy_and_a_monitor_for_each_of_many_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """All policies come at once: each is tried on the pods of its own model, and each monitor on its own Service."""
    names = [f"m{number}" for number in range(30)]
    engines = {}
    policies, others = list[Values](), list[Values]()
    for name in names:
        labels = {"model": name}
        engine = Backend(("Deployment", "llm", name), {**labels, "app": "engine"}, {}, 8000, None, (), name, {})
        engines[engine.identity] = engine
        policies.append(policy({"matchLabels": labels}, name, ingress=[{"from": [INSIDE]}]))
        metadata = {"name": name, "namespace": "llm", "labels": labels}
        others.append({"kind": "Service", "metadata": metadata, "spec": {"selector": labels}})
        others.append({"kind": "ServiceMonitor", "metadata": metadata, "spec": {"selector": {"matchLabels": labels}}})
    calls: list[Any] = []
    monkeypatch.setattr(network_policies, "selects", lambda *asked: calls.append(asked) or selects(*asked))
    found = list(unscraped(others, [*others, *policies], engines, engines))
    assert [each.subject for each in found] == [f"NetworkPolicy/{name}" for name in names]
    assert len(calls) < 10 * len(names)
    assert not list(unscraped(others, [*others[::2], *policies], engines, engines))  # no monitor is there any more


@pytest.mark.parametrize(
    ("rules", "is_bound"),
    [([{"to": [INSIDE]}], True), ([{"to": [INSIDE]}, {}], False), ([{}], False), ([], True)],
)
def test_where_pods_connect_to_is_bound_unless_a_rule_allows_all(rules: list[Any], is_bound: bool) -> None:
    engine = Backend(("Deployment", "llm", "a"), {"app": "engine"}, {}, 8000, None, (), "a", {})
    engines = {engine.identity: engine}
    found = list(newly_confined([], [policy({}, policyTypes=["Egress"], egress=rules)], engines, engines))
    assert found == ([("np", "Deployment/a")] if is_bound else [])


def test_a_pod_monitor_reads_by_the_labels_of_pods() -> None:
    engine = Backend(("Deployment", "llm", "a"), {"app": "engine"}, {}, 8000, None, (), "a", {})
    engines = {engine.identity: engine}
    closing = policy({}, ingress=[{"from": [INSIDE]}])
    for app, is_told in (("engine", True), ("other", False)):
        metadata = {"name": "m", "namespace": "llm"}
        monitor = {"kind": "PodMonitor", "metadata": metadata, "spec": {"selector": {"matchLabels": {"app": app}}}}
        assert bool(list(unscraped([monitor], [monitor, closing], engines, engines))) == is_told
