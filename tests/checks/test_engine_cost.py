"""What asking about the engines costs `lint`, counted in calls: a thousand models take less than 50 ms."""

from __future__ import annotations

from tests.work import count_calls

from llmstack import yamlio
from llmstack.checks.engines import engines
from llmstack.checks.rules import (
    claim_size,
    engine_memory,
    indivisible_size,
    length_over_model,
    offload_memory,
    offload_size,
    refused_flags,
    refused_variable,
    unknown_architecture,
    unknown_backend,
    unknown_flag,
    unsupported_feature,
    unsupported_type,
)
from llmstack.checks.subject import Subject
from llmstack.fit.answer import start_of
from llmstack.flags.parse import parse_arguments
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

CALLS = 400
"""Calls for one model with arguments of its own: some 30 µs on a machine of 2024."""
CALLS_ALIKE = 60
"""Calls of all RULES together for one model more of an engine that others have: mostly what tells that they have it."""
CALLS_APART = 40
"""Calls of engine_memory alone for one model more whose length, batch and share of its GPU are its own."""
RULES = (
    *(claim_size, engine_memory, indivisible_size, length_over_model, offload_memory, offload_size, refused_flags),
    *(refused_variable, unknown_architecture, unknown_backend, unsupported_feature, unsupported_type),
)


def subject(models: int, lengths: int = 0, *, apart: bool = False) -> Subject:
    """So many models on one pool, of so many lengths; for none a tenth as many as models. `apart`: no two are of one
    batch and share of their GPU."""
    lengths = lengths or models // 10
    entries = [
        {
            "name": f"m{number}",
            "repository": "vllm/vllm-openai",
            "tag": "v0.19.1",
            "modelURL": "meta-llama/Llama-3.1-8B-Instruct",
            "requestGPU": 1,
            "vllmConfig": {"maxModelLen": 4096 + 16 * (number % lengths)},
            "extraArgs": [
                *("--max-num-seqs", str(256 + number * apart)),
                *("--gpu-memory-utilization", str(0.9 - number * apart / 10**5)),
            ],
        }
        for number in range(models)
    ]
    values = {
        "servingEngineSpec": {"modelSpec": entries},
        "gitops": {"capacity": [{"pool": "a", "count": 8, "gpu": "H100-80GB"}]},
    }
    layers, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(values).encode())])
    assert stack is not None, findings
    return Subject("prod", stack, layers)


def test_a_model_costs_a_bounded_number_of_calls() -> None:
    few, many = subject(200), subject(1200)
    list(engine_memory.run(subject(10)))  # catalogues and tables are read once
    costs = [count_calls(lambda each=each: list(engine_memory.run(each))) for each in (few, many)]  # type: ignore[misc]
    assert (costs[1] - costs[0]) / 1000 < CALLS


def test_memory_of_engines_that_all_differ_is_judged_once() -> None:
    few, many = subject(200, apart=True), subject(1200, apart=True)
    costs = []
    for each in (few, many):
        engines(each)
        costs.append(count_calls(lambda each=each: list(engine_memory.run(each))))  # type: ignore[misc]
    assert (costs[1] - costs[0]) / 1000 < CALLS_APART


def test_a_model_whose_engine_others_have_costs_a_few_calls() -> None:
    few, many = subject(200, lengths=5), subject(1200, lengths=5)
    list(engine_memory.run(subject(10)))
    costs = [count_calls(lambda each=each: [list(rule.run(each)) for rule in RULES]) for each in (few, many)]  # type: ignore[misc]
    assert (costs[1] - costs[0]) / 1000 < CALLS_ALIKE


def test_rules_ask_once() -> None:
    known = subject(50)
    engines(known)
    assert count_calls(lambda: engines(known)) < 10
    asked = [each.question.engine for each in engines(known)]
    start_of.cache_clear()
    for engine in (*asked, *asked):
        assert engine is not None
        start_of(engine)
    assert start_of.cache_info().misses == 5


def test_rules_of_engines_read_no_arguments_that_others_have_read() -> None:
    known = subject(50)
    list(unknown_flag.run(known))
    before = parse_arguments.cache_info()
    for rule in RULES:
        list(rule.run(known))
    after = parse_arguments.cache_info()
    assert after.misses == before.misses
    assert after.hits <= before.hits + 5, "and each only once"
