"""How long llmstack takes, against `kustomize build` on the same machine in the same minutes.

Every round runs every command once, one after the other, so that a busy spell of the machine touches all of
them. A ratio is the median of the rounds' own ratios. Memory is the largest resident set of any process of a
command (`wait4`, which counts what this script held when it started the process too: a floor of some 20 MiB).
The file system's own time is in what is measured: `TMPDIR=/dev/shm` takes it out. With `--write` the figures go to
bench/measured.json, of which docs/performance.md is made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from goals import measured, report
from runs import (
    LLMSTACK,
    ROOT,
    Command,
    changed,
    edit_model,
    forget,
    make_example,
    make_repository,
    run,
    spoil,
)

from llmstack import schemas

MEASURED = ROOT / "bench" / "measured.json"
TOOLS = Path(os.environ.get("LLMSTACK_TOOLS", ROOT / ".tools" / "bin"))
KUSTOMIZE, KUBECONFORM = str(TOOLS / "kustomize"), str(TOOLS / "kubeconform")
HUNDRED = 100
TWENTY = (*(f"env-{number}" for number in range(19)), "prod")
OLD_ENOUGH = 2.1
"""Seconds until a file is old enough for its state to be remembered (llmstack.disk.state)."""


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
    many = make_repository(folder / "many", HUNDRED, TWENTY, generated=False)
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


def large(folder: Path, models: int) -> dict[str, Command]:
    """Ten times the models in twenty environments, each with as many as the others."""
    fresh = make_repository(folder / "large", models // 2, TWENTY, generated=False)
    edited = make_repository(folder / "large-edited", models // 2, TWENTY, generated=True)
    title = f"gen, {10 * models} models in 20 environments"
    gen = (LLMSTACK, "gen")

    def edit() -> None:
        time.sleep(OLD_ENOUGH)
        run(Command("set-up", gen, edited))
        edit_model(edited)

    return {
        "large": Command(f"{title}, fresh", gen, fresh, lambda: forget(fresh)),
        "large-edit": Command(f"{title}, one model edited", gen, edited, edit),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=int, default=1000, help="models in the large values file (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs (5)")
    parser.add_argument("--small", action="store_true", help="without ten times the models in twenty environments")
    parser.add_argument("--without", nargs="+", default=[], help="commands to leave out: `loop validate` take minutes")
    parser.add_argument("--write", action="store_true", help="keep the figures in bench/measured.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder, "cache"))
        todo = commands(Path(folder), options.models)
        if not options.small:
            todo |= large(Path(folder), options.models)
        todo = {name: command for name, command in todo.items() if name not in options.without}
        rounds = [{name: run(command) for name, command in todo.items()} for _ in range(options.rounds)]
    print(f"{options.rounds} rounds, Python {sys.version.split()[0]}, {os.cpu_count()} CPUs\n")
    report(todo, rounds)
    if options.write:
        text = json.dumps(measured(todo, rounds, options.models), indent=2)
        MEASURED.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
