"""What is said of a key that no section has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.finding import Finding
from llmstack.model.reading import read_stack
from llmstack.model.sections import keys_at
from llmstack.model.slips import is_slip
from llmstack.programs import KUSTOMIZE, find_tool
from llmstack.values.source import read_source

HEAD = "servingEngineSpec:\n  modelSpec:\n    - name: chat\n      repository: vllm/vllm-openai\n      tag: v0.15.1\n"


def help_of(text: str) -> str:
    findings = read_stack([read_source("values/prod.yaml", text.encode())])[2]
    (found,) = [finding for finding in findings if finding.id == "unknown-key"]
    return found.help or ""


def of_model(text: str) -> str:
    return help_of(f"{HEAD}      {text}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requestMemroy: 1Gi", "did you mean `requestMemory`?"),
        ("request_memory: 1Gi", "did you mean `requestMemory`?"),
        ("limitGPUs: 1", "did you mean `limitGPU`?"),
        ("replicas: 2", "set `replicaCount`"),
        ("service: {type: NodePort}", "the engine's Service is of type ClusterIP"),
        ("imagePullSecrets: [{name: a}]", "set `imagePullSecret`"),
        ("tensorParallelSize: 2", "`tensorParallelSize` is a key of modelSpec[].vllmConfig"),
        ("vllmConfig: {cpu-offload-gb: 2}", 'write `vllmConfig.extraArgs: [--cpu-offload-gb, "2"]`'),
        ("vllmConfig: {servedModelName: a b}", "extraArgs: [--served-model-name, a b]`"),
        ("vllmConfig: {enforceEager: true}", "extraArgs: [--enforce-eager]`"),
        ("vllmConfig: {dataParallelSize: 2}", "vLLM has the flag --data-parallel-size"),
        ("vllmConfig: {limitMmPerPrompt: {image: 5}}", "[--limit-mm-per-prompt, '{\"image\":5}']`"),
    ],
)
def test_the_help_names_what_was_meant(text: str, said: str) -> None:
    assert said in of_model(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("extraContainers: []", "initContainer"),
        ("requestTPU: 1", "did you mean"),
        ("service: {}", "device"),
        ("vllmConfig: {dataParallelSize: 2}", "did you mean"),
    ],
)
def test_nothing_of_another_meaning_is_guessed(text: str, wrong: str) -> None:
    assert wrong not in of_model(text)


@pytest.mark.parametrize("value", ["sk-abcdefghijklmnopqrstuvwxyz012345", "x"])
def test_a_secret_is_not_repeated(value: str) -> None:
    assert value not in of_model(f"vllmConfig: {{apiKey: {value}}}").split()
    assert f"[--api-key, {value}]" not in of_model(f"vllmConfig: {{apiKey: {value}}}")


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "routerSpec: {route: {main: {enabled: true, a: 1}}}\n",
        "routerSpec: {ingress: {hosts: [{host: a.b, a: 1}]}}\n",
        "gitops: {sync: {a: 1}}\n",
        f"{HEAD}      lmcacheConfig: {{a: 1}}\n",
        f"{HEAD}      raySpec: {{headNode: {{a: 1}}}}\n",
    ],
)
def test_known_keys_are_never_an_empty_list(text: str) -> None:
    said = help_of(text)
    assert said.startswith("known keys: ")
    assert len(said) > len("known keys: ") + 4


def test_a_route_has_the_keys_of_a_route() -> None:
    assert "hostnames" in list(keys_at(("routerSpec", "route", "main")))
    assert list(keys_at(("routerSpec", "route"))) == []


@pytest.mark.parametrize(
    ("word", "known", "slip"),
    [
        ("startupProb", "startupProbe", True),
        ("repositry", "repository", True),
        ("modelUrl", "modelURL", True),
        ("toleration", "tolerations", True),
        ("limitGPU", "limitCPU", False),
        ("registry", "repository", False),
        ("sops", "gitops", False),
        ("imagePullSecrets", "imagePullPolicy", False),
    ],
)
def test_a_slip_is_of_the_pen_and_not_of_the_meaning(word: str, known: str, *, slip: bool) -> None:
    assert is_slip(word, known) is slip


OVERLAYS = {
    "models/chat": (f"{HEAD}      hostIPC: true\n", "      hostIPC: true\n", "hostIPC: true"),
    "router": (
        f"{HEAD}routerSpec:\n  sidecars: [{{name: cache, image: 'example/cache:1'}}]\n",
        "  sidecars: [{name: cache, image: 'example/cache:1'}]\n",
        "image: example/cache:1",
    ),
}


@pytest.mark.parametrize("unit", OVERLAYS)
def test_the_overlay_that_is_named_builds(unit: str, tmp_path: Path) -> None:
    text, without, built = OVERLAYS[unit]
    said = help_of(text)
    folder = tmp_path / "custom" / "prod" / unit
    assert f"custom/prod/{unit}/kustomization.yaml" in said
    resources, patches = (part for part in said.split("`") if part.startswith(("resources:", "patches:")))
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text(f"{resources}\n{patches}\n", encoding="utf-8")
    generated = tmp_path / "overlays" / "prod" / unit
    generated.mkdir(parents=True)
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"containers": [{"name": "b"}]}}},
    }
    (generated / "deployment.yaml").write_text(yamlio.dump(deployment), encoding="utf-8")
    (generated / "kustomization.yaml").write_text("resources: [deployment.yaml]\n", encoding="utf-8")
    tools = os.environ.get("LLMSTACK_TOOLS")
    program = find_tool(KUSTOMIZE, Path(tools) if tools else None)
    done = subprocess.run([str(program), "build", str(folder)], capture_output=True, text=True, check=False)
    assert built in done.stdout, done.stderr
    assert without in text


def test_keys_that_begin_with_x_are_left_alone() -> None:
    text = f"x-image: &image {{repository: a}}\nx-more: 1\n{HEAD}      modelURL: a\n      <<: *image\n"
    findings: tuple[Finding, ...] = read_stack([read_source("values/prod.yaml", text.encode())])[2]
    assert [finding.id for finding in findings] == []
