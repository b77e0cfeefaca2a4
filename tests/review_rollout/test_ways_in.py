"""Ways in that a change breaks: which edge goes, for how long, and that nothing is said where none does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.review_rollout.values_review import Values, only, reviewed, told, values

from llmstack.kubernetes.pods import Object
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.doors import Side, selects

ENGINE, ROUTER, SERVICE = (
    "Deployment/r-llama-deployment-vllm",
    "Deployment/r-deployment-router",
    "Service/r-router-service",
)
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
KEY, OTHER_KEY = ({"secretName": name, "secretKey": "key"} for name in ("one", "two"))
QWEN = {"name": "qwen", "modelURL": "Qwen/Qwen3-8B"}
HF = {"hf_token": {"secretName": "hf", "secretKey": "token"}}


def engines(**keys: Any) -> Values:
    return values(servingEngineSpec=values()["servingEngineSpec"] | keys)


def router(**keys: Any) -> Values:
    return values(routerSpec=keys)


def alone(**keys: Any) -> Values:
    """Engines of two models, and no router."""
    spec = values([{}, QWEN])["servingEngineSpec"] | keys
    return values(servingEngineSpec=spec, routerSpec={"enableRouter": False})


def gitops(*models: Values, **keys: Any) -> Values:
    return values(list(models), gitops=values()["gitops"] | keys)


def ingress(host: str) -> Values:
    return router(
        ingress={"enabled": True, "hosts": [{"host": host, "paths": [{"path": "/v1", "pathType": "Prefix"}]}]}
    )


def static(**ports: str) -> Values:
    return router(serviceDiscovery="static", staticBackends="http://e:80", staticModels=LLAMA)


GONE: dict[str, tuple[Values, Values, str, str]] = {
    "the router's port": (
        router(), router(servicePort=8080), SERVICE,
        "whoever calls `r-router-service.llm:80` gets no answer any more: it is gone; `r-router-service.llm:8080` is new",
    ),
    "the release": (
        gitops(), gitops(release="x"), SERVICE,
        "whoever calls `r-router-service.llm:80` gets no answer any more: it is gone; `x-router-service.llm:80` is new",
    ),
    "the router": (
        router(), router(enableRouter=False), SERVICE,
        "whoever calls `r-router-service.llm:80` gets no answer any more: it is gone; "
        "`r-llama-engine-service.llm:80` is new",
    ),
    "the router of two models": (
        values([{}, QWEN]), values([{}, QWEN], routerSpec={"enableRouter": False}), SERVICE,
        "whoever calls `r-router-service.llm:80` gets no answer any more: it is gone",
    ),
    "the ports of engines without a router": (
        alone(), alone(servicePort=8080), "Service/r-qwen-engine-service",
        "whoever calls `r-qwen-engine-service.llm:80` gets no answer any more: it is gone; "
        "`r-qwen-engine-service.llm:8080` is new",
    ),
    "the host of an Ingress": (
        ingress("a.example.com"), ingress("b.example.com"), "Ingress/r-ingress-router",
        "whoever calls `a.example.com/v1` gets no answer any more: it is gone; `b.example.com/v1` is new",
    ),
    "a load balancer": (
        router(serviceType="LoadBalancer"), router(), SERVICE,
        "the Service becomes ClusterIP: the address of its load balancer is gone for callers from outside",
    ),
    "a port on the nodes": (
        router(serviceType="NodePort", nodePort=30080), router(serviceType="NodePort", nodePort=30081), SERVICE,
        "port 30080 on the nodes becomes 30081: callers of the old one are refused",
    ),
    "the served id": (
        values(), values([{"modelURL": "x/y"}]), ENGINE,
        f"clients that ask for model `{LLAMA}` get an error from now on: it is served as `x/y`",
    ),
    "callers without a key": (
        engines(), engines(vllmApiKey=KEY), ROUTER,
        "callers that send no API key are answered 401 as soon as each engine has restarted",
    ),
    "a label selector": (
        router(), router(k8sLabelSelector="team=other"), ENGINE,
        f"nothing reaches `{LLAMA}` any more: the router's label selector leaves the engine out",
    ),
    "a namespace that the router leaves": (
        router(), router(k8sNamespace="elsewhere"), ENGINE,
        f"nothing reaches `{LLAMA}` any more: the router looks in namespace `elsewhere`, and the engine is in `llm`",
    ),
    "a Secret of an ExternalSecret": (
        gitops(HF, secrets={"backend": "external-secrets", "store": "s"}), gitops(HF), ENGINE,
        "Secret `hf` goes with the ExternalSecret that owns it, and pods read it: what runs goes on, and no pod that "
        "starts after that gets ready (CreateContainerConfigError)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "object", "message"), GONE.values(), ids=GONE)
def test_an_edge_that_is_gone_for_good(before: Values, after: Values, object: str, message: str) -> None:
    assert ("error", object, message) in told(reviewed(before, after), "unreachable")
    assert told(reviewed(after, after), "unreachable") == []


OUT: dict[str, tuple[Values, Values, str]] = {
    "the engines' port": (engines(), engines(containerPort=8100), "the router asks port 8100, and the engine listens on 8000"),
    "a key taken away": (engines(vllmApiKey=KEY), engines(), "the router sends no API key, and the engine asks for one"),
    "another key": (
        engines(vllmApiKey=KEY), engines(vllmApiKey=OTHER_KEY), "the router sends another API key than the engine asks for",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "why"), OUT.values(), ids=OUT)
def test_router_and_engines_that_change_at_their_own_speed(before: Values, after: Values, why: str) -> None:
    """The router is back after 30 s to a minute (its probes), the first engine on a spare GPU after 300 s."""
    review = reviewed(before, after)
    [(severity, object, message)] = told(review, "outage")
    assert (severity, object) == ("warning", ENGINE)
    assert message.startswith(f"no request reaches `{LLAMA}` for 4 min to 4 min 30 s: {why}")
    assert [rollout.min_ready for rollout in review.rollouts] == [1, 1]


QUIET: dict[str, tuple[Values, Values]] = {
    "another image": (values(), values([{"tag": "v0.12.0"}])),
    "a key that the router sends already": (
        engines(), values(routerSpec={"vllmApiKey": KEY}),
    ),
    "the port of the router's container": (router(), router(containerPort=8080)),
    "a second replica of the router": (router(), router(replicaCount=2)),
    "a router is added": (router(enableRouter=False), router()),
    "a second id": (values(), values([{"vllmConfig": {"extraArgs": ["--served-model-name", LLAMA, "short"]}}])),
    "a load balancer is added": (router(), router(serviceType="LoadBalancer")),
    "static backends": (static(), engines(containerPort=8100) | {"routerSpec": static()["routerSpec"]}),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), QUIET.values(), ids=QUIET)
def test_where_every_caller_is_answered(before: Values, after: Values) -> None:
    review = reviewed(before, after)
    assert [risk.id for risk in review.risks if risk.id in ("unreachable", "outage")] == []


@pytest.mark.parametrize("models", [["llama", "a"], ["llama", "z"]])
def test_a_renamed_model_is_not_served_until_the_new_one_has_loaded(models: list[str]) -> None:
    """Whichever name comes first in the alphabet."""
    before, after = (values([{"name": name}]) for name in models)
    [(severity, object, message)] = told(reviewed(before, after), "outage")
    assert (severity, object) == ("warning", f"Deployment/r-{models[1]}-deployment-vllm")
    assert message == (
        "the workload it replaces is removed without waiting, and no replica is ready until this one has loaded "
        f"(`{LLAMA}` is not served for 5 min)"
    )
    beside = values([{"name": "llama"}, {"name": models[1]}])
    assert told(reviewed(before, beside), "outage") == []
    assert told(reviewed(beside, after), "outage") == []


@pytest.mark.parametrize(("count", "lasts"), [(2, "for at least 5 min"), (4, "for 5 min")])
def test_a_renamed_model_that_may_never_load_is_not_served_for_at_least_as_long(count: int, lasts: str) -> None:
    pool = [{"pool": "h100", "resource": "nvidia.com/gpu", "count": count}]
    before, after = (gitops({"name": name, "requestGPU": gpus}, capacity=pool) for name, gpus in (("a", 1), ("b", 2)))
    [(_, _, message)] = told(reviewed(before, after), "outage")
    assert f"(`{LLAMA}` is not served {lasts}" in message


@pytest.mark.parametrize("namespace", ["ai", "zz"])
def test_a_namespace_that_changes(namespace: str) -> None:
    """Old pods go when the new ones are created, Secrets stay behind, and the Service has another address."""
    review = reviewed(gitops(HF), gitops(HF, namespace=namespace))
    assert [object for _, object, _ in told(review, "outage")] == [ENGINE]
    messages = {object: message for _, object, message in told(review, "unreachable")}
    assert messages[ENGINE].startswith(
        f"it moves from namespace `llm` to `{namespace}`, and Secret `hf` there is made by"
    )
    assert messages[SERVICE].endswith(f"it is gone; `r-router-service.{namespace}:80` is new")


def test_shorter_requests() -> None:
    review = reviewed(*(values([{"vllmConfig": {"maxModelLen": length}}]) for length in (65536, 8192)))
    assert told(review, "unreachable") == [
        ("warning", ENGINE, "requests of more than 8,192 tokens are refused from now on (65,536 before)")
    ]
    for length in ({"maxModelLen": 65536}, {"maxModelLen": 8192}, {}):
        sides = (values([{"vllmConfig": each}]) for each in (length, {"maxModelLen": 65536}))
        assert told(reviewed(*sides), "unreachable") == [], "the model's own length is not known here"


def test_lengths_and_switches_as_vllm_reads_them() -> None:
    def told_of(before: str, after: str) -> list[tuple[str, str, str]]:
        return told(reviewed(*(values([{"extraArgs": each.split()}]) for each in (before, after))), "unreachable")

    assert told_of("--max_model_len 64k", "--max-model-len=8K") == [
        ("warning", ENGINE, "requests of more than 8,192 tokens are refused from now on (64,000 before)")
    ]
    tools = "--enable-auto-tool-choice --tool-call-parser hermes"
    (risk,) = told_of(tools, "--no-enable-auto-tool-choice --tool-call-parser hermes")
    assert "requests with tools" in risk[2]
    assert told_of(tools, tools.replace("enable-auto", "enable_auto")) == []


def test_sessions_that_are_spread_anew() -> None:
    review = reviewed(router(routingLogic="session", sessionKey="x-user"), router(routingLogic="roundrobin"))
    risk = only(review, "cold-cache")
    assert (str(risk.severity), risk.object) == ("note", ROUTER)
    assert "`--routing-logic` session → roundrobin" in risk.message


@pytest.mark.parametrize(
    ("was", "now", "app", "said"),
    [("ClientIP", "None", "llama", True), ("None", "ClientIP", "llama", False), ("ClientIP", None, "other", False)],
)
def test_a_service_that_no_longer_keeps_a_client_at_one_pod(
    was: str, now: str | None, app: str, said: bool, deployment: Callable[..., Any], compared: Callable[..., Any]
) -> None:
    def service(affinity: str | None) -> dict[str, Any]:
        spec = {"selector": {"app": app}, "ports": [{"port": 80}], "sessionAffinity": affinity}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}

    engine = deployment()
    engine["spec"]["template"]["metadata"] = {"labels": {"app": "llama", "model": "llama"}}
    review = compared([engine, service(was)], [engine, service(now)])
    assert [object for _, object, _ in told(review, "cold-cache")] == (["Service/s"] if said else [])


def test_a_cache_server_that_restarts() -> None:
    cache = {"enableServer": True, "image": {"repository": "lmcache/vllm-openai", "tag": "v0.3.9"}}
    newer = cache | {"image": {"repository": "lmcache/vllm-openai", "tag": "v0.3.10"}}
    review = reviewed(values(cacheServerSpec=cache), values(cacheServerSpec=newer))
    assert only(review, "cold-cache").object == "Deployment/r-deployment-cache-server"
    assert told(reviewed(values(cacheServerSpec=cache), values(cacheServerSpec=cache)), "cold-cache") == []


def config(kind: str = "ConfigMap", **content: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "settings"}, **content}


def reader(deployment: Callable[..., Any], **container: Any) -> Any:
    obj = deployment(surge=0, unavailable=1)
    obj["spec"]["template"]["spec"]["containers"][0] |= container
    return obj


ENVIRONMENT = {"envFrom": [{"configMapRef": {"name": "settings"}}]}
VARIABLE = {"env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "settings", "key": "a"}}}]}


@pytest.mark.parametrize(
    ("container", "before", "after", "source"),
    [
        (ENVIRONMENT, config(data={"a": "1"}), config(data={"a": "2"}), "ConfigMap/settings"),
        (VARIABLE, config("Secret", data={"a": "MQ=="}), config("Secret", data={"a": "Mg=="}), "Secret/settings"),
        (
            VARIABLE, config("ExternalSecret", spec={"data": [{"secretKey": "a", "remoteRef": {"key": "x"}}]}),
            config("ExternalSecret", spec={"data": [{"secretKey": "a", "remoteRef": {"key": "y"}}]}),
            "ExternalSecret/settings",
        ),
        (
            VARIABLE, config("SealedSecret", spec={"encryptedData": {"a": "x"}}),
            config("SealedSecret", spec={"encryptedData": {"a": "y"}}), "SealedSecret/settings",
        ),
    ],
)  # fmt: skip
def test_what_pods_read_at_their_start(
    deployment: Callable[..., Any], compared: Callable[..., Any],
    container: Any, before: Object, after: Object, source: str,
) -> None:  # fmt: skip
    pod = reader(deployment, **container)
    [(severity, object, message)] = told(compared([pod, before], [pod, after]), "not-applied")
    assert (severity, object) == ("warning", "Deployment/llama")
    assert message == (
        f"`{source}` changes, and the pods read it as environment, which is read when they start: they go on with "
        "what it was"
    )
    newer = reader(deployment, image="v2", **container)
    assert told(compared([pod, before], [newer, after]), "not-applied") == []
    pod["metadata"]["annotations"] = {"reloader.stakater.com/auto": "true"}
    assert told(compared([pod, before], [pod, after]), "not-applied") == []


def test_a_refresh_interval_is_no_other_content(deployment: Callable[..., Any], compared: Callable[..., Any]) -> None:
    pod = reader(deployment, **VARIABLE)
    sides = [config("ExternalSecret", spec={"refreshInterval": each}) for each in ("1h", "2h")]
    assert told(compared([pod, sides[0]], [pod, sides[1]]), "not-applied") == []


WAYS: dict[str, tuple[Values, Values, str]] = {
    "another host": (
        ingress("a.example.com"), ingress("b.example.com"),
        "host a.example.com/v1 ✗ Ingress r-ingress-router → Service r-router-service:80 → router " + ROUTER,
    ),
    "another port": (
        router(), router(servicePort=8080),
        "callers in the cluster ✗ Service r-router-service:80 → router " + ROUTER,
    ),
    "a router that looks elsewhere": (
        router(), router(k8sLabelSelector="team=other"),
        f"callers in the cluster → Service r-router-service:80 → router {ROUTER} ✗ engine {ENGINE} → model {LLAMA}",
    ),
    "another served id": (
        values(), values([{"modelURL": "x/y"}]),
        f"callers in the cluster → Service r-router-service:80 → router {ROUTER} → engine {ENGINE} ✗ model {LLAMA}",
    ),
    "a key": (
        engines(), engines(vllmApiKey=KEY),
        f"callers in the cluster → Service r-router-service:80 → router {ROUTER} ✗ engine {ENGINE}",
    ),
    "a Secret": (
        gitops(HF, secrets={"backend": "external-secrets", "store": "s"}), gitops(HF),
        f"Secret hf ✗ pods {ENGINE}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "drawn"), WAYS.values(), ids=WAYS)
def test_a_broken_way_is_drawn_from_whoever_calls(before: Values, after: Values, drawn: str) -> None:
    ways = []
    for way in reviewed(before, after).ways:
        text = f"{way.stations[0].kind} {way.stations[0].name}"
        for number, station in enumerate(way.stations[1:]):
            text += f" {'✗' if number == way.broken else '→'} {station.kind} {station.name}"
        ways.append(text)
    assert drawn in ways


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


@given(st.lists(LABELS, max_size=6), LABELS, st.sampled_from(("n", "m")))
def test_pods_that_are_looked_up_by_label_are_those_that_a_service_selects(
    pods: list[dict[str, str]], selector: dict[str, str], namespace: str
) -> None:
    backends = [
        Backend(("Deployment", "nm"[number % 2], f"{number}"), labels, {}, 80, None, (), None, {})
        for number, labels in enumerate(pods)
    ]
    service = {"metadata": {"name": "s", "namespace": namespace}, "spec": {"selector": selector}}
    side = Side({}, backends[::2], (), backends[1::2])
    wanted = [each for each in (*side.backends, *side.beside) if selects(service, each)]
    assert side.selected(service) == wanted
