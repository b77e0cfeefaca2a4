"""Every command on a repository whose names are hostile: files, links, kinds, units, models, keys of the values."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import forks
from tests.report.test_inert import holds_command

NAME = "x\n::error title=t::pwned\n##[add-mask]e\x1b[2J"
VALUES = """\
servingEngineSpec:
  modelSpec:
    - {name: m, repository: vllm/vllm-openai, tag: v0.11.2, modelURL: facebook/opt-125m, requestGPU: 1}
"""
UNIT = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../../../overlays/prod/models/m, e.yaml]
"""
OBJECT = """\
apiVersion: v1
kind: "K\\e[2J\\n::error title=x::pwned\\n##[add-mask]e"
metadata: {name: a, namespace: default}
"""
BAD = '"k\\n::error::pwned\\n##[group]x": "v\\n::error::pwned"\n'


def _run(root: Path, *words: str) -> tuple[int, str]:
    command = forks.command("-C", str(root), *words)
    done = subprocess.run(
        command, capture_output=True, env={**os.environ, "GITHUB_ACTIONS": "true"}, input=b"x", check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def _git(root: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated and committed repository, with names that would be commands in every place that takes any."""
    root = tmp_path_factory.mktemp("hostile")
    _git(root, "init", "-q", "-b", "main")
    (root / "values").mkdir()
    (root / "values/prod.yaml").write_text(VALUES)
    assert _run(root, "gen")[0] == 0
    _git(root, "add", "-A")
    _git(root, "commit", "-qm", "x")
    custom = root / "custom/prod/models/m"
    custom.mkdir(parents=True)
    (custom / "kustomization.yaml").write_text(UNIT)
    (custom / "e.yaml").write_text(OBJECT)
    (root / "custom/prod/models" / NAME).mkdir()
    (root / "custom/prod/models" / NAME / "kustomization.yaml").write_text("resources: []\n")
    with (root / "overlays/prod/kustomization.yaml").open("a") as file:
        file.write("# \x1b[2J\n::error::pwned\n##[add-mask]e\n")
    (root / "values/bad.yaml").write_text(VALUES + BAD)
    return root


COMMANDS = (
    ("gen", "prod"), ("gen", "--check", "prod"), ("gen", NAME), ("gen",), ("lint",), ("lint", NAME), ("validate", "prod"),
    ("diff",), ("diff", "--format", "markdown"), ("diff", "--format", "html"), ("diff", "--format", "json"), ("diff", NAME),
    ("affected",), ("affected", "--format", "json"), ("render", "bad"), ("render", "prod"), ("migrate", "values/bad.yaml"),
    ("explain", NAME), ("lint", "--format", "json"), ("lint", "--format", "sarif"), ("secret", "set", "prod", NAME, NAME),
    ("init", NAME), (NAME,),
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words).replace(NAME, "NAME"))
def test_no_output_is_a_command(hostile: Path, words: tuple[str, ...]) -> None:
    code, shown = _run(hostile, *words)
    assert code != 70, shown
    assert not holds_command(shown)
    assert "\x1b" not in shown


def test_an_environment_whose_name_no_yaml_holds(hostile: Path) -> None:
    """A control character in a file's name: the tree of it would be no YAML."""
    file = hostile / "values" / "a\x9b31m.yaml"
    sync = "gitops: {sync: {tool: flux, cluster: c, repoURL: 'https://a.example/b.git'}}\n"
    file.write_text(VALUES + sync)
    try:
        for words in (("diff",), ("gen",), ("gen", "--check"), ("lint",), ("validate",), ("affected",)):
            code, shown = _run(hostile, *words)
            assert (code != 70, "\x9b" in shown) == (True, False), shown
    finally:
        file.unlink()


def test_a_link_whose_name_is_a_command(hostile: Path) -> None:
    link = hostile / "overlays/prod/models" / NAME.replace("/", "")
    link.symlink_to("/x")
    try:
        for words in (("gen", "--check", "prod"), ("gen", "prod"), ("diff",), ("validate", "prod")):
            code, shown = _run(hostile, *words)
            assert code != 70, shown
            assert not holds_command(shown)
    finally:
        link.unlink()


def test_the_format_of_github_makes_commands_of_its_own_alone(hostile: Path) -> None:
    code, shown = _run(hostile, "lint", "bad", "--format", "github")
    assert code == 1
    assert shown
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in shown.splitlines())
    assert "##[" not in shown


@pytest.mark.parametrize("words", [("gen", "--check", "prod"), ("gen", "prod")], ids=" ".join)
def test_differences_of_files_show_no_secret(hostile: Path, words: tuple[str, ...]) -> None:
    file = hostile / "overlays/prod/models/m/deployment.yaml"
    held = file.read_text()
    header = held.partition("\n")[0]
    try:
        file.write_text(f"{header}\nenv:\n- name: REDIS_AUTH\n  value: planted-secret\n")
        code, shown = _run(hostile, *words)
    finally:
        file.write_text(held)
    assert code == (3 if "--check" in words else 4)
    assert "REDIS_AUTH" in shown
    assert "planted" not in shown


def test_validate_finds_a_secret_that_custom_builds(hostile: Path) -> None:
    listed = hostile / "overlays/prod/kustomization.yaml"
    held = listed.read_text()
    listed.write_text(held.partition("# \x1b")[0].replace("- models/m\n", "- ../../custom/prod/models/m\n"))
    file = hostile / "custom/prod/models/m/e.yaml"
    file.write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\nstringData: {a: planted}\n")
    try:
        code, shown = _run(hostile, "validate", "prod")
    finally:
        file.write_text(OBJECT)
        listed.write_text(held)
    assert code == 1
    assert "error[plaintext-secret]: Secret/s: stringData is a secret in plain text" in shown
    assert "planted" not in shown


@pytest.mark.parametrize("words", [("gen", "--check", "prod"), ("diff",), ("fit", "prod")], ids=" ".join)
def test_a_value_that_nobody_reads_is_not_repeated(tmp_path: Path, words: tuple[str, ...]) -> None:
    values = tmp_path / "values/prod.yaml"
    values.parent.mkdir()
    values.write_text(VALUES)
    assert _run(tmp_path, "gen")[0] == 0
    _git(tmp_path, "init", "-q", "-b", "main")
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "x")
    values.write_text(VALUES.replace("tag: v0.11.2", f"tag: {'x' * 2**17}"))
    if "--check" not in words:
        _run(tmp_path, "gen", "prod")
    code, shown = _run(tmp_path, *words)
    assert code != 70, shown
    assert "x" * 90 in shown
    assert "x" * 5000 not in shown
