"""Objects of a stack given as the text of a values file."""

from __future__ import annotations

from typing import Any

from llmstack.finding import has_errors
from llmstack.model.reading import read_stack
from llmstack.model.stack import Stack
from llmstack.objects.components import build_all
from llmstack.values.source import read_source

MODEL = """
servingEngineSpec:
  modelSpec:
  - name: llama
    repository: vllm/vllm-openai
    tag: v0.11.2
    modelURL: meta-llama/Llama-3.1-8B-Instruct
    requestGPU: 1
"""


def stack_of(values: str) -> Stack:
    """The stack of a values file; fails on any error."""
    _, stack, findings = read_stack([read_source("values/prod.yaml", values.encode())])
    assert stack is not None
    assert not has_errors(findings), findings
    return stack


def objects_of(values: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects by kind and name."""
    found = {}
    for placed in build_all(stack_of(values)):
        key = placed.object["kind"], placed.object["metadata"]["name"]
        assert key not in found, f"{key} twice"
        found[key] = placed.object
    return found


def one(values: str, kind: str, name: str | None = None) -> dict[str, Any]:
    """The only object of a kind (and name)."""
    found = [o for (k, n), o in objects_of(values).items() if k == kind and name in (None, n)]
    assert len(found) == 1, [o["metadata"]["name"] for o in found]
    return found[0]


def pods(object: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pod templates of a workload by role."""
    spec = object["spec"]
    if object["kind"] == "RayCluster":
        (group,) = spec["workerGroupSpecs"]
        return {"serves": spec["headGroupSpec"]["template"], "works": group["template"]}
    if object["kind"] == "LeaderWorkerSet":
        template = spec["leaderWorkerTemplate"]
        return {"serves": template["leaderTemplate"], "works": template["workerTemplate"]}
    return {"serves": spec["template"]}


def env_of(container: dict[str, Any]) -> dict[str, Any]:
    names = [item["name"] for item in container.get("env", [])]
    assert len(names) == len(set(names)), names
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container.get("env", [])}
