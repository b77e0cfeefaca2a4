"""Models that agree in all that `ask` reads of them get one question, and no others do: tried with every key."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from llmstack import yamlio
from llmstack.engine.catalogue import catalogued
from llmstack.fit.card import Pools
from llmstack.fit.question import ask, ask_all
from llmstack.model.models import Model
from llmstack.model.stack import Stack, map_defaults
from llmstack.values.layers import merge
from tests.laws.keys import Route, candidates, leaves, put, show

MODEL = """
name: first
repository: vllm/vllm-openai
tag: v0.19.1
modelURL: meta-llama/Llama-3.1-8B-Instruct
requestGPU: 1
vllmConfig: {}
lmcacheConfig: {enabled: true, enableNixl: true}
chatTemplate: a.jinja
"""
ON_SAMPLE = "{matchExpressions: [{key: sample, operator: In, values: [x]}]}"
FORMS = (
    "{}",
    "{raySpec: {enabled: true, headNode: {}}}",
    "{lwsSpec: {enabled: true, size: 2}}",
    "{requestGPU: 0}",
    f"{{nodeSelectorTerms: [{ON_SAMPLE}]}}",
    f"{{nodeSelectorTerms: [{ON_SAMPLE}], affinity: {{podAffinity: {{}}}}}}",
    "{modelURL: null}",
)
"""What else a model may be."""
GITOPS = """
capacity:
- {pool: a, count: 8, gpu: H100-80GB, nodeSelector: {sample: a}}
- {pool: sample, count: 8, gpu: L4, nodeSelector: {sample: x}}
- {pool: "7", count: 8, resource: sample, gpu: L4}
"""
FACTS = catalogued("Qwen/Qwen3-8B")
KNOWN = {name: FACTS for name in ("sample", "7") if FACTS is not None}
ENGINE: Route = ("servingEngineSpec", "modelSpec", "[]")
KEYS = {route: annotation for route, annotation in leaves() if route[: len(ENGINE)] == ENGINE}


def _values(form: str) -> dict[str, Any]:
    model = merge(yamlio.load(MODEL), yamlio.load(form))
    return {"servingEngineSpec": {"modelSpec": [model]}, "gitops": yamlio.load(GITOPS)}


def _stack(values: dict[str, Any]) -> Stack:
    return Stack.model_validate(merge(map_defaults(), values))


@pytest.mark.parametrize("route", KEYS, ids=show)
def test_models_that_differ_in_a_key_are_asked_apart_where_it_counts(route: Route) -> None:
    for values in map(_values, FORMS):
        stack = _stack(values)
        pools, (plain,) = Pools.of(stack), stack.models
        others: list[Model] = []
        for candidate in ("model", *candidates(KEYS[route])):
            try:
                others += _stack(put(values, route, candidate)).models
            except ValidationError:
                continue
        found = list(ask_all(stack, [plain, *others, plain], KNOWN, pools))
        assert found == [ask(stack, each, KNOWN, pools) for each in (plain, *others, plain)]
        assert found[-1] is found[0]


@pytest.mark.parametrize("alike", ["name: other", "replicaCount: 3", "pvcStorage: 5Gi", "labels: {team: a}"])
def test_models_alike_are_asked_once(alike: str) -> None:
    values = _values("{}")
    (model,) = values["servingEngineSpec"]["modelSpec"]
    values["servingEngineSpec"]["modelSpec"].append(merge(model, {"name": "second", **yamlio.load(alike)}))
    stack = _stack(values)
    first, second = ask_all(stack, stack.models, KNOWN, Pools.of(stack))
    assert first is second
