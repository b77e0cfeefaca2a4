"""How long llmstack takes, against `kustomize build` on the same machine in the same minutes.

Every round runs every command once, one after the other, so that a busy spell of the machine touches all of
them. A ratio is the median of the rounds' own ratios. Memory is the largest resident set of any process of a
command (`wait4`, which counts what this script held when it started the process too: a floor of some 20 MiB).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
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
KUSTOMIZE = str(Path(os.environ.get("LLMSTACK_TOOLS", ROOT / ".tools" / "bin")) / "kustomize")
HUNDRED = 100
MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What one run of a command took: seconds on the wall, bytes of its largest process."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Command:
    """A command to measure, where to run it, and what to do before each run, outside the measurement."""

    title: str
    arguments: Sequence[str]
    folder: Path
    before: Callable[[], None] = lambda: None


def run(command: Command) -> Cost:
    """Run the command to its end; SystemExit with its error output when it fails."""
    command.before()
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command.arguments, cwd=command.folder, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            talk = errors.read().decode(errors="replace")
            sys.exit(f"{' '.join(command.arguments)}: exit {process.returncode}\n{talk}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(seconds, usage.ru_maxrss * unit)


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make_repository(folder: Path, models: int, *, generated: bool) -> Path:
    """A Git repository with values/prod.yaml of so many models, and what it generates if asked, committed."""
    (folder / "values").mkdir(parents=True)
    (folder / "values" / "prod.yaml").write_text(values(models), encoding="utf-8")
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


def commands(folder: Path, models: int) -> dict[str, Command]:
    """What is measured, by a short name, with the repositories it needs made in `folder`."""
    hundred = make_repository(folder / "hundred", HUNDRED, generated=True)
    fresh = make_repository(folder / "fresh", models, generated=False)
    idle = make_repository(folder / "idle", models, generated=True)
    example = make_example(folder / "example")
    build = (KUSTOMIZE, "build", "overlays/prod")
    return {
        "build": Command(f"kustomize build, {HUNDRED} models (B)", build, hundred),
        "fresh": Command(f"gen, {models} models, fresh", (LLMSTACK, "gen"), fresh, lambda: forget(fresh)),
        "idle": Command(f"gen, {models} models, nothing to do", (LLMSTACK, "gen"), idle),
        "python": Command("python -c pass", (sys.executable, "-c", "pass"), folder),
        "version": Command("llmstack --version", (LLMSTACK, "--version"), folder),
        "example": Command("gen of the example, nothing to do", (LLMSTACK, "gen"), example),
    }


def report(todo: dict[str, Command], rounds: Sequence[dict[str, Cost]]) -> None:
    """Print each command's median, range and memory, then the figures that are promised."""
    for name, command in todo.items():
        seconds = sorted(costs[name].seconds for costs in rounds)
        memory = max(costs[name].memory for costs in rounds) / MIB
        print(
            f"{command.title:40} {statistics.median(seconds):8.3f} s   "
            f"{seconds[0]:.3f} to {seconds[-1]:.3f}   {memory:6.0f} MiB"
        )

    def ratio(name: str) -> float:
        return statistics.median(costs[name].seconds / costs["build"].seconds for costs in rounds)

    def extra(name: str) -> float:
        return 1000 * statistics.median(costs[name].seconds - costs["python"].seconds for costs in rounds)

    peak = max(costs[name].memory for costs in rounds for name in ("fresh", "idle")) / MIB
    print()
    for text, figure, limit in (
        (f"{todo['fresh'].title}, in B", ratio("fresh"), 2.0),
        (f"{todo['idle'].title}, in B", ratio("idle"), 1.0),
        ("memory of gen, in MiB", peak, 200.0),
        ("llmstack --version beyond python, in ms", extra("version"), 120.0),
        ("gen of the example beyond python, in ms", extra("example"), 400.0),
    ):
        print(f"{text:44} {figure:8.2f}   under {limit:g}: {'yes' if figure < limit else 'NO'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=int, default=1000, help="models in the large values file (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs (5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        todo = commands(Path(folder), options.models)
        rounds = [{name: run(command) for name, command in todo.items()} for _ in range(options.rounds)]
    print(f"{options.rounds} rounds, Python {sys.version.split()[0]}, {os.cpu_count()} CPUs\n")
    report(todo, rounds)


if __name__ == "__main__":
    main()
