"""Whether a router finds an engine: what each of its ways of discovery looks at (vLLM production stack)."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.reach import finds_pods, matches, why_not_reached

PODS = {"--service-discovery": "k8s", "--k8s-namespace": "llm"}
SERVICES = {**PODS, "--k8s-service-discovery-type": "service-name"}


def router(key: object = None, namespace: str = "llm", **flags: str) -> Backend:
    given = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}
    return Backend(("Deployment", namespace, "r"), {}, {}, 8000, key, (), None, {**PODS, **given})


def nowhere() -> Backend:
    return Backend(("Deployment", "llm", "r"), {}, {}, 8000, None, (), None, {"--service-discovery": "k8s"})


def static(backends: str, models: str = "llama", namespace: str = "llm") -> Backend:
    return router(None, namespace, service_discovery="static", static_backends=backends, static_models=models)


def engine(
    key: object = None, listens: int = 8000, namespace: str = "llm", served: tuple[str, ...] = ("llama",), **flags: str
) -> Backend:
    identity = ("Deployment", namespace, "e")
    given = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}
    return Backend(identity, {"app": "e", "tier": "a"}, {"http": listens}, listens, key, served, "llama", given)


def services(port: int = 80, target: Any = 8000, selector: Any = None, namespace: str = "llm") -> Any:
    spec = {"selector": selector or {"app": "e"}, "ports": [{"port": port, "targetPort": target}]}
    return {(namespace, "svc"): {"metadata": {"name": "svc", "namespace": namespace}, "spec": spec}}


def test_a_router_finds_pods_of_its_namespace_alone() -> None:
    asked = router(k8s_label_selector="app=e"), {"app": "e"}
    assert [finds_pods(asked[0], space, asked[1]) for space in ("llm", "", "x")] == [True, True, False]
    assert not finds_pods(router(), "llm", {"app": "e"})


OUT = "the router's list of backends does not lead to the engine"
CASES: dict[str, tuple[Backend, Backend, Any, str | None]] = {
    "by default": (router(), engine(), {}, None),
    "another namespace": (
        router(k8s_namespace="x"), engine(), {}, "the router looks in namespace `x`, and the engine is in `llm`",
    ),
    "the namespace of a router that is told none": (nowhere(), engine(namespace="default"), {}, None),
    "outside it": (nowhere(), engine(), {}, "the router looks in namespace `default`, and the engine is in `llm`"),
    "a namespace that nobody states": (router(k8s_namespace="x"), engine(namespace=""), {}, None),
    "another label": (
        router(k8s_label_selector="app=x"), engine(), {}, "the router's label selector leaves the engine out",
    ),
    "its label": (router(k8s_label_selector="app=e"), engine(), {}, None),
    "another port": (
        router(k8s_port="8100"), engine(), {}, "the router asks port 8100, and the engine listens on 8000",
    ),
    "the same port": (router(k8s_port="8100"), engine(listens=8100), {}, None),
    "an engine of another port": (
        router(), engine(listens=8100), {}, "the router asks port 8000, and the engine listens on 8100",
    ),
    "https": (
        router(), engine(ssl_certfile="/c"), {}, "the router asks by http, and the engine answers https alone",
    ),
    "no key": (router(), engine("k"), {}, "the router sends no API key, and the engine asks for one"),
    "another key": (router("j"), engine("k"), {}, "the router sends another API key than the engine asks for"),
    "the same key": (router("k"), engine("k"), {}, None),
    "a key that nobody asks for": (router("k"), engine(), {}, None),
    "an unknown way": (router(service_discovery="consul", k8s_port="1"), engine("k"), {}, None),
    "by Services, none known": (router(k8s_service_discovery_type="service-name"), engine(), {}, None),
    "by Services": (
        router(k8s_service_discovery_type="service-name", k8s_port="80"), engine(), services(), None,
    ),
    "by Services, another port": (
        router(k8s_service_discovery_type="service-name"), engine(), services(),
        "the router asks port 8000 of Services, and none of the engine's leads there",
    ),
    "by Services, elsewhere in the pod": (
        router(k8s_service_discovery_type="service-name", k8s_port="80"), engine(), services(target=1),
        "the router asks port 80 of Services, and none of the engine's leads there",
    ),
    "by Services, of others": (
        router(k8s_service_discovery_type="service-name"), engine(), services(selector={"app": "x"}), None,
    ),
    "listed": (static("http://svc:80"), engine(), services(), None),
    "listed, whole name": (static("http://svc.llm.svc.cluster.local:80/v1"), engine(), services(), None),
    "listed, port 80 unsaid": (static("http://svc"), engine(), services(), None),
    "listed, another port": (static("http://svc:81"), engine(), services(), OUT),
    "listed, of another namespace": (
        static("http://svc.x:80"), engine(namespace="x"), services(namespace="x"), None,
    ),
    "listed, of others": (static("http://svc"), engine(), services(selector={"app": "x"}), OUT),
    "listed, of another model": (static("http://svc", "other"), engine(), services(), OUT),
    "listed, second": (static("http://x,http://svc", "other,llama"), engine(), services(), None),
    "listed, ids unknown": (static("http://svc", "other"), engine(served=()), services(), None),
    "listed, elsewhere": (static("http://10.0.0.1:8000"), engine(), services(), None),
    "an empty list": (static("", ""), engine(), services(), OUT),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_whether_a_router_finds_an_engine(case: str) -> None:
    asking, asked, known, why = CASES[case]
    assert why_not_reached(asking, asked, known) == why


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("", True), ("app=e", True), ("app==e", True), (" app = e ", True), ("app=e,tier=a", True),
        ("app=e,tier=b", False), ("tier=b", False), ("app!=e", True), ("app", True), ("other=e", False),
    ],
)  # fmt: skip
def test_a_selector_in_one_line(selector: str, found: bool) -> None:
    assert matches(selector, {"app": "e", "tier": "a"}) is found
