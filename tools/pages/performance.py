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

Measured on {day} in one run of `{command}`
(rounds: {rounds}): {machine}. The machine's load was {load} when it ended: {quiet}
"""
_QUIET = "it was quiet."
_BUSY = """
other work ran beside it, so that the seconds on the wall, and ratios of them, are those of a busy machine.
What the processors were busy with a command for says more; kustomize spreads its work over all of them."""
_COLUMNS = """| command | seconds | by B | of processors | by B's | memory |
|---|---|---|---|---|---|
"""
_GROWTH = """
## How it grows

Work is linear: reading, checking, laying out and following each look at a model once. tests/counted/ holds that by
counting calls, files and programs in fleets of 12, 24 and 36 models, on every machine alike.

| {models} models → {many} in 20 environments | times | times of processors |
|---|---|---|
"""
_FLOOR = """
## What does not grow

Python starts, and modules are imported, before a model is read: {example} ms of a processor for `gen --no-cache` of
the example of this repository, beyond `python -c pass`; {remembered} ms where the tree is remembered, `--help` {help}
ms, `--version` {version} ms. Of {models} models `gen` needs {memory} MiB.

## Two cores

From some hundred models on, `lint`, `gen`, `render` and `diff` do a part of their work in a copy of the process, at the
same time: checks of objects beside checks of values, the layout of the tree beside both. On one core, and on macOS, the
same is done one after the other. More than two cores gain nothing.

## What is remembered

`gen` remembers trees that it found in order (their files' states, not their contents) in the user's cache folder: a
run with nothing to do then reads none of them, and one after an edit reads the environments that are no longer as they
were: all of them where base/, facts/ or what environments are to each other changed (clusters, namespaces, node ports,
names of Services). No other command remembers anything, and `--no-cache` asks nothing.
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
    table = "".join(_row(row, rows["build"]) for name, row in rows.items() if name not in ("python", "loop"))
    return intro + "\n" + _COLUMNS + table + "".join(_beside_loop(rows)) + _growth(measured) + _floor(measured)


def _row(row: Measured, build: Measured) -> str:
    ratio, of_processors = (_spread(_by(row, build, times)) for times in ("seconds", "processors"))
    processors = median(row["processors"])
    return (
        f"| {row['title']} | {_spread(row['seconds'])} | {ratio} | {processors:.2f} | {of_processors} "
        f"| {row['memory']} MiB |\n"
    )


def _by(row: Measured, other: Measured, times: str) -> list[float]:
    """What one row took by what another one did, round by round."""
    return [own / against for own, against in zip(row[times], other[times], strict=True)]


def _spread(figures: list[float]) -> str:
    """The median, with the least and the most where there are several."""
    if len(figures) == 1:
        return f"{figures[0]:.2f}"
    return f"{median(figures):.2f} ({min(figures):.2f} to {max(figures):.2f})"


def _beside_loop(rows: Measured) -> Iterator[str]:
    """What `validate` takes beside the loop that does the same by hand, where both were measured."""
    if "loop" not in rows or "validate" not in rows:
        return
    times = _spread(_by(rows["validate"], rows["loop"], "seconds"))
    yield f"\n`validate` takes {times} of a loop of one `kustomize build | kubeconform` for each unit.\n"


def _growth(measured: Measured) -> str:
    rows = measured["rows"]
    if "large" not in rows:
        return ""
    pairs = {"gen, fresh": ("large", "fresh"), "gen, one model edited": ("large-edit", "edit")}
    models = measured["models"]
    head = _GROWTH.format(models=f"{models:,}", many=f"{10 * models:,}")
    lines = (
        f"| {title} | {_spread(_by(rows[large], rows[small], 'seconds'))} "
        f"| {_spread(_by(rows[large], rows[small], 'processors'))} |\n"
        for title, (large, small) in pairs.items()
    )
    memory = rows["large"]["memory"]
    return head + "".join(lines) + f"\n`gen` of {10 * models:,} models needs {memory} MiB.\n"


def _floor(measured: Measured) -> str:
    rows = measured["rows"]
    names = {"example": "example-anew", "remembered": "example", "help": "help", "version": "version"}
    beyond = {
        key: round(
            1000
            * median(
                own - other for own, other in zip(rows[name]["processors"], rows["python"]["processors"], strict=True)
            )
        )
        for key, name in names.items()
    }
    return _FLOOR.format(**beyond, models=f"{measured['models']:,}", memory=rows["fresh"]["memory"])
