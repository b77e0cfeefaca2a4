"""action.yml and the hooks of pre-commit: what they may do, and what they name. (tests/init runs the action.)"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from llmstack import yamlio
from llmstack.cli import cli

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
USES = re.compile(r"uses: (\S+)@([0-9a-f]{40}) # (v\S+)$", re.MULTILINE)


def _load(path: str) -> Any:
    return yamlio.load((ROOT / path).read_text(encoding="utf-8"))


STEPS: list[dict[str, Any]] = _load("action.yml")["runs"]["steps"]


def test_actions_are_those_of_the_workflows() -> None:
    workflows = "".join(path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))
    pinned = {action: (commit, version) for action, commit, version in USES.findall(workflows)}
    found = set(USES.findall(TEXT))
    assert len(found) == TEXT.count("uses: ") - 1 == 5
    assert all(pinned.get(action, pin) == pin for action, *both in found for pin in [tuple(both)])


def test_every_step_belongs_to_one_job() -> None:
    """`comment` is a command of its own: no step of another one is among its."""
    sides = {step["if"] == "inputs.command == 'comment'" for step in STEPS}
    assert sides == {True, False}
    for step in STEPS:
        assert re.fullmatch(
            r"inputs\.command != 'comment'|inputs\.command == '\w+'( \|\| inputs\.command == 'check')?", step["if"]
        )
        assert "run" not in step or "'comment'" not in step["if"] or "!=" in step["if"]


def test_init_copies_it_as_it_is(expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "generator/llmstack/commands/init/files/action.yml", TEXT)


def test_the_comment_runs_nothing_of_the_pull_request() -> None:
    steps = [step for step in STEPS if step["if"] == "inputs.command == 'comment'"]
    assert [step["uses"].partition("@")[0] for step in steps] == ["actions/download-artifact", "actions/github-script"]
    script = steps[1]["with"]["script"]
    assert "lstatSync" in script
    assert not re.search(r"eval|exec|require\((?!'fs'\))", script)


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
