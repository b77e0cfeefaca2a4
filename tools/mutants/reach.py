"""Which tests run which lines of the code: measured by coverage, one process for each file of tests, and kept."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CODE = "generator/llmstack"
TIMED = ("test_hostile_size.py", "test_hostile_files.py", "test_speed.py")
"""Tests that time what they do, which takes other times under coverage."""


@dataclass(frozen=True)
class Test:
    """A test as it ran once: how long, and which lines of which files it came by."""

    id: str
    seconds: float
    lines: dict[str, frozenset[int]]


@dataclass
class _Watch:
    """A plugin of pytest that tells coverage which test runs, and keeps each one's time."""

    coverage: Any
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)
        self.seconds[nodeid] = -time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] += time.process_time()
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def measure(file: str, output: Path) -> None:
    """Run the tests of a file under coverage and write what they reached; tests that fail or skip are left out."""
    import coverage
    import pytest

    watched = coverage.Coverage(data_file=None, include=[f"{CODE}/*"])
    watched.start()
    plugin = _Watch(watched)
    pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0", file], plugins=[plugin])
    watched.stop()
    data = watched.get_data()
    root = f"{Path.cwd()}/"
    reached: dict[str, dict[str, list[int]]] = {test: {} for test in plugin.seconds if test not in plugin.failed}
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            for test in set(contexts) & reached.keys():
                reached[test].setdefault(path.removeprefix(root), []).append(line)
    tests = [{"id": test, "seconds": plugin.seconds[test], "lines": lines} for test, lines in reached.items()]
    output.write_text(json.dumps(tests), encoding="utf-8")


def find_files(folders: Iterable[str]) -> list[str]:
    """The files of tests that folders (or files) name."""
    found = [[name] if name.endswith(".py") else map(str, Path(name).glob("test_*.py")) for name in folders]
    return sorted({name for names in found for name in names if Path(name).name not in TIMED})


def read_reach(files: list[str], kept: Path, jobs: int) -> list[Test]:
    """What the tests of these files reach, measured where the file or the code has changed since."""
    kept.mkdir(parents=True, exist_ok=True)
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(CODE).rglob("*.py")))).hexdigest()
    records = {file: kept / f"{_digest(file, code)}.json" for file in files}
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda file: _measure_once(file, records[file]), files))
    return [test for file in files for test in _read(records[file])]


def _digest(file: str, code: str) -> str:
    return hashlib.sha256(f"{file} {code} ".encode() + Path(file).read_bytes()).hexdigest()[:24]


def _measure_once(file: str, record: Path) -> None:
    if not record.exists():
        began = time.monotonic()
        command = [sys.executable, "-m", "tools.mutants.reach", file, str(record)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(f"measured {file} in {time.monotonic() - began:.0f} s", flush=True)


def _read(record: Path) -> Iterator[Test]:
    for test in json.loads(record.read_text(encoding="utf-8")):
        lines = {path: frozenset(numbers) for path, numbers in test["lines"].items()}
        yield Test(test["id"], test["seconds"], lines)


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]))
