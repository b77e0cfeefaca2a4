"""Every mistake in one run: what the rules say of values that could not be read whole."""

from __future__ import annotations

import textwrap

import pytest

from llmstack.checks.partial import run_partial
from llmstack.finding import show_route
from llmstack.model.reading import read_stack
from llmstack.model.salvage import salvage
from llmstack.values.source import read_source

GOOD = """
    - name: good
      repository: vllm/vllm-openai
      tag: v0.11.0
      modelURL: x/y
"""


def _found(models: str, rest: str = "") -> list[tuple[str, str]]:
    text = "servingEngineSpec:\n  modelSpec:\n" + textwrap.indent(textwrap.dedent(models).strip("\n"), "    ")
    layers, _, _ = read_stack([read_source("values/prod.yaml", f"{text}\n{rest}".encode())])
    return [(finding.id, show_route(finding.route or ())) for finding in run_partial("prod", layers)]


def test_every_comment_with_a_secret_is_said() -> None:
    found = _found("- {name: a, repositry: b}", "# token: abc123DEF\n# token: abc123DEF\n# token: abc123DEG\n")
    assert found.count(("plaintext-secret", "")) == 3


def test_mistakes_of_every_kind_at_once() -> None:
    found = _found(
        """
        - name: llama
          repositry: vllm/vllm-openai
          tag: v0.11.0
          modelURL: x/y
          requestGPU: 1
          vllmConfig: {tensorParallelSize: 4, extraArgs: [--max-modl-len, "5"]}
          env: [{name: A, value: 5}]
          hf_token: hf_abcdef
        - name: llama
          repository: vllm/vllm-openai
          tag: v0.11.0
          modelURL: x/y
          replicaCount: two
          tolerations: [{key: a, operator: Is}]
        - name: Bad_Name
          repository: vllm/vllm-openai
          tag: v0.11.0
        """,
        "routerSpec: {tag: v0.1.7}\n",
    )
    model = "servingEngineSpec.modelSpec"
    assert set(found) == {
        ("parallel-size-gpus", f"{model}[0].requestGPU"),
        ("kubernetes-block", f"{model}[0].env[0].value"),
        ("plaintext-secret", f"{model}[0].hf_token"),
        ("unknown-flag", f"{model}[0].vllmConfig.extraArgs[0]"),
        ("duplicate-model", f"{model}[1].name"),
        ("kubernetes-block", f"{model}[1].tolerations[0].operator"),
        ("missing-key", f"{model}[2].modelURL"),
        ("bad-name", f"{model}[2].name"),
    }
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "model",
    [
        "repositry: vllm/vllm-openai\n  tag: v1\n  modelURL: x/y",
        "repository: r\n  tag: 1.10\n  modelURL: x/y",
        "repository: r\n  tag: v0.11.0\n  modelURL: x/y\n  requestGPU: [2]\n  vllmConfig: {tensorParallelSize: 2}",
        "repository: r\n  tag: v0.11.0\n  modelURL: x/y\n  requestGPU: 2\n  vllmConfig: {tensorParallelSize: '2'}",
        "repository: r\n  tag: v0.11.0\n  modelURL: x/y\n  hf_token: {secretName: 5, secretKey: key}",
    ],
)
def test_nothing_is_said_that_comes_of_the_mistake(model: str) -> None:
    assert _found(f"- name: llama\n  {model}\n", "routerSpec: {tag: v1}\n") == []


@pytest.mark.parametrize("values", ["", "[]", "x", "servingEngineSpec: []", "servingEngineSpec: {modelSpec: [5]}"])
def test_nothing_is_read_of_what_is_no_values(values: str) -> None:
    layers, stack, _ = read_stack([read_source("values/prod.yaml", values.encode())])
    if stack is None:
        rest = salvage(layers)
        assert rest is None or rest.left_out


def test_an_engine_is_not_judged_without_a_key_that_was_refused() -> None:
    """With `tensorParalelSize: 4` nobody knows on how many GPUs the weights are."""
    model = """
        - name: large
          repository: vllm/vllm-openai
          tag: v0.19.1
          modelURL: meta-llama/Llama-3.3-70B-Instruct
          requestGPU: 4
          vllmConfig: {%s: 4, maxModelLen: 4096}
        """
    pool = "gitops:\n  capacity: [{pool: a, count: 8, gpu: H100-80GB}]\n"
    assert "engine-memory" not in {id for id, _ in _found(model % "tensorParalelSize", pool)}
    assert "engine-memory" not in {id for id, _ in _found(model % "tensorParallelSize", pool)}
    assert "engine-memory" in {id for id, _ in _found(model.replace("%s: 4, ", ""), pool)}


def test_warnings_of_single_values_stand_and_others_do_not() -> None:
    found = _found(GOOD + "      routingLogc: 5\n", "routerSpec: {tag: latest, sessionKey: x, routingLogic: sesion}\n")
    assert found == [("mutable-tag", "routerSpec.tag"), ("routing-logic", "routerSpec.routingLogic")]
