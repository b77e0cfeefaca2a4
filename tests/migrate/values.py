"""Random values as people wrote them for the chart's first releases."""

from __future__ import annotations

from random import Random
from typing import Any

SECRET_WORDS = ("hf_SECRETsecretSECRETsecret1", "sk-SECRETsecretSECRETsecret2", "<YOUR SECRET TOKEN>", "SECRET3")


def random_values(rng: Random) -> dict[str, Any]:
    """A stack with some of everything that a migration changes, and much that it leaves alone."""
    models = [_model(rng, f"m{number}") for number in range(rng.randint(1, 3))]
    data: dict[str, Any] = {"servingEngineSpec": _some(rng, {
        "runtimeClassName": "",
        "vllmApiKey": rng.choice((secret(rng), {"value": secret(rng)}, {"secretName": "keys", "secretKey": "k"})),
        "labels": {"environment": "test"},
    }) | {"modelSpec": models}}  # fmt: skip
    sections = {
        rng.choice(("cacheserverSpec", "cacheServerSpec")): _some(rng, {
            "enabled": True, "repository": "lmcache/vllm-openai", "tag": "latest", "imagePullPolicy": "Always",
            "containerPort": 8080, "serde": "naive", "image": rng.choice(({}, {"tag": "v1"})),
        }),
        rng.choice(("sharedPvcStorage", "sharedStorage")): {"enabled": False, "size": "100Gi"},
        "routerSpec": _some(rng, {"enablePD": True, "hf_token": secret(rng), "replicaCount": 1, "routingLogic": "session"}),
    }  # fmt: skip
    return data | {key: value for key, value in sections.items() if rng.random() < 0.7}


def _model(rng: Random, name: str) -> dict[str, Any]:
    variables = [
        {"name": "VLLM_USE_V1", "value": "1"},
        {"name": "HF_TOKEN", "value": secret(rng)},
        {"name": "OPENAI_API_KEY", "value": secret(rng)},
        {"name": "HF_HOME", "value": "/data"},
        {"name": "LMCACHE_USE_EXPERIMENTAL", "value": "True"},
        {"name": "GREETING", "value": "it is # no comment"},
    ]
    rng.shuffle(variables)
    return {"name": name} | _some(rng, {
        "repository": "vllm/vllm-openai",
        "tag": "latest",
        "device": "cpu",
        "requestGPU": 1,
        "hf_token": rng.choice((secret(rng), secret(rng), {"secretName": "hf", "secretKey": "token"})),
        "vllmConfig": _some(rng, {"v0": "1", "v1": "0", "maxModelLen": 4096, "extraArgs": ["--enforce-eager"]}),
        "lmcacheConfig": _some(rng, {"enabled": True, "workerPorts": "8001", "logLevel": "DEBUG"}),
        "raySpec": _some(rng, {"enabled": True, "headNode": {"requestCPU": 1}}),
        "keda": {"enabled": True, "triggers": rng.choice((
            {"type": "prometheus", "metadata": {"query": "up", "threshold": "5"}}, [{"type": "cpu"}])),
        },
        "env": variables[: rng.randint(0, 4)],
        "chatTemplate": "{% for m in messages %}",
    })  # fmt: skip


def secret(rng: Random) -> str:
    return rng.choice(SECRET_WORDS)


def _some(rng: Random, data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if rng.random() < 0.6}
