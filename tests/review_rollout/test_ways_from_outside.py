"""Hosts, Gateways, Services and pairs of engines: which callers a change leaves without an answer."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review_rollout.values_review import Values, reviewed, told, values

LLAMA, ENGINE = "meta-llama/Llama-3.1-8B-Instruct", "Deployment/r-llama-deployment-vllm"
SERVICE = "http://r-llama-engine-service"


def ingress(path: str = "/", kind: str = "Prefix", host: str = "a.example.com", **keys: Any) -> Values:
    hosts = [{"host": host, "paths": [{"path": path, "pathType": kind}]}]
    return values(routerSpec={"ingress": {"enabled": True, "className": "nginx", "hosts": hosts, **keys}})


def with_objects(base: Values, *objects: Any) -> Values:
    return {**base, "extraObjects": list(objects)}


def gateway(**listener: Any) -> dict[str, Any]:
    listeners = [{"name": "http", "port": 80, "protocol": "HTTP", **listener}]
    head = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"}
    return {**head, "metadata": {"name": "gw", "namespace": "llm"}, "spec": {"listeners": listeners}}


def route(**spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
    leads = {"rules": [{"backendRefs": [{"name": "r-router-service", "port": 80}]}]}
    own = {"parentRefs": [{"name": "gw"}], "hostnames": ["a.example.com"], **leads, **spec}
    return {**head, "metadata": {"name": "rt", "namespace": "llm"}, "spec": own}


BACKEND = {"name": "r-router-service", "port": 80}
HEADER = {"headers": [{"name": "x-team", "value": "a"}]}
GRANT = {
    "apiVersion": "gateway.networking.k8s.io/v1beta1",
    "kind": "ReferenceGrant",
    "metadata": {"name": "g", "namespace": "llm"},
    "spec": {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "edge"}],
        "to": [{"group": "", "kind": "Service"}],
    },
}


def split(weight: int) -> Values:
    """A route whose requests go to the router, and by weight to a Service without pods."""
    new = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "new", "namespace": "llm"}}
    spec = {"selector": {"app": "none"}, "ports": [{"port": 80, "targetPort": 8000}]}
    backends = [{**BACKEND, "weight": 90}, {"name": "new", "port": 80, "weight": weight}]
    return with_objects(values(), gateway(), route(rules=[{"backendRefs": backends}]), {**new, "spec": spec})


def classed(name: str) -> dict[str, Any]:
    made = gateway()
    return {**made, "spec": {**made["spec"], "gatewayClassName": name}}


def elsewhere() -> dict[str, Any]:
    """A route of another namespace."""
    parents = [{"name": "gw", "namespace": "llm"}]
    made = route(parentRefs=parents, rules=[{"backendRefs": [{**BACKEND, "namespace": "llm"}]}])
    return {**made, "metadata": {"name": "rt", "namespace": "edge"}}


def annotated(**annotations: str) -> Values:
    return ingress(annotations={f"nginx.ingress.kubernetes.io/{key}": each for key, each in annotations.items()})


def balancer(**spec: Any) -> dict[str, Any]:
    """A second Service of the router."""
    labels = {"app.kubernetes.io/component": "router", "app.kubernetes.io/instance": "r"}
    ports = [{"port": 80, "targetPort": 8000}]
    head = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "lb", "namespace": "llm"}}
    return {**head, "spec": {"type": "LoadBalancer", "selector": labels, "ports": ports, **spec}}


GATE = {"app": "gate"}


def proxy(port: str = "http") -> dict[str, Any]:
    """A proxy of people's own, before the router."""
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "gate", "namespace": "llm"}}
    ports = [{"containerPort": 8080, "name": port}, {"containerPort": 9090}]
    pods = {"metadata": {"labels": GATE}, "spec": {"containers": [{"name": "c", "image": "r/p:1", "ports": ports}]}}
    return {**head, "spec": {"replicas": 2, "selector": {"matchLabels": GATE}, "template": pods}}


def front(service: str = "lb", **leads: Any) -> dict[str, Any]:
    """An Ingress of people's own."""
    backend = {"service": {"name": service, "port": {"number": 80}, **leads}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {"ingressClassName": "nginx", "rules": [{"host": "a.example.com", "http": {"paths": paths}}]}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "in", "namespace": "llm"}}
    return {**head, "spec": spec}


def before_it(*objects: Any, labels: Any = GATE, **port: Any) -> Values:
    """A host that leads to the proxy."""
    service = balancer(type="ClusterIP", selector=labels, ports=[{"port": 80, "targetPort": "http", **port}])
    return with_objects(values(), *(objects or (proxy(),)), service, front())


POOL = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "engines"}
TLS = [{"secretName": "tls", "hosts": ["a.example.com"]}]

TOLD: dict[str, tuple[Values, Values, str, str]] = {
    "a narrower path": (ingress(), ingress("/v1"), "error", "it is gone; `a.example.com/v1` is new"),
    "an exact path": (ingress(), ingress(kind="Exact"), "error", "its path is `Exact`, and takes nothing below it"),
    "another class": (
        ingress(), ingress(className="traefik"), "warning",
        "comes in by Ingress class `traefik` and no longer by Ingress class `nginx`",
    ),
    "no certificate": (ingress(tls=TLS), ingress(), "warning", "no certificate is named for `a.example.com`"),
    "a Gateway that goes": (
        with_objects(values(), gateway(), route()), with_objects(values(), route()), "error", "Gateway `gw` is gone",
    ),
    "a listener for another host": (
        with_objects(values(), gateway(), route()), with_objects(values(), gateway(hostname="b.example.com"), route()),
        "error", "no listener of Gateway `gw` takes it",
    ),
    "another port of the Gateway": (
        with_objects(values(), gateway(), route()), with_objects(values(), gateway(port=8080), route()), "warning",
        "comes in by port 8080 of Gateway `gw` and no longer by port 80 of Gateway `gw`",
    ),
    "another Gateway": (
        with_objects(values(), route()), with_objects(values(), route(parentRefs=[{"name": "new"}])), "warning",
        "comes in by Gateway `new` and no longer by Gateway `gw`",
    ),
    "a Gateway of another class": (
        with_objects(values(), classed("x"), route()), with_objects(values(), classed("y"), route()), "warning",
        "its class becomes `y` (`x` before)",
    ),
    "a backend without weight": (
        with_objects(values(), gateway(), route()),
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [{**BACKEND, "weight": 0}]}])),
        "error", "it sends none to Service `r-router-service` (`weight: 0`)",
    ),
    "a header": (
        with_objects(values(), gateway(), route()),
        with_objects(values(), gateway(), route(rules=[{"matches": [HEADER], "backendRefs": [BACKEND]}])),
        "error", "only requests with certain headers, parameters or methods are let in",
    ),
    "a grant that goes": (
        with_objects(values(), gateway(), elsewhere(), GRANT), with_objects(values(), gateway(), elsewhere()),
        "error", "no ReferenceGrant of namespace `llm` lets it lead there any more",
    ),
    "a proxy's port of another name": (before_it(), before_it(proxy("web")), "error", "no pod listens where port 80"),
    "a proxy that no Service selects": (before_it(), before_it(labels={"app": "a"}), "error", "selects no pod that answers"),
    "a port of UDP": (before_it(), before_it(protocol="UDP"), "error", "no pod listens where port 80"),
    "a port that a proxy does not declare": (before_it(), before_it(targetPort=8000), "error", "no pod listens where port 80"),
    "a proxy that goes": (before_it(), before_it(gateway()), "error", "selects no pod that answers"),
    "another address of a balancer": (
        with_objects(values(), balancer(loadBalancerIP="10.0.0.1")), with_objects(values(), balancer(loadBalancerIP="10.0.0.2")),
        "warning", "`loadBalancerIP` 10.0.0.1 → 10.0.0.2",
    ),
    "some addresses": (
        ingress(), annotated(**{"whitelist-source-range": "10.0.0.0/8"}), "warning",
        "callers from other addresses are answered 403",
    ),
    "a log in": (ingress(), annotated(**{"auth-url": "https://sso"}), "warning", "does not let in are refused"),
    "a shorter wait": (
        annotated(**{"proxy-read-timeout": "3600"}), ingress(), "warning", "`proxy-read-timeout` 3600 → 60 seconds",
    ),
    "https to the router": (ingress(), annotated(**{"backend-protocol": "HTTPS"}), "error", "callers get 502"),
    "a balancer for some addresses": (
        with_objects(values(), balancer()), with_objects(values(), balancer(loadBalancerSourceRanges=["10.0.0.0/8"])),
        "warning", "callers from outside 10.0.0.0/8 are refused",
    ),
    "pods of the own node": (
        with_objects(values(), balancer()), with_objects(values(), balancer(internalTrafficPolicy="Local")),
        "warning", "reach only pods on their own node",
    ),
    "engines of https": (
        values(), values([{"vllmConfig": {"extraArgs": ["--ssl-certfile", "/c", "--ssl-keyfile", "/k"]}}]), "error",
        "the router asks by http, and the engine answers https alone",
    ),
    "a part of the requests": (
        with_objects(values(), gateway(), route()), split(10), "warning",
        "10 of 100 requests to `a.example.com/` get no answer: Service `new` selects no pod that answers",
    ),
    "a part for a Service that is not there": (
        with_objects(values(), gateway(), route()),
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [BACKEND, {"name": "nope", "port": 80}]}])), "warning",
        "1 of 2 requests to `a.example.com/` get no answer: it leads to Service `nope`, which is not there",
    ),
    "a pool of pods that somebody else makes": (
        with_objects(values(), gateway(), route()), with_objects(values(), gateway(), route(rules=[{"backendRefs": [POOL]}])),
        "warning", "leads to InferencePool `engines` from now on, no longer to Service `r-router-service`",
    ),
    "the last of two ports": (
        values(), values([{"vllmConfig": {"extraArgs": ["--port", "9000"]}}]), "error",
        "the router asks port 8000, and the engine listens on 9000",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "severity", "message"), TOLD.values(), ids=TOLD)
def test_callers_from_outside(before: Values, after: Values, severity: str, message: str) -> None:
    [(found, _, said)] = told(reviewed(before, after), "unreachable")
    assert found == severity
    assert message in said


QUIET: dict[str, tuple[Values, Values]] = {
    "a wider path": (ingress("/v1"), ingress()),
    "a wildcard": (ingress(), ingress(host="*.example.com")),
    "a certificate is added": (ingress(), ingress(tls=TLS)),
    "a listener for the same hosts": (
        with_objects(values(), gateway(), route()),
        with_objects(values(), gateway(hostname="*.example.com"), route()),
    ),
    "a wider range of addresses": (
        with_objects(values(), balancer(loadBalancerSourceRanges=["10.1.0.0/16"])),
        with_objects(values(), balancer(loadBalancerSourceRanges=["10.0.0.0/8", "fd00::/8"])),
    ),
    "every address": (
        with_objects(values(), balancer(loadBalancerSourceRanges=["10.1.0.0/16"])),
        with_objects(values(), balancer()),
    ),
    "a log in that is gone": (annotated(**{"auth-url": "https://sso"}), ingress()),
    "a longer wait": (ingress(), annotated(**{"proxy-read-timeout": "3600"})),
    "a backend less": (
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [BACKEND, {**BACKEND, "weight": 1}]}])),
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [BACKEND, {**BACKEND, "weight": 0}]}])),
    ),
    "a part of the requests that got none before": (split(10), split(20)),
    "a part that was for no Service before": (
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [BACKEND, {"name": "nope", "port": 80}]}])),
        with_objects(
            values(),
            gateway(),
            route(rules=[{"backendRefs": [{**BACKEND, "weight": 2}, {"name": "nope", "port": 80}]}]),
        ),
    ),
    "a pool beside the Service": (
        with_objects(values(), gateway(), route()),
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [BACKEND, POOL]}])),
    ),
    "a pool that led elsewhere": (
        with_objects(values(), gateway(), route(rules=[{"backendRefs": [POOL]}])),
        with_objects(values(), gateway()),
    ),
    "a Service that gets none": (with_objects(values(), gateway(), route()), split(0)),
    "a header beside a rule without": (
        with_objects(values(), gateway(), route()),
        with_objects(
            values(),
            gateway(),
            route(rules=[{"matches": [HEADER, {"path": {"value": "/"}}], "backendRefs": [BACKEND]}]),
        ),
    ),
    "a proxy comes before the router": (with_objects(values(), front("r-router-service")), before_it()),
    "a proxy goes from before it": (before_it(), with_objects(values(), front("r-router-service"))),
    "another port that a proxy declares": (before_it(), before_it(targetPort=9090)),
    "a second Gateway": (
        with_objects(values(), route()),
        with_objects(values(), route(parentRefs=[{"name": "gw"}, {"name": "new"}])),
    ),
}


@pytest.mark.parametrize(("before", "after"), QUIET.values(), ids=QUIET)
def test_callers_who_are_still_answered(before: Values, after: Values) -> None:
    assert told(reviewed(before, after), "unreachable") == []


def listed(url: str, engine_port: int = 80) -> Values:
    static = {"serviceDiscovery": "static", "staticBackends": url, "staticModels": LLAMA}
    engine = {**values()["servingEngineSpec"], "servicePort": engine_port}
    return values(routerSpec=static, servingEngineSpec=engine)


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        (listed(f"{SERVICE}:80"), listed(f"{SERVICE}:81"), True),
        (listed(f"{SERVICE}:80"), listed(f"{SERVICE}:80", 81), True),
        (listed(f"{SERVICE}:80"), listed(f"{SERVICE}.llm.svc:80"), False),
        (listed(f"{SERVICE}:80"), listed("http://10.0.0.1:80"), False),  # that may lead anywhere
        (listed(f"{SERVICE}:80"), listed(f"{SERVICE}:81", 81), False),
    ],
)
def test_a_router_with_a_list_of_backends(before: Values, after: Values, broken: bool) -> None:
    found = told(reviewed(before, after), "unreachable")
    message = f"nothing reaches `{LLAMA}` any more: the router's list of backends does not lead to the engine"
    assert found == ([("error", ENGINE, message)] if broken else [])


def test_a_router_that_goes_by_the_names_of_services() -> None:
    def at(port: int) -> Values:
        engine = {**values()["servingEngineSpec"], "servicePort": port}
        return values(routerSpec={"k8sServiceDiscoveryType": "service-name"}, servingEngineSpec=engine)

    [(severity, _, message)] = told(reviewed(at(80), at(81)), "outage")
    assert severity == "warning"
    assert "for 30 s to 1 min: the old router does not find the engines where the change puts them" in message
    assert told(reviewed(at(80), at(80)), "outage") == []


def own_service(target: Any) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": target}]
    spec = {"selector": {"app.kubernetes.io/component": "router"}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "own", "namespace": "llm"}, "spec": spec}


def test_a_port_by_number_leads_to_new_pods_alone() -> None:
    before = with_objects(values(), own_service(8000))
    after = with_objects(values(routerSpec={"containerPort": 9000}), own_service(9000))
    [(severity, object, message)] = told(reviewed(before, after), "outage")
    assert (severity, object) == ("warning", "Service/own")
    assert "nothing answers for 30 s to 1 min, until one of them is ready" in message
    named = [with_objects(values(routerSpec={"containerPort": p}), own_service("router-cport")) for p in (8000, 9000)]
    assert told(reviewed(*named), "outage") == []


def pair(image: str = "v0.11.2", decode: bool = True) -> Values:
    def half(name: str, role: str, tag: str) -> Values:
        transfer = {"enabled": True, "enableNixl": True, "nixlRole": role, "nixlPeerHost": "x"}
        return {"name": name, "modelURL": "org/x", "replicaCount": 1, "tag": tag, "lmcacheConfig": transfer}

    models = [half("pre", "sender", image), half("dec", "receiver", "v0.11.2")][: 2 if decode else 1]
    gentle = {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}
    base = values(models, routerSpec={"routingLogic": "disaggregated_prefill"})
    return {**base, "servingEngineSpec": {**base["servingEngineSpec"], **gentle}}


def test_half_of_a_pair_that_restarts() -> None:
    messages = [message for _, _, message in told(reviewed(pair(), pair("v0.11.3")), "outage")]
    [said] = [message for message in messages if "prefill" in message]
    assert said.startswith("no request of `org/x` is answered for 5 min: each needs an engine for prefill and one for")


def test_half_of_a_pair_that_goes() -> None:
    [(severity, _, message)] = told(reviewed(pair(), pair(decode=False)), "unreachable")
    assert severity == "error"
    assert "no request of `org/x` is answered any more" in message


@pytest.mark.parametrize(
    ("before", "after", "severity", "message"),
    [
        (
            ["--enable-lora", "--lora-modules", "sql=org/sql"],
            ["--enable-lora"],
            "error",
            "clients that ask for model `sql`",
        ),
        (["--enable-lora"], [], "warning", "requests for its LoRA adapters are refused"),
        (["--enable-auto-tool-choice", "--tool-call-parser", "x"], [], "warning", "requests with tools"),
        ([], ["--runner", "pooling"], "warning", "serves other requests from now on: `--runner` auto → pooling"),
    ],
)
def test_requests_that_an_engine_no_longer_takes(
    before: list[str], after: list[str], severity: str, message: str
) -> None:
    sides = [values([{"vllmConfig": {"extraArgs": args}}]) for args in (before, after)]
    [(found, object, said)] = told(reviewed(*sides), "unreachable")
    assert (found, object, message in said) == (severity, ENGINE, True)
    assert told(reviewed(sides[0], sides[0]), "unreachable") == []


@pytest.mark.parametrize(("data", "lost"), [({"A": "1"}, False), ({"B": "2"}, True), ({"A": "1", "B": "2"}, False)])
def test_a_key_that_pods_read(data: dict[str, str], lost: bool) -> None:
    def with_config(content: dict[str, str]) -> Values:
        meta = {"name": "cfg", "namespace": "llm"}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": content}
        variable = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "A"}}}
        return with_objects(values([{"env": [variable]}]), config)

    found = told(reviewed(with_config({"A": "1"}), with_config(data)), "unreachable")
    assert [("loses the key `A`" in message) for _, _, message in found] == ([True] if lost else [])


def test_a_service_that_becomes_another_name() -> None:
    named = values(routerSpec={"serviceType": "ExternalName"})
    [(severity, _, message)] = told(reviewed(values(), named), "unreachable")
    assert (severity, "(ExternalName), and selects no pod" in message) == ("error", True)


@pytest.mark.parametrize(("url", "lost"), [("org/x", False), ("org/y", True)])
def test_a_renamed_model_that_serves_another_id(url: str, lost: bool) -> None:
    before = values([{"name": "a", "modelURL": "org/x"}])
    after = values([{"name": "b", "modelURL": url, "gitops": {"loadTime": "5m", "movedFrom": "a"}}])
    found = told(reviewed(before, after), "unreachable")
    message = "clients that ask for model `org/x` get an error from now on: it is served as `org/y`"
    assert found == ([("error", "Deployment/r-b-deployment-vllm", message)] if lost else [])


def direct(*, pods: dict[str, str], **spec: Any) -> Values:
    """A Service of people's own in front of engines."""
    ports = [{"port": 80, "targetPort": 8000}]
    head = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "direct", "namespace": "llm"}}
    return {**head, "spec": {"selector": pods, "ports": ports, **spec}}


BOTH = [{}, {"name": "qwen", "modelURL": "org/qwen"}]
OF_LLAMA, OF_ALL = {"app.kubernetes.io/name": "llama"}, {"app.kubernetes.io/component": "engine"}
SELECTED: dict[str, tuple[Values, Values, tuple[str, str] | None]] = {
    "the engines of both models": (
        with_objects(values(BOTH), direct(pods=OF_LLAMA)), with_objects(values(BOTH), direct(pods=OF_ALL)),
        ("warning", "the Service leads to `llama` and `qwen` from now on"),
    ),
    "a second model": (
        with_objects(values(), direct(pods=OF_ALL)), with_objects(values(BOTH), direct(pods=OF_ALL)),
        ("warning", "the Service leads to `llama` and `qwen` from now on"),
    ),
    "a second model of the same id": (
        with_objects(values(), direct(pods=OF_ALL)), with_objects(values([{}, {"name": "two"}]), direct(pods=OF_ALL)),
        None,
    ),
    "one that is asked for names": (
        with_objects(values(), direct(pods=OF_ALL, clusterIP="None")),
        with_objects(values(BOTH), direct(pods=OF_ALL, clusterIP="None")), None,
    ),
    "no pod": (
        with_objects(values(BOTH), direct(pods=OF_LLAMA)), with_objects(values(BOTH), direct(pods={"a": "b"})),
        ("error", "the Service selects no pod any more, and led to `llama`"),
    ),
    "the pods of another model": (
        with_objects(values(BOTH), direct(pods=OF_LLAMA)),
        with_objects(values(BOTH), direct(pods={"app.kubernetes.io/name": "qwen"})),
        ("error", "the Service leads to `qwen` from now on, no longer to `llama`"),
    ),
    "its model goes": (
        with_objects(values(BOTH), direct(pods=OF_LLAMA)), with_objects(values(BOTH[1:]), direct(pods=OF_LLAMA)), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", SELECTED)
def test_what_a_service_selects(row: str) -> None:
    before, after, expected = SELECTED[row]
    found = told(reviewed(before, after), "unreachable")
    assert [(severity, subject) for severity, subject, _ in found] == (
        [(expected[0], "Service/direct")] if expected else []
    )
    assert all(expected is not None and expected[1] in message for _, _, message in found)
