"""What is read of the pods at the ends of a way in: who serves, at which port, which models, and which key is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.review.ways_in.backends import Backend, Backends

Object = dict[str, Any]


def workload(*containers: Object, kind: str = "Deployment", model: str | None = None, **labels: str) -> Object:
    metadata = {"name": "w", "namespace": "llm", "labels": {"model": model} if model else {}}
    template = {"metadata": {"labels": {**metadata["labels"], **labels}}, "spec": {"containers": list(containers)}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": template}}


ENGINE = {"name": "vllm", "image": "vllm/vllm-openai:v0.11.2", "command": ["vllm", "serve", "org/llama"]}
ROUTER = {"name": "router", "args": ["--service-discovery", "k8s", "--port", "8001"]}


def read(*containers: Object, **fields: Any) -> Backend:
    [found] = Backends().among([workload(*containers, **fields)]).values()
    return found


@pytest.mark.parametrize(
    ("flags", "served"),
    [
        ([], ("org/llama",)),
        (["--served-model-name", "a"], ("a",)),
        (["--served-model-name=a,b"], ("a", "b")),
        (["--lora-modules", "x=/x"], ("org/llama", "x")),
        (["--lora-modules", '{"name": "y", "path": "/y"}'], ("org/llama", "y")),
    ],
)
def test_the_ids_that_an_engine_serves(flags: list[str], served: tuple[str, ...]) -> None:
    engine = {**ENGINE, "command": [*ENGINE["command"], *flags]}
    assert read(engine, model="llama").served == served


@pytest.mark.parametrize(
    ("flags", "env", "key"),
    [
        ([], [], None),
        (["--api-key", "a"], [], "a"),
        (["--api-key", "a"], [{"name": "VLLM_API_KEY", "value": "b"}], "a"),
        ([], [{"name": "VLLM_API_KEY", "value": "b"}], "b"),
        ([], [{"name": "VLLM_API_KEY", "value": ""}], None),
        ([], [{"name": "OTHER", "value": "b"}], None),
        ([], [{"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}], ("s", "k")),
    ],
)
def test_what_stands_for_an_api_key(flags: list[str], env: list[Object], key: object) -> None:
    engine = {**ENGINE, "command": [*ENGINE["command"], *flags], "env": env}
    assert read(engine, model="llama").api_key == key


def test_what_is_read_of_a_router_and_an_engine() -> None:
    router = read({"name": "proxy"}, ROUTER)
    assert (router.is_router, router.listens, router.container, router.key) == (True, 8001, "router", "Deployment/w")
    named = {**ENGINE, "ports": [{"name": "http", "containerPort": 9000}, {"containerPort": 1}]}
    engine = read({"name": "sidecar", "args": ["--port", "1"]}, named, model="llama", team="a")
    assert (engine.is_router, engine.container, engine.model) == (False, "vllm", "llama")
    assert (engine.listens, engine.named_ports, engine.labels["team"]) == (9000, {"http": 9000}, "a")


def test_a_pod_that_serves_no_model_and_routes_nothing_stands_beside() -> None:
    ports = [{"containerPort": 80, "name": "web"}, {"containerPort": 81}, {"name": "none"}]
    plain = workload({"name": "a", "ports": ports})
    assert Backends().among([plain]) == {}
    [beside] = Backends().beside([plain, workload(ENGINE, model="llama"), {"kind": "ConfigMap", "metadata": {}}])
    assert beside.declares == {80, 81}
    assert beside.named_ports == {"web": 80, "none": 0}
    [silent] = Backends().beside([workload({"name": "a"})])
    assert silent.declares == frozenset()
    assert Backends().beside([workload({"name": "a"}, kind="Job")]) == []
