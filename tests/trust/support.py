"""A generated and committed repository with one model, and what a stranger's branch does to it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from llmstack.finding import Finding
from llmstack.kustomize.reached import Reached
from llmstack.repository.snapshot import Disk
from tests.cli.sandbox import Sandbox, make_sandbox
from tests.trust.watch import Watched, watch

VALUES = """\
servingEngineSpec:
  modelSpec:
    - {name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: facebook/opt-125m, requestCPU: 1, requestMemory: 2Gi}
"""
UNIT = "custom/prod/models/m"
COMMANDS = ("lint", "validate", "gen --check", "affected main", "affected main HEAD", "diff main", "diff main HEAD")
"""What a reviewer's machine runs on a stranger's branch."""


def custom(text: str) -> str:
    """A kustomization in custom/ on the generated unit, with `text` in it."""
    header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    return header + ("" if "esources:" in text else "resources: [../../../../overlays/prod/models/m]\n") + text


def look_through(root: Path, folders: list[str]) -> Reached:
    """What builds of these folders read on disk."""
    return Disk(root).look_through(folders)


def findings_on(root: Path, text: str) -> list[Finding]:
    """The findings on a kustomization of that text in custom/."""
    file = root / UNIT / "kustomization.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return look_through(root, [UNIT]).findings


@dataclass(frozen=True)
class Branch:
    """A clone in which a stranger's branch is checked out; `trap` is a file that comes to be when its code runs."""

    sandbox: Sandbox
    trap: Path

    @property
    def root(self) -> Path:
        return self.sandbox.root

    def git(self, arguments: str) -> None:
        output, code = self.sandbox.run(f"git {arguments}")
        assert code == 0, output

    def commit(self, files: dict[str, str]) -> None:
        """Write files, generate what the values and custom/ say now, and commit all of it."""
        self.sandbox.write(files)
        self.sandbox.run("llmstack gen")
        self.git("add -A -f")
        self.git("commit -q --allow-empty -m branch")

    def watch(self, command: str, folder: str = ".") -> Watched:
        """What a command of llmstack does here."""
        call = [sys.executable, "-P", "-m", "llmstack.cli", *command.split()]
        return watch(call, folder=self.root / folder, environment=self.sandbox.environment())


def make_branch(folder: Path, start: Path) -> Branch:
    """A branch `pr` of the repository at `start`."""
    sandbox = make_sandbox(folder)
    shutil.copytree(start, sandbox.root, dirs_exist_ok=True, symlinks=True)
    branch = Branch(sandbox, folder / "trap")
    branch.git("checkout -q -b pr")
    return branch
