"""The router: its arguments, and what it and the engines tell each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmstack import schemas
from tests.objects.support import MODEL, env_of, objects_of, one

NAME = "llmstack-deployment-router"
FLAGS = json.loads((schemas.folder() / "vllm" / "router.json").read_text())["flags"]

FULL = """
routerSpec:
  containerPort: 9000
  routingLogic: %s
  sessionKey: x-user
  prefixMinMatchLength: 128
  rootPath: /vllm
  engineScrapeInterval: 5
  requestStatsWindow: 30
  lmcacheControllerPort: 9100
  lmcacheControllerReplyPort: 9101
  lmcacheControllerHeartbeatPort: 9102
  otel: {endpoint: "otel:4317", secure: true}
"""


def arguments(values: str) -> list[str]:
    args: list[str] = container(values)["args"]
    return args


def container(values: str) -> dict[str, Any]:
    found: dict[str, Any] = one(values, "Deployment", NAME)["spec"]["template"]["spec"]["containers"][0]
    return found


def value(args: list[str], flag: str) -> str | None:
    assert args.count(flag) <= 1
    return args[args.index(flag) + 1] if flag in args else None


@pytest.mark.parametrize("logic", FLAGS["--routing-logic"]["choices"])
@pytest.mark.parametrize(
    "discovery",
    [
        "",
        "  k8sServiceDiscoveryType: service-name\n",
        "  serviceDiscovery: static\n  staticBackends: http://a\n  staticModels: a\n",
    ],
)
def test_every_flag_is_one_of_the_routers_with_a_value_it_takes(logic: str, discovery: str) -> None:
    engines = MODEL.replace("servingEngineSpec:", "servingEngineSpec:\n  containerPort: 8100")
    args = arguments(engines + FULL % logic + discovery)
    while args:
        flag = args.pop(0)
        known = FLAGS[flag]
        if known.get("type") == "bool":
            continue
        text = args.pop(0)
        assert text in (known.get("choices") or [text]), flag
        if known.get("type") == "int":
            int(text)


def test_what_is_not_set_is_left_to_the_router() -> None:
    flags = {arg for arg in arguments(MODEL) if arg.startswith("--")}
    assert flags == {
        "--host", "--port", "--service-discovery", "--k8s-namespace", "--k8s-service-discovery-type",
        "--k8s-label-selector", "--routing-logic", "--engine-stats-interval", "--request-stats-window",
    }  # fmt: skip


def test_it_asks_engines_on_the_port_they_listen_on() -> None:
    engines = MODEL.replace("servingEngineSpec:", "servingEngineSpec:\n  containerPort: 8100")
    assert value(arguments(engines), "--k8s-port") == "8100"


def test_extra_arguments_are_last() -> None:
    values = MODEL + FULL % "roundrobin" + "  extraArgs: [--log-level, debug]\n"
    assert arguments(values)[-2:] == ["--log-level", "debug"]


PD = """
servingEngineSpec:
  modelSpec:
  - name: prefill
    repository: lmcache/vllm-openai
    tag: v0.3.9
    modelURL: x/y
    lmcacheConfig: {enabled: true, enableNixl: true, nixlRole: sender}
  - name: decode
    repository: lmcache/vllm-openai
    tag: v0.3.9
    modelURL: x/y
    lmcacheConfig: {enabled: true, enableNixl: true, nixlRole: receiver}
    podLabels: {model: decoders}
routerSpec:
  routingLogic: disaggregated_prefill
"""


def test_disaggregated_prefill_knows_its_models() -> None:
    args = arguments(PD)
    assert value(args, "--prefill-model-labels") == "prefill"
    assert value(args, "--decode-model-labels") == "decoders"
    told = arguments(PD + "  extraArgs: [--prefill-model-labels, a, --decode-model-labels=b]\n")
    assert value(told, "--prefill-model-labels") == "a"
    assert "--decode-model-labels" not in told


def test_the_sender_knows_the_receivers_service() -> None:
    found = objects_of(PD)
    engine = {
        role: env_of(
            found["Deployment", f"llmstack-{role}-deployment-vllm"]["spec"]["template"]["spec"]["containers"][0]
        )
        for role in ("prefill", "decode")
    }
    host = engine["prefill"]["LMCACHE_NIXL_RECEIVER_HOST"]
    service = found["Service", host]["spec"]
    assert service["selector"]["app.kubernetes.io/name"] == "decode"
    assert int(engine["prefill"]["LMCACHE_NIXL_RECEIVER_PORT"]) in {port["port"] for port in service["ports"]}
    assert engine["decode"]["LMCACHE_PD_PEER_HOST"] == "0.0.0.0"
    assert engine["prefill"]["LMCACHE_PD_ROLE"] == engine["prefill"]["LMCACHE_NIXL_ROLE"] == "sender"


@pytest.mark.parametrize(
    ("sender", "receiver", "asked"),
    [("", "", "55555"), ("", ", nixlPeerPort: 56000", "56000"), (", nixlPeerPort: 9999", "", "9999")],
)
def test_the_sender_asks_the_port_on_which_its_receiver_listens(sender: str, receiver: str, asked: str) -> None:
    values = PD.replace("sender}", f"sender{sender}}}").replace("receiver}", f"receiver{receiver}}}")
    prefill = objects_of(values)["Deployment", "llmstack-prefill-deployment-vllm"]
    env = env_of(prefill["spec"]["template"]["spec"]["containers"][0])
    assert env["LMCACHE_NIXL_RECEIVER_PORT"] == env["LMCACHE_PD_PROXY_PORT"] == asked


KV = MODEL + "    lmcacheConfig: {enabled: true, enableController: true%s}\nrouterSpec: {routingLogic: kvaware%s}\n"


@pytest.mark.parametrize(
    ("model", "router"),
    [
        ("", ""),
        (", controllerPort: 9100, controllerReplyPort: 9101", ""),
        ("", ", lmcacheControllerPort: 9100, lmcacheControllerReplyPort: 9101"),
        (", controllerPort: 9100", ", lmcacheControllerPort: 9100"),
    ],
)
def test_engines_are_told_of_ports_that_the_routers_service_has(model: str, router: str) -> None:
    values = KV % (model, router)
    found = objects_of(values)
    pod = found["Deployment", "llmstack-llama-deployment-vllm"]["spec"]["template"]["spec"]
    env = env_of(pod["containers"][0])
    ports = {port["port"]: port["targetPort"] for port in found["Service", "llmstack-router-service"]["spec"]["ports"]}
    opened = {port["name"]: port["containerPort"] for port in container(values)["ports"]}
    args = arguments(values)
    told = {"--lmcache-controller-port": "LMCACHE_CONTROLLER_PULL_URL"}
    told |= {"--lmcache-controller-reply-port": "LMCACHE_CONTROLLER_REPLY_URL"} if "9101" in values else {}
    for flag, name in told.items():
        host, _, port = env[name].partition(":")
        assert host == "llmstack-router-service"
        assert opened[ports[int(port)]] == int(port)
        assert (value(args, flag) or "9000") == port
    assert env["PYTHONHASHSEED"] == env_of(container(values))["PYTHONHASHSEED"]


def test_rights_by_way_of_discovery() -> None:
    assert one(MODEL, "Role")["rules"][0]["resources"] == ["pods"]
    by_service = MODEL + "routerSpec: {k8sServiceDiscoveryType: service-name}\n"
    assert one(by_service, "Role")["rules"][0]["resources"] == ["pods", "services", "endpoints"]


def test_an_existing_account_is_used_and_given_nothing() -> None:
    found = objects_of(MODEL + "routerSpec: {serviceAccountName: mine}\n")
    assert found["Deployment", NAME]["spec"]["template"]["spec"]["serviceAccountName"] == "mine"
    assert not {kind for kind, _ in found} & {"ServiceAccount", "RoleBinding"}


def test_the_engines_key_reaches_the_router() -> None:
    engines = MODEL.replace("servingEngineSpec:", "servingEngineSpec:\n  vllmApiKey: {secretName: k, secretKey: a}")
    assert env_of(container(engines))["VLLM_API_KEY"] == {"secretKeyRef": {"name": "k", "key": "a"}}
    own = engines + "routerSpec: {vllmApiKey: {secretName: r, secretKey: b}}\n"
    assert env_of(container(own))["VLLM_API_KEY"] == {"secretKeyRef": {"name": "r", "key": "b"}}


def test_ports_volumes_and_annotations() -> None:
    values = (
        MODEL
        + """
routerSpec:
  serviceType: NodePort
  nodePort: 30080
  serviceAnnotations: {a: b}
  podAnnotations: {c: d}
  env: [{name: PYTHONHASHSEED, value: "7"}]
  extraPorts: [{name: debug, port: 6000}]
  extraVolumes: [{name: tmp, emptyDir: {}}]
  extraVolumeMounts: [{name: tmp, mountPath: /tmp}]
"""
    )
    service = one(values, "Service", "llmstack-router-service")
    assert service["metadata"]["annotations"] == {"a": "b"}
    assert service["spec"]["ports"][0]["nodePort"] == 30080
    assert service["spec"]["ports"][-1] == {"name": "debug", "port": 6000, "protocol": "TCP"}
    template = one(values, "Deployment", NAME)["spec"]["template"]
    assert template["metadata"]["annotations"] == {"c": "d"}
    assert template["spec"]["volumes"] == [{"name": "tmp", "emptyDir": {}}]
    found = container(values)
    assert env_of(found)["PYTHONHASHSEED"] == "7"
    assert {"name": "debug", "containerPort": 6000} in found["ports"]
    assert found["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
