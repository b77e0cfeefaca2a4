"""A repository of values and what llmstack generates from them, worked as a person would: by the command line and Git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import yamlio
from tests.cluster.kubectl import Object
from tests.laws.trees import kustomize

PROJECT = Path(__file__).resolve().parents[2]
GPUS = {"dev": "NVIDIA-L4", "staging": "NVIDIA-L40S", "prod": "NVIDIA-H100-80GB-HBM3"}
CLUSTERS = {"dev": "dev", "staging": "staging", "prod": "prod-eu"}
"""The example's environments: what their nodes have, and where they run."""
PUBLISHED = "https://git.example.com/platform/llm.git"
"""Where the example says that its repository is."""
ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@example.com",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class Repository:
    """A working tree on branch main."""

    root: Path

    def write(self, values: Mapping[str, Any]) -> None:
        """Write values/<name>.yaml for each name; data, or the text of a file."""
        folder = self.root / "values"
        folder.mkdir(exist_ok=True)
        for name, value in values.items():
            text = value if isinstance(value, str) else yamlio.dump(value)
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    def commit(self, values: Mapping[str, Any], message: str = "change") -> str:
        """Write values, generate, commit everything; the commit."""
        self.write(values)
        self.llmstack("gen")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def serve(self, bare: Path) -> None:
        """Make a bare repository that has what is pushed."""
        self.git("init", "-q", "--bare", "-b", "main", str(bare))
        self.git("remote", "add", "origin", str(bare))

    def publish(self, values: Mapping[str, Any]) -> str:
        """Commit as `commit` does, and push; the commit."""
        commit = self.commit(values)
        self.git("push", "-q", "origin", "main")
        return commit

    def reviews(self) -> dict[str, dict[str, Any]]:
        """What `diff` says of the last commit, by environment."""
        found: dict[str, dict[str, Any]] = json.loads(self.llmstack("diff", "HEAD~1", "HEAD", "--format", "json"))[
            "envs"
        ]
        return found

    def objects(self, folder: str) -> list[Object]:
        """What `kustomize build` gives for a folder."""
        built: list[Object] = yamlio.load_all(self._run([str(kustomize()), "build", folder]))
        return built

    def llmstack(self, *arguments: str, stdin: str = "") -> str:
        """What a command prints; fails the test when it does not end with 0."""
        return self._run([sys.executable, "-m", "llmstack.cli", *arguments], stdin)

    def git(self, *arguments: str) -> str:
        return self._run(["git", *arguments])

    def _run(self, argv: list[str], stdin: str = "") -> str:
        environment = os.environ | ENVIRONMENT
        run = subprocess.run(
            argv, cwd=self.root, env=environment, input=stdin, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{' '.join(argv)}: exit code {run.returncode}\n{run.stdout}{run.stderr}"
        return run.stdout


def new_repository(root: Path) -> Repository:
    """An empty repository in a new folder."""
    root.mkdir(parents=True)
    repository = Repository(root)
    repository.git("init", "-q", "-b", "main")
    return repository


def example(root: Path) -> Repository:
    """A copy of the project's own example: values/ and what is generated from them, committed."""
    repository = new_repository(root)
    for folder in ("values", "base", "overlays", "clusters"):
        shutil.copytree(PROJECT / folder, root / folder)
    repository.commit({}, "the example")
    return repository
