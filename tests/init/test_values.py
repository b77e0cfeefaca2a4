"""`init --from` and `--sync`: a release's values and a sync tool, taken into a new repository that generates at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.commands.init.sync import EXAMPLE, Sync, find_address, find_branch, tell_sync
from llmstack.errors import UsageError
from llmstack.git.process import find_repository
from tests.cli.sandbox import Sandbox, make_sandbox

VALUES = """\
# What we run.
servingEngineSpec:
  modelSpec:
    - name: llama   # the small one
      repository: vllm/vllm-openai
      tag: v0.11.2
      modelURL: meta-llama/Llama-3.1-8B-Instruct
      requestCPU: 4
      requestMemory: 16Gi
      requestGPU: 1
      hf_token: hf_abcdefghijklmnopqrstuvwxyzABCDEFGH
routerSpec: {tag: v0.1.8}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: stack, namespace: serving}
spec:
  values:
""" + "".join(f"    {line}\n" for line in VALUES.splitlines())
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: stack, namespace: argocd}
spec:
  destination: {namespace: serving}
  source:
    helm:
      valuesObject:
""" + "".join(f"        {line}\n" for line in VALUES.splitlines())


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make_sandbox(tmp_path)


def _run(sandbox: Sandbox, command: str) -> str:
    output, code = sandbox.run(command)
    assert code == 0, output
    return output


@pytest.mark.parametrize(("kind", "text"), [("values", VALUES), ("release", RELEASE), ("application", APPLICATION)])
def test_a_release_s_values_generate_at_once(sandbox: Sandbox, kind: str, text: str) -> None:
    sandbox.write({"old.yaml": text})
    said = _run(sandbox, "llmstack init fleet --from old.yaml --env staging")
    assert "hf_abcdef" not in said
    assert "kubectl create secret generic" in said
    made = (sandbox.root / "fleet" / "values" / "staging.yaml").read_text(encoding="utf-8")
    assert made.startswith("# yaml-language-server: $schema=../docs/values.schema.json\n# What we run.\n")
    assert "# the small one" in made
    assert "hf_abcdef" not in made
    assert [path.name for path in (sandbox.root / "fleet" / "values").iterdir()] == ["staging.yaml"]
    gitops = yamlio.load(made).get("gitops", {})  # type: ignore[union-attr]
    named = {} if kind == "values" else {"release": "stack", "namespace": "serving"}
    assert {key: gitops[key] for key in ("release", "namespace") if key in gitops} == named
    _run(sandbox, "cd fleet && git init -q && llmstack gen && llmstack validate --strict")
    assert (sandbox.root / "old.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("tool", ["flux", "argo"])
@pytest.mark.parametrize("source", ["", "--from old.yaml --release stack --namespace serving"])
def test_a_sync_tool_follows_at_once(sandbox: Sandbox, tool: str, source: str) -> None:
    sandbox.write({"old.yaml": VALUES})
    _run(sandbox, "git init -q -b main mono && git -C mono remote add origin git@git.example.com:acme/mono.git")
    said = _run(sandbox, f"llmstack init mono/llm --sync {tool} {source}")
    assert "is an example" not in said
    shared = yamlio.load((sandbox.root / "mono/llm/values/base.yaml").read_text(encoding="utf-8"))
    assert shared["gitops"]["sync"] == {  # type: ignore[index]
        "tool": tool, "repoURL": "ssh://git@git.example.com/acme/mono.git", "branch": "main", "path": "llm",
    }  # fmt: skip
    _run(sandbox, "cd mono/llm && llmstack gen && llmstack validate")
    assert (sandbox.root / "mono/llm/clusters/prod/prod").is_dir()


def test_what_cannot_be_read_is_told_and_nothing_is_written(sandbox: Sandbox) -> None:
    sandbox.write({"old.yaml": "servingEngineSpec:\n  modelSpec: [\n"})
    said, code = sandbox.run("llmstack init fleet --from old.yaml")
    assert code == 1
    assert "error[yaml-syntax]" in said
    assert not (sandbox.root / "fleet").exists()
    said, code = sandbox.run("llmstack init fleet --from gone.yaml")
    assert (code, "gone.yaml" in said) == (2, True)
    assert not (sandbox.root / "fleet").exists()


def test_values_with_errors_are_written_and_told(sandbox: Sandbox) -> None:
    sandbox.write({"old.yaml": VALUES.replace("requestGPU: 1", "requestGPU: 0.5")})
    said, code = sandbox.run("llmstack init fleet --from old.yaml")
    assert code == 1
    assert "error[fractional-gpu]" in said
    assert "values/prod.yaml:" in said
    assert (sandbox.root / "fleet" / "values" / "prod.yaml").is_file()


@pytest.mark.parametrize(
    ("origin", "address"),
    [
        ("https://git.example.com/a/b.git", "https://git.example.com/a/b.git"),
        ("https://me:hunter2@git.example.com/a/b.git", "https://git.example.com/a/b.git"),
        ("git@git.example.com:a/b.git", "ssh://git@git.example.com/a/b.git"),
        ("ssh://git@git.example.com:2222/a/b.git", "ssh://git@git.example.com:2222/a/b.git"),
        ("/srv/git/b.git", EXAMPLE),
        ("../b.git", EXAMPLE),
        (None, EXAMPLE),
    ],
)
def test_the_address_of_a_repository(sandbox: Sandbox, origin: str | None, address: str) -> None:
    _run(sandbox, "git init -q .")
    if origin is not None:
        _run(sandbox, f"git remote add origin {origin}")
    assert find_address(find_repository(sandbox.root)) == address
    assert find_address(None) == EXAMPLE


@pytest.mark.parametrize(
    ("made", "branch"),
    [
        ("git init -q -b trunk", "trunk"),
        ("git init -q -b feature && git commit -q --allow-empty -m a && git branch master", "master"),
        ("git init -q -b feature && git commit -q --allow-empty -m a && git branch master && git branch main", "main"),
        (
            "git init -q -b main && git commit -q --allow-empty -m a && git update-ref refs/remotes/origin/live/eu HEAD"
            " && git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/live/eu",
            "live/eu",
        ),
        ("git init -q -b main && git commit -q --allow-empty -m a && git checkout -q --detach && git branch -q -D main",
         "main"),
    ],
)  # fmt: skip
def test_the_branch_that_a_cluster_follows(sandbox: Sandbox, made: str, branch: str) -> None:
    _run(sandbox, made)
    assert find_branch(find_repository(sandbox.root)) == branch
    assert find_branch(None) == "main"


def test_what_values_say_of_a_sync_tool_stays() -> None:
    mine = "gitops:\n  sync: {cluster: mine}\n"
    told = tell_sync({"values/base.yaml": "gitops: {release: a}\n", "values/prod.yaml": mine}, Sync("flux", EXAMPLE))
    assert told["values/prod.yaml"] == mine
    assert yamlio.load(told["values/base.yaml"])["gitops"]["sync"]["tool"] == "flux"  # type: ignore[index]


def test_values_that_no_small_edit_changes_are_refused() -> None:
    with pytest.raises(UsageError, match="leave --sync out"):
        tell_sync({"values/base.yaml": "gitops: null\n"}, Sync("flux", EXAMPLE))
