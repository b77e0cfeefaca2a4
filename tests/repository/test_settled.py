"""`gen` of every environment leaves out those that are as they were: never with another result."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.disk import state
from llmstack.disk.clean import Said, open_record
from llmstack.disk.plan import WritePlan
from llmstack.repository.generation import Generation, generate, write
from llmstack.repository.project import Project
from llmstack.repository.settled import recall, to_keep

ENVIRONMENTS = ("dev", "prod", "test")
VALUES = """\
gitops: {{release: llm, namespace: {name}, sync: {{tool: flux, cluster: c1, repoURL: "https://example.com/r.git"}}}}
servingEngineSpec:
  modelSpec:
    - {{name: llama, repository: vllm/vllm-openai, tag: latest, modelURL: a/b, replicaCount: 1, requestCPU: 1,
       requestMemory: 1Gi, requestGPU: 1, env: [{{name: LMCACHE_REMOTE_URL, value: "lm://llm-cache-server-service:80"}}]}}
routerSpec: {{serviceType: NodePort}}
"""
Edit = Callable[[Path, str], object]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "TICK", 5_000_000)
    folder = tmp_path / "root"
    _write(folder / "custom" / "README.md", "")
    for name in ENVIRONMENTS:
        _write(folder / "values" / f"{name}.yaml", VALUES.format(name=name))
    return folder


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _replace(old: str, new: str) -> Edit:
    def edit(root: Path, name: str) -> None:
        file = root / "values" / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        _write(file, text.replace(old, new) if old in text else text.replace(new, old))

    return edit


def _toggle(path: str, text: str) -> Edit:
    """Write a file, or remove it where it is."""

    def edit(root: Path, name: str) -> None:
        file = root / path.format(name=name)
        file.unlink() if file.exists() else _write(file, text.format(name=name))

    return edit


EDITS: dict[str, Edit] = {
    "a model": _replace("replicaCount: 1", "replicaCount: 2"),
    "a node port": _replace("serviceType: NodePort}", "serviceType: NodePort, nodePort: 30080}"),
    "a cache server": _replace("routerSpec:", "cacheServerSpec: {enableServer: true}\nrouterSpec:"),
    "a cluster": _replace("cluster: c1", "cluster: c2"),
    "a namespace": lambda root, name: _replace(f"namespace: {name}", "namespace: shared")(root, name),
    "a typo": _replace("tag:", "tga:"),
    "base": _toggle("values/base.yaml", "servingEngineSpec: {{runtimeClassName: nvidia}}\n"),
    "an environment": _toggle("values/more.yaml", VALUES.replace("{name}", "more")),
    "a generated file": lambda root, name: (root / f"overlays/{name}/kustomization.yaml").unlink(missing_ok=True),
    "a file of theirs": _toggle("overlays/{name}/models/llama/notes.yaml", "a: 1\n"),
    "a custom unit": _toggle(
        "custom/{name}/models/llama/kustomization.yaml", "resources: [../../../../overlays/{name}/models/llama]\n"
    ),
    "facts": _toggle("facts/models/a--b.yaml", "nothing: of facts\n"),
    "recipients": _toggle(".sops.yaml", "creation_rules: []\n"),
}


def _generate(root: Path, *, remember: bool) -> Generation:
    project = Project(root)
    record = open_record(root.parent / "cache", root, ())
    generation = generate(project, [], filters=False, remembered=recall(record) if remember else None)
    if remember and generation.plan is not None and generation.plan.is_empty:
        record.keep(Said(generation.environments), project.disk.read_paths, to_keep(generation.settled))
    return generation


def _run(root: Path) -> Generation:
    """Generate as `gen` does; nothing of it may be different for what is remembered."""
    prune = [name for name in _overlays(root) if not (root / "values" / f"{name}.yaml").exists()]
    if prune:
        write(Project(root), _plan_of(generate(Project(root), [], prune=prune, filters=False)))
    time.sleep(0.01)
    anew, generation = _generate(root, remember=False), _generate(root, remember=True)
    assert (generation.findings, generation.environments) == (anew.findings, anew.environments)
    assert generation.plan == anew.plan
    assert generation.settled == anew.settled
    if generation.plan is not None and not generation.plan.refusals:
        write(Project(root), generation.plan)
    return generation


def _overlays(root: Path) -> list[str]:
    return [each.name for each in (root / "overlays").iterdir()] if (root / "overlays").exists() else []


def _plan_of(generation: Generation) -> WritePlan:
    assert generation.plan is not None
    return generation.plan


def _settle(root: Path) -> None:
    _run(root)
    time.sleep(0.01)
    assert _plan_of(_run(root)).is_empty
    time.sleep(0.01)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_different_for_what_is_remembered(root: Path, seed: int) -> None:
    draw = random.Random(seed)
    _settle(root)
    for _ in range(10):
        for name in draw.sample(sorted(EDITS), draw.randint(1, 2)):
            EDITS[name](root, draw.choice(ENVIRONMENTS))
        for _ in range(draw.randint(1, 2)):
            _run(root)


@pytest.mark.parametrize(
    ("edit", "read"),
    [
        ("a model", 1),
        ("a generated file", 1),
        ("a file of theirs", 1),
        ("a custom unit", 1),
        ("a cluster", 3),
        ("a cache server", 3),
        ("base", 3),
        ("facts", 3),
        ("recipients", 3),
    ],
)
def test_environments_that_are_as_they_were_are_not_read(root: Path, edit: str, read: int) -> None:
    _settle(root)
    EDITS[edit](root, "prod")
    time.sleep(0.01)
    generation = _generate(root, remember=True)
    assert len(generation.readings) == read
    assert {finding.id for finding in generation.findings} >= {"mutable-tag"}
    assert {finding.place.path for finding in generation.findings if finding.id == "mutable-tag" and finding.place} == {
        f"values/{name}.yaml" for name in ENVIRONMENTS
    }


def test_what_is_damaged_is_not_asked(root: Path) -> None:
    _settle(root)
    file = open_record(root.parent / "cache", root, ()).file
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ('"namespace": "dev"', '"namespace": 1'),
        ('"findings": [', '"findings": [1, '),
        ('"dev": {', '"a": {'),
    ):
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        EDITS["a model"](root, "prod")
        time.sleep(0.01)
        assert len(_generate(root, remember=True).readings) == len(ENVIRONMENTS)
        EDITS["a model"](root, "prod")
