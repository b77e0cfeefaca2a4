"""A workflow's job run as a runner does, as far as it is scripts: those of its steps and of the action that it uses."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmstack import yamlio

PAGE = "https://github.com/o/r/actions/runs/7/artifacts/9"
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@dataclass
class Runner:
    """A repository that is checked out, a folder of the runner's own, and the environment of its scripts."""

    root: Path
    temp: Path
    environment: Mapping[str, str]
    base: str = "main"
    only: frozenset[str] | None = None
    """Names of steps to run alone; None for all that are scripts."""
    outcomes: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What each script printed, and its exit code, by the step's name."""
    _outputs: dict[str, str] = field(default_factory=dict)

    def run_job(self, workflow: str, job: str) -> int:
        """Run a job up to the first script that fails; its exit code."""
        for step in _load(self.root / workflow)["jobs"][job]["steps"]:
            used = step.get("uses", "")
            if used.startswith("./"):
                code = self.run_action(used, step.get("with", {}))
            else:
                code = self._run_script(step, {}, self.root) if "run" in step else 0
            if code:
                return code
        return 0

    def run_action(self, path: str, given: Mapping[str, Any]) -> int:
        """Run the action in a folder of the repository with some inputs."""
        folder = self.root / path
        action = _load(folder / "action.yml")
        inputs = {name: str(given.get(name, each.get("default", ""))) for name, each in action["inputs"].items()}
        for step in action["runs"]["steps"]:
            if "run" in step and _holds(step.get("if", ""), inputs["command"]):
                code = self._run_script(step, inputs, folder)
                if code:
                    return code
        return 0

    def _run_script(self, step: Mapping[str, Any], inputs: Mapping[str, str], action: Path) -> int:
        if self.only is not None and step["name"] not in self.only:
            return 0
        known = {f"inputs.{name}": value for name, value in inputs.items()} | self._outputs
        known |= {
            "github.event.pull_request.base.sha": self._commit(self.base), "github.action_ref": "",
            "steps.page.outputs.artifact-url": PAGE,
        }  # fmt: skip
        told = {
            name: _EXPRESSION.sub(lambda found: _value(known, found[1]), text)
            for name, text in step.get("env", {}).items()
        }
        folder = _EXPRESSION.sub(lambda found: _value(known, found[1]), step.get("working-directory", "."))
        output = self.temp / "output"
        output.write_text("", encoding="utf-8")
        places = {
            "RUNNER_TEMP": str(self.temp), "GITHUB_ACTION_PATH": str(action), "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"), "GITHUB_WORKSPACE": str(self.root),
        }  # fmt: skip
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.root / folder, env={**self.environment, **places, **told},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            self._outputs[f"steps.{step['id']}.outputs.{name}"] = value
        self.outcomes[step["name"]] = done.stdout, done.returncode
        return done.returncode

    def _commit(self, revision: str) -> str:
        return subprocess.check_output(["git", "rev-parse", revision], cwd=self.root, text=True).strip()


def _load(path: Path) -> Any:
    return yamlio.load(path.read_text(encoding="utf-8"))


def _holds(condition: str, command: str) -> bool:
    """Whether a condition of ours holds: on the input `command` alone, `==` and `!=`, joined by `||`."""
    parts = [re.fullmatch(r"inputs\.command (==|!=) '(\w+)'", part) for part in condition.split(" || ")]
    assert all(parts), condition
    return any((part[1] == "==") == (part[2] == command) for part in parts if part is not None)


def _value(known: Mapping[str, str], name: str) -> str:
    """What an expression stands for; an output that no step has set is empty."""
    return known.get(name, "") if name.startswith("steps.") else known[name]
