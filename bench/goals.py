"""What commands should reach, and what they did, as a table and as figures to keep."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runs import Command, Cost

MIB = 2**20
Unit = Literal["build", "python", "loop", "fresh", "edit"]


UNITS: Mapping[Unit, str] = {
    "build": "B",
    "loop": "of the loop",
    "python": "ms beyond python",
    "fresh": "of gen of a tenth, fresh",
    "edit": "of gen of a tenth, edited",
}


@dataclass(frozen=True)
class Goal:
    """What a command should reach: a ratio to another command's time, or milliseconds beyond `python -c pass`."""

    name: str
    against: Unit
    limit: float


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
    Goal("large", "fresh", 11),
    Goal("large-edit", "edit", 2),
    Goal("validate", "loop", 0.25),
    Goal("version", "python", 30),
    Goal("help", "python", 60),
    Goal("example", "python", 150),
)
MEMORY = {"fresh": 120, "anew": 120, "large": 400}
"""MiB of `gen` of a thousand models, and of ten thousand."""


def report(todo: Mapping[str, Command], rounds: Sequence[Mapping[str, Cost]]) -> None:
    """Print each command's median, range and memory, then what was reached of what should be."""
    for name, command in todo.items():
        costs = [round[name] for round in rounds]
        seconds = sorted(cost.seconds for cost in costs)
        spread = f"{seconds[0]:.3f} to {seconds[-1]:.3f}"
        processors, memory = statistics.median(cost.processors for cost in costs), max(cost.memory for cost in costs)
        times = f"{statistics.median(seconds):8.3f} s   {spread:16}   {processors:8.3f} s of processors"
        print(f"{command.title:54} {times}   {memory / MIB:6.0f} MiB")
    print()
    for goal in GOALS:
        if not is_run(goal, todo):
            continue
        figure = statistics.median(ratios(goal, rounds))
        unit = {"build": "B", "loop": "of the loop", "python": "ms beyond python"}.get(
            goal.against, f"of {goal.against}"
        )
        reached = "reached" if figure <= goal.limit else "not reached"
        print(f"{todo[goal.name].title:54} {figure:8.2f} {unit}, to reach {goal.limit:g}: {reached}")
    for name, limit in MEMORY.items():
        if name in todo:
            peak = max(costs[name].memory for costs in rounds) / MIB
            reached = "reached" if peak <= limit else "not reached"
            print(f"{f'memory of {todo[name].title}':54} {peak:8.0f} MiB, to reach {limit}: {reached}")


def is_run(goal: Goal, todo: Mapping[str, Command]) -> bool:
    """Whether a goal's command is among those to run, and what it is held against."""
    return goal.name in todo and goal.against in todo


def ratios(goal: Goal, rounds: Sequence[Mapping[str, Cost]]) -> list[float]:
    """What a command took in each round, by what it is held against."""
    pairs = [(costs[goal.name].seconds, costs[goal.against].seconds) for costs in rounds]
    return [1000 * (own - other) if goal.against == "python" else own / other for own, other in pairs]


def measured(todo: Mapping[str, Command], rounds: Sequence[Mapping[str, Cost]], models: int) -> dict[str, object]:
    """The figures as bench/measured.json keeps them."""
    rows = {
        name: {
            "title": command.title,
            "seconds": [round(costs[name].seconds, 3) for costs in rounds],
            "processors": [round(costs[name].processors, 3) for costs in rounds],
            "memory": round(max(costs[name].memory for costs in rounds) / MIB),
        }
        for name, command in todo.items()
    }
    goals = [{"name": goal.name, "against": goal.against, "limit": goal.limit} for goal in GOALS if is_run(goal, todo)]
    return {
        "command": f"make bench BENCH_ARGS='{' '.join(sys.argv[1:])}'",
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{processor()}, {os.cpu_count()} CPUs, Python {sys.version.split()[0]}",
        "load": [round(load, 1) for load in os.getloadavg()],
        "models": models,
        "rows": rows,
        "goals": goals,
        "memory": {name: limit for name, limit in MEMORY.items() if name in todo},
    }


def processor() -> str:
    """The machine's processor, as Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
