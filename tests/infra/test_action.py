"""action.yml and the hooks of pre-commit: their own scripts run, on a repository that `init` makes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.sandbox import Sandbox, make_sandbox

from llmstack import yamlio
from llmstack.cli import cli

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
USES = re.compile(r"uses: (\S+)@([0-9a-f]{40}) # (v\S+)$", re.MULTILINE)


def _load(path: str) -> Any:
    return yamlio.load((ROOT / path).read_text(encoding="utf-8"))


PAGE = "https://github.com/o/r/actions/runs/7/artifacts/9"
STEPS: list[dict[str, Any]] = _load("action.yml")["runs"]["steps"]


def test_actions_are_those_of_the_workflows() -> None:
    workflows = "".join(path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))
    found = set(USES.findall(TEXT))
    assert len(found) == TEXT.count("uses: ") - 1 == 5
    assert found <= set(USES.findall(workflows))


def test_every_step_belongs_to_one_command() -> None:
    commands = [step["if"] for step in STEPS]
    assert set(commands) == {"inputs.command == 'review'", "inputs.command == 'comment'"}
    assert all("run" not in step for step in STEPS if "comment" in step["if"])


def test_the_comment_is_written_as_by_the_workflow() -> None:
    job = _load(".github/workflows/overlays.yml")["jobs"]["comment"]
    assert STEPS[-1]["with"] == job["steps"][-1]["with"]
    assert STEPS[-2]["with"] == job["steps"][-2]["with"]


def test_no_expression_is_pasted_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "") + str(step.get("with", {}).get("script", ""))


def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert zizmor is not None, "zizmor is not installed beside this Python: see requirements/dev.txt"
    command = [zizmor, "--offline", "--persona", "auditor", "--no-progress", "action.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout


@pytest.fixture
def fleet(tmp_path: Path) -> Sandbox:
    sandbox = make_sandbox(tmp_path, "head")
    program = tmp_path / "runner" / "llmstack" / "bin" / "llmstack"
    program.parent.mkdir(parents=True)
    program.symlink_to(sandbox.programs / "llmstack")
    commands = ("llmstack init .", "git init -q -b main", "llmstack gen", "git add --all", "git commit -qm first")
    for command in (*commands, "git checkout -qb change"):
        output, code = sandbox.run(command)
        assert code == 0, output
    return sandbox


def _run(fleet: Sandbox, name: str) -> tuple[str, int]:
    """Run the script of a step as a runner does (`shell: bash`)."""
    (step,) = [step for step in STEPS if step.get("name") == name]
    places = {"RUNNER_TEMP": str(fleet.root.parent / "runner"), "GITHUB_STEP_SUMMARY": str(fleet.root / "summary.md")}
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=fleet.root, env=fleet.environment() | places | {"FROM": "main", "FAIL_ON": "error", "PAGE": PAGE},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return done.stdout, done.returncode


def test_a_good_change_passes(fleet: Sandbox) -> None:
    fleet.run(
        "sed -i 's/maxModelLen: 32768/maxModelLen: 65536/' values/prod.yaml && llmstack gen && git commit -qam longer"
    )
    for step in ("Write the page", "Write the review"):
        output, code = _run(fleet, step)
        assert code == 0, output
    names = {path.name for path in (fleet.root / "review").iterdir()}
    assert names == {"affected.json", "review.html", "review.json", "review.md"}
    summary = (fleet.root / "summary.md").read_text(encoding="utf-8")
    assert "65536" in summary
    assert f"[page]({PAGE})" in summary
    output, code = _run(fleet, "Check the generated files, the builds and the risks")
    assert code == 0, output


def test_every_check_speaks_where_one_fails(fleet: Sandbox) -> None:
    fleet.run("sed -i 's/count: 8/count: 2/' values/prod.yaml")
    fleet.run("sed -i 's/32768/40000/' overlays/prod/models/llama/deployment.yaml && git commit -qam bad")
    output, code = _run(fleet, "Check the generated files, the builds and the risks")
    assert code == 1
    assert "overlays/prod/models/llama/deployment.yaml" in output
    assert "stale-tree" in output
    assert "gpu-" in output


def test_the_hooks_run_commands_that_there_are() -> None:
    commands = typer.main.get_command(cli).commands  # type: ignore[attr-defined]
    hooks = _load(".pre-commit-hooks.yaml")
    assert [hook["id"] for hook in hooks] == ["llmstack-lint", "llmstack-gen"]
    for hook in hooks:
        program, command = hook["entry"].split()
        assert (program, hook["language"], hook["pass_filenames"]) == ("llmstack", "python", False)
        assert command in commands
        assert re.search(hook["files"], "values/prod.yaml")
        assert not re.search(hook["files"], "docs/values.md")
        assert os.path.basename(hook["entry"]) == hook["entry"]
