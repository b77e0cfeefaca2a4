"""Routes of the Gateway API."""

from __future__ import annotations

import pytest

from tests.objects.support import MODEL, objects_of, one

ROUTE = MODEL + "routerSpec:\n  servicePort: 8080\n  route:\n    "


def test_main_is_the_release_and_leads_to_the_router() -> None:
    found = one(
        ROUTE + "main: {enabled: true, parentRefs: [{name: gw}], hostnames: [a.b], labels: {x: y}}",
        "HTTPRoute",
    )
    assert found["metadata"]["name"] == "llmstack-router"
    assert found["metadata"]["labels"]["x"] == "y"
    assert found["spec"] == {
        "parentRefs": [{"name": "gw"}],
        "hostnames": ["a.b"],
        "rules": [
            {
                "backendRefs": [{"name": "llmstack-router-service", "port": 8080}],
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            }
        ],
    }
    assert ("Service", "llmstack-router-service") in objects_of(ROUTE + "main: {enabled: true}")


def test_a_redirect_leads_nowhere_else() -> None:
    found = one(ROUTE + "http: {enabled: true, httpsRedirect: true}", "HTTPRoute", "llmstack-router-http")
    (rule,) = found["spec"]["rules"]
    assert rule.keys() == {"filters"}
    assert rule["filters"][0]["requestRedirect"] == {"scheme": "https", "statusCode": 301}


def test_further_rules_come_first() -> None:
    pool = "{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: pool}]}"
    found = one(ROUTE + f"main: {{enabled: true, additionalRules: [{pool}]}}", "HTTPRoute")
    assert [rule["backendRefs"][0]["name"] for rule in found["spec"]["rules"]] == [
        "pool",
        "llmstack-router-service",
    ]


@pytest.mark.parametrize("key", ["other: {enabled: true}", "main: {enabled: true, matches: []}"])
def test_without_matches_everything_matches(key: str) -> None:
    assert "matches" not in one(ROUTE + key, "HTTPRoute")["spec"]["rules"][0]


def test_other_kinds_have_no_http_matches() -> None:
    stated = "main: {enabled: true, kind: TCPRoute, apiVersion: gateway.networking.k8s.io/v1alpha2}"
    found = one(ROUTE + stated, "TCPRoute")
    assert found["apiVersion"] == "gateway.networking.k8s.io/v1alpha2"
    assert found["spec"]["rules"] == [{"backendRefs": [{"name": "llmstack-router-service", "port": 8080}]}]


def test_off_without_a_router() -> None:
    values = ROUTE + "main: {enabled: true}\n  enableRouter: false\n"
    assert {kind for kind, _ in objects_of(values)} == {"Deployment", "Service"}
