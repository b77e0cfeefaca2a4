"""Ways in that stay and let fewer callers through, annotation by annotation and field by field; and gaps in time."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from llmstack.review.ways_in.bounds import fewer_callers
from llmstack.review.ways_in.breaks import say_for, span_of
from llmstack.review.ways_in.doors import Door
from llmstack.review.ways_in.moments import Presence, overlap, presence, uncovered

Object = dict[str, Any]


def ingress(**annotations: str) -> Object:
    named = {f"nginx.ingress.kubernetes.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {"kind": "Ingress", "metadata": {"name": "i", "namespace": "llm", "annotations": named}}


def service(kind: str = "LoadBalancer", *ranges: str, namespace: str = "llm", **spec: Any) -> Object:
    body = {"type": kind, **({"loadBalancerSourceRanges": list(ranges)} if ranges else {}), **spec}
    return {"kind": "Service", "metadata": {"name": "s", "namespace": namespace}, "spec": body}


def gateway(name: str | None) -> Object:
    return {"kind": "Gateway", "metadata": {"name": "g", "namespace": "llm"}, "spec": {"gatewayClassName": name}}


DOORS = [Door("Ingress/i", "a/", "llm", "s", 80)]


def told(before: Object, after: Object, doors: list[Door] | None = None) -> list[tuple[str, str, str]]:
    found = fewer_callers([before], [after], DOORS if doors is None else doors)
    return [(each.subject, each.message, each.path) for each in found]


NGINX = "metadata.annotations[nginx.ingress.kubernetes.io/{}]"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({}, {"auth_type": "basic"}, "`auth-type`: callers that do not log in are answered 401"),
        ({"auth_type": "basic"}, {"auth_type": "digest"}, "`auth-type`: callers that do not log in are answered 401"),
        ({"auth_type": "basic"}, {"auth_type": "basic"}, None),
        ({"auth_type": "basic"}, {}, None),
        ({}, {"limit_rps": "0"}, None),
        ({}, {"canary": "false"}, None),
        ({}, {"canary": "true"}, "`canary`: it takes only a share of the requests, beside another Ingress of the host"),
        ({}, {"auth_url": ""}, None),
        ({}, {"proxy_body_size": "1m"}, None),
        ({}, {"proxy_body_size": "8k"}, "`proxy-body-size` becomes 8k: callers with larger requests are answered 413"),
        ({"proxy_body_size": "8M"}, {}, "`proxy-body-size` becomes 1m: callers with larger requests are answered 413"),
        ({"proxy_body_size": "8m"}, {"proxy_body_size": "0"}, None),
        ({"proxy_body_size": "1g"}, {"proxy_body_size": "2g"}, None),
        ({"proxy_body_size": "?"}, {"proxy_body_size": "1m"}, None),
        ({}, {"proxy_read_timeout": "59"}, "`proxy-read-timeout` 60 → 59 seconds: answers that pause longer than that are cut"),
        ({}, {"proxy_read_timeout": "60"}, None),
        ({"proxy_read_timeout": "300"}, {"proxy_read_timeout": "301"}, None),
        ({"proxy_send_timeout": "300"}, {}, "`proxy-send-timeout` 300 → 60 seconds: requests that are sent more slowly than that are cut"),
        ({"proxy_read_timeout": "x"}, {"proxy_read_timeout": "y"}, None),
        ({}, {"backend_protocol": "HTTP"}, None),
        ({}, {"backend_protocol": "AUTO_HTTP"}, None),
        ({}, {"backend_protocol": "GRPC"}, "it asks what is behind it by GRPC, and the router answers http: callers get 502"),
        ({"backend_protocol": "GRPC"}, {"backend_protocol": "GRPC"}, None),
        ({"backend_protocol": "HTTPS"}, {}, None),
    ],
)  # fmt: skip
def test_annotations_of_an_ingress(before: Any, after: Any, message: str | None) -> None:
    found = told(ingress(**before), ingress(**after))
    assert [(subject, said) for subject, said, _ in found] == ([("Ingress/i", message)] if message else [])
    changed = [key.replace("_", "-") for key in {*before, *after}]
    assert [path for *_, path in found] == [NGINX.format(key) for key in changed if message]
    assert told(ingress(**before), ingress(**after), []) == [], "nobody came in by it"


@pytest.mark.parametrize(
    ("before", "after", "outside"),
    [
        ([], ["10.0.0.0/8"], "10.0.0.0/8"),
        (["10.0.0.0/8"], [], None),
        (["10.0.0.0/8"], ["10.0.0.0/8"], None),
        (["10.0.0.0/8", "fd00::/8"], ["fd00::/8", "10.0.0.0/8"], None),
        (["10.1.0.0/16"], ["10.0.0.0/8"], None),
        (["10.0.0.0/8"], ["10.1.0.0/16"], "10.1.0.0/16"),
        (["10.0.0.0/8", "11.0.0.0/8"], ["10.0.0.0/8"], "10.0.0.0/8"),
        (["10.0.0.0/8"], ["fd00::/8"], "fd00::/8"),
        (["x"], ["y"], "y"),
        ([" 10.1.0.0/16"], ["10.0.0.0/8"], None),
        (["10.1.2.3/16"], ["10.0.0.0/8"], None),
    ],
)
def test_the_addresses_that_a_load_balancer_lets_in(before: list[str], after: list[str], outside: str | None) -> None:
    found = told(service("LoadBalancer", *before), service("LoadBalancer", *after))
    message = f"callers from outside {outside} are refused by the load balancer from now on"
    assert [said for _, said, _ in found] == ([message] if outside else [])
    assert told(service("ClusterIP", *before), service("LoadBalancer", *after)) == [], "it had no such address"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [(None, "Local", True), ("Cluster", "Local", True), ("Local", "Local", False), ("Local", "Cluster", False)],
)
def test_a_service_that_stays_on_the_node(before: str | None, after: str, said: bool) -> None:
    sides = [service("ClusterIP", internalTrafficPolicy=policy) for policy in (before, after)]
    assert bool(told(*sides)) is said
    other = [Door("Service/s", "s.x:80", "x", "s", 80), Door("Service/t", "t.llm:80", "llm", "t", 80)]
    assert told(*sides, doors=other) == []


@pytest.mark.parametrize(
    ("kind", "field", "before", "after", "said"),
    [
        ("NodePort", "externalTrafficPolicy", None, "Local", True),
        ("NodePort", "externalTrafficPolicy", "Local", "Local", False),
        ("NodePort", "externalTrafficPolicy", "Local", "Cluster", False),
        ("LoadBalancer", "externalTrafficPolicy", "Cluster", "Local", False),  # it asks the nodes that have a pod
        ("ClusterIP", "publishNotReadyAddresses", None, True, True),
        ("ClusterIP", "publishNotReadyAddresses", True, True, False),
        ("ClusterIP", "publishNotReadyAddresses", True, False, False),
    ],
)
def test_where_a_service_sends_its_callers(kind: str, field: str, before: Any, after: Any, said: bool) -> None:
    assert bool(told(*(service(kind, **{field: value}) for value in (before, after)))) is said


@pytest.mark.parametrize(
    ("before", "after", "said"), [("a", "b", True), ("a", "a", False), (None, "b", False), ("a", None, False)]
)
def test_the_class_of_a_gateway(before: str | None, after: str | None, said: bool) -> None:
    found = told(gateway(before), gateway(after), [])
    assert [subject for subject, *_ in found] == (["Gateway/g"] if said else [])


def test_what_is_new_or_elsewhere_lets_nobody_out() -> None:
    strict = service("LoadBalancer", "10.0.0.0/8")
    assert list(fewer_callers([], [strict], DOORS)) == []
    assert told(service(namespace="x"), strict) == []
    assert list(fewer_callers([{"kind": "ConfigMap", "metadata": {"name": "s"}}], [strict], DOORS)) == []


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], inf),
        ([None], inf),
        ([(0.0, inf)], 0.0),
        ([(5.0, inf)], 5.0),
        ([(0.0, 5.0)], inf),
        ([(0.0, 5.0), (5.0, inf)], 0.0),
        ([(9.0, inf), (0.0, 5.0)], 4.0),
        ([(0.0, 5.0), (7.0, 8.0), (9.0, inf), None], 3.0),
        ([(0.0, 9.0), (2.0, 3.0), (9.0, inf)], 0.0),
    ],
)
def test_seconds_in_which_nobody_serves(spans: Any, seconds: float) -> None:
    assert uncovered(spans) == seconds


def test_what_two_spans_share() -> None:
    assert overlap((0.0, 5.0), (3.0, inf)) == (3.0, 5.0)
    assert overlap((0.0, 5.0), (5.0, inf)) is None
    assert overlap(None, (0.0, 1.0)) is None
    assert overlap((0.0, 1.0), None) is None


@pytest.mark.parametrize(
    ("until", "new_from", "existed", "stays", "found"),
    [
        (30.0, 60.0, True, True, Presence((0.0, 30.0), (60.0, inf))),
        (None, None, True, True, Presence((0.0, inf), None)),
        (0.0, 60.0, True, True, Presence(None, (60.0, inf))),
        (30.0, 60.0, False, True, Presence(None, (60.0, inf))),
        (30.0, 60.0, True, False, Presence((0.0, 30.0), None)),
    ],
)
def test_when_the_pods_of_both_sides_are_there(
    until: float | None, new_from: float | None, existed: bool, stays: bool, found: Presence
) -> None:
    assert presence(until, new_from, existed=existed, stays=stays) == found


@pytest.mark.parametrize(
    ("lasts", "said"),
    [
        ((300.0, 300.0), "for 5 min"),
        ((15.0, 300.0), "for 15 s to 5 min"),
        ((0.0, 300.0), "for up to 5 min"),
        ((299.6, 300.4), "for 5 min 1 s"),
        ((15.0, inf), "for at least 15 s"),
        ((0.0, inf), "for a while"),
        ((inf, inf), "for a while"),
        ((0.0, 0.0), "for a while"),
    ],
)
def test_how_long_is_told(lasts: tuple[float, float], said: str) -> None:
    assert say_for(lasts) == said
    assert span_of([3.0, 1.0, 2.0]) == (1.0, 3.0)


def route(*timeouts: Any) -> Object:
    rules = [{"timeouts": each} if each else {} for each in timeouts]
    return {"kind": "HTTPRoute", "metadata": {"name": "r", "namespace": "llm"}, "spec": {"rules": rules}}


@pytest.mark.parametrize(
    ("before", "after", "cut"),
    [
        ([None], [{"request": "10s"}], "10s"),
        ([{"request": "1h"}], [{"request": "1m30s"}], "1m30s"),
        ([{"request": "10s"}], [{"request": "10s", "backendRequest": "500ms"}], "500ms"),
        ([{"request": "10s"}, None], [None, {"request": "10s"}], None),
        ([{"request": "10s"}], [{"request": "0s"}], None),  # none at all
        ([{"request": "10s"}], [None], None),
    ],
)
def test_a_route_that_ends_requests_earlier(before: Any, after: Any, cut: str | None) -> None:
    sides = route(*before), route(*after)
    found = told(*sides, doors=[Door("HTTPRoute/r", "a/", "llm", "s", 80)])
    message = f"`timeouts` ends requests after {cut}: answers that take longer in all are cut (504)"
    assert [said for _, said, _ in found] == ([message] if cut else [])
    assert told(*sides) == [], "nobody came in by it"


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("LoadBalancer", "service.beta.kubernetes.io/aws-load-balancer-scheme", True),
        ("ClusterIP", "service.beta.kubernetes.io/aws-load-balancer-scheme", False),
        ("LoadBalancer", "example.com/team", False),
    ],
)
def test_another_load_balancer_of_a_cloud(kind: str, key: str, said: bool) -> None:
    sides = service(kind), service(kind)
    sides[1]["metadata"]["annotations"] = {key: "internal"}
    found = told(*sides, doors=[Door("Service/s", "s.llm:80", "llm", "s", 80)])
    assert [path for *_, path in found] == ([f"metadata.annotations[{key}]"] if said else [])
