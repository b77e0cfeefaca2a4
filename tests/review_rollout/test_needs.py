"""What pods cannot start without, and what of it goes with a change."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.rollout.obstacles import references
from llmstack.review.ways_in import needs

Make = Callable[..., Any]
Object = dict[str, Any]


def thing(kind: str, name: str = "settings", **fields: Any) -> Object:
    annotations = fields.pop("annotations", {})
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "annotations": annotations}, **fields}


OTHER = thing("ConfigMap", "other")
VARIABLE = {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "settings", "key": "a"}}}]}
FILES = {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "settings"}}]}}]}


def mounted(driver: str) -> dict[str, Any]:
    """A volume of a CSI driver that names a SecretProviderClass."""
    csi = {"driver": driver, "volumeAttributes": {"secretProviderClass": "settings"}}
    return {"volumes": [{"name": "s", "csi": csi}]}


CASES: dict[str, tuple[Object, Object, Object, str | None]] = {
    "a Secret": (thing("Secret"), VARIABLE, {}, "Secret `settings` is deleted"),
    "a Secret in files": (thing("Secret"), {}, FILES, "Secret `settings` is deleted"),
    "a config map": (thing("ConfigMap"), {"envFrom": [{"configMapRef": {"name": "settings"}}]}, {}, "ConfigMap `settings` is deleted"),
    "a sealed one": (thing("SealedSecret"), VARIABLE, {}, "Secret `settings` goes with the SealedSecret that owns it"),
    "a sealed one of another name": (
        thing("SealedSecret", "x", spec={"template": {"metadata": {"name": "settings"}}}), VARIABLE, {},
        "Secret `settings` goes with the SealedSecret that owns it",
    ),
    "an external one": (
        thing("ExternalSecret", "x", spec={"target": {"name": "settings"}}), VARIABLE, {},
        "Secret `settings` goes with the ExternalSecret that owns it",
    ),
    "an external one that leaves it": (
        thing("ExternalSecret", spec={"target": {"creationPolicy": "Orphan"}}), VARIABLE, {}, None,
    ),
    "a claim of a device": (
        thing("ResourceClaimTemplate"), {}, {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "settings"}]},
        "ResourceClaimTemplate `settings` is deleted, and pods claim by it",
    ),
    "what says which secrets a store mounts": (
        thing("SecretProviderClass"), {}, mounted("secrets-store.csi.k8s.io"),
        "SecretProviderClass `settings` is deleted, and pods read it: what runs goes on, and no pod that starts after that gets "
        "ready (ContainerCreating)",
    ),
    "what another driver mounts": (thing("SecretProviderClass"), {}, mounted("csi.example.com"), None),
    "what nobody reads": (thing("Secret", "x"), VARIABLE, {}, None),
    "what pods start without": (
        thing("Secret"), {"envFrom": [{"secretRef": {"name": "settings", "optional": True}}]}, {}, None,
    ),
    "what Flux keeps": (thing("Secret", annotations={"kustomize.toolkit.fluxcd.io/prune": "Disabled"}), VARIABLE, {}, None),
    "what Argo CD keeps": (
        thing("Secret", annotations={"argocd.argoproj.io/sync-options": "Validate=false, Prune=false"}), VARIABLE, {}, None,
    ),
    "what pulls images": (thing("Secret"), {}, {"imagePullSecrets": [{"name": "settings"}]}, "Secret `settings` goes, and pods pull"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_pods_need_goes(case: str, deployment: Make, compared: Make) -> None:
    holder, container, pod, said = CASES[case]
    obj = deployment(surge=0, unavailable=1)
    obj["spec"]["template"]["spec"] |= pod
    obj["spec"]["template"]["spec"]["containers"][0] |= container
    found = told(compared([OTHER, holder, obj], [OTHER, obj]), "unreachable")
    assert [subject for _, subject, _ in found] == (["Deployment/llama"] if said else [])
    assert all((said or "") in message for _, _, message in found)
    assert told(compared([OTHER, holder, obj], [OTHER, holder, obj]), "unreachable") == []


READ: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "env": ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "b"}}}]}, {}),
    "a volume": ({}, {"volumes": [{"name": "v", "configMap": {"name": "settings", "items": [{"key": "b", "path": "b"}]}}]}),
    "a projected volume": ({}, {"volumes": [{"name": "v", "projected": {"sources": [
        {"configMap": {"name": "settings", "items": [{"key": "b", "path": "b"}]}},
    ]}}]}),
}  # fmt: skip


@pytest.mark.parametrize("read", READ)
def test_pods_that_read_a_key_which_is_not_there_never_start(read: str, deployment: Make, compared: Make) -> None:
    container, pod = READ[read]
    plain, reads = deployment(surge=0, unavailable=1), deployment(surge=0, unavailable=1)
    reads["spec"]["template"]["spec"] |= pod
    reads["spec"]["template"]["spec"]["containers"][0] |= container
    new = deployment(surge=0, unavailable=1, image="vllm/vllm-openai:v2")
    new["spec"] = {**reads["spec"], "template": copy.deepcopy(reads["spec"]["template"])}
    new["spec"]["template"]["metadata"]["labels"]["v"] = "2"

    def stuck(before: list[Object], after: list[Object]) -> list[str]:
        return [message for _, _, message in told(compared(before, after), "rollout-stuck")]

    maps = [thing("ConfigMap", data=dict.fromkeys(keys, "1")) for keys in ("a", "ab", "")]
    said = stuck([maps[0], plain], [maps[0], reads])
    assert ["has no key `b`" in each for each in said] == [True]
    assert stuck([maps[0], plain], [maps[1], reads]) == []
    assert stuck([maps[2], plain], [maps[2], reads]) == []
    assert stuck([maps[0], reads], [maps[0], new]) == []
    assert ["has no key `b`" in each for each in stuck([maps[1], reads], [maps[0], new])] == [True]


@pytest.mark.parametrize(
    ("port", "asked"), [("api", None), (8000, None), ("admin", 9000), (8001, 8001), ("nowhere", None)]
)
def test_a_probe_asks_the_port_on_which_the_engine_listens(
    port: Any, asked: int | None, deployment: Make, review: Make
) -> None:
    pair = [deployment(image=image, surge=1, unavailable=0) for image in ("vllm/vllm-openai:v1", "vllm/vllm-openai:v2")]
    for obj, probed in zip(pair, (8000, port), strict=True):
        obj["metadata"]["labels"]["model"] = "llama"
        obj["spec"]["template"]["metadata"]["labels"]["model"] = "llama"
        sidecar = {"name": "proxy", "image": "x", "readinessProbe": {"httpGet": {"port": 1}}}
        engine = obj["spec"]["template"]["spec"]["containers"][0] | {
            "command": ["vllm", "serve", "org/llama", "--port", "8000"],
            "ports": [{"name": "api", "containerPort": 8000}, {"name": "admin", "containerPort": 9000}],
            "readinessProbe": {"httpGet": {"path": "/health", "port": probed}},
        }
        obj["spec"]["template"]["spec"]["containers"] = [sidecar, engine]
    messages = [message for _, _, message in told(review(tuple(pair)), "rollout-stuck")]
    assert [message.partition(",")[0].rpartition(": ")[2] for message in messages] == (
        [f"readinessProbe asks port {asked}"] if asked else []
    )


ASKED: dict[str, tuple[dict[str, Any], list[str], list[Any], str | None]] = {
    "health": ({"path": "/health"}, ["--api-key", "k"], [], None),
    "models without a key": ({"path": "/v1/models"}, [], [], None),
    "models with a key": ({"path": "/v1/models"}, ["--api-key", "$(KEY)"], [], "answers 401"),
    "models with a key of a variable": (
        {"path": "/v1/models"}, [],
        [{"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}], "answers 401",
    ),
    "models with an empty key": ({"path": "/v1/models"}, [], [{"name": "VLLM_API_KEY", "value": ""}], None),
    "models behind a root": ({"path": "/llm/v1/models"}, ["--root-path=/llm", "--api-key=k"], [], "answers 401"),
    "models with a header": (
        {"path": "/v1/models", "httpHeaders": [{"name": "Authorization", "value": "Bearer k"}]}, ["--api-key=k"], [], None,
    ),
    "another path": ({"path": "/healthz"}, [], [], "is not known"),
    "no path": ({}, [], [], "is not known"),
    "a path of a middleware": ({"path": "/healthz"}, ["--middleware", "a.b"], [], None),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_a_probe_asks_what_the_engine_answers(case: str, deployment: Make, review: Make) -> None:
    asked, flags, env, said = ASKED[case]

    def engine(get: dict[str, Any]) -> Object:
        obj = deployment(surge=1, unavailable=0)
        container = {
            "command": ["vllm", "serve", "org/llama", "--port", "8000", *flags],
            "env": env,
            "readinessProbe": {"httpGet": {"port": 8000, **get}},
        }
        obj["spec"]["template"]["spec"]["containers"][0] |= container
        return dict(obj)

    found = review((engine({"path": "/health"}), engine(asked)))
    messages = [risk.message for risk in found.risks if risk.id in ("rollout-stuck", "not-judged")]
    assert [(said or "") in message for message in messages if "readinessProbe" in message] == ([True] if said else [])


HEARD: dict[str, tuple[dict[str, Any], list[str], str | None]] = {
    "every address": ({"httpGet": {"port": 8000}}, ["--host", "0.0.0.0"], None),
    "the pod alone": ({"httpGet": {"port": 8000}}, ["--host", "127.0.0.1"], "listens on 127.0.0.1 alone"),
    "the pod alone, by its name": ({"tcpSocket": {"port": 8000}}, ["--host=localhost"], "listens on localhost alone"),
    "a command inside": ({"exec": {"command": ["true"]}}, ["--host", "127.0.0.1"], None),
    "a socket": ({"httpGet": {"port": 8000}}, ["--uds", "/tmp/s"], "listens on a socket alone"),
    "nobody": ({"httpGet": {"port": 8000}}, ["--headless"], "answers nobody"),
    "https": ({"httpGet": {"port": 8000}}, ["--ssl-keyfile", "/k", "--ssl-certfile", "/c"], "answers https alone"),
    "https that is asked for": ({"httpGet": {"port": 8000, "scheme": "HTTPS"}}, ["--ssl-certfile", "/c"], None),
    "https of what has none": ({"httpGet": {"port": 8000, "scheme": "HTTPS"}}, [], "answers http alone"),
    "a port that opens": ({"tcpSocket": {"port": 8000}}, ["--ssl-certfile", "/c"], None),
}


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("case", HEARD)
def test_a_probe_asks_where_and_as_the_engine_answers(case: str, is_new: bool, deployment: Make, review: Make) -> None:
    probe, flags, said = HEARD[case]

    def engine(image: str, probe: dict[str, Any], flags: list[str]) -> Object:
        obj = deployment(surge=1, unavailable=0, image=image)
        command = ["vllm", "serve", "org/llama", "--port", "8000", *flags]
        probe = {"httpGet": probe["httpGet"] | {"path": "/health"}} if "httpGet" in probe else probe
        obj["spec"]["template"]["spec"]["containers"][0] |= {"command": command, "readinessProbe": probe}
        return dict(obj)

    fine = {"httpGet": {"port": 8000}}
    before = engine("v1", fine, []) if is_new else engine("v1", probe, flags)
    found = told(review((before, engine("v2", probe, flags))), "rollout-stuck")
    assert [(said or "") in message for _, _, message in found] == ([True] if said and is_new else [])


LIVE = {"livenessProbe": {"httpGet": {"path": "/health", "port": 8000}}}
START = {"startupProbe": {"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 180}}
STARTING: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str | None]] = {
    "a gate": ({}, {}, {"readinessGates": [{"conditionType": "example.com/up"}]}, "`example.com/up`"),
    "a liveness probe alone": ({}, LIVE, {}, "ends a container after 30 s"),
    "a start-up probe that goes": (LIVE | START, LIVE, {}, "ends a container after 30 s"),
    "a start-up probe that stays": (START, LIVE | START, {}, None),
    "a liveness probe that was there": (LIVE, LIVE, {}, None),
    "no root": ({}, {}, {"securityContext": {"runAsNonRoot": True}}, "no `runAsUser` says as whom"),
    "no root in a container": ({}, {"securityContext": {"runAsNonRoot": True}}, {}, "no `runAsUser` says as whom"),
    "an image that nobody pulls": ({}, {"imagePullPolicy": "Never"}, {}, "is never pulled"),
    "an image that is pulled when it is not there": ({}, {"imagePullPolicy": "IfNotPresent"}, {}, None),
    "a user": ({}, {"securityContext": {"runAsNonRoot": True}}, {"securityContext": {"runAsUser": 1000}}, None),
    "root all the same": (
        {}, {"securityContext": {"runAsNonRoot": False}}, {"securityContext": {"runAsNonRoot": True}}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STARTING)
def test_what_pods_begin_to_depend_on_cannot_be_judged(case: str, deployment: Make, review: Make, pool: Make) -> None:
    before, container, pod, said = STARTING[case]

    def made(container: dict[str, Any], pod: dict[str, Any], tag: str) -> Object:
        obj = deployment(surge=0, unavailable=1, image=f"vllm/vllm-openai:{tag}")
        obj["spec"]["template"]["spec"] |= pod
        obj["spec"]["template"]["spec"]["containers"][0] |= container
        return dict(obj)

    found = review((made(before, {}, "v1"), made(container, pod, "v2")), pools=[pool(16)])
    told = [risk.message for risk in found.risks if risk.id == "not-judged"]
    assert [(said or "") in message for message in told] == ([True] if said else [])
    assert found.gpus[0].deadlock is (None if said else False)


def test_what_a_workload_needs_is_read_once_on_each_side(
    deployment: Make, compared: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thousands of new pods it was read three times over for each, and its keys where nothing has any."""
    asked, keys = Mock(wraps=needs.needs_of), Mock(wraps=needs.keys_read)
    monkeypatch.setattr(references, "needs_of", asked)
    monkeypatch.setattr(references, "keys_read", keys)
    obj = deployment(surge=1, unavailable=0)
    after = copy.deepcopy(obj)
    after["spec"]["template"]["spec"]["containers"][0] |= VARIABLE
    compared([obj], [after])
    assert (asked.call_count, keys.call_count) == (2, 0)
