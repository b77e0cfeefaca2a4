"""Hosts that two objects of a cluster claim."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.shared_hosts import passed_on, read_claims, shared_hosts
from llmstack.review.ways_in.way import Station

CANARY = {"nginx.ingress.kubernetes.io/canary": "true"}


def ingress(namespace: str, host: str | None = "llm.example.com", path: str = "/", **more: Any) -> dict[str, Any]:
    rule = {"host": host, "http": {"paths": [{"path": path, "backend": {}}]}}
    metadata = {"name": "router", "namespace": namespace, "annotations": more.pop("annotations", {})}
    spec = {"ingressClassName": "nginx", "rules": [rule], **more}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def route(
    namespace: str, gateway: str = "shared", value: str = "/v1", type: str = "PathPrefix", **match: Any
) -> dict[str, Any]:
    rules = [{"matches": [{"path": {"type": type, "value": value}, **match}]}]
    parents = [{"name": gateway, "namespace": "gateways"}]
    spec = {"parentRefs": parents, "hostnames": ["llm.example.com"], "rules": rules}
    metadata = {"name": "router", "namespace": namespace}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        (ingress("prod"), ingress("dev"), "ingress-nginx refuses this one"),
        (ingress("prod", None), ingress("dev", None), "`*/` is Ingress/router's of `dev` already"),
        (ingress("prod"), ingress("dev", "dev.example.com"), None),
        (ingress("prod"), ingress("dev", path="/v1"), None),
        (ingress("prod"), ingress("dev", ingressClassName="other"), None),
        (ingress("prod", annotations=CANARY), ingress("dev"), None),
        (route("prod"), route("dev"), "the older of the two routes gets all callers"),
        (route("prod"), route("dev", gateway="other"), None),
        (route("prod"), route("dev", value="/v2"), None),
        (route("prod"), route("dev", type="Exact"), None),
        (
            route("prod", path={}),
            route("dev", path={"type": "PathPrefix", "value": "/"}),
            "the older of the two routes gets all callers",
        ),
        (route("prod"), route("dev", headers=[{"name": "x", "value": "y"}]), None),
        (route("prod"), ingress("dev", path="/v1"), None),
    ],
)
def test_a_host_that_another_environment_has(own: Any, other: Any, said: str | None) -> None:
    others = list(read_claims([other], "dev"))
    found = list(shared_hosts([], [own], "prod", others))
    assert [(each.subject, said in each.message) for each in found if said] == (
        [(f"{own['kind']}/router", True)] if said else []
    )
    assert bool(found) is bool(said)
    assert not list(shared_hosts([own], [own], "prod", others)), "it was so before"


def test_two_objects_of_one_environment() -> None:
    second = ingress("prod")
    second["metadata"]["name"] = "second"
    [found] = shared_hosts([ingress("prod")], [ingress("prod"), second], "prod", [])
    assert found.subject == "Ingress/second"


def test_what_people_wrote_wrong_claims_nothing() -> None:
    for spec in (None, {"rules": "a"}, {"rules": [None, {"http": {"paths": {}}}]}):
        assert not list(read_claims([{"kind": "Ingress", "metadata": {"name": "a"}, "spec": spec}], "prod"))


def test_a_host_that_another_environment_has_from_now_on_leads_its_callers_there() -> None:
    gone = Break("Ingress/router", "gone", "keep it", stations=(Station("host", "llm.example.com/"),))
    [found] = passed_on([gone], read_claims([ingress("dev")], "dev"))
    assert found.milder
    assert found.message == (
        "whoever calls `llm.example.com/` comes to Ingress/router of `dev` (namespace `dev`) from now on, and no "
        "longer here"
    )
    for other in (ingress("dev", "other.example.com"), ingress("dev", path="/v1")):
        assert list(passed_on([gone], read_claims([other], "dev"))) == [gone]
    for kept in (replace(gone, lasts=(1.0, 2.0)), replace(gone, stations=()), replace(gone, milder=True)):
        assert list(passed_on([kept], read_claims([ingress("dev")], "dev"))) == [kept]
