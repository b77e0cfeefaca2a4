"""What is said of values that cannot be read: one finding for one mistake, and where a key belongs."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack import yamlio
from llmstack.finding import Finding
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

MODEL = {"name": "llama", "repository": "vllm/vllm-openai", "tag": "v0.11.2", "modelURL": "x/y"}


def _findings(values: dict[str, Any]) -> list[Finding]:
    return list(read_stack([read_source("values/prod.yaml", yamlio.dump(values).encode())])[2])


WRONG_PLACES = [
    ({"servingEngineSpec": {"modelURL": "a"}}, "`modelURL` is a key of modelSpec[]"),
    (
        {"servingEngineSpec": {"modelSpec": [MODEL | {"tensorParallelSize": 2}]}},
        "`tensorParallelSize` is a key of modelSpec[].vllmConfig",
    ),
    (
        {"servingEngineSpec": {"modelSpec": [MODEL | {"schedulerName": "a"}]}},
        "`schedulerName` is a key of servingEngineSpec",
    ),
    (
        {"servingEngineSpec": {"cacheserverSpec": {}}},
        "`cacheserverSpec` is a key of the values, not of a section: indent it less",
    ),
    ({"servingEngineSpec": {"startupProb": {}}}, "did you mean `startupProbe`?"),
    ({"routerSpec": {"replicas": 2}}, "set `replicaCount`"),
    ({"loraController": {"enabled": True}}, "set `enableLoraController`"),
]


@pytest.mark.parametrize(("values", "help"), WRONG_PLACES)
def test_a_key_in_the_wrong_section_is_told_where_it_belongs(values: dict[str, Any], help: str | None) -> None:
    assert [(finding.id, finding.help) for finding in _findings(values)] == [("unknown-key", help)]


def test_a_mistake_inside_a_union_is_said_once() -> None:
    values = {"servingEngineSpec": {"vllmApiKey": {"secretName": "10Gi", "secretKey": "key"}}}
    assert [finding.id for finding in _findings(values)] == ["bad-name"]


@pytest.mark.parametrize("given", [0, "0", "8001,70000", "8001,x", "8001-8004"])
def test_each_port_of_the_worker_is_one(given: object) -> None:
    values = {"servingEngineSpec": {"modelSpec": [MODEL | {"lmcacheConfig": {"workerPort": given}}]}}
    assert [finding.id for finding in _findings(values)] == ["bad-port"]


@pytest.mark.parametrize("given", ["8001", 8001, "8001,8002", "8001, 8002", ""])
def test_one_port_a_rank_is_fine(given: object) -> None:
    values = {"servingEngineSpec": {"modelSpec": [MODEL | {"lmcacheConfig": {"workerPort": given}}]}}
    assert _findings(values) == []


@pytest.mark.parametrize(
    ("key", "given", "help"),
    [
        ("replicaCount", "2", "write it without quotes: 2"),
        ("enableLoRA", "true", "write it without quotes: true"),
        ("replicaCount", "two", None),
        ("tag", 1.5, 'quote it: "1.5"'),
        ("tag", True, 'quote it: "true"'),
    ],
)
def test_a_scalar_of_the_wrong_type_is_told_its_right_spelling(key: str, given: object, help: str | None) -> None:
    values = {"servingEngineSpec": {"modelSpec": [MODEL | {key: given}]}}
    assert [(finding.id, finding.help) for finding in _findings(values)] == [("wrong-type", help)]


def test_a_long_text_in_the_wrong_place_is_shown_by_its_first_line() -> None:
    (finding,) = _findings({"extraObjects": ["apiVersion: v1\nkind: ConfigMap\n"]})
    assert finding.message == "`extraObjects[0]` is a map, not the text `apiVersion: v1 …`"
