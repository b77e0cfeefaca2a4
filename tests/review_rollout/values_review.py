"""The review of a change of values: what both sides render to, compared and assessed, without a repository."""

from __future__ import annotations

from datetime import date
from typing import Any

from llmstack import yamlio
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.model.types import seconds
from llmstack.objects.components import build_all
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EnvironmentReview, Risk
from llmstack.values.source import read_source

Values = dict[str, Any]


def values(models: list[Values] | None = None, **sections: Any) -> Values:
    """One model of two replicas behind a router, in a pool of 8; `sections` are merged over it, one level deep."""
    entry = {
        "name": "llama",
        "repository": "vllm/vllm-openai",
        "tag": "v0.11.2",
        "modelURL": "meta-llama/Llama-3.1-8B-Instruct",
        "requestCPU": 4,
        "requestMemory": "16Gi",
        "requestGPU": 1,
        "replicaCount": 2,
        "gitops": {"loadTime": "5m"},
    }
    wanted: Values = {
        "servingEngineSpec": {"modelSpec": [entry | model for model in (models or [{}])]},
        "routerSpec": {},
        "gitops": {
            "release": "r",
            "namespace": "llm",
            "capacity": [{"pool": "h100", "resource": "nvidia.com/gpu", "count": 8, "perNode": 8}],
        },
    }
    for name, section in sections.items():
        wanted[name] = {**wanted.get(name, {}), **section}
    return wanted


def reviewed(before: Values, after: Values) -> EnvironmentReview:
    sides = [_stack(each) for each in (before, after)]
    units: list[dict[str, list[Any]]] = [{}, {}]
    for number, stack in enumerate(sides):
        for placed in build_all(stack):
            units[number].setdefault(placed.unit, []).append(placed.object)
    old, new = ([obj for objects in each.values() for obj in objects] for each in units)
    facts = [_facts(stack) for stack in sides]
    return assess(compare(*units), old, new, facts[0], facts[1], date(2026, 1, 1))


def _stack(content: Values) -> Stack:
    _, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(content).encode())])
    assert stack is not None, findings
    return stack


def _facts(stack: Stack) -> Facts:
    return Facts(
        pools=tuple(
            Pool(each.pool, each.resource, each.count, each.per_node, dict(each.node_selector or {}))
            for each in stack.gitops.capacity or ()
        ),
        load_seconds={m.name: seconds(m.gitops.load_time) for m in stack.models if m.name and m.gitops.load_time},
        moved_from={m.name: m.gitops.moved_from for m in stack.models if m.name and m.gitops.moved_from},
        pool_of={m.name: m.gitops.pool for m in stack.models if m.name and m.gitops.pool},
    )


def told(review: EnvironmentReview, id: str) -> list[tuple[str, str, str]]:
    """Severity, object and message of the risks of an id."""
    return [(str(risk.severity), risk.object, risk.message) for risk in review.risks if risk.id == id]


def only(review: EnvironmentReview, id: str) -> Risk:
    [risk] = [risk for risk in review.risks if risk.id == id]
    return risk
