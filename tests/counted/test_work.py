"""What commands do, counted: work that grows faster than the fleet, and work that is done twice, fail here.

Three fleets of N, 2N and 3N models: from the second to the third no function of llmstack is called more often than from
the first to the second. Times are for `make bench`.
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox, make_sandbox

RUN = Path(__file__).with_name("run.py")
FLEET = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "fleet.py"))
MODELS = 12
"""Models of the smallest fleet: as many as there are kinds of them in bench/fleet.py."""
FLEETS = (MODELS, 2 * MODELS, 3 * MODELS)
ENVIRONMENTS = ("dev", "prod")
SLACK = 1.1
"""How much more often a function may be called: models differ, and so do their objects."""
COMMANDS = {
    "fresh": "gen",
    "again": "gen --no-cache",
    "remembered": "gen",
    "lint": "lint",
    "render": "render prod",
    "edited": "gen",
    "diff": "diff HEAD",
}
"""In the order in which they are run in one repository; before `edited` one model of prod is changed."""


@dataclass(frozen=True)
class Work:
    """What one run did: calls by function, files below the root by path, each with how often, and programs."""

    code: int
    calls: Counter[str]
    modules: frozenset[str]
    read: Counter[str]
    written: tuple[str, ...]
    programs: tuple[str, ...]


OBJECTS, PARSED, LAID_OUT = "objects/placed.py place", "values/source.py read_document", "tree/unit.py write_unit"
FOLLOWED = "kustomize/trust.py _Walk.visit"

ONCE: Mapping[str, Mapping[str, int]] = {
    "fresh": {PARSED: 2, OBJECTS: 6, LAID_OUT: 2},
    "again": {PARSED: 2, OBJECTS: 6, LAID_OUT: 2},
    "remembered": {PARSED: 0, OBJECTS: 0, LAID_OUT: 0},
    "lint": {PARSED: 2, OBJECTS: 6, LAID_OUT: 0, FOLLOWED: 2},
    "render": {PARSED: 1, OBJECTS: 3, LAID_OUT: 0},
    "edited": {PARSED: 1, OBJECTS: 3, LAID_OUT: 1},
    "diff": {PARSED: 2, OBJECTS: 3, LAID_OUT: 1, FOLLOWED: 2},
}
"""How often each may be done. Files of values are parsed once: that of each environment, both sides of one, or the one
that is asked for. For each further model, two environments build three objects and lay out one unit each, and `diff`
and an edit do so for the one of them that changes; what kustomize would read is followed once in each environment, not
once more on the other side."""

PROGRAMS: Mapping[str, int] = {"diff": 15}
"""Programs that are run, at most: Git's, of which none is run for each file or environment."""

WITHOUT: Mapping[str, frozenset[str]] = {
    "fresh": frozenset(("git", "llmstack.review.assess", "llmstack.report.review_html", "http.client")),
    "again": frozenset(("git", "llmstack.review.assess", "llmstack.report.review_html", "http.client")),
    "remembered": frozenset(("git", "yaml", "jinja2", "llmstack.model.stack", "llmstack.checks", "http.client")),
    "lint": frozenset(("git", "jinja2", "llmstack.tree.layout", "llmstack.review.assess", "http.client")),
    "render": frozenset(("git", "jinja2", "llmstack.tree.layout", "llmstack.review.assess", "http.client")),
    "diff": frozenset(("llmstack.report.review_html", "http.client")),
}
"""Modules that a command has no use for, and that take long to import or lead to others that do."""


def _run(sandbox: Sandbox, arguments: str) -> Work:
    output = sandbox.root.with_suffix(".json")
    command = [sys.executable, str(RUN), str(output), *arguments.split()]
    done = subprocess.run(
        command, cwd=sandbox.root, env=sandbox.environment(), capture_output=True, text=True, check=False
    )
    assert output.exists(), done.stderr
    found = json.loads(output.read_text(encoding="utf-8"))
    output.unlink()
    lists = (tuple(found[name]) for name in ("written", "programs"))
    return Work(found["code"], Counter(found["calls"]), frozenset(found["modules"]), Counter(found["read"]), *lists)


def _measure(folder: Path, models: int) -> dict[str, Work]:
    """What each command does in a repository with so many models in each of two environments."""
    sandbox = make_sandbox(folder)
    sandbox.write({f"values/{name}.yaml": FLEET["values"](models, name) for name in ENVIRONMENTS})
    sandbox.run("git init -q && git add --all && git commit -qm values")
    found = {"fresh": _run(sandbox, COMMANDS["fresh"])}
    sandbox.run("git add --all && git commit -qm generated")
    _age(sandbox.root)
    sandbox.run("llmstack gen")
    found |= {name: _run(sandbox, COMMANDS[name]) for name in ("again", "remembered", "lint", "render")}
    values = sandbox.root / "values" / "prod.yaml"
    text = values.read_text(encoding="utf-8")
    values.write_text(text.replace("maxModelLen: 65536", "maxModelLen: 65535", 1), encoding="utf-8")
    found |= {name: _run(sandbox, COMMANDS[name]) for name in ("edited", "diff")}
    shutil.rmtree(sandbox.root)
    return found


def _age(root: Path) -> None:
    """Wait until every file is old enough for its state to be remembered (llmstack.disk.state)."""
    from time import sleep, time

    newest = max(os.stat(path).st_ctime for path in root.rglob("*"))
    sleep(max(0.0, newest + 2.2 - time()))


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Work]]:
    return {models: _measure(tmp_path_factory.mktemp(f"fleet{models}"), models) for models in FLEETS}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_function_is_called_more_than_in_proportion(works: dict[int, dict[str, Work]], command: str) -> None:
    small, middle, large = (works[models][command].calls for models in FLEETS)
    assert small
    faster = {
        name: (small[name], middle[name], count)
        for name, count in large.items()
        if count - middle[name] > SLACK * max(middle[name] - small[name], 0) + MODELS
    }
    assert faster == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_costs_most_is_done_once(works: dict[int, dict[str, Work]], command: str) -> None:
    middle, large = (works[models][command].calls for models in FLEETS[1:])
    assert middle[PARSED] == ONCE[command][PARSED]
    assert {name: (large[name] - middle[name]) / MODELS for name in ONCE[command] if name != PARSED} == {
        name: pytest.approx(times, abs=0.5) for name, times in ONCE[command].items() if name != PARSED
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_files_are_read_and_written_once(works: dict[int, dict[str, Work]], command: str) -> None:
    for models in FLEETS:
        work = works[models][command]
        often = {path: times for path, times in work.read.items() if times > (2 if _is_shared(path) else 1)}
        assert often == {}
    written = [len(works[models][command].written) for models in FLEETS]
    each = 4 * len(ENVIRONMENTS) * MODELS if command == "fresh" else 0  # a kustomization and three objects
    assert [large - small for small, large in pairwise(written)] == [each, each]
    assert (len(works[MODELS][command].written) > 0) == (command in ("fresh", "edited"))


def _is_shared(path: str) -> bool:
    """Whether a file is one that a run looks at before it knows what it has to do."""
    return path.startswith("base/") or path.count("/") == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_programs_and_modules_are_those_that_are_needed(works: dict[int, dict[str, Work]], command: str) -> None:
    for models in FLEETS:
        work = works[models][command]
        assert len(work.programs) <= PROGRAMS.get(command, 0), work.programs
        assert not work.modules & WITHOUT.get(command, frozenset())
        assert work.modules == works[MODELS][command].modules
