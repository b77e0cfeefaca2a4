"""One run of a command, measured, and the repositories that commands run in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet import values

ROOT = Path(__file__).resolve().parent.parent
LLMSTACK = str(Path(sys.executable).with_name("llmstack"))


@dataclass(frozen=True)
class Cost:
    """What one run of a command took: seconds on the wall, seconds of processors, bytes of its largest process."""

    seconds: float
    processors: float
    memory: int


@dataclass(frozen=True)
class Command:
    """A command to measure, where to run it, and what to do before each run, outside the measurement."""

    title: str
    arguments: Sequence[str]
    folder: Path
    before: Callable[[], None] = lambda: None
    accept: frozenset[int] = frozenset((0,))
    """Exit codes that are no failure."""


def run(command: Command) -> Cost:
    """Run the command to its end; SystemExit with its error output when it fails."""
    command.before()
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command.arguments, cwd=command.folder, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.accept:
            errors.seek(0)
            talk = errors.read().decode(errors="replace")
            sys.exit(f"{' '.join(command.arguments)}: exit {process.returncode}\n{talk}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make_repository(folder: Path, models: int, environments: Sequence[str] = ("prod",), *, generated: bool) -> Path:
    """A Git repository with so many models in each environment, and what they generate if asked, committed."""
    (folder / "values").mkdir(parents=True)
    for name in environments:
        (folder / "values" / f"{name}.yaml").write_text(values(models, name), encoding="utf-8")
    git(folder, "init", "--quiet")
    if generated:
        run(Command("set-up", (LLMSTACK, "gen"), folder))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "values")
    return folder


def make_example(folder: Path) -> Path:
    """A clone of this project's HEAD with its generated files up to date and committed."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    run(Command("set-up", (LLMSTACK, "gen"), folder))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "generated")
    return folder


def forget(repository: Path) -> None:
    """Remove what `gen` wrote, and its record of it."""
    for name in ("base", "overlays", "clusters", ".git/llmstack"):
        shutil.rmtree(repository / name, ignore_errors=True)


def edit_model(repository: Path) -> None:
    """Give one model of values/prod.yaml another context length than it has."""
    file = repository / "values" / "prod.yaml"
    text = file.read_text(encoding="utf-8")
    old, new = "maxModelLen: 65536", "maxModelLen: 65535"
    file.write_text(text.replace(new, old, 1) if new in text else text.replace(old, new, 1), encoding="utf-8")


def spoil(repository: Path) -> Path:
    """Misspell a key of fifty models."""
    file = repository / "values" / "prod.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("requestCPU:", "requestCPUs:", 50), encoding="utf-8")
    return repository


def changed(repository: Path) -> Path:
    """A repository whose working tree has one model changed, and generated."""
    edit_model(repository)
    run(Command("set-up", (LLMSTACK, "gen"), repository))
    return repository
