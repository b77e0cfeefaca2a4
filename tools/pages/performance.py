"""docs/performance.md: what commands take beside `kustomize build`, as bench/measured.json has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

_INTRO = """# How long it takes

<!-- Generated from bench/measured.json by `make update`; `{command}` measures again. -->

Fleets of models that differ (sizes, releases, replicas, storage, selectors: bench/fleet.py), one values file for each
environment. Every command runs once a round, one after the other, so that a busy spell of the machine touches all; a
ratio is the median of the rounds' own ratios, with the least and the most. **B** is `kustomize build` of 100 of the
same models. Nothing is warm save where it says *remembered*: CI and gates run as `--no-cache` does. Files are written
to a disk, whose own time is in the figures.

Measured on {day}: {machine}; {rounds} rounds of one run of `{command}`. The machine's load was {load} when it ended:
{quiet}
"""
_QUIET = "it was quiet."
_BUSY = """other work ran beside it, so that the seconds on the wall are those of a busy machine. The ratios and the
seconds of processors say more."""
_COLUMNS = "| command | seconds | by B | of processors | memory |\n|---|---|---|---|---|\n"
_GROWTH = """
## How it grows

Work is linear: reading, checking, laying out and following each look at a model once. tests/counted/ holds that by
counting calls, files and programs in fleets of 12, 24 and 36 models, on every machine alike.

| {models} models → {many} in 20 environments | times |
|---|---|
"""
_FLOOR = """
## What does not grow

Python starts, and modules are imported, before a model is read: {example} ms for `gen --no-cache` of the example of
this repository, beyond `python -c pass`; {remembered} ms where the tree is remembered, `--help` {help} ms, `--version`
{version} ms. Of {models} models `gen` needs {memory} MiB.

## What is remembered

`gen` remembers trees that it found in order (their files' states, not their contents) in the user's cache folder: a
run with nothing to do then reads none of them. No other command remembers anything, and `--no-cache` asks nothing.
"""

Measured = Mapping[str, Any]


def performance_page(measured: Measured) -> str:
    """The page of figures that were measured together."""
    rows, load = measured["rows"], measured["load"]
    build = rows["build"]["seconds"]
    cpus = int(measured["machine"].partition(" CPUs")[0].rpartition(" ")[2])
    intro = _INTRO.format(
        command=measured["command"],
        day=measured["day"],
        machine=measured["machine"],
        rounds=len(build),
        load=load[0],
        quiet=_QUIET if load[0] <= cpus else _BUSY,
    )
    table = "".join(_row(name, row, build) for name, row in rows.items() if name not in ("python", "loop"))
    return intro + "\n" + _COLUMNS + table + "".join(_beside_loop(rows)) + _growth(measured) + _floor(measured)


def _row(name: str, row: Measured, build: list[float]) -> str:
    seconds, processors = row["seconds"], median(row["processors"])
    ratio = "1" if name == "build" else _spread([own / other for own, other in zip(seconds, build, strict=True)])
    return f"| {row['title']} | {_spread(seconds)} | {ratio} | {processors:.2f} | {row['memory']} MiB |\n"


def _spread(figures: list[float]) -> str:
    """The median, with the least and the most."""
    return f"{median(figures):.2f} ({min(figures):.2f} to {max(figures):.2f})"


def _beside_loop(rows: Measured) -> Iterator[str]:
    """What `validate` takes beside the loop that does the same by hand."""
    own, loop = rows["validate"]["seconds"], rows["loop"]["seconds"]
    times = _spread([one / other for one, other in zip(own, loop, strict=True)])
    yield f"\n`validate` takes {times} of a loop of one `kustomize build | kubeconform` for each unit.\n"


def _growth(measured: Measured) -> str:
    rows = measured["rows"]
    if "large" not in rows:
        return ""
    pairs = {"gen, fresh": ("large", "fresh"), "gen of one environment, one model edited": ("large-edit", "edit")}
    models = measured["models"]
    head = _GROWTH.format(models=f"{models:,}", many=f"{10 * models:,}")
    lines = (f"| {title} | {_times(rows, *names)} |\n" for title, names in pairs.items())
    memory = rows["large"]["memory"]
    return head + "".join(lines) + f"\n`gen` of {10 * models:,} models needs {memory} MiB.\n"


def _times(rows: Measured, large: str, small: str) -> str:
    pairs = zip(rows[large]["seconds"], rows[small]["seconds"], strict=True)
    return _spread([one / other for one, other in pairs])


def _floor(measured: Measured) -> str:
    rows = measured["rows"]
    names = {"example": "example-anew", "remembered": "example", "help": "help", "version": "version"}
    beyond = {
        key: round(
            1000
            * median(own - other for own, other in zip(rows[name]["seconds"], rows["python"]["seconds"], strict=True))
        )
        for key, name in names.items()
    }
    return _FLOOR.format(**beyond, models=f"{measured['models']:,}", memory=rows["fresh"]["memory"])
