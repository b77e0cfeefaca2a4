"""What an editor shows in a values file, by the real yaml-language-server: `make test-editors`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editors.client import Server, start

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".tools" / "editors" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
HEAD = "# yaml-language-server: $schema=../docs/values.schema.json\n"
MODEL = "servingEngineSpec:\n  modelSpec:\n    - name: m\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with the schema where its files say."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "values", folder / "values")
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "values.schema.json", folder / "docs")
    return folder


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    with start(PROGRAM, root) as started:
        yield started


def _write(root: Path, name: str, text: str) -> Path:
    file = root / "values" / f"{name}.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    return file


def _completed(server: Server, root: Path, name: str, text: str) -> set[str]:
    """What is offered where `|` stands."""
    before, _, after = text.partition("|")
    file = _write(root, name, before + after)
    server.open(file)
    lines = (HEAD + before).split("\n")
    found: Any = server.at("completion", file, len(lines) - 1, len(lines[-1]))
    return {item["label"] for item in (found["items"] if isinstance(found, dict) else found)}


@pytest.mark.parametrize("path", sorted((ROOT / "values").glob("*.yaml")), ids=lambda path: path.name)
def test_nothing_is_said_against_the_example(server: Server, root: Path, path: Path) -> None:
    assert server.open(root / "values" / path.name) == []


WRONG = {
    "key": (MODEL + "      repositry: vllm/vllm-openai\n", "repositry"),
    "type": ("routerSpec:\n  replicaCount: two\n", "integer"),
    "word": ("gitops:\n  sync: {tool: helm}\n", "flux"),
    "secret": (MODEL + "      hf_token: hf_AbCdEfGh\n", "SecretReference"),
    "secret in env": (MODEL + "      env:\n        - {name: HF_TOKEN, value: hf_AbCdEfGh}\n", "a secret in plain text"),
    "field of a toleration": (MODEL + "      tolerations:\n        - {key: a, efect: NoSchedule}\n", "efect"),
    "effect": (MODEL + "      tolerations:\n        - {key: a, operator: Exists, effect: Never}\n", "NoSchedule"),
    "field of a probe": ("servingEngineSpec:\n  startupProbe: {failureTreshold: 60}\n", "failureTreshold"),
    "field of resources": ("routerSpec:\n  resources: {request: {cpu: 1}}\n", "request"),
    "field of affinity": (MODEL + "      affinity: {nodeAfinity: {}}\n", "nodeAfinity"),
    "name of a variable": (MODEL + "      env:\n        - {value: a}\n", "name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_gen_refuses_is_underlined(server: Server, root: Path, name: str) -> None:
    text, words = WRONG[name]
    told = server.open(_write(root, name.replace(" ", "-"), text))
    assert told, "nothing is said"
    assert any(words in each["message"] for each in told), told
    assert {each["range"]["start"]["line"] for each in told} <= set(range(1, text.count("\n") + 2))


RIGHT = {
    "a part of a probe": "servingEngineSpec:\n  startupProbe: {httpGet: {path: /ready}}\n",
    "what removes": MODEL + "      livenessProbe: null\n      hf_token: null\nrouterSpec:\n  resources: {limits: {cpu: null}}\n",
    "references": MODEL + "      hf_token: {secretName: a, secretKey: b}\n      env:\n"
    "        - {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: a, key: b}}}\n        - {name: MAX_TOKEN, value: '8'}\n",
    "any argument": MODEL + '      tag: v0.11.2\n      extraArgs: [--no-such-flag, "8192", 5]\n',
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_said_against_what_gen_takes(server: Server, root: Path, name: str) -> None:
    assert server.open(_write(root, name.replace(" ", "-"), RIGHT[name])) == []


def test_keys_are_completed(server: Server, root: Path) -> None:
    assert {"maxModelLen", "tensorParallelSize"} <= _completed(
        server, root, "k1", MODEL + "      vllmConfig:\n        |\n"
    )
    assert {"key", "operator", "effect"} <= _completed(server, root, "k2", MODEL + "      tolerations:\n        - |\n")
    assert {"httpGet", "periodSeconds"} <= _completed(
        server, root, "k3", "servingEngineSpec:\n  startupProbe:\n    |\n"
    )
    assert {"persistentVolumeClaim", "emptyDir"} <= _completed(
        server, root, "k4", MODEL + "      extraVolumes:\n        - name: v\n          |\n"
    )


def test_words_are_completed(server: Server, root: Path) -> None:
    assert {"flux", "argo"} <= _completed(server, root, "w1", "gitops:\n  sync:\n    tool: |\n")
    assert {"NoSchedule", "NoExecute"} <= _completed(
        server, root, "w2", MODEL + "      tolerations:\n        - effect: |\n"
    )


def _flags(server: Server, root: Path, name: str, beside: str) -> set[str]:
    text = MODEL + beside + "      vllmConfig:\n        extraArgs:\n          - |\n"
    return {label for label in _completed(server, root, name, text) if label.startswith("--")}


def test_flags_are_those_of_the_release(server: Server, root: Path) -> None:
    """--swap-space went after 0.17, --kv-offloading-size came with 0.11 (vLLM's own parsers)."""
    older = _flags(server, root, "f1", "      repository: vllm/vllm-openai\n      tag: v0.8.5\n")
    newer = _flags(server, root, "f2", "      gitops: {vllmVersion: 0.11.2}\n")
    newest = _flags(server, root, "f3", "")
    assert "--max-num-seqs" in older & newer & newest
    assert "--kv-offloading-size" in newer & newest - older
    assert "--swap-space" in (older & newer) - newest


def test_a_key_explains_itself(server: Server, root: Path) -> None:
    file = _write(root, "hover", MODEL + "      vllmConfig:\n        maxModelLen: 8192\n")
    server.open(file)
    shown = server.at("hover", file, 5, 12)["contents"]["value"]
    assert "Longest context, in tokens." in shown
    assert "--max-model-len" in shown
