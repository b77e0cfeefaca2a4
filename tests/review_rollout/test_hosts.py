"""Hosts and paths from outside: which rule takes whose requests, and by what they come in."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.ways_in.hosts import Rule, gateways_of, grants_of, ingress_rules, route_rules

Object = dict[str, Any]


def rule(
    host: str = "a.example.com", path: str = "/v1", *, exact: bool = False, asks: str = "", deep: bool = False
) -> Rule:
    return Rule(host, path, exact, frozenset(), False, asks=asks, deep=deep)


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (rule(), rule(), True),
        (rule(), rule("b.example.com"), False),
        (rule("*"), rule(), True),
        (rule(), rule("*"), False),
        (rule("*.example.com"), rule(), True),
        (rule("*.example.com"), rule("a.b.example.com"), False),  # a wildcard stands for one label
        (rule("*.example.com"), rule("example.com"), False),
        (rule("*.example.com", deep=True), rule("a.b.example.com"), True),  # a route's for any number of them
        (rule("*.example.com", deep=True), rule("*.b.example.com"), True),
        (rule("*.example.com", deep=True), rule("example.com"), False),
        (rule("*.example.com", deep=True), rule("a.example.org"), False),
        (rule("*.example.com"), rule("*.example.com"), True),
        (rule(), rule("*.example.com"), False),
        (rule("b.example.com"), rule("x.example.com"), False),
        (rule(path="/"), rule(path="/v1"), True),
        (rule(path="/v1"), rule(path="/v1/models"), True),
        (rule(path="/v1"), rule(path="/v1/"), True),
        (rule(path="/v1/"), rule(path="/v1"), True),
        (rule(path="/v1"), rule(path="/v1x"), False),  # by whole elements of the path
        (rule(path="/v1/models"), rule(path="/v1"), False),
        (rule("b.example.com", "/v1"), rule(path="/v1/models"), False),
        (rule(exact=True), rule(exact=True), True),
        (rule(exact=True), rule(), False),
        (rule(), rule(exact=True), True),
        (rule(exact=True), rule(path="/v1/models", exact=True), False),
        (rule(asks="a"), rule(), False),
        (rule(), rule(asks="a"), True),
        (rule(asks="a"), rule(asks="a"), True),
        (rule(asks="a"), rule(asks="b"), False),
        (rule("b.example.com", asks="a"), rule(asks="a"), False),
    ],
)
def test_a_rule_takes_the_requests_of_another(one: Rule, other: Rule, covers: bool) -> None:
    assert one.covers(other) is covers


def test_a_rule_that_asks_for_more_is_at_the_same_place() -> None:
    assert rule(asks="a").is_at(rule())
    assert not rule(asks="a").is_at(rule(path="/v2"))


BACKEND = {"service": {"name": "router", "port": {"number": 80}}}


def ingress(*rules: Object, annotations: Object | None = None, **spec: Any) -> Object:
    metadata = {"name": "i", "namespace": "llm", "annotations": annotations or {}}
    return {"kind": "Ingress", "metadata": metadata, "spec": {"rules": list(rules), **spec}}


def at(host: str | None = "a.example.com", **path: Any) -> Object:
    return {**({"host": host} if host else {}), "http": {"paths": [{"backend": BACKEND, **path}]}}


@pytest.mark.parametrize(
    ("obj", "found"),
    [
        (ingress(at(path="/v1")), Rule("a.example.com", "/v1", False, frozenset(), False)),
        (ingress(at(path="/v1", pathType="Exact")), Rule("a.example.com", "/v1", True, frozenset(), False)),
        (ingress(at(path="/v1", pathType="Prefix")), Rule("a.example.com", "/v1", False, frozenset(), False)),
        (ingress(at(None)), Rule("*", "/", False, frozenset(), False)),
        (
            ingress(at(), ingressClassName="nginx"),
            Rule("a.example.com", "/", False, frozenset({"Ingress class `nginx`"}), False),
        ),
        (
            ingress(at(), annotations={"kubernetes.io/ingress.class": "old"}),
            Rule("a.example.com", "/", False, frozenset({"Ingress class `old`"}), False),
        ),
        (
            ingress(at(), annotations={"kubernetes.io/ingress.class": "old"}, ingressClassName="nginx"),
            Rule("a.example.com", "/", False, frozenset({"Ingress class `nginx`"}), False),
        ),
        (ingress(at(), tls=[{"hosts": ["a.example.com"]}]), Rule("a.example.com", "/", False, frozenset(), True)),
        (ingress(at(), tls=[{"hosts": ["*.example.com"]}]), Rule("a.example.com", "/", False, frozenset(), True)),
        (ingress(at(), tls=[{"hosts": ["b.example.com"]}]), Rule("a.example.com", "/", False, frozenset(), False)),
        (ingress(at(), tls=[{"secretName": "s"}]), Rule("a.example.com", "/", False, frozenset(), True)),
        (ingress(defaultBackend=BACKEND), Rule("*", "/", False, frozenset(), False)),
    ],
)
def test_an_ingress_lets_in_by_host_path_and_class(obj: Object, found: Rule) -> None:
    assert list(ingress_rules(obj)) == [(found, BACKEND)]


def test_an_ingress_without_rules_or_a_backend_leads_nowhere() -> None:
    assert list(ingress_rules({"kind": "Ingress", "metadata": {"name": "i"}})) == []
    [(found, backend)] = ingress_rules(ingress({"host": "a", "http": {"paths": [{"path": "/x"}]}}))
    assert (found.path, backend) == ("/x", {})


def route(
    *parents: Object, matches: list[Object] | None = None, hosts: list[str] | None = None, **backend: Any
) -> Object:
    refs = [{"name": "router", "port": 80, **backend}]
    spec: Object = {"parentRefs": list(parents), "rules": [{"backendRefs": refs}]}
    spec |= {"hostnames": hosts} if hosts else {}
    if matches is not None:
        spec["rules"][0]["matches"] = matches
    return {"kind": "HTTPRoute", "metadata": {"name": "r", "namespace": "llm"}, "spec": spec}


def gateway(*listeners: Object, name: str = "gw", namespace: str = "llm") -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"kind": "Gateway", "metadata": metadata, "spec": {"listeners": list(listeners)}}


GW = {"name": "gw"}
OPEN = {"name": "http", "port": 80}
HERE = gateways_of([gateway(OPEN)])
TWO = gateways_of([gateway(OPEN, {"name": "https", "port": 443, "hostname": "*.example.com"})])
ATTACHED: dict[str, tuple[Object, Any, set[str], str | None]] = {
    "a Gateway of elsewhere": (route(GW), {}, {"Gateway `gw`"}, None),
    "a Gateway of here": (route(GW), HERE, {"port 80 of Gateway `gw`"}, None),
    "one that is gone": (route(GW), dict.fromkeys(HERE), set(), "Gateway `gw` is gone"),
    "one gone of two": (route(GW, {"name": "other"}), dict.fromkeys(HERE), {"Gateway `other`"}, None),
    "none": (route(), HERE, set(), "it names no Gateway"),
    "one of another namespace": (route({**GW, "namespace": "infra"}), HERE, {"Gateway `gw`"}, None),
    "a Service as parent": (route({**GW, "kind": "Service"}), HERE, {"Gateway `gw`"}, None),
    "a listener of its host": (
        route(GW, hosts=["a.example.com"]), TWO, {"port 80 of Gateway `gw`", "port 443 of Gateway `gw`"}, None,
    ),
    "a listener of hosts below": (
        route(GW, hosts=["a.b.example.com"]), TWO, {"port 80 of Gateway `gw`", "port 443 of Gateway `gw`"}, None,
    ),
    "a listener of other hosts": (route(GW, hosts=["a.example.org"]), TWO, {"port 80 of Gateway `gw`"}, None),
    "every host": (route(GW), TWO, {"port 80 of Gateway `gw`", "port 443 of Gateway `gw`"}, None),
    "a listener by its name": (route({**GW, "sectionName": "https"}), TWO, {"port 443 of Gateway `gw`"}, None),
    "a listener by its port": (route({**GW, "port": 443}), TWO, {"port 443 of Gateway `gw`"}, None),
    "no listener of that name": (
        route({**GW, "sectionName": "grpc"}), TWO, set(), "no listener of Gateway `gw` takes it",
    ),
    "a host that no listener takes": (
        route(GW, hosts=["a.example.org"]), gateways_of([gateway({"port": 443, "hostname": "b.example.org"})]), set(),
        "no listener of Gateway `gw` takes it",
    ),
    "a wildcard that a listener is in": (
        route(GW, hosts=["*.example.org"]), gateways_of([gateway({"port": 443, "hostname": "b.example.org"})]),
        {"port 443 of Gateway `gw`"}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ATTACHED)
def test_a_route_comes_in_by_the_listeners_that_take_it(case: str) -> None:
    obj, gateways, via, closed = ATTACHED[case]
    [(found, backend)] = route_rules(obj, gateways)
    assert (found.via, found.closed) == (frozenset(via), closed)
    assert backend["name"] == "router"


@pytest.mark.parametrize(
    ("match", "path", "exact", "asks"),
    [
        ({}, "/", False, ""),
        ({"path": {"value": "/v1"}}, "/v1", False, ""),
        ({"path": {"type": "Exact", "value": "/v1"}}, "/v1", True, ""),
        ({"path": {"type": "PathPrefix", "value": "/v1"}, "method": "POST"}, "/v1", False, '{"method": "POST"}'),
        ({"headers": []}, "/", False, ""),
    ],
)
def test_a_match_asks_for_a_path_and_perhaps_more(match: Object, path: str, exact: bool, asks: str) -> None:
    [(found, _)] = route_rules(route(GW, matches=[match], hosts=["a.example.com"]), {})
    assert found == Rule("a.example.com", path, exact, frozenset({"Gateway `gw`"}), False, None, asks, deep=True)


def test_a_route_has_a_rule_for_each_host_and_match() -> None:
    matches = [{"path": {"value": "/v1"}}, {"path": {"value": "/v2"}}]
    found = [rule for rule, _ in route_rules(route(GW, matches=matches, hosts=["a", "b"]), {})]
    assert [(rule.host, rule.path) for rule in found] == [("a", "/v1"), ("a", "/v2"), ("b", "/v1"), ("b", "/v2")]
    assert [rule.host for rule, _ in route_rules(route(GW), {})] == ["*"]


MODELS = {"namespace": "models"}
NO_GRANT = "no ReferenceGrant of namespace `models` lets it lead there any more"


@pytest.mark.parametrize(
    ("backend", "had", "has", "closed"),
    [
        ({"weight": 0}, (), (), "it sends none to Service `router` (`weight: 0`)"),
        ({"weight": 1}, (), (), None),
        ({}, (), (), None),
        (MODELS, [("llm", "models", "")], (), NO_GRANT),
        (MODELS, [("llm", "models", "router")], (), NO_GRANT),
        (MODELS, [("llm", "models", "")], [("llm", "models", "other")], NO_GRANT),  # for one Service alone
        (MODELS, [("llm", "models", "")], [("llm", "models", "router")], None),
        (MODELS, [("llm", "models", "router")], [("llm", "models", "")], None),
        (MODELS, [("llm", "models", "other")], (), None),
        (MODELS, [("llm", "other", "")], (), None),
        (MODELS, (), (), None),  # nobody knows of a grant
        ({"namespace": "llm"}, [("llm", "llm", "")], (), None),  # its own namespace needs none
        ({}, [("llm", "llm", "")], (), None),
    ],
)
def test_a_backend_that_gets_no_requests(backend: Object, had: Any, has: Any, closed: str | None) -> None:
    [(found, _)] = route_rules(route(GW, **backend), {}, (frozenset(had), frozenset(has)))
    assert found.closed == closed


def test_backends_share_the_requests_of_a_rule_by_weight() -> None:
    obj = route(GW)
    obj["spec"]["rules"][0]["backendRefs"] = [
        {"name": "a", "weight": 90}, {"name": "b", "weight": 9}, {"name": "c"}, {"name": "d", "weight": 0},
    ]  # fmt: skip
    assert [rule.share for rule, _ in route_rules(obj, {})] == ["90 of 100", "9 of 100", "1 of 100", ""]
    assert [rule.share for rule, _ in route_rules(route(GW), {})] == [""]


def grant(*, of: str = "HTTPRoute", to: str = "Service", kind: str = "ReferenceGrant") -> Object:
    spec = {"from": [{"kind": of, "namespace": "llm"}], "to": [{"kind": to}]}
    return {"kind": kind, "metadata": {"name": "g", "namespace": "models"}, "spec": spec}


def test_a_grant_is_of_routes_to_services() -> None:
    assert grants_of([grant()]) == {("llm", "models", "")}
    named = grant()
    named["spec"]["to"] += [{"kind": "Service", "name": "router"}]
    assert grants_of([named]) == {("llm", "models", ""), ("llm", "models", "router")}
    assert grants_of([grant(of="Gateway"), grant(to="Secret"), grant(kind="Other")]) == set()


def test_gateways_are_told_by_namespace_and_name() -> None:
    assert list(gateways_of([gateway(), gateway(namespace="infra"), route()])) == [
        ("Gateway", "llm", "gw"), ("Gateway", "infra", "gw"),
    ]  # fmt: skip
