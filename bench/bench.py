"""How long llmstack takes, against `kustomize build` on the same machine in the same minutes.

Every round runs every command once, one after the other, so that a busy spell of the machine touches all of
them. A ratio is the median of the rounds' own ratios. Memory is the largest resident set of any process of a
command (`wait4`, which counts what this script held when it started the process too: a floor of some 20 MiB).
The file system's own time is in what is measured: `TMPDIR=/dev/shm` takes it out.
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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fleet import values

from llmstack import schemas

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("LLMSTACK_TOOLS", ROOT / ".tools" / "bin"))
LLMSTACK = str(Path(sys.executable).with_name("llmstack"))
KUSTOMIZE, KUBECONFORM = str(TOOLS / "kustomize"), str(TOOLS / "kubeconform")
HUNDRED = 100
TWENTY = (*(f"env-{number}" for number in range(19)), "prod")
MIB = 2**20
OLD_ENOUGH = 2.1
"""Seconds until a file is old enough for its state to be remembered (llmstack.disk.state)."""


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
    accept: frozenset[int] = frozenset((0,))
    """Exit codes that are no failure."""


Unit = Literal["build", "python", "loop"]


@dataclass(frozen=True)
class Goal:
    """What a command should reach: a ratio to another command's time, or milliseconds beyond `python -c pass`."""

    name: str
    against: Unit
    limit: float


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
    return Cost(seconds, usage.ru_maxrss * unit)


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


def loop(repository: Path) -> Command:
    """What `validate` does, by hand: one `kustomize build | kubeconform` for each unit."""
    places = " ".join(f"-schema-location '{place}'" for place in schemas.locations())
    check = (
        f"{KUBECONFORM} -strict -kubernetes-version {schemas.full_version(schemas.KUBERNETES_VERSIONS[-1])} {places}"
    )
    script = f'for unit in overlays/prod/models/*; do {KUSTOMIZE} build "$unit" | {check} || exit 1; done'
    return Command("kustomize build | kubeconform, unit by unit", ("sh", "-c", script), repository)


def commands(folder: Path, models: int) -> dict[str, Command]:
    """What is measured, by a short name, with the repositories it needs made in `folder`."""
    hundred = make_repository(folder / "hundred", HUNDRED, generated=True)
    fresh = make_repository(folder / "fresh", models, generated=False)
    idle = make_repository(folder / "idle", models, generated=True)
    edited = make_repository(folder / "edited", models, generated=True)
    broken = spoil(make_repository(folder / "broken", models, generated=False))
    reviewed = changed(make_repository(folder / "reviewed", models, ("dev", "staging", "prod"), generated=True))
    many = make_repository(
        folder / "many", HUNDRED, [*(f"env-{number}" for number in range(19)), "prod"], generated=False
    )
    validated = make_repository(folder / "validated", max(models * 3 // 10, 1), generated=True)
    example = make_example(folder / "example")
    time.sleep(OLD_ENOUGH)
    for repository in (idle, example):
        run(Command("set-up", (LLMSTACK, "gen"), repository))
    gen, check, anew = (LLMSTACK, "gen"), (LLMSTACK, "gen", "--check"), "--no-cache"
    build = (KUSTOMIZE, "build", "overlays/prod")
    return {
        "build": Command(f"kustomize build, {HUNDRED} models (B)", build, hundred),
        "fresh": Command(f"gen, {models} models, fresh", gen, fresh, lambda: forget(fresh)),
        "render": Command(f"render, {models} models", (LLMSTACK, "render", "prod"), idle),
        "lint": Command(f"lint, {models} models", (LLMSTACK, "lint"), idle),
        "broken": Command("the same with 50 errors", (LLMSTACK, "lint"), broken, accept=frozenset((1,))),
        "idle": Command(f"gen, {models} models, nothing to do, remembered", gen, idle),
        "check": Command("gen --check, remembered", check, idle),
        "anew": Command("gen, nothing to do, --no-cache", (*gen, anew), idle),
        "check-anew": Command("gen --check --no-cache", (*check, anew), idle),
        "edit": Command(f"gen, one of {models} models edited", gen, edited, lambda: edit_model(edited)),
        "diff": Command(f"diff, one of 3 × {models} models", (LLMSTACK, "diff", "HEAD"), reviewed),
        "many": Command(f"gen, 20 × {HUNDRED} models, fresh", gen, many, lambda: forget(many)),
        "loop": loop(validated),
        "validate": Command("validate, the same units", (LLMSTACK, "validate"), validated),
        "python": Command("python -c pass", (sys.executable, "-c", "pass"), folder),
        "version": Command("llmstack --version", (LLMSTACK, "--version"), folder),
        "help": Command("llmstack --help", (LLMSTACK, "--help"), folder),
        "example": Command("gen of the example, nothing to do, remembered", gen, example),
        "example-anew": Command("gen --no-cache of the example", (*gen, anew), example),
    }


GOALS = (
    Goal("fresh", "build", 2.0),
    Goal("render", "build", 0.9),
    Goal("lint", "build", 0.7),
    Goal("broken", "build", 0.7),
    Goal("idle", "build", 0.3),
    Goal("check", "build", 0.3),
    Goal("anew", "build", 0.9),
    Goal("check-anew", "build", 0.9),
    Goal("edit", "build", 0.4),
    Goal("diff", "build", 0.8),
    Goal("many", "build", 15),
    Goal("validate", "loop", 0.25),
    Goal("version", "python", 30),
    Goal("help", "python", 60),
    Goal("example", "python", 150),
)
MEMORY = 120
"""MiB of `gen` of a thousand models."""


def large(folder: Path, models: int) -> dict[str, Command]:
    """Ten times the models in twenty environments."""
    fresh = make_repository(folder / "large", models // 2, TWENTY, generated=False)
    edited = make_repository(folder / "large-edited", models // 2, TWENTY, generated=True)
    title = f"gen, {10 * models} models in 20 environments"
    return {
        "large": Command(f"{title}, fresh", (LLMSTACK, "gen"), fresh, lambda: forget(fresh)),
        "large-edit": Command(f"{title}, one edited", (LLMSTACK, "gen", "prod"), edited, lambda: edit_model(edited)),
    }


def report(todo: Mapping[str, Command], rounds: Sequence[Mapping[str, Cost]]) -> None:
    """Print each command's median, range and memory, then what was reached of what should be."""
    for name, command in todo.items():
        seconds = sorted(costs[name].seconds for costs in rounds)
        memory = max(costs[name].memory for costs in rounds) / MIB
        spread = f"{seconds[0]:.3f} to {seconds[-1]:.3f}"
        print(f"{command.title:54} {statistics.median(seconds):8.3f} s   {spread}   {memory:6.0f} MiB")
    print()
    for goal in GOALS:
        pairs = [(costs[goal.name].seconds, costs[goal.against].seconds) for costs in rounds]
        beyond = goal.against == "python"
        figure = statistics.median(1000 * (own - other) if beyond else own / other for own, other in pairs)
        unit = {"build": "B", "loop": "of the loop", "python": "ms beyond python"}[goal.against]
        reached = "reached" if figure <= goal.limit else "not reached"
        print(f"{todo[goal.name].title:54} {figure:8.2f} {unit}, to reach {goal.limit:g}: {reached}")
    peak = max(costs[name].memory for costs in rounds for name in ("fresh", "anew")) / MIB
    print(f"{'memory of gen':54} {peak:8.0f} MiB, to reach {MEMORY}: {'reached' if peak <= MEMORY else 'not reached'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=int, default=1000, help="models in the large values file (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs (5)")
    parser.add_argument("--large", action="store_true", help="ten times the models, in twenty environments, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder, "cache"))
        todo = commands(Path(folder), options.models)
        if options.large:
            todo |= large(Path(folder), options.models)
        rounds = [{name: run(command) for name, command in todo.items()} for _ in range(options.rounds)]
    print(f"{options.rounds} rounds, Python {sys.version.split()[0]}, {os.cpu_count()} CPUs\n")
    report(todo, rounds)


if __name__ == "__main__":
    main()
