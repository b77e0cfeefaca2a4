"""What pods begin to depend on before they serve: whether they start vLLM at all, and with which weights."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review_rollout.values_review import reviewed, told, values

NO_ENGINE, OTHER, OFFLINE, QUEUED = "no container starts vLLM", "is of another engine", "keeps it from", "lets them in"
HUB = [{"name": "HF_HUB_OFFLINE", "value": "1"}]
CACHE = {"pvcStorage": "100Gi"}
QUEUE = {"podLabels": {"kueue.x-k8s.io/queue-name": "gpu"}}
TOKEN = {"hf_token": {"secretName": "hf", "secretKey": "token"}}
SGLANG = {"repository": "lmsysorg/sglang", "tag": "v0.4.6"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"command": ["sleep", "infinity"]}, NO_ENGINE),
        ({}, {"command": ["bash", "-c", "exec vllm serve org/x"]}, None),
        ({"command": ["sleep", "infinity"]}, {"command": ["sleep", "1"]}, None),
        ({}, SGLANG, OTHER),
        (SGLANG, {**SGLANG, "tag": "v0.4.7"}, None),
        ({}, {"repository": "registry.example.com/engine", "tag": "v0.11.3"}, None),
        ({}, {"env": HUB}, OFFLINE),
        (CACHE, {**CACHE, "env": HUB}, None),
        ({}, {"modelURL": "/models/llama", "env": HUB}, None),  # of the image
        ({"env": HUB}, {"env": HUB, "tag": "v0.11.3"}, None),  # as it runs
        ({}, {"env": [{"name": "HF_HUB_OFFLINE", "value": "0"}]}, None),
        (TOKEN, {}, "brings no token any more"),
        (TOKEN, {**TOKEN, "tag": "v0.11.3"}, None),
        ({**TOKEN, "modelURL": "/models/llama"}, {"modelURL": "/models/llama"}, None),
        ({}, {"requestGPU": 0}, "ask for no GPU any more"),
        ({"requestGPU": 0}, {"requestGPU": 0, "tag": "v0.11.3"}, None),
        ({"requestGPU": 2}, {"requestGPU": 1}, None),
        ({}, QUEUE, QUEUED),
        (QUEUE, {**QUEUE, "tag": "v0.11.3"}, None),
    ],
)
def test_what_cannot_be_judged(before: dict[str, Any], after: dict[str, Any], said: str | None) -> None:
    found = told(reviewed(values([before]), values([after])), "not-judged")
    assert [(severity, object) for severity, object, _ in found] == (
        [("warning", "Deployment/r-llama-deployment-vllm")] if said else []
    )
    assert all(str(said) in message for _, _, message in found)
