"""docs/any-tree.md: its commands run as they stand there, its file is read, and its recipes say what they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.sandbox import Sandbox, make_sandbox

from llmstack import yamlio
from llmstack.repository.stream_terms import read_terms

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "any-tree.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
GITOPS = next(body for language, body in BLOCKS if language == "yaml" and body.startswith("gitops:"))
RECIPES = [body for language, body in BLOCKS if language == "yaml" and not body.startswith("gitops:")]

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: pd-decode}
spec:
  replicas: 1
  selector: {matchLabels: {app: decode}}
  template:
    metadata: {labels: {app: decode}}
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.2
          args: [--model, Qwen/Qwen3-8B, --max-model-len, "8192"]
          resources: {limits: {nvidia.com/gpu: 1}}
"""


def _commands() -> list[str]:
    """The commands of shell blocks, and those of the recipes that review."""
    shell = next(body for language, body in BLOCKS if language == "sh").strip().split("\n")
    recipes = [
        match.replace("\\\n", " ").strip() for body in RECIPES for match in re.findall(r"llmstack diff [^>]*", body)
    ]
    return [*shell, *recipes]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = make_sandbox(tmp_path)
    changed = DEPLOYMENT.replace("8192", "16384")
    sandbox.write({
        "old.yaml": DEPLOYMENT,
        "new.yaml": changed,
        "gitops.yaml": GITOPS,
        "guides/prod/kustomization.yaml": "resources: [d.yaml]\n",
        "guides/prod/d.yaml": changed,
    })  # fmt: skip
    return sandbox


@pytest.mark.parametrize("command", _commands())
def test_a_command_reviews_what_changes(command: str, sandbox: Sandbox) -> None:
    for tool in ("helm", "kubectl"):  # what they print, since neither has a chart or a cluster here
        command = re.sub(rf"^{tool} [^|]*\|", f"cat {'new' if tool == 'helm' else 'old'}.yaml |", command)
    set_up = "".join(
        f"mkdir -p {folder}/guides/prod && cp gitops.yaml {folder} && cp old.yaml {folder}/guides/prod/d.yaml && "
        f"cp guides/prod/kustomization.yaml {folder}/guides/prod && "
        for folder in ("before", "main")
    )
    for folder in ("before", "main"):
        command = command.replace(f"../{folder}/", f"{folder}/")
    output, code = sandbox.run(f"{set_up}{command}")
    assert code == 0, output
    assert "16384" in output


def test_the_commands_are_found() -> None:
    assert len(_commands()) == 6


def test_the_file_beside_a_stream_is_read(tmp_path: Path) -> None:
    (tmp_path / "gitops.yaml").write_text(GITOPS, encoding="utf-8")
    terms = read_terms(str(tmp_path / "gitops.yaml"))
    facts = terms.facts()
    assert facts.loads_of == {"pd-decode": 360}
    assert (facts.pools[0].name, facts.pools[0].count, facts.acknowledgements[0].risk) == ("h100", 16, "outage")
    assert (terms.namespace, terms.levels) == ("llm", {"mutable-tag": "off"})


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_yaml_that_compares_with_the_target_branch(recipe: str) -> None:
    assert isinstance(yamlio.load(recipe), dict)
    assert "git worktree add ../before" in recipe
    assert "--gitops ../before/gitops.yaml" in recipe


def test_the_recipes_prepare_what_they_compare_with(tmp_path: Path) -> None:
    """The line that makes the worktree works on a branch that has gone on."""
    sandbox = make_sandbox(tmp_path)
    sandbox.write({"guides/a.yaml": DEPLOYMENT})
    commands = (
        "git init -q -b main && git add -A && git commit -qm a && git update-ref refs/remotes/origin/main HEAD",
        "git checkout -qb change && sed -i s/8192/4096/ guides/a.yaml && git commit -qam b",
        'GITHUB_BASE_REF=main; git worktree add -q before "$(git merge-base HEAD "origin/$GITHUB_BASE_REF")"',
        "llmstack diff --before before/guides --after guides | grep -c '8192 → 4096'",
    )
    for command in commands:
        output, code = sandbox.run(command)
        assert code == 0, output
    assert output.strip() == "1"
