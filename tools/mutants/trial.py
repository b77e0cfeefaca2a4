"""One mutant tried: the change made in a copy of the tree, and the tests that come by run there until one fails."""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tools.mutants.changes import Mutant
from tools.mutants.reach import Test

Outcome = Literal["killed", "survived", "timeout", "not reached"]
COPIED = ("generator", "tests", "tools", "values", "base", "overlays", "clusters", "facts", "docs", "bench")
LOADED = ("_pytest.assertion.rewrite", "cryptography.x509", "git", "hypothesis.strategies", "pydantic", "typer", "yaml")
"""What tests need that is not of this project, and takes time to load."""
SLOWER = 10
"""How many times its measured processor time a trial may take before it counts as endless, beyond LEAST seconds."""
LEAST = 30


@dataclass(frozen=True)
class Trial:
    """A mutant, and the tests to run on it, in this order."""

    mutant: Mutant
    tests: tuple[str, ...]
    seconds: float
    """What these tests took without the mutant."""


def choose_tests(mutant: Mutant, tests: list[Test], budget: float) -> Trial:
    """The tests for a mutant: those that run its line, then those that run its module, the fastest first.

    What is decided when a module is loaded is no test's line: every test that runs the module is asked. `budget` is
    how many seconds they may take, as measured; those beyond it are left out.
    """
    near = [test for test in tests if mutant.line in test.lines.get(mutant.path, ())]
    known = {test.id for test in near}
    far = [test for test in tests if mutant.path in test.lines and test.id not in known]
    chosen: list[str] = []
    total = 0.0
    for test in [*sorted(near, key=lambda each: each.seconds), *sorted(far, key=lambda each: each.seconds)]:
        if total + test.seconds > budget:
            break
        chosen.append(test.id)
        total += test.seconds
    return Trial(mutant, tuple(chosen), total)


def prepare() -> None:
    """Make this process's copy of the tree, and load what every trial loads: each is a fork of this process."""
    global _copy
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _copy = Path(os.environ["MUTANTS_COPIES"]) / str(os.getpid())
    for name in COPIED:
        shutil.copytree(name, _copy / name, symlinks=True)
    for file in filter(Path.is_file, Path().iterdir()):
        shutil.copy2(file, _copy / file.name)
    shutil.copytree(".github", _copy / ".github")
    for name in LOADED:
        importlib.import_module(name)


_copy = Path()


def attempt(trial: Trial) -> Outcome:
    """Whether the tests notice the mutant. An endless one is a timeout, which counts as noticed."""
    if not trial.tests:
        return "not reached"
    file = _copy / trial.mutant.path
    source = file.read_bytes()
    times = file.stat()
    file.write_bytes(trial.mutant.apply(source))
    try:
        return _run(trial)
    finally:
        file.write_bytes(source)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _run(trial: Trial) -> Outcome:
    limit = int(LEAST + SLOWER * trial.seconds)
    child = os.fork()
    if not child:
        os._exit(_test(trial, limit))
    ends = time.monotonic() + 10 * limit
    while time.monotonic() < ends:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return _judge(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def _judge(status: int) -> Outcome:
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGXCPU else "killed"
    return "killed" if os.WEXITSTATUS(status) else "survived"


def _test(trial: Trial, limit: int) -> int:
    """Run the tests in this process, which is a child for just that; returns pytest's exit code."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    os.chdir(_copy)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.environ["PYTHONPATH"] = str(_copy / "generator")
    sys.path[:0] = [str(_copy), str(_copy / "generator")]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tools", "tests", "llmstack")]:
        del sys.modules[name]
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0"]
    return int(pytest.main([*options, *trial.tests]))
