"""A repository of one or two environments that share a cluster, changed and reviewed by the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import yamlio
from tests import forks

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
FLUX = {"tool": "flux", "cluster": "c1", "repoURL": "https://git.example.com/llm.git"}
POOL = {"pool": "h100", "resource": "nvidia.com/gpu", "count": 8, "perNode": 8}


def model(name: str = "llama", **more: Any) -> dict[str, Any]:
    """A model of one GPU, two replicas, that loads for five minutes."""
    return {
        "name": name,
        "repository": "vllm/vllm-openai",
        "tag": "v0.11.2",
        "modelURL": f"org/{name}",
        "replicaCount": 2,
        "requestCPU": 1,
        "requestMemory": "1Gi",
        "requestGPU": 1,
        **more,
        "gitops": {"loadTime": "5m", **more.get("gitops", {})},
    }


def environment(
    *models: dict[str, Any], sync: Mapping[str, Any] = FLUX, namespace: str = "llm", **gitops: Any
) -> dict[str, Any]:
    """The values of an environment; two models where none is given."""
    return {
        "servingEngineSpec": {"modelSpec": list(models) or [model(), model("qwen")]},
        "gitops": {"namespace": namespace, "capacity": [POOL], "sync": dict(sync), **gitops},
    }


@dataclass(frozen=True)
class Repository:
    """A working tree on branch main."""

    root: Path

    def run(self, *argv: str, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            argv, cwd=self.root, env=os.environ | IDENTITY, capture_output=True, text=True, check=False
        )
        assert done.returncode in codes, f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def llmstack(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        return self.run(*forks.command(*arguments), codes=codes)

    def values(self, **environments: dict[str, Any] | None) -> None:
        """Write values/<name>.yaml for each name, or remove it, and generate."""
        for name, content in environments.items():
            path = self.root / "values" / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            if content is None:
                path.unlink()
                self.llmstack("gen", "--prune-env", name)
            else:
                path.write_text(yamlio.dump(content), encoding="utf-8")
        if any(content is not None for content in environments.values()):
            self.llmstack("gen")

    def file(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def commit(self) -> None:
        self.run("git", "add", "-A", "-f")
        self.run("git", "commit", "-q", "--allow-empty", "-m", "change")

    def review(self, *options: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """What `diff` says of the working tree."""
        found: dict[str, Any] = json.loads(self.llmstack("diff", "HEAD", *options, "--format", "json", codes=codes))
        return found

    def fails(self) -> bool:
        """Whether `--fail-on warning` stops the change."""
        done = subprocess.run(
            forks.command("diff", "HEAD", "--fail-on", "warning"),
            cwd=self.root, env=os.environ | IDENTITY, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr.decode()
        return done.returncode == 1

    def copy(self, root: Path) -> Repository:
        shutil.copytree(self.root, root)
        return Repository(root)


def new_repository(root: Path, **environments: dict[str, Any]) -> Repository:
    """A repository with these environments, generated and committed."""
    root.mkdir(parents=True)
    repository = Repository(root)
    repository.run("git", "init", "-q", "-b", "main")
    repository.values(**environments)
    repository.commit()
    return repository
