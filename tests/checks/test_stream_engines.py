"""What rules say of engines in objects that no values made: by what their arguments say, whatever they are called."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.checks.containers import check_engines
from llmstack.fit.card import Pools
from llmstack.fit.containers import find_engines


def deployment(model: str, *arguments: str) -> dict[str, Any]:
    """A Deployment of one engine, whose pods are labelled with another name than the model's."""
    container = {"name": "vllm", "image": "vllm/vllm-openai:v0.19.1", "args": ["--model", model, *arguments]}
    template = {"metadata": {"labels": {"model": "chat"}}, "spec": {"containers": [container]}}
    metadata = {"name": "chat", "labels": {"model": "chat"}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


@pytest.mark.parametrize(("model", "told"), [("s3://bucket/model", True), ("org/model", False)])
def test_a_model_in_object_storage_wants_a_format_of_its_own(model: str, told: bool) -> None:
    engines = list(find_engines([deployment(model, "--load-format", "safetensors")], Pools.declaring(()), {}))
    assert len(engines) == 1
    found = [each.finding for each in check_engines(engines) if each.finding.id == "refused-flags"]
    assert bool(found) is told
