"""One mutant tried: the change made in a copy of the tree, and the tests that come by run there until one fails.

A function that is loaded gets the mutant's code in the fork that runs the tests, so that nothing is loaded anew. What
runs when a module is loaded, tables among it, is tried by a pytest of its own.
"""

from __future__ import annotations

import functools
import gc
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import CodeType, FunctionType
from typing import Literal, NamedTuple

import pytest
from tools.mutants.changes import Mutant
from tools.mutants.reach import Test
from tools.mutants.session import Items, in_fork, run_items

Result = Literal["killed", "survived", "timeout", "not reached"]
SLOWER, LEAST = 6, 8
"""How many times its measured processor time a test may take before it counts as endless, beyond LEAST seconds."""
COLLECTING = 20
"""Seconds in which a pytest of its own starts and collects."""


@dataclass(frozen=True)
class Trial:
    """A mutant, and the tests to run on it, in this order. `loads` says that its module has to be loaded anew."""

    mutant: Mutant
    tests: tuple[Test, ...]
    left_out: int
    """How many more tests come by, for which there is no time."""
    loads: bool

    @property
    def seconds(self) -> float:
        """What these tests took without the mutant."""
        return sum(test.seconds for test in self.tests)


class Outcome(NamedTuple):
    result: Result
    by: str
    """The test that failed."""
    seconds: float
    """How long the trial took by the clock."""


def choose_tests(mutant: Mutant, tests: list[Test], imported: dict[str, frozenset[int]], budget: float) -> Trial:
    """The tests for a mutant: those that run its line, in the order of `_in_order`.

    What runs when its module is loaded is no test's line: every test that runs the module is asked then; and for a
    line that none was seen to run, every test of its function, since children of a test are not watched. `budget` is
    how many seconds they may take, as measured; those beyond it are left out.
    """
    loads = not mutant.in_function or mutant.line in imported.get(mutant.path, ())
    reached = [(test, test.lines.get(mutant.path, frozenset())) for test in tests]
    near = [test for test, lines in reached if (lines if loads else mutant.line in lines)]
    near = near or [test for test, lines in reached if not lines.isdisjoint(mutant.around)]
    chosen: list[Test] = []
    total = 0.0
    for test in _in_order(near, mutant.path):
        if total + test.seconds <= budget:
            chosen.append(test)
            total += test.seconds
    return Trial(mutant, tuple(chosen), len(near) - len(chosen), loads)


def _in_order(tests: list[Test], path: str) -> Iterator[Test]:
    """Tests file by file, so that what a file prepares is prepared once; within one, quick tests first.

    A file of the module's name comes first, then those that take few seconds and run little else than the module.
    """

    def rank(group: list[Test]) -> tuple[bool, float]:
        share = sum(len(test.lines[path]) for test in group) / sum(test.size for test in group)
        return Path(path).stem not in group[0].file, sum(test.seconds for test in group) / share

    by_file = [list(group) for _, group in groupby(sorted(tests, key=lambda test: test.file), lambda test: test.file)]
    for group in sorted(by_file, key=rank):
        yield from sorted(group, key=lambda test: test.seconds)


def attempt(trial: Trial, session: pytest.Session, items: Items) -> Outcome:
    """Whether the tests notice the mutant, in the copy of the tree that is the working directory."""
    if not trial.tests:
        return Outcome("not reached", "", 0)
    began = time.monotonic()
    file = Path(trial.mutant.path)
    source, times = file.read_bytes(), file.stat()
    file.write_bytes(trial.mutant.apply(source))
    try:
        allowed = LEAST + SLOWER * trial.seconds + COLLECTING * trial.loads
        failed = in_fork(lambda: _find_failure(trial, source, session, items), allowed)
    finally:
        file.write_bytes(source)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return Outcome(_judge(failed), failed or "", round(time.monotonic() - began, 1))


def _judge(failed: str | None) -> Result:
    """An endless mutant is a timeout, which counts as noticed."""
    if failed is None:
        return "timeout"
    return "killed" if failed else "survived"


def _find_failure(trial: Trial, source: bytes, session: pytest.Session, items: Items) -> str:
    """The first test that fails, nothing where none does."""
    if not trial.loads and replace_code(trial.mutant, source):
        forget_results()
        there = [test for test in trial.tests if test.id in items]
        assert there, "tests keep their names from run to run"
        allowed = [LEAST + SLOWER * test.seconds for test in there]
        return run_items(session, [items[test.id] for test in there], allowed)
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *(test.id for test in trial.tests)]
    ended = subprocess.run([sys.executable, "-m", "pytest", *options], check=False, capture_output=True, text=True)
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", ended.stdout, re.MULTILINE)
    return "" if ended.returncode == 0 else failed[1] if failed else f"pytest ended with {ended.returncode}"


def forget_results() -> None:
    """Empty what functions of the code remember (`functools.cache`) from before they were given other code."""
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper) and each.__module__.startswith("llmstack."):
            each.cache_clear()


def replace_code(mutant: Mutant, source: bytes) -> bool:
    """Give the functions that are loaded, and hold the mutant, its code. False where one cannot take it."""
    path = str(Path(mutant.path).resolve())
    changed = {_key(code): code for code in _codes(compile(mutant.apply(source), path, "exec"))}
    loaded = [each for each in gc.get_objects() if isinstance(each, FunctionType) and each.__code__.co_filename == path]
    holders = [each for each in loaded if each.__code__.co_firstlineno <= mutant.line]
    for function in holders:
        code = changed.get(_key(function.__code__))
        if code is None or len(code.co_freevars) != len(function.__code__.co_freevars):
            return False
        function.__code__ = code
    return bool(holders)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _key(code: CodeType) -> tuple[str, int]:
    """What code is known by: no line before a mutant moves by it."""
    return code.co_qualname, code.co_firstlineno
