"""A folder in which commands run as in a person's shell, with `llmstack` and the few programs a transcript may use."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import llmstack
from tests import forks

PROGRAMS = [
    "cat",
    "chmod",
    "cp",
    "env",
    "git",
    "grep",
    "head",
    "ln",
    "ls",
    "mkdir",
    "mv",
    "rm",
    "rmdir",
    "sed",
    "sleep",
    "touch",
]
IDENTITY = {"NAME": "A", "EMAIL": "a@example.com", "DATE": "2026-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Sandbox:
    """`root` is where commands start; `programs` is all of PATH, `tools` holds kustomize and kubeconform."""

    root: Path
    programs: Path
    tools: Path

    def run(self, command: str) -> tuple[str, int]:
        """What a shell command prints, stdout and stderr as they come, and its exit code."""
        done = subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", command],
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return self._hide(done.stdout.decode()), done.returncode

    def environment(self) -> dict[str, str]:
        """All that a command sees of the world outside; unbuffered, so that both streams come in order."""
        git = {f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in IDENTITY.items()}
        return git | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": str(self.root),
            "LLMSTACK_TOOLS": str(self.tools),
            "PATH": str(self.programs),
            "PYTHONPATH": str(Path(llmstack.__file__).parents[1]),
            "PYTHONUNBUFFERED": "1",
            "XDG_CACHE_HOME": f"{self.root}.cache",
        }

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def _hide(self, output: str) -> str:
        """Without what differs from run to run: the folder, and the commits by their number."""
        for path, shown in ((self.tools, "/tools"), (f"{self.root}.cache", "/cache"), (self.root, "/repository")):
            output = output.replace(str(path), shown)
        for number, commit in enumerate(self._commits()):
            output = output.replace(commit, f"<commit {number}>").replace(commit[:10], f"<commit {number}>")
        return output

    def _commits(self) -> list[str]:
        if not (self.root / ".git").exists():
            return []
        command = ["git", "rev-list", "--all", "--reverse", "--topo-order"]
        done = subprocess.run(command, cwd=self.root, env=self.environment(), capture_output=True, check=False)
        return done.stdout.decode().split()


def hear_interrupts() -> None:
    """What a child calls that is to hear Ctrl-C: a shell's background jobs, and all they start, ignore it."""
    for each in (signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def make_sandbox(folder: Path, *programs: str, anew: bool = False) -> Sandbox:
    """A sandbox in an empty folder, with more programs if need be, whose `llmstack` is forked; `anew`, a new Python.

    Fails when kustomize, kubeconform or sops is neither in $LLMSTACK_TOOLS nor on PATH.
    """
    sandbox = Sandbox(folder / "repository", folder / "bin", folder / "tools")
    for made in (sandbox.root, sandbox.programs, sandbox.tools):
        made.mkdir()
    for name in {*PROGRAMS, *programs}:
        (sandbox.programs / name).symlink_to(_find(name, os.environ["PATH"]))
    own = sandbox.programs / "llmstack"
    start = [sys.executable, "-P", "-m", "llmstack.cli"] if anew else forks.command()
    own.write_text(f'#!/bin/sh\nexec {shlex.join(start)} "$@"\n')
    own.chmod(0o755)
    places = os.pathsep.join((os.environ.get("LLMSTACK_TOOLS", ""), os.environ["PATH"]))
    for name in ("kustomize", "kubeconform", "sops"):
        (sandbox.tools / name).symlink_to(_find(name, places))
    return sandbox


def _find(name: str, path: str) -> Path:
    found = shutil.which(name, path=path)
    assert found is not None, f"{name} is not on {path}: `make setup` builds what the tests need"
    return Path(found).absolute()
