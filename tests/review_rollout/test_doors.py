"""Addresses one by one: where each leads, and why nobody answers there."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.doors import (
    Closed,
    Door,
    Side,
    all_doors,
    answers,
    is_behind,
    leads_in,
    open_doors,
    other_doors,
    ports_of,
    read_side,
    selects,
    station_of,
    why_closed,
)
from llmstack.review.ways_in.hosts import Rule
from llmstack.review.ways_in.way import CALLERS, Station

Object = dict[str, Any]


def backend(
    name: str = "router", *, labels: Any = None, router: bool = True, namespace: str = "llm", listens: int = 8000,
    declares: frozenset[int] | None = None,
) -> Backend:  # fmt: skip
    flags = {"--service-discovery": "k8s"} if router else {}
    labels = {"app": "r"} if labels is None else labels
    return Backend(
        ("Deployment", namespace, name), labels, {"http": listens}, listens, None, (), None, flags, declares=declares
    )


def service(*ports: Object, name: str = "s", selector: Any = None, namespace: str = "llm", **spec: Any) -> Object:
    asked = {"app": "r"} if selector is None else selector
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": "Service", "metadata": metadata, "spec": {"selector": asked, "ports": list(ports), **spec}}


HTTP = {"name": "web", "port": 80, "targetPort": 8000}
DOOR = Door("Service/s", "s.llm:80", "llm", "s", 80)
CLOSED: dict[str, tuple[list[Object], list[Backend], int | str, Closed | None]] = {
    "a port by its number": ([service(HTTP)], [backend()], 80, None),
    "a port by its name": ([service(HTTP)], [backend()], "web", None),
    "no Service": ([], [backend()], 80, Closed("it leads to Service `s`, which is not there")),
    "a Service of another namespace": (
        [service(HTTP, namespace="x")], [backend()], 80, Closed("it leads to Service `s`, which is not there"),
    ),
    "another name": (
        [service(HTTP, type="ExternalName")], [backend()], 80,
        Closed("Service `s` is another name of a host elsewhere (ExternalName), and selects no pod"),
    ),
    "a port of its own": ([service(HTTP, type="NodePort")], [backend()], 80, None),
    "no such port": ([service(HTTP)], [backend()], 81, Closed("Service `s` has no port 81")),
    "no such name": ([service(HTTP)], [backend()], "api", Closed("Service `s` has no port api")),
    "other labels": (
        [service(HTTP)], [backend(labels={"app": "x"})], 80,
        Closed("Service `s` selects no pod that answers", behind_service=True),
    ),
    "another port of the pods": (
        [service({"port": 80, "targetPort": 9000})], [backend()], 80,
        Closed("no pod listens where port 80 of Service `s` leads", behind_service=True),
    ),
    "one of two": (
        [service({"port": 80, "targetPort": 9000})], [backend(), backend("b", listens=9000)], 80, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOSED)
def test_why_requests_reach_no_pod(case: str) -> None:
    services, backends, port, closed = CLOSED[case]
    assert why_closed(Door("Service/s", "s.llm:80", "llm", "s", port), read_side(services, backends)) == closed


def test_a_rule_that_lets_nothing_in_is_closed_before_its_service() -> None:
    rule = Rule("a", "/", False, frozenset(), False, closed="Gateway `gw` is gone")
    door = Door("HTTPRoute/r", "a/", "llm", "s", 80, rule)
    assert why_closed(door, read_side([], [])) == Closed("Gateway `gw` is gone", before_service=True)
    assert why_closed(door, read_side([service(HTTP)], [backend()])) is not None


@pytest.mark.parametrize(
    ("port", "pods", "answered"),
    [
        (HTTP, backend(), True),
        ({"port": 8000}, backend(), True),  # the port itself, where no target is named
        ({"port": 80}, backend(), False),
        ({"port": 80, "targetPort": "http"}, backend(), True),
        ({"port": 80, "targetPort": "grpc"}, backend(), False),
        ({"port": 80, "targetPort": "8000"}, backend(), False),  # a text is a name
        ({**HTTP, "protocol": "TCP"}, backend(), True),
        ({**HTTP, "protocol": "UDP"}, backend(), False),
        (HTTP, backend(declares=frozenset()), True),  # it may listen anywhere
        (HTTP, backend(declares=frozenset({8000})), True),
        (HTTP, backend(declares=frozenset({9000})), False),
        ({"port": 80, "targetPort": "grpc"}, backend(declares=frozenset()), False),
        ({**HTTP, "protocol": "UDP"}, backend(declares=frozenset()), False),
    ],
)
def test_pods_answer_where_a_port_leads(port: Object, pods: Backend, answered: bool) -> None:
    assert answers(port, pods) is answered


@pytest.mark.parametrize(
    ("obj", "pods", "chosen"),
    [
        (service(), backend(), True),
        (service(selector={"app": "r", "tier": "a"}), backend(), False),
        (service(selector={"app": "r"}), backend(labels={"app": "r", "tier": "a"}), True),
        (service(selector={}), backend(), False),  # no selector selects nothing
        (service(namespace="x"), backend(), False),
        (service(namespace=""), backend(namespace=""), True),
        (service(selector={"app": 1}), backend(labels={"app": "1"}), True),
        ({"kind": "Service", "metadata": {"name": "s", "namespace": "llm"}}, backend(), False),
    ],
)
def test_a_service_selects_pods_of_its_namespace_with_all_its_labels(obj: Object, pods: Backend, chosen: bool) -> None:
    assert selects(obj, pods) is chosen
    assert read_side([obj], [pods]).selected(obj) == ([pods] if chosen else [])
    assert is_behind(DOOR, pods, Side({("llm", "s"): obj}, [pods], [pods])) is chosen


def test_nothing_is_behind_a_service_that_is_not_there() -> None:
    assert not is_behind(DOOR, backend(), read_side([service(name="x")], [backend()]))


def test_clients_are_meant_to_call_routers_else_the_engines() -> None:
    router, engine = backend(), backend("e", router=False)
    assert list(read_side([], [engine, router]).front) == [router]
    assert list(read_side([], [engine]).front) == [engine]


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (DOOR, DOOR, True),
        (DOOR, Door("Service/s", "s.llm:81", "llm", "s", 81), False),
        (Door("Ingress/i", "a/", "llm", "s", 80, Rule("a", "/", False, frozenset(), False)), DOOR, False),
        (
            Door("Ingress/i", "a/", "llm", "s", 80, Rule("a", "/", False, frozenset(), False)),
            Door("Ingress/j", "a/v1", "llm", "s", 80, Rule("a", "/v1", False, frozenset(), False)), True,
        ),
    ],
)  # fmt: skip
def test_a_door_takes_whoever_calls_another(one: Door, other: Door, covers: bool) -> None:
    assert one.covers(other) is covers


def ingress(host: str = "a", to: str = "s", **port: Any) -> Object:
    backend = {"service": {"name": to, "port": port or {"number": 80}}}
    rules = [{"host": host, "http": {"paths": [{"path": "/", "backend": backend}]}}]
    return {"kind": "Ingress", "metadata": {"name": "i", "namespace": "llm"}, "spec": {"rules": rules}}


def route(**backend: Any) -> Object:
    rules = [{"backendRefs": [{"name": "s", "port": 80, **backend}]}]
    spec = {"parentRefs": [{"name": "gw"}], "hostnames": ["b"], "rules": rules}
    return {"kind": "HTTPRoute", "metadata": {"name": "r", "namespace": "llm"}, "spec": spec}


def shown(doors: list[Door]) -> list[tuple[str, str, str, str, int | str]]:
    return [(each.subject, each.address, each.namespace, each.service, each.port) for each in doors]


def test_addresses_from_outside_come_before_ports_of_services() -> None:
    objects = [service(HTTP, {"port": 9000}), ingress(), route(), route(namespace="x", port=None)]
    assert shown(all_doors(objects, read_side(objects, [backend()]))) == [
        ("Ingress/i", "a/", "llm", "s", 80),
        ("HTTPRoute/r", "b/", "llm", "s", 80),
        ("HTTPRoute/r", "b/", "x", "s", 0),
        ("Service/s", "s.llm:80", "llm", "s", 80),
        ("Service/s", "s.llm:9000", "llm", "s", 9000),
    ]
    named = [ingress(name="web"), service(HTTP, namespace="")]
    assert shown(all_doors(named, read_side(named, []))) == [
        ("Ingress/i", "a/", "llm", "s", "web"),
        ("Service/s", "s:80", "", "s", 80),
    ]


def test_a_gateway_that_was_there_before_is_gone() -> None:
    gateway = {"kind": "Gateway", "metadata": {"name": "gw", "namespace": "llm"}, "spec": {"listeners": [{"port": 80}]}}
    side = read_side([service(HTTP)], [backend()])
    for before, after, closed in (([gateway], [], True), ([gateway], [gateway], False), ([], [], False)):
        [door, *_] = all_doors([*after, route()], side, before)
        assert (why_closed(door, side) is not None) is closed


def test_open_doors_lead_to_routers_and_other_doors_to_what_stands_beside() -> None:
    objects = [service(HTTP), service(HTTP, name="p", selector={"app": "p"}), ingress(), ingress("p", "p")]
    proxy = backend("proxy", labels={"app": "p"}, router=False, declares=frozenset())
    engine = backend("engine", labels={"app": "e"}, router=False)
    side = read_side(objects, [backend(), engine], [proxy])
    assert [each.address for each in open_doors(objects, side)] == ["a/", "s.llm:80"]
    assert [each.address for each in other_doors(objects, side)] == ["p/"]


def test_the_stations_of_a_way_in() -> None:
    assert leads_in(DOOR) == (CALLERS, Station("Service", "s:80"))
    assert leads_in(Door("Ingress/i", "a/", "llm", "s", "web")) == (
        Station("host", "a/"), Station("Ingress", "i"), Station("Service", "s:web"),
    )  # fmt: skip
    assert station_of(backend()) == Station("router", "Deployment/router")
    assert station_of(backend("e", router=False)) == Station("engine", "Deployment/e")
    assert station_of(backend("p", router=False, declares=frozenset())) == Station("Deployment", "p")
    assert ports_of({"spec": {"ports": [HTTP, None]}}) == [HTTP]
    assert ports_of({}) == []
