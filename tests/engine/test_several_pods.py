"""Engines over several pods: no number is given, but what the weights leave bounds it, and the exact checks hold."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack import yamlio
from llmstack.checks.rules import engine_memory, indivisible_size, length_over_model, refused_flags, unsupported_type
from llmstack.checks.subject import Subject
from llmstack.fit.answer import answer
from llmstack.fit.changes import Side, engine_changes
from llmstack.fit.question import ask
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

GROUP = {"lwsSpec": {"enabled": True, "size": 2}}
RAY = {"raySpec": {"enabled": True, "headNode": {"requestCPU": 2, "requestMemory": "20Gi"}}}
LARGE = "meta-llama/Llama-3.1-405B-Instruct"
RULES = {"memory": engine_memory, "size": indivisible_size, "length": length_over_model, "type": unsupported_type}


def subject(*, card: str = "H100-80GB", length: int = 8192, tensor: int = 8, **model: Any) -> Subject:
    config = {"maxModelLen": length, "tensorParallelSize": tensor}
    entry = {"name": "m", "repository": "vllm/vllm-openai", "tag": "v0.19.1", "modelURL": LARGE, "requestGPU": 8}
    values = {
        "servingEngineSpec": {"modelSpec": [entry | {"vllmConfig": config} | model]},
        "gitops": {"capacity": [{"pool": "a", "count": 64, "perNode": 8, "gpu": card}]},
    }
    layers, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(values).encode())])
    assert stack is not None, findings
    return Subject("prod", stack, layers)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (GROUP, []),  # 756 GiB of weights on 16 GPUs of 79: 47 each
        (RAY | {"replicaCount": 2, "tensor": 16}, []),
        (RAY | {"replicaCount": 1}, ["memory"]),  # 94 GiB on each of eight
        (GROUP | {"card": "A100-40GB"}, ["memory"]),
        (GROUP | {"tensor": 24, "modelURL": "meta-llama/Llama-3.3-70B-Instruct"}, ["size"]),  # 64 heads
        (GROUP | {"length": 200_000}, ["length"]),
        (GROUP | {"card": "V100-32GB", "tensor": 4, "modelURL": "Qwen/Qwen3-235B-A22B-FP8"}, ["type"]),
    ],
)
def test_the_exact_checks_hold_over_pods(given: dict[str, Any], wrong: list[str]) -> None:
    known = subject(**given)
    assert [name for name, rule in RULES.items() if list(rule.run(known))] == wrong


@pytest.mark.parametrize(
    ("tag", "extra", "at"),
    [
        ("v0.19.1", [], None),
        ("v0.19.1", ["--distributed-executor-backend", "ray"], None),
        ("v0.19.1", ["--async-scheduling"], 0),
        ("v0.33.0", ["--async-scheduling"], None),
        ("v0.33.0", ["--seed", "0", "--nnodes", "2"], 2),
        ("v0.19.1", ["--distributed-executor-backend", "mp", "--async-scheduling"], None),
    ],
)
def test_a_raycluster_is_checked_with_the_executor_that_it_adds(tag: str, extra: list[str], at: int | None) -> None:
    given = {"repository": "example.com/vllm-ray", "modelURL": "meta-llama/Llama-3.3-70B-Instruct", "tag": tag}
    known = subject(**RAY, replicaCount=1, **given, extraArgs=extra)
    places = [problem.route for problem in refused_flags.run(known)]
    assert places == ([] if at is None else [("servingEngineSpec", "modelSpec", 0, "extraArgs", at)])


@pytest.mark.parametrize(
    ("repository", "tag", "wrong"),
    [
        ("vllm/vllm-openai", "v0.18.1", True),
        ("vllm/vllm-openai", "v0.17.1", False),
        ("lmcache/vllm-openai", "v0.18.1", False),
    ],
)
def test_a_raycluster_wants_an_image_with_ray(repository: str, tag: str, wrong: bool) -> None:
    known = subject(**RAY, replicaCount=1, repository=repository, tag=tag)
    assert [problem.route[-1] for problem in refused_flags.run(known)] == (["name"] if wrong else [])


def test_a_group_has_a_stage_in_each_pod_where_nobody_says_how_many() -> None:
    stack = subject(**GROUP).stack
    settings = ask(stack, stack.models[0], {}).settings
    assert (settings.tensor, settings.pipeline, settings.pods) == (8, 2, 2)
    stated = subject(**GROUP, vllmConfig={"tensorParallelSize": 16, "pipelineParallelSize": 1}).stack
    assert ask(stated, stated.models[0], {}).settings.gpus == 16


def test_no_number_is_given_and_the_bound_is() -> None:
    stack = subject(**GROUP).stack
    found = answer(stack, stack.models[0], {})
    assert found.start.verdict == "unknown"
    assert "several pods" in found.start.why
    assert found.start.cache is not None
    assert found.start.cache.low is None
    assert found.start.cache.high == pytest.approx(79.19 * 0.9 - 46.77, abs=1.0)
    assert (found.length, found.tensor, found.least) == (None, None, None)


def test_a_review_has_a_block_of_such_an_engine() -> None:
    before, after = (Side(subject(**GROUP, tag=tag).stack, {}) for tag in ("v0.16.0", "v0.19.1"))
    (change,) = engine_changes(before, after)
    assert change.model == "m"
    assert change.verdict == "unknown"
    assert change.upgrade
