"""Engines of which something else than the values decides are reviewed as they are built."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.sandbox import Sandbox, make_sandbox

VALUES = """\
servingEngineSpec:
  modelSpec:
    - name: llama
      repository: {image}
      tag: {tag}
      modelURL: meta-llama/Llama-3.1-8B-Instruct
      requestCPU: 4
      requestMemory: 16Gi
      requestGPU: 1
      vllmConfig: {{maxModelLen: 8192, maxNumSeqs: 64}}
      gitops: {gitops}
gitops:
  capacity: [{{pool: h100, count: 8, perNode: 8, gpu: H100-80GB}}]
"""
PLAIN = VALUES.format(image="vllm/vllm-openai", tag="v0.11.2", gitops="{pool: h100}")
CACHED = VALUES.format(image="lmcache/vllm-openai", tag="v0.3.9post2", gitops="{pool: h100, vllmVersion: 0.11.2}")
OWN = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../../../overlays/prod/models/llama]\n"
FOLDER = "custom/prod/models/llama/kustomization.yaml"
ADD = """\
patches:
  - target: {{kind: Deployment}}
    patch: |
      - {{op: add, path: /spec/template/spec/containers/0/args/-, value: {flag}}}
"""
POD = """\
spec:
  containers:
    - name: vllm
      image: vllm/vllm-openai:{tag}
      args: [--model, Qwen/Qwen3-8B]
      resources: {{limits: {{nvidia.com/gpu: 1}}}}
"""


@pytest.fixture
def repository(tmp_path: Any) -> Sandbox:
    return make_sandbox(tmp_path)


def reviewed(sandbox: Sandbox, values: str, before: dict[str, str], after: dict[str, str]) -> dict[str, Any]:
    """What a review says of the engines, by model, of files that are written over generated ones."""
    sandbox.write({"values/prod.yaml": values, **before})
    for command in ("llmstack gen", "git init -q -b main", "git add -A", "git commit -q -m base"):
        output, code = sandbox.run(command)
        assert code == 0, output
    sandbox.write(after)
    sandbox.run("llmstack gen")
    output, code = sandbox.run("llmstack diff HEAD --format json")
    assert code == 0, output
    return {each["model"]: each for each in json.loads(output)["envs"]["prod"]["engines"]}


def test_an_image_of_an_overlay_is_an_upgrade(repository: Sandbox) -> None:
    image = "images: [{name: vllm/vllm-openai, newTag: v0.20.2}]\n"
    found = reviewed(repository, PLAIN, {}, {FOLDER: OWN + image})
    assert found["llama"]["vllm"] == {"from": "0.11.2", "to": "0.20.2"}
    assert found["llama"]["upgrade"]


def test_flags_of_an_overlay_are_what_the_engine_gets(repository: Sandbox) -> None:
    patch = ADD.format(flag="--kv-cache-dtype=fp8")
    found = reviewed(repository, PLAIN, {}, {FOLDER: OWN + patch})
    assert found["llama"]["kv"]["from"] != found["llama"]["kv"]["to"]
    assert "fp8" in found["llama"]["why"]


def test_an_overlay_of_something_else_leaves_the_engine_to_the_values(repository: Sandbox) -> None:
    label = "labels: [{pairs: {a: b}}]\n"
    assert reviewed(repository, CACHED, {}, {FOLDER: OWN + label}) == {}


def test_a_release_that_the_values_state_holds_for_their_image(repository: Sandbox) -> None:
    patch = ADD.format(flag="--enforce-eager")
    found = reviewed(repository, CACHED, {}, {FOLDER: OWN + patch})
    assert found["llama"]["vllm"] == {"from": "0.11.2", "to": "0.11.2"}


def test_a_change_of_values_under_an_overlay_is_told_once_as_it_is_built(repository: Sandbox) -> None:
    image = OWN + "images: [{name: vllm/vllm-openai, newTag: v0.20.2}]\n"
    newer = PLAIN.replace("maxNumSeqs: 64", "maxNumSeqs: 128")
    found = reviewed(repository, PLAIN, {FOLDER: image}, {"values/prod.yaml": newer})
    assert found["llama"]["vllm"] == {"from": "0.20.2", "to": "0.20.2"}


def test_an_engine_of_extra_objects_is_reviewed(repository: Sandbox) -> None:
    def extra(tag: str) -> str:
        pod = "".join(f"        {line}\n" for line in POD.format(tag=tag).splitlines())
        return (
            f"{PLAIN}extraObjects:\n  - apiVersion: apps/v1\n    kind: Deployment\n"
            "    metadata: {name: qwen}\n    spec:\n      selector: {matchLabels: {app: qwen}}\n"
            f"      template:\n        metadata: {{labels: {{app: qwen}}}}\n{pod}"
        )

    found = reviewed(repository, extra("v0.11.2"), {}, {"values/prod.yaml": extra("v0.20.2")})
    assert {model: each["vllm"] for model, each in found.items()} == {"qwen": {"from": "0.11.2", "to": "0.20.2"}}
